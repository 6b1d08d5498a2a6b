"""What the formats of matrices share: which array is meant, its shape, and reading part of it."""

import math
import re

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates, some, suggest

ROWS, COLUMNS = 0, 1
# Arrays of text that name rows or columns, in files of others.
OTHER_NAMES = re.compile(
    r"(.*[_ .])?(names?|ids?|index|columns|barcodes?|cells?|genes?|obs|var|rows|cols|sample"
    r"|feature)",
    re.IGNORECASE,
)
NO_VALUES = ("_FillValue", "missing_value")
"""Attributes of an array that say which numbers are no values: of netCDF, and of the climate and
forecast conventions."""
ROWS_AT_A_TIME = 8192
IMAGE_AXES = (3, 4)  # samples, height, width, and perhaps channels


def working_type(dtype):
    """Return the floats that hold every value of a type: float32, else float64."""
    return np.result_type(dtype, np.float32) if np.dtype(dtype).itemsize <= 8 else np.float64


def no_text(source):
    """Return the columns of text of a format that has none."""
    return frozenset()


def no_names(source, axis):
    """Return the names of a format that has none."""
    return None


class SeveralMatrices(InputError):
    """A file holds more than one matrix, and nothing says which is meant: `names` are theirs."""

    def __init__(self, message, names):
        super().__init__(message)
        self.names = list(names)


def choose_key(source, matrices, others=()):
    """Return the name of the matrix to read: the config's key, or the only one there is.

    Parameters
    ----------
    source : Source
    matrices : sequence of str
    others : sequence of str
        What else the file holds, in words.
    """
    held = f". It holds: {some(others)}" if others else ""
    if not matrices:
        raise InputError(
            f"source '{source.path}': expected a matrix of numbers (samples, features), found "
            f"none{held}. Store the numbers as one array of two dimensions, or as a .csv or "
            ".parquet table"
        )
    if source.key is None and len(matrices) == 1:
        return next(iter(matrices))
    if source.key is None:
        raise SeveralMatrices(
            f"source '{source.path}': it holds {len(matrices)} matrices ({some(matrices)}); "
            "say which one with `key`",
            matrices,
        )
    if source.key.strip("/") not in matrices:
        raise InputError(
            f"source '{source.path}': it has no matrix of numbers called '{source.key}'"
            f"{suggest(source.key, matrices)}. It has: {some(matrices)}{held}"
        )
    return source.key.strip("/")


def check_names(source, name, shape, dtype, expected):
    """Tell whether an array called `samples` or `features` holds names; refuse what cannot be read.

    Numbers are names where there is one for each; else the array is something else.
    """
    if dtype.kind in "biuf":
        return dtype.kind in "iu" and tuple(shape) == (expected,)
    if tuple(shape) != (expected,):
        raise InputError(
            f"source '{source.path}': expected {expected} names in '{name}', one a "
            f"{name.removesuffix('s')}, found the shape {tuple(shape)}. Mend or remove it"
        )
    return True


NAMES = ("samples", "features")
"""What arrays are called that hold the names of the rows and the columns of a matrix beside it."""


def refuse_other_names(source, arrays, shape, axis, read_array):
    """Refuse a matrix whose names stand beside it under another name than `NAMES`.

    Parameters
    ----------
    arrays : dict of str to (tuple, dtype)
        Shape and type of what is beside the matrix.
    shape : (int, int)
        Of the matrix.
    axis : int
        Whose names nothing in `arrays` is called by.
    read_array : callable
        Returns the array of a name. One with few different values holds groups, donors say.
    """
    alike = [
        name
        for name, (own, dtype) in arrays.items()
        if tuple(own) == (shape[axis],)
        and dtype.kind in "SUO"
        and OTHER_NAMES.fullmatch(name)
        and len(set(texts(read_array(name)))) > shape[axis] / 2
    ]
    if alike:
        raise InputError(
            f"source '{source.path}': the array '{alike[0]}' seems to hold the names of the "
            f"{NAMES[axis]}, which are read from '{NAMES[axis]}'. Call it so, or remove it"
        )


def as_matrix_shape(source, shape, dtype):
    """Return (rows, columns) of an array; a vector is a single column."""
    if dtype.kind not in "biuf":
        raise InputError(
            f"source '{source.path}': expected an array of real numbers, found type {dtype}"
            + (" (pickled objects are never loaded)" if dtype.hasobject else "")
        )
    if len(shape) > 2 and source.images == tuple(shape[1:]):
        return int(shape[0]), math.prod(source.images)
    if len(shape) not in (1, 2):
        hint = f"Reshape it to {shape[0] if shape else 1} rows"
        if len(shape) in IMAGE_AXES:
            hint += f", or, where samples are images, set `images: {list(map(int, shape[1:]))}`"
        raise InputError(
            f"source '{source.path}': expected two dimensions (samples, features), found the "
            f"shape {tuple(shape)}. {hint}"
        )
    return tuple(int(n) for n in shape) if len(shape) == 2 else (int(shape[0]), 1)


def may_be_matrix(source, n_axes):
    """Tell whether an array of so many axes may be the matrix: of images, three or four."""
    return n_axes in (1, 2) or (n_axes in IMAGE_AXES and source.images is not None)


