"""From a pair's embedding to bits: held-out estimates, the critic's cost, error bars, flags."""

from dataclasses import dataclass

import numpy as np

from lmi import guided, ksg, seeds

PARTS = (3, 6, 10)
MIN_PART = 25
INSIDE_PARTS = 16
MIN_SAMPLES = 100


@dataclass(frozen=True)
class Estimate:
    """Mutual information of a pair.

    Attributes
    ----------
    pointwise_bits : array, shape (n_samples,)
        Mean `mi_bits`; NaN for samples that are not estimated (preset `paper`).
    mi_bits : float
        The headline: critic-guided, corrected as far as held-out samples allow.
    mi_ksg_bits : float
        KSG on the same embedding, uncorrected.
    sd_bits, sd_ksg_bits : float
        Standard errors by disjoint subsampling; NaN where not asked for or too few samples.
    flag, reason : str
        ok, warn or fail, and why.
    """

    pointwise_bits: np.ndarray
    mi_bits: float
    mi_ksg_bits: float
    sd_bits: float
    sd_ksg_bits: float
    flag: str
    reason: str


def estimate(embedding, *, k=3, error_bars=True, seed=0, name="", threads=1):
    """Estimate the mutual information of one embedded pair.

    Each encoder is evaluated on the fold that it was not trained on. A critic fitted to n_train
    samples loses about n_parameters / (2 n_train) nats on new samples and gains as much on its own
    (Akaike 1974): half the measured difference between the two is added back, at most that much.

    Parameters
    ----------
    embedding : embed.Embedding
    k : int
        Neighbours.
    error_bars : bool
    seed, name
        Seed of the disjoint parts: the run's, and the pair's names.
    threads : int

    Returns
    -------
    Estimate
    """
    fold = embedding.fold
    pointwise, pointwise_ksg = np.full((2, len(fold)), np.nan)
    gaps, costs, variances, tied = [], [], [], 0
    for t in range(len(embedding.zx)):
        out = fold != t
        bits, corrected, n_tied = _evaluate(embedding, t, out, k, threads)
        pointwise_ksg[out], pointwise[out] = bits, corrected
        tied += n_tied
        if embedding.rank[t] and embedding.temperature[t]:
            _, inside, _ = _evaluate(embedding, t, fold == t, k, threads)
            gaps.append((inside.mean() - corrected.mean()) / 2)
            cost = embedding.n_parameters[t] / (2 * (fold == t).sum()) / np.log(2)
            costs.append(cost)
        else:
            gaps.append(0.0)
            costs.append(0.0)
        if error_bars:
            rng = seeds.rng(seed, "parts", name, t)
            variances.append(_variance(embedding, t, np.flatnonzero(out), k, rng, threads))
    n_estimated = int(np.isfinite(pointwise).sum())
    pointwise = pointwise + np.clip(np.mean(gaps), 0.0, np.mean(costs))
    sd_ksg, sd = np.nan, np.nan
    if error_bars:
        # the estimate is the mean of the encoders' estimates, on disjoint samples
        sd_ksg, sd = np.sqrt(np.mean(variances, axis=0) / len(variances))
    mi_ksg = float(np.nanmean(pointwise_ksg))
    flag, reason = _flag(mi_ksg, n_estimated, len(embedding.zx), k, tied, embedding.converged)
    return Estimate(
        pointwise, float(np.nanmean(pointwise)), mi_ksg, float(sd), float(sd_ksg), flag, reason
    )


def _evaluate(embedding, t, rows, k, threads, n_inside=guided.N_INSIDE):
    bits, correction, tied = guided.evaluate(
        embedding.zx[t][rows].astype(np.float64),
        embedding.zy[t][rows].astype(np.float64),
        embedding.s[t],
        int(embedding.rank[t]) if embedding.temperature[t] else 0,
        embedding.weight[t],
        k=k,
        n_inside=n_inside,
        threads=threads,
    )
    return bits, bits + correction[embedding.temperature[t]], tied


def _variance(embedding, t, rows, k, rng, threads):
    """Return the variances of the KSG and of the corrected estimate on `rows`, bits^2.

    After Holmes & Nemenman 2019: the variance s_n^2 of the estimates on n disjoint parts, scaled
    to the whole by 1/n, averaged over several n with weights n - 1.
    """
    total, weight = np.zeros(2), 0
    for n_parts in PARTS:
        if len(rows) // n_parts < max(MIN_PART, 2 * k + 2):
            continue
        order = rng.permutation(len(rows))
        values = []
        for part in np.array_split(order, n_parts):
            bits, corrected, _ = _evaluate(embedding, t, rows[part], k, threads, INSIDE_PARTS)
            values.append((bits.mean(), corrected.mean()))
        total += (n_parts - 1) / n_parts * np.var(values, axis=0, ddof=1)
        weight += n_parts - 1
    return total / weight if weight else np.full(2, np.nan)


def _flag(mi_ksg, n_estimated, n_encoders, k, tied, converged):
    ceiling = ksg.ceiling_bits(n_estimated // n_encoders, k)
    if not np.isfinite(mi_ksg):
        return "fail", "the estimate is not a finite number"
    if not converged:
        return "warn", "training not converged: raise max_steps, or max_epochs of the preset paper"
    if n_estimated < MIN_SAMPLES:
        return "warn", f"few samples: {n_estimated}, fewer than {MIN_SAMPLES}"
    if mi_ksg > 0.8 * ceiling:
        return "warn", f"near the ceiling of {ceiling:.1f} bits for this number of samples"
    if tied > 0.5 * n_estimated:
        share = 100 * tied / n_estimated
        return "warn", f"{share:.0f} % of the samples are duplicates: few distinct values"
    return "ok", ""
