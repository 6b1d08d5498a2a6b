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
    if not folder.is_dir():
        found = f"its folder '{folder}' does not exist"
    raise InputError(
        f"{what} '{path}': expected a file, but {found}{near}. "
        f"Paths start from the folder in which the workflow runs, '{Path.cwd()}'"
    )


SAMPLED, SAMPLE_BYTES = 256, 4096
"""Places at which a large file is looked at, evenly from its beginning to its end, and how much
is read at each: a megabyte, however large the file."""


def fingerprint(path: str | Path) -> str:
    """Return a hash of a file's size and content, of larger files of content at many places.

    Dates say nothing: a copy may have that of its original. Of a folder: of all files in it.
    """
    if Path(path).is_dir():
        return of_folder(path, fingerprint)
    size = os.path.getsize(path)
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    with open(path, "rb") as file:
        if size <= SAMPLED * SAMPLE_BYTES:
            digest.update(file.read())
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
