"""Matrices in .h5 and .hdf5 files: dense, sparse, an array a sample, and those of 10x Genomics."""

import functools

import numpy as np

from lmi.base.errors import InputError
from lmi.base.paths import stamp
from lmi.data.files import open_hdf5
from lmi.data.formats.matrices import (
    NAMES,
    as_matrix_shape,
    by_identifier,
    check_names,
    choose_key,
    dense_missing,
    dense_rows,
    lacking,
    may_be_matrix,
    refuse_other_names,
    sparse_columns,
    sparse_missing,
    texts,
    two_dimensional,
    whole,
)

SPARSE = ("indptr", "indices", "data")
# Where 10x Genomics writes the names of the features and their identifiers, from version 3 and
# before.
FEATURES_10X = (("features/name", "features/id"), ("gene_names", "genes"))


@functools.lru_cache(maxsize=4096)
def _top(source, _stamp):
    """Return the path of the matrix in the file, its shape, and how it is stored."""
    import h5py

    matrices, others, sparse = {}, [], []

    def note(name, item):
        if any(name.startswith(f"{group}/") for group in sparse):
            return
        if isinstance(item, h5py.Group):
            if all(isinstance(item.get(part), h5py.Dataset) for part in SPARSE):
                sparse.append(name)
                matrices[name] = (*_sparse_shape(source, item), item["data"].dtype)
        elif item.dtype.kind in "biuf" and may_be_matrix(source, item.ndim):
            matrices[name] = item.shape, "dense", item.dtype
        elif item.dtype.names:
            others.append(f"the table '{name}' with the columns {', '.join(item.dtype.names)}")
        else:
            others.append(f"'{name}' (type {item.dtype}, shape {item.shape})")

    with open_hdf5(source.path) as file:
        if source.key is not None and isinstance(item := file.get(source.key), h5py.Dataset):
            if item.dtype.names:
                raise InputError(
                    f"source '{source.path}': '{source.key}' is a table with the columns "
                    f"{', '.join(item.dtype.names)}; expected an array of numbers. Store its "
                    "numbers as one array of two dimensions, or as a .csv or .parquet table"
                )
            return source.key.strip("/"), as_matrix_shape(source, item.shape, item.dtype), "dense"
        if source.key is not None and (extent := _of_samples(item)):
            return item.name, extent, "samples"
        file.visititems(note)
        if source.key is None and len(matrices) > 1:
            _refuse_samples(source, [file, *file.values()])
    chosen = list(matrices) if source.key else two_dimensional(matrices, list(matrices))
    key = choose_key(source, chosen, others)
    extent, kind, dtype = matrices[key]
    return key, as_matrix_shape(source, extent, dtype), kind


def _of_samples(group):
    """Return (samples, features) of a group that holds an array of numbers a sample, or None."""
    import h5py

    if not isinstance(group, h5py.Group) or len(group) < 2:
        return None
    lengths = set()
    for item in group.values():
        vector = isinstance(item, h5py.Dataset) and item.ndim == 1 and item.dtype.kind in "biuf"
        lengths.add(len(item) if vector else None)
        if len(lengths) > 1 or None in lengths:
            return None
    return len(group), lengths.pop()


def _refuse_samples(source, groups):
    """Raise InputError where an array may be a sample or a column."""
    for group in groups:
        if extent := _of_samples(group):
            raise InputError(
                f"source '{source.path}': '{group.name}' holds {extent[0]} arrays of {extent[1]} "
                f"numbers each. If each is a sample, as of embeddings of proteins, say "
                f"`key: {group.name}`; if one is the matrix, name it with `key`"
            )


def _is_10x(group):
    return "barcodes" in group and any(name in group for name, _ in FEATURES_10X)


def _sparse_shape(source, group):
    """Return (rows, columns) of a sparse matrix, and how it is stored."""
    extent = group["shape"][:] if "shape" in group else group.attrs.get("shape", ())
    n_outer = len(group["indptr"]) - 1
    if _is_10x(group):  # features x cells by columns, which is cells x features by rows
        return tuple(extent[::-1]), "csr_matrix"
    kind = group.attrs.get("encoding-type", "")
    fits = [k for k, n in zip(("csr_matrix", "csc_matrix"), extent, strict=False) if n == n_outer]
    if kind not in fits and (kind or len(fits) != 1):
        raise InputError(
            f"source '{source.path}': the sparse matrix '{group.name}' has the shape "
            f"{tuple(extent)} and {n_outer} rows or columns; whether it is stored by rows (csr) or "
            "columns (csc) must be in its attribute `encoding-type` (csr_matrix or csc_matrix)"
        )
    return tuple(extent), kind or fits[0]


def shape(source):
    """Return (rows, columns)."""
    return _top(source, stamp(source.path))[1]


def names(source, axis):
    """Return the names stored with the matrix, or None."""
    import h5py

    key, shape, kind = _top(source, stamp(source.path))
    with open_hdf5(source.path) as file:
        if kind == "samples":
            return None if axis else list(file[key])
        if isinstance(file[key], h5py.Group) and _is_10x(file[key]):
            return _names_10x(file[key], axis)
        name, beside = NAMES[axis], file[key].parent
        stored = beside.get(name, file.get(name))
        if not isinstance(stored, h5py.Dataset) or stored == file[key]:
            others = {n: beside.get(n) for n in beside}
            arrays = {n: (o.shape, o.dtype) for n, o in others.items() if hasattr(o, "dtype")}
            refuse_other_names(source, arrays, shape, axis, lambda n: others[n][:])
            return None
        fits = check_names(source, name, stored.shape, stored.dtype, shape[axis])
        return texts(stored[:]) if fits else None


def _names_10x(group, axis):
    """Return barcodes, or features: by name, and by identifier where several have the name."""
    if axis == 0:
        return texts(group["barcodes"][:])
    place, identifiers = next(places for places in FEATURES_10X if places[0] in group)
    names_of = texts(group[place][:])
    return (
        by_identifier(names_of, texts(group[identifiers][:])) if identifiers in group else names_of
    )


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    key, shape, kind = _top(source, stamp(source.path))
    with open_hdf5(source.path) as file:
        if kind == "dense":
            return dense_rows(file[key], shape, columns)
        if kind == "samples":
            chosen = slice(None) if columns is None else columns
            return np.stack([whole(sample)[chosen] for sample in file[key].values()])
        columns = None if columns is None else np.asarray(columns)
        return sparse_columns(file[key], kind, shape, columns)


def missing(source):
    """Return which rows have a missing value."""
    key, extent, kind = _top(source, stamp(source.path))
    with open_hdf5(source.path) as file:
        if kind == "dense":
            return dense_missing(file[key], extent)
        if kind == "samples":
            return np.array([lacking(whole(sample)).any() for sample in file[key].values()])
        return sparse_missing(file[key], kind, extent)
