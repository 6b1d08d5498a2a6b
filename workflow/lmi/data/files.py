"""Opening files: text of any encoding, compressed or not, HDF5 that is all in one file, folders."""

import bz2
import codecs
import contextlib
import csv
import gzip
import importlib
import io
import lzma
import tokenize
import zipfile
import zlib
from pathlib import Path

from lmi.base import memory
from lmi.base.errors import InputError
from lmi.base.messages import some
from lmi.base.paths import check_file, stamp
from lmi.data import hdf5_walk


def _open_zst(path, mode):
    """Open a file of Zstandard, of one frame or several; one that is cut off is an OSError."""
    import pyarrow as pa

    return pa.input_stream(str(path), compression="zstd")


# What libraries raise for a broken file.
TROUBLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    RuntimeError,
    EOFError,
    csv.Error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    tokenize.TokenError,
    SyntaxError,
    OverflowError,
    MemoryError,
)

# How a compressed text file ends, and what opens it.
COMPRESSED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _open_zst}
MOST_UNPACKED = 0.25
"""Of the memory, what a text may take: its numbers take a few times as much, see
`lmi.planning.jobs`."""
DELIMITERS = {".csv": ",", ".tsv": "\t"}
# The byte order mark that a file may begin with, and the encoding that it tells.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def told(error):
    """Return what an error of a library says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def trouble_told(function, source, *arguments):
    """Call a format's function; tell what its library says of a broken file in one message."""
    try:
        return function(source, *arguments)
    except InputError:
        raise
    except TROUBLE as error:
        raise InputError(
            f"source '{source.path}': expected a readable {Path(source.path).suffix} file, "
            f"found: {told(error)}"
        ) from error


# ---- text files


def compression(path):
    """Return the ending of a compressed text file (.csv.gz), in lower case, or None."""
    endings = [ending.lower() for ending in Path(path).suffixes[-2:]]
    return endings[-1] if endings[-1:] and endings[-1] in COMPRESSED else None


def ending(path):
    """Return the ending that tells the format, in lower case: .csv of a.CSV and of a.csv.gz.

    A folder without .zarr goes by what it holds: .mtx where that is a matrix of 10x Genomics.
    """
    path = Path(path)
    if path.is_dir() and path.suffix.lower() != ".zarr" and mtx_files(path):
        return ".mtx"
    return (path.with_suffix("") if compression(path) else path).suffix.lower()


def stem(path):
    """Return the name of a file without the endings that tell its format."""
    path = Path(path)
    return (path.with_suffix("") if compression(path) else path).stem


class _Unpacked(io.RawIOBase):
    """A compressed file as it is unpacked, up to what this machine can hold.

    A small file may unpack to any size.
    """

    def __init__(self, path, file):
        self._path, self._file = path, file
        self._left = MOST_UNPACKED * memory.total_mb() * 1e6

    def readable(self):
        return True

    def readinto(self, buffer):
        content = self._file.read(len(buffer))
        self._left -= len(content)
        if self._left < 0:
            raise InputError(
                f"'{self._path}': expected a text that takes less than a quarter of the memory of "
                f"this machine ({MOST_UNPACKED * memory.total_mb() / 1e3:.3g} GB) once it is "
                "unpacked, found a larger one. Store it as .parquet or .h5, of which the features "
                "that are needed are read alone"
            )
        buffer[: len(content)] = content
        return len(content)

    def close(self):
        self._file.close()
        super().close()


def open_binary(path):
    """Return a text file opened for reading, decompressed and not decoded."""
    if compression(path) is None:
        return open(path, "rb")
    return io.BufferedReader(_Unpacked(path, COMPRESSED[compression(path)](path, "rb")), 2**16)


def encoding(path):
    """Return the encoding of a text file: what its byte order mark says, else UTF-8."""
    with open_binary(path) as file:
        start = file.read(4)
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")


def open_text(path):
    """Return a text file opened for reading, decompressed and decoded."""
    return io.TextIOWrapper(open_binary(path), encoding=encoding(path), newline="")


def _without_nul(lines, what, path):
    """Yield lines of text; the byte 0 in one, at which other readers end a cell, is an error."""
    for number, line in enumerate(lines, 1):
        if "\0" in line:
            raise InputError(
                f"{what} '{path}', line {number}: expected text, found the byte 0 in it. The file "
                "is damaged, or no text: copy or save it again"
            )
        yield line


