"""Which variables tell of the target of a dataset, read back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lmi.results.columns import TARGETS
from lmi.results.origin import columns, fitting


def read(path: str | Path, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return the table of `selection.h5`.

    Parameters
    ----------
    path : str or Path
    rows : pandas.DataFrame
        All rows of the dataset in the table.

    Returns
    -------
    pandas.DataFrame or None
        None where nothing was selected by these rows.
    """
    for file in fitting([path], "select", rows):
        return columns(file, TARGETS)
    return None
