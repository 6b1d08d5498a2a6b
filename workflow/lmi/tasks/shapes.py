"""Tasks with dependence but no correlation; their truth is computed by quadrature."""

from functools import lru_cache

import numpy as np

from lmi.tasks.gaussian import pair_mi_bits, pairs_pointwise_bits
from lmi.tasks.registry import finish, task


def exclusive_features(rng, x, y, exclusive):
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
    joint, margins = _noisy_circle_densities(points[:, None], points, noise)
    inside = joint > 0
    return float(4 * cell * np.sum(joint[inside] * np.log2(joint[inside] / margins[inside])))


def _noisy_circle_densities(x, y, noise):
    """Return p(x, y) and p(x) p(y) of the noisy circle, for x, y >= 0 that broadcast."""
    near, far = np.arccos(np.clip([x + noise, x - noise], -1, 1))
    low, high = np.arcsin(np.clip([y - noise, y + noise], -1, 1))
    # Angles with a cosine near x: [near, far] and its mirror image; with a sine near y:
    # [low, high] and its mirror image. All four intersections count.
    arc = (
        _overlap(near, far, low, high)
        + _overlap(near, far, np.pi - high, np.pi - low)
        + _overlap(-far, -near, low, high)
        + _overlap(2 * np.pi - far, 2 * np.pi - near, np.pi - high, np.pi - low)
    )
    margins = (far - near) * (high - low) / (2 * np.pi * noise) ** 2
    return arc / (2 * np.pi * 4 * noise**2), margins


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
    joint, margins = _noisy_circle_densities(np.abs(x), np.abs(y), noise)
    sides = exclusive_features(rng, x, y, exclusive)
    return finish(*sides, noisy_circle_mi_bits(noise), np.log2(joint / margins))


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
    mi_bits = pair_mi_bits(correlation)
    arms = [pairs_pointwise_bits(x[:, None], side[:, None], mi_bits) for side in (y, -y)]
    pointwise = np.logaddexp2(*arms) - 1
    sides = exclusive_features(rng, x, y, exclusive)
    return finish(*sides, x_mixture_mi_bits(correlation), pointwise)


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
    pointwise = _shared_scale_pointwise_bits(x, y, log_sd)
    return finish(x, y, shared_scale_mi_bits(dims, log_sd), pointwise)


def _shared_scale_pointwise_bits(x, y, log_sd, n_points=2401):
    """Return the pointwise mutual information of `scale_only`, by the trapezoid rule."""
    from scipy.special import logsumexp

    scores = np.linspace(-8, 8, n_points)
    weights = np.exp(-(scores**2) / 2)
    weights /= weights.sum()
    log_scale = log_sd * scores

    def log_density(squares, dims):
        """Return the log density of samples of these squared lengths, up to a constant."""
        parts = []
        for part in np.array_split(squares, 1 + len(squares) // 1000):  # bounds the memory
            given_scale = -dims * log_scale - part[:, None] * np.exp(-2 * log_scale) / 2
            parts.append(logsumexp(given_scale, b=weights, axis=1))
        return np.concatenate(parts)

    (of_x, of_y), dims = ((side**2).sum(axis=1) for side in (x, y)), x.shape[1]
    nats = log_density(of_x + of_y, 2 * dims) - log_density(of_x, dims) - log_density(of_y, dims)
    return nats / np.log(2)
