"""A long tile, a chunk of pairs at a time: what a killed job had finished is not computed again."""

import contextlib
import logging
import shutil
import time

import h5py

from lmi.base.errors import InputError
from lmi.base.files import reading, unfinished, write
from lmi.results.join import join

log = logging.getLogger("lmi")

SIZE = 64
"""Pairs in a chunk. It is always the same, so that a job that was killed ends as any other."""
SAVE_EVERY_S = 60
"""Seconds of work that a killed job may lose, besides its last chunk."""


def run(out, key, groups, compute, *, stage, name=str, shared=(), save_every_s=None):
    """Compute the rows of a tile chunk by chunk, and save what is finished from time to time.

    Parameters
    ----------
    out : str or Path
        The tile. Finished chunks lie in a folder beside it, until `clear`.
    key : str
        What the tile is made from: chunks with another key are left alone.
    groups : list of list of int
        Rows; a chunk does not cross from one group into the next.
    compute : callable
        From the rows of a chunk to a dict of arrays, their first axis the rows'.
    stage : str
        Name of the stage, for messages.
    name : callable, optional
        From a row to the name of its pair, for messages.
    shared : sequence of str
        As in `lmi.results.join.join`.
    save_every_s : float, optional
        Instead of `SAVE_EVERY_S`.

    Returns
    -------
    dict of str to array
        Of all rows, in the order of the groups.
    """
    save_every_s = SAVE_EVERY_S if save_every_s is None else save_every_s
    chunks = [group[i : i + SIZE] for group in groups for i in range(0, len(group), SIZE)]
    folder = unfinished(out)
    n_done, n_rows = 0, sum(len(group) for group in groups)
    parts, unsaved, saved_at = [], [], time.monotonic()
    for number, rows in enumerate(chunks):
        path = folder / f"{key[:40]}-{number:05d}.h5"
        part = _saved(path, stage)
        if part is None:
            log.info("%s: now pair %d of %d: %s", stage, n_done + 1, n_rows, name(rows[0]))
            part = compute(rows)
            unsaved.append((path, part))
        else:
            log.info("chunk %d of %d was finished before", number + 1, len(chunks))
        parts.append(part)
        n_done += len(rows)
        log.info("%s: %d of %d pairs done, each lag counted", stage, n_done, n_rows)
        late = time.monotonic() - saved_at >= save_every_s
        if late and unsaved and number + 1 < len(chunks):
            for place, arrays in unsaved:
                write(place, arrays, {})
            unsaved, saved_at = [], time.monotonic()
    return join(parts, shared)


def clear(out):
    """Remove the saved chunks of a tile; called when the tile is written."""
    shutil.rmtree(unfinished(out), ignore_errors=True)


def _saved(path, stage):
    """Return the arrays of a saved chunk, or None where there is none, or a damaged one."""
    if not path.exists():
        return None
    with contextlib.suppress(InputError, OSError), reading(path, stage, sealed=True) as file:
        return {
            name: data.asstr()[()] if h5py.check_string_dtype(data.dtype) else data[()]
            for name, data in file.items()
        }
    return None
