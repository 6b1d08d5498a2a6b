"""Values of the variables of a matrix: samples joined, missing values and strata dealt with."""

import itertools
import logging

import numpy as np

from lmi.base import stand_ins
from lmi.base.errors import InputError
from lmi.data import intervals, preprocess
from lmi.data.label_joins import joined_labels
from lmi.data.matrix_variables import feature_places
from lmi.data.resample import averaged
from lmi.data.samples import choose_samples
from lmi.data.sources import header, n_own_samples, read, sample_names, some, sources_of

log = logging.getLogger("lmi")


def read_sources(dataset, variables, missing, info, seed=0):
    """Read the values of variables of a matrix, and note in `info` what became of the samples.

    Returns
    -------
    matrices : list of array, shape (n_samples, n_features)
    features : list of tuple of str
    notes : list of str
    """
    sources = sources_of(dataset)
    chosen = choose_samples(dataset, sources, missing, seed)
    rows, info["sample_names"] = chosen.rows, chosen.names
    info["n_dropped"], info["n_unmatched"] = chosen.n_incomplete, chosen.n_unmatched
    info["by_position"] = chosen.joined == "position"
    if info["by_position"]:
        log.warning(
            "the samples of %s are matched by position: no file names them",
            some([source.shown for source in sources]),
        )
    used = _columns_of(dataset, sources, variables)
    n_all = [len(places) for places in used]
    used = _varying(dataset, sources, chosen, used)
    wanted = {}
    for source, column in itertools.chain.from_iterable(used):
        wanted.setdefault(source, set()).add(column)
    columns = {i: np.array(sorted(own)) for i, own in sorted(wanted.items())}
    values = {i: read(sources[i], own) for i, own in columns.items()}
    if chosen.bins is None:
        values = {i: block if rows[i] is None else block[rows[i]] for i, block in values.items()}
    n_imputed = {i: np.zeros(len(own), dtype=int) for i, own in columns.items()}
    info["dropped_samples"] = [
        one for its_rows, why in chosen.dropped for one in _dropped(sources[0], its_rows, why)
    ]
    _refuse_stand_ins(sources, columns, values)
    if missing == "error":
        _refuse_missing(sources, columns, values, chosen)
    elif missing == "impute_median":
        n_imputed = {i: impute_median(block) for i, block in values.items()}
    if chosen.bins is not None:
        values = {
            i: averaged(block, chosen.bins[i], len(chosen.names)) for i, block in values.items()
        }
    n_rows = len(chosen.own_rows(n_own_samples(sources[0])))
    values = {
        i: _preprocessed(dataset, sources[i], block, chosen, i) for i, block in values.items()
    }
    n_samples = len(next(iter(values.values()))) if values else n_rows
    if dataset.get("time_series"):
        size = preprocess.bin_size(preprocess.steps_of(dataset, sources[0].path))
        info["interval"] = intervals.ids([n // size for n in chosen.stretches(n_rows)])
    info["sample_rows"] = chosen.own_rows(n_rows)
    if n_samples < n_rows:  # a bin goes by its first sample
        first = _first_of_bins(dataset, chosen, n_rows)
        info["sample_rows"] = info["sample_rows"][first]
        names = info["sample_names"]
        info["sample_names"] = None if names is None else tuple(names[i] for i in first)
    info["overlap"] = max(
        preprocess.overlap(preprocess.steps_of(dataset, source.path)) for source in sources
    )
    if "strata" in dataset:
        labels, joined = joined_labels(sources[0], dataset["strata"])
        info["strata"] = labels if rows[0] is None else labels[rows[0]]
        info["by_position"] |= joined == "position"
    if "column" in dataset.get("given", {}):
        labels, joined = joined_given(dataset)
        info["given"] = labels if rows[0] is None else labels[rows[0]]
        info["by_position"] |= joined == "position"
    matrices, features, notes, info["missing"] = [], [], [], []
    for places, n_before in zip(used, n_all, strict=True):
        kind = np.result_type(np.float32, *(values[source].dtype for source, _ in places))
        matrix, total = np.empty((n_samples, len(places)), kind), 0
        for i in {source for source, _ in places}:
            to = [position for position, (source, _) in enumerate(places) if source == i]
            at = np.searchsorted(columns[i], [places[position][1] for position in to])
            matrix[:, _consecutive(to)] = values[i][:, _consecutive(at)]
            total += int(n_imputed[i][at].sum())
        matrices.append(matrix)
        features.append(tuple(header(sources[i]).features[column] for i, column in places))
        remarks = [f"{total} missing values set to the median"] * bool(total)
        if len(places) < n_before:
            remarks.append(f"{n_before - len(places)} of its features vary too little")
        notes.append("; ".join(remarks))
        info["missing"].append(total / (n_rows * max(1, len(places))))
    return matrices, features, notes


def _consecutive(places):
    """Return places that follow each other as a slice, which copies nothing when it is read."""
    first, last = places[0], places[-1]
    is_run = len(places) == last - first + 1 and np.array_equal(places, range(first, last + 1))
    return slice(first, last + 1) if is_run else places


def _preprocessed(dataset, source, block, chosen, place):
    """Return a block of a source after the steps of the config, as it is without any."""
    steps = preprocess.steps_of(dataset, source.path)
    if not steps:
        return block
    stretches = chosen.stretches(len(block)) if dataset.get("time_series") else [len(block)]
    slices = preprocess.slices(stretches)
    return preprocess.apply(block, steps, source, chosen.rows[place], slices)


def _varying(dataset, sources, chosen, used):
    """Return the places of features that are not left out for varying little."""
    kept = {}
    for i, source in enumerate(sources):
        steps = preprocess.steps_of(dataset, source.path)
        if all(name != preprocess.SELECTION for name, _ in steps):
            continue
        n_rows = len(chosen.own_rows(n_own_samples(sources[0])))
        stretches = chosen.stretches(n_rows) if dataset.get("time_series") else [n_rows]
        slices = preprocess.slices(stretches)
        kept[i] = preprocess.most_variable(steps, source, chosen.rows[i], slices)
    return [[(i, c) for i, c in places if i not in kept or kept[i][c]] for places in used]


def _first_of_bins(dataset, chosen, n_rows):
    """Return the place of the first sample of each bin."""
    size = preprocess.bin_size(preprocess.steps_of(dataset, sources_of(dataset)[0].path))
    places = [
        np.arange(
            stretch.start, stretch.start + (stretch.stop - stretch.start) // size * size, size
        )
        for stretch in preprocess.slices(chosen.stretches(n_rows))
    ]
    return np.concatenate(places)


def _dropped(source, rows, why):
    """Return (name, why) of rows of a source; of one without names, the row's number from 0."""
    names = sample_names(source)
    return [(str(row) if names is None else names[row], why) for row in rows.tolist()]


def read_strata(dataset):
    """Return the stratum of each sample of a dataset's first source, an array of str.

    Raises
    ------
    InputError
        As `joined_labels`.
    """
    return joined_labels(sources_of(dataset)[0], dataset["strata"])[0]


def joined_given(dataset):
    """Return the label of each sample that a dataset conditions on, and how they were joined.

    Raises
    ------
    InputError
        As `joined_labels`; also a column of quantities.
    """
    place = dataset["given"]
    try:
        labels, joined = joined_labels(sources_of(dataset)[0], place)
    except InputError as error:
        raise InputError(f"given, read as {error}") from error
    _, sizes = np.unique(labels, return_counts=True)
    if (sizes == 1).sum() > len(labels) / 2:
        raise InputError(
            f"given: expected labels of groups in the column '{place['column']}', found "
            f"{len(sizes)} different values for {len(labels)} samples. A quantity is a variable: "
            "add it to the source and name it, given: {variable: ...}"
        )
    return labels, joined


def _columns_of(dataset, sources, variables):
    """Return for each variable the (source, column) of its features."""
    if dataset["variables"] == "files":
        by_name = {source.variable: i for i, source in enumerate(sources)}
        files = [by_name[variable.name] for variable in variables]
        return [[(i, c) for c in range(len(header(sources[i]).features))] for i in files]
    where, _, _ = feature_places(sources)
    return [[where[feature] for feature in variable.features] for variable in variables]


def _refuse_missing(sources, columns, values, chosen):
    for i, block in values.items():
        # a row is no sample where several are averaged into one
        names = chosen.names if chosen.bins is None else sample_names(sources[i])
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


def _refuse_stand_ins(sources, columns, values):
    """Refuse numbers that stand for missing values, whatever is done with those."""
    for i, block in values.items():
        if stand_in := stand_ins.found(block):
            column, number, count = stand_in
            raise InputError(
                f"source '{sources[i].path}': expected measured values in feature "
                f"'{header(sources[i]).features[columns[i][column]]}', found "
                f"{stand_ins.told(number, count)}. Leave them empty (NaN) in the file, and say "
                "with project.missing what becomes of them: drop_samples or impute_median. If they "
                "were measured, clip them to what the others reach"
            )


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
    """Leave out constant features; return what is left and what is not, notes, and errors."""
    left, kept, dropped, notes, errors = [], [], [], [], []
    for matrix, names in zip(matrices, features, strict=True):
        varies = matrix.max(axis=0) > matrix.min(axis=0)
        constant = [name for name, one in zip(names, varies, strict=True) if not one]
        error = None
        if not names:
            error = "none of its features is among the most variable ones (highly_variable)"
        elif not varies.any():
            error = f"all of its {len(names)} features are constant: {some(constant, 3)}"
        note = f"constant features left out: {some(constant)}" if constant and not error else ""
        left.append(np.ascontiguousarray(matrix if varies.all() else matrix[:, varies]))
        kept.append(tuple(name for name, one in zip(names, varies, strict=True) if one))
        dropped.append(tuple(constant))
        notes.append(note)
        errors.append(error)
    return left, kept, dropped, notes, errors
