"""Files of the user: whether they are there, and whether they changed."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.messages import suggest


def check_file(path: str | Path, what: str = "file") -> None:
    """Raise an InputError unless `path` is a file."""
    if Path(path).is_file():
        return
    folder = Path(path).parent
    found = "it is a folder" if Path(path).is_dir() else "there is no such file"
    near = suggest(Path(path).name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
    if Path(path).exists() and not Path(path).is_dir():
        found, near = "it is a pipe or a device. Copy what comes from it into a file", ""
    if not folder.is_dir():
        found = f"its folder '{folder}' does not exist"
    raise InputError(
        f"{what} '{path}': expected a file, but {found}{near}. "
        f"Paths start from the folder in which the workflow runs, '{Path.cwd()}'"
    )


WHOLE_BYTES = 64_000_000
"""Files up to this are read whole to know them by: a tenth of a second."""
SAMPLED, SAMPLE_BYTES = 4096, 4096
"""Places at which a larger file is looked at, evenly from its beginning to its end, and how much
is read at each: 17 megabytes, however large the file."""


def fingerprint(path: str | Path, whole: bool = False) -> str:
    """Return a hash of a file's size and content, of larger files of content at many places.

    Dates say nothing: a copy may have that of its original. Of a folder: of all files in it.

    Parameters
    ----------
    path : str or Path
    whole : bool
        Of all bytes, however large the file.
    """
    if Path(path).is_dir():
        return of_folder(path, lambda file: fingerprint(file, whole))
    size = os.path.getsize(path)
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with open(path, "rb") as file:
        if whole or size <= WHOLE_BYTES:
            while part := file.read(1 << 20):
                digest.update(part)
        else:
            for number in range(SAMPLED):
                file.seek((size - SAMPLE_BYTES) * number // (SAMPLED - 1))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def of_folder(path: str | Path, of_file: Callable[[Path], str]) -> str:
    """Return a hash of a folder: of the names of all files in it, and of what each is."""
    digest = hashlib.blake2b(digest_size=16)
    for file in files_in(path):
        digest.update(f"{file.relative_to(path).as_posix()}\0{of_file(file)}\0".encode())
    return digest.hexdigest()


def files_in(folder: str | Path) -> list[Path]:
    """Return the files in a folder and the folders in it, in order."""
    return sorted(file for file in Path(folder).rglob("*") if file.is_file())


def stamp(path: str | Path) -> tuple[int, int]:
    """Return what changes when a file does, or a file in a folder; part of the keys of caches."""
    path = Path(path)
    stats = [file.stat() for file in ([path, *files_in(path)] if path.is_dir() else [path])]
    return max(one.st_mtime_ns for one in stats), sum(one.st_size for one in stats)
