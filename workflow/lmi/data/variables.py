"""Variables: which features make up which, and their values."""

import itertools
import logging
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.data import spikes as spike_trains
from lmi.data.files import DELIMITERS, ending, open_text, stem, text_rows, told
from lmi.data.labels import labels_of
from lmi.data.sources import (
    align,
    check_file,
    first_duplicates,
    header,
    id_message,
    missing_samples,
    n_own_samples,
    read,
    sample_names,
    some,
    sources_of,
    suggest,
)
from lmi.data.sources import n_samples as shared_samples

log = logging.getLogger("lmi")

LEAST_SAMPLES_OF_DATASET = 100
"""Fewest samples of a dataset of the config: two folds, of each up to ten parts for its error bar,
each with k + 2 samples for k = 3. With a larger k, `lmi.planning.config.min_samples` asks for more.
"""
MISSING_POLICIES = ("error", "drop_samples", "impute_median")


@dataclass(frozen=True)
class Variable:
    """A named group of features.

    Attributes
    ----------
    name : str
    features : tuple of str
        Names of features in the source; of one unit for spikes; empty where the variable is a
        whole file or one side of a task.
    shift_s : float
        Spikes only: how much later the windows start, seconds.
    note : str
        What a reader of the results should know about it.
    """

    name: str
    features: tuple = ()
    shift_s: float = 0.0
    note: str = ""

    def to_params(self):
        """Return the variable as a mapping of JSON types, without what is not set."""
        params = {"name": self.name, "features": list(self.features)}
        optional = {"shift_s": self.shift_s, "note": self.note}
        return params | {key: value for key, value in optional.items() if value}

    @classmethod
    def from_params(cls, params):
        """Return the variable that `to_params` described."""
        return cls(**{**params, "features": tuple(params["features"])})


def list_variables(dataset):
    """List the variables of a dataset, in the order of the file or the config.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config. Only headers of its files are read.

    Returns
    -------
    list of Variable

    Raises
    ------
    InputError
        Missing files, unknown or duplicate names, variables without features.
    """
    if "task" in dataset:
        return [Variable("x"), Variable("y")]
    variables = _unit_variables(dataset) if "spikes" in dataset else _source_variables(dataset)
    _check_names(variables)
    return variables


def count_samples(dataset):
    """Return the number of samples of a dataset, or None where that takes reading its data.

    Raises
    ------
    InputError
        Sources that do not fit together; recordings shorter than a window.
    """
    if "task" in dataset:
        from lmi import tasks

        return tasks.check(**_task_params(dataset)).get("n_samples")
    if "spikes" in dataset:
        return spike_trains.n_windows(dataset["spikes"], dataset.get("lags", (0,)))
    return shared_samples(sources_of(dataset))


def count_features(dataset, variables):
    """Return the number of features of the widest of the variables, as far as headers tell.

    Parameters
    ----------
    dataset : dict
    variables : list of Variable
        From `list_variables`.
    """
    if "task" in dataset:
        from lmi import tasks

        return tasks.check(**_task_params(dataset)).get("ambient", 100)
    if "spikes" in dataset:
        return dataset["spikes"]["n_lags"]
    if dataset["variables"] == "files":
        return max(len(header(source).features) for source in sources_of(dataset))
    return max(len(variable.features) for variable in variables)


