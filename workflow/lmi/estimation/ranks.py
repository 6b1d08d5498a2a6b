"""The test of two single features whose samples are exchangeable: no permutations are drawn.

Given the order of the samples in x and in y, ties broken at random, all pairings of the two orders
are equally likely where x and y are independent. Every statistic of the orders alone then has one
null distribution for a number of samples, whatever the variables, which can be tabulated once.
Three statistics are combined:

- the correlation of normal scores, which sees monotone dependence;
- the squared correlations of the first three cosines of the ranks of x with those of y, which see
  smooth dependence of other shapes: circles, crosses, a shared scale;
- KSG with `K` neighbours on the normal scores, which sees the rest.
"""

import functools

import numpy as np
from scipy.special import gammaincc, ndtri, stdtr

from lmi.estimation.null import Null
from lmi.ksg import flat
from lmi.ksg import kernel as ksg

K = 12
"""Neighbours of KSG."""
N_COSINES = 3
SMALLEST = 1e-300
LARGEST = 0.99
"""Bound of the p values that are combined: one that is nearly 1 says nothing against the others."""
LEAST = 8 * K
"""Fewest samples of the test."""
UNIFORM = np.array(
    [
        # combined p value, share of pairings that have a smaller one
        (0.0, 0.0),
        (0.01, 0.01),
        (0.0472, 0.05),
        (0.0955, 0.1),
        (0.1925, 0.2),
        (0.2953, 0.3),
        (0.4035, 0.4),
        (0.511, 0.5),
        (0.6175, 0.6),
        (0.72, 0.7),
        (0.8165, 0.8),
        (0.9092, 0.9),
        (0.955, 0.95),
        (0.9638, 0.96),
        (0.9692, 0.97),
        (0.9715, 0.98),
        (0.974, 0.99),
        (0.977, 0.995),
        (LARGEST, 1.0),
    ]
).T


@functools.lru_cache(maxsize=16)
def _grid(n):
    """Return the normal scores of n ranks, and the cosines, shape (N_COSINES, n)."""
    u = (np.arange(n) + 0.5) / n
    scores = ndtri(u)
    cosines = np.sqrt(2) * np.cos(np.pi * np.arange(1, N_COSINES + 1)[:, None] * u)
    return scores / scores.std(), cosines


def test(rank, least=0.0):
    """Test the independence of two orders.

    Parameters
    ----------
    rank : int array, shape (n,)
        Rank in y, 0 ... n - 1, of the samples in the order of x; at least `LEAST` of them.
    least : float
        No p value is smaller.

    Returns
    -------
    null.Null
        With the moments of KSG, and no permutations.
    """
    n = len(rank)
    scores, cosines = _grid(n)
    r = float(scores @ scores[rank]) / n
    p_scores = of_correlation(r, n)
    squares = n * ((cosines @ cosines[:, rank].T / n) ** 2).sum()
    p_cosines = gammaincc(N_COSINES**2 / 2, squares / 2)
    pairing = flat.Pairing(np.arange(n), scores, scores[rank], scores, rank)
    neighbours_of = flat.search(pairing, [K])
    observed = float(ksg.bits(neighbours_of.n_x, neighbours_of.n_y, K).mean())
    mean, sd, skew = moments(n)
    p_ksg = pearson_tail(float((observed - mean) / sd), skew)
    p = float(np.interp(combined([p_scores, p_cosines, p_ksg]), *UNIFORM))
    return Null(max(p, least, SMALLEST), 0, mean, sd, "moments")


def of_correlation(r, n):
    """Return the p value, of both sides, of a correlation of n normal numbers."""
    t = r * np.sqrt((n - 2) / max(1 - r**2, 1e-15))
    return 2 * stdtr(n - 2, -abs(t))


def moments(n):
    """Return mean, standard deviation and skewness of KSG over all pairings of n samples, bits.

    Fitted to random pairings of 100 to 2,000 samples, 200,000 of them at 300. The skewness is that
    of the Pearson III curve with the tail of these.
    """
    root = np.sqrt(n)
    return 0.06 / n, float((0.531 - 2.345 / n**0.563) / root), float(6.4 / root)


def pearson_tail(z, skew):
    """Return the upper tail of a standardised Pearson III curve of positive skewness."""
    shape = 4 / skew**2
    return float(gammaincc(shape, max(shape + z * np.sqrt(shape), 0.0)))


def combined(p_values):
    """Return the Cauchy combination of p values (Liu & Xie 2020)."""
    p = np.clip(p_values, SMALLEST, LARGEST)
    # for small p, tan is 1 / (pi p) to rounding
    score = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * (0.5 - p))).mean()
    return float(1 / (np.pi * score) if score > 1e8 else 0.5 - np.arctan(score) / np.pi)
