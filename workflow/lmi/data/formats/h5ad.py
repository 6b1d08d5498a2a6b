"""AnnData files, .h5ad."""

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import some, suggest
from lmi.data.formats import matrices
from lmi.data.formats.matrices import as_matrix_shape, dense_rows, texts, working_type


def _h5ad_place(source):
    """Return the names, in the file, of the matrix and of the tables of its rows and columns."""
    if source.layer == "raw":
        return "raw/X", "obs", "raw/var"
    return (f"layers/{source.layer}" if source.layer else "X"), "obs", "var"


def _h5ad_matrix(source, file):
    import h5py

    place = _h5ad_place(source)[0]
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
    import h5py

    with h5py.File(source.path, "r") as file:
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            return as_matrix_shape(source, matrix.shape, matrix.dtype)
        return as_matrix_shape(source, matrix.attrs["shape"], matrix["data"].dtype)


def names(source, axis):
    import h5py

    with h5py.File(source.path, "r") as file:
        name = _h5ad_place(source)[1 + axis]
        table = file.get(name)
        if not isinstance(table, h5py.Group) or "_index" not in table.attrs:
            raise InputError(
                f"source '{source.path}': expected a table '{name}' with an index, as anndata "
                "0.7 or later writes it. Read and write the file with a recent anndata"
            )
        index = table[table.attrs["_index"]]
        # Recent versions store texts that may be missing as a group of values and a mask.
        return texts((index["values"] if isinstance(index, h5py.Group) else index)[:])


def _sparse_chunks(matrix, shape, kind):
    """Yield (rows, columns, values) of a sparse matrix, a bounded part at a time."""
    indptr = matrix["indptr"][:]
    for start in range(0, len(indptr) - 1, matrices.ROWS_AT_A_TIME):
        stop = min(start + matrices.ROWS_AT_A_TIME, len(indptr) - 1)
        part = slice(int(indptr[start]), int(indptr[stop]))
        outer = np.repeat(np.arange(start, stop), np.diff(indptr[start : stop + 1]))
        inner, values = matrix["indices"][part], matrix["data"][part]
        yield (outer, inner, values) if kind == "csr_matrix" else (inner, outer, values)


def read(source, columns):
    import h5py

    extent = shape(source)
    with h5py.File(source.path, "r") as file:
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            return dense_rows(matrix, extent, columns)
        columns = np.arange(extent[1]) if columns is None else columns
        place = np.full(extent[1], -1, dtype=np.intp)
        place[columns] = np.arange(len(columns))
        dense = np.zeros((extent[0], len(columns)), working_type(matrix["data"].dtype))
        for row, column, values in _sparse_chunks(matrix, extent, kind):
            wanted = place[column] >= 0
            # Duplicate entries of a sparse matrix add up, by definition.
            np.add.at(dense, (row[wanted], place[column[wanted]]), values[wanted])
        return dense


def missing(source):
    import h5py

    extent = shape(source)
    missing = np.zeros(extent[0], dtype=bool)
    with h5py.File(source.path, "r") as file:
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            for start in range(0, extent[0], matrices.ROWS_AT_A_TIME):
                rows = slice(start, start + matrices.ROWS_AT_A_TIME)
                missing[rows] = ~np.isfinite(matrix[rows].reshape(-1, extent[1])).all(axis=1)
        else:
            for row, _, values in _sparse_chunks(matrix, extent, kind):
                missing[row[~np.isfinite(values)]] = True
    return missing
