"""Labels that are to be groups of samples, and those that are none."""

from __future__ import annotations

import numpy as np

from lmi.base.errors import InputError

MAX_SHARE = 0.5
"""Labels are no groups where strata of one sample hold a larger share of the samples, or where
there are more different fractions than this share of the samples."""


def refuse_no_groups(text: np.ndarray, name: str) -> None:
    """Raise InputError for labels that are no groups: ids, matched pairs, continuous values.

    Parameters
    ----------
    text : array of str, shape (n_samples,)
    name : str
        Of the argument or the key, for messages.
    """
    n_samples, (values, sizes) = len(text), np.unique(text, return_counts=True)
    cure = (
        "Samples are exchanged within strata, and a sample that is alone has none to be exchanged "
        "with. Take coarser labels (batch, donor, quantiles of a continuous column), or no strata."
    )
    alone = int((sizes == 1).sum())
    if alone > MAX_SHARE * n_samples:
        raise InputError(
            f"{name}: expected groups of samples, found {len(sizes)} strata for {n_samples} "
            f"samples, {alone} of them of one sample. {cure}"
        )
    if len(sizes) > MAX_SHARE * n_samples and (fractions := list(filter(_is_fraction, values))):
        raise InputError(
            f"{name}: expected groups of samples, found a continuous column: {len(sizes)} "
            f"different values for {n_samples} samples, such as {fractions[0]}. {cure}"
        )


def _is_fraction(text: str) -> bool:
    try:
        return float(text) % 1 != 0
    except ValueError:
        return False
