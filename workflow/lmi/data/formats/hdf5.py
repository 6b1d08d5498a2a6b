"""Matrices in .h5 and .hdf5 files."""

import functools

from lmi.data.files import stamp
from lmi.data.formats.matrices import (
    as_matrix_shape,
    choose_key,
    dense_rows,
    texts,
    two_dimensional,
)


@functools.lru_cache(maxsize=4096)
def _top(source, _stamp):
    """Return the path of the matrix in the file and its shape."""
    import h5py

    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf" and item.ndim in (1, 2):
            found[name] = item.shape, item.dtype

    with h5py.File(source.path, "r") as file:
        if source.key is not None and isinstance(item := file.get(source.key), h5py.Dataset):
            return source.key.strip("/"), as_matrix_shape(source, item.shape, item.dtype)
        file.visititems(note)
    key = choose_key(source, list(found) if source.key else two_dimensional(found, list(found)))
    return key, as_matrix_shape(source, *found[key])


def shape(source):
    return _top(source, stamp(source.path))[1]


def names(source, axis):
    import h5py

    key, shape = _top(source, stamp(source.path))
    with h5py.File(source.path, "r") as file:
        names = file[key].parent.get(("samples", "features")[axis])
        is_text = isinstance(names, h5py.Dataset) and names.dtype.kind in "SO"
        return texts(names[:]) if is_text and names.shape == (shape[axis],) else None


def read(source, columns):
    import h5py

    key, shape = _top(source, stamp(source.path))
    with h5py.File(source.path, "r") as file:
        return dense_rows(file[key], shape, columns)
