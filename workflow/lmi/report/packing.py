"""Numbers and words in one compressed text, which the page's script takes apart again."""

import base64
import gzip
import json

import numpy as np

LEVELS = {"uint8": 2**8 - 2, "uint16": 2**16 - 2}
"""The highest level of a scaled array; one more stands for a missing value."""


def scaled(values, dtype):
    """Return values as whole numbers between their smallest and largest one.

    Parameters
    ----------
    values : array of float
        NaN and infinite values are missing.
    dtype : str
        uint8 or uint16.

    Returns
    -------
    dict
        array; low and step, so that a level stands for ``low + step * level``.
    """
    values = np.asarray(values, float)
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    step = (high - low) / LEVELS[dtype] or 1.0
    levels = np.full(values.shape, LEVELS[dtype] + 1, dtype)
    levels[finite] = np.round((values[finite] - low) / step)
    return {"array": levels, "low": float(low), "step": float(step)}


def pack(words, arrays):
    """Return words and arrays as one text: gzip in base64.

    It begins with the length of a JSON text, as four bytes; then come the JSON and the arrays,
    each from a place that its items divide.

    Parameters
    ----------
    words : dict
        For JSON: no NaN.
    arrays : dict of str to array, or to dict
        Numbers, or what `scaled` returned.

    Returns
    -------
    str
    """
    entries, pieces, place = {}, [], 0
    for name, given in arrays.items():
        scale = {key: given[key] for key in ("low", "step")} if isinstance(given, dict) else {}
        array = np.ascontiguousarray(given["array"] if isinstance(given, dict) else given)
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        data += b"\0" * (-len(data) % 8)
        entries[name] = {"type": array.dtype.name, "start": place, "length": array.size} | scale
        pieces.append(data)
        place += len(data)
    head = json.dumps(words | {"arrays": entries}, allow_nan=False).encode()
    head += b" " * (-(len(head) + 4) % 8)
    whole = b"".join([len(head).to_bytes(4, "little"), head, *pieces])
    return compressed(whole)


def compressed(data):
    """Return bytes as gzip in base64; the same bytes give the same text.

    Parameters
    ----------
    data : bytes
    """
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()
