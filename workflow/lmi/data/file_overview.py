"""What was read of one source file: names, types, and what there is to count in its values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lmi.data.formats import TEXT, format_of
from lmi.data.formats.tables import may_count
from lmi.data.sources import Source, header, read, sample_names

SHOWN = 5
"""Names that are listed of many."""
MAX_VALUES = 200_000_000
"""Of a larger matrix, features spread evenly over the file are looked at, so many values in all."""
VALUES_AT_ONCE = 20_000_000
MOST_ROWS, MOST_COLUMNS = 1000, 500
"""Of a part of the file, where it is asked whether the values of a sample repeat."""


@dataclass(frozen=True)
class FileOverview:
    """One source file, as it was read.

    Attributes
    ----------
    path, part : str
        The file, and what in it (layer, modality, obsm, key); empty where the config says nothing.
    n_samples, n_features : int
    samples, features : list of str
        The first names; none where the file has none. Features then go by f0, f1, ...
    dtype : str
        Type of the numbers.
    n_no_numbers : int
        Features that hold no numbers.
    no_numbers : dict of str to str
        The first of them, and what they hold.
    left_out : list of str
        Columns that the config leaves out: `drop_columns`.
    n_looked_at : int
        Features on which the counts below rest; fewer than there are for very large files.
    n_missing, n_missing_features, n_missing_samples : int
        Values that are NaN or infinite, and the features and samples with one.
    n_constant : int
    constant : list of str
        The first constant features.
    n_duplicate_features : int
        Features whose values equal those of one before them.
    duplicate_features : list of str
        The first, as `b = a`.
    n_duplicate_samples : int or None
        Samples that equal one before them in all features; None where not all were looked at.
    minimum, maximum : float or None
    whole : bool
        All values are whole numbers, as counts are.
    zeros : float
        Share of zeros.
    repeating : float
        Share of the values of a sample, zeros left out, that another feature has as well: large
        where counts were divided by the total of their sample. Of a part of the file.
    counting : list of str
        The first features that rise or fall by equal steps, as counts of the rows and clocks do.
    """

    path: str
    part: str
    n_samples: int
    n_features: int
    samples: list[str]
    features: list[str]
    dtype: str
    n_no_numbers: int
    no_numbers: dict[str, str]
    left_out: list[str]
    n_looked_at: int
    n_missing: int
    n_missing_features: int
    n_missing_samples: int
    n_constant: int
    constant: list[str]
    n_duplicate_features: int
    duplicate_features: list[str]
    n_duplicate_samples: int | None
    minimum: float | None
    maximum: float | None
    whole: bool
    zeros: float
    repeating: float = 0.0
    counting: list[str] = field(default_factory=list)


def describe_file(source: Source) -> FileOverview:
    """Read a source file and return what there is in it."""
    top, names = header(source), sample_names(source)
    numeric = [i for i, feature in enumerate(top.features) if feature not in top.text]
    odd = {feature: top.held.get(feature, "text") for feature in sorted(top.text)}
    counted = _count(source, top.features, numeric)
    parts = (source.layer, source.modality, source.obsm, source.key)
    made_up = top.features == tuple(f"f{i}" for i in range(len(top.features)))
    return FileOverview(
        path=source.path,
        part=", ".join(filter(None, parts)),
        n_features=len(top.features),
        samples=[] if names is None else list(names[:SHOWN]),
        features=[] if made_up else list(top.features[:SHOWN]),
        n_no_numbers=len(odd),
        no_numbers=dict(list(odd.items())[:SHOWN]),
        left_out=list(source.drop_columns or ()),
        **counted,
    )


def _count(source, features, numeric):
    """Return what there is to count in the values of the features that hold numbers."""
    n_expected = header(source).n_samples or 1
    most = max(1, MAX_VALUES // n_expected)
    looked = numeric
    if len(numeric) > most:
        looked = [numeric[i] for i in np.linspace(0, len(numeric) - 1, most).round().astype(int)]
    # a format that can only be read whole is read once
    whole_at_once = source.transpose or format_of(source) is TEXT
    step = len(looked) if whole_at_once else max(1, VALUES_AT_ONCE // n_expected)
    dtype, n_missing, constant, twice, first = "", [], [], [], {}
    counting: list[str] = []
    low, high, whole, n_zeros, n_values, row_hashes, bad_rows = np.inf, -np.inf, True, 0, 0, 0, 0
    head = []
    for start in range(0, len(looked), max(1, step)):
        columns = looked[start : start + step]
        block = np.ascontiguousarray(read(source, columns))
        dtype = str(block.dtype)
        finite = np.isfinite(block)
        n_missing += (~finite).sum(axis=0).tolist()
        bad_rows = bad_rows | ~finite.all(axis=1)
        filled = np.where(finite, block, 0)
        if start < MOST_COLUMNS:
            head.append(filled[:MOST_ROWS, : MOST_COLUMNS - start])
        values = block[finite]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            whole = whole and bool((values == np.rint(values)).all())
            n_zeros, n_values = n_zeros + int((values == 0).sum()), n_values + len(values)
        for place, column in enumerate(columns):
            own = block[finite[:, place], place]
            if not len(own) or own.min() == own.max():
                constant.append(features[column])
                continue
            if may_count(own):
                counting.append(features[column])
            key = hash(block[:, place].tobytes())
            if key in first:
                twice.append(f"{features[column]} = {first[key]}")
            else:
                first[key] = features[column]
        hashes = np.array([hash(row.tobytes()) for row in filled], dtype=np.int64)
        row_hashes = hashes if isinstance(row_hashes, int) else row_hashes * 31 + hashes
    n_rows = len(row_hashes) if looked else n_expected
    all_seen = looked and len(looked) == len(numeric)
    return {
        "n_samples": n_rows,
        "dtype": dtype,
        "n_looked_at": len(looked),
        "n_missing": sum(n_missing),
        "n_missing_features": sum(n > 0 for n in n_missing),
        "n_missing_samples": int(np.sum(bad_rows)),
        "n_constant": len(constant),
        "constant": constant[:SHOWN],
        "n_duplicate_features": len(twice),
        "duplicate_features": twice[:SHOWN],
        "n_duplicate_samples": n_rows - len(np.unique(row_hashes)) if all_seen else None,
        "minimum": low if n_values else None,
        "maximum": high if n_values else None,
        "whole": whole and n_values > 0,
        "zeros": n_zeros / n_values if n_values else 0.0,
        "repeating": _repeating(np.hstack(head)) if head else 0.0,
        "counting": counting[:SHOWN],
    }


def _repeating(values):
    """Return the share of the values of a row, zeros left out, that stand in it more than once."""
    in_order = np.sort(values, axis=1)
    equal = (in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] != 0)
    again = np.zeros(values.shape, bool)
    again[:, 1:] |= equal
    again[:, :-1] |= equal
    n_values = np.count_nonzero(values)
    return float(again.sum() / n_values) if n_values else 0.0


def to_look_at(one: FileOverview) -> list[str]:
    """Return what a user should look at in a file."""
    remarks = []
    if not one.features:
        remarks.append(f"'{one.path}' names no features: they are f0, f1, ... in its order")
    if one.counting:
        remarks.append(
            f"'{one.path}': {', '.join(one.counting)} rises or falls by equal steps, as a count of "
            "the rows or a clock does"
        )
    if one.n_duplicate_samples:
        remarks.append(
            f"'{one.path}': {one.n_duplicate_samples} of its {one.n_samples} samples are copies "
            "of others; copies look like information"
        )
    if one.n_duplicate_features:
        remarks.append(
            f"'{one.path}': {one.n_duplicate_features} features are copies of others "
            f"({', '.join(one.duplicate_features)}); variables that share them share bits"
        )
    if one.n_features > one.n_samples > 1 and not one.samples and not one.features:
        remarks.append(
            f"'{one.path}' has more features than samples, and names neither: is `transpose` "
            "missing?"
        )
    return remarks
