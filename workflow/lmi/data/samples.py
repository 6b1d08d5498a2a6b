"""Samples of a matrix: which rows of its sources are used, and why others are not."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from lmi.base.errors import InputError
from lmi.data.sources import align, missing_samples


@dataclass(frozen=True)
class ChosenSamples:
    """The samples of a dataset with sources.

    Attributes
    ----------
    rows : list of (int array or None)
        For each source, the rows of the samples; None means all, in their order.
    names : tuple of str or None
    joined : str
        How the sources were brought together: name or position; empty for one source.
    left_out : list of [int, str]
        How many samples of the first source are left out, and why.
    n_unmatched : int
        Those that another source lacks.
    n_incomplete : int
        Those with missing values.
    """

    rows: list
    names: tuple | None
    joined: str
    left_out: list = field(default_factory=list)
    n_unmatched: int = 0
    n_incomplete: int = 0


def choose_samples(dataset, sources, missing="error", seed=0):
    """Return the samples of a dataset that are used: shared by its sources, and good.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    sources : list of Source
    missing : str
        error, drop_samples or impute_median; drop_samples leaves samples out.
    seed : int
        The run's.

    Returns
    -------
    ChosenSamples

    Raises
    ------
    InputError
        Sources that do not fit together, a time series with gaps, no sample left.
    """
    rows, names, n_unmatched = align(sources)
    joined = "" if len(sources) == 1 else "position" if names is None else "name"
    left_out, n_incomplete = [], 0
    if n_unmatched:
        left_out.append([n_unmatched, "another file lacks them"])
    if dataset.get("time_series") and rows[0] is not None:
        _refuse_gaps(sources[0], rows[0], "are not in the other files")
    if missing == "drop_samples":
        keep = _complete_samples(sources, rows)
        if dataset.get("time_series"):
            _refuse_gaps(sources[0], np.flatnonzero(keep), "have missing values")
        n_incomplete = int((~keep).sum())
        if n_incomplete:
            left_out.append([n_incomplete, "they have missing values (project.missing)"])
            rows, names = _kept(rows, names, keep)
    return ChosenSamples(rows, names, joined, left_out, n_unmatched, n_incomplete)


def _kept(rows, names, keep):
    """Return rows and names of the samples that are kept, a bool each."""
    rows = [np.flatnonzero(keep) if own is None else own[keep] for own in rows]
    return rows, None if names is None else tuple(itertools.compress(names, keep))


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
