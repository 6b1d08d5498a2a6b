"""Files and the words of messages about them: what every reader of files needs."""

import bz2
import codecs
import csv
import difflib
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


def suggest(word, known):
    """Return " (did you mean 'x'?)" with the name most like `word`, or nothing."""
    folded = {str(name).casefold(): str(name) for name in known}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f" (did you mean '{folded[near[0]]}'?)" if near else ""


def some(words, n=5, show=str):
    """Return the first few words, as `show` puts them, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - n} more" if len(words) > n else ""
    return ", ".join(map(show, words[:n])) + more


def first_duplicates(names):
    """Return the names that occur more than once, in order of their second occurrence."""
    seen, twice = set(), {}
    for name in names:
        if name in seen:
            twice[name] = True
        seen.add(name)
    return list(twice)


def check_file(path, what="file"):
    """Raise an InputError unless `path` is a file."""
    if Path(path).is_file():
        return
    folder = Path(path).parent
    found = "it is a folder" if Path(path).is_dir() else "there is no such file"
    near = suggest(Path(path).name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
    if not folder.is_dir():
        found = f"its folder '{folder}' does not exist"
    raise InputError(
        f"{what} '{path}': expected a file, but {found}{near}. "
        f"Paths start from the folder in which the workflow runs, '{Path.cwd()}'"
    )


def stamp(path):
    """Return what changes when a file does; caches use it as part of their key."""
    status = Path(path).stat()
    return status.st_mtime_ns, status.st_size


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
            f"{error}. A quote may be there that is not closed: remove it"
        ) from error
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{what} '{path}': expected a readable file, found: {error}") from error


def check_split(path, what, cells, delimiter):
    """Refuse a header of one column that another delimiter would split."""
    if len(cells) == 1 and (other := next((c for c in ";\t,|" if c in cells[0]), None)):
        raise InputError(
            f"{what} '{path}': expected columns split by {delimiter!r}, found one column with "
            f"{other!r} in it. Save commas as .csv and tabs as .tsv"
        )
