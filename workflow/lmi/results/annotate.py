"""Results beside the data that they came from: AnnData and MuData."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmi.base.errors import InputError
from lmi.base.messages import some

if TYPE_CHECKING:
    import anndata
    import mudata

MATRICES = ("mi_bits", "sd_bits", "q_value")


def annotated(
    run: Any, source: str | Path | anndata.AnnData, dataset: str, pairs: Sequence[tuple[str, str]]
) -> anndata.AnnData:
    """Return a copy of the data with the results of a dataset.

    - `obs["lmi <x> | <y>"]`: pointwise bits of each pair asked for, NaN for samples left out;
    - `obsm["lmi <x> | <y>: x"]` and `: y`: its embeddings;
    - `varm["lmi"]`: which features each variable was made of;
    - `uns["lmi"][<dataset>]`: `variables` and the square matrices `mi_bits`, `sd_bits`, `q_value`.

    A slash in a name becomes `-` in keys, which name places in HDF5 files.

    Raises
    ------
    InputError
        No such file; samples without names, or with others than the run has; unknown pairs.
    """
    import anndata as ad

    data = source.copy() if isinstance(source, ad.AnnData) else _read(source, ad.read_h5ad)
    _add(run, data, dataset, pairs)
    features = run.features(dataset)
    members = pd.DataFrame(
        {_key(name): data.var_names.isin(own) for name, own in features.items()},
        index=data.var_names,
    )
    if members.to_numpy().any():
        data.varm["lmi"] = members
    return data


def annotated_mudata(
    run: Any, source: str | Path | mudata.MuData, dataset: str, pairs: Sequence[tuple[str, str]]
) -> mudata.MuData:
    """Return a copy of a MuData object with the results of a dataset, as `annotated` has them."""
    try:
        import mudata as md
    except ImportError as error:
        raise InputError(
            "to_mudata: expected the package mudata, found none. Install it: pip install mudata"
        ) from error
    data = source.copy() if isinstance(source, md.MuData) else _read(source, md.read_h5mu)
    _add(run, data, dataset, pairs)
    return data


def strongest(run: Any, dataset: str, most: int) -> list[tuple[str, str]]:
    """Return the strongest significant pairs of a dataset, x and y of each.

    Parameters
    ----------
    run : Run
    dataset : str
    most : int
        Pairs at most.
    """
    table = run.table
    own = table[(table["dataset"] == dataset) & (table["lag"] == 0) & table["significant"]]
    rows = own.nlargest(most, "mi_bits")
    return list(zip(rows["x"], rows["y"], strict=True))


def _read(path: Any, read: Any) -> Any:
    if not isinstance(path, str | Path):
        raise InputError(
            f"source: expected a file or an annotated object, found {type(path).__name__}."
        )
    if not Path(path).is_file():
        raise InputError(f"source: expected a file at {path}, found none.")
    try:
        return read(path)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"source: {path}: expected a file that {read.__name__} reads, found: "
            f"{' '.join(str(error).split())}"
        ) from error


def _add(run: Any, data: Any, dataset: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Add what belongs to samples, and the matrices, to annotated data, in place."""
    samples = run.samples(dataset).index
    for names, where in ((samples, f"the dataset '{dataset}'"), (data.obs_names, "the source")):
        if not names.is_unique:
            twice = names[names.duplicated()].unique()
            raise InputError(
                f"source: expected each sample name once, found {some(twice, 3)} several times in "
                f"{where}. Make them unique (obs_names_make_unique) before the run"
            )
    rows = data.obs_names.get_indexer(samples)
    if (rows < 0).any():
        raise InputError(
            f"source: expected the samples of the dataset '{dataset}', found "
            f"{(rows < 0).sum()} of {len(rows)} of them missing, such as "
            f"{some(samples[rows < 0], 3)}; the source has {some(data.obs_names, 3)}. Give the "
            "data that the run was made from"
        )
    n = data.n_obs
    for x, y in pairs:
        key = f"lmi {_key(x)} | {_key(y)}"
        values = np.full(n, np.nan)
        values[rows] = run.pointwise(dataset, x, y)
        data.obs[key] = values
        for side, coordinates in run.embedding(dataset, x, y)._asdict().items():
            filled = np.full((n, coordinates.shape[1]), np.nan, np.float32)
            filled[rows] = coordinates
            data.obsm[f"{key}: {side}"] = filled
    found = copy.deepcopy(dict(data.uns.get("lmi", {})))
    found[_key(dataset)] = {
        "run": run.folder.name,
        "units": "bits",
        "variables": np.array(run.variables(dataset), dtype=object),
    } | {name: run.matrix(name, dataset).to_numpy() for name in MATRICES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        data.uns["lmi"] = found


def _key(name: str) -> str:
    """Return a name that may stand in a key of an HDF5 file."""
    return name.replace("/", "-")
