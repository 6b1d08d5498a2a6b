"""Tables of Arrow: .parquet and .feather files."""

import functools

import numpy as np

from lmi.base.arrays import loses_digits
from lmi.base.errors import InputError
from lmi.base.paths import stamp
from lmi.data.files import ending, told
from lmi.data.formats.matrices import COLUMNS, LOSS, lacking
from lmi.data.formats.tables import (
    dropped_columns,
    ids_of,
    may_count,
    may_rise,
    name_column,
    named_like_ids,
)

# The first bytes of a .feather file of the first version; later ones are Arrow's own.
FEATHER_1 = b"FEA1"
COLUMNS_AT_A_TIME = 256
ROWS_JUDGED = 64  # of the first columns, whether they may count or name the rows


@functools.lru_cache(maxsize=256)
def _top(source, _stamp):
    """Return what the file has, but for its values.

    All columns, the position of the row names (or None), {column: what it holds} of those that
    hold no numbers, the columns of data, and the number of rows.
    """
    schema, n_rows = _schema(source.path)
    columns = list(schema.names)
    if not columns:
        raise InputError(f"source '{source.path}': expected columns, found none")
    pandas = schema.pandas_metadata or {}
    index = [c for c in pandas.get("index_columns", []) if isinstance(c, str) and c in columns]
    odd = {i: _held(t) for i, t in enumerate(schema.types) if _held(t) != "numbers"}
    dropped = dropped_columns(source, columns)
    text = {i for i, held in odd.items() if held == "text"}
    column = name_column(source, columns, dropped, text)
    if source.sample_column is None and index and index[0] not in _unnamed_counts(schema, index):
        column = columns.index(index[0])
    kept = tuple(
        i for i, c in enumerate(columns) if i != column and c not in index and i not in dropped
    )
    held = {columns[i]: what for i, what in odd.items() if i in kept}
    return tuple(columns), column, held, kept, n_rows


def _schema(path):
    """Return the schema of a file, and its number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if ending(path) == ".parquet":
            file = pq.ParquetFile(path)
            return file.schema_arrow, file.metadata.num_rows
        with open(path, "rb") as start:
            is_first_version = start.read(4) == FEATHER_1
        schema = _read(path, None).schema if is_first_version else pa.ipc.open_file(path).schema
        return schema, _read(path, schema.names[:1]).num_rows
    except pa.ArrowInvalid as error:
        raise InputError(
            f"source '{path}': expected a {ending(path)[1:]} file: {told(error)}"
        ) from error


def _read(path, columns):
    """Return columns (all when None) as a table of Arrow."""
    import pyarrow.feather
    import pyarrow.parquet as pq

    if ending(path) == ".parquet":
        return pq.ParquetFile(path).read(columns=columns)
    table = pyarrow.feather.read_table(path, columns=columns, memory_map=True)
    table.validate(full=True)  # a broken file may point to any place in memory
    return table


def _unnamed_counts(schema, index):
    """Return the indices that pandas kept without a name, and that hold whole numbers."""
    import pyarrow as pa

    named = [c for c in index if c.startswith("__index_level_")]
    return [c for c in named if pa.types.is_integer(schema.field(c).type)]


def _held(kind):
    """Return what a column of this type holds, in words."""
    from pyarrow import types

    checks = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    if types.is_null(kind) or any(check(kind) for check in checks):
        return "numbers"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return f"lists ({kind})"
    if types.is_temporal(kind):
        return f"times ({kind})"
    if types.is_dictionary(kind):
        return _held(kind.value_type) if _held(kind.value_type) == "text" else f"codes ({kind})"
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind)
    return "text" if is_text else f"values of the type {kind}"


def shape(source):
    """Return (rows, columns)."""
    _, _, _, kept, n_rows = _top(source, stamp(source.path))
    return n_rows, len(kept)


def names(source, axis):
    """Return the names of the columns, or of the rows (None where there are none)."""
    columns, column, _, kept, _ = _top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(columns[i] for i in kept)
    if column is None:
        return None
    table = _read(source.path, [columns[column]])
    return tuple(str(name) for name in table.column(columns[column]).to_pylist())


def text_columns(source):
    """Return {column: what it holds} of the columns of data that hold no numbers."""
    return _top(source, stamp(source.path))[2]


def ids(source):
    """Return the columns that name or count the rows, and no key says so."""
    columns, names, held, kept, _ = _top(source, stamp(source.path))
    order = [columns[i] for i in kept]
    schema, dropped = _schema(source.path)[0], dropped_columns(source, columns)
    pandas = (schema.pandas_metadata or {}).get("index_columns", [])
    index = [c for c in pandas if isinstance(c, str) and c in columns]
    counting = [
        c
        for c in _unnamed_counts(schema, index)
        if columns.index(c) not in dropped and columns.index(c) != names
    ]
    numeric = [name for name in order if name not in held]
    head = {name: _column(part, name) for part, name in _head(source.path, numeric)}
    even = [name for name in head if may_count(head[name])]
    wanted = {name for name in numeric if named_like_ids(name) or may_rise(name)} | set(even)
    # in full those that may be, of the others the first rows tell enough
    columns = {
        name: _column(_read(source.path, [name]), name) if name in wanted else head.get(name, ())
        for name in numeric
    }
    first = names is None and not counting and order[:1] == numeric[:1]
    found = ids_of(numeric, list(columns.values()), first)
    return (*counting, *(numeric[place] for place in found))


def _head(path, names):
    """Yield (table, name) of the first columns of numbers, of their first rows alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = names[:COLUMNS_AT_A_TIME]
    if ending(path) == ".parquet":
        parts = pq.ParquetFile(path).iter_batches(batch_size=ROWS_JUDGED, columns=names)
        head = pa.Table.from_batches([part for part in [next(parts, None)] if part is not None])
    else:
        head = _read(path, names)
    head = head.slice(0, ROWS_JUDGED)
    for name in names if head.num_rows else ():
        yield head, name


def _column(table, name):
    """Return a column of numbers; float64 with NaN where it has nulls, or is no plain type."""
    import pyarrow as pa

    column = table.column(name)
    if column.null_count or not pa.types.is_integer(column.type):
        column = column.cast(pa.float64())
    return column.to_numpy()


def read(source, columns):
    """Return columns of data (all when None) as float64."""
    names, _, held, kept, n_rows = _top(source, stamp(source.path))
    wanted = [names[i] for i in (kept if columns is None else [kept[i] for i in columns])]
    for name in wanted:
        if name in held:
            raise InputError(
                f"source '{source.path}', column '{name}': expected numbers, found {held[name]}. "
                "Leave the column out with `drop_columns`"
            )
    table = _read(source.path, wanted)
    values = np.empty((n_rows, len(wanted)), dtype=np.float64)
    for i, name in enumerate(wanted):
        own = _column(table, name)
        if loses_digits(own):
            raise InputError(
                f"source '{source.path}', column '{name}': expected numbers, found {LOSS}"
            )
        values[:, i] = own
    return values


def missing(source):
    """Return which rows have a missing value in a column of numbers."""
    columns, _, held, kept, n_rows = _top(source, stamp(source.path))
    is_missing = np.zeros(n_rows, dtype=bool)
    numeric = [i for i, place in enumerate(kept) if columns[place] not in held]
    for start in range(0, len(numeric), COLUMNS_AT_A_TIME):
        values = read(source, numeric[start : start + COLUMNS_AT_A_TIME])
        is_missing |= lacking(values).any(axis=1)
    return is_missing
