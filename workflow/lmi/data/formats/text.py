"""Text tables: .csv and .tsv, plain or compressed."""

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmi.base.arrays import loses_digits
from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.base.paths import stamp
from lmi.data.files import (
    DELIMITERS,
    check_split,
    compression,
    encoding,
    ending,
    open_binary,
    text_rows,
)
from lmi.data.formats.matrices import COLUMNS, LOSS, lacking
from lmi.data.formats.tables import (
    UNNAMED,
    dropped_columns,
    ids_of,
    name_column,
    named_like_ids,
    quoted,
)

# Text files up to this size are read for their number of rows before any job starts.
SMALL_TEXT_BYTES = 4_000_000
# From so many of its first rows, a larger file's columns are judged before any job starts.
ROWS_JUDGED = 2000
# From so many headings on, numbers with decimals in order are headings and no data.
FEWEST_IN_ORDER = 4


@dataclass(frozen=True)
class Top:
    """What is known of a text table before its values are read; columns are positions.

    Attributes
    ----------
    cells : tuple of str
        The heading of every column.
    names : int or None
        The column of row names.
    kept : tuple of int
        The columns of data.
    text, ids : frozenset of int
        Columns that hold text, and numbers that name or count the rows.
    """

    cells: tuple
    names: int | None
    kept: tuple
    text: frozenset
    ids: frozenset


def _delimiter(source):
    return DELIMITERS[ending(source.path)]


def _rows(source):
    return text_rows(source.path, "source", _delimiter(source))


@functools.lru_cache(maxsize=4096)
def _is_small_file(path, _stamp):
    if Path(path).stat().st_size > SMALL_TEXT_BYTES:
        return False
    if compression(path) is None:
        return True
    with open_binary(path) as file:  # a small file may hold a large text
        return len(file.read(SMALL_TEXT_BYTES + 1)) <= SMALL_TEXT_BYTES


def _is_small(source):
    return _is_small_file(source.path, stamp(source.path))


@functools.lru_cache(maxsize=4096)
def _top(source, _stamp):
    (line, cells), (_, first) = [*itertools.islice(_rows(source), 2), (0, None), (0, None)][:2]
    where = f"source '{source.path}'"
    if cells is None or first is None:
        raise InputError(
            f"{where}: expected a header line and one row a sample, found "
            + ("an empty file" if cells is None else "a header only")
        )
    check_split(source.path, "source", cells, _delimiter(source))
    if broken := next((cell for cell in cells if "\n" in cell), None):
        raise InputError(
            f"{where}, line {line}: the heading {broken[:40]!r} goes on over several lines. A "
            "quote may be there that is not closed: remove it"
        )
    # row names without a heading, as R writes them
    is_shorter = len(first) == len(cells) + 1 and not cells[0].startswith("#")
    cells = ["", *cells] if is_shorter else cells
    if len(first) != len(cells):
        hint = ". Lines above the header must go" if cells[0].startswith("#") else ""
        raise InputError(
            f"{where}: the header has {len(cells)} columns, the first row has {len(first)}. Every "
            f"row needs the same columns{hint}"
        )
    cells = tuple(UNNAMED if i == 0 and not cell.strip() else cell for i, cell in enumerate(cells))
    _refuse_lost_header(where, cells)
    table = _table(source, len(cells), None if _is_small(source) else ROWS_JUDGED)
    text = frozenset(i for i in range(len(cells)) if _first_text(table[i]) is not None)
    if is_shorter and (0 not in text or not first[-1].strip()):
        raise InputError(
            f"{where}: the header has {len(cells) - 1} columns, the first row has {len(first)}, "
            "and its first cell is no name, or its last one is empty. Give every column a heading"
        )
    dropped = dropped_columns(source, cells)
    names = name_column(source, cells, dropped, text)
    if names is not None and source.sample_column is None:
        _refuse_numbers(where, cells[names], table[names])
    kept = tuple(i for i in range(len(cells)) if i != names and i not in dropped)
    numeric = [i for i in kept if i not in text]
    first = names is None and kept[:1] == tuple(numeric[:1])
    found = ids_of([cells[i] for i in numeric], [table[i] for i in numeric], first)
    ids = frozenset(numeric[place] for place in found)
    return Top(cells, names, kept, text, ids)


def _refuse_numbers(where, heading, values):
    """Refuse a first column, taken for names of the samples, that is a measurement but for a few.

    Names may be whole numbers; most of those of a measurement have decimals.
    """
    import pandas as pd

    if heading == UNNAMED or named_like_ids(heading):
        return
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
    if np.mean(np.isfinite(numbers) & (numbers != np.rint(numbers))) > 0.5:
        row = _first_text(values)
        raise InputError(
            f"{where}, column '{heading}': expected names of the samples or numbers, found "
            f"numbers, and '{values.iloc[row]}' in data row {row + 1}. Mend the value; or, if "
            f"these are names, say so with `sample_column: {quoted(heading)}`"
        )


