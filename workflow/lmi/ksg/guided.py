"""Critic-guided KSG: the nearest-neighbour estimate, corrected for structure inside its own balls.

KSG takes the density ratio p(x, y) / (p(x) p(y)) to be constant over the box that holds the k
nearest neighbours of a sample. In many dimensions the box is large and the assumption costs most
of the information. With any critic T(x, y), a model of the log ratio, the ratio at the sample is

    log ratio(i) = KSG(i) + T(x_i, y_i) - log mean over x_j, y_l in the box of exp T(x_j, y_l),

where x_j and y_l run over the samples inside the box's two sides, unpaired. The mean is what a
world that follows T would put into the box: a perfect critic makes the estimate exact whatever the
box, no critic (T = 0) gives KSG back, and a bad one lowers the estimate, much as in the
Donsker-Varadhan bound, here local to the box. It is no strict bound: a critic of the right shape
but too weak can overshoot a little. Normalisation of T and functions of x or y alone largely
cancel. A few samples far off any model must not outweigh all others: the critic takes a thousandth
of them to be pairs of strangers, exp T becoming (1 - .001) exp T + .001.
"""

from collections.abc import Sequence

import numpy as np

from lmi.base.repeats import MANY_COPIES, copies
from lmi.ksg import kernel as ksg
from lmi.ksg import mixture
from lmi.ksg.apart import Apart

CRITIC_BOUND_SD = 5.0
"""Standard deviations to which variates are cut where a critic multiplies them: an encoder may
throw a new sample far out, and its square would outweigh all others."""
TEMPERATURES = (0.0, 0.25, 0.5, 0.75, 1.0)
TRUSTED = len(TEMPERATURES) - 1
"""Row of `TEMPERATURES` of a critic that describes the samples as they are."""
ASTRAY = 1e-3
"""Share of samples whose x and y the critic takes to be strangers."""
N_INSIDE = 64
CHUNK = 64
JITTER = 1e-3
LONELY = 1.7
LABEL_GAP = 1e4
"""Distance of samples with different labels, where labels are conditioned on."""


def evaluate(
    a: np.ndarray,
    b: np.ndarray,
    s: np.ndarray,
    rank: int,
    weight: np.ndarray,
    temperature: float = 1.0,
    *,
    k: int = 3,
    k_guided: int | None = None,
    n_inside: int = N_INSIDE,
    lone: bool = False,
    known: dict | None = None,
    ahead: Sequence[int] = (),
    given: np.ndarray | None = None,
    mixtures: np.ndarray | None = None,
    threads: int = 1,
    apart: Apart | None = None,
):
    """Return pointwise KSG and its critic-guided correction.

    Where coordinates are given, the estimate is that of the conditional information (Frenzel &
    Pompe 2007), psi(k) - psi(n_xz + 1) - psi(n_yz + 1) + psi(n_z + 1), and the samples inside the
    sides of a box are near in these coordinates too: the critic is then one of x and y given z.

    Parameters
    ----------
    a, b : array, shape (n_samples, n_axes)
        Canonical variates of the samples to estimate on.
    s : array, shape (n_axes,)
        Canonical correlations of the training samples.
    rank : int
        The critic uses the first `rank` axes; 0 means no critic.
    weight : array, shape (n_axes,)
        Scale of each axis in the neighbour search.
    temperature : float
        The critic is T times this, one of `TEMPERATURES`; 0 means no critic.
    k : int
        Neighbours.
    k_guided : int, optional
        Neighbours of the boxes that the critic corrects, if not `k`.
    n_inside : int
        Samples drawn inside each side of a box.
    lone : bool
        Take the nearest neighbour alone for samples that `lonely` finds.
    known : dict, optional
        What `ksg.neighbours` has found for these samples, by number of neighbours; added to.
    ahead : tuple of int
        Numbers of neighbours to add to it: one search serves them all.
    given : array, shape (n_samples, n_given), optional
        Coordinates z that are conditioned on, in the scale of the search.
    mixtures : array, shape (>= rank, n_components, 6), optional
        Of a critic that is not Gaussian, see `lmi.ksg.mixture`.
    threads : int
    apart : Apart, optional
        Samples of a series, in order of time: which may be neighbours.

    Returns
    -------
    ksg_bits : array, shape (n_samples,)
        Kraskov et al. 2004, equation 8.
    correction_bits : array, shape (n_samples,)
        To be added; zero without a critic.
    n_tied : int
        Samples that `MANY_COPIES` or more others equal in x and y.
    """
    n_tied = int((copies(np.concatenate([a, b], axis=1)) > MANY_COPIES).sum())
    a, b = untie(a, 0), untie(b, 1)
    x, y = a * weight[: a.shape[1]], b * weight[: b.shape[1]]
    if given is not None and given.shape[1]:
        # joint distances are those of (x, y, z): that z stands on both sides does not change them
        given = np.asarray(given, np.float64)
        x, y = np.hstack([x, given]), np.hstack([y, given])
    else:
        given = None
    known = {} if known is None else known
    wanted = {k, *ahead}
    if lone:
        wanted.add(1)
    elif k_guided and rank and temperature:
        wanted.add(k_guided)
    missing = sorted(wanted - known.keys())
    if missing:
        known.update(zip(missing, ksg.neighbours_each(x, y, missing, threads, apart), strict=True))
    radius, n_x, n_y = known[k]
    k_of_each: int | np.ndarray = k
    if lone:
        alone = lonely(x, y, radius, k, threads, apart)
        k_of_each = np.where(alone, 1, k)
        radius, n_x, n_y = (
            np.where(alone, one, other)
            for one, other in zip(known[1], (radius, n_x, n_y), strict=True)
        )
    bits = _bits(n_x, n_y, k_of_each, radius, given, threads, apart)
    correction = np.zeros(len(x))
    if rank and temperature:
        if not lone and k_guided not in (None, k):
            radius, n_x, n_y = known[k_guided]
            correction = _bits(n_x, n_y, k_guided, radius, given, threads, apart) - bits
        inside_x, _ = ksg.marginal_neighbours(x, radius, n_inside, 0, threads, apart)
        inside_y, _ = ksg.marginal_neighbours(y, radius, n_inside, 1, threads, apart)
        critic = (s[:rank], temperature, mixtures)
        left, right, at_sample = _critic(a[:, :rank], b[:, :rank], *critic)
        correction += _correction(left, right, at_sample, inside_x, inside_y)
        if given is not None:
            correction[radius > LABEL_GAP / 2] = 0.0
    return bits, correction, n_tied


