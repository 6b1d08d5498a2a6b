"""Arrays in .npy and .npz files."""

import functools
import zipfile

import numpy as np

from lmi.data.files import stamp
from lmi.data.formats.matrices import as_matrix_shape, choose_key, two_dimensional


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
        for member in archive.namelist():
            with archive.open(member) as file:
                arrays[member.removesuffix(".npy")] = _npy_header(file)
    return arrays


def npy_shape(source):
    with open(source.path, "rb") as file:
        return as_matrix_shape(source, *_npy_header(file))


def npy_read(source, columns):
    matrix = np.load(source.path, mmap_mode="r", allow_pickle=False)
    matrix = matrix.reshape(npy_shape(source))
    return np.array(matrix if columns is None else matrix[:, columns])


@functools.lru_cache(maxsize=4096)
def _npz_top(source, _stamp):
    arrays = _npz_arrays(source)
    matrices = [n for n, (s, d) in arrays.items() if d.kind in "biuf" and len(s) in (1, 2)]
    key = choose_key(source, matrices if source.key else two_dimensional(arrays, matrices))
    return key, as_matrix_shape(source, *arrays[key]), arrays


def npz_shape(source):
    return _npz_top(source, stamp(source.path))[1]


def npz_names(source, axis):
    _, shape, arrays = _npz_top(source, stamp(source.path))
    name = ("samples", "features")[axis]
    if name not in arrays or arrays[name][0] != (shape[axis],) or arrays[name][1].kind != "U":
        return None
    with np.load(source.path, allow_pickle=False) as file:
        return tuple(file[name].tolist())


def npz_read(source, columns):
    key, shape, _ = _npz_top(source, stamp(source.path))
    with np.load(source.path, allow_pickle=False) as file:
        matrix = file[key].reshape(shape)
    return matrix if columns is None else matrix[:, columns]
