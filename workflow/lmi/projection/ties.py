"""What kind of values a variable has: one number, numbers with ties, labels, or many features."""

import numpy as np

from lmi.base.repeats import MANY_COPIES, codes, copies
from lmi.projection.views import normal_scores, varying

KINDS = ("wide", "counts", "number", "tied", "label")
"""Several features; several, most of which have ties; one feature of distinct values; one feature
whose values repeat; a label."""
SEVERAL = {"wide", "counts"}
MOST_LOOKED_AT = 64
"""Features, evenly spaced, of which it is asked whether most have ties."""
MOST_VALUES, RARE_SHARE, MOST_CLASSES = 64, 0.06, 12
"""A number has few values where it has at most so many, which make at most so many classes once
those of less than this share of the samples are joined with their neighbours."""
TIED_SHARE = 0.1
"""One feature has ties where more than this share of the samples have a value that more than
`MANY_COPIES` samples have: counts, zeros beside numbers. A few equal values are none."""


def describe(matrix, label=False):
    """Return the kind of a variable, and its value at each sample.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
    label : bool
        The features are indicators of the values of a label, which have no order. Features that
        are such indicators are a label even if nobody says so.

    Returns
    -------
    kind : str
        One of `KINDS`.
    values : float32 array, shape (n_samples,)
        Normal scores of a number, equal where the numbers are equal; of a label 0, 1, …; zeros for
        several features.
    """
    matrix = varying(np.asarray(matrix))
    if label or are_indicators(matrix):
        return "label", codes(matrix).astype(np.float32)
    if matrix.shape[1] != 1:
        some = np.linspace(0, matrix.shape[1] - 1, min(matrix.shape[1], MOST_LOOKED_AT)).astype(int)
        have_ties = [_has_ties(matrix[:, column]) for column in some]
        kind = "counts" if have_ties and np.mean(have_ties) > 0.5 else "wide"
        return kind, np.zeros(len(matrix), np.float32)
    tied = _has_ties(matrix[:, 0])
    return ("tied" if tied else "number"), normal_scores(matrix)[:, 0]


def classes(described):
    """Return the classes of variables that are best told by classifiers, None for the others.

    Labels are; and of a pair without any, the one variable that is a number of few values: each is
    a class then, but rare ones are joined with their neighbours, which loses next to nothing.

    Parameters
    ----------
    described : sequence of (str, array)
        Of each variable what `describe` returns.

    Returns
    -------
    list of int array, shape (n_samples,), or None
        Values 0, 1, …
    """
    if any(kind == "label" for kind, _ in described):
        return [np.asarray(values, int) if kind == "label" else None for kind, values in described]
    found = [_joined(values) if kind == "tied" else None for kind, values in described]
    # of two such numbers, joining would lose what their tails share
    return found if sum(kind == "tied" for kind, _ in described) == 1 else [None] * len(found)


def _joined(values):
    """Return the classes of a number of few values, or None where it has many."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) > MOST_VALUES:
        return None
    least, joined, own = RARE_SHARE * len(values), np.zeros(len(counts), int), 0
    for place, count in enumerate(counts):
        joined[place] = joined[max(place - 1, 0)] + bool(own >= least)
        own = count if own >= least else own + count
    if own < least:  # the highest values are too few for a class of their own
        joined[joined == joined[-1]] = max(joined[-1] - 1, 0)
    return joined[codes] if 0 < joined[-1] < MOST_CLASSES else None


def _has_ties(values):
    return (copies(values[:, None]) > MANY_COPIES).mean() > TIED_SHARE


def are_indicators(matrix):
    """Return whether several features are indicators of one label.

    They are where each has two values and no sample has the higher one of more than one of them;
    one value of the label may lack its indicator. The label then says all that they say.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
        Of features that vary.
    """
    if matrix.shape[1] < 2:
        return False
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    is_high = matrix == high
    return bool((is_high | (matrix == low)).all() and is_high.sum(axis=1).max() <= 1)


def broken(matrix, rng):
    """Return `matrix` with the ties of its features broken at random.

    The value can be told from its new one, and what was drawn knows of nothing else: all mutual
    information stays. Without it, a sample's residual from a prediction by z is a function of z
    wherever the value is one of few, so that residuals of x and y share z anew.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
    rng : numpy.random.Generator

    Returns
    -------
    array, shape (n_samples, n_features)
        Normal scores of the features that have ties (`TIED_SHARE`); the others as they are.
    """
    result = None
    for column, values in enumerate(np.asarray(matrix).T):
        if _has_ties(values):
            result = np.array(matrix) if result is None else result
            order = np.lexsort((rng.random(len(values)), values))
            places = np.empty(len(values))
            places[order] = np.arange(len(values))
            result[:, column] = normal_scores(places[:, None])[:, 0]
    return matrix if result is None else result