def read_matrices(
    dataset, variables, missing="error", seed=0, min_samples=LEAST_SAMPLES_OF_DATASET
):
    """Read the values of variables.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    variables : list of Variable
        Some or all of its variables: a block.
    missing : str
        error, drop_samples or impute_median; see the config.
    seed : int
        Seed of a task that has none of its own.
    min_samples : int
        Fewest samples that may be left.

    Returns
    -------
    matrices : list of float32 or float64 array, shape (n_samples, n_features)
        One a variable, as exact as its file, constant features left out. No features are left
        of a bad variable.
    info : dict
        n_dropped : int, samples left out for missing values;
        n_unmatched : int, samples of the first source that another one lacks;
        sample_names : tuple of str or None;
        features : list of tuple of str, the features kept of each variable;
        notes : list of str, one a variable, empty where there is nothing to say;
        errors : list of (str or None), why a variable is bad;
        truth_bits : list of float, one a variable: what it shares with the other variable of its
            task, NaN where that is unknown;
        time_series : bool;
        overlap : int, samples that share data with a sample before them;
        strata : array of str, shape (n_samples,), or None;
        missing : list of float, one a variable: share of its values that were imputed.

    Raises
    ------
    InputError
        What makes the whole dataset unusable: missing values under the policy `error`, text
        where numbers are expected, sources without common samples, too few samples.
    """
    if missing not in MISSING_POLICIES:
        raise InputError(
            f"project.missing: expected one of {', '.join(MISSING_POLICIES)}, found {missing!r}"
        )
    info = {
        "n_dropped": 0,
        "n_unmatched": 0,
        "sample_names": None,
        "truth_bits": [math.nan] * len(variables),
        "time_series": "spikes" in dataset or dataset.get("time_series", False),
        "overlap": spike_trains.overlap(dataset["spikes"]) if "spikes" in dataset else 0,
        "strata": None,
        "given": None,
        "missing": [0.0] * len(variables),
    }
    if "task" in dataset or "cells" in dataset:
        matrices, features, notes = _read_tasks(dataset, variables, seed, info)
    elif "spikes" in dataset:
        matrices, features, notes = _read_units(dataset, variables)
    else:
        matrices, features, notes = _read_sources(dataset, variables, missing, info)
    n_left = len(matrices[0]) if matrices else min_samples
    if n_left < min_samples:
        reason = f" after {info['n_dropped']} with missing values" if info["n_dropped"] else ""
        raise InputError(
            f"expected at least {min_samples} samples, found {n_left}{reason}. The estimator "
            "compares each sample with its neighbours and needs more of them"
        )
    matrices, kept, constant, errors = _without_constants(matrices, features)
    info["features"], info["errors"] = kept, errors
    info["notes"] = [
        "; ".join(filter(None, (variable.note, note, other)))
        for variable, note, other in zip(variables, notes, constant, strict=True)
    ]
    return matrices, info


# ---- variables of a matrix


def _source_variables(dataset):
    sources, choice = sources_of(dataset), dataset["variables"]
    if choice in ("files", "each"):
        _refuse_ids(sources)
    if choice == "files":
        return _file_variables(sources)
    where, text, twice = _feature_places(sources)
    if choice == "each":
        groups = {name: (name,) for name in where}
        described = "variables: each"
        _check_features(groups, where, text, twice, sources, described)
        return [Variable(name, features) for name, features in groups.items()]
    groups, described = _groups(choice)
    variables = []
    if "gene_sets" in choice:
        _check_descriptions(choice["gene_sets"], where)
    listed_twice = {name: first_duplicates(features) for name, features in groups.items()}
    for name, repeated in listed_twice.items():
        if repeated and "list" in choice:
            raise InputError(
                f"{described}: variable '{name}' lists a feature twice: {some(repeated)}. "
                "List it once"
            )
    groups = {name: tuple(dict.fromkeys(features)) for name, features in groups.items()}
    if choice.get("unknown_features", "error") == "error":
        form = next(key for key in ("gene_sets", "table", "list") if key in choice)
        _check_known(groups, where, described, sources, form)
    for name, features in groups.items():
        found = tuple(feature for feature in features if feature in where)
        if len(found) < max(1, choice.get("min_features", 1)):
            continue
        absent = len(features) - len(found)
        notes = [f"{absent} of its {len(features)} features are not in the data"] * (absent > 0)
        if listed_twice[name]:
            notes.append(f"listed more than once, taken once: {some(listed_twice[name])}")
        variables.append(Variable(name, found, note="; ".join(notes)))
    if not variables:
        raise InputError(
            f"{described}: none of its {len(groups)} variables has at least "
            f"{choice.get('min_features', 1)} features in the data, whose features are "
            f"{some(where)}. Names must be equal, letter by letter; or lower min_features"
        )
    found = {variable.name: variable.features for variable in variables}
    _check_features(found, where, text, twice, sources, described)
    return variables


