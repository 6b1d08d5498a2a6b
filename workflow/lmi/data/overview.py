"""What was read of a dataset: what a user looks at before anything is estimated.

`describe` reads the data once and returns an `Overview`, plain numbers and names that
`lmi.data.overview_text` puts into words and that go to `data.json` for the report.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lmi.base.errors import InputError
from lmi.base.files import absent, replacing, set_aside
from lmi.data import preprocess, sample_labels
from lmi.data import spikes as spike_trains
from lmi.data.file_overview import SHOWN, FileOverview, describe_file, to_look_at
from lmi.data.groups import read_groups, sizes_of
from lmi.data.label_joins import joined_labels
from lmi.data.sample_labels import Label
from lmi.data.samples import choose_samples
from lmi.data.sources import sources_of
from lmi.data.task_variables import task_params
from lmi.data.variables import list_variables

Settings = dict[str, Any]

REPEATING = 0.2
"""Share of the values of a sample that repeat, from which on they look like divided counts."""
FEW = 100
"""Features; the shares of fewer depend on each other by construction."""
SLOW_HZ = 0.1
"""Where all units fire less often, times may be in another unit than seconds."""
HOUR_S = 3600
FEW_IN_STRATUM = 20
"""Strata of fewer samples are told: nothing is estimated within them."""


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
        How the samples of several files were brought together: name, position, pairs or time;
        empty for one.
    paired : str
        How pairs of samples, or common steps of time, were made, in words.
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
    groups : dict of str to int
        Samples in the two groups that are compared, the first group first.
    groups_joined : str
        As `strata_joined`.
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
    label_rows : list of int
        Rows in the first source of the samples that the report shows.
    labels : list of Label
        What describes them.
    """

    dataset: str
    kind: str
    n_samples: int | None = None
    left_out: list[list[Any]] = field(default_factory=list)
    joined: str = ""
    paired: str = ""
    files: list[FileOverview] = field(default_factory=list)
    n_variables: int = 0
    variables: list[str] = field(default_factory=list)
    n_features: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_notes: int = 0
    strata: dict[str, int] = field(default_factory=dict)
    strata_joined: str = ""
    groups: dict[str, int] = field(default_factory=dict)
    groups_joined: str = ""
    time_series: bool = False
    intervals: list[int] = field(default_factory=list)
    n_intervals: int = 1
    steps: list[str] = field(default_factory=list)
    recording: Recording | None = None
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    label_rows: list[int] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


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
    recorded = spike_trains.recording(spikes)
    rates = np.array(recorded.n_spikes) / recorded.duration_s
    recording = Recording(
        path=spikes["source"],
        start_s=recorded.start_s,
        stop_s=recorded.stop_s,
        recorded_s=recorded.duration_s,
        n_intervals=len(recorded.intervals),
        intervals=[list(one) for one in recorded.intervals[:SHOWN]],
        n_units=len(recorded.names),
        n_spikes=int(sum(recorded.n_spikes)),
        units=list(recorded.names[:SHOWN]),
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
    if rates.max() < SLOW_HZ:
        warnings.append(
            f"the fastest unit fires {rates.max():.2g} times a second, over "
            f"{recording.recorded_s:,.0f} s ({recording.recorded_s / HOUR_S:.3g} hours): are times "
            "in milliseconds? Then set `sampling_rate: 1000`"
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
    warnings = [text for one in files for text in to_look_at(one)]
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
    if few := [one.path for one in files if _normalised(dataset, one) and one.n_features < FEW]:
        warnings.append(
            f"normalise: '{few[0]}' has few features; where the counts of a sample add up to the "
            "same, what one variable has the others lack, which looks like information"
        )
    if said["n_features"][:1] == [1]:
        warnings += [
            f"'{one.path}': counts that are divided by the total of their sample: features of the "
            "same count have the same value there, so that single ones share that total, in bits "
            "that grow with the number of samples. Read the counts themselves, or give the total "
            "(`given: {column: ...}`)"
            for one in files
            if (one.repeating > REPEATING and not one.whole) or _normalised(dataset, one)
        ]
    warnings += [
        f"preprocess: log1p of '{one.path}': values from {one.minimum:g}; a variable with one "
        "below 0 stops the run"
        for one in files
        if one.minimum is not None and one.minimum < 0 and _is_log1p_first(dataset, one)
    ]
    if "compare" in dataset:
        labels, said["groups_joined"] = read_groups(dataset)
        labels = labels if chosen.rows[0] is None else labels[chosen.rows[0]]
        said["groups"] = sizes_of(dataset["compare"]["groups"], labels)
    strata, joined = {}, ""
    if "strata" in dataset:
        labels, joined = joined_labels(sources[0], dataset["strata"])
        labels = labels if chosen.rows[0] is None else labels[chosen.rows[0]]
        strata = dict(Counter(labels.tolist()).most_common())
        warnings += _strata_warnings(strata, joined)
    if said["time_series"] and chosen.breaks is None and chosen.names is not None:
        warnings.append("time series: rows are taken to be consecutive in time, in their order")
    are_rows = size == 1 and chosen.bins is None
    label_rows, labels = sample_labels.read(dataset, sources[0], chosen) if are_rows else ([], [])
    if chosen.bins is None and chosen.breaks is not None and (n_odd := int(chosen.breaks.sum())):
        warnings.append(
            f"time series: {n_odd} steps between the times of the samples are not the usual one; a "
            "stretch ends there"
        )
    return Overview(
        name,
        "source",
        n_samples,
        chosen.left_out,
        chosen.joined,
        chosen.paired,
        files,
        strata=strata,
        strata_joined=joined,
        steps=_steps(dataset, sources),
        warnings=warnings,
        problems=problems,
        label_rows=label_rows if labels else [],
        labels=labels,
        **said,
    )


def _is_log1p_first(dataset, one):
    """Whether the values of a file as they are would be logarithms."""
    steps = [name for name, _ in preprocess.steps_of(dataset, one.path)]
    return steps[:1] == ["log1p"]


def _normalised(dataset, one):
    return any(name == "normalise" for name, _ in preprocess.steps_of(dataset, one.path))


def _steps(dataset, sources):
    """Return the preprocessing in words."""
    each = {one.path: preprocess.told(preprocess.steps_of(dataset, one.path)) for one in sources}
    if isinstance(dataset.get("preprocess"), dict):
        return [f"{path}: {steps}" for path, steps in each.items() if steps]
    return [next(iter(each.values()))] if "preprocess" in dataset else []


def _as_written(label):
    """Return a label without what is easily written in two ways: case, spaces, 1 and 1.0."""
    try:
        return float(label)
    except ValueError:
        return " ".join(label.casefold().split())


def _strata_warnings(strata, joined):
    warnings = []
    if joined == "position":
        warnings.append("strata: labels are joined to the samples by position, row by row")
    alike: Settings = {}
    for label in strata:
        alike.setdefault(_as_written(label), []).append(label)
    if twins := [labels for labels in alike.values() if len(labels) > 1]:
        shown = " and ".join(f"'{label}'" for label in twins[0])
        warnings.append(f"strata: {shown} are different labels; are they one?")
    small = [label for label, n in strata.items() if n < FEW_IN_STRATUM]
    if small:
        warnings.append(
            f"strata: {len(small)} of {len(strata)} have fewer than {FEW_IN_STRATUM} samples"
        )
    return warnings


# ---- files


def write(path: str | Path, overview: Overview) -> None:
    """Write an overview as JSON: its attributes by name, those of its parts within; atomically."""
    held = dataclasses.asdict(overview)
    held["sha256"] = _digest(held)
    text = json.dumps(held, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as name:
        name.write_text(text + "\n", encoding="utf-8")


def load(path: str | Path) -> Overview:
    """Return the overview in a file of `write`.

    Raises
    ------
    InputError
        No such file, or a damaged one, which is set aside: the same command makes it again.
    """
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        is_whole = held.pop("sha256") == _digest(held)
    except FileNotFoundError as error:
        raise InputError(absent(path, "describe", "a JSON file")) from error
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        fault = "its content does not fit the checksum that it was written with"
        raise InputError(set_aside(path, fault, "describe", "a JSON file"))
    held["files"] = [FileOverview(**one) for one in held["files"]]
    held["labels"] = [Label(**one) for one in held["labels"]]
    held["recording"] = held["recording"] and Recording(**held["recording"])
    return Overview(**held)


def _digest(held):
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