def _bits(n_x, n_y, k, radius, given, threads, apart):
    """Return pointwise KSG, conditional where coordinates are given.

    A sample with fewer than k others of its label has no box within it, and no bits.
    """
    bits = ksg.bits(n_x, n_y, k, apart)
    if given is not None:
        bits += ksg.given_bits(given, radius, threads, apart)
        bits[radius > LABEL_GAP / 2] = 0.0
    return bits


def lonely(
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    k: int,
    threads: int = 1,
    apart: Apart | None = None,
) -> np.ndarray:
    """Return which samples lie outside the clusters of most of their neighbours.

    The box of a sample that has a cell of x and y nearly to itself reaches into denser cells, and
    the estimate there is too high by about log k minus the log of the samples in its own cell.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_axes)
    radius : array, shape (n_samples,)
        Distance to the k-th neighbour, as `ksg.neighbours` returns it.
    k, threads, apart
        As in `evaluate`.

    Returns
    -------
    bool array, shape (n_samples,)
        More than half of the k neighbours have a radius `LONELY` times smaller.
    """
    joint = np.hstack([x, y])
    reach = np.nextafter(radius, np.inf)
    nearest, _ = ksg.marginal_neighbours(joint, reach, k + 1, 0, threads, apart)
    return (LONELY * radius[nearest] < radius[:, None]).sum(axis=1) > k / 2


def untie(z: np.ndarray, side: int) -> np.ndarray:
    """Return `z` with equal rows spread apart.

    KSG diverges on samples that are equal in all coordinates, and its counts are biased on a
    lattice. Where there are any, all samples are moved by uniform noise of a thousandth of each
    axis's sd: far less than the steps between different values, so that no information is lost.

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    side : int
        0 for x and 1 for y, whose noise must be independent.
    """
    if not (copies(z) > 1).any():
        return z
    noise = np.random.default_rng(side).uniform(-0.5, 0.5, z.shape)
    return z + JITTER * z.std(axis=0) * noise


