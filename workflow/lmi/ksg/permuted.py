"""Estimates for permuted pairings of the same samples, faster than one by one: the null."""

from __future__ import annotations

import math

import numpy as np

from lmi.ksg.apart import Apart
from lmi.ksg.checked import integer, pair, rows_of_permutations
from lmi.ksg.kernel import digamma, mi
from lmi.ksg.points import Points, compiled, in_parts, library

DENSE_SAMPLES = 2048
"""Most samples of which all distances are kept: 16 MB a side, which caches hold in part."""
MUCH_MORE = 1.3
"""The other side is walked where it has so many times fewer neighbours: lists are made anew."""
RUN = 8
"""Neighbours that the kernel lists together."""
MANY_PAIRINGS = 8
"""Pairings from which on it pays to prepare anything."""
BATCH_BYTES = 64 * 2**20  # a batch of permutations: radii of all points


def null(
    x, y, permutations, k: int = 3, threads: int = 1, apart: Apart | None = None
) -> np.ndarray:
    """Estimates of mutual information for permuted pairings, in bits.

    Equal to ``[mi(x, y[p], k) for p in permutations]``, see `Pairings`.

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
    return Pairings(x, y, k, threads, apart).bits(permutations)


class Pairings:
    """Pairings of the same samples: what does not depend on the pairing is prepared once.

    The marginal neighbours of a point are listed once, ordered by distance. For each pairing the
    list is walked until the distance in x alone reaches the k-th smallest joint distance so far;
    that takes n_x steps, about sqrt(k n) when x and the permuted y are independent. Where n_x is
    large, n_y is small and y is walked instead. Of up to `DENSE_SAMPLES` samples all marginal
    distances are kept, so that a step is a look into a table.

    Parameters
    ----------
    x, y, k, threads, apart
        As in `null`.

    Raises
    ------
    InputError
        As in `pointwise_mi`.
    """

    def __init__(self, x, y, k: int = 3, threads: int = 1, apart: Apart | None = None):
        self.x, self.y = pair(x, y)
        self.apart = apart
        n = len(self.x)
        self.k = integer("k", k, 1, n - 1, f"n - 1 for n = {n}")
        self.threads = integer("threads", threads, 1)
        self.tables: _Tables | None = None

    def bits(self, permutations) -> np.ndarray:
        """Return the estimates of some pairings, `null`."""
        x, y, k, threads = self.x, self.y, self.k, self.threads
        n = len(x)
        permutations = rows_of_permutations(permutations, n)
        if not len(permutations):
            return np.empty(0)
        if self.apart is not None:
            return np.array([mi(x, y[order], k, threads, self.apart) for order in permutations])
        psi = digamma(n)
        if compiled() and n <= DENSE_SAMPLES and len(permutations) >= MANY_PAIRINGS:
            if self.tables is None:
                self.tables = _Tables(x, y, k, permutations[0], threads)
            total = self.tables.total(permutations, psi, threads)
            return (psi[k] + psi[n] - total) / math.log(2)
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


class _Tables:
    """The marginal distances of all samples of x and of y, and the nearest of each sample of x.

    x is the side that is walked: the sides are swapped where y has far fewer neighbours.

    Parameters
    ----------
    x, y, k, threads
        As in `Pairings`.
    permutation : int array, shape (n,)
        By which the neighbours are counted.
    """

    def __init__(self, x, y, k, permutation, threads):
        self.sides, self.k, self.swapped = (x, y), k, False
        self.gaps = tuple(_gaps(side) for side in (x, y))
        self._list()
        n_x, n_y = self.counts(permutation[None], threads)
        if n_x.mean() > MUCH_MORE * n_y.mean():
            self.sides, self.gaps, self.swapped = self.sides[::-1], self.gaps[::-1], True
            self._list()

    def _list(self):
        n, run = len(self.sides[0]), library().lmi_run_size()
        target = 4 * math.isqrt(self.k * n) + 4 * self.k
        self.runs = -(-min(2 * target, n) // RUN)
        self.near = np.empty((n, self.runs + 1, run), np.uint8)
        inputs = self.gaps[0].ctypes.data, n, target, self.runs, self.near.ctypes.data
        if library().lmi_near(*inputs):
            raise MemoryError(f"no memory for neighbours of {n} points")

    def counts(self, permutations, threads):
        """Return n_x and n_y of both sides, without the sample itself, shape (n, B)."""
        n = len(self.sides[0])
        permutations = permutations.astype(np.uint16)
        inverse = np.empty_like(permutations)
        np.put_along_axis(inverse, permutations, np.arange(n, dtype=np.uint16)[None], axis=1)
        if self.swapped:
            permutations, inverse = inverse, permutations
        counts = np.empty((2, n, len(permutations)), np.int32)
        sides = [item for side in self.sides for item in (side.ctypes.data, side.shape[1])]
        tables = (array.ctypes.data for array in (*self.gaps, self.near))
        inputs = n, *sides, *tables, self.runs, permutations.ctypes.data, inverse.ctypes.data
        outputs = tuple(count.ctypes.data for count in counts)
        in_parts(
            library().lmi_null_dense, (*inputs, len(permutations), self.k), n, outputs, threads
        )
        return counts

    def total(self, permutations, psi, threads):
        """Return the sum of the two mean digammas of each pairing."""
        return sum(psi[count + 1].mean(axis=0) for count in self.counts(permutations, threads))


def _gaps(side) -> np.ndarray:
    """Return the distances of all samples from each other, rounded to single precision."""
    n = len(side)
    gaps = np.empty((n, n), np.float32)
    if library().lmi_gaps(side.ctypes.data, n, side.shape[1], gaps.ctypes.data):
        raise MemoryError(f"no memory for neighbours of {n} points")
    return gaps


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
    return n_perm >= MANY_PAIRINGS and min(n_x.mean(), n_y.mean()) < 50 * min(d, 20)


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
