"""Tasks with discrete parts: counts, classes, and mixtures of points and densities."""

from functools import lru_cache

import numpy as np

from lmi.tasks.gaussian import gaussian_pairs, pair_mi_bits, pairs_pointwise_bits
from lmi.tasks.labels import label_mi_bits, label_pointwise_bits, label_table
from lmi.tasks.registry import finish, task


@lru_cache
def zero_inflated_poisson_mi_bits(zeros, n_nodes=400, n_counts=120):
    """Return I(X; Y) in bits for X ~ Exp(1) and Y = 0 with probability `zeros`, else Poisson(X).

    H(Y) - H(Y|X): Y has probabilities zeros + (1 - zeros)/2 at 0 and (1 - zeros) 2^-(k + 1) at k;
    the mean of H(Y|X) over X is taken by Gauss-Legendre quadrature on (0, 60).
    """
    from scipy.special import entr, gammaln

    counts = np.arange(n_counts)
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    rates, weights = 30 * (nodes + 1), 30 * weights * np.exp(-30 * (nodes + 1))
    given_rate = np.exp(counts * np.log(rates[:, None]) - rates[:, None] - gammaln(counts + 1))
    given_rate = (1 - zeros) * given_rate
    given_rate[:, 0] += zeros
    margin = (1 - zeros) * 2.0 ** -(counts + 1.0)
    margin[0] += zeros
    return float((entr(margin).sum() - weights @ entr(given_rate).sum(1)) / np.log(2))


@task(n_samples=(2, None), dims=(1, None), zeros=(0, 0.99))
def zero_inflated_poisson(rng, n_samples=2000, dims=1, zeros=0.15):
    """Counts of Poisson variables, some lost, against their rates.

    Each of `dims` independent pairs is X ~ Exp(1) and Y = 0 with probability `zeros`, else
    Poisson(X): an expression level, and the counts of it with dropout.

    Truth: dims times `zero_inflated_poisson_mi_bits(zeros)`: 0.4346 bits for zeros = 0, which is
    (2 log 2 - gamma - sum_k 2^-k log k) nats. The published value for other shares of zeros,
    (1 - zeros) times that, is the information of Y and of the reason for a zero together, and
    larger than I(X; Y).
    Source: Gao, Kannan, Oh and Viswanath, NeurIPS 2017 (arXiv:1709.06212).
    """
    from scipy.stats import poisson

    x = rng.standard_exponential((n_samples, dims))
    y = rng.poisson(x) * (rng.random((n_samples, dims)) >= zeros)
    given_x = zeros * (y == 0) + (1 - zeros) * poisson.pmf(y, x)
    margin = zeros * (y == 0) + (1 - zeros) * 2.0 ** -(y + 1)
    pointwise = np.log2(given_x / margin).sum(axis=1)
    return finish(x, y, dims * zero_inflated_poisson_mi_bits(zeros), pointwise)


@task(n_samples=(2, None), dims=(1, None), classes=(1, 1000))
def uniform_mixture(rng, n_samples=2000, dims=1, classes=5):
    """A class against a measurement that overlaps with the next class.

    Each of `dims` independent pairs is X uniform on 0...classes - 1, Y uniform on (X, X + 2).

    Truth: dims times log2(classes) - (classes - 1)/classes bits.
    Source: Gao et al., NeurIPS 2017 (arXiv:1709.06212).
    """
    x = rng.integers(classes, size=(n_samples, dims)).astype(float)
    y = x + rng.uniform(0, 2, (n_samples, dims))
    # how many classes could have given y: one at both ends, else two
    possible = 1 + ((y >= 1) & (y < classes))
    pointwise = np.log2(classes / possible).sum(axis=1)
    return finish(x, y, dims * (np.log2(classes) - (classes - 1) / classes), pointwise)


@task(n_samples=(2, None), correlation=(0, 0.999), flip=(0, 0.5))
def point_or_normal(rng, n_samples=2000, correlation=0.9, flip=0.1):
    """Half of the samples are a correlated normal pair, half are a pair of signs.

    The signs -1 and 1 differ with probability `flip`.

    Truth: 1 bit, since x alone (or y alone) shows which half a sample is of, plus half of the
    information of the normal pair and half of that of the signs, 1 - H(flip).
    Source: Gao et al., NeurIPS 2017 (arXiv:1709.06212).
    """
    normal_bits, table = pair_mi_bits(correlation), label_table(2, 2 * flip)
    x, y = gaussian_pairs(rng, n_samples, 1, normal_bits)
    sign = rng.choice([-1.0, 1.0], (n_samples, 1))
    other = np.where(rng.random((n_samples, 1)) < flip, -sign, sign)
    points = rng.random((n_samples, 1)) < 0.5
    truth = 1 + (normal_bits + label_mi_bits(table)) / 2
    signs = [(side[:, 0] > 0).astype(int) for side in (sign, other)]
    of_points = label_pointwise_bits(table, *signs)
    pointwise = 1 + np.where(points[:, 0], of_points, pairs_pointwise_bits(x, y, normal_bits))
    return finish(np.where(points, sign, x), np.where(points, other, y), truth, pointwise)
