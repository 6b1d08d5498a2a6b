"""The steps of preprocessing: what each does to a block of features, and what it is not for.

Each step is a function of a block of features (n_samples, n_features) and its parameters, declared
in `STEPS` with what it needs. Steps on time work within stretches of consecutive samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lmi.base.arrays import spread
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
    sd = spread(centred)
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
