"""Spike times: from units that fire to windows of binned counts."""

import functools
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.data.sources import check_file, some, stamp

MILLISECONDS = 1000.0
SLACK_MS = 1e-6  # a window that ends where the recording does is in, whatever the rounding
ENDINGS = (".npz", ".h5", ".hdf5", ".csv", ".tsv", ".parquet")


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
    """

    names: tuple
    n_spikes: tuple
    start_s: float
    stop_s: float


def units(path):
    """Return the `Units` of a spike file.

    Where the file has the arrays `unit_ids`, `unit_counts` and `interval_s`, the spikes
    themselves are not read.

    Raises
    ------
    InputError
        No such file, unknown format, or arrays that are missing or do not fit.
    """
    check_file(path, "spikes")
    return _units(path, stamp(path))


def n_windows(spikes):
    """Return the number of windows that the settings of the config give.

    Parameters
    ----------
    spikes : dict
        The section `spikes` of a dataset.

    Raises
    ------
    InputError
        The recording is shorter than a window and its shift.
    """
    known = units(spikes["source"])
    length_ms = (known.stop_s - known.start_s) * MILLISECONDS
    window_ms = spikes["bin_ms"] * spikes["n_lags"]
    shift_ms = spikes.get("shift_s", 0) * MILLISECONDS
    room_ms = length_ms - window_ms - shift_ms
    if room_ms < -SLACK_MS:
        raise InputError(
            f"spikes '{spikes['source']}': the recording lasts {length_ms / MILLISECONDS:g} s, "
            f"shorter than one window ({window_ms:g} ms) and its shift "
            f"({shift_ms / MILLISECONDS:g} s). Lower shift_s, bin_ms or n_lags"
        )
    return int((room_ms + SLACK_MS) // spikes["stride_ms"]) + 1


def overlap(spikes):
    """Return how many windows after a window share bins with it."""
    return max(0, math.ceil(spikes["bin_ms"] * spikes["n_lags"] / spikes["stride_ms"] - 1e-9) - 1)


def count_windows(spikes, wanted):
    """Count the spikes of units in the bins of all windows.

    Window w of a unit starts at `start + w * stride + shift`; its column j is the bin
    `[j * bin, (j + 1) * bin)` from there.

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
    known = units(spikes["source"])
    times, names = _sorted_spikes(spikes["source"])
    start_ms = np.arange(n_windows(spikes)) * spikes["stride_ms"]
    bin_ms = np.arange(spikes["n_lags"] + 1) * spikes["bin_ms"]
    offset_ms = start_ms[:, None] + bin_ms
    counts = []
    for name, shift_s in wanted:
        own = times[slice(*names[name])] if name in names else times[:0]
        edges = known.start_s + shift_s + offset_ms / MILLISECONDS
        # Spikes before an edge, less those before the edge to its left.
        before = np.searchsorted(own, edges.ravel()).reshape(edges.shape)
        counts.append(np.diff(before, axis=1).astype(np.float32))
    return counts


def _unit_names(ids):
    ids = np.asarray(ids)
    if ids.dtype.kind == "f" and np.isfinite(ids).all() and (ids == ids.round()).all():
        ids = ids.astype(np.int64)
    if ids.dtype.kind in "iu":
        return tuple(f"unit{i}" for i in ids)
    return tuple(i.decode() if isinstance(i, bytes) else str(i) for i in ids)


@functools.lru_cache(maxsize=64)
def _units(path, _stamp):
    head = _arrays(path, ("unit_ids", "unit_counts", "interval_s"))
    if {"unit_ids", "unit_counts"} <= head.keys():
        ids, counts = head["unit_ids"], head["unit_counts"]
        if len(ids) != len(counts) or len(np.unique(ids)) != len(ids):
            raise InputError(
                f"spikes '{path}': expected each unit once in `unit_ids` and one number each in "
                f"`unit_counts`, found {len(ids)} ids and {len(counts)} numbers"
            )
    else:
        ids, counts = np.unique(_checked(path)[1], return_counts=True)
    if "interval_s" in head:
        interval = head["interval_s"]
        if interval.shape != (2,) or not interval[0] < interval[1]:
            raise InputError(
                f"spikes '{path}': expected start and end in seconds in `interval_s`, found "
                f"{interval.tolist()}"
            )
    else:
        times = _checked(path)[0]
        interval = times.min(), times.max()
    return Units(_unit_names(ids), tuple(int(c) for c in counts), *map(float, interval))


def _sorted_spikes(path):
    """Return the times grouped by unit and ascending, and {name: (first, last + 1)}."""
    times, ids = _checked(path)
    found, codes = np.unique(ids, return_inverse=True)
    order = np.lexsort((times, codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(found))).tolist()
    spans = zip([0, *ends[:-1]], ends, strict=True)
    return times[order], dict(zip(_unit_names(found), spans, strict=True))


def _checked(path):
    """Return the times and the unit of each spike, after the checks that they need."""
    arrays = _arrays(path, ("times", "units"))
    if missing := [name for name in ("times", "units") if name not in arrays]:
        raise InputError(
            f"spikes '{path}': expected `times` (seconds) and `units`, one entry a spike; "
            f"missing: {some(missing)}"
        )
    times, ids = arrays["times"], arrays["units"]
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
    if ids.dtype.kind == "f" and not np.isfinite(ids).all():
        raise InputError(f"spikes '{path}': expected a unit for every spike, found NaN in `units`")
    return times.astype(np.float64), ids


def _arrays(path, names):
    """Return those of the named arrays that the file has."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"spikes '{path}': the ending '{ending}' is unknown. Expected one of "
            f"{', '.join(ENDINGS)}"
        )
    try:
        if ending == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in names if name in file.files}
        if ending in (".h5", ".hdf5"):
            import h5py

            from lmi.base.files import refuse_foreign

            with h5py.File(path, "r") as file:
                refuse_foreign(file)
                return {name: file[name][:] for name in names if name in file}
        import pandas as pd

        separator = "\t" if ending == ".tsv" else ","
        table = pd.read_parquet(path) if ending == ".parquet" else pd.read_csv(path, sep=separator)
        return {name: table[name].to_numpy() for name in names if name in table}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"spikes '{path}': expected a readable {ending} file: {reason}") from error
