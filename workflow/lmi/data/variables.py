"""Variables: which features make up which, and their values."""

import itertools
import math
from collections import Counter

import numpy as np

from lmi.base.errors import InputError
from lmi.data import preprocess
from lmi.data import spikes as spike_trains
from lmi.data.label_variables import (
    indicators,
    list_label_variables,
    placeholder,
    read_labels_of,
    without_labels,
)
from lmi.data.matrix_values import read_sources, without_constants
from lmi.data.matrix_variables import list_source_variables
from lmi.data.samples import choose_samples
from lmi.data.sources import header, n_own_samples, n_samples, some, sources_of
from lmi.data.task_variables import read_tasks, task_params
from lmi.data.unit_variables import list_unit_variables, read_units
from lmi.data.variable import Variable

LEAST_SAMPLES_OF_DATASET = 100
"""Fewest samples of a dataset of the config: two folds, of each up to ten parts for its error bar,
each with k + 2 samples for k = 3. With a larger k, `lmi.planning.config.min_samples` asks for more.
"""


MISSING_POLICIES = ("error", "drop_samples", "impute_median")


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
    if "spikes" in dataset:
        variables = list_unit_variables(dataset)
    else:
        variables = list_source_variables(without_labels(dataset)) + list_label_variables(dataset)
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

        return tasks.check(**task_params(dataset)).get("n_samples")
    if "spikes" in dataset:
        return spike_trains.n_windows(dataset["spikes"], dataset.get("lags", (0,)))
    sources = sources_of(dataset)
    if "pairing" in dataset:
        return len(choose_samples(dataset, sources).names)
    if "resample" in dataset:
        return sum(interval_sizes(dataset))
    n_shared = n_samples(sources)
    size = preprocess.bin_size(preprocess.steps_of(dataset, sources[0].path))
    choosing = ("where", "downsample", "intervals", "time_series")
    if n_shared is None or not (size > 1 or any(dataset.get(key) for key in choosing)):
        return n_shared
    chosen = choose_samples(dataset, sources)
    n_chosen = n_shared if chosen.rows[0] is None else len(chosen.rows[0])
    return sum(n // size for n in chosen.stretches(n_chosen)) if size > 1 else n_chosen


def interval_sizes(dataset):
    """Return the samples in each interval of a time series with sources, as far as headers tell.

    Parameters
    ----------
    dataset : dict
        With `time_series: true`.
    """
    sources = sources_of(dataset)
    chosen = choose_samples(dataset, sources)
    n_chosen = n_own_samples(sources[0]) if chosen.rows[0] is None else len(chosen.rows[0])
    size = preprocess.bin_size(preprocess.steps_of(dataset, sources[0].path))
    return [n // size for n in chosen.stretches(n_chosen)]


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

        return tasks.check(**task_params(dataset)).get("ambient", 100)
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
        by_position : bool, whether samples were joined row by row, without names;
        sample_names : tuple of str or None;
        sample_rows : int array, rows of the samples in the first source, or their places;
        dropped_samples : list of (str, str), name (or row) and why it was left out;
        features : list of tuple of str, the features kept of each variable;
        constant : list of tuple of str, the constant features of each variable;
        notes : list of str, one a variable, empty where there is nothing to say;
        errors : list of (str or None), why a variable is bad;
        truth_bits : list of float, one a variable: what it shares with the other variable of its
            task, NaN where that is unknown;
        time_series : bool;
        overlap : int, samples that share data with a sample before them;
        interval : int array, shape (n_samples,), or None, of a time series with gaps;
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
        "by_position": False,
        "interval": None,
        "sample_names": None,
        "sample_rows": None,
        "dropped_samples": [],
        "truth_bits": [math.nan] * len(variables),
        "time_series": "spikes" in dataset or dataset.get("time_series", False),
        "overlap": spike_trains.overlap(dataset["spikes"]) if "spikes" in dataset else 0,
        "strata": None,
        "given": None,
        "missing": [0.0] * len(variables),
    }
    if "task" in dataset or "cells" in dataset:
        matrices, features, notes = read_tasks(dataset, variables, seed, info)
    elif "spikes" in dataset:
        matrices, features, notes = read_units(dataset, variables)
        info["interval"] = spike_trains.interval_of_windows(dataset["spikes"])
    else:
        matrices, features, notes = _read_with_labels(dataset, variables, missing, info, seed)
    n_left = len(matrices[0]) if matrices else min_samples
    if n_left < min_samples:
        reason = f" after {info['n_dropped']} with missing values" if info["n_dropped"] else ""
        raise InputError(
            f"expected at least {min_samples} samples, found {n_left}{reason}. The estimator "
            "compares each sample with its neighbours and needs more of them"
        )
    if info["sample_rows"] is None:
        info["sample_rows"] = np.arange(len(matrices[0]) if matrices else 0)
    matrices, kept, info["constant"], constant, errors = without_constants(matrices, features)
    info["features"], info["errors"] = kept, errors
    info["notes"] = [
        "; ".join(filter(None, (variable.note, note, other)))
        for variable, note, other in zip(variables, notes, constant, strict=True)
    ]
    return matrices, info


def _read_with_labels(dataset, variables, missing, info, seed):
    """Return matrices, features and notes of variables of features and of labels.

    Samples that lack a label are lost to all variables, whichever are read: a dataset has one set
    of samples.
    """
    of_features = [variable for variable in variables if not variable.label]
    wanted = of_features or [placeholder(dataset)]
    matrices, features, notes = read_sources(dataset, wanted, missing, info, seed)
    labels, complete, by_position = read_labels_of(dataset, missing, info["sample_rows"])
    info["by_position"] |= by_position
    if not labels:
        return matrices, features, notes
    if not complete.all():
        if dataset.get("time_series"):
            raise InputError(
                f"variables.labels: {int((~complete).sum())} samples of a time series have no "
                "label, and left out would make distant samples neighbours. Give them one"
            )
        matrices = [matrix[complete] for matrix in matrices]
        info["n_dropped"] += int((~complete).sum())
        for name in ("strata", "given", "sample_rows"):
            if info.get(name) is not None:
                info[name] = info[name][complete]
        if info["sample_names"] is not None:
            info["sample_names"] = tuple(itertools.compress(info["sample_names"], complete))
    read = iter(zip(matrices, features, notes, info["missing"], strict=True))
    rows = []
    for variable in variables:
        if variable.label:
            rows.append((*indicators(labels[variable.name][complete], variable.name), "", 0.0))
        else:
            rows.append(next(read))
    matrices, features, notes, info["missing"] = map(list, zip(*rows, strict=True))
    return matrices, features, notes


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
