"""What the formats of matrices share: which array is meant, its shape, and reading part of it."""

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import some, suggest

ROWS, COLUMNS = 0, 1
ROWS_AT_A_TIME = 8192


def working_type(dtype):
    """Return the floats that hold every value of a type: float32, else float64."""
    return np.result_type(dtype, np.float32) if np.dtype(dtype).itemsize <= 8 else np.float64


def no_text(source):
    """Return the columns of text of a format that has none."""
    return frozenset()


def no_names(source, axis):
    """Return the names of a format that has none."""
    return None


def choose_key(source, matrices):
    """Return the name of the matrix to read: the config's key, or the only one there is."""
    if source.key is None and len(matrices) == 1:
        return next(iter(matrices))
    if source.key is None:
        raise InputError(
            f"source '{source.path}': it holds {len(matrices)} matrices ({some(matrices)}); "
            "say which one with `key`"
        )
    if source.key.strip("/") not in matrices:
        raise InputError(
            f"source '{source.path}': it has no matrix of numbers called '{source.key}'"
            f"{suggest(source.key, matrices)}. It has: {some(matrices) or 'none'}"
        )
    return source.key.strip("/")


def as_matrix_shape(source, shape, dtype):
    """Return (rows, columns) of an array; a vector is a single column."""
    if dtype.kind not in "biuf":
        raise InputError(
            f"source '{source.path}': expected an array of real numbers, found type {dtype}"
            + (" (pickled objects are never loaded)" if dtype.hasobject else "")
        )
    if len(shape) not in (1, 2):
        raise InputError(
            f"source '{source.path}': expected two dimensions (samples, features), found the "
            f"shape {tuple(shape)}. Reshape it to {shape[0] if shape else 1} rows"
        )
    return tuple(int(n) for n in shape) if len(shape) == 2 else (int(shape[0]), 1)


def two_dimensional(arrays, matrices):
    """Return the matrices proper where there are any, else the vectors too."""
    return [name for name in matrices if len(arrays[name][0]) == 2] or matrices


def texts(values):
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)


def dense_rows(matrix, shape, columns):
    """Read columns of an HDF5 matrix, some rows at a time: reading by column is slow."""
    if matrix.ndim == 1:
        return matrix[:].reshape(shape)[:, slice(None) if columns is None else columns]
    if columns is None:
        return matrix[:]
    values = np.empty((shape[0], len(columns)), dtype=matrix.dtype)
    for start in range(0, shape[0], ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        values[rows] = matrix[rows][:, columns]
    return values
