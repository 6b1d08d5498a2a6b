"""Text tables: .csv and .tsv."""

import csv
import functools
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import some, stamp, suggest
from lmi.data.formats.matrices import COLUMNS

# Text files up to this size are read for their number of rows before any job starts.
SMALL_TEXT_BYTES = 4_000_000


def _delimiter(path):
    return "\t" if Path(path).suffix.lower() == ".tsv" else ","


def _is_text(cell):
    """Tell whether a cell is neither a number nor a missing value."""
    if cell.strip().lower() in ("", "na", "n/a", "nan", "null", "none", "true", "false"):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


@functools.lru_cache(maxsize=4096)
def _top(source, _stamp):
    """Return the header cells, the first data row, and the column of row names (or None)."""
    with open(source.path, newline="", encoding="utf-8-sig") as file:
        rows = (row for row in csv.reader(file, delimiter=_delimiter(source.path)) if row)
        cells, first = next(rows, None), next(rows, None)
    if cells is None or first is None:
        raise InputError(
            f"source '{source.path}': expected a header line and one row a sample, found "
            + ("an empty file" if cells is None else "a header only")
        )
    if len(cells) == 1 and (other := next((c for c in ";\t,|" if c in cells[0]), None)):
        raise InputError(
            f"source '{source.path}': expected columns split by {_delimiter(source.path)!r}, "
            f"found one column with {other!r} in it. Save commas as .csv and tabs as .tsv"
        )
    if len(first) == len(cells) + 1:  # row names without a heading, as R writes them
        cells = ["", *cells]
    if len(first) != len(cells):
        raise InputError(
            f"source '{source.path}': the header has {len(cells)} columns, the first row has "
            f"{len(first)}. Every row needs the same columns"
        )
    return tuple(cells), tuple(first), name_column(source, cells, _is_text(first[0]))


def name_column(source, columns, first_is_text):
    """Return the position of the column that holds the row names, or None."""
    if source.sample_column is None:
        return 0 if first_is_text or columns[0] == "" else None
    if source.sample_column not in columns:
        raise InputError(
            f"source '{source.path}': sample_column '{source.sample_column}' is not a column"
            f"{suggest(source.sample_column, columns)}. Columns: {some(columns)}"
        )
    return columns.index(source.sample_column)


@functools.lru_cache(maxsize=4)
def row_names(source, _stamp):
    """Return one name a row (empty where there are none), reading all of the file."""
    _, _, column = _top(source, _stamp)
    with open(source.path, newline="", encoding="utf-8-sig") as file:
        rows = (row for row in csv.reader(file, delimiter=_delimiter(source.path)) if row)
        next(rows)
        return tuple(row[column] if column is not None else "" for row in rows)


def _kept(source):
    cells, _, column = _top(source, stamp(source.path))
    return [i for i in range(len(cells)) if i != column]


def shape(source):
    small = Path(source.path).stat().st_size <= SMALL_TEXT_BYTES
    n_rows = len(row_names(source, stamp(source.path))) if small or source.transpose else None
    return n_rows, len(_kept(source))


def names(source, axis):
    cells, _, column = _top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(cells[i] for i in _kept(source))
    return None if column is None else row_names(source, stamp(source.path))


def text_columns(source):
    cells, first, column = _top(source, stamp(source.path))
    return frozenset(c for i, c in enumerate(cells) if i != column and _is_text(first[i]))


def read(source, columns):
    import pandas as pd

    cells, _, _ = _top(source, stamp(source.path))
    kept = _kept(source)
    wanted = kept if columns is None else [kept[i] for i in columns]
    # All columns are parsed: with `usecols`, pandas is silent about rows that are too long.
    table = pd.read_csv(
        source.path,
        sep=_delimiter(source.path),
        header=None,
        skiprows=1,
        names=range(len(cells)),
        index_col=False,
        low_memory=False,
        encoding="utf-8-sig",
    )
    for i in wanted:
        if table[i].dtype.kind not in "biuf":
            table[i] = _numbers(source, cells[i], table[i])
    return table[wanted].to_numpy(dtype=np.float64)


def _numbers(source, name, values):
    """Return a column of mixed types as numbers; raise where one of its values is text."""
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    odd = np.flatnonzero(numbers.isna() & values.notna())
    if not len(odd):
        return numbers.astype(np.float64)
    raise InputError(
        f"source '{source.path}', column '{name}': expected numbers, found "
        f"'{values.iloc[odd[0]]}' in data row {odd[0] + 1}. Mend the value, or leave the column "
        "out of the variables"
    )
