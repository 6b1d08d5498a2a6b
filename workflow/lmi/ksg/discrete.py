"""Mutual information of narrow variables with ties: counts, zeros beside numbers, labels.

KSG takes densities for granted. Where samples repeat there are none, and what is inside the
smallest box is counted instead (after Gao et al. 2017, and Ross 2014 for labels):

- `mixed`: one number a side, either of them with ties. A sample that more than k others equal in
  both is counted exactly; the others have k neighbours, ties spread within their own values.
- `labelled`: a number against a label, whose values have no order. Neighbours are those of the
  same label.
- `table`: two labels. Entropies of their table of counts by the estimator of Chao, Wang and Jost
  2013, which allows for values that were not seen.

All of them return a value a sample, and the mean is the estimate.
"""

from __future__ import annotations

import numpy as np

from lmi.base.repeats import codes, copies
from lmi.ksg import flat, guided
from lmi.ksg import kernel as ksg
from lmi.ksg.points import Points

MANY_TERMS = 50.0
"""A sum of terms that fall by exp(-1) in n / this of them is taken term by term."""


def mixed(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Return pointwise mutual information of two numbers with ties, bits.

    Parameters
    ----------
    x, y : array, shape (n_samples,)
        Better normal scores than the numbers themselves: a long tail has no scale.
    k : int
        Neighbours.
    """
    pairing = flat.pair(*(guided.untie(z[:, None], side)[:, 0] for side, z in enumerate((x, y))))
    back = np.empty(len(x), int)
    back[pairing.order] = np.arange(len(x))
    return mixed_in_order(pairing, equals(x, y)[:, pairing.order], k)[back]


def equals(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return numbers that are the same for samples equal in x, in y, in both; shape (3, n)."""
    groups = [np.unique(z, return_inverse=True)[1] for z in (x, y)]
    groups.append(np.unique(groups[0] * len(x) + groups[1], return_inverse=True)[1])
    return np.stack(groups)


def mixed_in_order(
    pairing: flat.Pairing,
    groups: np.ndarray,
    k: int,
    part: np.ndarray | None = None,
    n_parts: int = 1,
    counts: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Return `mixed` of samples in the order of a pairing, within parts of them.

    Parameters
    ----------
    pairing : flat.Pairing
        Of values whose ties are spread apart.
    groups : int array, shape (3, n)
        From `equals`, in the order of the pairing.
    k : int
        Neighbours.
    part : int array, shape (n,), optional
        Part of each sample, 0 ... n_parts - 1.
    n_parts : int
    counts : (array, array), optional
        Samples nearer in x and in y than the k-th neighbour, where they are known.
    """
    n = len(pairing.x)
    part = np.zeros(n, np.int32) if part is None else part
    psi, size = ksg.digamma(n), np.bincount(part, minlength=n_parts)[part]
    k = _most(k, int(size.min()))
    if counts is None:
        found = flat.search(pairing, [k], part=part, n_parts=n_parts)
        counts = found.n_x[:, 0], found.n_y[:, 0]
    n_x, n_y, n_equal = (_sizes(group * n_parts + part) for group in groups)
    counted = psi[size] + psi[n_equal] - psi[n_x] - psi[n_y]
    near = psi[k] + psi[size] - psi[counts[0] + 1] - psi[counts[1] + 1]
    return np.where(n_equal > k, counted, near) / np.log(2)


def labelled(x: np.ndarray, label: np.ndarray, k: int, threads: int = 1) -> np.ndarray:
    """Return pointwise mutual information of a number and a label, bits.

    Labels of k samples or fewer have as many neighbours as there are.

    Parameters
    ----------
    x : array, shape (n_samples,)
    label : int array, shape (n_samples,)
    k : int
    threads : int
    """
    n, a, group = len(x), x[:, None], label[:, None].astype(float)
    spread = guided.untie(a, 0)
    radius, n_inside, n_same = np.zeros(n), np.ones(n, int), np.ones(n, int)
    for rows in _rows_of(label):
        n_same[rows] = len(rows)
        n_inside[rows] = _most(k, len(rows))
        if len(rows) > 1:
            (radius[rows],) = Points(spread[rows]).radius([n_inside[rows[0]]], threads)
    n_near = np.maximum(Points(spread).count(radius, threads), 1)
    psi = ksg.digamma(n)
    bits = (psi[n] + psi[n_inside] - psi[n_same] - psi[n_near]) / np.log(2)
    return _counted(bits, copies(np.hstack([a, group])), a, group, k)


def table(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return pointwise mutual information of two labels, bits.

    Parameters
    ----------
    one, other : int array, shape (n_samples,)
    """
    cell = codes(np.stack([one, other], axis=1))
    pointwise = _surprise(one) + _surprise(other) - _surprise(cell)
    unseen = _unseen(one) + _unseen(other) - _unseen(cell)
    return (pointwise + unseen) / np.log(2)


def entropy_bits(label: np.ndarray) -> float:
    """Return the entropy of the labels of some samples, in bits."""
    share = np.unique(label, return_counts=True)[1] / len(label)
    return float(-(share * np.log2(share)).sum())


def _sizes(group):
    """Return how many samples are in the group of each."""
    return np.bincount(group)[group]


def _most(k, n):
    """Return k, or as many neighbours as n samples allow."""
    return max(1, min(k, n - 1))


def _counted(bits, n_equal, x, y, k):
    """Replace the values of samples that more than k equal by their share of the samples."""
    psi = ksg.digamma(len(x))
    counted = psi[len(x)] + psi[n_equal] - psi[copies(x)] - psi[copies(y)]
    return np.where(n_equal > k, counted / np.log(2), bits)


def _rows_of(label):
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1)


def _surprise(label):
    """Return psi(n) - psi(samples with the same label): its mean is an entropy, nats."""
    _, group, counts = np.unique(label, return_inverse=True, return_counts=True)
    psi = ksg.digamma(len(label))
    return psi[len(label)] - psi[counts[group]]


def _unseen(label):
    """Return what values that were not seen add to the entropy (Chao, Wang & Jost 2013), nats."""
    n, counts = len(label), np.unique(label, return_counts=True)[1]
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    if twice:
        share = 2 * twice / ((n - 1) * once + 2 * twice)
    else:
        share = 2 / ((n - 1) * (once - 1) + 2) if once else 1.0
    if not once or share >= 1:
        return 0.0
    return once / n * _rest(share, n)


def _rest(share, n):
    """Return the sum of (1 - share)^(r - n + 1) / r over r from n on."""
    from scipy.special import exp1

    rate = -np.log1p(-share)
    if rate * n > MANY_TERMS:
        r = n + np.arange(int(MANY_TERMS / rate) + 1)
        return float(((1 - share) ** (r - n + 1.0) / r).sum())
    # an integral, and the first two terms of Euler and Maclaurin
    ends = 0.5 + (rate + 1 / n) / 12
    return float((1 - share) * (np.exp(rate * n) * exp1(rate * n) + ends / n))
