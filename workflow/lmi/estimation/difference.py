"""Difference of the mutual information of two groups of samples, by encoders that they share.

Each group is estimated by itself with the shared encoders; the strength of the critic's axes is
that of the group's training samples. Under the null the two groups' samples are exchangeable: the
labels are permuted, within strata where there are any, and the difference is divided by the scatter
of the pointwise values, so that groups that differ in more than their mutual information do not
mislead the test (Chung & Romano 2013).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from lmi.base import reasons, seeds
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.ksg import guided

ENOUGH = 20
"""Exceedances at which the test stops (Besag & Clifford 1991)."""
FIRST = 199
"""Permutations after which a test whose tail is at most `CERTAIN` stops."""
CERTAIN = 1e-6
N_INSIDE = 16
"""Samples drawn inside each side of a box for the statistic that is permuted."""


@dataclass(frozen=True)
class Difference:
    """Mutual information of two groups, and its difference.

    Attributes
    ----------
    estimates : (estimation.Estimate, estimation.Estimate)
    delta_bits, sd_bits : float
        The first group's estimate less the second's, and its standard error.
    p_value : float
        Two-sided; NaN where it was not asked for or nothing can be exchanged.
    n_permutations : int
    """

    estimates: tuple
    delta_bits: float
    sd_bits: float
    p_value: float
    n_permutations: int


def estimate(
    embedding, group, *, strata=None, k=3, n_permutations=999, samples, seed, name, threads=1
):
    """Estimate the mutual information of two groups and test its difference.

    Parameters
    ----------
    embedding : Embedding
        Of both groups together; each half of the samples holds half of each group.
    group : int array, shape (n_samples,), values 0 and 1
    strata : int array, shape (n_samples,), optional
        Labels are exchanged within them.
    k, n_permutations : int
    samples : estimation.Samples
    seed, name
        As in `lmi.estimation.estimate.estimate`.
    threads : int

    Returns
    -------
    Difference
    """
    estimates = tuple(
        estimation.estimate(
            of_group(embedding, group == code),
            k=k,
            samples=samples,
            seed=seed,
            name=f"{name}/group {code}",
            threads=threads,
        )
        for code in (0, 1)
    )
    delta = estimates[0].mi_bits - estimates[1].mi_bits
    sd = float(np.hypot(estimates[0].sd_bits, estimates[1].sd_bits))
    p_value, drawn = np.nan, 0
    if n_permutations:
        rng = seeds.rng(seed, "difference", name)
        p_value, drawn = _test(embedding, group, strata, k, n_permutations, rng, threads)
    return Difference(estimates, float(delta), sd, p_value, drawn)


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
    return float(max(2 * student.sf(observed / (sd * np.sqrt(1 + 1 / n)), n - 1), 1e-300))


def differs_in_shape(own_bits, shared, threshold_bits=0.1, threshold_sd=3.0):
    """Return the reason that a group's own encoder finds more than the shared one, in a list.

    Parameters
    ----------
    own_bits : sequence of float
        `mi_bits` of each group by an encoder of its own.
    shared : sequence of estimation.Estimate
        Of each group by the shared encoder.
    threshold_bits, threshold_sd : float
        It must find more by both: bits, and standard errors.
    """
    gains = [own - one.mi_bits for own, one in zip(own_bits, shared, strict=True)]
    limits = [max(threshold_bits, threshold_sd * one.sd_bits) for one in shared]
    if all(gain <= limit for gain, limit in zip(gains, limits, strict=True)):
        return []
    first, second = map(float, own_bits)
    return [reasons.Reason("groups_differ_in_shape", {"first": first, "second": second})]
