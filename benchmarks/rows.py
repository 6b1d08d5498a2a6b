"""Rows of a benchmark as they come: printed, and written to its table."""

from pathlib import Path

import pandas as pd


def show(rows, out):
    """Print the last of the rows, with a head before the first, and write all of them.

    Parameters
    ----------
    rows : list of dict
    out : str or Path
        Table to write.
    """
    table = pd.DataFrame(rows)
    print(table.tail(1).to_string(index=False, header=len(rows) == 1), flush=True)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(out, sep="\t", index=False, float_format="%.4g")
