"""Preprocessing that a config asks for: steps on the values of a source, in their order.

Each step is a function of a block of features (n_samples, n_features) and its parameters, declared
in `STEPS` with what it needs. Steps on time work within stretches of consecutive samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lmi.base.errors import InputError
from lmi.data.sources import Source, header, read

VALUES_AT_ONCE = 20_000_000
SELECTION = "highly_variable"
"""The step that leaves features out: of the values there is nothing to change."""
SCALED = ("zscore", "normal_scores")
"""Steps after which all features vary as much."""
MEDIAN = 0.0
"""`target` of the step normalise where none is given."""


@dataclass(frozen=True)
class Context:
    """What a step may need beside the block.

    Attributes
    ----------
    source : Source
    rows : int array or None
        The rows of the source that are used.
    stretches : list of slice
        Of consecutive samples, in order.
    """

    source: Source
    rows: np.ndarray | None
    stretches: list


@dataclass(frozen=True)
class Step:
    """A step before it has parameters.

    Attributes
    ----------
    function : callable
        (block, context, **parameters) -> block.
    defaults : dict
    first : bool
        Whether it may only come first, since it needs counts.
    in_time : bool
        Whether it needs a time series.
    """

    function: Callable
    defaults: dict[str, Any] = field(default_factory=dict)
    first: bool = False
    in_time: bool = False


def normalise(block, context, target=MEDIAN):
    """Divide counts by the total of their sample over all features, and multiply by `target`."""
    totals = sample_totals(context.source, context.rows)
    target = target or np.median(totals)
    return block * (target / totals)[:, None]


def log1p(block, context):
    """Return the logarithm of one plus the values."""
    if block.min(initial=0) < 0:
        raise InputError(
            f"preprocess: log1p of '{context.source.path}': expected no values below 0, found "
            f"{block.min():g}. Were they logarithms or z-scores already? Remove the step"
        )
    return np.log1p(block)


def zscore(block, context):
    """Return features with mean 0 and standard deviation 1; constant ones become 0."""
    centred = block - block.mean(axis=0)
    sd = centred.std(axis=0)
    return centred / np.where(sd > 0, sd, 1)


def normal_scores(block, context):
    """Return features with the ranks of their samples and a normal distribution."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    constant = block.max(axis=0) == block.min(axis=0)
    scores = ndtri((rankdata(block, axis=0) - 0.5) / len(block))
    return np.where(constant, 0.0, scores)


def smooth(block, context, samples):
    """Return the mean over a window of `samples` around each sample, shorter at the ends."""
    out = np.empty_like(block)
    before, after = (samples - 1) // 2, samples // 2
    for stretch in context.stretches:
        part = block[stretch]
        n = len(part)
        sums = np.concatenate([np.zeros((1, part.shape[1])), np.cumsum(part, axis=0)])
        first = np.maximum(np.arange(n) - before, 0)
        last = np.minimum(np.arange(n) + after + 1, n)
        out[stretch] = (sums[last] - sums[first]) / (last - first)[:, None]
    return out


def detrend(block, context):
    """Take a straight line, fitted to each stretch of time, off each feature."""
    from scipy.signal import detrend as without_line

    out = np.empty_like(block)
    for stretch in context.stretches:
        out[stretch] = without_line(block[stretch], axis=0)
    return out


def bin_samples(block, context, samples, by="mean"):
    """Return the mean or sum of each `samples` consecutive samples; a rest is left out."""
    whole = [
        block[s][: (s.stop - s.start) // samples * samples].reshape(-1, samples, block.shape[1])
        for s in context.stretches
    ]
    joined = np.concatenate(whole)
    return joined.sum(axis=1) if by == "sum" else joined.mean(axis=1)


STEPS = {
    "normalise": Step(normalise, {"target": MEDIAN}, first=True),
    "log1p": Step(log1p),
    "zscore": Step(zscore),
    "normal_scores": Step(normal_scores),
    "smooth": Step(smooth, in_time=True),
    "detrend": Step(detrend, in_time=True),
    "bin": Step(bin_samples, {"by": "mean"}, in_time=True),
    SELECTION: Step(lambda block, context, n: block),
}
"""Name in the config -> step."""


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
    if binned != {1} and ("strata" in dataset):
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


def sample_totals(source, rows):
    """Return the sum of all counts of each sample of a source.

    Raises
    ------
    InputError
        Values that are no counts: missing, negative, or with decimals; a sample without any.
    """
    top = header(source)
    numeric = [i for i, name in enumerate(top.features) if name not in top.text]
    n_expected = top.n_samples or 1
    step = len(numeric) if source.transpose else max(1, VALUES_AT_ONCE // n_expected)
    totals = 0
    for start in range(0, len(numeric), max(1, step)):
        block = read(source, numeric[start : start + step]).astype(np.float64)
        block = block if rows is None else block[rows]
        bad = ~np.isfinite(block) | (block < 0) | (block != np.rint(block))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            name = top.features[numeric[start + column]]
            raise InputError(
                f"preprocess: normalise of '{source.path}': expected counts (whole numbers from "
                f"0), found {block[row, column]:g} in the feature '{name}'. Remove the step if the "
                "values are normalised, or name the matrix of counts (`layer`, `key`); leave out "
                "columns that are no counts (`drop_columns`)"
            )
        totals = totals + block.sum(axis=1)
    if empty := int((totals == 0).sum()):
        raise InputError(
            f"preprocess: normalise of '{source.path}': {empty} samples have no counts at all. "
            "Leave them out (`where`)"
        )
    return totals


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
