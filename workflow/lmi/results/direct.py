"""Direct edges of a network: by the data processing inequality, and by conditional information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lmi.results.columns import ASKED, NETWORK
from lmi.results.origin import columns, fitting
from lmi.results.table import peaks

TOLERANCE_SD = 1.0
"""Standard errors by which the weakest side of a triangle must be weaker than the others."""
ROWS = 4096
"""Edges compared at a time."""
YES, NO, OPEN, NOT_ASKED = "yes", "no", "open", ""
"""Whether an edge is direct by conditional information. Open: some third variables were not asked,
or have no value, and those that were leave it direct. Nothing: it was not to be asked."""


@dataclass(frozen=True)
class Question:
    """An edge, and the third variables that may explain it.

    Attributes
    ----------
    x, y : str
    thirds : tuple of str
        Those that may explain most of it come first.
    """

    x: str
    y: str
    thirds: tuple[str, ...]


def _triangles(edges):
    """Yield rows of the edges and, by name, how much each third variable tells of both ends.

    Yields
    ------
    rows : slice
    names : array of str, shape (n_variables,)
    weaker : array, shape (n_rows, n_variables)
        The smaller of I(X;Z) and I(Z;Y), bits; -inf where x, y and z make no triangle.
    variance : array, shape (n_rows, n_variables)
        The larger of their squared errors.
    """
    names = np.array(sorted({*edges["x"], *edges["y"]}), dtype=object)
    place = {name: number for number, name in enumerate(names)}
    x, y = (edges[side].map(place).to_numpy(np.intp) for side in ("x", "y"))
    bits, noise = np.full((2, len(names), len(names)), -np.inf)
    bits[x, y] = bits[y, x] = edges["mi_bits"].to_numpy(float)
    noise[x, y] = noise[y, x] = np.nan_to_num(edges["sd_bits"].to_numpy(float)) ** 2
    for first in range(0, len(edges), ROWS):
        rows = slice(first, first + ROWS)
        weaker = np.minimum(bits[x[rows]], bits[y[rows]])
        yield rows, names, weaker, np.maximum(noise[x[rows]], noise[y[rows]])


def pruned(edges: pd.DataFrame, tolerance_sd: float = TOLERANCE_SD) -> pd.DataFrame:
    """Return which edges are direct, and through which variable the others run.

    Where x and y depend on each other through z alone, I(X;Y) is at most I(X;Z) and at most I(Z;Y).
    An edge that is the weakest of a triangle of edges, by more than the tolerance, is taken to run
    through the third variable (Margolin et al. 2006). A direct edge can look so too, where both
    ways lead from x to y; and a path that leaves the network is not seen.

    Parameters
    ----------
    edges : pandas.DataFrame
        A row a pair, each once: x, y, mi_bits and sd_bits. All of them are compared as they are: an
        edge that is itself indirect can open a triangle.
    tolerance_sd : float
        In standard errors of the difference; without an error bar it counts as zero.

    Returns
    -------
    pandas.DataFrame
        Rows and index of `edges`: direct_dpi (bool); via_dpi (str), the variable that tells most of
        both, empty for a direct edge; n_thirds (int), the triangles that the edge is a side of.

    References
    ----------
    A. A. Margolin et al., ARACNE: an algorithm for the reconstruction of gene regulatory networks,
    BMC Bioinformatics 7 (Suppl. 1), S7 (2006).
    """
    mi = edges["mi_bits"].to_numpy(float)
    variance = np.nan_to_num(edges["sd_bits"].to_numpy(float)) ** 2
    direct, via = np.ones(len(mi), bool), np.full(len(mi), "", dtype=object)
    n_thirds = np.zeros(len(mi), int)
    for rows, names, weaker, noise in _triangles(edges):
        is_triangle = np.isfinite(weaker)
        n_thirds[rows] = is_triangle.sum(axis=1)
        spread = np.sqrt(np.where(is_triangle, noise + variance[rows, None], 0.0))
        weaker[~(weaker - mi[rows, None] > tolerance_sd * spread)] = -np.inf
        third = weaker.argmax(axis=1)
        opened = np.isfinite(weaker[np.arange(len(weaker)), third])
        direct[rows] = ~opened
        via[rows] = np.where(opened, names[third], "")
    columns = {"direct_dpi": direct, "via_dpi": via, "n_thirds": n_thirds}
    return pd.DataFrame(columns, index=edges.index)


def questions(edges: pd.DataFrame, most: int) -> list[Question]:
    """Return which third variables each edge is to be asked about.

    What z can take off I(X;Y) is at most I(X;Z) and at most I(Z;Y), so those with the largest
    weaker side come first. Where there are more triangles than may be asked, every edge gets its
    first one, then every edge its second one, and so on.

    Parameters
    ----------
    edges : pandas.DataFrame
        As of `pruned`; those that come first are served first.
    most : int
        Triangles.
    """
    n_thirds = pruned(edges)["n_thirds"].to_numpy()
    each = _shares(n_thirds, most)
    found = []
    ends = list(zip(edges["x"], edges["y"], strict=True))
    for rows, names, weaker, _ in _triangles(edges):
        for row, own in enumerate(weaker, rows.start):
            # equal ones in the order of their names
            order = np.argsort(-own, kind="stable")[: each[row]]
            found.append(Question(*ends[row], tuple(names[order])))
    return found


def _shares(n_thirds, most):
    """Return how many thirds each edge is asked about: as even as may be, `most` in all."""
    low, high = 0, int(n_thirds.max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if np.minimum(n_thirds, middle).sum() <= most else (low, middle - 1)
        )
    each = np.minimum(n_thirds, low)
    more = np.flatnonzero(n_thirds > low)[: max(most - each.sum(), 0)]
    each[more] += 1
    return each


def read(paths: Sequence[str | Path], rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return what was asked of the triangles of a dataset: the columns `ASKED`.

    Parameters
    ----------
    paths : sequence of str or Path
        `direct/part-*.h5`, in order. Those of a share that the first one is not of are left out:
        an earlier config with more jobs has left them.
    rows : pandas.DataFrame
        All rows of the dataset in the table.

    Returns
    -------
    pandas.DataFrame or None
        None where nothing was asked of these rows.
    """
    frames, n_parts = [], None
    for file in fitting(paths, "direct", rows):
        n_parts = file.attrs["n_parts"] if n_parts is None else n_parts
        if file.attrs["n_parts"] == n_parts:
            frames.append(columns(file, ASKED))
    return pd.concat(frames, ignore_index=True) if frames else None


