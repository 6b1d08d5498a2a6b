"""Preprocessing that a config asks for: steps on the values of a source, in their order."""

from __future__ import annotations

import itertools

import numpy as np

from lmi.base.errors import InputError
from lmi.data.sources import header, read
from lmi.data.steps import MEDIAN, SCALED, SELECTION, STEPS, VALUES_AT_ONCE, Context

# ---- from the config


def steps_of(dataset, path=None):
    """Return the steps of a source as [(name, parameters)], defaults filled.

    Parameters
    ----------
    dataset : dict
        Of the config.
    path : str, optional
        The source; its own steps where the config has them by source.
    """
    listed = dataset.get("preprocess", [])
    if isinstance(listed, dict):
        listed = listed.get(path, [])
    steps = []
    for step in listed:
        name, own = (step, {}) if isinstance(step, str) else next(iter(step.items()))
        steps.append((name, STEPS[name].defaults | (own or {})))
    return steps


def check(dataset, paths):
    """Refuse steps that do not go together or not with the dataset.

    Parameters
    ----------
    dataset : dict
        Of the config.
    paths : list of str
        Of its sources.

    Raises
    ------
    InputError
    """
    listed = dataset.get("preprocess", [])
    if isinstance(listed, dict) and (unknown := [path for path in listed if path not in paths]):
        raise InputError(
            f"preprocess: '{unknown[0]}' is no source of the dataset; expected {', '.join(paths)}"
        )
    for step in listed if isinstance(listed, list) else [s for own in listed.values() for s in own]:
        if isinstance(step, dict) and len(step) != 1:
            raise InputError(
                f"preprocess: expected one step an entry, found {', '.join(step)} in one. Begin "
                "each with a dash of its own"
            )
    binned = set()
    for path in paths:
        steps = steps_of(dataset, path)
        for place, (name, own) in enumerate(steps):
            if STEPS[name].first and place:
                raise InputError(
                    f"preprocess: {name} needs counts and must come first; found it after "
                    f"{steps[place - 1][0]}. Change the order"
                )
            if name == SELECTION and dataset.get("variables", "each") == "each":
                raise InputError(
                    f"preprocess: {SELECTION}: with `variables: each` every feature is a variable, "
                    "whether it varies or not. Group them, or list those that you want"
                )
            if name == SELECTION and any(before in SCALED for before, _ in steps[:place]):
                raise InputError(
                    f"preprocess: {SELECTION}: after zscore and normal_scores all features vary as "
                    "much. Put it before them"
                )
            if STEPS[name].in_time and not dataset.get("time_series"):
                raise InputError(
                    f"preprocess: {name} needs samples in time. Set `time_series: true`, or remove "
                    "the step"
                )
            needed = {"smooth": "samples", "bin": "samples", SELECTION: "n"}.get(name)
            if needed and needed not in own:
                raise InputError(
                    f"preprocess: {name}: the key '{needed}' is missing. Write "
                    f"{{{name}: {{{needed}: 5}}}}"
                )
        binned.add(bin_size(steps))
    if len(binned) > 1:
        raise InputError(
            "preprocess: bin: expected the same bins in all sources, since row i of one belongs to "
            f"row i of the other; found {', '.join(map(str, sorted(binned)))} samples a bin"
        )
    if binned != {1} and ("strata" in dataset or "column" in dataset.get("given", {})):
        raise InputError(
            "preprocess: bin: samples of different strata would be joined in a bin. Remove one of "
            "the two"
        )


def bin_size(steps):
    """Return how many samples become one."""
    size = 1
    for name, own in steps:
        size *= own["samples"] if name == "bin" else 1
    return size


def overlap(steps):
    """Return how many samples after a sample share data with it, once the steps are taken."""
    shared = 0
    for name, own in steps:
        if name == "smooth":
            shared += own["samples"] - 1
        elif name == "bin":
            shared = -(-shared // own["samples"])
    return shared


def told(steps):
    """Return steps in words: normalise(target=10000), log1p."""
    words = []
    for name, own in steps:
        set_ones = ", ".join(f"{key}={value}" for key, value in own.items() if value != MEDIAN)
        words.append(f"{name}({set_ones})" if set_ones else name)
    return ", ".join(words)


# ---- to the values


def apply(block, steps, source, rows, stretches):
    """Take steps on a block of features.

    Parameters
    ----------
    block : array, shape (n_samples, n_features)
        Finite.
    steps : list of (str, dict)
        From `steps_of`.
    source : Source
    rows : int array or None
        Its rows that the block has.
    stretches : list of slice
        Of consecutive samples.

    Returns
    -------
    float64 array

    Raises
    ------
    InputError
        Values that a step cannot take.
    """
    block = block.astype(np.float64)
    for name, own in steps:
        block = STEPS[name].function(block, Context(source, rows, stretches), **own)
        if name == "bin":
            sizes = [(s.stop - s.start) // own["samples"] for s in stretches]
            stretches = slices(sizes)
    return block


def slices(sizes):
    """Return the slices of stretches of these sizes that follow each other."""
    ends = np.cumsum([0, *sizes]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def most_variable(steps, source, rows, stretches):
    """Return the features that the steps keep, as a bool a feature; None where they keep all.

    The variance is that of the values at the step, over the samples that are used; missing ones
    are left out.

    Parameters
    ----------
    steps, source, rows, stretches
        As in `apply`.
    """
    top, kept = header(source), None
    for place, (name, own) in enumerate(steps):
        if name != SELECTION:
            continue
        variances = np.full(len(top.features), -1.0)
        numeric = [i for i, feature in enumerate(top.features) if feature not in top.text]
        step = len(numeric) if source.transpose else VALUES_AT_ONCE // (top.n_samples or 1)
        for start in range(0, len(numeric), max(1, step)):
            columns = numeric[start : start + max(1, step)]
            block = read(source, columns).astype(np.float64)
            block = block if rows is None else block[rows]
            missing = ~np.isfinite(block)
            filled = np.where(missing, 0.0, block)
            done = apply(filled, steps[:place], source, rows, stretches)
            if missing.any() and len(done) == len(block):
                done = np.where(missing, np.nan, done)
            with np.errstate(all="ignore"):
                variances[columns] = np.nan_to_num(np.nanvar(done, axis=0), nan=-1.0)
        largest = np.argsort(-variances, kind="stable")[: own["n"]]
        chosen = np.zeros(len(variances), bool)
        chosen[largest] = True
        kept = chosen if kept is None else kept & chosen
    return kept
