"""Opening files: text of any encoding, compressed or not, and HDF5 that is all in one file."""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import lzma
import zlib
from pathlib import Path

from lmi.base.errors import InputError

# How a compressed text file ends: what opens it, and what pandas calls it.
COMPRESSED = {
    ".gz": (gzip.open, "gzip"),
    ".bz2": (bz2.open, "bz2"),
    ".xz": (lzma.open, "xz"),
}
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


# ---- text files


def compression(path):
    """Return the ending of a compressed text file (.csv.gz), in lower case, or None."""
    endings = [ending.lower() for ending in Path(path).suffixes[-2:]]
    return endings[-1] if endings[-1:] and endings[-1] in COMPRESSED else None


def ending(path):
    """Return the ending that tells the format, in lower case: .csv of a.CSV and of a.csv.gz."""
    path = Path(path)
    return (path.with_suffix("") if compression(path) else path).suffix.lower()


def stem(path):
    """Return the name of a file without the endings that tell its format."""
    path = Path(path)
    return (path.with_suffix("") if compression(path) else path).stem


def encoding(path):
    """Return the encoding of a text file: what its byte order mark says, else UTF-8."""
    opener = COMPRESSED[compression(path)][0] if compression(path) else open
    with opener(path, "rb") as file:
        start = file.read(4)
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")


def open_text(path):
    """Return a text file opened for reading, decompressed and decoded."""
    opener = COMPRESSED[compression(path)][0] if compression(path) else open
    return io.TextIOWrapper(opener(path, "rb"), encoding=encoding(path), newline="")


def text_rows(path, what, delimiter):
    """Yield (line, cells) of the rows of a text table that are not blank.

    Raises
    ------
    InputError
        Another encoding than UTF-8 or the one of a byte order mark; a quote that is not closed.
    """
    try:
        with open_text(path) as file:
            rows = csv.reader(file, delimiter=delimiter, strict=True)
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


# ---- HDF5


@contextlib.contextmanager
def open_hdf5(path):
    """Open an HDF5 file of a user for reading; one that links to other files is refused."""
    import h5py

    from lmi.base.files import refuse_foreign

    with h5py.File(path, "r") as file:
        refuse_foreign(file)
        yield file