def _refuse_ids(sources):
    """Refuse columns that seem to name or count the samples where every column is a feature."""
    for source in sources:
        known = header(source)
        if ids := [name for name in known.ids if name in known.features]:
            shared_samples(sources)  # sources without a common sample are told first
            raise InputError(id_message(source, ids))


def _file_variables(sources):
    variables = []
    for source in sources:
        known = header(source)
        if known.text:
            odd = [f"{name} ({known.held[name]})" for name in sorted(known.text)]
            raise InputError(
                f"variables: files: '{source.path}' has columns that hold no numbers: "
                f"{some(odd)}. Every "
                "column must hold numbers, but for one of sample names; leave others out with "
                "`drop_columns`"
            )
        variables.append(Variable(stem(source.path)))
    return variables


def _feature_places(sources):
    """Return {feature: (source, column)}, features of text, and features that occur twice."""
    where, text, twice, first = {}, set(), {}, {}
    for i, source in enumerate(sources):
        known = header(source)
        text |= known.text
        for column, name in enumerate(known.features):
            if name in where:
                twice[name] = first[name], source.path
            else:
                where[name], first[name] = (i, column), source.path
    return where, text, twice


def _check_features(groups, where, text, twice, sources, described):
    """Refuse features that are used and hold text, or that could be either of two columns."""
    for name, features in groups.items():
        for feature in features:
            if feature in text:
                source = sources[where[feature][0]]
                raise InputError(
                    f"{described}: variable '{name}' uses the column '{feature}' of "
                    f"'{source.path}', which holds {header(source).held[feature]}; expected "
                    "numbers. Leave it out with `drop_columns`, list the features to use with "
                    "`variables`, or name the column of sample names with `sample_column`"
                )
            if feature in twice:
                one, other = twice[feature]
                place = f"twice in '{one}'" if one == other else f"in '{one}' and in '{other}'"
                n_more = len(twice) - 1
                more = f" (and {n_more} more such names)" if n_more else ""
                raise InputError(
                    f"{described}: the feature '{feature}' of variable '{name}' is {place}{more}; "
                    "expected unique names. Rename one"
                    + ("" if one == other else ", or use `variables: files`")
                )


def _check_known(groups, where, described, sources, form):
    """Refuse features that no source has; name the first few and what comes close to them."""
    unknown = {}
    for name, features in groups.items():
        for feature in features:
            if feature not in where:
                unknown.setdefault(feature, []).append(name)
    if not unknown:
        return
    total = len({feature for features in groups.values() for feature in features})
    files = "'" + "', '".join(source.path for source in sources) + "'"
    if len(unknown) == total:
        raise InputError(
            f"{described}: none of its {total} features is in {files}. It lists "
            f"{some(unknown, 3)}; the data have {some(where, 3)}. Names must be equal, letter by "
            "letter (is `transpose` missing?)"
        )

    def show(feature):
        owners = unknown[feature]
        whose = f"variable{'s' if len(owners) > 1 else ''} '{some(owners, 3)}'"
        return f"'{feature}' of {whose}{suggest(feature, where)}"

    concerned = list(dict.fromkeys(name for names in unknown.values() for name in names))
    raise InputError(
        f"{described}: {len(unknown)} of its {total} features are not in "
        f"{files}: {some(unknown, show=show)}. Variables concerned: "
        f"{len(concerned)} of {len(groups)} ({some(concerned, 20)}). Correct the names, or go on "
        "without them: `variables: {" + form + ": ..., unknown_features: drop}`"
    )


