"""Estimates for permuted pairings of the same samples, faster than one by one: the null."""

from __future__ import annotations

import math

import numpy as np

from lmi.ksg.apart import Apart
from lmi.ksg.checked import integer, pair, rows_of_permutations
from lmi.ksg.kernel import digamma, mi
from lmi.ksg.points import Points, compiled

BATCH_BYTES = 64 * 2**20  # a batch of permutations: radii of all points


def null(
    x, y, permutations, k: int = 3, threads: int = 1, apart: Apart | None = None
) -> np.ndarray:
    """Estimates of mutual information for permuted pairings, in bits.

    Equal to ``[mi(x, y[p], k) for p in permutations]``, and several times faster in more than a
    few dimensions: the marginal neighbours of a point do not depend on the pairing and are listed
    once, ordered by distance. For each pairing the list is walked until the distance in x alone
    reaches the k-th smallest joint distance so far; that takes n_x steps, about sqrt(k n) when x
    and the permuted y are independent. Where n_x is large, n_y is small and y is walked instead.

    Parameters
    ----------
    x, y, k, threads
        As in `lmi.ksg.kernel.pointwise_mi`.
    permutations : int array, shape (B, n)
        Each row a permutation of 0...n-1: y[permutations[b]] is paired with x.
    apart : Apart, optional
        Which pairs may be neighbours, by the times of x.

    Returns
    -------
    array, shape (B,)
        Bits.

    Raises
    ------
    InputError
        As in `pointwise_mi`; also rows that are not permutations.
    """
    x, y = pair(x, y)
    n = len(x)
    k, threads = integer("k", k, 1, n - 1, f"n - 1 for n = {n}"), integer("threads", threads, 1)
    permutations = rows_of_permutations(permutations, n)
    if not len(permutations):
        return np.empty(0)
    if apart is not None:
        return np.array([mi(x, y[order], k, threads, apart) for order in permutations])
    psi = digamma(n)
    points = Points(x), Points(y)

    def ordinary(permutation):
        (radius,) = Points(np.hstack([x, y[permutation]])).radius([k], threads)
        counts = (
            points[0].count(radius, threads),
            points[1].count(_scattered(radius, permutation), threads),
        )
        return radius, *(np.maximum(count, 1) for count in counts)

    first, *rest = permutations
    radius, n_x, n_y = ordinary(first)
    total = np.empty(len(permutations))
    total[0] = psi[n_x].mean() + psi[n_y].mean()
    if compiled() and _walk_pays(n_x, n_y, x.shape[1] + y.shape[1], len(rest)):
        total[1:] = _null_walk(x, y, permutations, k, radius, n_x, n_y, psi, threads)
    else:
        for b, permutation in enumerate(rest, 1):
            _, n_x, n_y = ordinary(permutation)
            total[b] = psi[n_x].mean() + psi[n_y].mean()
    return (psi[k] + psi[n] - total) / math.log(2)


def _scattered(values: np.ndarray, permutation: np.ndarray) -> np.ndarray:
    """Values of the joint samples at the rows of y that they came from."""
    result = np.empty_like(values)
    result[permutation] = values
    return result


def _walk_pays(n_x, n_y, d: int, n_perm: int) -> bool:
    """Whether lists of marginal neighbours are cheaper than a new joint tree a permutation.

    Lists cost as much as about five trees and a walk grows with the number of neighbours, whereas
    a search in a tree grows with the number of axes.
    """
    return n_perm >= 8 and min(n_x.mean(), n_y.mean()) < 50 * min(d, 20)


def _null_walk(x, y, permutations, k, radius, n_x, n_y, psi, threads) -> np.ndarray:
    """Sum of the two mean digammas of each pairing but the first, whose neighbours are given."""
    n = len(x)
    inverse = np.empty_like(permutations)
    np.put_along_axis(inverse, permutations, np.arange(n, dtype=np.int32)[None], axis=1)
    guesses = radius, _scattered(radius, permutations[0])
    sides = [(x, permutations, guesses[0], n_x), (y, inverse, guesses[1], n_y)]
    if n_x.mean() > n_y.mean():  # walk where neighbours are fewer
        sides.reverse()
    (a, to_b, guess_a, n_a), (b, to_a, guess_b, n_b) = sides
    trees = Points(a, flat=False), Points(b, flat=False)
    partners = _rounded(b), _rounded(a)
    limit = 4 * (math.isqrt(k * n) + 4 * k)
    targets = [min(n, limit, int(2 * np.median(count)) + 4 * k) for count in (n_a, n_b)]
    total = np.empty(len(permutations) - 1)
    size = max(1, BATCH_BYTES // (8 * n))
    for first in range(1, len(permutations), size):
        batch = slice(first, first + size)
        forth, back = to_b[batch], to_a[batch]
        n_perm = len(forth)
        radius = np.full((n, n_perm), np.nan)
        count, count_b = np.full((n, n_perm), -1, np.int32), np.empty((n, n_perm), np.int32)
        pairings = np.ascontiguousarray(forth[:, trees[0].index()])
        inputs = (*partners[0], pairings, n_perm, k, targets[0], guess_a, 0)
        trees[0].call("lmi_null_pass", inputs, (radius, count), threads)
        other = np.ascontiguousarray(np.take_along_axis(radius, back.T, axis=0))
        pairings = np.ascontiguousarray(back[:, trees[1].index()])
        inputs = (*partners[1], pairings, n_perm, k, targets[1], guess_b, 1)
        trees[1].call("lmi_null_pass", inputs, (other, count_b), threads)
        radius = np.ascontiguousarray(np.take_along_axis(other, forth.T, axis=0))
        trees[0].call("lmi_null_count", (radius, n_perm), (count,), threads)
        total[first - 1 : first - 1 + n_perm] = sum(
            psi[np.maximum(c, 1)].mean(axis=0) for c in (count, count_b)
        )
    return total


def _rounded(y: np.ndarray) -> tuple:
    """What the walk wants of the other variable: rows, axes, rounded rows, width, error bound."""
    n, d = y.shape
    centre = y.min(axis=0) / 2 + y.max(axis=0) / 2
    width = -(-d // 8) * 8
    rounded = np.zeros((n, width), np.float32)
    reach, largest = np.abs(y - centre).max(), np.abs(y).max()
    if reach < 1e30:  # else all zeros: every row passes the filter and is compared exactly
        rounded[:, :d] = y - centre
    # two conversions and a subtraction, each within 2^-24 of values up to twice the reach
    return y, d, rounded, width, 1.01 * (reach * 2.0**-22 + largest * 2.0**-50)
