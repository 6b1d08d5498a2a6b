"""A config in plain types: text, numbers, lists and mappings that can mean something."""

import math
import unicodedata

from lmi.base.errors import InputError
from lmi.planning.schema import schema

MAX_DEPTH = 50
MAX_NAME = 200
"""Characters of a name: folders and files are named after it."""
MAX_TEXT = 4000
MAX_NUMBER = 2**64
NAMED = ("run", "list", "between")
"""Keys whose text is a name, or a list of them; the others' may be a path."""


def plain(value, path):
    """Copy the config into plain types; refuse keys, texts and numbers that mean nothing."""
    if len(path) > MAX_DEPTH:
        raise InputError(
            f"config: {path_text(path[:3])}...: expected at most {MAX_DEPTH} levels of nesting, "
            "found more. Remove brackets"
        )
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"config: {path_text(path)}: expected text as a key, found {key!r}. Put it in "
                    "quotes (YAML reads on, off, yes, no, true and false as truth values)"
                )
            _check_text(key, f"a key of {path_text(path)}", MAX_NAME)
        copy = {key: plain(item, (*path, key)) for key, item in value.items()}
        # A section whose keys are all commented out is read as nothing: it means the defaults.
        sections = schema()["properties"] if not path else {}
        return {
            key: {} if item is None and sections.get(key, {}).get("default") == {} else item
            for key, item in copy.items()
        }
    if isinstance(value, list | tuple):
        return [plain(item, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, str):
        _check_text(value, path_text(path), MAX_NAME if set(path) & set(NAMED) else MAX_TEXT)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"config: {path_text(path)}: expected a finite number, found {value}")
    return value


def _check_text(text, where, longest):
    """Refuse text that no name or path is: line breaks and the like, or endless."""
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if not odd and len(text) <= longest:
        return
    shown = repr(text if len(text) <= 60 else f"{text[:60]}...")
    if odd:
        raise InputError(
            f"config: {where}: expected text on one line, found {odd[0]!r} in {shown}. Remove it "
            "(a line break in quotes or after `|` belongs to the text)"
        )
    raise InputError(
        f"config: {where}: expected at most {longest} characters, found {len(text)}: {shown}. "
        "Shorten it"
    )


def check_numbers(value, path):
    """Refuse whole numbers that do not fit 64 bits, in a config with its defaults."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            check_numbers(item, (*path, key))
    elif isinstance(value, int) and abs(value) >= MAX_NUMBER:
        digits = f"{value}" if abs(value) < 10**40 else f"one of {value.bit_length()} bits"
        raise InputError(
            f"config: {path_text(path)}: expected a whole number below 2^64 = {MAX_NUMBER}, found "
            f"{digits}. Give a smaller one"
        )


def path_text(path):
    """Return a key path as text: datasets.cells.variables.list[3]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "top level"