def text_rows(path, what, delimiter):
    """Yield (line, cells) of the rows of a text table that are not blank.

    Raises
    ------
    InputError
        Another encoding than UTF-8 or the one of a byte order mark; a quote that is not closed.
    """
    try:
        with open_text(path) as file:
            rows = csv.reader(_without_nul(file, what, path), delimiter=delimiter, strict=True)
            for row in rows:
                if row:
                    yield rows.line_num, row
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} '{path}': expected text in UTF-8, found the byte "
            f"{error.object[error.start]:#04x}, which is none. Save the file as UTF-8 (it may be "
            "Latin-1 or Windows-1252)"
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{what} '{path}', line {rows.line_num}: expected cells split by {delimiter!r}, found: "
            f"{told(error)}. A quote may be there that is not closed: remove it"
        ) from error
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise InputError(
            f"{what} '{path}': expected a readable file, found: {told(error)}"
        ) from error


def check_split(path, what, cells, delimiter):
    """Refuse a header of one column that another delimiter would split."""
    if len(cells) == 1 and (other := next((c for c in ";\t,|" if c in cells[0]), None)):
        raise InputError(
            f"{what} '{path}': expected columns split by {delimiter!r}, found one column with "
            f"{other!r} in it. Save commas as .csv and tabs as .tsv"
        )


# ---- folders

MTX, GZ = "matrix.mtx", ("", ".gz")
MTX_NAMES = ("features.tsv", "genes.tsv", "barcodes.tsv")
KILOSORT = ("spike_times.npy", "spike_clusters.npy", "spike_templates.npy", "params.py")
KILOSORT_TABLES = (
    "cluster_group.tsv",
    "cluster_groups.csv",
    "cluster_info.tsv",
    "cluster_KSLabel.tsv",
)


def mtx_files(path):
    """Return the files of a matrix of 10x Genomics that there are: the matrix, then its names.

    Parameters
    ----------
    path : str or Path
        The folder, or the matrix itself. Names may begin with those of a sample, all alike:
        GSM1_matrix.mtx.gz, GSM1_barcodes.tsv.gz.
    """
    path = Path(path)
    if path.is_dir():
        matrices = sorted(p for p in path.iterdir() if p.name.removesuffix(".gz").endswith(MTX))
    else:
        matrices = [path]
    files = []
    for matrix in matrices:
        start, mark, _ = matrix.name.rpartition(MTX)
        files.append(matrix)
        if mark:
            names = [matrix.with_name(start + name + end) for name in MTX_NAMES for end in GZ]
            files += [name for name in names if name.is_file()]
    return files


def kilosort_files(path):
    """Return the files of a folder of Kilosort or phy that are read."""
    files = [Path(path, name) for name in (*KILOSORT, *KILOSORT_TABLES)]
    return [file for file in files if file.is_file()]


def files_of(path):
    """Return the files that a source is read from: itself, or what is read of a folder."""
    path = Path(path)
    if ending(path) == ".mtx":
        return list(map(str, mtx_files(path)))
    if path.is_dir() and (files := kilosort_files(path)):
        return list(map(str, files))
    return [str(path)]


def stamps(path):
    """Return what changes when any of the files of a source does."""
    return tuple(stamp(file) for file in files_of(path))


def check_source(path, what):
    """Raise an InputError unless `path` is a file, or a folder that a source may be."""
    if not Path(path).is_dir():
        check_file(path, what)
    elif ending(path) not in (".zarr", ".mtx") and not kilosort_files(path):
        raise InputError(
            f"{what} '{path}': expected a file, or a folder that ends in .zarr or holds {MTX} "
            f"(10x Genomics) or {KILOSORT[0]} (Kilosort, phy); found a folder with "
            f"{some(sorted(p.name for p in Path(path).iterdir())) or 'nothing'} in it"
        )


# ---- libraries that not everybody has


def optional(module, extra, path):
    """Return a library that reads a format; raises InputError that names the extra without it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"'{path}': expected the library {module.partition('.')[0]} to read it, found "
            f"{told(error)}. Install it: pip install 'lmi-workflow[{extra}]', or, in a checkout, "
            f"pip install '.[{extra}]'"
        ) from error


# ---- HDF5


@contextlib.contextmanager
def open_hdf5(path):
    """Open an HDF5 file of a user for reading.

    Raises
    ------
    InputError
        A file that links to other files, or on which the HDF5 library would hang or crash.
    """
    import h5py

    from lmi.base.files import refuse_foreign

    if found := hdf5_walk.trouble(str(path), stamp(path)):
        raise InputError(
            f"'{path}': expected a readable HDF5 file, found a damaged one that {found}. Copy it "
            "again, or write it again with the library that made it"
        )
    with h5py.File(path, "r") as file:
        refuse_foreign(file)
        yield file
