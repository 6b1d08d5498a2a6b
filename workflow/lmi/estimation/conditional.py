"""From a pair's embedding given other variables to conditional bits, p value and reasons."""

from dataclasses import dataclass, replace

import numpy as np

from lmi.base import reasons, seeds
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.estimation import series

N_NULL = 8
"""Permutations near z on which the conditional estimate is repeated, for their mean."""
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
        Estimate and standard error.
    p_conditional : float
        Of permutations within neighbourhoods of what is given, or its labels; of circular shifts
        for time series. NaN where it was not asked for.
    null_cmi_bits : float
        Mean of the uncorrected estimate on `N_NULL` such permutations.
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
    feigned = float(np.mean(embedding.feigned_bits))
    why = list(result.reasons)
    sd = np.nan_to_num(result.sd_bits)
    if feigned > max(FEIGNED_BITS, FEIGNED_SHARE * abs(result.mi_bits), FEIGNED_SD * sd):
        why.append(reasons.Reason("given_not_learned", {"feigned": feigned}))
    null = np.nan
    if permutations and permutations["max"]:
        null = _null_mean(embedding, own, k, seeds.rng(seed, "null mean", name), threads)
    p_value = result.null.p_value
    if result.mi_bits > MORE_SD * sd > 0 and p_value > LIKELY:
        why.append(reasons.Reason("given_reaches", {"cmi": result.mi_bits, "p": float(p_value)}))
    return Conditional(result.mi_bits, result.sd_bits, p_value, null, tuple(why))


def _null_mean(embedding, samples, k, rng, threads):
    """Return the mean of the estimate with y permuted near z, or shifted in time."""
    zy, values = embedding.zy.copy(), []
    neighbours = evaluation.Neighbours(k, 0)
    times = series.times(embedding, samples)
    for _ in range(N_NULL):
        for t in range(len(zy)):
            rows = estimation._held_out(embedding, t, samples)
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
        for t in range(len(zy)):
            rows = estimation._held_out(embedding, t, samples)
            bits, _, _ = evaluation.evaluate(permuted, t, rows, neighbours, threads, times=times)
            values.append(bits.mean())
    return float(np.mean(values))


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