def _refuse_lost_header(where, cells):
    """Refuse headings that are numbers with decimals in no order: a first row of data.

    Frequencies or wavelengths, which rise or fall, may be headings; so are those beside a corner
    that is blank or called like names of samples.
    """
    if cells[0] == UNNAMED or named_like_ids(cells[0]):
        return
    headings = cells[1:] or cells
    try:
        numbers = np.array([float(cell) for cell in headings])
    except ValueError:
        return
    steps = np.diff(numbers)
    in_order = len(numbers) >= FEWEST_IN_ORDER and ((steps > 0).all() or (steps < 0).all())
    decimals = (numbers != np.rint(numbers)).any() or any("." in cell for cell in headings)
    if len(numbers) and decimals and not in_order:
        raise InputError(
            f"{where}: expected headings in the first line, found numbers ({some(headings, 3)}), "
            "which seem to be the first row of the data. Give every column a heading"
        )


def _table(source, n_columns, n_rows=None):
    """Return rows as a DataFrame, columns by position."""
    import pandas as pd

    with open_binary(source.path) as file:
        return pd.read_csv(
            file,
            sep=_delimiter(source),
            header=0,
            names=range(n_columns),
            index_col=False,
            low_memory=False,
            nrows=n_rows,
            encoding=encoding(source.path),
        )


def _first_text(values):
    """Return the row of the first cell that is neither a number nor missing, or None."""
    import pandas as pd

    if values.dtype.kind in "biuf":
        return None
    odd = np.flatnonzero(pd.to_numeric(values, errors="coerce").isna() & values.notna())
    return int(odd[0]) if len(odd) else None


@functools.lru_cache(maxsize=4)
def row_names(source, _stamp):
    """Return one name a row (empty where there are none), reading all of the file.

    Raises
    ------
    InputError
        A row with more or fewer cells than the header.
    """
    top, names = _top(source, _stamp), []
    rows = _rows(source)
    next(rows)
    for line, row in rows:
        if len(row) != len(top.cells):
            raise InputError(
                f"source '{source.path}', line {line}: expected {len(top.cells)} cells as in the "
                f"first row, found {len(row)}. Every row needs the same columns"
            )
        names.append("" if top.names is None else row[top.names])
    return tuple(names)


def shape(source):
    """Return (rows, columns); None for the rows of a large file, which nobody has counted."""
    is_counted = _is_small(source) or source.transpose
    n_rows = len(row_names(source, stamp(source.path))) if is_counted else None
    return n_rows, len(_top(source, stamp(source.path)).kept)


def names(source, axis):
    """Return the names of the columns, or of the rows (None where there are none)."""
    top = _top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(top.cells[i] for i in top.kept)
    return None if top.names is None else row_names(source, stamp(source.path))


def text_columns(source):
    """Return the names of the columns of data that hold text."""
    top = _top(source, stamp(source.path))
    return frozenset(top.cells[i] for i in top.kept if i in top.text)


def ids(source):
    """Return the names of the columns of data that name or count the rows."""
    top = _top(source, stamp(source.path))
    return tuple(top.cells[i] for i in sorted(top.ids))


def read(source, columns):
    """Return columns of data (all when None) as float64."""
    top = _top(source, stamp(source.path))
    row_names(source, stamp(source.path))  # pandas fills short rows in silence
    wanted = top.kept if columns is None else [top.kept[i] for i in columns]
    table = _table(source, len(top.cells))
    for i in wanted:
        if (row := _first_text(table[i])) is not None:
            raise InputError(
                f"source '{source.path}', column '{top.cells[i]}': expected numbers, found "
                f"'{table[i].iloc[row]}' in data row {row + 1}. Mend the value, or leave the "
                f"column out with `drop_columns`"
            )
    return _numbers(source, table, wanted)


def _numbers(source, table, columns):
    import pandas as pd

    values = np.empty((len(table), len(columns)))
    for place, i in enumerate(columns):
        column = table[i]
        column = column if column.dtype.kind in "biuf" else pd.to_numeric(column)
        if loses_digits(column.to_numpy()):
            raise InputError(f"source '{source.path}': expected numbers, found {LOSS}")
        values[:, place] = column
    return values


def missing(source):
    """Return which rows have a missing value in a column of data without text."""
    top = _top(source, stamp(source.path))
    row_names(source, stamp(source.path))
    table = _table(source, len(top.cells))
    values = _numbers(source, table, [i for i in top.kept if _first_text(table[i]) is None])
    return lacking(values).any(axis=1)
