"""HDF5 files: written whole or not at all, with what made them in the attributes.

A file begins with 512 bytes that HDF5 leaves to its users ("user block"): there stands the SHA-256
of all that follows, and a reader compares it before HDF5 sees the file. One bit that changed, in
numbers, names, attributes or the library's own tables, is a damaged file. Files of earlier versions
have no such block; they are read as they are.
"""

import contextlib
import errno
import functools
import hashlib
import json
import os
import platform
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import h5py
import numpy as np

from lmi.base.disk import told_what_to_do
from lmi.base.errors import InputError

SCHEMA = 5
"""Version of the layout of all HDF5 files; a reader refuses another one."""

SEAL_BYTES = 512
"""Length of the user block: the shortest that HDF5 allows."""
SEAL = b"lmi-workflow: SHA-256 of all bytes after the first 512: "
SIGNATURE = b"\x89HDF\r\n\x1a\n"

LITTER_AGE_S = 86400
"""A temporary name that is older was left behind, whoever wrote it."""

LIBRARIES = ("numpy", "scipy", "torch", "h5py", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of the package, of Python and of the libraries behind the numbers."""
    return dict(_installed())


@functools.cache
def _installed():
    """Return what `versions` does; looked up once a process."""
    import lmi

    installed = {"lmi-workflow": lmi.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            installed[name] = version(name)
    return installed


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; move it there when the block succeeds.

    The final name never holds half a file. The temporary name keeps the suffix, which libraries
    take the format from.

    Parameters
    ----------
    path : str or Path
        The file to write. Missing parent folders are made.

    Raises
    ------
    InputError
        The disk is full, or the folder cannot be written.
    """
    path = Path(path)
    with told_what_to_do(path), _temporary(path) as name:
        yield Path(name)
        # mkstemp makes private files; results should have the permissions of any other file
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)


@contextlib.contextmanager
def _temporary(path):
    """Yield the name of a new file beside `path`, which is removed if it is still there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    prefix = temporary_prefix("writing")
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield name
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone, which is told already
            Path(name).unlink(missing_ok=True)


def temporary_prefix(what):
    """Return how the temporary names of this process begin: .writing-<place>-<process>-.

    Parameters
    ----------
    what : str
        One of `LITTER`.
    """
    return f".{what}-{_place()}-{os.getpid()}-"


LITTER = ("writing", "placing")
"""What `temporary_prefix` is called with: files that are written, folders that are put in place."""


def unfinished(path: str | Path) -> Path:
    """Return the folder beside a file in which what is finished of it is kept meanwhile."""
    path = Path(path)
    return path.parent / f".unfinished-{path.stem}"


@functools.cache
def _place():
    """Return a short name of where process numbers are unique: a machine since it started."""
    said = [platform.node()]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with contextlib.suppress(OSError):
            is_link = Path(file).is_symlink()
            said.append(os.readlink(file) if is_link else Path(file).read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:8]


@functools.lru_cache(maxsize=4096)
def sweep(folder):
    """Remove what killed processes left half written in a folder; once a process and folder.

    Parameters
    ----------
    folder : Path
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        names = [e.name for e in entries if e.name.startswith(tuple(f".{w}-" for w in LITTER))]
        for name in names:
            with contextlib.suppress(OSError):
                path = Path(folder, name)
                if not _is_left_behind(path):
                    continue
                for inner in path.iterdir() if path.is_dir() and not path.is_symlink() else ():
                    inner.unlink()
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _is_left_behind(path):
    """Whether the process that a temporary name belongs to is dead, or the name is a day old."""
    if time.time() - path.lstat().st_mtime > LITTER_AGE_S:
        return True
    match path.name.split("-"):
        case [_, place, process, *_] if place == _place() and process.isdecimal():
            try:
                os.kill(int(process), 0)
            except ProcessLookupError:
                return True
            except (PermissionError, OverflowError):
                return False
    return False


def write(path: str | Path, arrays: Mapping, attributes: Mapping) -> None:
    """Write arrays and attributes to a new HDF5 file, atomically, with the seal of its content.

    Parameters
    ----------
    path : str or Path
    arrays : dict of str to array
        Lists of str become string datasets; arrays of two and more dimensions are compressed.
    attributes : dict
        Schema and versions are added.
    """
    with replacing(path) as temporary:
        with h5py.File(temporary, "w", userblock_size=SEAL_BYTES) as file:
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
        with open(temporary, "r+b") as file:
            file.write(_seal(file))


