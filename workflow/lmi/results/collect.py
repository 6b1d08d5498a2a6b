"""From the tiles of a dataset to a few parts: so that no job reads more than some hundred files."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lmi.base.files import reading, unfinished, write
from lmi.results import table as tables
from lmi.results.columns import FROM_ATTRIBUTES
from lmi.results.join import join
from lmi.results.places import check_tile

DETAILED_PAIRS = 200
"""Strongest pairs whose details are kept at least, as far as `MAX_VALUES` allows."""
MAX_VALUES = 40_000_000
"""Pointwise values beyond which only the strongest pairs that were asked for are kept."""
MAX_CURVES = 500
"""Training curves of a part that the report draws, besides those of the strongest pairs."""

_DETAILS = ("pointwise", "scatter", "label", "null_bits", "loss_train", "loss_validation")
# Tiles whose training took fewer steps have the beginning of the same axis.
_AXES = ("scatter_samples", "loss_step")


def collect(
    out: str | Path, estimates: Sequence[str | Path], n_top: int, names: Sequence | None = None
) -> None:
    """Join estimate tiles of one dataset into one file of the same layout.

    All rows are kept; what the report shows of single pairs (pointwise MI, scatter, training
    curves) only of the strongest pairs and, for the curves, of some others. `detail_row` says
    which rows these are.

    Parameters
    ----------
    out : str or Path
        `parts/part-000.h5`.
    estimates : sequence of str or Path
        Estimate tiles.
    n_top : int
        Strongest pairs whose details are kept, whatever their size; those of `DETAILED_PAIRS`
        where they are small.
    names : sequence of (list of str, list of str), optional
        Of each tile, the variables that the plan has in its blocks: a tile of others is refused.

    Raises
    ------
    InputError
        A tile is unreadable, incomplete or of another schema version.
    """
    read = [tables.read_tile(path) for path in estimates]
    for path in estimates:  # of jobs that were killed when their tile was written
        shutil.rmtree(unfinished(path), ignore_errors=True)
    for path, part, planned in zip(estimates, read, names or (), strict=False):
        check_tile(path, "estimate", part["x"], part["y"], planned)
    columns = {name: np.concatenate([part[name] for part in read]) for name in read[0]}
    first = np.cumsum([0, *(len(part["x"]) for part in read)])
    affordable = MAX_VALUES // max(int(columns["n_samples"].max(initial=1)), 1)
    top = _strongest_rows(columns, max(n_top, min(DETAILED_PAIRS, affordable)))
    per_tile = -(-MAX_CURVES // len(estimates))
    kept, hashes = [], hashlib.sha256()
    attributes: dict[str, object] = {}
    for path, start, end in zip(estimates, first, first[1:], strict=False):
        with reading(path, "estimate") as tile:
            attributes |= {name: tile.attrs[name] for name in tile.attrs}
            hashes.update(str(tile.attrs.get("key", "")).encode())
            rows = top[(top >= start) & (top < end)] - start
            trained = _trained_rows(tile)
            rows = np.union1d(rows, trained[:: max(1, -(-len(trained) // per_tile))]).astype(int)
            details = {name: tile[name][rows] for name in _DETAILS if name in tile}
            details |= {name: tile[name][()] for name in _AXES if name in tile}
            kept.append({"detail_row": rows + start} | details)
    attributes["key"] = hashes.hexdigest()
    write(
        out,
        {name: values for name, values in columns.items() if name not in FROM_ATTRIBUTES}
        | join(kept, shared=_AXES),
        {name: value for name, value in attributes.items() if name not in ("schema", "versions")},
    )


def _strongest_rows(columns, n_top):
    """Return the rows of the strongest pairs; of a pair with lags, that of its peak."""
    mi = columns["mi_bits"]
    good = np.flatnonzero(np.isfinite(mi) & (columns["flag"] != "fail"))
    order = good[np.argsort(-mi[good], kind="stable")]
    seen, rows = set(), []
    for row in order:
        pair = columns["x"][row], columns["y"][row]
        if pair not in seen:
            seen.add(pair)
            rows.append(row)
        if len(rows) == n_top:
            break
    return np.array(rows, dtype=int)


def _trained_rows(tile):
    """Return the rows of a tile whose networks were trained."""
    if "loss_train" not in tile:
        return np.zeros(0, int)
    return np.flatnonzero(np.isfinite(tile["loss_train"][()]).any(axis=(1, 2)))
