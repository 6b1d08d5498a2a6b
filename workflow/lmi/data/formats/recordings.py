"""Spike trains in files and folders: times, the unit of each, and what was recorded.

Every reader returns, of the arrays that are asked for, those that it has: `times` and `units`, one
entry a spike; `unit_ids` and `unit_counts`, one a unit; `interval_s`, start and end in seconds.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.base.paths import check_file
from lmi.data.files import DELIMITERS, TROUBLE, ending, kilosort_files, open_hdf5, text_rows, told
from lmi.data.formats import kilosort, nwb
from lmi.data.formats.matrices import whole

TRIAL_COLUMNS = (
    ("start", "stop"),
    ("start", "end"),
    ("start_time", "stop_time"),
    ("start_time", "end_time"),
    ("start_s", "stop_s"),
)
FLAT = (".npz", ".h5", ".hdf5", ".csv", ".tsv", ".parquet")
ENDINGS = (*FLAT, ".nwb")
ROUNDING = 1e-9
"""Of the length of a window: events that are nearer by this are as far apart as it is long."""


@dataclass(frozen=True)
class Recording:
    """A recording and how to read it: keys of the section `spikes` of the config.

    Attributes
    ----------
    path : str
    sampling_rate : float or None
        Hz; `times` are numbers of samples then, else seconds.
    intervals : tuple of (float, float), str or None
        Seconds that were recorded, or the table of an NWB file that says so.
    clusters : tuple of str, str or None
        Groups of clusters that are units, or `all`; folders of Kilosort alone.
    """

    path: str
    sampling_rate: float | None = None
    intervals: tuple | str | None = None
    clusters: tuple | str | None = None


def of_config(spikes):
    """Return the `Recording` of a section `spikes` of the config.

    Raises
    ------
    InputError
        Keys that mean nothing to its kind of file.
    """
    intervals, clusters = spikes.get("intervals"), spikes.get("clusters")
    if is_table(intervals):
        intervals = _trials(intervals)
    elif isinstance(intervals, dict):
        intervals = _around(**intervals)
    if isinstance(intervals, list | tuple):
        intervals = tuple(tuple(map(float, one)) for one in intervals)
    clusters = tuple(clusters) if isinstance(clusters, list) else clusters
    recording = Recording(spikes["source"], spikes.get("sampling_rate"), intervals, clusters)
    is_nwb, path = _ending(recording) == ".nwb", recording.path
    if isinstance(intervals, str) and not is_nwb:
        raise InputError(
            f"spikes '{path}': expected intervals as [[start, stop], …] in seconds, or a .csv or "
            f".tsv table with the columns start and stop, found '{intervals}'. Names of tables are "
            "for .nwb files"
        )
    if is_nwb and recording.sampling_rate is not None:
        raise InputError(
            f"spikes '{path}': sampling_rate: the times of .nwb files are in seconds. Remove it"
        )
    if clusters is not None and not _is_folder(recording):
        raise InputError(
            f"spikes '{path}': `clusters` is for folders of Kilosort and phy alone. Remove it"
        )
    return recording


def is_table(intervals):
    """Tell whether `intervals` of the config names a text table of trials."""
    return isinstance(intervals, str) and ending(intervals) in DELIMITERS


def _numbers(path, columns, what):
    """Return columns of numbers of a text table, one tuple a row.

    Parameters
    ----------
    path : str
    columns : callable
        Of the names of all columns: those that are wanted.
    what : str
        The table, for messages.
    """
    check_file(path, what)
    rows = text_rows(path, what, DELIMITERS[ending(path)])
    top = [cell.strip() for cell in next(rows, (0, []))[1]]
    names = columns(top)
    if repeated := [name for name in names if top.count(name) > 1]:
        raise InputError(
            f"{what} '{path}': expected one column '{repeated[0]}', found "
            f"{top.count(repeated[0])}. Rename the others"
        )
    places, found = [top.index(name) for name in names], []
    for line, row in rows:
        try:
            found.append(tuple(float(row[place]) for place in places))
        except (ValueError, IndexError) as error:
            raise InputError(
                f"{what} '{path}', line {line}: expected numbers in {' and '.join(names)},"
                f" found {some(row)}. Mend or remove the line"
            ) from error
        if not np.isfinite(found[-1]).all():
            raise InputError(
                f"{what} '{path}', line {line}: expected seconds in {' and '.join(names)}, found "
                f"{some(row)}. Remove the rows without an event"
            )
    if not found:
        raise InputError(f"{what} '{path}': expected a row an interval, found none")
    return found


def _trials(path):
    """Return start and end, in seconds, of the rows of a table of trials."""

    def columns(top):
        for pair in TRIAL_COLUMNS:
            if set(pair) <= set(top):
                return pair
        raise InputError(
            f"intervals table '{path}': expected the columns start and stop (or start_time and "
            f"stop_time), in seconds, found {some(top) or 'nothing'}. Rename them"
        )

    return _numbers(path, columns, "intervals table")


def _around(table, column, around):
    """Return start and end, in seconds, of a window around each event of a table.

    Parameters
    ----------
    table : str
        A .csv or .tsv file with a row an event.
    column : str
        Seconds of the events.
    around : (float, float)
        Where the window begins and ends, in seconds after the event; before it below zero.
    """
    before, after = map(float, around)
    if not before < after:
        raise InputError(
            f"spikes.intervals.around: expected a start before the end, in seconds, found "
            f"[{before:g}, {after:g}]. Exchange them"
        )
    if ending(table) not in DELIMITERS:
        raise InputError(
            f"spikes.intervals.table: expected a .csv or .tsv file, found '{table}'. Save it as one"
        )

    def columns(top):
        if column not in top:
            raise InputError(
                f"events table '{table}': it has no column '{column}'{suggest(column, top)}. Its "
                f"columns: {some(top) or 'none'}. Name another one in spikes.intervals.column"
            )
        return (column,)

    times = np.sort(np.array(_numbers(table, columns, "events table"))[:, 0])
    gaps = np.diff(times)
    if len(gaps) and gaps.min() < (after - before) * (1 - ROUNDING):
        near = int(gaps.argmin())
        raise InputError(
            f"events table '{table}': the events at {times[near]:g} and {times[near + 1]:g} s are "
            f"nearer to each other than the {after - before:g} s around each: samples would count "
            "twice. Choose shorter `around`, or leave one of the two out"
        )
    starts, stops = times + before, times + after
    stops[:-1] = np.minimum(stops[:-1], starts[1:])  # those that meet do not overlap by rounding
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _ending(recording):
    return Path(recording.path).suffix.lower()


def _is_folder(recording):
    return Path(recording.path).is_dir() and bool(kilosort_files(recording.path))


def sampling_rate(recording):
    """Return how many samples make a second, None where times are seconds."""
    own = kilosort.sampling_rate(recording) if _is_folder(recording) else None
    given = recording.sampling_rate
    if own is not None and given is not None and own != given:
        raise InputError(
            f"spikes '{recording.path}': expected one sampling rate, found {given:g} Hz in the "
            f"config and {own:g} Hz in params.py. Remove `sampling_rate`"
        )
    return own if given is None else given


def stored_kind(recording):
    """Return the kind of the array `times`, from the header of the file alone; '' if unknown."""
    if _is_folder(recording):
        return "i"
    path = recording.path
    try:
        if _ending(recording) == ".npz":
            with zipfile.ZipFile(path) as file, file.open("times.npy") as stream:
                first = np.lib.format.read_magic(stream) == (1, 0)
                form = np.lib.format
                read = form.read_array_header_1_0 if first else form.read_array_header_2_0
                return read(stream)[2].kind
        if _ending(recording) in (".h5", ".hdf5"):
            with open_hdf5(path) as file:
                return file["times"].dtype.kind
    except (KeyError, AttributeError, ValueError, OSError, zipfile.BadZipFile):
        return ""  # who reads the times says what is wrong with them
    return ""


def arrays(recording, names):
    """Return those of the named arrays that a recording has."""
    kind, path = _ending(recording), recording.path
    if _is_folder(recording):
        return kilosort.arrays(recording, names)
    if kind not in ENDINGS:
        raise InputError(
            f"spikes '{path}': the ending '{kind}' is unknown. Expected one of "
            f"{', '.join(ENDINGS)}, or a folder of Kilosort or phy"
        )
    try:
        return nwb.spikes(recording, names) if kind == ".nwb" else _flat(path, kind, names)
    except InputError:
        raise
    except TROUBLE as error:
        raise InputError(
            f"spikes '{path}': expected a readable {kind} file: {told(error)}"
        ) from error


def _flat(path, ending, names):
    """Return arrays of a file that holds them by these names."""
    if ending == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names if name in file.files}
    if ending in (".h5", ".hdf5"):
        import h5py

        with open_hdf5(path) as file:
            for name in names:
                if isinstance(file.get(name), h5py.Group):
                    raise InputError(
                        f"spikes '{path}': expected an array `{name}`, found a group with "
                        f"{some(list(file[name]))}, as NWB files have. Give an NWB file the ending "
                        ".nwb; else write spike times and the unit of each spike as two arrays, "
                        "`times` and `units`"
                    )
            return {name: whole(file[name]) for name in names if name in file}
    import pandas as pd

    if ending == ".parquet":
        table = pd.read_parquet(path)
    else:
        # an empty cell is missing; a unit may be called NA or None
        empty = {name: [""] for name in names}
        separator = DELIMITERS[ending]
        top = next(text_rows(path, "spikes", separator), (0, []))[1]
        if repeated := [name for name in names if top.count(name) > 1]:
            raise InputError(
                f"spikes '{path}': expected one column '{repeated[0]}', found "
                f"{top.count(repeated[0])}. Rename the others"
            )
        table = pd.read_csv(path, sep=separator, keep_default_na=False, na_values=empty)
    return {name: table[name].to_numpy() for name in names if name in table}
