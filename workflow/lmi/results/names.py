"""Names in the files of a run: variables, samples, features, and which file has a pair.

Names are read without the checksum of the whole file, which may be large: what is found by them is
compared with the table before it is used.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from lmi.base.errors import InputError
from lmi.base.files import SCHEMA, reading, text

if TYPE_CHECKING:  # jobs that read no table do without it: half of their start
    import pandas as pd


@dataclass(frozen=True)
class Block:
    """What a block file says of names.

    Attributes
    ----------
    number : int
    variables : tuple of str
    features : dict of str to tuple of str
        Of each variable, those that were used.
    dropped : pandas.DataFrame
        variable, feature, reason.
    """

    number: int
    variables: tuple
    features: dict
    dropped: pd.DataFrame


def _open(path: Path) -> h5py.File:
    """Open a block for its names; a file that cannot be read is told as any other stage does."""
    try:
        file = h5py.File(path, "r")
        if file.attrs.get("schema") == SCHEMA:
            return file
        file.close()
    except OSError:
        pass
    with reading(path, "project"):  # says what is wrong
        pass
    return h5py.File(path, "r")


@functools.lru_cache(maxsize=65536)
def block(path: Path) -> Block:
    """Return the names in a block file.

    Raises
    ------
    InputError
        A damaged file, or one of another schema version.
    """
    import pandas as pd

    with _open(path) as file:
        variables = tuple(text(file["name"]))
        names = text(file["feature_name"])
        ends = np.cumsum(file["n_features"][()])[:-1]
        own = [tuple(part) for part in np.split(names, ends)]
        if not file.attrs["named_features"]:
            own = [
                tuple(feature.removeprefix(f"{variable}/") for feature in part)
                for variable, part in zip(variables, own, strict=True)
            ]
        dropped = pd.DataFrame(
            {
                "variable": [variables[row] for row in file["dropped_feature_variable"][()]],
                "feature": text(file["dropped_feature"]),
                "reason": text(file["dropped_feature_reason"]),
            },
            dtype=object,
        )
    number = int(path.stem.rpartition("-")[2])
    return Block(number, variables, dict(zip(variables, own, strict=True)), dropped)


def blocks(folder: Path) -> list[Block]:
    """Return the names of all blocks of a dataset, in order; the first has a name that is in two.

    Blocks with high numbers may be left over from a run with another block size.
    """
    return [block(path) for path in sorted((folder / "variables").glob("block-*.h5"))]


def samples(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the samples of a dataset, and those that were left out.

    Returns
    -------
    samples : pandas.DataFrame
        Index: name; columns: row (in the first source), fold, stratum (where there are strata).
    dropped : pandas.DataFrame
        sample, reason.
    """
    import pandas as pd

    paths = sorted((folder / "variables").glob("block-*.h5"))
    if not paths:
        raise InputError(
            f"{folder / 'variables'}: expected the files of the dataset's variables, found none. "
            "Run the same command again: they are made anew"
        )
    with reading(paths[0], "project") as file:
        columns = {"row": file["sample_row"][()], "fold": file["fold"][()]}
        if len(file["strata_names"]):
            columns["stratum"] = text(file["strata_names"])[file["strata"][()]]
        index = pd.Index(text(file["sample_name"]), name="sample", dtype=object)
        dropped = {
            "sample": text(file["dropped_sample"]),
            "reason": text(file["dropped_sample_reason"]),
        }
    return pd.DataFrame(columns, index=index), pd.DataFrame(dropped, dtype=object)
