"""Spike times: from units that fire to windows of binned counts."""

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.data import intervals as spans
from lmi.data.files import check_source, stamps
from lmi.data.formats.recordings import arrays, of_config, sampling_rate, stored_kind

MILLISECONDS = 1000.0
SLACK_MS = 1e-6  # a window that ends where the recording does is in, whatever the rounding
MAX_WINDOWS = 10**6
MAX_DAYS = 30
"""More windows, or a longer recording, come of times that are no seconds."""
SECONDS_A_DAY = 86_400
LEAST_SPAN = 0.02
"""Of the time recorded, from the first to the last spike of all units: less comes of times in
another unit than the intervals, as seconds that are divided by a sampling rate."""
MIN_PAUSE_S, PAUSE_SPIKES = 10.0, 100
"""A stretch without any spike is taken for a pause where it is as long as this, and at the rate of
the rest more spikes would be expected."""


@dataclass(frozen=True)
class Units:
    """The units of a recording.

    Attributes
    ----------
    names : tuple of str
        `unit<id>` where ids are numbers, else the ids themselves.
    n_spikes : tuple of int
    start_s, stop_s : float
        The recording's start and end, seconds.
    pauses : tuple of (float, float)
        Start and end of each pause between them, in order of time.
    """

    names: tuple
    n_spikes: tuple
    start_s: float
    stop_s: float
    pauses: tuple = ()

    @property
    def intervals(self):
        """Start and end of each stretch that was recorded, in order of time."""
        ends = [self.start_s, *(end for pause in self.pauses for end in pause), self.stop_s]
        return tuple(zip(ends[::2], ends[1::2], strict=True))

    @property
    def duration_s(self):
        """Seconds recorded, pauses left out."""
        return sum(stop - start for start, stop in self.intervals)


def recording(spikes):
    """Return the `Units` of a section `spikes` of the config.

    Where the file has the arrays `unit_ids`, `unit_counts` and `interval_s`, the spikes
    themselves are not read.

    Raises
    ------
    InputError
        No such file, unknown format, arrays that are missing or do not fit, or whole numbers as
        times without a sampling rate.
    """
    check_source(spikes["source"], "spikes")
    return _units(of_config(spikes), stamps(spikes["source"]))


def n_windows(spikes, lags=(0,)):
    """Return the number of windows that the settings of the config give.

    Parameters
    ----------
    spikes : dict
        The section `spikes` of a dataset.
    lags : sequence of int
        The dataset's lags, in windows.

    Raises
    ------
    InputError
        No interval is as long as a window and its shift; more windows, or a longer recording, than
        seconds would give; intervals that are short and not alike; lags as long as they are.
    """
    recorded = recording(spikes)
    counts = _windows(spikes, recorded)
    n = sum(counts)
    if n > MAX_WINDOWS or recorded.duration_s > MAX_DAYS * SECONDS_A_DAY:
        raise InputError(
            f"spikes '{spikes['source']}': expected at most {MAX_WINDOWS} windows and {MAX_DAYS} "
            f"days, found {n} windows in a recording of {recorded.duration_s:g} s "
            f"({recorded.duration_s / SECONDS_A_DAY:.3g} days). If `times` are numbers of samples, "
            "or milliseconds, set `sampling_rate` to how many make a second (30000, 1000); if they "
            "are seconds, raise stride_ms or choose `intervals`"
        )
    if not (spans.are_long(counts) or spans.are_trials(counts)):
        raise InputError(
            f"spikes '{spikes['source']}': expected {spans.LONG} windows an interval on "
            f"average, or {spans.LEAST_TRIALS} intervals (trials) of the same length, found {n} "
            f"windows in {len(counts)} intervals. Windows are shifted in time for the p value: "
            "long intervals within themselves, trials against each other. Choose longer "
            "`intervals`, "
            "make them equally long, or lower stride_ms"
        )
    for lag in lags:
        if len(counts) > 1 and (left := spans.n_partners(counts, lag)) < spans.LONG:
            raise InputError(
                f"spikes '{spikes['source']}': lags: at a lag of {lag} windows {left} of {n} have "
                f"a partner in their interval, expected at least {spans.LONG}. Choose smaller "
                "lags or longer `intervals`"
            )
    return n


def interval_of_windows(spikes):
    """Return the interval of each window; None where there is one interval."""
    return spans.ids(_windows(spikes, recording(spikes)))


