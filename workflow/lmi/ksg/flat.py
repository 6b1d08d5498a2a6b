"""KSG of two single features: several numbers of neighbours, many parts and a critic in one pass.

The samples stand in the order of x. The neighbours of each are found by going outwards in x, and
those in y alone by its place in the order of y: no tree is built, and a search takes about
sqrt(k n) steps a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmi.ksg import kernel, points

NODES = 6
"""Places a side of a box at which a critic is averaged: evenly spaced among its samples."""


@dataclass(frozen=True)
class Pairing:
    """Two single features, in the order of x.

    Attributes
    ----------
    order : int array, shape (n,)
        Samples by ascending x.
    x, y : array, shape (n,)
        In that order.
    ascending_y : array, shape (n,)
    place : int32 array, shape (n,)
        Where in `ascending_y` each of `y` stands.
    """

    order: np.ndarray
    x: np.ndarray
    y: np.ndarray
    ascending_y: np.ndarray
    place: np.ndarray


@dataclass(frozen=True)
class Found:
    """What `search` finds, in the order of a `Pairing`.

    Attributes
    ----------
    radius, n_x, n_y : arrays, shape (n, n_k)
        As of `lmi.ksg.kernel.neighbours`, for each k.
    inside : array, shape (n, n_k)
        Log mean of the exponential of the critic in each box, nats; zero where not asked for.
    """

    radius: np.ndarray
    n_x: np.ndarray
    n_y: np.ndarray
    inside: np.ndarray


def pair(x: np.ndarray, y: np.ndarray) -> Pairing:
    """Put two features, arrays of shape (n,), in order; ties should be broken."""
    order = np.argsort(x)
    y = y[order]
    order_y = np.argsort(y)
    place = np.empty(len(x), np.int32)
    place[order_y] = np.arange(len(x), dtype=np.int32)
    return Pairing(order, x[order], y, y[order_y], place)


def search(
    of: Pairing,
    ks: Sequence[int],
    *,
    part: np.ndarray | None = None,
    n_parts: int = 1,
    rho: float = 0.0,
    k_guided: int = 0,
) -> Found:
    """Search the neighbours of all samples, within parts of them.

    Parameters
    ----------
    of : Pairing
    ks : sequence of int
        Ascending numbers of neighbours, fewer than a part has samples.
    part : int array, shape (n,), optional
        Part of each sample, in the order of x, 0 ... n_parts - 1.
    n_parts : int
    rho : float
        Correlation of the critic, the log density ratio of two standard normal variables; 0 for
        none.
    k_guided : int
        Of `ks`, the one whose boxes the critic is integrated over; `inside` is zero for others.
    """
    n, wanted = len(of.x), np.array(ks, np.int64)
    shape = n, len(wanted)
    found = Found(
        np.empty(shape),
        np.empty(shape, np.int64),
        np.empty(shape, np.int64),
        np.zeros(shape),
    )
    part = np.zeros(n, np.int32) if part is None else np.ascontiguousarray(part, np.int32)
    if not points.compiled():
        for number in range(n_parts):
            _search_part(of, wanted, np.flatnonzero(part == number), rho, k_guided, found)
        return found
    with_critic = (wanted == (k_guided if rho else 0)).astype(np.int8)
    # what the kernel reads by address must be of its type
    inputs = [np.ascontiguousarray(side, np.float64) for side in (of.x, of.y, of.ascending_y)]
    inputs += [np.ascontiguousarray(of.place, np.int32), part]
    outputs = (found.radius, found.n_x, found.n_y, found.inside)
    failed = points.library().lmi_flat(
        n,
        *(array.ctypes.data for array in inputs),
        n_parts,
        wanted.ctypes.data,
        len(wanted),
        rho,
        with_critic.ctypes.data,
        NODES,
        *(array.ctypes.data for array in outputs),
    )
    if failed:
        raise MemoryError(f"no memory for neighbours of {n} points")
    return found


def lonely(
    of: Pairing,
    radius: np.ndarray,
    k: int,
    ratio: float,
    *,
    part: np.ndarray | None = None,
    n_parts: int = 1,
) -> np.ndarray:
    """Return which samples lie outside the clusters of most of their neighbours.

    More than half of the k neighbours have a radius `ratio` times smaller; see
    `lmi.ksg.guided.lonely`.

    Parameters
    ----------
    of : Pairing
    radius : array, shape (n,)
        Distance to the k-th neighbour within the part, in the order of x.
    k : int
    ratio : float
    part, n_parts
        As in `search`.

    Returns
    -------
    bool array, shape (n,)
        In the order of x.
    """
    n = len(of.x)
    part = np.zeros(n, np.int32) if part is None else np.ascontiguousarray(part, np.int32)
    radius = np.ascontiguousarray(radius)
    if points.compiled():
        smaller = np.empty(n, np.int64)
        inputs = (of.x, of.y, part, radius)
        points.library().lmi_flat_lonely(
            n, *(array.ctypes.data for array in inputs), ratio, smaller.ctypes.data
        )
        return smaller > k / 2
    smaller = np.zeros(n, int)
    for i in range(n):
        gap = np.maximum(np.abs(of.x - of.x[i]), np.abs(of.y - of.y[i]))
        near = (gap <= radius[i]) & (part == part[i])
        smaller[i] = np.count_nonzero(ratio * radius[near] < radius[i])
    return smaller > k / 2


def _search_part(of, ks, rows, rho, k_guided, found):
    """Do what the compiled kernel does for one part, and write it into `found`."""
    x, y = of.x[rows], of.y[rows]
    order_y = np.argsort(of.place[rows])
    place = np.empty(len(rows), int)
    place[order_y] = np.arange(len(rows))
    ascending_y = y[order_y]
    for column, (radius, n_x, n_y) in enumerate(kernel.neighbours_each(x, y, ks.tolist())):
        found.radius[rows, column], found.n_x[rows, column] = radius, n_x
        found.n_y[rows, column] = n_y
        if rho and ks[column] == k_guided:
            sides = []
            for ascending, own, count in (
                (x, np.arange(len(rows)), n_x),
                (ascending_y, place, n_y),
            ):
                first = own - _nearer_below(ascending, own, radius)
                sides.append((ascending, first, count + 1))
            found.inside[rows, column] = _inside(sides, rho)


def _nearer_below(ascending, own, radius):
    """Return how many of the values before each are nearer to it than the radius."""
    below = np.empty(len(own), int)
    for i, (at, r) in enumerate(zip(own, radius, strict=True)):
        below[i] = np.count_nonzero(ascending[at] - ascending[:at] < r)
    return below


def _inside(sides, rho):
    """Return the log mean of the exponential of the critic at places of each box, nats."""
    nodes = []
    for ascending, first, size in sides:
        n = np.minimum(size, NODES)
        step = np.arange(NODES)
        at = first[:, None] + (2 * step + 1) * size[:, None] // (2 * n[:, None])
        values = ascending[np.minimum(at, len(ascending) - 1)]
        nodes.append((values, step < n[:, None]))
    (x, has_x), (y, has_y) = nodes
    x, y = x[:, :, None], y[:, None, :]
    q = 1 - rho**2
    t = (rho * x * y - 0.5 * rho**2 * (x**2 + y**2)) / q
    t = np.where(has_x[:, :, None] & has_y[:, None, :], t, -np.inf).reshape(len(x), -1)
    top = t.max(axis=1)
    count = has_x.sum(axis=1) * has_y.sum(axis=1)
    return top + np.log(np.exp(t - top[:, None]).sum(axis=1) / count) - 0.5 * np.log(q)
