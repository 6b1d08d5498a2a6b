"""Samples of a matrix: which rows of its sources are used, and why others are not."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from lmi.base import seeds
from lmi.base.errors import InputError
from lmi.data import clocks, intervals, pairing, resample
from lmi.data.conditions import fulfil, table_columns
from lmi.data.sources import align, missing_samples, n_own_samples, sample_names

_OTHER_RATES = (
    ". Series with rates or times of their own are put on common steps by `resample: {step: ...}`"
)


@dataclass(frozen=True)
class ChosenSamples:
    """The samples of a dataset with sources.

    Attributes
    ----------
    rows : list of (int array or None)
        For each source, the rows of the samples; None means all, in their order.
    names : tuple of str or None
    joined : str
        How the sources were brought together: name, position, pairs or time; empty for one source.
    dropped : list of (int array, str)
        Rows of the first source that are left out, and why.
    n_unmatched : int
        Those that another source lacks.
    n_incomplete : int
        Those with missing values.
    labels : array of str, shape (n_samples,), or None
        The interval of each sample, by the config.
    breaks : bool array, shape (n_samples - 1,), or None
        Of a time series whose samples are named by their times: after which the next one is not
        one step later.
    paired : str
        How pairs of samples, or common steps of time, were made, in words.
    bins : list of int array, or None
        For each source, the sample that each of its rows is averaged into, -1 for none; `rows` has
        the first row of each then.
    """

    rows: list
    names: tuple | None
    joined: str
    dropped: list = field(default_factory=list)
    n_unmatched: int = 0
    n_incomplete: int = 0
    labels: np.ndarray | None = None
    breaks: np.ndarray | None = None
    paired: str = ""
    bins: list | None = None

    @property
    def left_out(self):
        """How many samples are left out, and why: a list of [int, str]."""
        return [[len(rows), why] for rows, why in self.dropped if len(rows)]

    def own_rows(self, n_samples):
        """Return the rows of the samples in the first source, which has `n_samples` if all are."""
        return np.arange(n_samples) if self.rows[0] is None else self.rows[0]

    def stretches(self, n_samples):
        """Return the sizes of the stretches of consecutive samples, in order.

        Parameters
        ----------
        n_samples : int
            That are used.
        """
        cut = np.zeros(max(0, n_samples - 1), bool)
        if self.rows[0] is not None and self.bins is None:
            cut |= np.diff(self.rows[0]) != 1
        if self.labels is not None:
            cut |= self.labels[1:] != self.labels[:-1]
        if self.breaks is not None:
            cut |= self.breaks
        return np.diff([0, *(np.flatnonzero(cut) + 1), n_samples]).tolist()


def choose_samples(dataset, sources, missing="error", seed=0):
    """Return the samples of a dataset that are used: shared by its sources, and good.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    sources : list of Source
    missing : str
        error, drop_samples or impute_median; drop_samples leaves samples out.
    seed : int
        The run's.

    Returns
    -------
    ChosenSamples

    Raises
    ------
    InputError
        Sources that do not fit together, a time series with gaps, no sample left.
    """
    paired = ""
    if "pairing" in dataset:
        rows, names, paired = pairing.pairs(dataset["pairing"], sources, seed)
        n_unmatched = n_own_samples(sources[0]) - len(names)
        joined = "pairs"
    elif "resample" in dataset:
        return _resampled(dataset["resample"], sources, missing)
    else:
        rows, names, n_unmatched = _aligned(sources, dataset.get("time_series", False))
        joined = "" if len(sources) == 1 else "position" if names is None else "name"
    dropped, n_incomplete = [], 0
    if n_unmatched and paired:
        others = np.setdiff1d(np.arange(n_own_samples(sources[0])), rows[0])
        dropped.append((others, "in no pair"))
    elif n_unmatched:
        others = np.setdiff1d(np.arange(len(sample_names(sources[0]))), rows[0])
        dropped.append((others, "not in the other files"))

    def drop(keep, why):
        """Leave out samples, and return rows and names of the others."""
        own = np.arange(len(keep)) if rows[0] is None else rows[0]
        dropped.append((own[~keep], why))
        kept = [np.flatnonzero(keep) if one is None else one[keep] for one in rows]
        return kept, None if names is None else tuple(itertools.compress(names, keep))

    if "where" in dataset:
        keep, by_position = fulfil(dataset["where"], sources[0])
        keep = keep if rows[0] is None else keep[rows[0]]
        joined = "position" if by_position else joined
        rows, names = drop(keep, "do not fulfil `where`")
    if missing == "drop_samples":
        keep = _complete_samples(sources, rows)
        n_incomplete = int((~keep).sum())
        if n_incomplete:
            rows, names = drop(keep, "missing values")
    if "downsample" in dataset:
        n = n_own_samples(sources[0]) if rows[0] is None else len(rows[0])
        keep, by_position = _drawn(dataset["downsample"], sources[0], rows[0], n, seed)
        joined = "position" if by_position else joined
        if not keep.all():
            rows, names = drop(keep, "not drawn")
    labels = None
    if "intervals" in dataset:
        labels, by_position = _interval_labels(dataset["intervals"], sources[0], rows[0])
        joined = "position" if by_position else joined
    breaks = None
    if dataset.get("time_series"):
        breaks = clocks.breaks(names, labels, f"source '{sources[0].path}'")
    chosen = ChosenSamples(
        rows, names, joined, dropped, n_unmatched, n_incomplete, labels, breaks, paired
    )
    if dataset.get("time_series"):
        n = n_own_samples(sources[0]) if rows[0] is None else len(rows[0])
        _check_stretches(chosen, n, sources[0])
    return chosen


def _aligned(sources, in_time):
    """Return what `align` does; what else there is for series is told where it fails."""
    try:
        return align(sources)
    except InputError as error:
        if not in_time or len(sources) < 2:
            raise
        raise InputError(f"{error}{_OTHER_RATES}") from error


def _resampled(settings, sources, missing):
    """Return the steps of time that all sources have as samples."""
    steps = resample.steps_of(settings, sources, missing)
    names = tuple(f"{time:.6f}" for time in steps.times)
    dropped = [(np.flatnonzero(steps.bins[0] < 0), "in no step that all files have")]
    chosen = ChosenSamples(
        steps.first, names, "time", dropped, breaks=steps.breaks, paired=steps.told, bins=steps.bins
    )
    _check_stretches(chosen, len(names), sources[0])
    return chosen


def _drawn(settings, source, rows, n_samples, seed):
    """Return which of `n_samples` are drawn, and whether the groups' labels fit by position.

    Where there is a column `by`, each of its values keeps its share of the samples.
    """
    wanted, by_position = settings["n"], False
    keep = np.ones(n_samples, bool)
    if wanted >= n_samples:
        return keep, by_position
    groups = np.zeros(n_samples, int)
    if "by" in settings:
        try:
            columns, by_position = table_columns(settings, [settings["by"]], source)
        except InputError as error:
            raise InputError(f"downsample: {error}") from error
        labels = columns[settings["by"]].astype(str)
        labels = labels if rows is None else labels[rows]
        groups = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(groups)
    exact = sizes * wanted / n_samples
    share = np.floor(exact).astype(int)
    most = np.argsort(share - exact, kind="stable")[: wanted - share.sum()]
    share[most] += 1
    keep[:] = False
    for group, n in enumerate(share):
        chance = seeds.rng(seed, "downsample", group)
        keep[chance.permutation(np.flatnonzero(groups == group))[:n]] = True
    return keep, by_position


def _interval_labels(place, source, rows):
    """Return the interval of each sample that is used, and whether labels fit by position."""
    place = {"column": place} if isinstance(place, str) else place
    try:
        columns, by_position = table_columns(place, [place["column"]], source)
    except InputError as error:
        raise InputError(f"intervals: {error}") from error
    labels = columns[place["column"]]
    labels = labels if rows is None else labels[rows]
    if n_missing := int(sum(label is None or label != label for label in labels.tolist())):
        raise InputError(
            f"intervals: {n_missing} of {len(labels)} samples have no label in the column "
            f"'{place['column']}'. Give each one, or leave samples between intervals out with "
            "`where`"
        )
    return labels.astype(str), by_position


def _check_stretches(chosen, n_samples, source):
    """Refuse a time series in stretches that are too short to be shifted in time.

    What the config calls intervals may be trials; what is left between samples that are left out
    is no unit of its own.
    """
    sizes = chosen.stretches(n_samples)
    if intervals.are_long(sizes):
        return
    if chosen.labels is not None and intervals.are_trials(sizes):
        return
    reasons = [f"left out: {n} samples, {why}" for n, why in chosen.left_out]
    if chosen.breaks is not None and (n_odd := int(chosen.breaks.sum())):
        reasons.append(
            f"{n_odd} of the steps between their times are not the usual one; names that are "
            "numbers are taken for times"
        )
    raise InputError(
        f"source '{source.path}': expected stretches of {intervals.LONG} consecutive samples on "
        f"average, since `time_series: true`, or {intervals.LEAST_TRIALS} `intervals` of the same "
        f"length, found {n_samples} samples in {len(sizes)} stretches"
        + (f" ({'; '.join(reasons)})" if reasons else "")
        + (_OTHER_RATES if chosen.n_unmatched else "")
        + ". Series are shifted in time for the p value, and short pieces do not keep what hangs "
        "together. Set project.missing to impute_median, give longer stretches, or remove "
        "time_series"
    )


def _complete_samples(sources, rows):
    """Return which samples have no missing value in any feature of any source.

    Features that no variable uses count as well: otherwise the samples, and with them every
    result, would depend on which variables there are.
    """
    keep = None
    for source, own in zip(sources, rows, strict=True):
        complete = ~missing_samples(source)
        complete = complete if own is None else complete[own]
        keep = complete if keep is None else keep & complete
    if not keep.any():
        raise InputError(
            f"source '{sources[0].path}': every sample has a missing value in some feature, so "
            "that drop_samples leaves none. Set project.missing to impute_median, or remove the "
            "features that are mostly missing"
        )
    return keep