def of_dataset(folder: Path, rows: pd.DataFrame, q: float) -> pd.DataFrame:
    """Return the edges of a dataset of a run with both verdicts on each.

    Parameters
    ----------
    folder : Path
        `results/<run>/<dataset>`.
    rows : pandas.DataFrame
        All rows of the dataset in the table.
    q : float
        The largest q value of an edge.

    Returns
    -------
    pandas.DataFrame
        The columns of `network.tsv`.
    """
    strongest = peaks(rows)
    asked = read(sorted((folder / "direct").glob("part-*.h5")), rows)
    return network(strongest[strongest["q_value"] <= q], asked)


def network(rows: pd.DataFrame, asked: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the edges of a network with both verdicts on each.

    An edge is direct by conditional information where x and y share something given each of the
    third variables alone: its p value is the largest of theirs, which tests that none of them
    explains it (intersection-union). A path through two variables at once is not seen.

    Parameters
    ----------
    rows : pandas.DataFrame
        Significant pairs of one dataset, a row each, from the table.
    asked : pandas.DataFrame, optional
        From `read`, if conditional information was asked for.

    Returns
    -------
    pandas.DataFrame
        The columns `NETWORK`.
    """
    edges = rows.join(pruned(rows)).reset_index(drop=True)
    edges["direct_conditional"] = NOT_ASKED
    for column in NETWORK:
        if column.name not in edges:
            edges[column.name] = column.default
    if asked is not None:
        _judge(edges, asked)
    return edges[[column.name for column in NETWORK]].astype(
        {column.name: column.dtype for column in NETWORK}
    )


def _judge(edges, asked):
    """Write what conditional information says of the edges."""
    by_edge = {ends: part for ends, part in asked.groupby(["x", "y"], sort=False)}
    said = {"cmi_bits": "cmi_bits", "sd_cmi_bits": "sd_cmi_bits", "via_conditional": "z"}
    said |= {"flag_conditional": "flag", "reason_conditional": "reason"}
    ends = list(zip(edges["x"], edges["y"], strict=True))
    for rows, names, weaker, _ in _triangles(edges):
        for row, own in enumerate(weaker, rows.start):
            its = by_edge.get(ends[row], asked.iloc[:0])
            valued = its[np.isfinite(its["p_conditional"]) & (its["flag"] != "fail")]
            edges.at[row, "n_asked"] = len(valued)
            # of a network with another q than was asked about the triangles are others
            is_complete = set(names[np.isfinite(own)]) <= set(valued["z"])
            explained = valued[valued["explains"]]
            verdict = NO if len(explained) else YES if is_complete else OPEN
            edges.at[row, "direct_conditional"] = verdict
            if not len(valued):
                continue
            weakest = (explained if len(explained) else valued).sort_values("cmi_bits").iloc[0]
            edges.at[row, "p_direct"] = valued["p_conditional"].max()
            for column, name in said.items():
                edges.at[row, column] = weakest[name]
