"""What was read of a dataset: what a user looks at before anything is estimated.

`describe` reads the data once and returns an `Overview`, plain numbers and names that
`lmi.data.overview_text` puts into words and that go to `data.json` for the report.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lmi.base.errors import InputError
from lmi.data import preprocess
from lmi.data import spikes as spike_trains
from lmi.data.formats import TEXT, format_of
from lmi.data.matrix_values import joined_strata
from lmi.data.samples import choose_samples
from lmi.data.sources import Source, header, read, sample_names, sources_of
from lmi.data.task_variables import task_params
from lmi.data.variables import list_variables

Settings = dict[str, Any]

SHOWN = 5
"""Names that are listed of many."""
MAX_VALUES = 200_000_000
"""Of a larger matrix, features spread evenly over the file are looked at, so many values in all."""
VALUES_AT_ONCE = 20_000_000
FEW_IN_STRATUM = 20
"""Strata of fewer samples are told: nothing is estimated within them."""


@dataclass(frozen=True)
class FileOverview:
    """One source file, as it was read.

    Attributes
    ----------
    path, part : str
        The file, and what in it (layer, modality, obsm, key); empty where the config says nothing.
    n_samples, n_features : int
    samples, features : list of str
        The first names; none where the file has none. Features then go by f0, f1, ...
    dtype : str
        Type of the numbers.
    n_no_numbers : int
        Features that hold no numbers.
    no_numbers : dict of str to str
        The first of them, and what they hold.
    left_out : list of str
        Columns that the config leaves out: `drop_columns`.
    n_looked_at : int
        Features on which the counts below rest; fewer than there are for very large files.
    n_missing, n_missing_features, n_missing_samples : int
        Values that are NaN or infinite, and the features and samples with one.
    n_constant : int
    constant : list of str
        The first constant features.
    n_duplicate_features : int
        Features whose values equal those of one before them.
    duplicate_features : list of str
        The first, as `b = a`.
    n_duplicate_samples : int or None
        Samples that equal one before them in all features; None where not all were looked at.
    minimum, maximum : float or None
    whole : bool
        All values are whole numbers, as counts are.
    zeros : float
        Share of zeros.
    """

    path: str
    part: str
    n_samples: int
    n_features: int
    samples: list[str]
    features: list[str]
    dtype: str
    n_no_numbers: int
    no_numbers: dict[str, str]
    left_out: list[str]
    n_looked_at: int
    n_missing: int
    n_missing_features: int
    n_missing_samples: int
    n_constant: int
    constant: list[str]
    n_duplicate_features: int
    duplicate_features: list[str]
    n_duplicate_samples: int | None
    minimum: float | None
    maximum: float | None
    whole: bool
    zeros: float


@dataclass(frozen=True)
class Recording:
    """A spike recording.

    Attributes
    ----------
    start_s, stop_s, recorded_s : float
        Start and end, and the seconds between them without pauses.
    n_intervals : int
    intervals : list of [float, float]
        The first.
    n_units, n_spikes : int
    units : list of str
        The first names.
    rates_hz : list of float
        Lowest, median and highest rate of the units.
    window_ms, stride_ms : float
    """

    path: str
    start_s: float
    stop_s: float
    recorded_s: float
    n_intervals: int
    intervals: list[list[float]]
    n_units: int
    n_spikes: int
    units: list[str]
    rates_hz: list[float]
    window_ms: float
    stride_ms: float


@dataclass(frozen=True)
class Overview:
    """What was read of a dataset.

    Attributes
    ----------
    dataset : str
    kind : str
        source, spikes or task.
    n_samples : int or None
        That go on, once those below are left out; None for a task that does not tell.
    left_out : list of [int, str]
        How many samples are left out, and why.
    joined : str
        How the samples of several files were brought together: name or position; empty for one.
    files : list of FileOverview
    n_variables : int
    variables : list of str
        The first names.
    n_features : list of int
        Features of the smallest and of the largest variable.
    notes : list of str
        What there is to know of single variables, the first.
    n_notes : int
    strata : dict of str to int
        Samples in each stratum, the largest first.
    strata_joined : str
        How labels found their samples: name, position, or own for a column of the source itself.
    time_series : bool
    intervals : list of int
        Samples in each interval of a time series with gaps, the first; none without gaps.
    n_intervals : int
    steps : list of str
        Preprocessing, in words: of all sources, or `file: steps` each. Files show values before it.
    recording : Recording or None
    warnings : list of str
        What a user should look at.
    problems : list of str
        What will stop the run.
    """

    dataset: str
    kind: str
    n_samples: int | None = None
    left_out: list[list[Any]] = field(default_factory=list)
    joined: str = ""
    files: list[FileOverview] = field(default_factory=list)
    n_variables: int = 0
    variables: list[str] = field(default_factory=list)
    n_features: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_notes: int = 0
    strata: dict[str, int] = field(default_factory=dict)
    strata_joined: str = ""
    time_series: bool = False
    intervals: list[int] = field(default_factory=list)
    n_intervals: int = 1
    steps: list[str] = field(default_factory=list)
    recording: Recording | None = None
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def describe(name: str, dataset: Settings, missing: str = "error", seed: int = 0) -> Overview:
    """Read a dataset and return what there is in it.

    Parameters
    ----------
    name : str
    dataset : dict
        A validated dataset of the config.
    missing : str
        The config's `project.missing`.
    seed : int
        The run's.

    Raises
    ------
    InputError
        What makes the dataset unusable, other than missing values.
    """
    variables = list_variables(dataset)
    sizes = [len(variable.features) for variable in variables if variable.features]
    notes = [f"{variable.name}: {variable.note}" for variable in variables if variable.note]
    said: Settings = {
        "n_variables": len(variables),
        "variables": [variable.name for variable in variables[:SHOWN]],
        "n_features": [min(sizes), max(sizes)] if sizes else [],
        "notes": notes[:SHOWN],
        "n_notes": len(notes),
        "time_series": "spikes" in dataset or dataset.get("time_series", False),
    }
    if "task" in dataset:
        from lmi import tasks

        n_samples = tasks.check(**task_params(dataset)).get("n_samples")
        return Overview(name, "task", n_samples, **said)
    if "spikes" in dataset:
        said["n_features"] = [dataset["spikes"]["n_lags"]] * 2
        return _of_spikes(name, dataset, said)
    return _of_sources(name, dataset, said, missing, seed)


# ---- spikes


def _of_spikes(name, dataset, said):
    spikes = dataset["spikes"]
    known = spike_trains.recording(spikes)
    rates = np.array(known.n_spikes) / known.duration_s
    recording = Recording(
        path=spikes["source"],
        start_s=known.start_s,
        stop_s=known.stop_s,
        recorded_s=known.duration_s,
        n_intervals=len(known.intervals),
        intervals=[list(one) for one in known.intervals[:SHOWN]],
        n_units=len(known.names),
        n_spikes=int(sum(known.n_spikes)),
        units=list(known.names[:SHOWN]),
        rates_hz=[float(q) for q in np.quantile(rates, [0, 0.5, 1])],
        window_ms=float(spikes["bin_ms"] * spikes["n_lags"]),
        stride_ms=float(spikes["stride_ms"]),
    )
    warnings = []
    if recording.window_ms > recording.stride_ms:
        warnings.append(
            f"windows of {recording.window_ms:g} ms every {recording.stride_ms:g} ms overlap: "
            "they are fewer different samples than their number"
        )
    n_samples = spike_trains.n_windows(spikes, dataset.get("lags", (0,)))
    return Overview(name, "spikes", n_samples, recording=recording, warnings=warnings, **said)


# ---- sources


def _of_sources(name, dataset, said, missing, seed):
    sources = sources_of(dataset)
    files = [describe_file(source) for source in sources]
    problems = []
    try:
        chosen = choose_samples(dataset, sources, missing, seed)
    except InputError as error:
        return Overview(name, "source", files=files, problems=[str(error)], **said)
    n_samples = files[0].n_samples if chosen.rows[0] is None else len(chosen.rows[0])
    size = preprocess.bin_size(preprocess.steps_of(dataset, sources[0].path))
    if said["time_series"]:
        sizes = [n // size for n in chosen.stretches(n_samples)]
        n_samples = sum(sizes)
        if len(sizes) > 1:
            said |= {"intervals": sizes[:SHOWN], "n_intervals": len(sizes)}
    if dataset["variables"] == "files":
        sizes = [one.n_features for one in files]
        said["n_features"] = [min(sizes), max(sizes)]
    warnings = [text for one in files for text in _warnings(one)]
    if chosen.joined == "position":
        warnings.append(
            "the samples of the files are joined by position, row by row: no file names them"
        )
    n_missing = sum(one.n_missing for one in files)
    if n_missing and missing == "error":
        problems.append(
            f"{n_missing} missing values: a variable that has one stops the run. Set "
            "project.missing to drop_samples or impute_median, or mend the file"
        )
    strata, joined = {}, ""
    if "strata" in dataset:
        labels, joined = joined_strata(dataset)
        labels = labels if chosen.rows[0] is None else labels[chosen.rows[0]]
        strata = dict(Counter(labels.tolist()).most_common())
        warnings += _strata_warnings(strata, joined)
    if said["time_series"] and "intervals" not in dataset and sample_names(sources[0]) is not None:
        warnings.append("time series: rows are taken to be consecutive in time, in their order")
    return Overview(
        name,
        "source",
        n_samples,
        chosen.left_out,
        chosen.joined,
        files,
        strata=strata,
        strata_joined=joined,
        steps=_steps(dataset, sources),
        warnings=warnings,
        problems=problems,
        **said,
    )


def _steps(dataset, sources):
    """Return the preprocessing in words."""
    each = {one.path: preprocess.told(preprocess.steps_of(dataset, one.path)) for one in sources}
    if isinstance(dataset.get("preprocess"), dict):
        return [f"{path}: {steps}" for path, steps in each.items() if steps]
    return [next(iter(each.values()))] if "preprocess" in dataset else []


def describe_file(source: Source) -> FileOverview:
    """Read a source file and return what there is in it."""
    top, names = header(source), sample_names(source)
    numeric = [i for i, feature in enumerate(top.features) if feature not in top.text]
    odd = {feature: top.held.get(feature, "text") for feature in sorted(top.text)}
    counted = _count(source, top.features, numeric)
    parts = (source.layer, source.modality, source.obsm, source.key)
    made_up = top.features == tuple(f"f{i}" for i in range(len(top.features)))
    return FileOverview(
        path=source.path,
        part=", ".join(filter(None, parts)),
        n_features=len(top.features),
        samples=[] if names is None else list(names[:SHOWN]),
        features=[] if made_up else list(top.features[:SHOWN]),
        n_no_numbers=len(odd),
        no_numbers=dict(list(odd.items())[:SHOWN]),
        left_out=list(source.drop_columns or ()),
        **counted,
    )


def _count(source, features, numeric):
    """Return what there is to count in the values of the features that hold numbers."""
    n_expected = header(source).n_samples or 1
    most = max(1, MAX_VALUES // n_expected)
    looked = numeric
    if len(numeric) > most:
        looked = [numeric[i] for i in np.linspace(0, len(numeric) - 1, most).round().astype(int)]
    # a format that can only be read whole is read once
    whole_at_once = source.transpose or format_of(source) is TEXT
    step = len(looked) if whole_at_once else max(1, VALUES_AT_ONCE // n_expected)
    dtype, n_missing, constant, twice, first = "", [], [], [], {}
    low, high, whole, n_zeros, n_values, row_hashes, bad_rows = np.inf, -np.inf, True, 0, 0, 0, 0
    for start in range(0, len(looked), max(1, step)):
        columns = looked[start : start + step]
        block = np.ascontiguousarray(read(source, columns))
        dtype = str(block.dtype)
        finite = np.isfinite(block)
        n_missing += (~finite).sum(axis=0).tolist()
        bad_rows = bad_rows | ~finite.all(axis=1)
        filled = np.where(finite, block, 0)
        values = block[finite]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            whole = whole and bool((values == np.rint(values)).all())
            n_zeros, n_values = n_zeros + int((values == 0).sum()), n_values + len(values)
        for place, column in enumerate(columns):
            own = block[finite[:, place], place]
            if not len(own) or own.min() == own.max():
                constant.append(features[column])
                continue
            key = hash(block[:, place].tobytes())
            if key in first:
                twice.append(f"{features[column]} = {first[key]}")
            else:
                first[key] = features[column]
        hashes = np.array([hash(row.tobytes()) for row in filled], dtype=np.int64)
        row_hashes = hashes if isinstance(row_hashes, int) else row_hashes * 31 + hashes
    n_rows = len(row_hashes) if looked else n_expected
    all_seen = looked and len(looked) == len(numeric)
    return {
        "n_samples": n_rows,
        "dtype": dtype,
        "n_looked_at": len(looked),
        "n_missing": sum(n_missing),
        "n_missing_features": sum(n > 0 for n in n_missing),
        "n_missing_samples": int(np.sum(bad_rows)),
        "n_constant": len(constant),
        "constant": constant[:SHOWN],
        "n_duplicate_features": len(twice),
        "duplicate_features": twice[:SHOWN],
        "n_duplicate_samples": n_rows - len(np.unique(row_hashes)) if all_seen else None,
        "minimum": low if n_values else None,
        "maximum": high if n_values else None,
        "whole": whole and n_values > 0,
        "zeros": n_zeros / n_values if n_values else 0.0,
    }


def _warnings(one: FileOverview) -> list[str]:
    """Return what a user should look at in a file."""
    found = []
    if not one.features:
        found.append(f"'{one.path}' names no features: they are f0, f1, ... in its order")
    if one.n_duplicate_samples:
        found.append(
            f"'{one.path}': {one.n_duplicate_samples} of its {one.n_samples} samples are copies "
            "of others; copies look like information"
        )
    if one.n_duplicate_features:
        found.append(
            f"'{one.path}': {one.n_duplicate_features} features are copies of others "
            f"({', '.join(one.duplicate_features)}); variables that share them share bits"
        )
    if one.n_features > one.n_samples > 1 and not one.samples and not one.features:
        found.append(
            f"'{one.path}' has more features than samples, and names neither: is `transpose` "
            "missing?"
        )
    return found


def _strata_warnings(strata, joined):
    found = []
    if joined == "position":
        found.append("strata: labels are joined to the samples by position, row by row")
    small = [label for label, n in strata.items() if n < FEW_IN_STRATUM]
    if small:
        found.append(
            f"strata: {len(small)} of {len(strata)} have fewer than {FEW_IN_STRATUM} samples"
        )
    return found


# ---- files


def write(path: str | Path, overview: Overview) -> None:
    """Write an overview as JSON: its attributes by name, those of its parts within."""
    text = json.dumps(dataclasses.asdict(overview), indent=1, ensure_ascii=False, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def load(path: str | Path) -> Overview:
    """Return the overview in a file of `write`."""
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    held["files"] = [FileOverview(**one) for one in held["files"]]
    held["recording"] = held["recording"] and Recording(**held["recording"])
    return Overview(**held)
