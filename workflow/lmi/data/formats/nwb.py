"""NWB files, by pynwb: units, tables of intervals, and series of values in time."""

import contextlib
import functools

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.base.paths import stamp
from lmi.base.series import gaps
from lmi.data.files import open_hdf5, optional, told
from lmi.data.formats.matrices import (
    COLUMNS,
    as_matrix_shape,
    choose_key,
    dense_missing,
    dense_rows,
    whole,
)


@contextlib.contextmanager
def _open(path):
    """Open an NWB file for reading; one that links to other files is refused."""
    pynwb = optional("pynwb", "nwb", path)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open_hdf5(path))
        try:
            io = stack.enter_context(pynwb.NWBHDF5IO(file=file, mode="r", load_namespaces=True))
            content = io.read()
        except Exception as error:  # whatever pynwb raises for a file that is no NWB file
            raise InputError(f"'{path}': expected a readable NWB file: {told(error)}") from error
        yield content


# ---- spikes


def has_units(path):
    """Whether a file has units with spike times."""
    with _open(path) as file:
        return file.units is not None and "spike_times" in file.units.colnames


def spikes(recording, names):
    """Return arrays of the units with spike times."""
    with _open(recording.path) as file:
        units = file.units
        if units is None or "spike_times" not in units.colnames:
            raise InputError(
                f"spikes '{recording.path}': expected a table of units with spike times, found "
                f"none. Series such as those of imaging are read with `source` and `key` in place "
                "of `spikes`"
            )
        index = units["spike_times"]
        ids, ends = np.asarray(units.id[:]), np.asarray(whole(index.data), dtype=np.int64)
        counts = np.diff(ends, prepend=0)
        fired = counts > 0
        found = {"unit_ids": ids[fired], "unit_counts": counts[fired]}
        if "times" in names:
            found |= {"times": whole(index.target.data), "units": np.repeat(ids, counts)}
        if "interval_s" in names and not isinstance(recording.intervals, tuple):
            intervals = _intervals(recording, file)
            found |= {} if intervals is None else {"interval_s": intervals}
        return {name: found[name] for name in names if name in found}


def _intervals(recording, file):
    """Return what was recorded: a table that the config names, or when all units were observed."""
    if recording.intervals is not None:
        tables = {**file.intervals, "trials": file.trials, "epochs": file.epochs}
        tables = {name: table for name, table in tables.items() if table is not None}
        table = tables.get(recording.intervals)
        if table is None:
            raise InputError(
                f"spikes '{recording.path}': intervals: it has no table '{recording.intervals}'"
                f"{suggest(recording.intervals, tables)}. Its tables of intervals: "
                f"{some(tables) or 'none'}"
            )
        return np.column_stack([whole(table[f"{end}_time"].data) for end in ("start", "stop")])
    if "obs_intervals" not in file.units.colnames:
        return None
    every = [np.asarray(one) for one in file.units["obs_intervals"][:]]
    if any(one.shape != every[0].shape or not np.array_equal(one, every[0]) for one in every):
        raise InputError(
            f"spikes '{recording.path}': its units were observed at different times "
            "(obs_intervals). Say in `intervals` when all of those that you compare were"
        )
    return every[0]


# ---- series: one row a time


@functools.lru_cache(maxsize=256)
def _top(source, _stamp):
    """Return the key of the series, its shape, the names of its columns, and its times."""
    pynwb = optional("pynwb", "nwb", source.path)
    with _open(source.path) as file:
        series, others = {}, []
        for item in file.objects.values():
            if not isinstance(item, pynwb.TimeSeries):
                continue
            shape = tuple(getattr(item.data, "shape", ()))
            kind = getattr(getattr(item.data, "dtype", None), "kind", "")
            if kind in tuple("biuf") and len(shape) in (1, 2) and shape[0]:
                series[item.data.name.strip("/").removesuffix("/data")] = item
            else:
                others.append(f"'{item.name}' ({type(item).__name__}, shape {shape})")
        key = choose_key(source, list(series), others)
        chosen = series[key]
        shape = as_matrix_shape(source, chosen.data.shape, chosen.data.dtype)
        return key, shape, _columns(chosen, shape), _times(source, key, chosen, shape[0])


def _columns(series, shape):
    """Return names of columns: of the regions of imaging, else the series' own and a number."""
    regions = getattr(series, "rois", None)
    if regions is not None and len(regions.data) == shape[COLUMNS]:
        ids = np.asarray(regions.table.id[:])[np.asarray(regions.data[:])]
        return tuple(f"roi{i}" for i in ids)
    if len(series.data.shape) == 1:
        return (series.name,)
    return tuple(f"{series.name}-{i}" for i in range(shape[COLUMNS]))


def _times(source, key, series, n_samples):
    """Return the times of the samples in seconds; refuses gaps, which would be lost."""
    if series.timestamps is None:
        return (series.starting_time or 0.0) + np.arange(n_samples) / series.rate
    times = np.asarray(whole(series.timestamps), dtype=np.float64)
    if len(times) != n_samples or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise InputError(
            f"source '{source.path}', series '{key}': expected a time for each of its {n_samples} "
            "samples, each later than the one before"
        )
    step, odd = gaps(times)
    if len(odd):
        raise InputError(
            f"source '{source.path}', series '{key}': expected samples at a constant rate, found "
            f"{len(odd)} other steps than {step:g} s, the first from {times[odd[0]]:g} to "
            f"{times[odd[0] + 1]:g} s. Distant samples would become neighbours in time: write each "
            "unbroken stretch to a file of its own"
        )
    return times


def shape(source):
    """Return (times, columns)."""
    return _top(source, stamp(source.path))[1]


def names(source, axis):
    """Return the names of the columns, or the times in seconds, by which series are joined."""
    _, _, columns, times = _top(source, stamp(source.path))
    return columns if axis == COLUMNS else tuple(f"{time:.6f}" for time in times)


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    key, extent, _, _ = _top(source, stamp(source.path))
    with open_hdf5(source.path) as file:
        return dense_rows(file[f"{key}/data"], extent, columns)


def missing(source):
    """Return which rows have a missing value."""
    key, extent, _, _ = _top(source, stamp(source.path))
    with open_hdf5(source.path) as file:
        return dense_missing(file[f"{key}/data"], extent)