def _windows(spikes, recorded):
    """Return the number of windows in each interval."""
    window_ms = spikes["bin_ms"] * spikes["n_lags"]
    shift_ms = spikes.get("shift_s", 0) * MILLISECONDS
    counts = []
    for start, stop in recorded.intervals:
        room_ms = (stop - start) * MILLISECONDS - window_ms - shift_ms
        counts.append(max(0, int((room_ms + SLACK_MS) // spikes["stride_ms"]) + 1))
    if not any(counts):
        longest = max(stop - start for start, stop in recorded.intervals)
        what = "recording" if len(counts) == 1 else f"longest of {len(counts)} intervals"
        raise InputError(
            f"spikes '{spikes['source']}': the {what} lasts {longest:g} s, "
            f"shorter than one window ({window_ms:g} ms) and its shift "
            f"({shift_ms / MILLISECONDS:g} s). Lower shift_s, bin_ms or n_lags"
        )
    return counts


def overlap(spikes):
    """Return how many windows after a window share bins with it."""
    return max(0, math.ceil(spikes["bin_ms"] * spikes["n_lags"] / spikes["stride_ms"] - 1e-9) - 1)


def count_windows(spikes, wanted):
    """Count the spikes of units in the bins of all windows.

    Window w of an interval starts at `start + w * stride + shift`; its column j is the bin
    `[j * bin, (j + 1) * bin)` from there. Window and shifted window lie within the interval.

    Parameters
    ----------
    spikes : dict
        The section `spikes` of a dataset.
    wanted : list of (str, float)
        Names of units, and shifts in seconds.

    Returns
    -------
    list of float32 array, shape (n_windows, n_lags)
    """
    n_windows(spikes)
    recorded = recording(spikes)
    times, names = _sorted_spikes(of_config(spikes))
    _refuse_other_clock(spikes, times, recorded)
    bin_ms = np.arange(spikes["n_lags"] + 1) * spikes["bin_ms"]
    windows = [
        (start, np.arange(n)[:, None] * spikes["stride_ms"] + bin_ms)
        for (start, _), n in zip(recorded.intervals, _windows(spikes, recorded), strict=True)
    ]
    counts = []
    for name, shift_s in wanted:
        own = times[slice(*names[name])] if name in names else times[:0]
        edges = np.concatenate(
            [start + shift_s + offset_ms / MILLISECONDS for start, offset_ms in windows]
        )
        # Spikes before an edge, less those before the edge to its left.
        before = np.searchsorted(own, edges.ravel()).reshape(edges.shape)
        counts.append(np.diff(before, axis=1).astype(np.float32))
    return counts


def _refuse_other_clock(spikes, times, recorded):
    """Refuse spikes and intervals that do not go by the same clock, or not in the same unit."""
    within = np.zeros(len(times), bool)
    for start, stop in recorded.intervals:
        within |= (times >= start) & (times <= stop)
    what = None
    if not within.any():
        what = "no spike lies"
    elif np.ptp(times[within]) < LEAST_SPAN * recorded.duration_s:
        what = f"all spikes lie in one stretch of {np.ptp(times[within]):.3g} s"
    if what:
        raise InputError(
            f"spikes '{spikes['source']}': {what} within the intervals that were recorded, "
            f"{_shown(recorded.intervals)} s; spikes are from {times.min():g} to {times.max():g} "
            "s. Intervals and, without `sampling_rate`, times are in seconds"
        )


def _unit_names(ids):
    ids = np.asarray(ids)
    if ids.dtype.kind == "f" and np.isfinite(ids).all() and (ids == ids.round()).all():
        ids = ids.astype(np.int64)
    if ids.dtype.kind in "iu":
        return tuple(f"unit{i}" for i in ids)
    return tuple(i.decode() if isinstance(i, bytes) else str(i) for i in ids)


@functools.lru_cache(maxsize=64)
def _units(recording, _stamps):
    path, intervals = recording.path, recording.intervals
    head = arrays(recording, ("unit_ids", "unit_counts", "interval_s"))
    if isinstance(intervals, tuple):
        intervals = _intervals(path, np.array(intervals), "spikes.intervals of the config")
    elif "interval_s" in head:
        intervals = _intervals(path, head["interval_s"], f"`{intervals or 'interval_s'}`")
    if {"unit_ids", "unit_counts"} <= head.keys():
        ids, counts = head["unit_ids"], head["unit_counts"]
        if ids.ndim != 1 or ids.shape != counts.shape or len(np.unique(ids)) != len(ids):
            raise InputError(
                f"spikes '{path}': expected each unit once in `unit_ids` and one number each in "
                f"`unit_counts`, found {ids.size} ids and {counts.size} numbers"
            )
        if sampling_rate(recording) is None and stored_kind(recording) in ("i", "u"):
            raise _whole_numbers(path, arrays(recording, ("times",))["times"])
    else:
        ids, counts = np.unique(_checked(recording)[1], return_counts=True)
    if intervals is None:
        times = np.sort(_checked(recording)[0])
        _refuse_silence(path, times)
        intervals = ((float(times[0]), float(times[-1])),)
    pauses = tuple((before[1], after[0]) for before, after in itertools.pairwise(intervals))
    n_spikes = tuple(int(count) for count in counts)
    return Units(_unit_names(ids), n_spikes, intervals[0][0], intervals[-1][1], pauses)


def _intervals(path, given, where):
    """Return intervals as pairs of floats; one interval may be given without its brackets."""
    pairs = given[None] if given.shape == (2,) else given
    good = pairs.ndim == 2 and pairs.shape[1] == 2 and len(pairs) and pairs.dtype.kind in "iuf"
    if good:
        ends = pairs.ravel()
        good = np.isfinite(ends).all() and (pairs[:, 0] < pairs[:, 1]).all()
        good = good and (ends[2::2] >= ends[1:-1:2]).all()
    if not good:
        raise InputError(
            f"spikes '{path}': expected start and end in seconds in {where}, one pair or several "
            f"in order of time that do not overlap; found {_shown(given.tolist())}"
        )
    return tuple((float(start), float(stop)) for start, stop in pairs)


def _refuse_silence(path, times):
    """Raise InputError for a pause that nothing in the file tells from silence."""
    gaps = np.diff(times)
    if not len(gaps) or gaps.max() < MIN_PAUSE_S:
        return
    longest = int(gaps.argmax())
    before, after = float(times[longest]), float(times[longest + 1])
    rate = (len(times) - 2) / max(times[-1] - times[0] - gaps[longest], MIN_PAUSE_S)
    if rate * gaps[longest] > PAUSE_SPIKES:
        raise InputError(
            f"spikes '{path}': no unit fires from {before:g} to {after:g} s, where "
            f"{rate * gaps[longest]:.0f} spikes are expected at the rate of the rest. Say what was "
            f"recorded, in `spikes`: intervals: [[{times[0]:g}, {before:g}], [{after:g}, "
            f"{times[-1]:g}]] for a pause, or intervals: [[{times[0]:g}, {times[-1]:g}]] where the "
            "units were silent"
        )


def _shown(intervals):
    text = str([list(one) if isinstance(one, tuple) else one for one in intervals])
    return text if len(text) <= 100 else f"{text[:90]}…"


def _sorted_spikes(recording):
    """Return the times grouped by unit and ascending, and {name: (first, last + 1)}."""
    times, ids = _checked(recording)
    unit_ids, codes = np.unique(ids, return_inverse=True)
    order = np.lexsort((times, codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(unit_ids))).tolist()
    spans = zip([0, *ends[:-1]], ends, strict=True)
    return times[order], dict(zip(_unit_names(unit_ids), spans, strict=True))


def _checked(recording):
    """Return the times, in seconds, and the unit of each spike, after the checks they need."""
    path, found = recording.path, arrays(recording, ("times", "units"))
    if missing := [name for name in ("times", "units") if name not in found]:
        raise InputError(
            f"spikes '{path}': expected `times` (seconds) and `units`, one entry a spike; "
            f"missing: {some(missing)}"
        )
    times, ids = found["times"], found["units"]
    if times.ndim != 1 or times.shape != ids.shape or not len(times):
        raise InputError(
            f"spikes '{path}': expected `times` and `units` of the same length, one entry a "
            f"spike; found the shapes {times.shape} and {ids.shape}"
        )
    if times.dtype.kind not in "iuf":
        raise InputError(f"spikes '{path}': expected numbers in `times`, found {times.dtype}")
    if not np.isfinite(times).all():
        bad = int(np.flatnonzero(~np.isfinite(times))[0])
        raise InputError(
            f"spikes '{path}': expected finite times, found {times[bad]} in entry {bad + 1}"
        )
    ids = _labels(path, ids)
    if (rate := sampling_rate(recording)) is not None:
        return times / float(rate), ids
    if times.dtype.kind in "iu" or (times == times.round()).all():
        raise _whole_numbers(path, times)
    return times.astype(np.float64), ids


def _labels(path, ids):
    """Return the unit of each spike, integers or text; raises InputError where one is missing."""
    if ids.dtype.kind == "f":
        missing = ~np.isfinite(ids)
    elif ids.dtype.kind in "iub":
        return ids
    elif ids.dtype.kind in "OSU":
        listed = [i.decode("utf-8", "replace") if isinstance(i, bytes) else i for i in ids.tolist()]
        nothing = [i is None or i != i or (isinstance(i, str) and not i.strip()) for i in listed]
        missing = np.array([one is not False for one in nothing])  # pandas.NA is unequal to all
        if not missing.any():
            text = any(isinstance(i, str) for i in listed)
            ids = np.array([str(i) for i in listed] if text else listed)
    else:
        raise InputError(f"spikes '{path}': expected numbers or text in `units`, found {ids.dtype}")
    if missing.any():
        raise InputError(
            f"spikes '{path}': expected a unit for every spike, found {missing.sum()} of "
            f"{len(ids)} spikes without one (NaN or empty in `units`), the first in entry "
            f"{np.argmax(missing) + 1}. Remove these spikes, or give them a unit of their own, "
            "such as 'unassigned'"
        )
    return ids


def _whole_numbers(path, times):
    """Return the error for times that are numbers of samples, or seconds without fractions."""
    first, last = float(times.min()), float(times.max())
    return InputError(
        f"spikes '{path}': expected `times` in seconds, found whole numbers from {first:.0f} to "
        f"{last:.0f}, as numbers of samples are; as seconds the recording would last "
        f"{last - first:.0f} s ({(last - first) / SECONDS_A_DAY:.3g} days), at 30 kHz "
        f"{(last - first) / 30_000:.4g} s. Set `sampling_rate` (Hz) in `spikes`: that of the "
        "recording, 1000 for milliseconds, or 1 where they are seconds"
    )
