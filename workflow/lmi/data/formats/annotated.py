"""Annotated matrices: AnnData in .h5ad and .zarr, and the modalities of MuData in .h5mu and .zarr.

HDF5 and Zarr look alike from here: groups and arrays, both with attributes.
"""

import contextlib
import functools
import json
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.base.paths import stamp
from lmi.data.files import ending, open_hdf5, optional
from lmi.data.formats.matrices import (
    COLUMNS,
    as_matrix_shape,
    dense_missing,
    dense_rows,
    lacking,
    sparse_columns,
    sparse_missing,
    texts,
    whole,
)

MODALITIES = "mod"


@contextlib.contextmanager
def open_group(path):
    """Open what a file or folder holds, as a group, for reading."""
    if ending(path) == ".zarr":
        zarr = optional("zarr", "zarr", path)
        _refuse_pickles(path)
        yield zarr.open_group(str(path), mode="r")
    else:
        with open_hdf5(path) as file:
            yield file


def _refuse_pickles(path):
    """Refuse arrays of pickled objects: reading one runs whatever its writer liked."""
    for name in (".zarray", ".zmetadata", "zarr.json"):
        for file in Path(path).rglob(name):
            if '"pickle"' in json.dumps(json.loads(file.read_text(encoding="utf-8"))):
                raise InputError(
                    f"source '{path}': '{file.relative_to(path)}' holds pickled objects, which "
                    "are never loaded. Write it again with a recent anndata"
                )


def modalities(path):
    """Return the names of the modalities of a file, in its order; none where it is no MuData."""
    return _modalities(path, stamp(path))


@functools.lru_cache(maxsize=256)
def _modalities(path, _stamp):
    with open_group(path) as root:
        group = root.get(MODALITIES)
        if not is_group(group) or (ending(path) != ".h5mu" and "X" in root):
            return ()
        listed = texts(group.attrs.get("mod-order", ()))
        return tuple(listed) if sorted(listed) == sorted(group) else tuple(sorted(group))


def shared_axis(path):
    """Return which axis the modalities share: 0 the samples, 1 the features, -1 both."""
    with open_group(path) as root:
        return int(root.attrs.get("axis", 0))


def is_group(item):
    """Tell a group from an array, of HDF5 and of Zarr."""
    return hasattr(item, "keys")


@contextlib.contextmanager
def _open(source):
    """Open the group that holds the annotated matrix of a source."""
    with open_group(source.path) as root:
        if source.modality is None:
            yield root
            return
        its_modalities = modalities(source.path)
        if source.modality not in its_modalities:
            raise InputError(
                f"source '{source.path}': it has no modality '{source.modality}'"
                f"{suggest(source.modality, its_modalities)}. Its modalities: "
                f"{some(its_modalities) or 'none: it is no MuData file, remove `modality`'}"
            )
        yield root[MODALITIES][source.modality]


def _place(source, group):
    """Return the names, in the file, of the matrix and of the tables of its rows and columns.

    A layer goes before the raw part of the file, whatever it is called; where both are called
    raw, the config says which: layers/raw or raw/X.
    """
    if source.obsm is not None:
        if source.layer is not None:
            raise InputError(
                f"source '{source.path}': expected one of `layer` and `obsm`, found both. Remove "
                "one: each is another matrix"
            )
        return f"obsm/{source.obsm}", "obs", None
    layer, layers = source.layer, group.get("layers", ())
    raw = "raw/X", "obs", "raw/var"
    if layer is None:
        return "X", "obs", "var"
    if layer == "raw" and "raw" in layers and "raw/X" in group:
        raise InputError(
            f"source '{source.path}': both a layer and the raw part of the file are called raw. "
            "Say which one: `layer: layers/raw` or `layer: raw/X`"
        )
    if layer in layers:
        return f"layers/{layer}", "obs", "var"
    if layer.startswith("layers/"):
        return layer, "obs", "var"
    return raw if layer in ("raw", "raw/X") else (f"layers/{layer}", "obs", "var")


def _matrix(source, group):
    """Return the matrix, and how it is stored."""
    place = _place(source, group)[0]
    matrix = group.get(place)
    if matrix is None:
        raise InputError(_no_matrix(source, group))
    kind = matrix.attrs.get("encoding-type", "") if is_group(matrix) else "dense"
    if kind not in ("dense", "csr_matrix", "csc_matrix") and (
        kind != "dataframe" or source.obsm is None
    ):
        raise InputError(
            f"source '{source.path}': {place} is stored as {kind or 'an unknown kind'}; expected "
            "a dense, CSR or CSC matrix. Write the file again with anndata 0.8 or later"
        )
    return matrix, kind


