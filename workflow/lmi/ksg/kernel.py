"""Exact k-nearest-neighbour estimates of mutual information (Kraskov et al. 2004, algorithm 1).

Two implementations give identical results: a compiled one (``_ksg.c``, a kd-tree with vectorised
leaves) and, where it could not be built, one of numpy and scipy.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import math
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError

EULER_GAMMA = 0.57721566490153286
BATCH_BYTES = 64 * 2**20  # a batch of permutations: radii of all points
BLOCK = 2**16  # the fallback: distances held at a time
TREE_AXES = 6  # the fallback: up to here scipy's tree is faster than a scan in blocks

_POINTER = ctypes.c_void_p
_SIGNATURES = {
    "lmi_tree_build": (_POINTER, [_POINTER, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32]),
    "lmi_tree_free": (None, [_POINTER]),
    "lmi_tree_index": (ctypes.POINTER(ctypes.c_int32), [_POINTER]),
    "lmi_tree_single": (ctypes.c_int32, [_POINTER]),
    "lmi_simd": (ctypes.c_int32, [ctypes.c_int32]),
    "lmi_knn": (ctypes.c_int32, [_POINTER] * 2 + [ctypes.c_int64] * 3 + [_POINTER]),
    "lmi_count": (ctypes.c_int32, [_POINTER] * 2 + [ctypes.c_int64] * 2 + [_POINTER]),
    "lmi_sample": (
        ctypes.c_int32,
        [_POINTER] * 2 + [ctypes.c_int64, ctypes.c_uint64] + [ctypes.c_int64] * 2 + [_POINTER] * 2,
    ),
    "lmi_null_pass": (
        ctypes.c_int32,
        [_POINTER] * 2
        + [ctypes.c_int32, _POINTER, ctypes.c_int32, ctypes.c_double, _POINTER]
        + [ctypes.c_int64] * 3
        + [_POINTER, ctypes.c_int32]
        + [ctypes.c_int64] * 2
        + [_POINTER] * 2,
    ),
    "lmi_null_count": (
        ctypes.c_int32,
        [_POINTER] * 2 + [ctypes.c_int64] * 3 + [_POINTER],
    ),
    "lmi_count_sorted": (
        ctypes.c_int32,
        [_POINTER, ctypes.c_int64, _POINTER] + [ctypes.c_int64] * 2 + [_POINTER],
    ),
}


def _check_whole(path: Path) -> None:
    """Raise OSError for a library that ends early: its code, once used, would kill Python.

    Of the format of Linux (ELF, 64 bits) the headers say where the parts of the file end; other
    formats are left to the system.
    """
    content = path.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        if len(content) < 6:
            raise OSError(f"truncated: {len(content)} bytes")
        return
    try:
        programs, sections = struct.unpack_from("<QQ", content, 32)
        program_size, n_programs, section_size, n_sections = struct.unpack_from("<4H", content, 54)
        ends = [programs + program_size * n_programs, sections + section_size * n_sections]
        for i in range(n_programs):
            start, _, _, length = struct.unpack_from(
                "<4Q", content, programs + program_size * i + 8
            )
            ends.append(start + length)
    except struct.error:
        ends = [len(content) + 1]
    if max(ends) > len(content):
        raise OSError(f"truncated: {len(content)} bytes, its headers tell of {max(ends)}")


def _load() -> ctypes.CDLL | None:
    """The compiled kernel beside this file, or None where there is none that can be used."""
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(f"_ksg{suffix}")
        if not path.is_file():
            continue
        try:
            _check_whole(path)
            library = ctypes.CDLL(str(path))
            for name, (result, arguments) in _SIGNATURES.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as problem:
            warnings.warn(
                f"the compiled KSG kernel {path.name} cannot be used ({problem}); the slower "
                "numpy version gives the same results. Mend: pip install --force-reinstall the "
                "package on this machine",
                RuntimeWarning,
                stacklevel=2,
            )
            continue
        return library
    return None


_kernel = _load()


def compiled() -> bool:
    """Whether the compiled kernel is in use."""
    return _kernel is not None


def mi(x, y, k: int = 3, threads: int = 1) -> float:
    """Mutual information in bits: the mean of `pointwise_mi`.

    Parameters and errors as there.
    """
    return float(pointwise_mi(x, y, k, threads).mean())


def pointwise_mi(x, y, k: int = 3, threads: int = 1) -> np.ndarray:
    """Pointwise mutual information by Kraskov et al. (2004), equation 8.

    i_j = psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1), Chebyshev distances in x, y and jointly.
    There is no clipping: values may be negative, and none exceeds psi(n) - psi(k).

    Parameters
    ----------
    x, y : array, shape (n,) or (n, d)
        Real numbers; row j of x belongs to row j of y.
    k : int
        Neighbours, 1 <= k < n.
    threads : int
        The result does not depend on it.

    Returns
    -------
    array, shape (n,)
        Bits; its mean is the estimate of the mutual information.

    Raises
    ------
    InputError
        Unequal lengths, values that are not finite or not real, k out of range.

    References
    ----------
    A. Kraskov, H. Stoegbauer, P. Grassberger, Estimating mutual information, Phys. Rev. E 69,
    066138 (2004).
    """
    _, n_x, n_y = neighbours(x, y, k, threads)
    return bits(n_x, n_y, k)


def ceiling_bits(n: int, k: int = 3) -> float:
    """Largest value that the estimator can take with n samples: psi(n) - psi(k), in bits."""
    psi = _digamma(n)
    return (psi[n] - psi[k]) / math.log(2)


def bits(n_x: np.ndarray, n_y: np.ndarray, k: int | np.ndarray) -> np.ndarray:
    """Pointwise mutual information from the counts of `neighbours`; shape (n,), bits.

    k may differ between the points.
    """
    psi = _digamma(n_x.size)
    return (psi[k] + psi[n_x.size] - psi[n_x + 1] - psi[n_y + 1]) / math.log(2)


def neighbours(x, y, k: int = 3, threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance to the k-th joint neighbour and the numbers of marginal neighbours nearer than it.

    Parameters
    ----------
    x, y, k, threads
        As in `pointwise_mi`.

    Returns
    -------
    radius : array, shape (n,)
        Chebyshev distance to the k-th nearest other point in the joint space.
    n_x, n_y : int arrays, shape (n,)
        Other points with a distance in x (in y) strictly below the radius, compared exactly.
        Zero where the radius is zero, which happens if k or more points equal this one.

    Raises
    ------
    InputError
        As in `pointwise_mi`.
    """
    return neighbours_each(x, y, (k,), threads)[0]


