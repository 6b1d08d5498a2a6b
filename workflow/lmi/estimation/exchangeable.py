"""What samples that are taken for exchangeable give away: copies of each other, and an order."""

import numpy as np

from lmi.base.autocorrelation import AXES, redundancy

IN_ORDER_SD = 4.5
"""Standard deviations by which more samples are nearer to the next one than to the one after it."""
LOOKED_AT, OTHERS, NEAR = 60, 5, 0.002
"""Samples, evenly spaced, of which it is asked whether they have copies, among their nearest."""
WORTH = 1.2
"""Samples that are worth one independent sample, below which an order does no harm."""


def axes(embedding):
    """Return the first coordinates of both variables, of the samples that are used, in order.

    Parameters
    ----------
    embedding : Embedding

    Returns
    -------
    list of array, shape (n_used, <= AXES)
    """
    used = embedding.fold >= 0
    return [side[0][used][:, :AXES].astype(float) for side in (embedding.zx, embedding.zy)]


def share_of_copies(sides, kinds):
    """Return the share of samples that have a copy, or nearly one, in both variables.

    The nearest sample is then far nearer than others are. Of independent samples, even along a
    curve, one in a hundred has a nearest one at less than `NEAR` of the distance to the fifth.

    Parameters
    ----------
    sides : list of array
        From `axes`.
    kinds : (str, str)
        Of the variables, `lmi.projection.ties.KINDS`.

    Returns
    -------
    float
        0 where values repeat by nature: of counts, single features with ties, and labels.
    """
    if not set(kinds) <= {"wide", "number"}:
        return 0.0
    joint = np.hstack(sides)
    if len(joint) <= OTHERS:
        return 0.0
    some = np.linspace(0, len(joint) - 1, min(LOOKED_AT, len(joint))).astype(int)
    gaps = np.zeros((len(some), len(joint)))
    for axis in joint.T:
        np.maximum(gaps, np.abs(np.subtract.outer(axis[some], axis)), out=gaps)
    gaps[np.arange(len(some)), some] = np.inf
    gaps = np.partition(gaps, OTHERS - 1, axis=1)[:, :OTHERS]
    return float((gaps.min(axis=1) <= NEAR * gaps.max(axis=1)).mean())


def are_in_order(sides):
    """Return whether samples follow each other as those of a series do, in both variables.

    In a series a sample is nearer to the next one than to the one after it. Among samples that are
    sorted by group it is not: within a group, both are as far; nor where their order means nothing.

    Parameters
    ----------
    sides : list of array
        From `axes`.
    """
    return all(map(_is_in_order, sides)) and redundancy(*sides) > WORTH


def _is_in_order(z):
    further, nearer = np.abs(z[2:] - z[:-2]), np.abs(z[1:-1] - z[:-2])
    surplus = np.sign(further - nearer).sum(axis=0) / np.sqrt(max(1, len(further)))
    return bool((surplus > IN_ORDER_SD).any())
