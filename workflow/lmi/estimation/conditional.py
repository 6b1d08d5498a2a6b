"""From a pair's embedding given other variables to conditional bits, p value and reasons.

Samples that are permuted near z keep what x and y each still hold of z, and lose what they share
beyond it. The mean of the estimate over such permutations is taken off where it is above zero, as
for the effective transfer entropy (Marschinski & Kantz, Eur. Phys. J. B 30, 275, 2002).
"""

from dataclasses import dataclass, replace

import numpy as np

from lmi.base import reasons, seeds
from lmi.estimation import estimate as estimation
from lmi.estimation import evaluate as evaluation
from lmi.estimation import series

N_NULL = 8
"""Permutations near z on which the conditional estimate is repeated, for their mean."""
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
    null, error = _null(embedding, own, k, rng, threads)
    taken = null if null > NULL_SD * error else 0.0
    mi, sd = result.mi_bits - taken, result.sd_bits
    if taken:
        sd = float(np.hypot(sd, error))
    feigned = float(np.mean(embedding.feigned_bits)) + taken
    why, error_bar = list(result.reasons), np.nan_to_num(sd)
    if feigned > max(FEIGNED_BITS, FEIGNED_SHARE * abs(mi), FEIGNED_SD * error_bar):
        why.append(reasons.Reason("given_not_learned", {"feigned": feigned}))
    p_value = result.null.p_value
    if mi > MORE_SD * error_bar > 0 and p_value > LIKELY:
        why.append(reasons.Reason("given_reaches", {"cmi": mi, "p": float(p_value)}))
    return Conditional(mi, sd, p_value, null, tuple(why))


def _null(embedding, samples, k, rng, threads):
    """Return the mean of the estimate with y permuted near z, or shifted in time, and its error."""
    zy, values = embedding.zy.copy(), []
    times = series.times(embedding, samples)
    held_out = [estimation._held_out(embedding, t, samples) for t in range(len(zy))]
    _, neighbours = evaluation.search(embedding, held_out, k, threads, times)
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
