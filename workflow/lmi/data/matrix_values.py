"""Values of the variables of a matrix: samples joined, missing values and strata dealt with."""

import itertools
import logging
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import stem
from lmi.data.labels import labels_of
from lmi.data.matrix_variables import feature_places
from lmi.data.sources import (
    align,
    header,
    missing_samples,
    n_own_samples,
    read,
    sample_names,
    some,
    sources_of,
)

log = logging.getLogger("lmi")


def read_sources(dataset, variables, missing, info):
    """Read the values of variables of a matrix, and note in `info` what became of the samples.

    Returns
    -------
    matrices : list of array, shape (n_samples, n_features)
    features : list of tuple of str
    notes : list of str
    """
    sources = sources_of(dataset)
    rows, info["sample_names"], info["n_unmatched"] = align(sources)
    if len(sources) > 1 and info["sample_names"] is None:
        log.warning(
            "the samples of %s are matched by position: no file names them",
            some([source.path for source in sources]),
        )
    if dataset.get("time_series") and rows[0] is not None:
        refuse_gaps(sources[0], rows[0], "are not in the other files")
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
            refuse_gaps(sources[0], np.flatnonzero(keep), "have missing values")
        values = {i: block[keep] for i, block in values.items()}
        info["n_dropped"] = int((~keep).sum())
        if info["sample_names"] is not None:
            info["sample_names"] = tuple(itertools.compress(info["sample_names"], keep))
    n_samples = len(next(iter(values.values())))
    taken = np.arange(n_own_samples(sources[0])) if rows[0] is None else rows[0]
    info["rows"] = taken[keep] if missing == "drop_samples" else taken
    if "strata" in dataset:
        labels = read_strata(dataset)
        labels = labels if rows[0] is None else labels[rows[0]]
        info["strata"] = labels[keep] if missing == "drop_samples" else labels
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


def refuse_gaps(source, rows, why):
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


def _columns_of(dataset, sources, variables):
    """Return for each variable the (source, column) of its features."""
    if dataset["variables"] == "files":
        by_name = {stem(source.path): i for i, source in enumerate(sources)}
        files = [by_name[variable.name] for variable in variables]
        return [[(i, c) for c in range(len(header(sources[i]).features))] for i in files]
    where, _, _ = feature_places(sources)
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


def without_constants(matrices, features):
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