def _groups(choice):
    """Return {variable: features} of the config, a GMT file or a table, and where it stands."""
    if "gene_sets" in choice:
        return _read_gmt(choice["gene_sets"]), f"gene_sets '{choice['gene_sets']}'"
    if "table" in choice:
        return _read_groups(choice["table"]), f"variables table '{choice['table']}'"
    groups = choice["list"]
    if isinstance(groups, list):
        if repeated := first_duplicates(map(str, groups)):
            raise InputError(f"variables: list names {some(repeated)} twice. List it once")
        return {str(name): (str(name),) for name in groups}, "variables: list"
    return {name: tuple(map(str, features)) for name, features in groups.items()}, "variables: list"


def _read_gmt(path):
    """Return {set: features} of a GMT file: name, description, features, split by tabs."""
    return {name: features for _, name, _, features in _gmt_lines(path)}


def _check_descriptions(path, where):
    """Refuse a GMT file without descriptions: the first feature of each set would be lost."""
    for number, name, description, _ in _gmt_lines(path):
        if description in where:
            raise InputError(
                f"gene_sets '{path}', line {number}: the second column, the description of "
                f"'{name}', is '{description}', which is a feature of the data; features start in "
                "the third column. Put a description, or na, into the second column of every line"
            )


def _gmt_lines(path):
    """Return (line, set, description, features) of the lines of a GMT file."""
    check_file(path, "gene_sets")
    found, names = [], set()
    for number, line in enumerate(_lines(path, "gene_sets"), 1):
        if not line.strip():
            continue
        name, *rest = [cell.strip() for cell in line.split("\t")]
        features = tuple(filter(None, rest[1:]))
        if not features:
            raise InputError(
                f"gene_sets '{path}', line {number}: expected a name, a description and at least "
                f"one feature, split by tabs; found '{line[:60]}'"
            )
        if name in names:
            raise InputError(
                f"gene_sets '{path}', line {number}: the name '{name}' is there twice. Rename one"
            )
        names.add(name)
        found.append((number, name, rest[0], features))
    if not found:
        raise InputError(f"gene_sets '{path}': expected one variable a line, found an empty file")
    return found


def _read_groups(path):
    """Return {variable: features} of a table with the columns feature and variable."""
    groups = {}
    for _, (feature, variable) in read_columns(path, ("feature", "variable"), "variables table"):
        groups.setdefault(variable, []).append(feature)
    return {name: tuple(features) for name, features in groups.items()}


def _lines(path, what):
    try:
        with open_text(path) as file:
            return file.read().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{what} '{path}': expected text in UTF-8: {error}") from error
    except (OSError, EOFError) as error:
        raise InputError(
            f"{what} '{path}': expected a readable file, found: {told(error)}"
        ) from error


def read_columns(path, names, what):
    """Return [(line, values)] of the named columns of a small .tsv or .csv table.

    Raises
    ------
    InputError
        No such file or column, an empty cell, or no rows.
    """
    check_file(path, what)
    delimiter = DELIMITERS.get(ending(path), "\t")
    rows = text_rows(path, what, delimiter)
    top = [cell.strip() for cell in next(rows, (0, []))[1]]
    for name in names:
        if name not in top:
            raise InputError(
                f"{what} '{path}': expected the columns {' and '.join(names)}, split by "
                f"{'commas' if delimiter == ',' else 'tabs'}; found {some(top) or 'nothing'}"
                f"{suggest(name, top)}"
            )
    places, found = [top.index(name) for name in names], []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        values = tuple(row[i].strip() if i < len(row) else "" for i in places)
        if "" in values:
            raise InputError(
                f"{what} '{path}', line {line}: the column "
                f"'{names[values.index('')]}' is empty. Every row needs both"
            )
        found.append((line, values))
    if not found:
        raise InputError(f"{what} '{path}': expected at least one row below the header, found none")
    return found


