"""Results for other tools: square matrices and networks as files, all of them from the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lmi.base.files import replacing
from lmi.results import origin
from lmi.results.columns import TARGETS
from lmi.results.listing import MATRICES
from lmi.results.load import Run
from lmi.results.table import write_tsv


def write(
    run: Run, folder: str | Path, q: float, asked: Mapping[str, Sequence[str]] | None = None
) -> list[Path]:
    """Write the exports of all datasets of a run.

    - `<dataset>/mi_bits.tsv`, `q_value.tsv`: square matrices with the names of the variables, six
      significant digits, NaN where there is no value;
    - `<dataset>/matrices.npz`: both in full precision, and `variables`, for numpy;
    - `<dataset>/network.graphml`: variables, and the pairs with a q value up to `q`;
    - `<dataset>/network.tsv`: the same pairs as a list, with the verdicts on whether each is direct
      (`lmi.results.direct`), which the graph has as well;
    - `<dataset>/targets.tsv`: which variables tell of the target, of a dataset that selects them;
    - `<dataset>/delta_bits.tsv`, `q_delta.tsv`: matrices of a dataset that compares groups;
    - `<dataset>/transfer_bits.tsv`, `q_transfer.tsv`, `transfer.graphml`: of one that asks for
      transfer; rows and tails of arrows are sources.

    With lags, each pair is taken at the lag with the largest mi_bits.

    Parameters
    ----------
    run : Run
        From `lmi.load`.
    folder : str or Path
        A folder a dataset is made in it.
    q : float
        False discovery rate of the networks.
    asked : mapping from str to sequence of str, optional
        Dataset -> which of compare and transfer it has in the config.

    Returns
    -------
    list of Path
        The files.
    """
    return [
        path
        for dataset in run.datasets
        for path in (
            *_write(run, dataset, Path(folder), q),
            *_write_asked(run, dataset, Path(folder), q, (asked or {}).get(dataset, ())),
        )
    ]


def _write(run: Run, dataset: str, folder: Path, q: float) -> Iterator[Path]:
    import networkx as nx

    target = folder / dataset
    square = {name: run.matrix(name, dataset) for name in MATRICES}
    for name, matrix in square.items():
        yield _write_matrix(matrix, target / f"{name}.tsv")
    with replacing(target / "matrices.npz") as path:
        arrays = {name: matrix.to_numpy() for name, matrix in square.items()}
        np.savez_compressed(path, variables=np.array(run.variables(dataset), dtype=str), **arrays)
    yield target / "matrices.npz"
    with replacing(target / "network.graphml") as path:
        nx.write_graphml(run.network(q, dataset, untested="empty"), path)
    yield target / "network.graphml"
    write_tsv(run.edges(q, dataset), target / "network.tsv")
    yield target / "network.tsv"


def _write_asked(
    run: Run, dataset: str, folder: Path, q: float, asked: Sequence[str]
) -> Iterator[Path]:
    """Write what is exported of differences between groups and of transfer."""
    import networkx as nx

    target = folder / dataset
    if "select" in asked:
        write_tsv(
            origin.frame([], TARGETS) if (own := run.targets(dataset)) is None else own,
            target / "targets.tsv",
        )
        yield target / "targets.tsv"
    if "compare" in asked:
        for name in ("delta_bits", "q_delta"):
            yield _write_matrix(run.matrix(name, dataset), target / f"{name}.tsv")
    if "transfer" in asked:
        for name, column in (("transfer_bits", "xy_bits"), ("q_transfer", "q_xy")):
            yield _write_matrix(run.matrix(column, dataset), target / f"{name}.tsv")
        with replacing(target / "transfer.graphml") as path:
            nx.write_graphml(run.transfer_network(q, dataset), path)
        yield target / "transfer.graphml"


def _write_matrix(matrix: pd.DataFrame, target: Path) -> Path:
    """Write a square matrix with the names of its variables; return where."""
    with replacing(target) as path:
        matrix.to_csv(path, sep="\t", na_rep="NaN", float_format="%.6g", lineterminator="\n")
    return target
