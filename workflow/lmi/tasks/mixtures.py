"""Tasks whose joint density is a mixture of Gaussian ones: waves, galaxies, outliers."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lmi.base.seeds import rng as generator
from lmi.tasks.gaussian import pair_correlation
from lmi.tasks.registry import finish, task
from lmi.tasks.shapes import exclusive_features

N_TRUTH = 200_000
"""Samples of the mean that is a mixture's truth; its standard error is about .003 bits."""


class Mixture(NamedTuple):
    """A mixture of Gaussian densities of (x, y).

    Attributes
    ----------
    shares : array, shape (n_components,)
    means : array, shape (n_components, dims)
    covariances : array, shape (n_components, dims, dims)
    dim_x : int
        The first of the `dims` variables that make up x.
    """

    shares: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    dim_x: int


def draw(rng, mixture, n_samples):
    """Return samples of (x, y), shape (n_samples, dims)."""
    component = rng.choice(len(mixture.shares), n_samples, p=mixture.shares)
    roots = np.linalg.cholesky(mixture.covariances)
    noise = rng.standard_normal((n_samples, mixture.means.shape[1]))
    return mixture.means[component] + np.einsum("nij,nj->ni", roots[component], noise)


def pointwise_bits(mixture, samples):
    """Return the pointwise mutual information of samples, log2 p(x, y) / (p(x) p(y))."""
    x, y = slice(mixture.dim_x), slice(mixture.dim_x, None)
    joint, of_x, of_y = (_log_density(mixture, samples, part) for part in (slice(None), x, y))
    return (joint - of_x - of_y) / np.log(2)


def _log_density(mixture, samples, part):
    from scipy.special import logsumexp
    from scipy.stats import multivariate_normal

    logs = [
        multivariate_normal(mean[part], covariance[part, part]).logpdf(samples[:, part])
        for mean, covariance in zip(mixture.means, mixture.covariances, strict=True)
    ]
    return logsumexp(np.stack(logs), axis=0, b=mixture.shares[:, None])


def waves_mixture():
    """Return 12 balls on a zigzag: y says which of four heights, x which of the twelve."""
    place = np.arange(12)
    means = 1.5 * np.stack([place, 0 * place, place % 4], axis=1)
    covariances = np.tile(np.diag([0.1, 1.0, 0.1]), (12, 1, 1))
    return Mixture(np.full(12, 1 / 12), means, covariances, 2)


def galaxy_mixture():
    """Return two balls on the diagonal of a cube."""
    means = np.array([[-1.5] * 3, [1.5] * 3])
    return Mixture(np.full(2, 0.5), means, np.tile(np.eye(3), (2, 1, 1)), 2)


def concentric_mixture():
    """Return five balls around the origin, of sd 0.2 to 3.2: a shared scale of five values."""
    covariances = np.eye(4) * np.array([0.2, 0.4, 0.8, 1.6, 3.2])[:, None, None] ** 2
    return Mixture(np.full(5, 0.2), np.zeros((5, 4)), covariances, 2)


def _correlated(n_pairs, correlation):
    block = np.eye(2 * n_pairs)
    first, second = np.arange(n_pairs), np.arange(n_pairs) + n_pairs
    block[first, second] = block[second, first] = correlation
    return block


def contaminated_mixture(n_pairs, mi_bits, share, spread):
    """Return Gaussian pairs of `mi_bits`, of which a share are strangers, `spread` times as far."""
    whole = _correlated(n_pairs, pair_correlation(mi_bits / n_pairs))
    covariances = np.stack([whole, spread**2 * np.eye(2 * n_pairs)])
    return Mixture(np.array([1 - share, share]), np.zeros((2, 2 * n_pairs)), covariances, n_pairs)


SHAPES = {
    "waves": waves_mixture,
    "galaxy": galaxy_mixture,
    "concentric": concentric_mixture,
}


@lru_cache
def _truth_bits(make, *numbers):
    mixture = make(*numbers)
    return float(pointwise_bits(mixture, draw(generator(0, "truth"), mixture, N_TRUTH)).mean())


def _waved(x):
    """Return x bent to waves: the first feature is moved by the sine of the second."""
    return np.stack([0.1 * (x[:, 0] + 5 * np.sin(3 * x[:, 1])) - 0.8, 0.5 * x[:, 1]], axis=1)


def _spiralled(x):
    angle = 0.5 * (x**2).sum(axis=1)
    turned = [np.cos(angle) * x[:, 0] - np.sin(angle) * x[:, 1]]
    turned.append(np.sin(angle) * x[:, 0] + np.cos(angle) * x[:, 1])
    return 0.3 * np.stack(turned, axis=1)


_BENT = {"waves": _waved, "galaxy": _spiralled, "concentric": lambda x: x}


@task(shape=list(SHAPES), n_samples=(2, None), exclusive=(0, None))
def gaussian_mixture(rng, shape="waves", n_samples=2000, exclusive=0):
    """Mixtures of Gaussian balls, bent where the shape says so.

    waves: 12 balls along a line, at four heights in turn; x are two features of which a sine moves
    one by the other, y is the height. galaxy: two balls; x are two features, turned by half their
    squared length, y is one. concentric: five balls of other widths around the origin; x and y have
    two features each. Both variables have `exclusive` more features, independent and uniform on
    (-1, 1).

    Truth: the mean of the pointwise information of `N_TRUTH` other samples of the mixture, which
    bending x does not change.
    Source: waves and galaxy of Czyz et al. 2023 (arXiv:2310.10240), with their numbers.
    """
    mixture = SHAPES[shape]()
    samples = draw(rng, mixture, n_samples)
    pointwise = pointwise_bits(mixture, samples)
    x, y = _BENT[shape](samples[:, : mixture.dim_x]), samples[:, mixture.dim_x :]
    x, y = exclusive_features(rng, x, y, exclusive)
    return finish(x, y, _truth_bits(SHAPES[shape]), pointwise)


@task(
    n_samples=(2, None),
    n_pairs=(1, None),
    mi_bits=(0, 20),
    share=(0, 0.99),
    spread=(0.1, 10),
    exclusive=(0, None),
)
def contaminated_pairs(
    rng, n_samples=2000, n_pairs=2, mi_bits=2.0, share=0.1, spread=2.0, exclusive=0
):
    """Gaussian pairs of which a share of samples are strangers to each other.

    `n_pairs` pairs share `mi_bits` equally; in a `share` of the samples x and y are independent, of
    sd `spread`. With a large share and spread 1 these are the inliers: signal in noise. Both
    variables have `exclusive` more features, independent and uniform on (-1, 1).

    Truth: the mean of the pointwise information of `N_TRUTH` other samples of the mixture.
    Source: inliers after Czyz et al. 2023 (arXiv:2310.10240).
    """
    numbers = n_pairs, mi_bits, share, spread
    mixture = contaminated_mixture(*numbers)
    samples = draw(rng, mixture, n_samples)
    pointwise = pointwise_bits(mixture, samples)
    x, y = exclusive_features(rng, samples[:, :n_pairs], samples[:, n_pairs:], exclusive)
    return finish(x, y, _truth_bits(contaminated_mixture, *numbers), pointwise)