def _check_names(variables):
    counts = Counter(variable.name for variable in variables)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise InputError(
            f"variables: names must be unique; more than once: {some(twice)}. Rename the files "
            "or features"
        )
    for variable in variables:
        if not variable.name or not variable.name.isprintable():
            raise InputError(
                f"variables: the name {variable.name!r} is empty or holds a tab or a line break. "
                "Rename the feature or file"
            )


# ---- variables of a recording


def shifted_name(name, shift_s):
    """Return the name of a unit's shifted copy: unit7@+10s."""
    return f"{name}@+{shift_s:g}s"


def _unit_variables(dataset):
    spikes, choice = dataset["spikes"], dataset["variables"]
    known = spike_trains.recording(spikes)
    n_spikes = dict(zip(known.names, known.n_spikes, strict=True))
    if choice == "each":
        floor = spikes.get("min_rate_hz", 0) * known.duration_s
        names = [name for name, count in n_spikes.items() if count >= floor]
        if not names:
            raise InputError(
                f"spikes.min_rate_hz: no unit of '{spikes['source']}' fires "
                f"{spikes['min_rate_hz']:g} times a second; lower it"
            )
    else:
        names = _listed_units(choice, n_spikes, spikes["source"])
    overlap_ms = spikes["bin_ms"] * spikes["n_lags"] - spikes["stride_ms"]
    note = f"windows overlap by {overlap_ms:g} ms" if overlap_ms > 0 else ""
    shift_s = spikes.get("shift_s", 0)
    variables = []
    for name in names:
        variables.append(Variable(name, (name,), note=note))
        if shift_s:
            # Next to each other, so that the pair of the two lies in one tile.
            variables.append(Variable(shifted_name(name, shift_s), (name,), float(shift_s), note))
    return variables


def _listed_units(choice, known, path):
    """Return the names of the units in the config's list: names, or the ids in the file."""
    if not isinstance(choice, dict) or not isinstance(choice.get("list"), list):
        raise InputError(
            "variables: for spikes expected `each` or `{list: [units]}`; each unit is a variable"
        )
    if choice.get("unknown_features") == "drop":
        raise InputError(
            "variables.unknown_features: drop has no meaning for a list of units. Remove it, and "
            "list units that the recording has"
        )
    names = [f"unit{one}" if isinstance(one, int) else one for one in choice["list"]]
    if twice := first_duplicates(names):
        raise InputError(f"variables: list names {some(twice)} twice. List it once")
    if unknown := [name for name in names if name not in known]:

        def show(name):
            return f"'{name}'{suggest(name, known)}"

        raise InputError(
            f"variables: list: {len(unknown)} of {len(names)} units are not in '{path}': "
            f"{some(unknown, show=show)}. "
            f"It has {len(known)} units: {some(known)}"
        )
    return names


def _read_units(dataset, variables):
    wanted = [(variable.features[0], variable.shift_s) for variable in variables]
    matrices = spike_trains.count_windows(dataset["spikes"], wanted)
    lags = tuple(f"bin{i}" for i in range(dataset["spikes"]["n_lags"]))
    return matrices, [lags] * len(variables), [""] * len(variables)


# ---- variables of a task


def _task_params(dataset):
    return {key: value for key, value in dataset["task"].items() if key != "seed"}


def _read_tasks(dataset, variables, seed, info):
    """Draw a task, whose variables are x and y, or several by name: name.x and name.y."""
    from lmi import tasks

    cells = dataset.get("cells") or {"": dataset["task"]}
    wanted = {}
    for place, variable in enumerate(variables):
        cell, _, side = variable.name.rpartition(".")
        wanted.setdefault(cell, []).append((place, side))
    matrices, features = [None] * len(variables), [None] * len(variables)
    for cell, places in wanted.items():
        params = {key: value for key, value in cells[cell].items() if key != "seed"}
        made = tasks.make(seed=cells[cell].get("seed", seed), **params)
        for place, side in places:
            matrices[place] = np.asarray({"x": made.x, "y": made.y}[side], dtype=np.float32)
            features[place] = tuple(f"{side}{i}" for i in range(matrices[place].shape[1]))
            info["truth_bits"][place] = float(made.truth_bits)
    return matrices, features, [""] * len(variables)


