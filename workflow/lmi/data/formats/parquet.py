"""Tables in .parquet files."""

import functools

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import stamp
from lmi.data.formats.matrices import COLUMNS
from lmi.data.formats.text import name_column


@functools.lru_cache(maxsize=256)
def _top(source, _stamp):
    """Return all columns, the position of the row names (or None), text columns and row count."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source.path)
    except pa.ArrowInvalid as error:
        raise InputError(f"source '{source.path}': expected a parquet file: {error}") from error
    schema = file.schema_arrow
    columns = list(schema.names)
    if not columns:
        raise InputError(f"source '{source.path}': expected columns, found none")
    pandas = schema.pandas_metadata or {}
    index = [c for c in pandas.get("index_columns", []) if isinstance(c, str) and c in columns]
    is_number = [
        pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)
        for t in schema.types
    ]
    if source.sample_column is None and index:
        column = columns.index(index[0])
    else:
        column = name_column(source, columns, not is_number[0])
    text = frozenset(
        c for i, c in enumerate(columns) if i != column and c not in index and not is_number[i]
    )
    kept = tuple(i for i, c in enumerate(columns) if i != column and c not in index)
    return tuple(columns), column, text, kept, file.metadata.num_rows


def shape(source):
    _, _, _, kept, n_rows = _top(source, stamp(source.path))
    return n_rows, len(kept)


def names(source, axis):
    import pyarrow.parquet as pq

    columns, column, _, kept, _ = _top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(columns[i] for i in kept)
    if column is None:
        return None
    table = pq.ParquetFile(source.path).read(columns=[columns[column]])
    return tuple(str(name) for name in table.column(columns[column]).to_pylist())


def text_columns(source):
    return _top(source, stamp(source.path))[2]


def read(source, columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, _, text, kept, n_rows = _top(source, stamp(source.path))
    wanted = [names[i] for i in (kept if columns is None else [kept[i] for i in columns])]
    for name in wanted:
        if name in text:
            raise InputError(f"source '{source.path}', column '{name}': expected numbers")
    table = pq.ParquetFile(source.path).read(columns=wanted)
    values = np.empty((n_rows, len(wanted)), dtype=np.float64)
    for i, name in enumerate(wanted):
        values[:, i] = table.column(name).cast(pa.float64()).to_numpy()
    return values
