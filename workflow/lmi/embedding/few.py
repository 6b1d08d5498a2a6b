"""The few features that hold what two variables share, found one after the other.

Among many features, a dependence of odd shape is hidden from canonical axes: a feature may say
nothing of the other side but together with a second one. Where features go with each other without
doubt, each further one that makes KSG find clearly more joins them.
"""

import numpy as np

from lmi.embedding import screen
from lmi.ksg import guided
from lmi.ksg import kernel as ksg

MOST_SEARCHED = 40
"""Features of a side: the search grows with their number."""
MOST_CHOSEN = 6
"""Features of both sides that are chosen: in more dimensions the boxes are too large."""
N_COSINES = 6
"""Cosines of a feature's ranks that go with those of another: lines, circles, waves."""
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
    if max(widths) > MOST_SEARCHED or sum(widths) <= 2:
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


def _sure(x, y):
    """Return masks of the features that go with one of the other side, by cosines of their ranks.

    The level is that of the stricter screen, for all pairs of cosines together (Bonferroni).
    """
    from scipy.special import ndtri

    n, n_tests = len(x), N_COSINES**2 * x.shape[1] * y.shape[1]
    least = -float(ndtri(screen.SURE_LEVEL / (2 * n_tests)))
    r = np.abs(_cosines(x).T @ _cosines(y)) / np.sqrt(n)
    sure = (r.reshape(N_COSINES, x.shape[1], N_COSINES, -1) > least).any(axis=(0, 2))
    return sure.any(axis=1), sure.any(axis=0)


def _cosines(scores):
    """Return standardised cosines of the ranks of all features, shape (n, N_COSINES n_features)."""
    from scipy.special import ndtr

    first = np.cos(np.pi * ndtr(scores.astype(np.float32)))
    cosines = [np.ones_like(first), first]
    while len(cosines) <= N_COSINES:  # Chebyshev's recurrence
        cosines.append(2 * first * cosines[-1] - cosines[-2])
    every = np.hstack(cosines[1:])
    every -= every.mean(axis=0)
    return every / np.maximum(every.std(axis=0), 1e-6)


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
