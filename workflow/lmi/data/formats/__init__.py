"""The formats of source files: one table says which functions read which ending.

Every format is seen as a table of rows and columns through four functions (shape, names, text
columns, read). Only `read` reads data: the rest reads headers and names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lmi.base.errors import InputError
from lmi.data.files import COMPRESSED, compression, ending
from lmi.data.formats import annotated, arrow, hdf5, loom, mtx, numpy, nwb, text
from lmi.data.formats.matrices import no_names, no_text


@dataclass(frozen=True)
class Format:
    """The functions of a format, and the keys of the config that mean something to it.

    Attributes
    ----------
    shape, names, text_columns, read : callable
        Of a source; `names` also of an axis, `read` also of columns.
    keys : tuple of str
    ids : callable, optional
        Tables: the columns that name or count the rows, and are no data.
    missing : callable, optional
        Which rows have missing values, where there is a shorter way than to read them all.
    """

    shape: Callable
    names: Callable
    text_columns: Callable
    read: Callable
    keys: tuple = ()
    ids: Callable | None = None
    missing: Callable | None = None


KEYS = ("layer", "obsm", "modality", "key", "sample_column", "drop_columns")
PART_KEYS = ("obsm", "modality", "key")
TABLE_KEYS = ("sample_column", "drop_columns")
TEXT = Format(
    text.shape, text.names, text.text_columns, text.read, TABLE_KEYS, text.ids, text.missing
)
ARROW = Format(
    arrow.shape, arrow.names, arrow.text_columns, arrow.read, TABLE_KEYS, arrow.ids, arrow.missing
)
NPY = Format(numpy.npy_shape, no_names, no_text, numpy.npy_read, missing=numpy.npy_missing)
NPZ = Format(numpy.npz_shape, numpy.npz_names, no_text, numpy.npz_read, ("key",))
HDF5 = Format(hdf5.shape, hdf5.names, no_text, hdf5.read, ("key",), missing=hdf5.missing)
ANNDATA, MUDATA = (
    Format(
        annotated.shape,
        annotated.names,
        annotated.text_columns,
        annotated.read,
        keys,
        missing=annotated.missing,
    )
    for keys in (("layer", "obsm"), ("layer", "obsm", "modality"))
)
LOOM = Format(
    loom.shape,
    loom.names,
    no_text,
    loom.read,
    ("layer", "sample_column"),
    missing=loom.missing,
)
MTX = Format(mtx.shape, mtx.names, no_text, mtx.read, missing=mtx.missing)
NWB = Format(nwb.shape, nwb.names, no_text, nwb.read, ("key",), missing=nwb.missing)
FORMATS = {
    ".h5ad": ANNDATA,
    ".h5mu": MUDATA,
    ".zarr": MUDATA,
    ".nwb": NWB,
    ".loom": LOOM,
    ".mtx": MTX,
    ".csv": TEXT,
    ".tsv": TEXT,
    ".parquet": ARROW,
    ".feather": ARROW,
    ".npy": NPY,
    ".npz": NPZ,
    ".h5": HDF5,
    ".hdf5": HDF5,
}
# Formats of which a job reads its own columns, or some rows at a time; others are read whole.
IN_PARTS = (ANNDATA, MUDATA, LOOM, ARROW, NPY, HDF5, NWB)


def read_whole(path):
    """Whether a file is held in memory as a whole where some of its columns are read."""
    return FORMATS.get(ending(path)) not in IN_PARTS


def format_of(source):
    """Return the format of a source, by the ending of its file's name."""
    form = FORMATS.get(ending(source.path))
    packed = compression(source.path)
    if form is None or (packed and form is not TEXT and (form, packed) != (MTX, ".gz")):
        raise InputError(
            f"source '{source.path}': the ending '{''.join(Path(source.path).suffixes[-1:])}' is "
            f"unknown. Expected one of {', '.join(FORMATS)}; .csv and .tsv may be compressed "
            f"({', '.join(COMPRESSED)})"
        )
    for key in KEYS:
        if getattr(source, key) is not None and key not in form.keys:
            raise InputError(
                f"source '{source.path}': `{key}` means nothing to a {ending(source.path)} file. "
                "Remove it"
            )
    return form
