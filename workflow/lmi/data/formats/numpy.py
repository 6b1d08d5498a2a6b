"""Arrays in .npy and .npz files."""

import functools
import math
import os
import zipfile

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates
from lmi.base.paths import stamp
from lmi.data.formats.matrices import (
    NAMES,
    as_matrix_shape,
    check_names,
    choose_key,
    dense_missing,
    may_be_matrix,
    refuse_other_names,
    texts,
    two_dimensional,
)


def _npy_header(file):
    """Return the shape and type of the array in an open .npy file, without reading it."""
    version = np.lib.format.read_magic(file)
    reader = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
    shape, _, dtype = getattr(np.lib.format, reader)(file)
    return shape, dtype


def _npz_arrays(source):
    """Return {name: (shape, dtype)} of an .npz file, from the headers alone."""
    arrays = {}
    with zipfile.ZipFile(source.path) as archive:
        members = archive.namelist()
        if twice := first_duplicates(members):
            raise InputError(
                f"source '{source.path}': expected one array of each name, found '{twice[0]}' "
                "more than once. Save the arrays again (np.savez)"
            )
        for member in members:
            if not member.endswith(".npy"):
                continue
            with archive.open(member) as file:
                arrays[member.removesuffix(".npy")] = _npy_header(file)
    return arrays


def npy_shape(source):
    """Return (rows, columns)."""
    with open(source.path, "rb") as file:
        shape, dtype = _npy_header(file)
        held, told = os.path.getsize(source.path) - file.tell(), math.prod(shape) * dtype.itemsize
    if dtype.kind in "biuf" and held < told:
        raise InputError(
            f"source '{source.path}': expected {told:,} bytes of numbers, as its header says "
            f"(shape {shape}), found {held:,}: the file ends early. Copy it again"
        )
    return as_matrix_shape(source, shape, dtype)


def npy_read(source, columns):
    """Return columns (all when None) of the matrix."""
    matrix = np.load(source.path, mmap_mode="r", allow_pickle=False)
    matrix = matrix.reshape(npy_shape(source))
    return np.array(matrix if columns is None else matrix[:, columns])


def npy_missing(source):
    """Return which rows have a missing value."""
    extent = npy_shape(source)
    matrix = np.load(source.path, mmap_mode="r", allow_pickle=False)
    return dense_missing(matrix.reshape(extent), extent)


@functools.lru_cache(maxsize=4096)
def _npz_top(source, _stamp):
    """Return the name of the matrix (None: a sparse one), its shape, and all arrays."""
    arrays = _npz_arrays(source)
    if source.key is None and {"format", "shape", "data"} <= set(arrays):  # as scipy saves them
        with np.load(source.path, allow_pickle=False) as file:
            return None, as_matrix_shape(source, file["shape"], arrays["data"][1]), arrays
    matrices = [
        n for n, (s, d) in arrays.items() if d.kind in "biuf" and may_be_matrix(source, len(s))
    ]
    others = [f"'{n}' (type {d}, shape {s})" for n, (s, d) in arrays.items() if n not in matrices]
    chosen = matrices if source.key else two_dimensional(arrays, matrices)
    key = choose_key(source, chosen, others)
    return key, as_matrix_shape(source, *arrays[key]), arrays


def npz_shape(source):
    """Return (rows, columns)."""
    return _npz_top(source, stamp(source.path))[1]


def npz_names(source, axis):
    """Return the names in the array `samples` or `features`, or None."""
    key, shape, arrays = _npz_top(source, stamp(source.path))
    name = NAMES[axis]
    if name not in arrays or name == key:
        text = {n: one for n, one in arrays.items() if one[1].kind in "SU"}  # no others are read
        with np.load(source.path, allow_pickle=False) as file:
            refuse_other_names(source, text, shape, axis, lambda name: file[name].tolist())
        return None
    if not check_names(source, name, *arrays[name], shape[axis]):
        return None
    if arrays[name][1].kind not in "USiu":
        raise InputError(
            f"source '{source.path}': the names in '{name}' are stored as Python objects (type "
            f"{arrays[name][1]}), which are never loaded. Save them as text: "
            f"np.savez(..., {name}={name}.astype(str))"
        )
    with np.load(source.path, allow_pickle=False) as file:
        return texts(file[name].tolist())


def npz_read(source, columns):
    """Return columns (all when None) of the matrix."""
    key, shape, _ = _npz_top(source, stamp(source.path))
    if key is None:
        import scipy.sparse

        matrix = scipy.sparse.load_npz(source.path)
        if hasattr(matrix, "check_format"):  # indices of a broken file point to any place
            matrix.check_format(full_check=True)
        matrix = matrix.tocsc()
        return (matrix if columns is None else matrix[:, columns]).toarray()
    with np.load(source.path, allow_pickle=False) as file:
        matrix = file[key].reshape(shape)
    return matrix if columns is None else matrix[:, columns]
