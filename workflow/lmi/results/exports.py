"""Results for other tools: square matrices and networks as files, all of them from the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lmi.base.files import replacing
from lmi.results.listing import MATRICES, TARGETS
from lmi.results.load import Run
from lmi.results.table import write_tsv


def write(run: Run, folder: str | Path, q: float) -> list[Path]:
    """Write the exports of all datasets of a run.

    - `<dataset>/mi_bits.tsv`, `q_value.tsv`: square matrices with the names of the variables, six
      significant digits, NaN where there is no value;
    - `<dataset>/matrices.npz`: both in full precision, and `variables`, for numpy;
    - `<dataset>/network.graphml`: variables, and the pairs with a q value up to `q`;
    - `<dataset>/network.tsv`: the same pairs as a list, with the verdicts on whether each is direct
      (`lmi.results.direct`), which the graph has as well;
    - `<dataset>/targets.tsv`: which variables tell of the target, of datasets with `select`.

    With lags, each pair is taken at the lag with the largest mi_bits.

    Parameters
    ----------
    run : Run
        From `lmi.load`.
    folder : str or Path
        A folder a dataset is made in it.
    q : float
        False discovery rate of the network.

    Returns
    -------
    list of Path
        The files.
    """
    return [path for dataset in run.datasets for path in _write(run, dataset, Path(folder), q)]


def _write(run: Run, dataset: str, folder: Path, q: float) -> Iterator[Path]:
    import networkx as nx

    target = folder / dataset
    square = {name: run.matrix(name, dataset) for name in MATRICES}
    for name, matrix in square.items():
        with replacing(target / f"{name}.tsv") as path:
            matrix.to_csv(path, sep="\t", na_rep="NaN", float_format="%.6g", lineterminator="\n")
        yield target / f"{name}.tsv"
    with replacing(target / "matrices.npz") as path:
        arrays = {name: matrix.to_numpy() for name, matrix in square.items()}
        np.savez_compressed(path, variables=np.array(run.variables(dataset), dtype=str), **arrays)
    yield target / "matrices.npz"
    with replacing(target / "network.graphml") as path:
        nx.write_graphml(run.network(q, dataset, untested="empty"), path)
    yield target / "network.graphml"
    write_tsv(run.edges(q, dataset), target / "network.tsv")
    yield target / "network.tsv"
    if (selected := run.targets(dataset)) is not None:
        write_tsv(selected, target / TARGETS)
        yield target / TARGETS
