"""Tasks with dependence but no correlation; their truth is computed by quadrature."""

from functools import lru_cache

import numpy as np

from lmi.tasks.registry import finish, task


def _exclusive(rng, x, y, exclusive):
    """Return x and y as columns, each with uniform features on (-1, 1) of its own."""
    own = rng.uniform(-1, 1, size=(2, len(x), exclusive))
    return np.column_stack([x, own[0]]), np.column_stack([y, own[1]])


def _overlap(a, b, c, d):
    """Return the length of the intersection of the intervals [a, b] and [c, d]."""
    return np.maximum(0, np.minimum(b, d) - np.maximum(a, c))


@lru_cache
def noisy_circle_mi_bits(noise, n_points=1500):
    """Return the mutual information of the noisy circle, in bits, by the midpoint rule.

    The density at (x, y) is the share of the circle inside the square of side 2 noise around
    it, over the square's area; the margins are differences of arc cosines. One quadrant is
    enough. With 1,500 points a side the error is below 1e-4 bits for noise >= 0.05.
    """
    edge = 1 + noise
    points = (np.arange(n_points) + 0.5) * edge / n_points
    cell = (edge / n_points) ** 2

    near, far = np.arccos(np.clip([points + noise, points - noise], -1, 1))
    margin = (far - near) / (2 * np.pi * noise)
    low, high = np.arcsin(np.clip([points - noise, points + noise], -1, 1))
    # Angles with a cosine near x: [near, far] and its mirror image; with a sine near y:
    # [low, high] and its mirror image. All four intersections count.
    near, far = near[:, None], far[:, None]
    arc = (
        _overlap(near, far, low, high)
        + _overlap(near, far, np.pi - high, np.pi - low)
        + _overlap(-far, -near, low, high)
        + _overlap(2 * np.pi - far, 2 * np.pi - near, np.pi - high, np.pi - low)
    )
    joint = arc / (2 * np.pi * 4 * noise**2)
    inside = joint > 0
    ratio = joint[inside] / np.multiply.outer(margin, margin)[inside]
    return float(4 * cell * np.sum(joint[inside] * np.log2(ratio)))


@task(n_samples=(2, None), exclusive=(0, None), noise=(0.05, 1))
def noisy_circle(rng, n_samples=1000, exclusive=0, noise=0.25):
    """Points around a circle: x has one coordinate, y the other.

    X = cos a + e, Y = sin a + f, with a uniform angle a, and e, f uniform on (-noise, noise).
    Both variables have `exclusive` more features, independent and uniform on (-1, 1).

    Truth: `noisy_circle_mi_bits(noise)`, 0.714 bits for noise 0.25, whatever `exclusive` is.
    Source: Gowri et al. 2024 (arXiv:2409.02732), appendix on symmetries.
    """
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    shift = rng.uniform(-noise, noise, size=(2, n_samples))
    x, y = np.cos(angle) + shift[0], np.sin(angle) + shift[1]
    return finish(*_exclusive(rng, x, y, exclusive), noisy_circle_mi_bits(noise))


@lru_cache
def x_mixture_mi_bits(correlation):
    """Return the mutual information of the X-shaped mixture, in bits, by the trapezoid rule.

    By symmetry, the expectation over one of the two components, in its principal axes, of the
    log ratio of the mixture's density and of the two standard normal margins.
    """
    nodes = np.linspace(-8, 8, 801)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    # (x + y)^2/2 and (x - y)^2/2 at the nodes of the component with positive correlation
    plus = (1 + correlation) * nodes[:, None] ** 2
    minus = (1 - correlation) * nodes[None, :] ** 2
    exponents = [
        -plus / (2 * (1 + correlation)) - minus / (2 * (1 - correlation)),
        -plus / (2 * (1 - correlation)) - minus / (2 * (1 + correlation)),
    ]
    log_ratio = np.logaddexp(*exponents) - np.log(2) + (plus + minus) / 2
    mean = weights @ log_ratio @ weights - 0.5 * np.log(1 - correlation**2)
    return float(mean / np.log(2))


@task(n_samples=(2, None), exclusive=(0, None), correlation=(0, 0.999))
def x_mixture(rng, n_samples=1000, exclusive=0, correlation=0.9):
    """An X: the equal mixture of two Gaussian pairs of opposite correlations.

    x has the first coordinate, y the second. Both variables have `exclusive` more features,
    independent and uniform on (-1, 1).

    Truth: `x_mixture_mi_bits(correlation)`, whatever `exclusive` is.
    Source: Gowri et al. 2024 (arXiv:2409.02732), appendix on symmetries.
    """
    x, noise = rng.standard_normal((2, n_samples))
    sign = rng.choice([-1.0, 1.0], n_samples)
    y = sign * (correlation * x + np.sqrt(1 - correlation**2) * noise)
    return finish(*_exclusive(rng, x, y, exclusive), x_mixture_mi_bits(correlation))


@lru_cache
def shared_scale_mi_bits(dims, log_sd, n_points=1201):
    """Return the mutual information of two Gaussian vectors with one random scale, in bits.

    Directions tell nothing, so it is the information between the two log lengths: the log scale
    plus a log chi variable each. Trapezoid rule over log lengths and log scale.
    """
    from scipy.special import gammaln

    if log_sd == 0:
        return 0.0
    # A log chi variable has a long lower tail for few dimensions.
    low, high = np.log(dims) / 2 - 6 / np.sqrt(dims) - 10 / dims, np.log(dims + 60) / 2
    scale = np.linspace(-7, 7, n_points) * log_sd
    length = np.linspace(low + scale[0], high + scale[-1], n_points)
    weights = np.exp(-((scale / log_sd) ** 2) / 2)
    weights /= weights.sum()
    gap = length[:, None] - scale
    log_chi = dims * gap - np.exp(2 * gap) / 2 - (dims / 2 - 1) * np.log(2) - gammaln(dims / 2)
    given_scale = np.exp(log_chi)
    margin = given_scale @ weights
    joint = (given_scale * weights) @ given_scale.T
    ratio = joint / np.maximum(np.multiply.outer(margin, margin), 1e-300)
    step = length[1] - length[0]
    return float(step**2 * np.sum(joint * np.log2(np.where(joint > 0, ratio, 1))))


@task(n_samples=(2, None), dims=(1, 1000), log_sd=(0, 3))
def scale_only(rng, n_samples=2000, dims=10, log_sd=0.5):
    """Two uncorrelated Gaussian noise vectors with one random scale a sample.

    x = s e and y = s f with e, f ~ N(0, 1) of `dims` features, log s ~ N(0, log_sd^2): samples
    with loud x have loud y, and that is all.

    Truth: `shared_scale_mi_bits(dims, log_sd)`.
    """
    scale = np.exp(log_sd * rng.standard_normal((n_samples, 1)))
    x, y = scale * rng.standard_normal((2, n_samples, dims))
    return finish(x, y, shared_scale_mi_bits(dims, log_sd))
