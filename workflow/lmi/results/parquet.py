"""The table of a run as a Parquet file, with a checksum of what it holds.

Any reader of Parquet reads it. The checksum stands beside the names of the columns, in the file's
own metadata, and is compared here: pages of numbers have none that readers compare.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from lmi.base.errors import InputError
from lmi.base.files import absent, replacing, set_aside

CHECKSUM = b"lmi-workflow: SHA-256 of the table"


def write(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table, atomically.

    Parameters
    ----------
    table : pandas.DataFrame
    path : str or Path
    """
    import pyarrow
    import pyarrow.parquet

    held = pyarrow.Table.from_pandas(table, preserve_index=False)
    about = {**(held.schema.metadata or {}), CHECKSUM: _digest(held.to_pandas())}
    with replacing(path) as name:
        pyarrow.parquet.write_table(held.replace_schema_metadata(about), name, compression="zstd")


def read(path: str | Path) -> pd.DataFrame:
    """Return the table of a file of `write`.

    Raises
    ------
    InputError
        No such file, or a damaged one, which is set aside: the same command makes it again. A file
        without a checksum is read as it is: earlier versions wrote none.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        held = pyarrow.parquet.read_table(path)
        table = held.to_pandas()
        known = (held.schema.metadata or {}).get(CHECKSUM)
        fault = None
        if known is not None and known != _digest(table):
            fault = "its content does not fit the checksum that it was written with"
    except FileNotFoundError as error:
        raise InputError(absent(path, "aggregate", "a Parquet file")) from error
    except Exception as error:  # whatever a damaged file makes of the library
        fault = f"it cannot be read: {' '.join(str(error).split())}"
    if fault:
        raise InputError(set_aside(path, fault, "aggregate", "a Parquet file"))
    return table


def _digest(table):
    """Return the SHA-256 of the columns' names and values, as bytes of hexadecimal digits."""
    digest = hashlib.sha256(repr(list(table.dtypes.astype(str).items())).encode())
    digest.update(pd.util.hash_pandas_object(table, index=False, categorize=False).to_numpy())
    return digest.hexdigest().encode()