def best_temperature(
    a: np.ndarray,
    b: np.ndarray,
    s: np.ndarray,
    rank: int,
    n_others: int = 512,
    mixtures: np.ndarray | None = None,
) -> int:
    """Return the row of `TEMPERATURES` at which the critic describes held-out samples best.

    By the InfoNCE bound (van den Oord et al. 2018) of T times the temperature, each x against
    `n_others` of the y. The temperature that gives the largest estimate would not do: between
    none and the right one the correction overshoots.

    Parameters
    ----------
    a, b, s, rank, mixtures
        As in `evaluate`.
    """
    if not rank:
        return 0
    left, right, at_sample = _critic(a[:, :rank], b[:, :rank], s[:rank], 1.0, mixtures)
    others = np.linspace(0, len(a) - 1, min(n_others, len(a))).astype(int)
    t = left @ right[others].T
    top = t.max(axis=1)
    step = np.exp(np.float32(TEMPERATURES[1]) * (t - top[:, None]))
    power, bound = np.ones_like(step), [0.0]
    for temperature in TEMPERATURES[1:]:
        power *= step  # the temperatures are equally spaced
        mean = temperature * top + np.log(power.mean(axis=1))
        bound.append(float((mixed(temperature * at_sample) - mixed(mean)).mean()))
    return int(np.argmax(bound))


def _critic(a, b, s, temperature=1.0, mixtures=None):
    """Return factors with T(x_i, y_j) = left_i . right_j, and T(x_i, y_i), in nats, not yet mixed.

    T is `temperature` times the Gaussian log ratio, sum over axes of
    [s a b - s^2 (a^2 + b^2) / 2] / (1 - s^2) - log(1 - s^2) / 2; or that of mixtures.
    """
    if mixtures is not None and mixtures.any():
        left, right = mixture.factors(a, b, mixtures[: a.shape[1]], temperature)
        return left, right, (left * right).sum(axis=1)
    a, b = (np.clip(side, -CRITIC_BOUND_SD, CRITIC_BOUND_SD) for side in (a, b))
    s = np.minimum(s, 0.9995)
    q = (1 - s**2) / temperature
    one = np.ones((len(a), 1))
    # the terms of x or y alone are two more axes
    constant = -0.5 * temperature * np.log(1 - s**2).sum()
    left = np.hstack([a * (s / q), constant - 0.5 * a**2 @ (s**2 / q)[:, None], one])
    right = np.hstack([b, one, -0.5 * b**2 @ (s**2 / q)[:, None]])
    left, right = left.astype(np.float32), right.astype(np.float32)
    return left, right, (left * right).sum(axis=1)


def _correction(left, right, at_sample, inside_x, inside_y):
    """Return T(x_i, y_i) - log mean exp T over the box, bits."""
    result = np.zeros(len(left))
    for start in range(0, len(left), CHUNK):
        rows = slice(start, start + CHUNK)
        t = left[inside_x[rows]] @ right[inside_y[rows]].transpose(0, 2, 1)
        t = t.reshape(len(t), -1)
        top = t.max(axis=1)
        t -= top[:, None]
        mean = np.exp(t, out=t).mean(axis=1)
        result[rows] = top + np.log(mean)
    return (mixed(at_sample) - mixed(result)) / np.log(2)


def mixed(log_ratio: np.ndarray) -> np.ndarray:
    """Return the log of a density ratio where x and y of a share `ASTRAY` are independent."""
    return np.logaddexp(np.log1p(-ASTRAY) + log_ratio, np.log(ASTRAY))


def factors(
    a: np.ndarray,
    b: np.ndarray,
    s: np.ndarray,
    temperature: float,
    mixtures: np.ndarray | None = None,
):
    """Return the critic as two matrices: T(x_i, y_j) = left_i . right_j, nats.

    Parameters
    ----------
    a, b : array, shape (n_samples, rank)
    s : array, shape (rank,)
    temperature : float
    mixtures
        As in `evaluate`.
    """
    return _critic(a, b, s, temperature, mixtures)[:2]


def correction_at(
    left: np.ndarray, right: np.ndarray, row: int, inside_x: np.ndarray, inside_y: np.ndarray
) -> float:
    """Return the correction of one sample, bits, from the samples inside the sides of its box.

    Parameters
    ----------
    left, right : array
        From `factors`.
    row : int
    inside_x, inside_y : int arrays
    """
    t = left[inside_x] @ right[inside_y].T
    top = t.max()
    mean = top + np.log(np.exp(t - top).mean())
    return float(mixed(left[row] @ right[row]) - mixed(mean)) / np.log(2)
