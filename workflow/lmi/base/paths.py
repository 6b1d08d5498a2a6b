"""Files of the user: whether they are there, and whether they changed."""

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


def stamp(path: str | Path) -> tuple[int, int]:
    """Return what changes when a file does; caches use it as part of their key."""
    status = Path(path).stat()
    return status.st_mtime_ns, status.st_size
