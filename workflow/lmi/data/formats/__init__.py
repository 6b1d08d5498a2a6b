"""The formats of source files: one table says which functions read which ending.

Every format is seen as a table of rows and columns through four functions (shape, names, text
columns, read). Only `read` reads data: the rest reads headers and names.
"""

from dataclasses import dataclass
from pathlib import Path

from lmi.base.errors import InputError
from lmi.data.formats import h5ad, hdf5, numpy, parquet, text
from lmi.data.formats.matrices import no_names, no_text


@dataclass(frozen=True)
class Format:
    """The four functions of a format, and the keys of the config that mean something to it."""

    shape: object
    names: object
    text_columns: object
    read: object
    keys: tuple


TEXT = Format(text.shape, text.names, text.text_columns, text.read, ("sample_column",))
PARQUET = Format(
    parquet.shape, parquet.names, parquet.text_columns, parquet.read, ("sample_column",)
)
NPY = Format(numpy.npy_shape, no_names, no_text, numpy.npy_read, ())
NPZ = Format(numpy.npz_shape, numpy.npz_names, no_text, numpy.npz_read, ("key",))
HDF5 = Format(hdf5.shape, hdf5.names, no_text, hdf5.read, ("key",))
H5AD = Format(h5ad.shape, h5ad.names, no_text, h5ad.read, ("layer",))
FORMATS = {
    ".h5ad": H5AD,
    ".csv": TEXT,
    ".tsv": TEXT,
    ".parquet": PARQUET,
    ".npy": NPY,
    ".npz": NPZ,
    ".h5": HDF5,
    ".hdf5": HDF5,
}


def format_of(source):
    """Return the format of a source, by the ending of its file's name."""
    ending = Path(source.path).suffix.lower()
    if ending not in FORMATS:
        raise InputError(
            f"source '{source.path}': the ending '{ending}' is unknown. "
            f"Expected one of {', '.join(FORMATS)}"
        )
    form = FORMATS[ending]
    for key in ("layer", "key", "sample_column"):
        if getattr(source, key) is not None and key not in form.keys:
            raise InputError(
                f"source '{source.path}': `{key}` means nothing to a {ending} file. Remove it"
            )
    return form
