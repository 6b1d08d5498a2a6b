"""Tasks whose latents are hidden by functions: squares and products, images, deep networks."""

from functools import lru_cache

import numpy as np

from lmi.base.seeds import rng as generator
from lmi.tasks.gaussian import gaussian_pairs, pairs_pointwise_bits
from lmi.tasks.registry import fail, finish, task

N_TRUTH = 400_000
"""Samples of the mean that is the truth of products; its standard error is below .003 bits."""


def _without_sign_bits(u, v, mi_bits):
    """Return the pointwise information of u and v up to a sign each, which all latents share."""
    both = [pairs_pointwise_bits(u, side, mi_bits) for side in (v, -v)]
    return np.logaddexp2(*both) - 1


@lru_cache
def products_mi_bits(latents, mi_bits):
    """Return the information of all products of latents u_i u_j and v_i v_j, in bits."""
    u, v = gaussian_pairs(generator(0, "truth"), N_TRUTH, latents, mi_bits)
    return float(_without_sign_bits(u, v, mi_bits).mean())


@task(n_samples=(2, None), ambient=(1, None), latents=(1, None), mi_bits=(0, 20), noise=(0, None))
def latent_products(rng, n_samples=2000, ambient=100, latents=2, mi_bits=1.5, noise=0.5):
    """Squares and products of Gaussian latents, rotated among many features.

    x are u_i u_j of all latents (i <= j), of unit variance, and normal features of sd `noise`,
    turned by a random rotation; y the same of v. The pairs (u_i, v_i) are correlated, and products
    tell them but for a sign: no feature of x correlates with one of y more than squares do.

    Truth: `products_mi_bits(latents, mi_bits)`: p(u, v) + p(u, -v) over 2 p(u) p(v), from
    `N_TRUTH` other samples.
    """
    n_products = latents * (latents + 1) // 2
    if n_products > ambient:
        fail("latent_products", "latents", f"at most ambient ({ambient}) products", n_products)
    u, v = gaussian_pairs(rng, n_samples, latents, mi_bits)
    i, j = np.triu_indices(latents)
    sides = []
    for z in (u, v):
        products = np.where(i == j, (z[:, i] * z[:, j] - 1) / np.sqrt(2), z[:, i] * z[:, j])
        own = noise * rng.standard_normal((n_samples, ambient - n_products))
        turn, _ = np.linalg.qr(rng.standard_normal((ambient, ambient)))
        sides.append(np.hstack([products, own]) @ turn)
    pointwise = _without_sign_bits(u, v, mi_bits)
    return finish(*sides, products_mi_bits(latents, mi_bits), pointwise)


def _spots(latent, size, width):
    """Return images, shape (n_samples, size^2), of a Gaussian spot whose place two latents give."""
    from scipy.special import ndtr

    pixels = np.arange(size)
    places = size * (0.1 + 0.8 * ndtr(latent))  # row and column of the spot
    rows, columns = (
        np.exp(-((place[:, None] - pixels - 0.5) ** 2) / (2 * (width * size) ** 2))
        for place in places.T
    )
    return (rows[:, :, None] * columns[:, None, :]).reshape(len(latent), -1)


@task(n_samples=(2, None), size=(4, 256), width=(0.05, 1), mi_bits=(0, 20))
def spot_images(rng, n_samples=2000, size=16, width=0.1, mi_bits=2.0):
    """Images of a spot at a random position, without noise.

    Two pairs of latents share `mi_bits` equally. The images of x, `size` x `size` pixels, show a
    Gaussian spot, `width` of the image wide, whose row and column are the normal distribution
    function of the first members; those of y of the second members.

    Truth: `mi_bits`, since the position can be read off the image.
    """
    u, v = gaussian_pairs(rng, n_samples, 2, mi_bits)
    x, y = (_spots(latent, size, width) for latent in (u, v))
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))


ACTIVATIONS = {"leaky_relu": lambda z: np.where(z < 0, 0.2 * z, z), "tanh": np.tanh}


def _network(rng, latent, ambient, layers, activation):
    z = latent
    for _ in range(layers):
        weights = rng.standard_normal((z.shape[1], ambient)) / np.sqrt(z.shape[1])
        z = ACTIVATIONS[activation](z @ weights + 0.5 * rng.standard_normal(ambient))
    return z


@task(
    activation=list(ACTIVATIONS),
    n_samples=(2, None),
    ambient=(1, None),
    latents=(1, None),
    layers=(1, 10),
    mi_bits=(0, 20),
)
def deep_network(
    rng, activation="leaky_relu", n_samples=2000, ambient=100, latents=3, layers=3, mi_bits=2.0
):
    """Outputs of deep random networks of a few latents, without noise.

    x are the outputs of `layers` layers of `ambient` units each, with Gaussian weights and biases
    (variance 1/inputs, and 1/4), of the first members of `latents` correlated pairs; y those of
    another network of the second members.

    Truth: `mi_bits`, shared equally by the pairs: every layer is injective.
    """
    if latents > ambient:
        fail("deep_network", "latents", f"at most ambient ({ambient})", latents)
    u, v = gaussian_pairs(rng, n_samples, latents, mi_bits)
    x, y = (_network(rng, latent, ambient, layers, activation) for latent in (u, v))
    return finish(x, y, mi_bits, pairs_pointwise_bits(u, v, mi_bits))