def _chunks(array):
    """Return a chunk a row, as rows are read, or True for what h5py chooses."""
    size = array[:1].nbytes
    return (1, *array.shape[1:]) if 16e3 <= size <= 8e6 else True


def _seal(file):
    """Return the first bytes that an open file must have; leaves it at the start."""
    file.seek(SEAL_BYTES)
    seal = SEAL + hashlib.file_digest(file, "sha256").hexdigest().encode() + b"\n"
    file.seek(0)
    return seal.ljust(SEAL_BYTES, b"\0")


def _stamp(status):
    """Return what changes when a file does."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _is_settled(stamp):
    """Whether the clock of the file system is fine enough to tell the next change of a file."""
    return abs(time.time() - stamp[-1] / 1e9) > 2


_whole: dict = {}  # files whose seal was compared: path to what the system says of the file


def damage(path: str | Path) -> tuple[str | None, bool]:
    """Return what is wrong with the bytes of a file of `write`, or None; and whether it has a seal.

    The bytes are read once a process, unless the file changes meanwhile.
    """
    with open(path, "rb") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        name = os.path.abspath(path)
        if _whole.get(name) == stamp:
            return None, True
        head = file.read(SEAL_BYTES)
        if head.startswith(SIGNATURE):
            return None, False
        if not head.startswith(SEAL):
            return "its first bytes are not those of an HDF5 file", False
        if head != _seal(file):
            return "its content does not fit the checksum that it was written with", True
        if _is_settled(stamp):
            _whole[name] = stamp
    return None, True


@contextlib.contextmanager
def reading(path: str | Path, stage: str, *, sealed: bool = False) -> Iterator[h5py.File]:
    """Open a file that stage `stage` wrote, and check its bytes and its layout.

    A damaged file is set aside as `<path>.damaged`: the stage's output is then missing, and the
    same command makes it again.

    Parameters
    ----------
    path : str or Path
    stage : str
        Name of the stage, for messages.
    sealed : bool
        Refuse a file of an earlier version, which has no seal.

    Raises
    ------
    InputError
        When the file is missing, is damaged, or has another schema version.
    """
    try:
        fault, has_seal = damage(path)
        if fault is None and sealed and not has_seal:
            fault = "it has no checksum"
        if fault is None:
            try:
                file = h5py.File(path, "r")
            except OSError as error:
                if error.errno is not None:  # not the file's content: locks, permissions
                    raise
                fault = f"it cannot be opened: {error}"
    except FileNotFoundError as error:
        raise InputError(absent(path, stage)) from error
    except OSError as error:
        raise InputError(
            f"{path}: expected an HDF5 file of the stage {stage}, cannot open it ({error}). See to "
            "it that it can be read, or delete it, and run the same command again."
        ) from error
    if fault is not None:
        raise InputError(set_aside(path, fault, stage))
    with file:
        found = file.attrs.get("schema", "none") if has_seal else _schema(file, path, stage)
        if found != SCHEMA:
            raise InputError(
                f"{path}: expected schema version {SCHEMA}, found {found}: the file comes from "
                "another version of lmi-workflow. Delete the file, and run `snakemake --cores all "
                f"--forcerun {stage}`."
            )
        try:
            yield file
        except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
            if isinstance(error, InputError) or not _is_of_reading(error):
                raise
            if not has_seal and (
                not isinstance(error, OSError) or error.errno in (None, errno.EIO)
            ):
                raise InputError(set_aside(path, f"it cannot be read: {error}", stage)) from error
            if not isinstance(error, KeyError):
                raise
            raise InputError(
                f"{path}: expected a file of the stage {stage}, found one that lacks what that "
                f"stage writes ({error}). Delete the file, and run the same command again."
            ) from error


def _schema(file, path, stage):
    """Return the schema version of a file without a seal, in which anything may be damaged."""
    try:
        found = file.attrs.get("schema", "none")
        return int(found) if np.ndim(found) == 0 and not isinstance(found, str | bytes) else found
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(set_aside(path, f"it cannot be read: {error}", stage)) from error


def _is_of_reading(error):
    """Whether HDF5 raised an error, and not while another file was written: a disk may be full."""
    frames = traceback.extract_tb(error.__traceback__)
    writing = any((frame.filename, frame.name) == (__file__, "write") for frame in frames)
    return bool(frames) and not writing and "h5py" in Path(frames[-1].filename).parts


def _aside(path):
    """Return the name that a damaged file gets."""
    return Path(f"{path}.damaged")


def absent(path: str | Path, stage: str, what: str = "an HDF5 file") -> str:
    """Return the message of a file that is missing, with the cure; parameters as of `set_aside`."""
    aside = _aside(path)
    before = f"; a damaged one was set aside as {aside.name}" if aside.exists() else ""
    return (
        f"{path}: expected {what} of the stage {stage}, found no such file{before}. Run the same "
        f"command again; if that does not help, `snakemake --cores all --forcerun {stage}`."
    )


def set_aside(path: str | Path, fault: str, stage: str, what: str = "an HDF5 file") -> str:
    """Give a damaged file another name; return the message, with the cure.

    Parameters
    ----------
    path : str or Path
    fault : str
        What is wrong with it.
    stage : str
        What wrote it.
    what : str
        What the file should be.
    """
    message = f"{path}: expected {what} of the stage {stage}, found a damaged one: {fault}."
    aside = _aside(path)
    try:
        os.replace(path, aside)
    except FileNotFoundError:
        pass  # another job was faster
    except OSError as error:
        mend = "Delete it, and run the same command again."
        return f"{message} {mend} It could not be renamed: {error}."
    return (
        f"{message} It was set aside as {aside.name}: run the same command again, it is made anew."
    )


_own: dict = {}  # files that name no other: path to what the system says of the file


def refuse_foreign(file):
    """Refuse an HDF5 file that makes its reader look into other files.

    A file from a stranger could name any file of the reader's, and numbers that lie elsewhere
    change unnoticed. No such link is followed here.

    Parameters
    ----------
    file : h5py.File
        Open for reading.

    Raises
    ------
    InputError
        External links, external storage, virtual datasets of other files.
    """
    stamp = None
    with contextlib.suppress(OSError, TypeError, ValueError):  # a file in memory has no name
        stamp = _stamp(os.stat(file.filename))
    if stamp and _own.get(file.filename) == stamp:
        return
    try:
        found = _first_foreign(file)
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(
            f"{file.filename}: expected an HDF5 file that can be read, found a damaged one "
            f"({error}). Make or copy it again"
        ) from error
    if found:
        raise InputError(
            f"{file.filename}: expected a file that holds all of its data, found {found}. Copy the "
            "data into one file (read them, and write them), and name that one"
        )
    if stamp and _is_settled(stamp):
        _own[file.filename] = stamp


def _first_foreign(file):
    """Return what in an HDF5 file lies in another one, and where; empty where nothing does."""
    seen, waiting = set(), [("", file.id)]
    while waiting:
        place, group = waiting.pop()
        for name in group:
            where = f"{place}/{name.decode(errors='replace')}"
            link = group.links.get_info(name).type
            if link == h5py.h5l.TYPE_SOFT:
                continue  # a path within the file: where it passes a link out, that is found
            if link != h5py.h5l.TYPE_HARD:
                return f"a link to another file at '{where}'"
            about = h5py.h5g.get_objinfo(group, name)
            if about.objno in seen:
                continue
            seen.add(about.objno)
            if about.type == h5py.h5g.GROUP:
                waiting.append((where, h5py.h5g.open(group, name)))
            elif about.type == h5py.h5g.DATASET:
                layout = h5py.h5d.open(group, name).get_create_plist()
                if layout.get_external_count():
                    return f"numbers that are stored outside of it at '{where}'"
                virtual = layout.get_layout() == h5py.h5d.VIRTUAL
                parts = range(layout.get_virtual_count()) if virtual else ()
                if any(layout.get_virtual_filename(part) != "." for part in parts):
                    return f"a virtual dataset of other files at '{where}'"
    return ""


def text(dataset: h5py.Dataset) -> np.ndarray:
    """Return an HDF5 string dataset as an array of str objects."""
    return dataset.asstr()[()] if dataset.shape[0] else np.empty(0, dtype=object)
