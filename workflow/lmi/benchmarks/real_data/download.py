"""Download a file: resumed where it broke off, complete or not there, and the same each time."""

import hashlib
import http.client
import logging
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import lmi
from lmi.base.errors import InputError
from lmi.base.files import replacing

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60

BEGINNINGS = {".gz": ("gzip", b"\x1f\x8b"), ".h5": ("HDF5", b"\x89HDF\r\n\x1a\n")}
"""By ending: a format, and the bytes that its files begin with."""
PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
"""What a page for people begins with, in lower case: a login, an error, a notice."""

logger = logging.getLogger(__name__)


def sha256(path):
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(url, path, *, digest="", attempts=5, wait_s=2.0):
    """Download `url` to `path`.

    What is there of a download that broke off, `<path>.part`, is continued, if the server says that
    its file is still the same. The digest of the first complete download is kept in
    `<path>.sha256`, and later ones must have it.

    Parameters
    ----------
    url : str
    path : str or Path
        Missing parent folders are made. The file appears when it is complete.
    digest : str
        SHA-256 that the file must have, where it is known.
    attempts : int
        Attempts after which a broken connection is an error.
    wait_s : float
        Seconds before the second attempt, doubled each time.

    Raises
    ------
    InputError
        No such file, no connection, or another content than expected; says how to mend it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part, tag = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.tag")
    for attempt in range(1, attempts + 1):
        try:
            _continue(url, path, part, tag)
            break
        except (OSError, http.client.HTTPException) as error:
            lasting = isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404)
            if lasting or attempt == attempts:
                raise InputError(
                    f"{url}: expected a file to download, found {error} ({attempt} attempts). "
                    f"Download it by hand to {path} and run the same command again, or name "
                    "another server under `resources` in the config"
                ) from error
            logger.warning("%s: %s; trying again", url, error)
            time.sleep(wait_s * 2 ** (attempt - 1))
    with open(part, "rb") as file:
        beginning = file.read(CHUNK_BYTES)
    try:
        _check_beginning(url, path, beginning)
    except InputError:
        part.unlink()
        raise
    _verify(url, path, part, digest)
    os.replace(part, path)
    tag.unlink(missing_ok=True)


def _check_beginning(url, path, beginning):
    """Refuse a page for people in place of the file, and what is of another format.

    Parameters
    ----------
    url : str
    path : Path
        Its ending tells the format.
    beginning : bytes
        Of what the server sent.
    """
    name, wanted = BEGINNINGS.get(path.suffix, ("", b""))
    start = beginning[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    is_page = start.startswith(PAGES) and path.suffix not in (".html", ".htm")
    if not is_page and beginning.startswith(wanted):
        return
    found = "a web page (a login or a notice?)" if is_page else f"{beginning[:16]!r}"
    raise InputError(
        f"{url}: expected {f'a file of the format {name}' if name else 'a file'}, found {found}. "
        f"Look at the address in a browser; download the file by hand to {path} and run the same "
        "command again, or name another server under `resources` in the config"
    )


def _continue(url, path, part, tag):
    """Get what is missing of a file, or all of it when the server's file is another one."""
    headers = {"User-Agent": f"lmi-workflow/{lmi.__version__}"}
    have = part.stat().st_size if part.exists() else 0
    if have and tag.exists():
        headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text(encoding="utf-8")}
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing, or the file has become shorter: start anew
            part.unlink(missing_ok=True)
        raise
    with answer:
        resumed = answer.status == 206
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        if resumed:
            total = _total(answer.headers.get("Content-Range", ""), have, tag)
        validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        chunk = answer.read(CHUNK_BYTES)
        # before what is there of the file is given up for it; what broke off is looked at later
        if not resumed and len(chunk) >= min(CHUNK_BYTES, total or 0):
            _check_beginning(url, path, chunk)
        if validator and not validator.startswith("W/"):
            tag.write_text(validator, encoding="utf-8")
        else:
            tag.unlink(missing_ok=True)
        with open(part, "ab" if resumed else "wb") as out:
            while chunk:
                out.write(chunk)
                chunk = answer.read(CHUNK_BYTES)
    got = part.stat().st_size
    if total is not None and got != total:
        raise OSError(f"the connection ended after {got} of {total} bytes")


def _total(content_range, have, tag):
    """Return the bytes of the whole file, from an answer with a part of it.

    Raises
    ------
    OSError
        The part is not what is missing. The next attempt asks for all of the file.
    """
    said = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", content_range.strip())
    start, end, total = map(int, said.groups()) if said else (-1, -1, -1)
    if not have or start != have or end != total - 1:
        tag.unlink(missing_ok=True)
        raise OSError(
            f"the server answered with a part of the file (status 206), expected its bytes from "
            f"{have} to the end, found Content-Range '{content_range}'"
        )
    return total


def _verify(url, path, part, digest):
    """Compare the digest of a complete download with the expected or the recorded one."""
    found, record = sha256(part), path.with_name(f"{path.name}.sha256")
    expected, source = digest, "expected"
    if not expected and record.exists():
        expected = record.read_text(encoding="utf-8").split()[0]
        source = f"recorded in {record} when it was first downloaded"
    if expected and found != expected:
        part.unlink()
        raise InputError(
            f"{url}: expected SHA-256 {expected} ({source}), found {found}: the file has changed. "
            f"Results will differ; to accept the new file, delete {record} and run again"
            if not digest
            else f"{url}: expected SHA-256 {expected}, found {found}: the download is damaged or "
            "the file was replaced. Run again, or look for the original file"
        )
    with replacing(record) as name:
        name.write_text(f"{found}  {path.name}\n", encoding="utf-8")
