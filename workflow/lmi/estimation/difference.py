"""Difference of the mutual information of two groups of samples.

Each group is estimated by encoders of its own, as it would be alone: encoders that both share
describe the groups unequally well where they differ in more than their information, such as in a
factor that one of them has alone, and then differ in what they find. As many samples of each group
lose as much by learning.

The test exchanges labels, within strata where there are any, with shared encoders, which need not
be learned anew for each exchange; the strength of the critic's axes is that of a group's training
samples. The difference is divided by the scatter of the pointwise values (Chung & Romano 2013).
Because shared encoders may find a difference that is their own, the p value is at least that of the
groups' own estimates and their errors: a difference counts where both show it.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from lmi.base import reasons, seeds
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.ksg import guided

ENOUGH = 20
"""Exceedances at which the test stops (Besag & Clifford 1991)."""
FIRST = 199
"""Permutations after which a test whose tail is at most `CERTAIN` stops."""
CERTAIN = 1e-6
MOST = 999
"""Exchanges of labels for each of many pairs: beyond, a tail is told by their scatter."""
N_INSIDE = 16
"""Samples drawn inside each side of a box for the statistic that is permuted."""


@dataclass(frozen=True)
class Difference:
    """Mutual information of two groups, and its difference.

    Attributes
    ----------
    estimates : (estimation.Estimate, estimation.Estimate)
        Of each group by encoders of its own.
    delta_bits, sd_bits : float
        The first group's estimate less the second's, and its standard error, times `for_normal`.
    p_value : float
        Two-sided; NaN where it was not asked for or nothing can be exchanged.
    n_permutations : int
    shared_bits : (float, float)
        What the shared encoders find in each group.
    """

    estimates: tuple
    delta_bits: float
    sd_bits: float
    p_value: float
    n_permutations: int
    shared_bits: tuple


def estimate(embedding, own, group, *, strata=None, k=3, n_permutations=999, seed, name, threads=1):
    """Estimate the mutual information of two groups and test its difference.

    Parameters
    ----------
    embedding : Embedding
        Of both groups together; each half of the samples holds half of each group.
    own : (Embedding, Embedding)
        Of each group alone.
    group : int array, shape (n_samples,), values 0 and 1
    strata : int array, shape (n_samples,), optional
        Labels are exchanged within them.
    k, n_permutations : int
    seed, name
        As in `lmi.estimation.estimate.estimate`.
    threads : int

    Returns
    -------
    Difference
    """
    options = {"k": k, "seed": seed, "threads": threads}
    estimates = tuple(
        estimation.estimate(one, name=f"{name}/group {code}", **options)
        for code, one in enumerate(own)
    )
    shared = tuple(
        estimation.estimate(of_group(embedding, group == code), error_bars=False, **options).mi_bits
        for code in (0, 1)
    )
    delta = estimates[0].mi_bits - estimates[1].mi_bits
    sd = float(np.hypot(estimates[0].sd_bits, estimates[1].sd_bits))
    n_parts = min(one.n_parts for one in estimates)
    p_value, drawn = np.nan, 0
    if n_permutations:
        rng = seeds.rng(seed, "difference", name)
        p_value, drawn = _test(embedding, group, strata, k, n_permutations, rng, threads)
        p_value = float(np.maximum(p_value, p_of_errors(delta, sd, n_parts)))
    sd *= for_normal(n_parts)
    return Difference(estimates, float(delta), sd, p_value, drawn, shared)


def for_normal(n_parts):
    """Return what to multiply a standard error by that so many parts tell of four halves.

    It is known from few parts: 95 % intervals are those of Student's t. Multiplied, they are 1.96
    standard errors wide either way, as those of a normal variable.

    Parameters
    ----------
    n_parts : int
    """
    return float(stdtrit(degrees(n_parts), 0.975) / ndtri(0.975)) if n_parts > 1 else 1.0


def degrees(n_parts):
    """Return the degrees of freedom of a difference of two estimates, of two halves each."""
    return 4 * (n_parts - 1)


def p_of_errors(delta, sd, n_parts):
    """Return the two-sided p value of a difference of two estimates with error bars.

    By Student's t: the variance of each of the four halves comes from so many parts. NaN without
    error bars.

    Parameters
    ----------
    delta, sd : float
    n_parts : int
        The fewer of the two estimates.
    """
    if not sd > 0:
        return np.nan
    return float(max(2 * stdtr(degrees(n_parts), -abs(delta) / sd), 1e-300))


def of_group(embedding, rows):
    """Return the embedding of some samples, the critic's strength that of their training samples.

    Parameters
    ----------
    embedding : Embedding
    rows : bool array, shape (n_samples,)
    """
    s = embedding.s.copy()
    for t in range(len(s)):
        training = embedding.fold == t
        n_axes = int(embedding.rank[t])
        if not n_axes:
            continue
        both = _correlations(embedding, t, training, n_axes)
        own = _correlations(embedding, t, training & rows, n_axes)
        # the share of the training samples' correlation that others show is that of both groups
        share = np.clip(s[t, :n_axes] / np.maximum(both, 1e-6), 0.0, 1.0)
        s[t, :n_axes] = np.clip(share * own, -0.9995, 0.9995)
    return replace(
        embedding,
        zx=embedding.zx[:, rows],
        zy=embedding.zy[:, rows],
        fold=embedding.fold[rows],
        s=s,
        mixture=None,  # of all samples, whatever a group's correlations are
        weak_bits=None,
    )


def _correlations(embedding, t, rows, n_axes):
    """Return the correlation of the first axes of x and y on some samples."""
    bound = guided.CRITIC_BOUND_SD
    a, b = (
        np.clip(z[t][rows, :n_axes].astype(float), -bound, bound)
        for z in (embedding.zx, embedding.zy)
    )
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return (a * b).mean(axis=0) / np.maximum(a.std(axis=0) * b.std(axis=0), 1e-12)


def _statistic(embedding, group, neighbours, threads):
    """Return the difference over its scatter, with few samples drawn inside the boxes."""
    means, variances = [], []
    for code in (0, 1):
        own = of_group(embedding, group == code)
        bits = []
        for t in range(len(own.zx)):
            rows = np.flatnonzero(own.fold == 1 - t)
            bits.append(
                evaluation.evaluate(own, t, rows, neighbours, threads, n_inside=N_INSIDE)[1]
            )
        bits = np.concatenate(bits)
        means.append(bits.mean())
        variances.append(bits.var() / len(bits))
    return (means[0] - means[1]) / np.sqrt(sum(variances) + 1e-300)


def _test(embedding, group, strata, k, most, rng, threads):
    """Return the p value of the exchange of labels and the permutations drawn."""
    fold = embedding.fold.astype(int)
    cells = fold if strata is None else strata * 2 + fold
    cells = [np.flatnonzero(cells == cell) for cell in np.unique(cells)]
    cells = [cell for cell in cells if 0 < group[cell].sum() < len(cell)]
    if not cells:
        return np.nan, 0
    held_out = [np.flatnonzero(embedding.fold == 1 - t) for t in range(len(embedding.zx))]
    _, neighbours = evaluation.search(embedding, held_out, k, threads)
    observed = abs(_statistic(embedding, group, neighbours, threads))
    drawn, n_larger, tail = [], 0, 1.0
    while len(drawn) < most and n_larger < ENOUGH:
        exchanged = group.copy()
        for cell in cells:
            exchanged[cell] = rng.permutation(group[cell])
        drawn.append(_statistic(embedding, exchanged, neighbours, threads))
        n_larger += abs(drawn[-1]) >= observed
        if len(drawn) == FIRST and not n_larger and _tail(drawn, observed) <= CERTAIN:
            break
    if n_larger == ENOUGH:
        return ENOUGH / len(drawn), len(drawn)
    counted = (1 + n_larger) / (1 + len(drawn))
    if not n_larger and len(drawn) >= FIRST:
        tail = _tail(drawn, observed)
    return float(min(counted, tail)), len(drawn)


def _tail(drawn, observed):
    """Return the two-sided p value by the scatter of the permutations drawn."""
    n, sd = len(drawn), np.sqrt(np.mean(np.square(drawn)))
    return float(max(2 * stdtr(n - 1, -observed / (sd * np.sqrt(1 + 1 / n))), 1e-300))


def differs_in_shape(result, threshold_bits=0.1, threshold_sd=3.0):
    """Return the reason that a group's own encoder finds more than the shared one, in a list.

    Parameters
    ----------
    result : Difference
    threshold_bits, threshold_sd : float
        It must find more by both: bits, and standard errors.
    """
    for one, shared in zip(result.estimates, result.shared_bits, strict=True):
        if one.mi_bits - shared > max(threshold_bits, threshold_sd * one.sd_bits):
            first, second = result.shared_bits
            return [reasons.Reason("groups_differ_in_shape", {"first": first, "second": second})]
    return []
