"""Points to search: the compiled library, and its numpy and scipy twin where there is none.

Two implementations give identical results: a compiled one (``_ksg.c``, a kd-tree with vectorised
leaves) and, where it could not be built, one of numpy and scipy.
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lmi.ksg.apart import Apart

BLOCK = 2**16  # the fallback: distances held at a time
TREE_AXES = 6  # the fallback: up to here scipy's tree is faster than a scan in blocks

_POINTER = ctypes.c_void_p
_SIGNATURES = {
    "lmi_tree_build": (_POINTER, [_POINTER, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32]),
    "lmi_tree_free": (None, [_POINTER]),
    "lmi_tree_index": (ctypes.POINTER(ctypes.c_int32), [_POINTER]),
    "lmi_tree_single": (ctypes.c_int32, [_POINTER]),
    "lmi_simd": (ctypes.c_int32, [ctypes.c_int32]),
    "lmi_knn": (
        ctypes.c_int32,
        [_POINTER] * 2 + [ctypes.c_int64, _POINTER] + [ctypes.c_int64] * 3 + [_POINTER],
    ),
    "lmi_count": (ctypes.c_int32, [_POINTER] * 2 + [ctypes.c_int64] * 2 + [_POINTER]),
    "lmi_sample": (
        ctypes.c_int32,
        [_POINTER] * 2
        + [ctypes.c_int64, ctypes.c_uint64, _POINTER]
        + [ctypes.c_int64] * 3
        + [_POINTER] * 2,
    ),
    "lmi_near_in_time": (
        None,
        [_POINTER, ctypes.c_int64, ctypes.c_int32, _POINTER, ctypes.c_int64] + [_POINTER] * 2,
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
    "lmi_gaps": (ctypes.c_int32, [_POINTER, ctypes.c_int64, ctypes.c_int64, _POINTER]),
    "lmi_run_size": (ctypes.c_int64, []),
    "lmi_near": (ctypes.c_int32, [_POINTER] + [ctypes.c_int64] * 3 + [_POINTER]),
    "lmi_null_dense": (
        ctypes.c_int32,
        [ctypes.c_int64]
        + [_POINTER, ctypes.c_int64] * 2
        + [_POINTER] * 3
        + [ctypes.c_int64]
        + [_POINTER] * 2
        + [ctypes.c_int64] * 4
        + [_POINTER] * 2,
    ),
    "lmi_count_sorted": (
        ctypes.c_int32,
        [_POINTER, ctypes.c_int64, _POINTER] + [ctypes.c_int64] * 2 + [_POINTER],
    ),
    "lmi_flat": (
        ctypes.c_int32,
        [ctypes.c_int64]
        + [_POINTER] * 5
        + [ctypes.c_int32, _POINTER, ctypes.c_int64, ctypes.c_double, _POINTER]
        + [ctypes.c_int64]
        + [_POINTER] * 4,
    ),
    "lmi_flat_lonely": (
        None,
        [ctypes.c_int64] + [_POINTER] * 4 + [ctypes.c_double, _POINTER],
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


def library() -> ctypes.CDLL:
    """Return the compiled kernel, where `compiled` says that it is in use."""
    if _kernel is None:
        raise RuntimeError("the compiled kernel is not in use")
    return _kernel


def in_parts(function, inputs, n: int, outputs, threads: int) -> None:
    """Run a kernel function over 0 ... n - 1, in contiguous parts on the threads.

    Raises
    ------
    MemoryError
        It says that there is none.
    """
    parts = 1 if threads == 1 else min(n, 8 * threads)
    edges = [n * part // parts for part in range(parts + 1)]

    def run(part):
        return function(*inputs, edges[part], edges[part + 1], *outputs)

    if parts == 1:
        failed = run(0)
    else:
        with ThreadPoolExecutor(threads) as pool:
            failed = any(list(pool.map(run, range(parts))))
    if failed:
        raise MemoryError(f"no memory for neighbours of {n} points")


class Points:
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
        in_parts(name, arguments, self.n, results, threads)

    def index(self) -> np.ndarray:
        """Rows of the points in the order of the tree, shape (n,)."""
        return np.ctypeslib.as_array(self.kernel.lmi_tree_index(self.handle), (self.n,))

    def _times(self, apart: Apart | None) -> tuple:
        """What the compiled functions want of times: those in the order of the tree, the window."""
        if apart is None:
            return None, 0
        return np.ascontiguousarray(apart.time[self.index()]), apart.window

    def radius(self, ks: list, threads: int, apart: Apart | None = None) -> np.ndarray:
        """Distance to the k-th nearest other point for ascending k, shape (n_k, n)."""
        if self.handle:
            radius = np.empty((self.n, len(ks)))
            wanted = np.array(ks, np.int64), len(ks)
            self.call("lmi_knn", (*wanted, *self._times(apart)), (radius,), threads)
        elif apart is not None:
            parts, places = [], [k - 1 for k in ks]
            for rows, d in self.blocks():
                for row, own in zip(range(rows.start, rows.stop), d, strict=True):
                    own[apart.are_near(row, np.arange(self.n))] = np.inf
                parts.append(np.partition(d, places, axis=1)[:, places])
            radius = np.concatenate(parts)
        elif self.tree is not None:
            places = [k + 1 for k in ks]
            radius, _ = self.tree.query(self.points, places, p=np.inf, workers=threads)
        else:
            parts = [np.partition(d, ks, axis=1)[:, ks] for _, d in self.blocks()]
            radius = np.concatenate(parts)
        return np.ascontiguousarray(radius.T)

    def count(self, radius: np.ndarray, threads: int, apart: Apart | None = None) -> np.ndarray:
        """Points strictly within the radius, the point itself included, shape (n,)."""
        if apart is not None:
            return self.count(radius, threads) - self._near_in_time(radius, apart)
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

    def _near_in_time(self, radius: np.ndarray, apart: Apart) -> np.ndarray:
        """Others within the radius and the window of each point, shape (n,)."""
        if _kernel is None:
            return apart.n_near(self.points, radius)
        count, radius = np.zeros(self.n, np.int64), np.ascontiguousarray(radius)
        _kernel.lmi_near_in_time(
            self.points.ctypes.data,
            self.n,
            self.d,
            apart.time.ctypes.data,
            apart.window,
            radius.ctypes.data,
            count.ctypes.data,
        )
        return count

    def sample(self, radius, m, seed, threads, apart=None) -> tuple[np.ndarray, np.ndarray]:
        """See `lmi.ksg.kernel.marginal_neighbours`."""
        chosen, count = np.empty((self.n, m), np.int32), np.empty(self.n, np.int64)
        if self.order is not None:
            return Points(self.points, flat=False).sample(radius, m, seed, threads, apart)
        if self.handle:
            inputs = (radius, m, seed, *self._times(apart))
            self.call("lmi_sample", inputs, (chosen, count), threads)
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
                if apart is not None:
                    found = np.asarray(found, int)
                    found = found[(found == row) | ~apart.are_near(row, found)]
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
