"""Exact k-nearest-neighbour estimates of mutual information (Kraskov et al. 2004, algorithm 1)."""

from __future__ import annotations

import functools
import math

import numpy as np

from lmi.base.errors import InputError
from lmi.ksg.apart import Apart
from lmi.ksg.checked import integer, matrix, pair
from lmi.ksg.points import Points

EULER_GAMMA = 0.57721566490153286


def mi(x, y, k: int = 3, threads: int = 1, apart: Apart | None = None) -> float:
    """Mutual information in bits: the mean of `pointwise_mi`.

    Parameters and errors as there.
    """
    return float(pointwise_mi(x, y, k, threads, apart).mean())


def pointwise_mi(x, y, k: int = 3, threads: int = 1, apart: Apart | None = None) -> np.ndarray:
    """Return pointwise mutual information as `lmi.ksg.pointwise_mi` does, of arrays without ties.

    Ties are for the caller to break: nothing is refused for them here.

    Parameters
    ----------
    x, y : array, shape (n,) or (n, d)
        Real numbers; row j of x belongs to row j of y.
    k : int
        Neighbours, 1 <= k < n.
    threads : int
        The result does not depend on it.
    apart : Apart, optional
        Samples of a series, in order of time: which of them may be neighbours.

    Returns
    -------
    array, shape (n,)
        Bits; its mean is the estimate of the mutual information.

    Raises
    ------
    InputError
        Unequal lengths, values that are not finite or not real, k out of range, samples of a
        series that fewer than k others may be neighbours of.

    References
    ----------
    A. Kraskov, H. Stoegbauer, P. Grassberger, Estimating mutual information, Phys. Rev. E 69,
    066138 (2004).
    """
    _, n_x, n_y = neighbours(x, y, k, threads, apart)
    return bits(n_x, n_y, k, apart)


def ceiling_bits(n: int, k: int = 3) -> float:
    """Largest value that the estimator can take with n samples: psi(n) - psi(k), in bits."""
    psi = digamma(n)
    return (psi[n] - psi[k]) / math.log(2)


def bits(
    n_x: np.ndarray, n_y: np.ndarray, k: int | np.ndarray, apart: Apart | None = None
) -> np.ndarray:
    """Pointwise mutual information from the counts of `neighbours`, a row a point; bits.

    k may differ between the points, and between columns.
    """
    n = len(n_x)
    psi = digamma(n)
    return (psi[k] + psi[_n_own(n, apart)] - psi[n_x + 1] - psi[n_y + 1]) / math.log(2)


def _n_own(n: int, apart: Apart | None) -> int | np.ndarray:
    """Return n, the samples that may be neighbours and the sample itself."""
    return n if apart is None else apart.n_others() + 1


def given_bits(z, radius: np.ndarray, threads: int = 1, apart: Apart | None = None) -> np.ndarray:
    """Return psi(n_z + 1) - psi(n), bits: what turns `bits` into conditional information.

    With z among the coordinates of x and of y alike, the counts of `neighbours` are n_xz and n_yz,
    and the sum is Frenzel & Pompe (2007): psi(k) - psi(n_xz + 1) - psi(n_yz + 1) + psi(n_z + 1).

    Parameters
    ----------
    z : array, shape (n,) or (n, d)
    radius : array, shape (n,)
        From `neighbours`.
    threads, apart
        As there.

    References
    ----------
    S. Frenzel, B. Pompe, Partial mutual information for coupling analysis of multivariate time
    series, Phys. Rev. Lett. 99, 204101 (2007).
    """
    z = matrix("z", z)
    n_z = np.maximum(Points(z).count(np.ascontiguousarray(radius), threads, apart) - 1, 0)
    psi = digamma(len(z))
    return (psi[n_z + 1] - psi[_n_own(len(z), apart)]) / math.log(2)


def neighbours(
    x, y, k: int = 3, threads: int = 1, apart: Apart | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance to the k-th joint neighbour and the numbers of marginal neighbours nearer than it.

    Parameters
    ----------
    x, y, k, threads, apart
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
    return neighbours_each(x, y, (k,), threads, apart)[0]


def neighbours_each(x, y, ks, threads: int = 1, apart: Apart | None = None) -> list:
    """Return `neighbours` for each of several k, by one search for the largest.

    Parameters
    ----------
    x, y, threads, apart
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
    x, y = pair(x, y)
    n = len(x)
    ks = [integer("k", k, 1, n - 1, f"n - 1 for n = {n}") for k in ks]
    threads = integer("threads", threads, 1)
    ascending = sorted(set(ks))
    if apart is not None and (fewest := int(apart.n_others().min())) < ascending[-1]:
        raise InputError(
            f"k: expected at most {fewest}, the samples that are more than {apart.window} apart "
            f"in time from each; found {ascending[-1]}. Pass a longer series or a smaller k"
        )
    radii = Points(np.hstack([x, y])).radius(ascending, threads, apart)
    sides = Points(x), Points(y)
    by_k = {}
    for k, radius in zip(ascending, radii, strict=True):
        counts = (np.maximum(side.count(radius, threads, apart) - 1, 0) for side in sides)
        by_k[k] = radius, *counts
    return [by_k[k] for k in ks]


def marginal_neighbours(
    x, radius, m: int, seed: int = 0, threads: int = 1, apart: Apart | None = None
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
    apart : Apart, optional
        Others within its window are no candidates.

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
    x = matrix("x", x)
    radius = np.ascontiguousarray(radius, dtype=np.float64)
    if radius.shape != (len(x),) or not np.all(radius >= 0):
        raise InputError(
            f"radius: expected {len(x)} values >= 0, one for each row of x; found shape "
            f"{radius.shape} with {np.count_nonzero(~(radius >= 0))} negative or NaN. Pass the "
            "radius that lmi.ksg.kernel.neighbours returns for the same samples"
        )
    m, threads = integer("m", m, 1), integer("threads", threads, 1)
    seed = integer("seed", seed, 0, 2**64 - 1, "2**64 - 1")
    return Points(x).sample(radius, m, seed, threads, apart)


@functools.lru_cache(maxsize=32)
def digamma(n: int) -> np.ndarray:
    """psi(0...n) at the index, psi(0) = -inf: psi(m + 1) = psi(m) + 1 / m."""
    psi = np.full(n + 1, -np.inf)
    psi[1] = 0.0
    psi[2:] = np.cumsum(1.0 / np.arange(1, n), dtype=np.longdouble)
    psi[1:] -= EULER_GAMMA
    psi.flags.writeable = False  # it is kept
    return psi
