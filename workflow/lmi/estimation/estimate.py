"""From a pair's embedding to bits: estimate, error bars, null, strata, checks, flag."""

from dataclasses import dataclass, field

import numpy as np

from lmi.base import reasons, seeds
from lmi.data import intervals
from lmi.estimation import (
    combination,
    discrete,
    exchangeable,
    flags,
    narrow,
    null,
    ranks,
    series,
    shape,
)
from lmi.estimation.error_bars import INSIDE_PARTS, affordable, standard_error, variance
from lmi.estimation.evaluate import (
    Neighbours,
    coordinates,
    evaluate,
    given_coordinates,
    search,
)
from lmi.estimation.intervals import interval
from lmi.estimation.within import within_strata
from lmi.ksg import guided
from lmi.ksg import kernel as ksg

NULL_BOUND_SD = 3.0
"""Standard deviations to which coordinates are cut where the null multiplies them, so that no
outlier decides a p value. Tighter than `CRITIC_BOUND_SD` of `lmi.ksg.guided`: a cut that bites
costs an estimate bits, and a test only power."""


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
    by_position : bool
        Samples were joined row by row, without names.
    interval : int array, shape (n_samples,), or None
        Interval of each sample of a time series with gaps; None for one unbroken stretch.
    """

    time_series: bool = False
    overlap: int = 0
    strata: np.ndarray | None = None
    strata_names: list = field(default_factory=list)
    missing: float = 0.0
    shared: flags.Shared = flags.NOTHING_SHARED
    by_position: bool = False
    interval: np.ndarray | None = None


@dataclass(frozen=True)
class Estimate:
    """Mutual information of a pair.

    Attributes
    ----------
    pointwise_bits : array, shape (n_samples,)
        Mean `mi_bits`; NaN for samples that are not estimated (the training samples of the preset
        paper; time series: near the training samples).
    mi_bits : float
        The headline: critic-guided, corrected as far as held-out samples allow; of pairs with ties
        or labels from `lmi.estimation.discrete`.
    mi_ksg_bits : float
        KSG on the same embedding, uncorrected.
    sd_bits, sd_ksg_bits : float
        Standard errors by disjoint subsampling; NaN where not asked for or too few samples.
    low_bits, high_bits : float
        Interval of the truth, `intervals.interval`; NaN without error bars.
    drift_bits : float
        What all samples give more than a third of them; NaN without error bars.
    mi_within_bits, sd_within_bits : float
        Mean of KSG within strata, weighted by their samples: compare with `mi_ksg_bits`.
    within_strata : str
        Each stratum's estimate.
    null : null.Null
    reasons : tuple of reasons.Reason
        What is wrong with it.
    n_parts : int
        Disjoint parts of either half that the error bar rests on at most; 0 where there are none.
    neighbours : evaluate.Neighbours
        Numbers of neighbours that it was evaluated with.
    """

    pointwise_bits: np.ndarray
    mi_bits: float
    mi_ksg_bits: float
    sd_bits: float
    sd_ksg_bits: float
    low_bits: float
    high_bits: float
    drift_bits: float
    mi_within_bits: float
    sd_within_bits: float
    within_strata: str
    null: null.Null
    reasons: tuple
    n_parts: int
    neighbours: Neighbours

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
    held_out = [_held_out(embedding, t, samples) for t in range(len(embedding.zx))]
    times = series.times(embedding, samples)
    pair, has_ties = None, False
    if narrow.is_narrow(embedding):
        has_ties = embedding.values is not None and "label" not in embedding.kinds
        pair = narrow.read(embedding, held_out[0], seeds.rng(seed, "narrow", name))
        *of_pair, neighbours = narrow.search(pair, k)
        values = [(*of_pair, pair.n_tied)]
    else:
        values, neighbours = search(embedding, held_out, k, threads, times)
    pointwise, pointwise_ksg = np.full((2, len(embedding.fold)), np.nan)
    for out, (bits, corrected, _) in zip(held_out, values, strict=True):
        pointwise_ksg[out], pointwise[out] = bits, corrected
    halves = [float(pointwise[out].mean()) for out in held_out]
    halves_ksg = [float(pointwise_ksg[out].mean()) for out in held_out]
    optimism = 0.0
    if pair is None:
        optimism = _optimism(embedding, halves, neighbours, threads, times)
        pointwise = pointwise + optimism
    n_estimated = sum(len(out) for out in held_out)
    mi, mi_ksg = float(np.nanmean(pointwise)), float(np.nanmean(pointwise_ksg))
    sd = sd_ksg = drift = np.nan
    chance = np.full(2, np.nan)
    variances = np.full((len(held_out), 2), np.nan)
    if error_bars:
        thirds = []
        for t, out in enumerate(held_out):
            rng = seeds.rng(seed, "parts", name, t)
            if pair is None:
                block = series.BLOCK * times.windows[t] if times else 1
                variances[t], third = variance(
                    embedding, t, out, neighbours, rng, threads, block, times
                )
            else:
                # with ties, the scatter of KSG is all that is asked: the rest comes from `discrete`
                plain = neighbours._replace(k_guided=0) if has_ties else neighbours
                variances[t], third = narrow.variance(pair, plain, rng)
            thirds.append(third)
        drift = float(np.mean(halves) - np.mean(thirds))
        sd_ksg = standard_error(embedding, variances[:, 0], halves_ksg)
        sd = sd_ksg
        if embedding.temperature.any():
            slow_halves = samples.time_series  # more than the blocks, they show what is slow
            sd = standard_error(embedding, variances[:, 1], halves_ksg, training=slow_halves)
        if samples.time_series:
            chance, scatter = series.bits_by_chance(
                embedding, held_out, neighbours, threads, INSIDE_PARTS, times
            )
            sd_ksg, sd = np.hypot(np.maximum([sd_ksg, sd], scatter), chance).tolist()
    n_tied = sum(n_tied for _, _, n_tied in values)
    ties = discrete.measure(
        embedding,
        k=k,
        seed=seed,
        name=name,
        threads=threads,
        other=(mi, sd),
        pair=pair if has_ties else None,
    )
    if ties:
        pointwise, mi, halves, n_tied = ties.pointwise_bits, ties.mi_bits, ties.halves, 0
        n_estimated = int(np.isfinite(pointwise).sum())
        if error_bars:
            # of a time series, no less than what its own samples allow
            sd = np.fmax(sd, ties.sd_bits) if samples.time_series else ties.sd_bits
            drift = ties.drift_bits
            variances = np.repeat(ties.variances[:, None], 2, axis=1)
    within = within_strata(embedding, held_out, samples, k, threads, times)
    tested = null.NOT_TESTED
    if permutations and permutations["max"]:
        scheme = _scheme(permutations["scheme"], samples, embedding)
        if pair is not None and scheme == "free":
            least = 0.0 if permutations["tail_fit"] else 1 / (1 + permutations["max"])
            tested = ranks.test(pair.pairing.place, least)
    if permutations and permutations["max"] and tested is null.NOT_TESTED:
        tested = null.test(
            [_part(embedding, t, out, samples, times) for t, out in enumerate(held_out)],
            scheme=scheme,
            n_permutations=permutations["max"],
            block_length=permutations["block_length"],
            tail_fit=permutations["tail_fit"],
            rng=seeds.rng(seed, "null", name),
            k=k,
            links=_links(embedding),
        )
    critics = shape.of_critics(embedding, held_out, samples.time_series)
    ceiling = ksg.ceiling_bits(n_estimated // len(halves), neighbours.k)
    why = flags.of_estimate(
        mi=mi,
        mi_ksg=mi_ksg,
        halves=halves,
        variances=variances[:, 1],
        drift=drift,
        n_estimated=n_estimated,
        n_tied=n_tied,
        ceiling=ceiling,
        missing=samples.missing,
        converged=embedding.converged,
        slow=samples.time_series and series.is_slow(embedding),
        weak_bits=None if ties else embedding.weak_bits,
        skewness=0.0 if ties else critics.skewness,
    )
    if samples.time_series:
        why += flags.of_series(
            n_effective=series.effective_samples(embedding, n_estimated),
            trends=series.has_trends(embedding),
            mi=mi,
            by_chance=np.fmax(chance[1], tested.mean_bits),
            others=why,
        )
    else:
        sides = exchangeable.axes(embedding)
        copies = exchangeable.share_of_copies(sides, embedding.kinds)
        why = flags.of_exchangeable(copies, exchangeable.are_in_order(sides)) + why
    if checked and reasons.flag(why) != "fail":
        why += flags.of_checks(checked, mi, sd)
    why = flags.of_shared(samples.shared) + why
    if permutations and permutations["max"] and np.isnan(tested.p_value):
        why.append(reasons.Reason("nothing_to_exchange"))
    if samples.by_position:
        why.append(reasons.Reason("joined_by_position"))
    own = {
        "weak_bits": embedding.weak_bits,
        "has_ties": "counts" in embedding.kinds,
        "optimism": optimism,
    }
    ends = interval(mi, mi_ksg, sd, drift, critics.trusted, **({} if ties else own))
    n_parts = min(max(affordable(len(out), neighbours), default=0) for out in held_out)
    bits = pointwise, mi, mi_ksg, sd, sd_ksg, *ends, drift
    return Estimate(*bits, *within, tested, tuple(why), n_parts, neighbours)


def _optimism(embedding, halves, neighbours, threads, times):
    """Return the bits to add for what critics lose on samples that they were not fitted to.

    Half the difference between a critic's own samples and the others, but at most what is to be
    expected of its number of parameters.
    """
    gaps, most = [], []
    for t, half in enumerate(halves):
        gap, expected = 0.0, 0.0
        if embedding.rank[t] and embedding.temperature[t]:
            own = np.flatnonzero(embedding.fold == t)
            boxes = neighbours
            if embedding.temperature[t] == guided.TRUSTED:
                boxes = neighbours._replace(k=neighbours.k_guided)
            _, corrected, _ = evaluate(embedding, t, own, boxes, threads, times=times)
            gap = (corrected.mean() - half) / 2
            expected = embedding.n_parameters[t] / (2 * len(own)) / np.log(2)
        gaps.append(gap)
        most.append(expected)
    return np.clip(np.mean(gaps), 0.0, np.mean(most))


def _scheme(wanted, samples, embedding):
    if wanted != "auto":
        return wanted
    if samples.time_series:
        return "shift"
    # neighbourhoods of what is conditioned on are strata too
    return "free" if samples.strata is None and embedding.given is None else "strata"


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
    gap = max(samples.overlap, min(series.time_of(embedding, t), len(fold) // 40))
    after = np.searchsorted(training, rows).clip(0, len(training) - 1)
    before = (after - 1).clip(0)
    distance = np.minimum(np.abs(training[after] - rows), np.abs(training[before] - rows))
    return rows[distance > gap]


def _are_trials(interval):
    """Whether the intervals of a recording are too short to be shifted within."""
    return interval is not None and not intervals.are_long(np.bincount(interval))


def _critic_axes(embedding, t):
    """Return the number of axes whose cross term is tested."""
    if narrow.is_narrow(embedding):  # its sign is that of the samples tested
        return 0
    return int(embedding.rank[t]) or int((embedding.s[t] > 0).sum())


def _links(embedding):
    """Return how the axes of both critics belong together; None where there are not two."""
    numbers = [_critic_axes(embedding, t) for t in range(len(embedding.zx))]
    if len(numbers) != 2 or not all(numbers):
        return None
    return tuple(
        combination.links(*(side[t][:, :n].astype(float) for t, n in enumerate(numbers)))
        for side in (embedding.zx, embedding.zy)
    )


def _part(embedding, t, rows, samples, times):
    """Return what the null permutes: the coordinates of the held-out samples, and the critic."""
    a, b, weight = coordinates(embedding, t, rows)
    a, b = guided.untie(a, 0), guided.untie(b, 1)
    s, rank = embedding.s[t], _critic_axes(embedding, t)
    # bounded, so that no outlier decides; for weak dependence the weights s are the best
    left, right = (np.clip(side[:, :rank], -NULL_BOUND_SD, NULL_BOUND_SD) for side in (a, b))
    y, strata = b * weight[: b.shape[1]], samples.strata
    if embedding.given is not None:
        if not samples.time_series:
            # the information of x about y and z: what z tells of x stays, permuted near z
            y = np.hstack([y, given_coordinates(embedding, t, rows)])
        near = embedding.neighbourhood[t]
        strata = near if strata is None else near * (1 + strata.max()) + strata
    return null.Part(
        x=a * weight[: a.shape[1]],
        y=y,
        left=left * s[:rank],
        right=right,
        strata=None if strata is None else strata[rows],
        interval=None if samples.interval is None else samples.interval[rows],
        trials=_are_trials(samples.interval),
        apart=None if times is None else times.apart(t, rows),
    )
