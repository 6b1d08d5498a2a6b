"""What kind of values a variable has: one number, numbers with ties, labels, or many features."""

import numpy as np

from lmi.base.repeats import MANY_COPIES, codes, copies
from lmi.projection.views import drop_constant, normal_scores

KINDS = ("wide", "number", "tied", "label")
"""Several features; one feature of distinct values; one feature whose values repeat; a label."""
TIED_SHARE = 0.1
"""One feature has ties where more than this share of the samples have a value that more than
`MANY_COPIES` samples have: counts, zeros beside numbers. A few equal values are none."""


def describe(matrix, label=False):
    """Return the kind of a variable, and its value at each sample.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
    label : bool
        The features are indicators of the values of a label, which have no order.

    Returns
    -------
    kind : str
        One of `KINDS`.
    values : float32 array, shape (n_samples,)
        Normal scores of a number, equal where the numbers are equal; of a label 0, 1, …; zeros for
        several features.
    """
    matrix = drop_constant(matrix)
    if label:
        return "label", codes(matrix).astype(np.float32)
    if matrix.shape[1] != 1:
        return "wide", np.zeros(len(matrix), np.float32)
    tied = (copies(matrix) > MANY_COPIES).mean() > TIED_SHARE
    return ("tied" if tied else "number"), normal_scores(matrix)[:, 0]
