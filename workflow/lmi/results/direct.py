"""Direct edges of a network: triangles are opened by the data processing inequality."""

from __future__ import annotations

import numpy as np
import pandas as pd

TOLERANCE_SD = 1.0
"""Standard errors by which the weakest side of a triangle must be weaker than the others."""
ROWS = 4096
"""Edges compared at a time."""


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
        Rows and index of `edges`: direct (bool), and via (str), the variable that tells most of
        both, empty for a direct edge.

    References
    ----------
    A. A. Margolin et al., ARACNE: an algorithm for the reconstruction of gene regulatory networks,
    BMC Bioinformatics 7 (Suppl. 1), S7 (2006).
    """
    names = np.array(sorted({*edges["x"], *edges["y"]}), dtype=object)
    place = {name: number for number, name in enumerate(names)}
    x, y = (edges[side].map(place).to_numpy(np.intp) for side in ("x", "y"))
    mi = edges["mi_bits"].to_numpy(float)
    variance = np.nan_to_num(edges["sd_bits"].to_numpy(float)) ** 2
    bits, noise = np.full((2, len(names), len(names)), -np.inf)
    bits[x, y] = bits[y, x] = mi
    noise[x, y] = noise[y, x] = variance
    direct, via = np.ones(len(mi), bool), np.full(len(mi), "", dtype=object)
    for first in range(0, len(mi), ROWS):
        rows = slice(first, first + ROWS)
        weaker = np.minimum(bits[x[rows]], bits[y[rows]])
        is_triangle = np.isfinite(weaker)
        more = np.maximum(noise[x[rows]], noise[y[rows]])
        spread = np.sqrt(np.where(is_triangle, more + variance[rows, None], 0.0))
        weaker[~(weaker - mi[rows, None] > tolerance_sd * spread)] = -np.inf
        third = weaker.argmax(axis=1) if len(names) else np.zeros(0, int)
        opened = np.isfinite(weaker[np.arange(len(weaker)), third])
        direct[rows] = ~opened
        via[rows] = np.where(opened, names[third], "")
    return pd.DataFrame({"direct": direct, "via": via}, index=edges.index)
