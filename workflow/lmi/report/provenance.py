"""What made a run: command, host, commit, versions, and the data files by what they hold."""

import datetime
import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path

from lmi.base.files import versions
from lmi.base.paths import files_in, of_folder
from lmi.data.sources import data_files

COMMAND = "LMI_COMMAND"
"""Environment variable in which the workflow leaves the command that started it."""
MAX_HASHED = 2_000_000_000
"""Bytes of a data file beyond which no checksum is made."""


def facts(config, origin):
    """Return what made a run: pairs of a name and a value, as plain text.

    Parameters
    ----------
    config : dict
        Of the run.
    origin : dict of str to list of str
        What its tiles name: seed, preset, k, key, versions.
    """
    programs = versions()
    for entry in origin["versions"]:
        try:
            programs |= {name: str(version) for name, version in json.loads(entry).items()}
        except (ValueError, AttributeError):
            programs["versions"] = entry
    hashes = [text[:12] for text in origin["key"]]
    lines = [
        ("Run", str(config.get("run", ""))),
        ("Command", os.environ.get(COMMAND, "")),
        ("Written", f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"),
        ("Host", f"{platform.node()}, {platform.system()} {platform.machine()}"),
        ("Commit", commit()),
        ("Seed", ", ".join(origin["seed"]) or str(config.get("seed", "unknown"))),
        ("Preset", ", ".join(origin["preset"]) or "unknown"),
        ("Neighbours k", ", ".join(origin["k"]) or "unknown"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in programs.items())),
        ("Keys", ", ".join(hashes[:8]) + (" …" if len(hashes) > 8 else "")),
    ]
    return [(name, value) for name, value in lines if value]


def commit(folder=None):
    """Return the commit of the workflow's folder and whether it was changed since, or nothing.

    Parameters
    ----------
    folder : str or Path, optional
        That of this file, when left out.
    """
    folder = Path(folder or __file__).resolve()
    folder = folder if folder.is_dir() else folder.parent

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        ).stdout.strip()

    try:
        if not git("ls-files", "."):
            return ""  # installed into the folder of somebody else's project
        changed = ", with changes" if git("status", "--porcelain", ".") else ""
        return git("rev-parse", "HEAD") + changed
    except (OSError, subprocess.SubprocessError):
        return ""


def sources(config):
    """Return the data files of a run: path, size in bytes and SHA-256 of each.

    Parameters
    ----------
    config : dict
        Of the run.

    Returns
    -------
    list of dict
        path, size (None where the file is gone), sha256 (empty where it is gone or too large).
    """
    paths = [
        path for dataset in (config.get("datasets") or {}).values() for path in _files(dataset)
    ]
    return [_source(path) for path in dict.fromkeys(paths)]


def _files(dataset):
    variables = dataset.get("variables")
    named = [variables.get(key) for key in ("gene_sets", "table")] if _is_dict(variables) else []
    pairs = dataset.get("pairs")
    named.append(pairs.get("file") if _is_dict(pairs) else None)
    return [str(path) for path in [*data_files(dataset), *named] if isinstance(path, str)]


def _is_dict(value):
    return isinstance(value, dict)


def _source(path):
    """Return a file, or a folder as one: the hash of a folder is that of its files and names."""
    try:
        files = files_in(path) if Path(path).is_dir() else [Path(path)]
        size, digest = sum(file.stat().st_size for file in files), ""
        if size <= MAX_HASHED:
            digest = "files: " + of_folder(path, _sha256) if Path(path).is_dir() else _sha256(path)
    except OSError:
        return {"path": path, "size": None, "sha256": ""}
    return {"path": path, "size": size, "sha256": digest}


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
