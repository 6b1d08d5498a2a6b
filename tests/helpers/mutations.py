"""Files changed at random, and what a reader makes of them, in a process of its own."""

import contextlib
import os
import pickle
import time
import warnings

from lmi.base.errors import InputError

from helpers.children import answer

KINDS = ("flip", "delete", "insert", "repeat", "truncate", "swap", "zero", "line", "cell")
TIME_S = 60
"""Bound for one file, whatever is in it."""


def mutated(content, changes):
    """Return bytes with changes, each (kind, where from 0 to 1, length, byte)."""
    content = bytearray(content)
    for kind, where, length, byte in changes:
        n = len(content)
        at = min(int(where * n), max(0, n - 1))
        if kind == "flip" and n:
            content[at] ^= byte or 1
        elif kind == "delete":
            del content[at : at + length]
        elif kind == "insert":
            content[at:at] = bytes([byte]) * length
        elif kind == "repeat":
            content[at:at] = content[at : at + length]
        elif kind == "truncate":
            del content[at:]
        elif kind == "swap":
            part = content[at : at + length]
            content[at : at + length] = content[at + length : at + 2 * length]
            content[at + length : at + length] = part
        elif kind == "zero":
            content[at : at + length] = bytes(len(content[at : at + length]))
        elif kind == "line":
            content = _line(content, where, length)
        elif kind == "cell":
            content = _cell(content, where, length)
    return bytes(content)


def _line(content, where, length):
    """Remove, repeat or move a line of a text."""
    lines = bytes(content).split(b"\n")
    at = min(int(where * len(lines)), len(lines) - 1)
    if length % 3 == 0:
        del lines[at]
    elif length % 3 == 1:
        lines.insert(at, lines[at])
    else:
        lines.insert(0, lines.pop(at))
    return bytearray(b"\n".join(lines))


CELLS = (
    b"",
    b"NA",
    b"nan",
    b"inf",
    b"-",
    b"1,5",
    b'"',
    b"'",
    b"1e400",
    b"True",
    b"\xff",
    b" ",
    b"#",
)


def _cell(content, where, length):
    """Put something else into a cell of a text."""
    text = bytes(content)
    sign = b"\t" if text.count(b"\t") > text.count(b",") else b","
    cells = text.split(sign)
    at = min(int(where * len(cells)), len(cells) - 1)
    cells[at] = CELLS[length % len(CELLS)]
    return bytearray(sign.join(cells))


def outcome(read, *arguments):
    """Call a reader in a process of its own.

    Returns
    -------
    kind : str
        read, refused, or what else: traceback, several lines, warning, hang, crash.
    value : object
        What was read, or the message.
    seconds : float
    """
    ours, theirs = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if not child:
        _child(theirs, ours, read, arguments)
    os.close(theirs)
    found = answer(child, ours, TIME_S) or ("hang", f"longer than {TIME_S} s")
    seconds = time.monotonic() - start
    return *found, seconds


def _child(theirs, ours, read, arguments):
    """Read, tell the parent, and end without any of its clean-up."""
    os.close(ours)
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            try:
                found = ("read", read(*arguments))
            except InputError as error:
                one_line = "\n" not in str(error) and len(str(error)) < 2000
                found = ("refused" if one_line else "several lines", str(error))
            except BaseException as error:
                found = ("traceback", f"{type(error).__name__}: {error}"[:300])
        with os.fdopen(theirs, "wb") as pipe:
            pickle.dump(found, pipe)
    finally:
        os._exit(0)