def two_dimensional(arrays, matrices):
    """Return the matrices proper where there are any, else the vectors too."""
    if stacks := [name for name in matrices if len(arrays[name][0]) in IMAGE_AXES]:
        return stacks
    return [name for name in matrices if len(arrays[name][0]) == 2] or matrices


def texts(values):
    """Return values as a tuple of str."""
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)


def by_identifier(names, identifiers):
    """Return names, those that several have replaced by their identifiers, which are unique."""
    twice = set(first_duplicates(names))
    pairs = zip(names, identifiers, strict=True)
    return tuple(other if name in twice else name for name, other in pairs)


def whole(array, rows=slice(None)):
    """Return rows of an array of a file, with NaN for what its `NO_VALUES` say are no values.

    Raises
    ------
    InputError
        An array of HDF5 of which parts were never written: they read as zeros, or whatever the file
        says. A writer that was interrupted leaves them. (Zarr leaves out parts that are all zero.)
    """
    if getattr(array, "chunks", None) and hasattr(array, "id"):
        sizes = zip(array.shape, array.chunks, strict=True)
        n_parts = math.prod(-(-size // chunk) for size, chunk in sizes)
        n_absent = n_parts - array.id.get_num_chunks()
        if n_absent > 0 and not (array.dtype.kind == "f" and np.isnan(array.fillvalue)):
            raise InputError(
                f"source '{array.file.filename}': expected an array '{array.name}' that was "
                f"written as a whole, found {n_absent} of its {n_parts} parts (HDF5 chunks) never "
                f"written, which read as {array.fillvalue}. Write the file again; where they stand "
                "for missing values, with NaN for them"
            )
    values, said = array[rows], getattr(array, "attrs", {})
    absent = [np.ravel(said[name]) for name in NO_VALUES if name in said]
    absent = [one for one in absent if one.dtype.kind in "iuf"]
    return np.where(np.isin(values, np.concatenate(absent)), np.nan, values) if absent else values


def dense_rows(matrix, shape, columns):
    """Read columns of a matrix of a file, some rows at a time: reading by column is slow."""
    if columns is None or matrix.ndim == 1:
        return whole(matrix).reshape(shape)[:, slice(None) if columns is None else columns]
    values = np.empty((shape[0], len(columns)), whole(matrix, slice(0, 1)).dtype)
    for start in range(0, shape[0], ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        values[rows] = whole(matrix, rows).reshape(-1, shape[1])[:, columns]
    return values


def lacking(values):
    """Tell which values are missing: NaN, infinite, or too large for single precision."""
    return ~(np.abs(values) <= np.finfo(np.float32).max)


def dense_missing(matrix, shape):
    """Return which rows of a matrix have a missing value, reading some rows at a time."""
    missing = np.zeros(shape[0], dtype=bool)
    for start in range(0, shape[0], ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        missing[rows] = lacking(whole(matrix, rows).reshape(-1, shape[1])).any(axis=1)
    return missing


LOSS = (
    "whole numbers of more than 15 digits, of which different ones become equal in double "
    "precision. Take what they have in common off (the first time, say), or divide them"
)
"""What to say of values that lose digits."""

# ---- sparse matrices: mappings with indptr, indices and data


def sparse_parts(matrix, kind, shape):
    """Yield (rows, columns, values) of a sparse matrix, a bounded part at a time.

    Raises
    ------
    ValueError
        Pointers or places that lie outside of it, as in a damaged file.
    """
    indptr, sizes = whole(matrix["indptr"]), (matrix["indices"].shape[0], matrix["data"].shape[0])
    n_outer, n_inner = shape if kind == "csr_matrix" else shape[::-1]
    if len(indptr) != n_outer + 1 or indptr[0] or {int(indptr[-1])} != set(sizes):
        raise ValueError("pointers of a sparse matrix that do not fit its entries")
    for start in range(0, len(indptr) - 1, ROWS_AT_A_TIME):
        stop = min(start + ROWS_AT_A_TIME, len(indptr) - 1)
        part = slice(int(indptr[start]), int(indptr[stop]))
        outer = np.repeat(np.arange(start, stop), np.diff(indptr[start : stop + 1]))
        inner, values = whole(matrix["indices"], part), whole(matrix["data"], part)
        if len(inner) and (inner.min() < 0 or inner.max() >= n_inner):
            raise ValueError("entries of a sparse matrix that lie outside of it")
        yield (outer, inner, values) if kind == "csr_matrix" else (inner, outer, values)


def sparse_columns(matrix, kind, shape, columns):
    """Return columns (all when None) of a sparse matrix as a dense array."""
    columns = np.arange(shape[1]) if columns is None else columns
    place = np.full(shape[1], -1, dtype=np.intp)
    place[columns] = np.arange(len(columns))
    dense = np.zeros((shape[0], len(columns)), working_type(matrix["data"].dtype))
    for row, column, values in sparse_parts(matrix, kind, shape):
        wanted = place[column] >= 0
        # Duplicate entries of a sparse matrix add up, by definition.
        np.add.at(dense, (row[wanted], place[column[wanted]]), values[wanted])
    return dense


def sparse_missing(matrix, kind, shape):
    """Return which rows of a sparse matrix have a missing value."""
    missing = np.zeros(shape[0], dtype=bool)
    for row, _, values in sparse_parts(matrix, kind, shape):
        missing[row[lacking(values)]] = True
    return missing