def neighbours_each(x, y, ks, threads: int = 1) -> list:
    """Return `neighbours` for each of several k, by one search for the largest.

    Parameters
    ----------
    x, y, threads
        As in `pointwise_mi`.
    ks : sequence of int
        Each 1 <= k < n.

    Returns
    -------
    list of (radius, n_x, n_y), in the order of `ks`

    Raises
    ------
    InputError
        As in `pointwise_mi`.
    """
    x, y = _pair(x, y)
    n = len(x)
    ks = [_integer("k", k, 1, n - 1, f"n - 1 for n = {n}") for k in ks]
    threads = _integer("threads", threads, 1)
    ascending = sorted(set(ks))
    radii = _Points(np.hstack([x, y])).radius(ascending, threads)
    sides = _Points(x), _Points(y)
    found = {}
    for k, radius in zip(ascending, radii, strict=True):
        counts = (np.maximum(side.count(radius, threads) - 1, 0) for side in sides)
        found[k] = radius, *counts
    return [found[k] for k in ks]


def marginal_neighbours(
    x, radius, m: int, seed: int = 0, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Random samples of the points within a radius of each point.

    Candidates are all points at a Chebyshev distance strictly below the radius, the point itself
    included, also when the radius is zero. Candidates are ranked by a hash of (seed, point,
    candidate) and the first m are taken: a uniform sample without replacement that depends on
    nothing else, neither on threads nor on the implementation.

    Parameters
    ----------
    x : array, shape (n,) or (n, d)
    radius : array, shape (n,)
    m : int
        Columns of the result.
    seed : int
        0 <= seed < 2**64.
    threads : int

    Returns
    -------
    indices : int32 array, shape (n, m)
        Rows of x; with fewer than m candidates all of them, repeated cyclically.
    count : int array, shape (n,)
        Number of candidates, at least 1: distinct ones are ``indices[i, :min(count[i], m)]``.

    Raises
    ------
    InputError
        As in `pointwise_mi`; also radii that are negative, NaN or not n of them.
    """
    x = _matrix("x", x)
    radius = np.ascontiguousarray(radius, dtype=np.float64)
    if radius.shape != (len(x),) or not np.all(radius >= 0):
        raise InputError(
            f"radius: expected {len(x)} values >= 0, one for each row of x; found shape "
            f"{radius.shape} with {np.count_nonzero(~(radius >= 0))} negative or NaN. Pass the "
            "radius that lmi.ksg.kernel.neighbours returns for the same samples"
        )
    m, threads = _integer("m", m, 1), _integer("threads", threads, 1)
    seed = _integer("seed", seed, 0, 2**64 - 1, "2**64 - 1")
    return _Points(x).sample(radius, m, seed, threads)


def null(x, y, permutations, k: int = 3, threads: int = 1) -> np.ndarray:
    """Estimates of mutual information for permuted pairings, in bits.

    Equal to ``[mi(x, y[p], k) for p in permutations]``, and several times faster in more than a
    few dimensions: the marginal neighbours of a point do not depend on the pairing and are listed
    once, ordered by distance. For each pairing the list is walked until the distance in x alone
    reaches the k-th smallest joint distance so far; that takes n_x steps, about sqrt(k n) when x
    and the permuted y are independent. Where n_x is large, n_y is small and y is walked instead.

    Parameters
    ----------
    x, y, k, threads
        As in `pointwise_mi`.
    permutations : int array, shape (B, n)
        Each row a permutation of 0...n-1: y[permutations[b]] is paired with x.

    Returns
    -------
    array, shape (B,)
        Bits.

    Raises
    ------
    InputError
        As in `pointwise_mi`; also rows that are not permutations.
    """
    x, y = _pair(x, y)
    n = len(x)
    k, threads = _integer("k", k, 1, n - 1, f"n - 1 for n = {n}"), _integer("threads", threads, 1)
    permutations = _permutations(permutations, n)
    if not len(permutations):
        return np.empty(0)
    psi = _digamma(n)
    points = _Points(x), _Points(y)

    def ordinary(permutation):
        (radius,) = _Points(np.hstack([x, y[permutation]])).radius([k], threads)
        counts = (
            points[0].count(radius, threads),
            points[1].count(_scattered(radius, permutation), threads),
        )
        return radius, *(np.maximum(count, 1) for count in counts)

    first, *rest = permutations
    radius, n_x, n_y = ordinary(first)
    total = np.empty(len(permutations))
    total[0] = psi[n_x].mean() + psi[n_y].mean()
    if _kernel is not None and _walk_pays(n_x, n_y, x.shape[1] + y.shape[1], len(rest)):
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
    trees = _Points(a, flat=False), _Points(b, flat=False)
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


class _Points:
    """Points ready for queries: the tree of the compiled kernel or of scipy, or sorted values."""

    def __init__(self, points: np.ndarray, flat: bool = True, precision: int = 0):
        self.points = np.ascontiguousarray(points)
        self.n, self.d = self.points.shape
        self.handle = self.tree = self.order = None
        if _kernel is None:
            if self.d <= TREE_AXES:
                from scipy.spatial import cKDTree

                self.tree = cKDTree(self.points)
            return
        self.kernel = _kernel
        if flat and self.d == 1:
            self.order = np.argsort(self.points[:, 0])
            self.sorted = self.points[self.order, 0]
            return
        self.handle = _kernel.lmi_tree_build(self.points.ctypes.data, self.n, self.d, precision)
        if not self.handle:
            raise MemoryError(f"no memory for a tree of {self.n} points in {self.d} dimensions")

    def __del__(self):
        if getattr(self, "handle", None):
            self.kernel.lmi_tree_free(self.handle)
            self.handle = None

    def call(self, function: str, inputs: tuple, outputs: tuple, threads: int) -> None:
        """Run a kernel function over all tree positions, in contiguous parts on the threads."""
        name = getattr(self.kernel, function)
        first = (self.handle,) if self.order is None else (self.sorted, self.n)
        arguments = [v.ctypes.data if isinstance(v, np.ndarray) else v for v in first + inputs]
        results = [v.ctypes.data for v in outputs]
        parts = 1 if threads == 1 else min(self.n, 8 * threads)
        edges = [self.n * part // parts for part in range(parts + 1)]

        def run(part):
            return name(*arguments, edges[part], edges[part + 1], *results)

        if parts == 1:
            failed = run(0)
        else:
            with ThreadPoolExecutor(threads) as pool:
                failed = any(list(pool.map(run, range(parts))))
        if failed:
            raise MemoryError(f"no memory for neighbours of {self.n} points")

    def index(self) -> np.ndarray:
        """Rows of the points in the order of the tree, shape (n,)."""
        return np.ctypeslib.as_array(self.kernel.lmi_tree_index(self.handle), (self.n,))

    def radius(self, ks: list, threads: int) -> np.ndarray:
        """Distance to the k-th nearest other point for ascending k, shape (n_k, n)."""
        if self.handle:
            radius = np.empty((self.n, len(ks)))
            self.call("lmi_knn", (np.array(ks, np.int64), len(ks)), (radius,), threads)
        elif self.tree is not None:
            places = [k + 1 for k in ks]
            radius, _ = self.tree.query(self.points, places, p=np.inf, workers=threads)
        else:
            parts = [np.partition(d, ks, axis=1)[:, ks] for _, d in self.blocks()]
            radius = np.concatenate(parts)
        return np.ascontiguousarray(radius.T)

    def count(self, radius: np.ndarray, threads: int) -> np.ndarray:
        """Points strictly within the radius, the point itself included, shape (n,)."""
        count = np.empty(self.n, np.int64)
        if self.order is not None:
            self.call("lmi_count_sorted", (radius[self.order],), (count,), threads)
            result = np.empty_like(count)
            result[self.order] = count
            return result
        if self.handle:
            self.call("lmi_count", (radius,), (count,), threads)
        elif self.tree is not None:
            below = np.nextafter(radius, 0)
            for begin in range(0, self.n, 65536):
                part = slice(begin, begin + 65536)
                count[part] = self.tree.query_ball_point(
                    self.points[part], below[part], np.inf, workers=threads, return_length=True
                )
            count[radius == 0] = 0
        else:
            for rows, d in self.blocks():
                count[rows] = (d < radius[rows, None]).sum(axis=1)
        return count

    def sample(self, radius, m, seed, threads) -> tuple[np.ndarray, np.ndarray]:
        """See `marginal_neighbours`."""
        chosen, count = np.empty((self.n, m), np.int32), np.empty(self.n, np.int64)
        if self.order is not None:
            return _Points(self.points, flat=False).sample(radius, m, seed, threads)
        if self.handle:
            self.call("lmi_sample", (radius, m, seed), (chosen, count), threads)
            return chosen, count
        below = np.nextafter(radius, 0)
        for begin in range(0, self.n, 1024):
            rows = slice(begin, min(begin + 1024, self.n))
            if self.tree is not None:
                lists = self.tree.query_ball_point(self.points[rows], below[rows], np.inf)
            else:
                lists = [
                    np.flatnonzero(inside)
                    for part, d in self.blocks(rows)
                    for inside in d < radius[part, None]
                ]
            for row, found in zip(range(rows.start, rows.stop), lists, strict=True):
                found = np.asarray(found if radius[row] > 0 else [row], np.uint64)
                count[row] = len(found)
                keys = _mixed(_mixed(np.uint64(seed)) + (np.uint64(row) << np.uint64(32) | found))
                chosen[row] = np.resize(found[np.argsort(keys)[:m]], m)
        return chosen, count

    def blocks(self, rows: slice | None = None):
        """Slices of rows and their distances to all points, which hold until the next slice."""
        begin, end = (rows.start, rows.stop) if rows else (0, self.n)
        size = max(1, BLOCK // self.n)
        # memory linear in n, and the same for all slices: fresh pages cost more than the distances
        distances, gaps = np.empty((2, size, self.n))
        for first in range(begin, end, size):
            part = slice(first, min(first + size, end))
            d, gap = distances[: part.stop - first], gaps[: part.stop - first]
            d.fill(0.0)
            for axis in self.points.T:
                np.subtract(axis[part, None], axis, out=gap)
                np.maximum(d, np.abs(gap, out=gap), out=d)
            yield part, d


def _mixed(z):
    """The finaliser of splitmix64, a bijection of 64-bit words; the same as in _ksg.c."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _digamma(n: int) -> np.ndarray:
    """psi(0...n) at the index, psi(0) = -inf: psi(m + 1) = psi(m) + 1 / m."""
    psi = np.full(n + 1, -np.inf)
    psi[1] = 0.0
    psi[2:] = np.cumsum(1.0 / np.arange(1, n), dtype=np.longdouble)
    psi[1:] -= EULER_GAMMA
    return psi


def _matrix(name: str, values) -> np.ndarray:
    """A float64 matrix (n, d), finite, row-major."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2) or 0 in values.shape:
        raise InputError(
            f"{name}: expected real numbers of shape (n,) or (n, d); found {values.dtype} of shape "
            f"{values.shape}. Pass one row per sample"
        )
    values = np.ascontiguousarray(values, dtype=np.float64)
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        first = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"{name}: expected finite values; found {bad} NaN or infinite, the first in row "
            f"{first[0]}. Drop these samples or impute before estimating"
        )
    return values.reshape(len(values), -1)


def _pair(x, y) -> tuple[np.ndarray, np.ndarray]:
    x, y = _matrix("x", x), _matrix("y", y)
    if len(x) != len(y):
        raise InputError(
            f"x and y: expected the same number of samples; found {len(x)} and {len(y)}. Row j of "
            "x must belong to row j of y"
        )
    return x, y


def _integer(name: str, value, low: int, high: int | None = None, high_name: str = "") -> int:
    wrong_type = isinstance(value, bool) or not isinstance(value, int | np.integer)
    if wrong_type or value < low or (high is not None and value > high):
        upper = "" if high is None else f" and <= {high_name}"
        raise InputError(f"{name}: expected an integer >= {low}{upper}; found {value!r}. Change it")
    return int(value)


def _permutations(permutations, n: int) -> np.ndarray:
    """int32, shape (B, n), each row a permutation."""
    permutations = np.asarray(permutations)
    if permutations.ndim != 2 or permutations.shape[1] != n or permutations.dtype.kind not in "iu":
        raise InputError(
            f"permutations: expected integers of shape (B, {n}), one row a permutation of the "
            f"samples; found {permutations.dtype} of shape {permutations.shape}. Stack rng."
            "permutation(n)"
        )
    for b, row in enumerate(permutations):
        seen = np.zeros(n, bool)
        inside = (row >= 0) & (row < n)
        seen[row[inside]] = True
        if not seen.all():
            raise InputError(
                f"permutations: expected each of 0...{n - 1} once in a row; row {b} lacks "
                f"{np.flatnonzero(~seen)[0]}. Draw rows without replacement"
            )
    return permutations.astype(np.int32)
