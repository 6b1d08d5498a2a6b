"""Sparse matrices in Matrix Market files: folders of 10x Genomics, and matrices on their own."""

import functools
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.data.files import MTX, mtx_files, stamps, text_rows
from lmi.data.formats.matrices import ROWS, as_matrix_shape, by_identifier


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
    n_rows, n_columns, _, _, field, _ = scipy.io.mminfo(found[0])
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
    import scipy.io
    import scipy.sparse

    path, is_10x, _, _ = _top(source, _stamps)
    matrix = scipy.io.mmread(path)
    matrix = matrix.T if is_10x else matrix
    return scipy.sparse.csc_array(matrix)


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    matrix = _matrix(source, stamps(source.path))
    return (matrix if columns is None else matrix[:, columns]).toarray()


def missing(source):
    """Return which rows have a missing value."""
    matrix = _matrix(source, stamps(source.path))
    found = np.zeros(matrix.shape[0], dtype=bool)
    found[matrix.indices[~np.isfinite(matrix.data)]] = True
    return found
