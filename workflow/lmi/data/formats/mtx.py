"""Sparse matrices in Matrix Market files: folders of 10x Genomics, and matrices on their own."""

import functools
import io
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.data.files import MTX, mtx_files, open_binary, stamps, text_rows
from lmi.data.formats.matrices import ROWS, as_matrix_shape, by_identifier, lacking

MOST = 2**31 - 1  # rows or columns
BYTES_AT_A_TIME = 2**24


@functools.lru_cache(maxsize=256)
def _top(source, _stamps):
    """Return the matrix file, whether it is features x cells, its shape, and {table: its file}."""
    import scipy.io

    files = list(map(Path, mtx_files(source.path)))
    found = [file for file in files if MTX in file.name or file.suffix == ".mtx"]
    if len(found) != 1:
        raise InputError(
            f"source '{source.path}': expected one {MTX} or {MTX}.gz in the folder, found "
            f"{some([file.name for file in found]) or 'none'}. Name one of the files as `source`"
        )
    tables = {}
    for file in files:
        for what in ("features", "genes", "barcodes"):
            if f"{what}.tsv" in file.name:
                tables.setdefault("features" if what == "genes" else what, []).append(file)
    is_10x = found[0].name.removesuffix(".gz").endswith(MTX)
    if is_10x and (len(tables) != 2 or any(len(named) > 1 for named in tables.values())):
        names = [file.name for file in files[1:]]
        raise InputError(
            f"source '{source.path}': expected one features.tsv or genes.tsv and one barcodes.tsv "
            f"(or .gz) beside '{found[0].name}', found {some(names) or 'neither'}. A matrix of "
            "another kind, with one row a sample, needs another name than matrix.mtx"
        )
    n_rows, n_columns, _, form, field, symmetry = scipy.io.mminfo(found[0])
    if (form, symmetry) != ("coordinate", "general") or max(n_rows, n_columns) > MOST:
        raise InputError(
            f"source '{source.path}': expected a sparse matrix without symmetry (`coordinate`, "
            f"`general`) of at most {MOST} rows and columns, found {n_rows} rows and {n_columns} "
            f"columns, `{form}`, `{symmetry}`. Save it with scipy.io.mmwrite(path, "
            "scipy.sparse.coo_array(matrix), symmetry='general')"
        )
    kind = {"integer": int, "unsigned-integer": int, "pattern": bool, "complex": complex}
    shape = as_matrix_shape(source, (n_rows, n_columns), np.dtype(kind.get(field, float)))
    shape = shape[::-1] if is_10x else shape
    return found[0], is_10x, shape, {what: named[0] for what, named in tables.items()}


def shape(source):
    """Return (rows, columns), which are cells and features of 10x Genomics."""
    return _top(source, stamps(source.path))[2]


def names(source, axis):
    """Return barcodes, or features: by name, and by identifier where several have the name."""
    _, is_10x, extent, tables = _top(source, stamps(source.path))
    if not is_10x:
        return None
    path = tables["barcodes" if axis == ROWS else "features"]
    rows = [row for _, row in text_rows(str(path), "source", "\t")]
    if len(rows) != extent[axis]:
        raise InputError(
            f"source '{source.path}': expected {extent[axis]} lines in '{path.name}', as the "
            f"matrix has {'columns' if axis == ROWS else 'rows'}, found {len(rows)}. The files "
            "may be of different samples, or the matrix is one row a cell"
        )
    if axis == ROWS or any(len(row) < 2 for row in rows):
        return tuple(row[0] for row in rows)
    return by_identifier(tuple(row[1] for row in rows), tuple(row[0] for row in rows))


@functools.lru_cache(maxsize=1)
def _matrix(source, _stamps):
    """Return the matrix, one row a sample, by columns."""
    import scipy.sparse

    path, is_10x, shape, _ = _top(source, _stamps)
    extent = shape[::-1] if is_10x else shape
    rows, columns, values = [], [], []
    with open_binary(path) as file:
        n_entries = None
        while n_entries is None:
            line = file.readline()
            if line.strip() and not line.startswith(b"%"):
                n_entries = int(line.split()[2])
        for part in _entries(file) if n_entries else ():
            for places, entries, n in zip((rows, columns), part, extent, strict=False):
                if entries.min() < 1 or entries.max() > n:
                    raise ValueError("an entry that lies outside of the matrix")
                places.append((entries - 1).astype(np.int32))
            values.append(part[2] if len(part) == 3 else np.ones(len(part[0])))
    if sum(map(len, values)) != n_entries:
        raise ValueError(f"{sum(map(len, values))} entries where the head says {n_entries}")
    places = [np.concatenate(part) if part else np.empty(0, np.int32) for part in (rows, columns)]
    values = np.concatenate(values) if values else np.empty(0)
    return scipy.sparse.csc_array((values, places[::-1] if is_10x else places), shape=shape)


def _entries(file):
    """Yield rows, columns and values of the lines of a file, where it has values, in parts.

    Arrow refuses a broken line; the readers of scipy and pandas may end the process at one.
    """
    import pyarrow as pa
    import pyarrow.csv

    first = file.readline()
    delimiter = next((one for one in (" ", "\t") if one.encode() in first.strip()), " ")
    names = ["row", "column", "value"][: len(first.split())]
    types = dict(zip(names, (pa.int64(), pa.int64(), pa.float64()), strict=False))
    parts = pyarrow.csv.open_csv(
        _Rest(first, file),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=BYTES_AT_A_TIME),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(column_types=types, null_values=[]),
    )
    for part in parts:
        if part.num_rows:
            yield [column.to_numpy(zero_copy_only=False) for column in part.columns]


class _Rest(io.RawIOBase):
    """A file from a line that was read before."""

    def __init__(self, line, file):
        self.line, self.file = line, file

    def readable(self):
        return True

    def read(self, size=-1):
        line, self.line = self.line, b""
        return line or self.file.read(size)


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    matrix = _matrix(source, stamps(source.path))
    return (matrix if columns is None else matrix[:, columns]).toarray()


def missing(source):
    """Return which rows have a missing value."""
    matrix = _matrix(source, stamps(source.path))
    is_missing = np.zeros(matrix.shape[0], dtype=bool)
    is_missing[matrix.indices[lacking(matrix.data)]] = True
    return is_missing
