"""HDF5 files: written whole or not at all, with what made them in the attributes."""

import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import h5py
import numpy as np

from lmi.base.errors import InputError

SCHEMA = 3
"""Version of the layout of all HDF5 files; a reader refuses another one."""

LIBRARIES = ("numpy", "scipy", "torch", "h5py", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of the package, of Python and of the libraries behind the numbers."""
    import lmi

    found = {"lmi-workflow": lmi.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; move it there when the block succeeds.

    The final name never holds half a file. The temporary name keeps the suffix, which libraries
    take the format from.

    Parameters
    ----------
    path : str or Path
        The file to write. Missing parent folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        # mkstemp makes private files; results should have the permissions of any other file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def write(path: str | Path, arrays: Mapping, attributes: Mapping) -> None:
    """Write arrays and attributes to a new HDF5 file, atomically.

    Parameters
    ----------
    path : str or Path
    arrays : dict of str to array
        Lists of str become string datasets; arrays of two and more dimensions are compressed.
    attributes : dict
        Schema and versions are added.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["schema"] = SCHEMA
        file.attrs["versions"] = json.dumps(versions(), sort_keys=True)
        file.attrs.update(attributes)
        for name, array in arrays.items():
            array = np.asarray(array)
            if array.dtype.kind in "UO":
                file.create_dataset(name, data=array.astype(object), dtype=h5py.string_dtype())
            elif array.ndim > 1 and array.size:
                file.create_dataset(
                    name,
                    data=array,
                    chunks=_chunks(array),
                    compression="gzip",
                    compression_opts=1,
                    shuffle=True,
                )
            else:
                file.create_dataset(name, data=array)


def _chunks(array):
    """Return a chunk a row, as rows are read, or True for what h5py chooses."""
    size = array[:1].nbytes
    return (1, *array.shape[1:]) if 16e3 <= size <= 8e6 else True


@contextlib.contextmanager
def reading(path: str | Path, stage: str) -> Iterator[h5py.File]:
    """Open a file that stage `stage` wrote, and check its layout.

    Raises
    ------
    InputError
        When the file is missing, is not HDF5, or has another schema version.
    """
    mend = f"Delete the file if it is there, and run `snakemake --cores all --forcerun {stage}`."
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(
            f"{path}: expected an HDF5 file of the stage {stage}, cannot open it ({error}). {mend}"
        ) from error
    with file:
        found = file.attrs.get("schema", "none")
        if found != SCHEMA:
            raise InputError(
                f"{path}: expected schema version {SCHEMA}, found {found}: the file comes from "
                f"another version of lmi-workflow. {mend}"
            )
        yield file


def text(dataset: h5py.Dataset) -> np.ndarray:
    """Return an HDF5 string dataset as an array of str objects."""
    return dataset.asstr()[()] if dataset.shape[0] else np.empty(0, dtype=object)