# ---- values of a matrix's variables


def _read_sources(dataset, variables, missing, info):
    sources = sources_of(dataset)
    rows, info["sample_names"], info["n_unmatched"] = align(sources)
    if len(sources) > 1 and info["sample_names"] is None:
        log.warning(
            "the samples of %s are matched by position: no file names them",
            some([source.path for source in sources]),
        )
    if dataset.get("time_series") and rows[0] is not None:
        _refuse_gaps(sources[0], rows[0], "are not in the other files")
    used = _columns_of(dataset, sources, variables)
    wanted = {}
    for source, column in itertools.chain.from_iterable(used):
        wanted.setdefault(source, set()).add(column)
    columns = {i: np.array(sorted(own)) for i, own in sorted(wanted.items())}
    values = {i: read(sources[i], own) for i, own in columns.items()}
    values = {i: block if rows[i] is None else block[rows[i]] for i, block in values.items()}
    n_imputed = {i: np.zeros(len(own), dtype=int) for i, own in columns.items()}
    if missing == "error":
        _refuse_missing(sources, columns, values, info["sample_names"])
    elif missing == "impute_median":
        n_imputed = {i: impute_median(block) for i, block in values.items()}
    else:
        keep = _complete_samples(sources, rows)
        if dataset.get("time_series"):
            _refuse_gaps(sources[0], np.flatnonzero(keep), "have missing values")
        values = {i: block[keep] for i, block in values.items()}
        info["n_dropped"] = int((~keep).sum())
        if info["sample_names"] is not None:
            info["sample_names"] = tuple(itertools.compress(info["sample_names"], keep))
    n_samples = len(next(iter(values.values())))
    if "strata" in dataset:
        labels = read_strata(dataset)
        labels = labels if rows[0] is None else labels[rows[0]]
        info["strata"] = labels[keep] if missing == "drop_samples" else labels
    if "column" in dataset.get("given", {}):
        labels = read_given(dataset)
        labels = labels if rows[0] is None else labels[rows[0]]
        info["given"] = labels[keep] if missing == "drop_samples" else labels
    matrices, features, notes, info["missing"] = [], [], [], []
    for places in used:
        kind = np.result_type(*(values[source].dtype for source, _ in places))
        matrix, total = np.empty((n_samples, len(places)), kind), 0
        for i in {source for source, _ in places}:
            to = [position for position, (source, _) in enumerate(places) if source == i]
            at = np.searchsorted(columns[i], [places[position][1] for position in to])
            matrix[:, to] = values[i][:, at]
            total += int(n_imputed[i][at].sum())
        matrices.append(matrix)
        features.append(tuple(header(sources[i]).features[column] for i, column in places))
        notes.append(f"{total} missing values set to the median" if total else "")
        info["missing"].append(total / matrix.size)
    return matrices, features, notes


def _refuse_gaps(source, rows, why):
    """Raise InputError where samples inside a time series are left out.

    What is left would be taken for consecutive: lags, windows and shifts count in samples.
    """
    steps = np.flatnonzero(np.diff(rows) != 1)
    if len(steps):
        last = int(rows[steps[0]])
        raise InputError(
            f"source '{source.path}': expected consecutive samples, since `time_series: true`, "
            f"found {len(steps)} places where samples inside the recording would be left out or "
            f"change their order, the first after sample {last}: they {why}. Distant samples would "
            "become neighbours in time. Set project.missing to impute_median, give one unbroken "
            "stretch, or remove time_series"
        )


