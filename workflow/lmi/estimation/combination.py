"""One p value from those of both statistics on both halves of the samples.

The tests are dependent. Each half is tested along the axes that were learned from the other one: if
the halves correlate along an axis by chance with the same sign, both tests see it, and if not,
neither does. Of one axis, each has the sign of the other but not its size; of many axes that all
encoders share, both are one test; of axes that each encoder finds elsewhere they are independent.
The Cauchy combination (Liu & Xie 2020) holds for all of these where p is small. Where it is not,
the combined value is ranked among draws of the same combination without dependence.
"""

import numpy as np
from scipy.special import ndtr

SMALL = 0.02
"""The Cauchy combination is taken as it is up to this."""
N_DRAWS = 2000
LINKED_AXES = 4
"""First axes of each critic that are drawn: with more, two shared critics are one test anyway."""
CUT = 0.95
"""Larger p values count as this: evidence of one test is not outweighed by the lack of another."""


def cauchy(p_values):
    """Combine p values of dependent tests of one hypothesis, along the first axis.

    Exact for independent tests and for identical ones, and close between, but for the cut.
    """
    p = np.clip(p_values, 1e-300, CUT)
    # for small p, tan is 1 / (pi p) to rounding
    scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * (0.5 - p)))
    mean = scores.mean(axis=0)
    small = 1 / (np.pi * np.maximum(mean, 1.0))
    return np.where(mean > 1e8, small, 0.5 - np.arctan(mean) / np.pi)


def links(first, second):
    """Return the correlations of the axes of two encoders, shape (n_axes_first, n_axes_second).

    Parameters
    ----------
    first, second : array, shape (n_samples, n_axes)
        Of one variable, the axes of either encoder's critic.
    """
    sides = []
    for axes in (first, second):
        axes = axes[:, :LINKED_AXES] - axes[:, :LINKED_AXES].mean(axis=0)
        sides.append(axes / np.maximum(np.sqrt((axes**2).sum(axis=0)), 1e-300))
    return sides[0].T @ sides[1]


def p_value(p_values, rng, n_parts, links=None):
    """Return one p value for all tests of a pair.

    Parameters
    ----------
    p_values : sequence of float
        Of the critic, a part each, unless there are no critics; then of KSG, a part each.
    rng : numpy.random.Generator
    n_parts : int
    links : (array, array), optional
        From `links`, for x and for y; without, the tests are drawn as independent ones.
    """
    combined = float(cauchy(p_values))
    if combined <= SMALL or len(p_values) == 1:
        return combined
    drawn = rng.random((len(p_values), N_DRAWS))
    if links is not None and n_parts == 2:
        drawn[:2] = _critics(*links, rng)
    n_smaller = (cauchy(drawn) <= combined).sum()
    # the observed value is one of those that it is ranked among, at a random place among ties
    return float(max((n_smaller + rng.random()) / (N_DRAWS + 1), SMALL))


def _critics(links_x, links_y, rng):
    """Draw p values of both critics without dependence, shape (2, N_DRAWS).

    A critic learned from one half is the matrix of correlations of that half, and its cross term is
    the product with that of the other half. To first order these matrices are normal, and what the
    encoders see of them hangs together as their axes do.
    """
    n_first = len(links_x)
    roots = [_root(link) for link in (links_x, links_y)]
    shape = (2, N_DRAWS, *(len(root) for root in roots))
    first, second = roots[0] @ rng.standard_normal(shape) @ roots[1].T
    z = []
    for own in (slice(None, n_first), slice(n_first, None)):
        a, b = (half[:, own, own].reshape(N_DRAWS, -1) for half in (first, second))
        learned, tested = (a, b) if not z else (b, a)
        z.append((learned * tested).sum(axis=1) / np.sqrt((learned**2).sum(axis=1)))
    return ndtr(-np.array(z))


def _root(link):
    """Return a square root of the correlations of all axes of both encoders."""
    first, second = map(np.eye, link.shape)
    values, vectors = np.linalg.eigh(np.block([[first, link], [link.T, second]]))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # axes of one encoder may be correlated where samples are few; each keeps its variance
    return root / np.sqrt((root**2).sum(axis=1, keepdims=True))
