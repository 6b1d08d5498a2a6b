"""A folder of finished files, shared by runs, in which each is found by what it was made from.

    python -m lmi.pipeline.cache list FOLDER
    python -m lmi.pipeline.cache prune FOLDER --days 90 --gb 100

A file's name is the key of its inputs and the checksum of its content. Two jobs that write the same
key at the same time leave two files, each whole; a file that does not fit its checksum is removed.
"""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import lmi
from lmi.base.errors import InputError
from lmi.base.files import SCHEMA, sweep, temporary_prefix
from lmi.base.paths import of_folder

log = logging.getLogger("lmi")

STAGES = ("project", "embed", "estimate", "direct", "select")


def key(stage, *made_from):
    """Return the key of a file: a hash of the stage, the package's version and all it depends on.

    Parameters
    ----------
    stage : str
    *made_from
        Settings, seeds, keys and `content` of inputs; JSON-like.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    everything = [stage, lmi.__version__, SCHEMA, made_from]
    text = json.dumps(everything, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def content(path):
    """Return the SHA-256 of a file's content, in hexadecimal digits; of a folder, a hash of all."""
    if os.path.isdir(path):
        return of_folder(path, content)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(folder, stage, its_key, out):
    """Put the file of a key in its place, if the cache has it.

    Parameters
    ----------
    folder : str, Path or None
        The cache; nothing is found where there is none.
    stage, its_key : str
    out : str or Path
        Where the file should be. It is a copy: Snakemake goes by the time of its making, which is
        not that of another run's file.

    Returns
    -------
    bool
        Whether it is there now.
    """
    if not folder:
        return False
    try:
        for path in sorted(_shelf(folder, stage, its_key).glob(f"{its_key}-*.h5")):
            if content(path) != _checksum(path):
                log.warning("cache: %s does not fit its checksum: removed", path)
                path.unlink(missing_ok=True)
                continue
            _place(path, out, shutil.copyfile)
            with contextlib.suppress(OSError):  # the file may be a colleague's
                # when it was last of use; it may be linked to a run's file, whose mtime must stay
                os.utime(path, (time.time(), path.stat().st_mtime))
            log.info("cache: %s taken from %s", out, path)
            return True
    except OSError as error:
        log.warning("cache: %s", error)
    return False


def keep(folder, stage, its_key, out):
    """Keep a finished file in the cache: a hard link where the file system allows, else a copy.

    A cache that cannot be written costs a warning only.

    Parameters
    ----------
    folder : str, Path or None
    stage, its_key : str
    out : str or Path
    """
    if not folder:
        return
    try:
        path = _shelf(folder, stage, its_key) / f"{its_key}-{content(out)}.h5"
        if not path.exists():
            _place(out, path, _link)
            path.chmod(0o444)
    except OSError as error:
        log.warning("cache: %s was not kept: %s", out, error)


def entries(folder):
    """List the files of a cache.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    list of dict
        `path`, `stage`, `bytes`, and `used`, seconds since the epoch; the longest unused first.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if not Path(folder).is_dir():
        raise InputError(
            f"cache: expected a folder at {folder}, found none. Give the path that the config's "
            "key `cache` has"
        )
    files = []
    for stage in STAGES:
        for path in Path(folder, stage).glob("??/*.h5"):
            try:
                status = path.stat()
            except FileNotFoundError:  # somebody else removed it in between
                continue
            used = max(status.st_atime, status.st_mtime)
            files.append({"path": path, "stage": stage, "bytes": status.st_size, "used": used})
    return sorted(files, key=lambda entry: (entry["used"], entry["path"]))


def prune(folder, days=None, gb=None):
    """Remove the files that were not used for some time, and the oldest until the rest is small.

    Results of runs that were made from them stay.

    Parameters
    ----------
    folder : str or Path
    days : float, optional
        Remove what was not used for that long.
    gb : float, optional
        Remove the longest unused until the cache has at most so many gigabytes.

    Returns
    -------
    list of dict
        What was removed, as in `entries`.
    """
    there = entries(folder)
    size, oldest = sum(entry["bytes"] for entry in there), time.time() - 86400 * (days or 0)
    removed = []
    for entry in there:
        too_old = days is not None and entry["used"] < oldest
        if too_old or (gb is not None and size > gb * 1e9):
            entry["path"].unlink(missing_ok=True)
            size -= entry["bytes"]
            removed.append(entry)
    return removed


def _shelf(folder, stage, its_key):
    return Path(os.path.expandvars(folder)).expanduser() / stage / its_key[:2]


def _checksum(path):
    return path.stem.rpartition("-")[2]


def _place(source, target, put):
    """Put a file under a temporary name beside the target, then move it there."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    with tempfile.TemporaryDirectory(
        prefix=temporary_prefix("placing"), dir=target.parent
    ) as folder:
        part = Path(folder, "part")
        put(source, part)
        os.replace(part, target)


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def told(files):
    """Return lines on a cache: files, size and last use by stage."""
    rows = [("stage", "files", "GB", "last used", "longest unused")]
    for stage in (*STAGES, "all"):
        its = [entry for entry in files if stage in (entry["stage"], "all")]
        if its:
            days = [time.strftime("%Y-%m-%d", time.localtime(e["used"])) for e in (its[-1], its[0])]
            size = f"{sum(entry['bytes'] for entry in its) / 1e9:.3f}"
            rows.append((stage, f"{len(its):,}", size, *days))
    return "\n".join("{:10}{:>8}{:>10}{:>13}{:>16}".format(*row) for row in rows)


def main(arguments=None):
    """List or prune a cache from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m lmi.pipeline.cache", description=__doc__.split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="files, size and last use, by stage")
    pruning = commands.add_parser("prune", help="remove what was not used for long")
    pruning.add_argument("--days", type=float, help="not used for so many days")
    pruning.add_argument("--gb", type=float, help="the longest unused until so much is left")
    for command in (listing, pruning):
        command.add_argument("folder")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "prune":
            if chosen.days is None and chosen.gb is None:
                parser.error("prune: say --days, --gb or both")
            removed = prune(chosen.folder, chosen.days, chosen.gb)
            size = sum(entry["bytes"] for entry in removed) / 1e9
            print(f"removed {len(removed):,} files, {size:.3f} GB")
        print(told(entries(chosen.folder)))
    except InputError as error:
        sys.exit(f"lmi-workflow: {error}")


if __name__ == "__main__":
    main()
