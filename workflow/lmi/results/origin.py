"""Files that were made from rows of the table know these rows: those of another table are left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmi.base.files import reading, text
from lmi.results.columns import Column

if TYPE_CHECKING:
    import h5py


def rows_key(rows: pd.DataFrame) -> str:
    """Return a hash of the pairs of a dataset and their estimates.

    Parameters
    ----------
    rows : pandas.DataFrame
        All rows of one dataset, with x, y and mi_bits, in any order.
    """
    ordered = rows.sort_values(["x", "y"], kind="stable")
    digest = hashlib.sha256()
    for side in ("x", "y"):
        digest.update("\0".join(ordered[side]).encode())
    digest.update(np.ascontiguousarray(ordered["mi_bits"].to_numpy(float)).tobytes())
    return digest.hexdigest()


def fitting(paths: Iterable[str | Path], stage: str, rows: pd.DataFrame) -> Iterator[h5py.File]:
    """Yield the files, open, that were made from these rows of the table.

    What an earlier config has left in the folder of a run was made from others.

    Parameters
    ----------
    paths : iterable of str or Path
        Those that are not there are left out.
    stage : str
        What makes the files.
    rows : pandas.DataFrame
        As of `rows_key`.
    """
    key = None
    for path in paths:
        if not Path(path).exists():
            continue
        key = rows_key(rows) if key is None else key
        with reading(path, stage) as file:
            if file.attrs["rows_key"] == key:
                yield file


def frame(rows: Sequence, declared: Sequence[Column]) -> pd.DataFrame:
    """Return rows as a table with the declared columns and their types."""
    kinds = {column.name: column.dtype for column in declared}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def arrays(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the columns of a table as `lmi.base.files.write` takes them."""
    is_number = {name: pd.api.types.is_numeric_dtype(table[name]) for name in table}  # bool too
    return {name: table[name].to_numpy(None if is_number[name] else object) for name in table}


def columns(file: h5py.File, declared: Sequence[Column]) -> pd.DataFrame:
    """Return the declared columns of an open file as a table."""
    return pd.DataFrame(
        {
            column.name: text(file[column.name]) if column.dtype == "str" else file[column.name][()]
            for column in declared
        }
    )
