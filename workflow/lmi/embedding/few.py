"""The few features that hold what two variables share, found one after the other.

Among many features, a dependence of odd shape is hidden from canonical axes: a feature may say
nothing of the other side but together with a second one. Where features go with each other without
doubt, each further one that makes KSG find clearly more joins them.
"""

import itertools

import numpy as np

from lmi.embedding import screen
from lmi.ksg import guided
from lmi.ksg import kernel as ksg

MOST_SEARCHED = 200
"""Features of a side: the search grows with their number."""
MOST_WAVED = 40
"""Features of a side whose cosines are screened; of more, as everywhere, scores and squares."""
MOST_CHOSEN = 6
"""Features of both sides that are chosen: in more dimensions the boxes are too large."""
N_COSINES = (6, 12)
"""Cosines of a feature's ranks, at least and at most: lines, circles, waves."""
MOST_COLUMNS = 240
"""Cosines of all features of a side, where `N_COSINES` allows."""
MOST_MULTIPLIED = 16
"""Features of a side whose products are screened too."""
N_SCANNED = 700
"""Samples, evenly spaced, by which features that may join are compared."""
N_CONFIRMED = 3
"""Of these, so many of the best are tried on all samples."""
MORE_BITS, MORE_SD = 0.03, 4.0
"""A feature joins where KSG finds more by both: bits, and standard errors of the difference."""


def columns(x, y, *, k=3):
    """Return the features of either side that hold what they share, or None.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
        Normal scores.
    k : int
        Neighbours.

    Returns
    -------
    (list of int, list of int), or None
        None where no feature goes with any of the other side without doubt, too many do, all are
        needed, or a side has more than `MOST_SEARCHED`.
    """
    widths = x.shape[1], y.shape[1]
    if not may_search(x, y):
        return None
    chosen = tuple(np.flatnonzero(keep).tolist() for keep in _sure(x, y))
    if not 0 < sum(map(len, chosen)) <= MOST_CHOSEN:
        return None
    sides = [guided.untie(side.astype(np.float64), place) for place, side in enumerate((x, y))]
    while sum(map(len, chosen)) < min(MOST_CHOSEN, sum(widths)):
        joined = _joined(sides, chosen, k)
        if joined is None:
            break
        chosen = joined
    return None if sum(map(len, chosen)) == sum(widths) else chosen


def may_search(x, y):
    """Return whether two sides are neither single features nor wider than what is searched."""
    widths = x.shape[1], y.shape[1]
    return max(widths) <= MOST_SEARCHED and sum(widths) > 2


def _sure(x, y):
    """Return masks of the features that go with one of the other side without doubt.

    Cosines of the ranks of each feature are compared with those of the other side's; where none
    shows anything, with the products of two features. The level is that of the stricter screen, for
    all comparisons together (Bonferroni).
    """
    if max(x.shape[1], y.shape[1]) > MOST_WAVED:
        return screen.informative(x, y, screen.SURE_LEVEL)
    cosines = _cosines(x), _cosines(y)
    masks = tuple(
        passed.reshape(-1, side.shape[1]).any(axis=0)
        for passed, side in zip(_related(*cosines), (x, y), strict=True)
    )
    for place, side in enumerate((x, y)):
        if masks[0].any() or not 1 < side.shape[1] <= MOST_MULTIPLIED:
            continue
        pairs = np.array(list(itertools.combinations(range(side.shape[1]), 2)))
        products = screen.standard(side[:, pairs[:, 0]] * side[:, pairs[:, 1]])
        own, others = _related(products, cosines[1 - place])
        mask = np.isin(np.arange(side.shape[1]), pairs[own])
        other = others.reshape(-1, (x, y)[1 - place].shape[1]).any(axis=0)
        if mask.any():
            masks = (mask, other) if place == 0 else (other, mask)
    return masks


def _related(a, b):
    """Return masks of the columns that correlate with one of the other side, of either side."""
    sure = np.abs(a.T @ b) > len(a) * screen.sure_correlation(len(a), a.shape[1], b.shape[1])
    return sure.any(axis=1), sure.any(axis=0)


def _cosines(scores):
    """Return standardised cosines of the ranks of all features, shape (n, n_cosines n_features)."""
    from scipy.special import ndtr

    n_cosines = int(np.clip(MOST_COLUMNS // scores.shape[1], *N_COSINES))
    first = np.cos(np.pi * ndtr(scores.astype(np.float32)))
    cosines = [np.ones_like(first), first]
    while len(cosines) <= n_cosines:  # Chebyshev's recurrence
        cosines.append(2 * first * cosines[-1] - cosines[-2])
    return screen.standard(np.hstack(cosines[1:]))


def _joined(sides, chosen, k):
    """Return the chosen features with the one more that shows most, or None where none does."""
    n = len(sides[0])
    scanned = np.linspace(0, n - 1, min(n, N_SCANNED)).astype(int)
    few = [side[scanned] for side in sides]
    so_far, gains = _bits(few, chosen, k).mean(), {}
    for place, side in enumerate(sides):
        for column in range(side.shape[1]):
            if column not in chosen[place]:
                one_more = _with(chosen, place, column)
                gains[place, column] = _bits(few, one_more, k).mean() - so_far
    best, most, bits = None, 0.0, None
    for place, column in sorted(gains, key=gains.get)[: -N_CONFIRMED - 1 : -1]:
        if gains[place, column] <= 0:
            break
        bits = _bits(sides, chosen, k) if bits is None else bits
        one_more = _with(chosen, place, column)
        gain = _bits(sides, one_more, k) - bits
        sure = max(MORE_BITS, MORE_SD * gain.std() / np.sqrt(n))
        if gain.mean() > max(sure, most):
            best, most = one_more, gain.mean()
    return best


def _with(chosen, place, column):
    return tuple([*own, column] if side == place else own for side, own in enumerate(chosen))


def _bits(sides, chosen, k):
    return ksg.pointwise_mi(*(side[:, own] for side, own in zip(sides, chosen, strict=True)), k)
