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
cancel.
"""

import numpy as np

from lmi import ksg

TEMPERATURES = (0.0, 0.25, 0.5, 0.75, 1.0)
N_INSIDE = 64
CHUNK = 128
JITTER = 1e-3


def evaluate(a, b, s, rank, weight, *, k=3, n_inside=N_INSIDE, threads=1):
    """Return pointwise KSG and its critic-guided corrections at each temperature.

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
    k : int
        Neighbours.
    n_inside : int
        Samples drawn inside each side of a box.
    threads : int

    Returns
    -------
    ksg_bits : array, shape (n_samples,)
        Kraskov et al. 2004, equation 8.
    correction_bits : array, shape (len(TEMPERATURES), n_samples)
        To be added, for the critic T times each temperature; the first row is zero.
    n_tied : int
        Samples that k or more others equal in x and y.
    """
    n_tied = int((_copies(np.concatenate([a, b], axis=1)) > k).sum())
    a, b = untie(a, 0), untie(b, 1)
    x, y = a * weight[: a.shape[1]], b * weight[: b.shape[1]]
    radius, n_x, n_y = ksg.neighbours(x, y, k=k, threads=threads)
    bits = ksg.bits(n_x, n_y, k)
    correction = np.zeros((len(TEMPERATURES), len(x)))
    if rank:
        inside_x, _ = ksg.marginal_neighbours(x, radius, n_inside, 0, threads)
        inside_y, _ = ksg.marginal_neighbours(y, radius, n_inside, 1, threads)
        correction = _correction(a[:, :rank], b[:, :rank], s[:rank], inside_x, inside_y)
    return bits, correction, n_tied


def untie(z, side):
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
    if not (_copies(z) > 1).any():
        return z
    noise = np.random.default_rng(side).uniform(-0.5, 0.5, z.shape)
    return z + JITTER * z.std(axis=0) * noise


def _copies(z):
    """Return how many rows of `z` equal each row, itself included."""
    if len(np.unique(z[:, 0])) == len(z):
        return np.ones(len(z), int)
    _, group, size = np.unique(z, axis=0, return_inverse=True, return_counts=True)
    return size[group.ravel()]


def best_temperature(a, b, s, rank, n_others=512):
    """Return the row of `TEMPERATURES` at which the critic describes held-out samples best.

    By the InfoNCE bound (van den Oord et al. 2018) of T times the temperature, each x against
    `n_others` of the y. The temperature that gives the largest estimate would not do: between
    none and the right one the correction overshoots.

    Parameters
    ----------
    a, b, s, rank
        As in `evaluate`.
    """
    import torch

    if not rank:
        return 0
    left, right, own_x, own_y, at_sample = _critic(a[:, :rank], b[:, :rank], s[:rank])
    others = torch.as_tensor(np.linspace(0, len(a) - 1, min(n_others, len(a))).astype(int))
    t = left @ right[others].T - own_x[:, None] - own_y[others][None]
    bound = [
        float((temperature * at_sample - torch.logsumexp(temperature * t, dim=1)).mean())
        for temperature in TEMPERATURES
    ]
    bound[0] = -np.log(len(others))
    return int(np.argmax(bound))


def _critic(a, b, s):
    """Return the parts of T(x_i, y_j) = left_i . right_j - own_x_i - own_y_j, and T(x_i, y_i).

    T is the Gaussian log ratio, sum over axes of [s a b - s^2 (a^2 + b^2) / 2] / (1 - s^2).
    """
    import torch

    s = np.minimum(s, 0.9995)
    q = 1 - s**2
    left = torch.as_tensor(a * (s / q), dtype=torch.float32)
    right = torch.as_tensor(b, dtype=torch.float32)
    own_x = torch.as_tensor(0.5 * (a**2) @ (s**2 / q), dtype=torch.float32)
    own_y = torch.as_tensor(0.5 * (b**2) @ (s**2 / q), dtype=torch.float32)
    return left, right, own_x, own_y, (left * right).sum(dim=1) - own_x - own_y


def _correction(a, b, s, inside_x, inside_y):
    """Return T(x_i, y_i) - log mean exp T over the box, bits, at each temperature."""
    import torch

    left, right, own_x, own_y, at_sample = _critic(a, b, s)
    inside_x = torch.as_tensor(inside_x, dtype=torch.int64)
    inside_y = torch.as_tensor(inside_y, dtype=torch.int64)
    result = torch.zeros(len(TEMPERATURES), len(a))
    for start in range(0, len(a), CHUNK):
        rows = slice(start, start + CHUNK)
        ix, iy = inside_x[rows], inside_y[rows]
        t = torch.bmm(left[ix], right[iy].transpose(1, 2))
        t -= own_x[ix][:, :, None]
        t -= own_y[iy][:, None, :]
        top = t.amax(dim=(1, 2))
        quarter = torch.exp_(0.25 * (t - top[:, None, None]))
        half = quarter * quarter
        means = (quarter.mean(dim=(1, 2)), half.mean(dim=(1, 2)))
        means += ((quarter * half).mean(dim=(1, 2)), (half * half).mean(dim=(1, 2)))
        for row, mean in enumerate(means, start=1):
            gap = TEMPERATURES[row] * (at_sample[rows] - top)
            result[row, rows] = gap - torch.log(mean)
    return result.numpy().astype(np.float64) / np.log(2)
