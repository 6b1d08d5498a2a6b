"""From a pair's embedding given other variables to conditional bits, p value and reasons.

Samples that are permuted near z keep what x and y each still hold of z, and lose what they share
beyond it. The mean of the estimate over such permutations is taken off where it is above zero, as
for the effective transfer entropy (Marschinski & Kantz, Eur. Phys. J. B 30, 275, 2002).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaincc, stdtr

from lmi.base import reasons, seeds
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.estimation import flags, series
from lmi.ksg import discrete

N_NULL = 8
"""Permutations near z on which the conditional estimate is repeated, for their mean."""
N_TABLES = 999
"""Permutations of one of two labels."""
NULL_SD = 2.0
"""The mean is taken off where it is more than so many standard errors above zero."""
MIN_LABEL = 24
"""Fewest samples of a label that is conditioned on: a dozen in either half."""
FEIGNED_BITS, FEIGNED_SHARE, FEIGNED_SD = 0.02, 0.02, 0.5
"""An estimate is flagged where what is given would have feigned more than all of these: bits, a
share of the estimate, and standard errors. What was found and taken off was a third of the error
that remained with confounders of squares, products and sines (`make bench-conditional`)."""

MORE_SD, LIKELY = 2.0, 0.01
"""A value above zero by so many standard errors, with a larger p value, contradicts itself."""


@dataclass(frozen=True)
class Conditional:
    """Information that a pair shares beyond what is given.

    Attributes
    ----------
    cmi_bits, sd_cmi_bits : float
        Estimate, less what z feigned, and standard error.
    p_conditional : float
        Of permutations within neighbourhoods of what is given, or its labels; of circular shifts
        for time series. NaN where it was not asked for.
    null_cmi_bits : float
        Mean of the estimate on `N_NULL` such permutations, before anything is taken off.
    reasons : tuple of reasons.Reason
    """

    cmi_bits: float = np.nan
    sd_cmi_bits: float = np.nan
    p_conditional: float = np.nan
    null_cmi_bits: float = np.nan
    reasons: tuple = ()


VALUED = ("near_ceiling", "unstable_halves", "rising_thirds")
"""Reasons that name values, which differ between the two estimates: both are told."""
NOT_ASKED = Conditional()


def estimate(embedding, *, k=3, error_bars, permutations, samples, seed, name, threads=1):
    """Estimate the conditional information of one pair embedded given other variables.

    Parameters
    ----------
    embedding : Embedding
        With `given`, `neighbourhood` and `feigned_bits`.
    k, error_bars, permutations, samples, seed, name, threads
        As in `lmi.estimation.estimate.estimate`.

    Returns
    -------
    Conditional
    """
    name = f"{name}/given"
    own = replace(samples, shared=estimation.flags.NOTHING_SHARED)
    result = estimation.estimate(
        embedding,
        k=k,
        error_bars=error_bars,
        permutations=permutations,
        samples=own,
        seed=seed,
        name=name,
        threads=threads,
    )
    rng = seeds.rng(seed, "null mean", name)
    null, error = _null(embedding, own, result.neighbours, rng, threads)
    taken = null if null > NULL_SD * error else 0.0
    mi, sd = result.mi_bits - taken, result.sd_bits
    if taken:
        sd = float(np.hypot(sd, error))
    feigned = float(np.mean(embedding.feigned_bits)) + taken
    why, error_bar = list(result.reasons), np.nan_to_num(sd)
    much = max(FEIGNED_BITS, FEIGNED_SHARE * abs(mi), FEIGNED_SD * error_bar)
    if feigned > much:
        why.append(reasons.Reason("given_not_learned", {"feigned": feigned}))
    remaining = embedding.remaining_bits
    remaining = 0.0 if remaining is None else float(np.mean(remaining))
    if remaining > much:
        why.append(reasons.Reason("given_remains", {"bits": remaining}))
    p_value = result.null.p_value
    if mi > MORE_SD * error_bar > 0 and p_value > LIKELY:
        why.append(reasons.Reason("given_reaches", {"cmi": mi, "p": float(p_value)}))
    return Conditional(mi, sd, p_value, null, tuple(why))


def of_labels(beyond, fold, *, tested, error_bars=True, p_value=None, missing=0.0, most=np.inf):
    """Return the conditional information of a label, by the probabilities of classifiers.

    The test is of what classifiers gain on samples that they have not seen: where there is nothing
    beyond z, features cost more than they tell, and the gain is below zero on average.

    Parameters
    ----------
    beyond : lmi.embedding.beyond.Beyond
    fold : int array, shape (n_samples,)
    tested : bool
        Whether there is to be a p value.
    error_bars : bool
        Whether there is to be a standard error.
    p_value : float, optional
        From `p_of_table`, in place of that of the classifiers.
    missing : float
        Share of missing values.
    most : float
        The most bits that there can be: the entropy of the label.

    Returns
    -------
    Conditional
    """
    bits, every, worth, n = beyond.most, beyond.every, beyond.worth, len(fold)
    mi = min(float(bits.mean()), most)
    sd = float(np.sqrt(worth * bits.var(ddof=1) / n + beyond.unseen**2))
    if p_value is None:
        error = np.sqrt(worth * every.var(ddof=1) / n)
        p_value = 1.0 if not error > 0 else float(stdtr(n / worth - 1, -every.mean() / error))
    p_value = max(p_value, 1e-300) if tested else np.nan
    own = [bits[fold == t] for t in np.unique(fold)]
    why = flags.of_estimate(
        mi=mi,
        mi_ksg=float(every.mean()),
        halves=[float(half.mean()) for half in own],
        variances=np.array([worth * half.var(ddof=1) / len(half) for half in own]),
        drift=float(beyond.many.mean() - beyond.few.mean()),
        n_estimated=n,
        n_tied=0,
        ceiling=np.inf,
        missing=missing,
        converged=True,
    )
    if beyond.goes_on and mi > MORE_SD * sd:
        why.append(reasons.Reason("given_goes_on", {}))
    return Conditional(mi, sd if error_bars else np.nan, p_value, np.nan, tuple(why))


def p_of_table(one, other, given, rng):
    """Return the p value of the dependence of two labels within those that are given.

    The tail of a gamma distribution with the mean and the variance that their information has when
    one of them is permuted within the labels given, which for many samples is that of chi squared.

    Parameters
    ----------
    one, other : int array, shape (n_samples,)
        0, 1, …
    given : int array, shape (n_samples,), or None
    rng : numpy.random.Generator
    """
    given = np.zeros(len(one), int) if given is None else given
    order = np.argsort(given, kind="stable")
    one, other, given = one[order], other[order], given[order]
    with_one, with_other = (given * (side.max() + 1) + side for side in (one, other))
    row = with_one * (other.max() + 1)
    rest = discrete.entropy_bits(with_one) + discrete.entropy_bits(with_other)
    rest -= discrete.entropy_bits(given)

    def bits(labels):
        return max(0.0, rest - discrete.entropy_bits(row + labels))

    # `given` is sorted: a random order, sorted by it, permutes within
    drawn = [bits(other[np.lexsort((rng.random(len(row)), given))]) for _ in range(N_TABLES)]
    mean, variance = np.mean(drawn), np.var(drawn, ddof=1)
    if not variance > 0:
        return 1.0
    return float(gammaincc(mean**2 / variance, bits(other) * mean / variance))


def _null(embedding, samples, neighbours, rng, threads):
    """Return the mean of the estimate with y permuted near z, or shifted in time, and its error."""
    zy, values = embedding.zy.copy(), []
    times = series.times(embedding, samples)
    held_out = [estimation._held_out(embedding, t, samples) for t in range(len(zy))]
    for _ in range(N_NULL):
        for t, rows in enumerate(held_out):
            if samples.time_series:
                order = np.roll(rows, rng.integers(len(rows) // 10, 1 + len(rows) * 9 // 10))
            else:
                # a random order, sorted by neighbourhood alone, against the rows sorted likewise
                near = embedding.neighbourhood[t][rows]
                drawn = rng.permutation(len(rows))
                order = np.empty_like(rows)
                order[np.argsort(near, kind="stable")] = rows[
                    drawn[np.argsort(near[drawn], kind="stable")]
                ]
            zy[t][rows] = embedding.zy[t][order]
        permuted = replace(embedding, zy=zy)
        bits = [
            evaluation.evaluate(permuted, t, rows, neighbours, threads, times=times)[1].mean()
            for t, rows in enumerate(held_out)
        ]
        values.append(np.mean(bits))
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(N_NULL))


def all_reasons(own, beyond):
    """Return the reasons of a pair and those of its conditional value, each once.

    Parameters
    ----------
    own, beyond : sequence of reasons.Reason

    Returns
    -------
    tuple of reasons.Reason
        Those of the conditional value alone say so.
    """
    codes = {reason.code for reason in own}
    more = []
    for reason in beyond:
        if reason.code in codes and reason.code not in VALUED:
            continue
        if not reason.code.startswith("given_"):
            reason = reasons.Reason("conditional", {"message": str(reason)})
        more.append(reason)
    return (*own, *more)
