"""One pair in the files of a run: its tile and row, its pointwise values, its coordinates."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import h5py
import numpy as np

from lmi.base.errors import InputError
from lmi.base.files import reading, text
from lmi.base.messages import some

if TYPE_CHECKING:
    import pandas as pd


class Place(NamedTuple):
    """Where a pair lies: a row of an estimate tile, perhaps with x and y exchanged."""

    path: Path
    row: int
    exchanged: bool


class Coordinates(NamedTuple):
    """Latent coordinates of a pair, each a DataFrame with a row a sample."""

    x: pd.DataFrame
    y: pd.DataFrame


def find(
    folder: Path, rows: pd.DataFrame, x: str, y: str, lag: int, numbers: tuple[int, int]
) -> Place:
    """Return where a pair lies.

    Parameters
    ----------
    folder : Path
        Of the dataset.
    rows : pandas.DataFrame
        The table's rows of the dataset.
    x, y : str
    lag : int
        Without a lag, the pair may stand in the table as (y, x).
    numbers : (int, int)
        Blocks of x and y.

    Raises
    ------
    InputError
        No such pair in the table, or no tile that has it as the table does.
    """
    for one, other in ((x, y), (y, x))[: 1 if lag else 2]:
        row = rows[(rows["x"] == one) & (rows["y"] == other) & (rows["lag"] == lag)]
        if not len(row):
            continue
        for i, j in (numbers, numbers[::-1]):
            path = folder / "estimates" / f"tile-{i:03d}-{j:03d}.h5"
            if not path.exists():
                continue
            with reading(path, "estimate") as file:
                place = _row_of(file, one, other, lag)
                # a tile may be left over from another config: it is of this table, or no use
                if place is not None and np.array_equal(
                    file["mi_bits"][place], row["mi_bits"].iloc[0], equal_nan=True
                ):
                    return Place(path, place, one != x)
        raise InputError(
            f"{folder / 'estimates'}: expected a file with the pair '{one}', '{other}' as it is in "
            "the table, found none. The run is not finished, or was moved in part: run the same "
            "command again"
        )
    raise InputError(_no_pair(folder.name, rows, x, y, lag))


def _no_pair(dataset: str, rows: pd.DataFrame, x: str, y: str, lag: int) -> str:
    told = f"x, y: expected a pair of the dataset '{dataset}', found '{x}' with '{y}'"
    both = ((rows["x"] == x) & (rows["y"] == y)) | ((rows["x"] == y) & (rows["y"] == x))
    if both.any():
        first = rows[both].iloc[0]
        lags = ", ".join(str(one) for one in sorted(rows[both]["lag"].unique()))
        return (
            f"{told} at the lag {lag}; the table has x = '{first['x']}' with y = '{first['y']}' at "
            f"the lags {lags}."
        )
    partners = [*rows.loc[rows["x"] == x, "y"], *rows.loc[rows["y"] == x, "x"]]
    return (
        f"{told}, which `pairs` in the config does not ask for. '{x}' is paired with "
        f"{some(dict.fromkeys(partners))}."
    )


def _row_of(file: h5py.File, x: str, y: str, lag: int) -> int | None:
    """Return the row of a pair in a file of pairs, or None."""
    is_pair = (text(file["x"]) == x) & (text(file["y"]) == y) & (file["lag"][()] == lag)
    return int(np.argmax(is_pair)) if is_pair.any() else None


def pointwise(place: Place) -> np.ndarray:
    """Return the pointwise values of a pair, bits, shape (n_samples,).

    Raises
    ------
    InputError
        They were not kept.
    """
    with reading(place.path, "estimate") as file:
        if "pointwise" not in file:
            raise InputError(
                f"{place.path}: expected pointwise values, found none: the run was made with "
                "`keep: {pointwise: false}`, or it is large and the key is auto. Set it to true, "
                "and run the same command again"
            )
        return file["pointwise"][place.row].astype(float)


def embeddings_path(place: Place) -> Path:
    """Return the file of the embeddings that a pair was estimated from."""
    return place.path.parent.parent / "embeddings" / place.path.name


def coordinates(place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return the latent coordinates of a pair; of each sample by an encoder that never saw it.

    Returns
    -------
    x, y : float32 arrays, shape (n_samples, n_latent)
        As they stand in the file: not exchanged.

    Raises
    ------
    InputError
        They were not kept.
    """
    from lmi.embedding.candidates import held_out_coordinates

    path = embeddings_path(place)
    if not path.exists():
        raise InputError(
            f"{path}: expected the embeddings of the pair, found no such file: the run was made "
            "with `keep: {embeddings: false}`, or is large and the key is auto, or the file was "
            "removed. Set it to true, and run the same command again with `--forcerun embed`"
        )
    with reading(place.path, "estimate") as file:
        names = ("x", "y", "lag", "candidate")
        wanted = [file[name][place.row] for name in names]
        shown = {name: file[name] for name in ("scatter", "scatter_samples") if name in file}
        drawn = (
            (shown["scatter"][place.row], shown["scatter_samples"][()])
            if "scatter" in shown
            else None
        )
    with reading(path, "embed") as file:
        widths = file["n_latent"][place.row] if place.row < len(file["x"]) else (0, 0)
        same = bool(widths[0]) and [file[name][place.row] for name in names] == wanted
        x, y = (
            held_out_coordinates(
                SimpleNamespace(
                    zx=file["zx"][place.row, :, :, : widths[0]],
                    zy=file["zy"][place.row, :, :, : widths[1]],
                    fold=file["fold"][place.row],
                )
            )
            if same
            else (np.zeros((0, 0)),) * 2
        )
    if same and drawn is not None:
        first = np.stack([x[drawn[1], 0], y[drawn[1], 0]], axis=1)
        same = np.array_equal(first, drawn[0], equal_nan=True)
    if not same:
        raise InputError(
            f"{path}: expected the embeddings that {place.path} was estimated from, found others "
            "or none of this pair. Run the same command again"
        )
    return x, y
