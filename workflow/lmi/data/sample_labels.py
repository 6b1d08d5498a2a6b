"""Labels of samples that the report colours by: columns of the data that describe them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmi.base.arrays import shown_samples
from lmi.base.errors import InputError
from lmi.data.chosen import Source
from lmi.data.files import ending
from lmi.data.labels import ANNOTATED, ENDINGS, column_names, values_of
from lmi.data.samples import ChosenSamples
from lmi.data.sources import header, n_own_samples, sample_names

MOST_LABELS = 12
"""Columns of a dataset."""
MOST_GROUPS = 30
"""Text of more different values names samples rather than groups of them."""
MOST_LEVELS = 12
"""Whole numbers of at most so many different values are groups."""
MOST_BYTES = 200_000_000
"""Tables of text that are larger are not read again for their labels."""
TABLES = ("strata", "downsample", "intervals")
"""Keys of a dataset that may name a column of a table of samples."""


@dataclass(frozen=True)
class Label:
    """A label of the samples that the report shows.

    Attributes
    ----------
    name : str
        Of its column.
    groups : list of str
        Their names; none for numbers.
    values : list
        Of each sample the place of its group, or its number; None where there is none.
    """

    name: str
    groups: list[str]
    values: list[Any]


def read(
    dataset: dict[str, Any], source: Source, chosen: ChosenSamples
) -> tuple[list[int], list[Label]]:
    """Return the labels of the samples of a dataset that the report shows.

    They are columns of obs of an annotated file, columns of a table that are no features, and
    columns of the tables that the dataset names for strata and the like. A table that cannot be
    read has none: what needs it says so.

    Parameters
    ----------
    dataset : dict
        A validated dataset of the config.
    source : Source
        The first.
    chosen : ChosenSamples

    Returns
    -------
    rows : list of int
        Of these samples in the first source.
    labels : list of Label
    """
    rows = chosen.own_rows(n_own_samples(source))
    rows = rows[shown_samples(len(rows))]
    found: dict[str, Label] = {}
    for path, wanted, names in _tables(dataset, source):
        try:
            columns, _ = values_of(path, wanted, names)
        except InputError:
            continue
        for name, values in columns.items():
            if len(values) == n_own_samples(source) and name not in found:
                one = _label(name, values[rows])
                found |= {name: one} if one else {}
    return rows.tolist(), list(itertools.islice(found.values(), MOST_LABELS))


def _tables(dataset, source):
    """Return the path, columns and names of samples of each table that may have labels."""
    tables = []
    kind = ending(source.path)
    if kind in ANNOTATED and not source.transpose:
        # of MuData, obs of the whole has one row a sample of all modalities
        names = None if source.modality is None else sample_names(source)
        tables.append((source.path, column_names(source.path), names))
    elif kind in ENDINGS and not source.transpose and _is_small(source.path):
        known = header(source)
        used = {*known.features} - known.text | {source.sample_column}
        aside = [name for name in column_names(source.path) if name not in used]
        tables.append((source.path, aside, None))
    for key in TABLES:
        place = dataset.get(key)
        path = place.get("table") if isinstance(place, dict) else None
        if path and path != source.path and _is_small(path):
            wanted = [place[name] for name in ("column", "by") if name in place]
            tables.append((path, wanted, sample_names(source)))
    return [table for table in tables if table[1]]


def _is_small(path):
    return Path(path).is_file() and Path(path).stat().st_size <= MOST_BYTES


def _label(name, values):
    """Return a column as a label, or None where it tells no samples apart."""
    there = values[~pd.isna(values)]
    if not len(there):
        return None
    if values.dtype.kind == "f":
        levels = np.unique(there)
        if len(levels) < 2:
            return None
        if len(levels) > MOST_LEVELS or (levels != np.rint(levels)).any():
            numbers = [None if np.isnan(one) else float(f"{one:.6g}") for one in values]
            return Label(name, [], numbers)
        values = np.array([None if np.isnan(one) else f"{one:.0f}" for one in values], object)
    codes, groups = pd.factorize(pd.Series(values).map(str, na_action="ignore"), sort=True)
    if not 1 < len(groups) <= MOST_GROUPS:
        return None
    return Label(name, list(map(str, groups)), [None if c < 0 else int(c) for c in codes])