def _no_matrix(source, group):
    """Return what to say of a file without the matrix that is asked for, and what it has."""
    obsm = list(group.get("obsm", ()))
    if source.obsm is not None:
        return (
            f"source '{source.path}': it has no obsm '{source.obsm}'"
            f"{suggest(source.obsm, obsm)}. Its obsm: {some(obsm) or 'none'}"
        )
    if source.layer is None and (known := _modalities(source.path, stamp(source.path))):
        return (
            f"source '{source.path}': it holds {len(known)} modalities ({some(known)}); say which "
            "with `modality`"
        )
    layers = ["raw"] * ("raw/X" in group) + list(group.get("layers", ()))
    what = f"layer '{source.layer}'" if source.layer else "matrix X"
    beside = f"; its obsm: {some(obsm)}" if obsm and not source.layer else ""
    return (
        f"source '{source.path}': it has no {what}{suggest(source.layer or '', layers)}. "
        f"Its layers: {some(layers) or 'none'}{beside}"
    )


def shape(source):
    """Return (rows, columns)."""
    with _open(source) as group:
        matrix, kind = _matrix(source, group)
        if kind == "dense":
            return as_matrix_shape(source, matrix.shape, matrix.dtype)
        if kind == "dataframe":
            index = matrix[matrix.attrs["_index"]]
            return _length(index), len(_frame_columns(matrix))
        return as_matrix_shape(source, matrix.attrs["shape"], matrix["data"].dtype)


def _length(index):
    return (index["values"] if is_group(index) else index).shape[0]


def _frame_columns(frame):
    return texts(frame.attrs["column-order"])


def names(source, axis):
    """Return the names of the rows or columns.

    Of an obsm matrix without names, columns are called as scanpy does: X_pca-0, X_pca-1, ...
    Features whose name another modality has too are called <modality>:<name>.
    """
    if axis == COLUMNS and source.obsm is not None:
        with _open(source) as group:
            matrix, kind = _matrix(source, group)
            if kind == "dataframe":
                return _frame_columns(matrix)
        return tuple(f"{source.obsm}-{i}" for i in range(shape(source)[COLUMNS]))
    own = _names(source, axis)
    if axis != COLUMNS or len(source.modalities) < 2:
        return own
    shared = _shared_names(source.path, stamp(source.path), source.layer, source.modalities)
    return tuple(f"{source.modality}:{name}" if name in shared else name for name in own)


@functools.lru_cache(maxsize=64)
def _shared_names(path, _stamp, layer, chosen):
    """Return the names of features that several of the chosen modalities have."""
    seen, shared = set(), set()
    for modality in chosen:
        with open_group(path) as root:
            group = root[MODALITIES][modality]
            in_raw = layer in ("raw", "raw/X") and "raw" not in group.get("layers", ())
            own = set(_index(path, group, "raw/var" if in_raw else "var"))
        shared |= seen & own
        seen |= own
    return frozenset(shared)


def _names(source, axis):
    with _open(source) as group:
        return _index(source.path, group, _place(source, group)[1 + axis])


def _index(path, group, name):
    """Return the index of a table."""
    table = group.get(name)
    if not is_group(table) or "_index" not in table.attrs:
        raise InputError(
            f"source '{path}': expected a table '{name}' with an index, as anndata "
            "0.7 or later writes it. Read and write the file with a recent anndata"
        )
    index = table[table.attrs["_index"]]
    # Recent versions store texts that may be missing as a group of values and a mask.
    return texts((index["values"] if is_group(index) else index)[:])


def text_columns(source):
    """Return the names of the columns that hold no numbers: those of a table in obsm."""
    if source.obsm is None:
        return {}
    with _open(source) as group:
        matrix, kind = _matrix(source, group)
        if kind != "dataframe":
            return {}
        return {
            name: "text or categories"
            for name in _frame_columns(matrix)
            if is_group(matrix[name]) or matrix[name].dtype.kind not in "biuf"
        }


def read(source, columns):
    """Return columns (all when None) as a dense array."""
    extent = shape(source)
    with _open(source) as group:
        matrix, kind = _matrix(source, group)
        if kind == "dense":
            return dense_rows(matrix, extent, columns)
        if kind == "dataframe":
            every = _frame_columns(matrix)
            wanted = every if columns is None else [every[i] for i in columns]
            if odd := [name for name in wanted if name in text_columns(source)]:
                raise InputError(
                    f"source '{source.path}', obsm '{source.obsm}', column '{odd[0]}': expected "
                    "numbers, found text or categories. List the features to use with `variables`"
                )
            return np.column_stack([whole(matrix[name]) for name in wanted])
        return sparse_columns(matrix, kind, extent, columns)


def missing(source):
    """Return which rows have a missing value."""
    extent = shape(source)
    with _open(source) as group:
        matrix, kind = _matrix(source, group)
        if kind == "dense":
            return dense_missing(matrix, extent)
        if kind != "dataframe":
            return sparse_missing(matrix, kind, extent)
        text, is_missing = text_columns(source), np.zeros(extent[0], dtype=bool)
        for name in _frame_columns(matrix):
            if name not in text:
                is_missing |= lacking(whole(matrix[name]))
        return is_missing
