"""Download a file: resumed where it broke off, complete or not there, and the same each time."""

import hashlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import lmi
from lmi.base.errors import InputError
from lmi.base.files import replacing

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60

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
            _continue(url, part, tag)
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
    _verify(url, path, part, digest)
    os.replace(part, path)
    tag.unlink(missing_ok=True)


def _continue(url, part, tag):
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
        expected = answer.headers.get("Content-Length")
        validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if validator and not validator.startswith("W/"):
            tag.write_text(validator, encoding="utf-8")
        else:
            tag.unlink(missing_ok=True)
        before = have if resumed else 0
        with open(part, "ab" if resumed else "wb") as out:
            while chunk := answer.read(CHUNK_BYTES):
                out.write(chunk)
    got = part.stat().st_size - before
    if expected is not None and got != int(expected):
        raise OSError(f"the connection ended after {got} of {expected} bytes")


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
