"""AnnData files, .h5ad."""

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.data.files import open_hdf5
from lmi.data.formats import matrices
from lmi.data.formats.matrices import (
    as_matrix_shape,
    dense_rows,
    sparse_columns,
    sparse_parts,
    texts,
)


def _place(source, file):
    """Return the names, in the file, of the matrix and of the tables of its rows and columns.

    A layer goes before the raw part of the file, whatever it is called; where both are called
    raw, the config says which: layers/raw or raw/X.
    """
    layer, layers = source.layer, file.get("layers", ())
    raw = "raw/X", "obs", "raw/var"
    if layer is None:
        return "X", "obs", "var"
    if layer == "raw" and "raw" in layers and "raw/X" in file:
        raise InputError(
            f"source '{source.path}': both a layer and the raw part of the file are called raw. "
            "Say which one: `layer: layers/raw` or `layer: raw/X`"
        )
    if layer in layers:
        return f"layers/{layer}", "obs", "var"
    if layer.startswith("layers/"):
        return layer, "obs", "var"
    return raw if layer in ("raw", "raw/X") else (f"layers/{layer}", "obs", "var")


def _matrix(source, file):
    import h5py

    place = _place(source, file)[0]
    matrix = file.get(place)
    if matrix is None:
        layers = ["raw"] * ("raw" in file) + list(file.get("layers", ()))
        what = f"layer '{source.layer}'" if source.layer else "matrix X"
        raise InputError(
            f"source '{source.path}': it has no {what}{suggest(source.layer or '', layers)}. "
            f"Its layers: {some(layers) or 'none'}"
        )
    kind = "dense" if isinstance(matrix, h5py.Dataset) else matrix.attrs.get("encoding-type", "")
    if kind not in ("dense", "csr_matrix", "csc_matrix"):
        raise InputError(
            f"source '{source.path}': {place} is stored as {kind or 'an unknown kind'}; expected "
            "a dense, CSR or CSC matrix. Write the file again with anndata 0.8 or later"
        )
    return matrix, kind


def shape(source):
    """Return (rows, columns)."""
    with open_hdf5(source.path) as file:
        matrix, kind = _matrix(source, file)
        if kind == "dense":
            return as_matrix_shape(source, matrix.shape, matrix.dtype)
        return as_matrix_shape(source, matrix.attrs["shape"], matrix["data"].dtype)


def names(source, axis):
    """Return the names of the rows or columns."""
    import h5py

    with open_hdf5(source.path) as file:
        name = _place(source, file)[1 + axis]
        table = file.get(name)
        if not isinstance(table, h5py.Group) or "_index" not in table.attrs:
            raise InputError(
                f"source '{source.path}': expected a table '{name}' with an index, as anndata "
                "0.7 or later writes it. Read and write the file with a recent anndata"
            )
        index = table[table.attrs["_index"]]
        # Recent versions store texts that may be missing as a group of values and a mask.
        return texts((index["values"] if isinstance(index, h5py.Group) else index)[:])


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    extent = shape(source)
    with open_hdf5(source.path) as file:
        matrix, kind = _matrix(source, file)
        if kind == "dense":
            return dense_rows(matrix, extent, columns)
        return sparse_columns(matrix, kind, extent, columns)


def missing(source):
    """Return which rows have a missing value."""
    extent = shape(source)
    missing = np.zeros(extent[0], dtype=bool)
    with open_hdf5(source.path) as file:
        matrix, kind = _matrix(source, file)
        if kind == "dense":
            for start in range(0, extent[0], matrices.ROWS_AT_A_TIME):
                rows = slice(start, start + matrices.ROWS_AT_A_TIME)
                missing[rows] = ~np.isfinite(matrix[rows].reshape(-1, extent[1])).all(axis=1)
        else:
            for row, _, values in sparse_parts(matrix, kind):
                missing[row[~np.isfinite(values)]] = True
    return missing