def read_strata(dataset):
    """Return the stratum of each sample of a dataset's first source, an array of str.

    Raises
    ------
    InputError
        No such file or column, missing labels, or another number of samples.
    """
    first, place = sources_of(dataset)[0], dataset["strata"]
    if isinstance(place, str):
        place = {"table": first.path, "column": place}
    expected = n_own_samples(first)
    own = Path(place["table"]) == Path(first.path)
    names = None if own else sample_names(first)
    labels, by_name = labels_of(place["table"], place["column"], names)
    if len(labels) != expected:
        raise InputError(
            f"strata: expected {expected} rows in '{place['table']}', one for each sample of "
            f"'{first.path}' and in the same order, found {len(labels)}"
        )
    if not own and not by_name:
        log.warning(
            "strata: the rows of '%s' are matched to the samples of '%s' by position: %s",
            place["table"],
            first.path,
            "the source has no names" if names is None else "the table has no column of names",
        )
    return labels


def read_given(dataset):
    """Return the label of each sample that a dataset conditions on, an array of str.

    Raises
    ------
    InputError
        As `read_strata`; also a column of quantities.
    """
    place = dataset["given"]
    try:
        column = place if "table" in place else place["column"]
        labels = read_strata(dataset | {"strata": column})
    except InputError as error:
        raise InputError(f"given, read as {error}") from error
    _, sizes = np.unique(labels, return_counts=True)
    if (sizes == 1).sum() > len(labels) / 2:
        raise InputError(
            f"given: expected labels of groups in the column '{place['column']}', found "
            f"{len(sizes)} different values for {len(labels)} samples. A quantity is a variable: "
            "add it to the source and name it, given: {variable: ...}"
        )
    return labels


def _columns_of(dataset, sources, variables):
    """Return for each variable the (source, column) of its features."""
    if dataset["variables"] == "files":
        by_name = {stem(source.path): i for i, source in enumerate(sources)}
        files = [by_name[variable.name] for variable in variables]
        return [[(i, c) for c in range(len(header(sources[i]).features))] for i in files]
    where, _, _ = _feature_places(sources)
    return [[where[feature] for feature in variable.features] for variable in variables]


def _refuse_missing(sources, columns, values, names):
    for i, block in values.items():
        bad = ~np.isfinite(block)
        if not bad.any():
            continue
        row, column = (int(index[0]) for index in np.nonzero(bad))
        sample = f"{row + 1}" if names is None else f"'{names[row]}'"
        raise InputError(
            f"source '{sources[i].path}': {int(bad.sum())} missing values (NaN or infinite) in "
            f"{int(bad.any(axis=0).sum())} features and {int(bad.any(axis=1).sum())} samples, "
            f"the first in feature '{header(sources[i]).features[columns[i][column]]}' of sample "
            f"{sample}. Expected finite numbers; mend the file, or set project.missing to "
            "drop_samples or impute_median"
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


def impute_median(block):
    """Replace missing values, in place, by the median of their column's finite values.

    A column without any finite value becomes 0, and constant.

    Parameters
    ----------
    block : float array, shape (n_samples, n_features)

    Returns
    -------
    int array, shape (n_features,)
        How many values were replaced.
    """
    bad = ~np.isfinite(block)
    for column in np.flatnonzero(bad.any(axis=0)):
        finite = block[~bad[:, column], column]
        block[bad[:, column], column] = np.median(finite) if len(finite) else 0.0
    return bad.sum(axis=0)


def _without_constants(matrices, features):
    """Leave out constant features; return what is left, notes on it, and errors."""
    left, kept, notes, errors = [], [], [], []
    for matrix, names in zip(matrices, features, strict=True):
        varies = matrix.max(axis=0) > matrix.min(axis=0)
        constant = [name for name, one in zip(names, varies, strict=True) if not one]
        error = None
        if not varies.any():
            error = f"all of its {len(names)} features are constant: {some(constant, 3)}"
        note = f"constant features left out: {some(constant)}" if constant and not error else ""
        left.append(np.ascontiguousarray(matrix[:, varies]))
        kept.append(tuple(name for name, one in zip(names, varies, strict=True) if one))
        notes.append(note)
        errors.append(error)
    return left, kept, notes, errors
