"""From a pair's embedding to bits: estimate, error bars, null, strata, checks, flag."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lmi.base import reasons, seeds
from lmi.estimation import flags, null
from lmi.ksg import guided
from lmi.ksg import kernel as ksg

PARTS = (3, 6, 10)
MIN_PART = 25
INSIDE_PARTS = 16
MIN_STRATUM = 50
"""Fewest held-out samples of a stratum in each half."""
NULL_BOUND_SD = 3.0
"""Standard deviations to which coordinates are cut where the null multiplies them, so that no
outlier decides a p value. Tighter than `CRITIC_BOUND_SD` of `lmi.ksg.guided`: a cut that bites
costs an estimate bits, and a test only power."""
MANY = 4
"""Times k: neighbours in the boxes of a trusted critic, and with which KSG is asked whether there
is anything, and whether it rises."""
NEIGHBOURS = (2, 4, 8)
"""Times k: neighbours that an estimate without a critic may take instead."""
SAME_BITS = 0.02
"""An estimate with more neighbours is the same where it differs by less."""
CROWDED_SD = 3.5
"""KSG rises with k where it does so by more standard errors."""


class Neighbours(NamedTuple):
    """Numbers of neighbours: of KSG, and of the boxes that a trusted critic corrects, 0 without.

    `lone`: samples alone between clusters take their nearest neighbour alone.
    """

    k: int
    k_guided: int
    lone: bool = False


@dataclass(frozen=True)
class Samples:
    """What is known of a dataset's samples.

    Attributes
    ----------
    time_series : bool
        Consecutive samples depend on each other.
    overlap : int
        Samples that share data with the sample before them: windows that overlap.
    strata : int array, shape (n_samples,), or None
        Stratum of each sample: batch, cell type.
    strata_names : list of str
    missing : float
        Largest share of missing values, imputed or dropped, of the two variables.
    shared : flags.Shared
        Features that the two variables share.
    """

    time_series: bool = False
    overlap: int = 0
    strata: np.ndarray | None = None
    strata_names: list = field(default_factory=list)
    missing: float = 0.0
    shared: flags.Shared = flags.NOTHING_SHARED


@dataclass(frozen=True)
class Estimate:
    """Mutual information of a pair.

    Attributes
    ----------
    pointwise_bits : array, shape (n_samples,)
        Mean `mi_bits`; NaN for samples that are not estimated (the training samples of the preset
        paper; time series: near the training samples).
    mi_bits : float
        The headline: critic-guided, corrected as far as held-out samples allow.
    mi_ksg_bits : float
        KSG on the same embedding, uncorrected.
    sd_bits, sd_ksg_bits : float
        Standard errors by disjoint subsampling; NaN where not asked for or too few samples.
    drift_bits : float
        What all samples give more than a third of them; NaN without error bars.
    mi_within_bits, sd_within_bits : float
        Mean of KSG within strata, weighted by their samples: compare with `mi_ksg_bits`.
    within_strata : str
        Each stratum's estimate.
    null : null.Null
    reasons : tuple of reasons.Reason
        What is wrong with it.
    """

    pointwise_bits: np.ndarray
    mi_bits: float
    mi_ksg_bits: float
    sd_bits: float
    sd_ksg_bits: float
    drift_bits: float
    mi_within_bits: float
    sd_within_bits: float
    within_strata: str
    null: null.Null
    reasons: tuple

    @property
    def flag(self):
        """One of ok, warn or fail."""
        return reasons.flag(self.reasons)

    @property
    def reason(self):
        """Why the flag is not ok, in words."""
        return reasons.sentence(self.reasons)


def estimate(
    embedding,
    *,
    k=3,
    error_bars=True,
    permutations=None,
    samples=None,
    checked=None,
    seed=0,
    name="",
    threads=1,
):
    """Estimate the mutual information of one embedded pair.

    Each encoder is evaluated on the fold that it was not trained on. A critic fitted to n_train
    samples loses about n_parameters / (2 n_train) nats on new samples and gains as much on its own
    (Akaike 1974): half the measured difference between the two is added back, at most that much.

    Parameters
    ----------
    embedding : embed.Embedding
    k : int
        Neighbours. Without a critic the default preset may take more, see `NEIGHBOURS`.
    error_bars : bool
    permutations : dict, optional
        `max`, `scheme` (auto, or one of `null.SCHEMES`), `block_length`, `tail_fit`.
        Nothing is tested without.
    samples : Samples, optional
    checked : dict of str to float, optional
        What the thorough checks found, `flags.CHECKS`; the flag counts it in.
    seed, name
        Seed of the disjoint parts and the permutations: the run's, and the pair's names.
    threads : int

    Returns
    -------
    Estimate
    """
    samples = samples or Samples()
    fold = embedding.fold
    encoders = range(len(embedding.zx))
    held_out = [_held_out(embedding, t, samples) for t in encoders]
    found, neighbours = _search(embedding, held_out, k, threads)
    pointwise, pointwise_ksg = np.full((2, len(fold)), np.nan)
    gaps, costs, tied = [], [], 0
    for t, (out, (bits, corrected, n_tied)) in enumerate(zip(held_out, found, strict=True)):
        pointwise_ksg[out], pointwise[out] = bits, corrected
        tied += n_tied
        gap, cost = 0.0, 0.0
        if embedding.rank[t] and embedding.temperature[t]:
            inside = np.flatnonzero(fold == t)
            boxes = neighbours
            if embedding.temperature[t] == guided.TRUSTED:
                boxes = neighbours._replace(k=neighbours.k_guided)
            _, within, _ = _evaluate(embedding, t, inside, boxes, threads)
            gap = (within.mean() - corrected.mean()) / 2
            cost = embedding.n_parameters[t] / (2 * len(inside)) / np.log(2)
        gaps.append(gap)
        costs.append(cost)
    halves = [float(pointwise[out].mean()) for out in held_out]
    halves_ksg = [float(pointwise_ksg[out].mean()) for out in held_out]
    pointwise = pointwise + np.clip(np.mean(gaps), 0.0, np.mean(costs))
    n_estimated = sum(len(out) for out in held_out)
    mi, mi_ksg = float(np.nanmean(pointwise)), float(np.nanmean(pointwise_ksg))
    variances, drift = np.full((len(held_out), 2), np.nan), np.nan
    if error_bars:
        thirds = []
        for t, out in zip(encoders, held_out, strict=True):
            rng = seeds.rng(seed, "parts", name, t)
            variances[t], third = _variance(embedding, t, out, neighbours, rng, threads)
            thirds.append(third)
        drift = float(np.mean(halves) - np.mean(thirds))
    sd_ksg = _standard_error(embedding, variances[:, 0], halves_ksg)
    sd = sd_ksg
    if embedding.temperature.any():
        sd = _standard_error(embedding, variances[:, 1], halves_ksg, training=False)
    within = _within(embedding, held_out, samples, k, threads)
    tested = null.NOT_TESTED
    if permutations and permutations["max"]:
        tested = null.test(
            [_part(embedding, t, out, samples) for t, out in zip(encoders, held_out, strict=True)],
            scheme=_scheme(permutations["scheme"], samples, embedding),
            n_permutations=permutations["max"],
            block_length=permutations["block_length"],
            tail_fit=permutations["tail_fit"],
            rng=seeds.rng(seed, "null", name),
            k=k,
        )
    ceiling = ksg.ceiling_bits(n_estimated // len(halves), neighbours.k)
    why = flags.of_estimate(
        mi=mi,
        mi_ksg=mi_ksg,
        halves=halves,
        variances=variances[:, 1],
        drift=drift,
        n_estimated=n_estimated,
        n_tied=tied,
        ceiling=ceiling,
        missing=samples.missing,
        converged=embedding.converged,
        slow=samples.time_series and _is_slow(embedding),
    )
    if checked and reasons.flag(why) != "fail":
        why += flags.of_checks(checked, mi, sd)
    why = flags.of_shared(samples.shared) + why
    if permutations and permutations["max"] and np.isnan(tested.p_value):
        why.append(reasons.Reason("nothing_to_exchange"))
    return Estimate(pointwise, mi, mi_ksg, sd, sd_ksg, drift, *within, tested, tuple(why))


def _scheme(wanted, samples, embedding):
    if wanted != "auto":
        return wanted
    if samples.time_series:
        return "shift"
    # neighbourhoods of what is conditioned on are strata too
    return "free" if samples.strata is None and embedding.given is None else "strata"


def _is_slow(embedding):
    """Whether both variables stay correlated with themselves as long as can be told."""
    most = null.longest_correlation_time(len(embedding.fold))
    return all(
        max(null.correlation_time(side[:, :4].astype(float)) for side in z) >= most
        for z in (embedding.zx, embedding.zy)
    )


def _held_out(embedding, t, samples):
    """Return the rows on which encoder t is evaluated.

    Of a time series, samples are left out that overlap with training samples or are correlated
    with them: what the encoder learned by chance there holds for them as well.
    """
    fold = embedding.fold
    rows = np.flatnonzero(fold == 1 - t)
    training = np.flatnonzero(fold == t)
    if not samples.time_series or not len(training):
        return rows
    time = max(
        null.correlation_time(z[t][:, :4].astype(float)) for z in (embedding.zx, embedding.zy)
    )
    gap = max(samples.overlap, min(time, len(fold) // 40))
    after = np.searchsorted(training, rows).clip(0, len(training) - 1)
    before = (after - 1).clip(0)
    distance = np.minimum(np.abs(training[after] - rows), np.abs(training[before] - rows))
    return rows[distance > gap]


def _part(embedding, t, rows, samples):
    """Return what the null permutes: the coordinates of the held-out samples, and the critic."""
    a, b, weight = _coordinates(embedding, t, rows)
    a, b = guided.untie(a, 0), guided.untie(b, 1)
    s = embedding.s[t]
    rank = int(embedding.rank[t]) or int((s > 0).sum())
    # bounded, so that no outlier decides; for weak dependence the weights s are the best
    left, right = (np.clip(side[:, :rank], -NULL_BOUND_SD, NULL_BOUND_SD) for side in (a, b))
    y, strata = b * weight[: b.shape[1]], samples.strata
    if embedding.given is not None:
        if not samples.time_series:
            # the information of x about y and z: what z tells of x stays, permuted near z
            y = np.hstack([y, _given(embedding, t, rows)])
        near = embedding.neighbourhood[t]
        strata = near if strata is None else near * (1 + strata.max()) + strata
    return null.Part(
        x=a * weight[: a.shape[1]],
        y=y,
        left=left * s[:rank],
        right=right,
        strata=None if strata is None else strata[rows],
    )


def _given(embedding, t, rows):
    """Return the coordinates that are conditioned on, None where nothing is."""
    return None if embedding.given is None else embedding.given[t][rows].astype(np.float64)


def _coordinates(embedding, t, rows):
    zx, zy = (z[t][rows].astype(np.float64) for z in (embedding.zx, embedding.zy))
    return zx, zy, embedding.weight[t]


def _search(embedding, held_out, k, threads):
    """Evaluate each encoder with as many neighbours as suit the pair.

    The noise of KSG falls with the number of neighbours, and its bias rises, but for a critic that
    describes what is in the boxes: one that is trusted corrects boxes of `MANY` times k neighbours.
    Without a critic, the largest number is taken whose estimate is that of each smaller one but for
    `SAME_BITS` (after Lepski 1991). Where there is nothing to be found the estimate is
    nearly zero whatever k, and the largest number is taken at once: where no encoder has an axis
    and KSG with `MANY` times k is within its noise of zero. The presets of one encoder are KSG as
    published.

    Returns
    -------
    found : list of (array, array, int)
        From `_evaluate`, by encoder.
    neighbours : Neighbours
    """
    rows = list(enumerate(held_out))
    known = [{} for _ in rows]

    def evaluate(neighbours, ahead=()):
        return [
            _evaluate(embedding, t, out, neighbours, threads, known[t], ahead) for t, out in rows
        ]

    def plain(k, ahead=()):
        return evaluate(Neighbours(k, 0), [k for k in ahead if k <= most])

    neighbours = Neighbours(k, k)
    if len(rows) < 2:
        return evaluate(neighbours), neighbours
    most = min(map(len, held_out)) // 8
    if not embedding.rank.any() and MANY * k <= most:
        bits = _ksg(plain(MANY * k, ahead=[max(NEIGHBOURS) * k]))
        if bits.mean() < flags.SURE_SD * bits.std() / np.sqrt(len(bits)):
            many = max(times * k for times in NEIGHBOURS if times * k <= most)
            return plain(many), Neighbours(many, 0)
    if MANY * k <= most and _rises(plain(k, ahead=[MANY * k]), plain(MANY * k)):
        neighbours = Neighbours(k, k, lone=True)
        return evaluate(neighbours), neighbours
    if (embedding.rank * embedding.temperature).any():
        if MANY * k <= most:
            neighbours = Neighbours(k, MANY * k)
        return evaluate(neighbours), neighbours
    n_neighbours, values = k, [_ksg(plain(k)).mean()]
    for many in (times * k for times in NEIGHBOURS):
        if many > most:
            break
        values.append(_ksg(plain(many)).mean())
        if np.ptp(values) > SAME_BITS:
            break
        n_neighbours = many
    return plain(n_neighbours), Neighbours(n_neighbours, 0)


def _ksg(found):
    """Return KSG at the samples of all encoders."""
    return np.concatenate([bits for bits, _, _ in found])


def _rises(found, many):
    """Whether KSG with more neighbours gives more, beyond its noise.

    Larger boxes blur the density and give less. They give more where they reach from a thin part of
    it into denser ones, as between clusters.
    """
    gain = _ksg(many) - _ksg(found)
    return bool(gain.mean() > CROWDED_SD * gain.std() / np.sqrt(len(gain)))


def _evaluate(
    embedding, t, rows, neighbours, threads, known=None, ahead=(), n_inside=guided.N_INSIDE
):
    a, b, weight = _coordinates(embedding, t, rows)
    row = embedding.temperature[t]
    bits, correction, tied = guided.evaluate(
        a,
        b,
        embedding.s[t],
        int(embedding.rank[t]),
        weight,
        guided.TEMPERATURES[row] if neighbours.k_guided else 0.0,
        k=neighbours.k,
        k_guided=neighbours.k_guided if row == guided.TRUSTED else None,
        n_inside=n_inside,
        lone=neighbours.lone,
        known=known,
        ahead=ahead,
        given=_given(embedding, t, rows),
        threads=threads,
    )
    return bits, bits + correction, tied


def _variance(embedding, t, rows, neighbours, rng, threads):
    """Return the variances of KSG and of the corrected estimate on `rows`, and a third's estimate.

    After Holmes & Nemenman 2019: the variance s_n^2 of the estimates on n disjoint parts, scaled
    to the whole by 1/n, averaged over several n with weights n - 1.
    """
    total, weight, third = np.zeros(2), 0, np.nan
    for n_parts in PARTS:
        if len(rows) // n_parts < max(MIN_PART, 2 * max(neighbours.k, neighbours.k_guided) + 2):
            continue
        order = rng.permutation(len(rows))
        values = []
        for part in np.array_split(rows[order], n_parts):
            bits, corrected, _ = _evaluate(
                embedding, t, part, neighbours, threads, n_inside=INSIDE_PARTS
            )
            values.append((bits.mean(), corrected.mean()))
        if n_parts == PARTS[0]:
            third = np.mean(values, axis=0)[1]
        total += (n_parts - 1) / n_parts * np.var(values, axis=0, ddof=1)
        weight += n_parts - 1
    return (total / weight if weight else np.full(2, np.nan)), third


def _standard_error(embedding, variances, halves, training=True):
    """Return the standard error of the mean of the encoders' estimates.

    The parts know nothing of what differs with the training samples; where the halves differ by
    more than the parts explain, the rest is added. The few samples drawn inside the boxes of a part
    make a critic's variance large enough already. Encoders that found nothing follow the noise of
    their own half, in which the other one is evaluated: their two estimates are one.
    """
    n_independent = 1 if not embedding.rank.any() else len(variances)
    variance = variances.mean() / n_independent
    if training and len(halves) == 2:
        half = (halves[0] - halves[1]) ** 2 / 2
        variance += max(0.0, half - variances.mean()) / 2
    return float(np.sqrt(variance))


def _within(embedding, held_out, samples, k, threads):
    """Return the mean of KSG within strata, its standard error, and each stratum's as text."""
    if samples.strata is None:
        return np.nan, np.nan, ""
    texts, means, squares, sizes = [], [], [], []
    n_strata = len(samples.strata_names)
    held = [np.bincount(samples.strata[out], minlength=n_strata) for out in held_out]
    for code in np.flatnonzero(np.min(held, axis=0) >= MIN_STRATUM):
        name, bits = samples.strata_names[code], []
        for t, out in enumerate(held_out):
            rows = out[samples.strata[out] == code]
            a, b, weight = _coordinates(embedding, t, rows)
            a, b = guided.untie(a, 0), guided.untie(b, 1)
            x, y = a * weight[: a.shape[1]], b * weight[: b.shape[1]]
            bits.append(ksg.pointwise_mi(x, y, k, threads))
        bits = np.concatenate(bits)
        means.append(bits.mean())
        squares.append(bits.var(ddof=1) / len(bits))
        sizes.append(len(bits))
        texts.append(f"{name}: {bits.mean():.3f} (n {len(bits)})")
    if not sizes:
        return np.nan, np.nan, ""
    share = np.array(sizes) / np.sum(sizes)
    return float(share @ means), float(np.sqrt(share**2 @ squares)), "; ".join(texts)
