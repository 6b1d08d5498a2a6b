"""Loom files: HDF5 with one row a gene and one column a cell."""

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.data.files import open_hdf5
from lmi.data.formats.matrices import (
    ROWS,
    as_matrix_shape,
    by_identifier,
    check_names,
    lacking,
    texts,
    whole,
)

ROWS_AT_A_TIME = 256
# Attributes that hold names: as the specification calls them, and as anndata writes them.
CELLS = ("CellID", "obs_names")
GENES = ("Gene", "var_names")
IDENTIFIERS = "Accession"


def _matrix(source, file):
    matrix = file.get("matrix" if source.layer is None else f"layers/{source.layer}")
    if not hasattr(matrix, "dtype"):
        layers = list(file.get("layers", ()))
        raise InputError(
            f"source '{source.path}': it has no "
            + (f"layer '{source.layer}'" if source.layer else "matrix, as a loom file must")
            + f"{suggest(source.layer or '', layers)}. Its layers: {some(layers) or 'none'}"
        )
    return matrix


def shape(source):
    """Return (cells, genes)."""
    with open_hdf5(source.path) as file:
        matrix = _matrix(source, file)
        return as_matrix_shape(source, matrix.shape, matrix.dtype)[::-1]


def names(source, axis):
    """Return the names of cells or genes; a gene whose name others have goes by its accession."""
    extent = shape(source)
    with open_hdf5(source.path) as file:
        table = file.get("col_attrs" if axis == ROWS else "row_attrs", {})
        if axis == ROWS and source.sample_column is not None:
            if source.sample_column not in table:
                raise InputError(
                    f"source '{source.path}': sample_column '{source.sample_column}' is no "
                    f"attribute of its columns{suggest(source.sample_column, table)}. It has: "
                    f"{some(list(table)) or 'none'}"
                )
            wanted = (source.sample_column,)
        else:
            wanted = CELLS if axis == ROWS else GENES
        name = next((name for name in wanted if name in table), None)
        if name is None:
            _refuse_unnamed(source, axis, table)
            return None
        stored = table[name]
        if not check_names(source, name, stored.shape, stored.dtype, extent[axis]):
            raise InputError(
                f"source '{source.path}': expected a name each in the attribute '{name}', found "
                f"the type {stored.dtype} and the shape {stored.shape}"
            )
        found = texts(stored[:])
        others = table.get(IDENTIFIERS) if axis != ROWS else None
        fits = others is not None and others.shape == stored.shape
        return by_identifier(found, texts(others[:])) if fits else found


def _refuse_unnamed(source, axis, table):
    """Raise InputError for genes that have attributes, and none that names them."""
    if axis != ROWS and len(table):
        raise InputError(
            f"source '{source.path}': expected the names of the genes in the row attribute "
            f"{' or '.join(GENES)}, found {some(list(table))}. Add the attribute {GENES[0]}"
        )


def read(source, columns):
    """Return genes (all when None) of all cells as a dense array."""
    with open_hdf5(source.path) as file:
        matrix = _matrix(source, file)
        if columns is None:
            return whole(matrix).T
        columns = np.asarray(columns)
        values = np.empty((matrix.shape[1], len(columns)), whole(matrix, slice(0, 1)).dtype)
        for rows in _parts(matrix):
            wanted = (columns >= rows.start) & (columns < rows.stop)
            if wanted.any():
                values[:, wanted] = whole(matrix, rows)[columns[wanted] - rows.start].T
        return values


def missing(source):
    """Return which cells have a missing value."""
    with open_hdf5(source.path) as file:
        matrix = _matrix(source, file)
        is_missing = np.zeros(matrix.shape[1], dtype=bool)
        for rows in _parts(matrix):
            is_missing |= lacking(whole(matrix, rows)).any(axis=0)
        return is_missing


def _parts(matrix):
    """Return the genes as slices that are read at once."""
    starts = range(0, matrix.shape[0], ROWS_AT_A_TIME)
    return [slice(start, min(start + ROWS_AT_A_TIME, matrix.shape[0])) for start in starts]
