"""What keeps a file from being written, a full disk say, in one message with the cure."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from lmi.base.errors import InputError

ROOM = "Make room on that disk"
CURES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "Raise the limit of the size of files (`ulimit -f`), or write to another disk",
    errno.EROFS: "Make that disk writable, or work in another folder",
    errno.EACCES: "Give yourself permission to write there, or work in another folder",
    errno.EPERM: "Give yourself permission to write there, or work in another folder",
    errno.ENOTDIR: "Remove the file that stands in place of a folder",
    errno.EIO: "See to it that the disk is sound",
    errno.ESTALE: "See to it that the disk is connected",
    errno.ENOENT: "Leave its folder where it is while a run is at work",
}
"""What to do when a file cannot be written, by the number of the system's error."""


@contextlib.contextmanager
def told_what_to_do(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into one message that names it.

    Libraries tell the same errors in their own ways: HDF5 as RuntimeError, in a text of its own.

    Raises
    ------
    InputError
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = _errno_of(error)
        if number not in CURES or _is_of_another(error, path):
            raise
        raise InputError(
            f"{path}: expected to write this file, found that it cannot be written "
            f"({os.strerror(number)}). {CURES[number]}, and run the same command again."
        ) from error


def _errno_of(error):
    """Return the system's number of an error, from its text where a library has hidden it."""
    if getattr(error, "errno", None) is not None:
        return error.errno
    said = re.search(r"errno = (\d+)", str(error))
    return int(said[1]) if said else None


def _is_of_another(error, path):
    """Whether an error names a file that lies elsewhere: one that was read meanwhile, say."""
    named = getattr(error, "filename", None)
    if named is None or not isinstance(named, str | bytes | os.PathLike):
        return False
    named, folder = Path(os.fsdecode(named)).absolute(), path.absolute().parent
    return named.parent != folder and not folder.is_relative_to(named)


def told(error: OSError) -> str:
    """Return an error of the system as a message that names the file and says what to do.

    Empty where the error names no file.

    Parameters
    ----------
    error : OSError
    """
    if error.filename is None or error.errno is None:
        return ""
    named = " -> ".join(os.fsdecode(n) for n in (error.filename, error.filename2) if n is not None)
    return (
        f"{named}: expected a file that can be read or written, found that it cannot be "
        f"({os.strerror(error.errno)}). See to it that it and its folder are there and that you "
        "may read and write them, and run the same command again."
    )
