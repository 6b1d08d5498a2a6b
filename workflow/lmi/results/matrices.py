"""From the table to square matrices and networks: no number is computed here a second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmi.base.errors import InputError
from lmi.base.messages import suggest
from lmi.results.columns import DECLARED
from lmi.results.table import peaks

if TYPE_CHECKING:
    import networkx

ONE_SIDED = ("dataset", "x", "y", "lag", "n_features_x", "n_features_y")
"""Columns that are not of the pair as a whole: they make no symmetric matrix."""
MIRRORED = {
    name: name.replace(here, there)
    for here, there in (("xy", "yx"), ("yx", "xy"))
    for name in (f"{here}_bits", f"sd_{here}_bits", f"p_{here}", f"q_{here}", f"{here}_lag")
}
"""Columns of a direction, and those of the other one: a row is the source, a column the target."""
TURNED = ("net_bits",)
"""Columns whose sign turns with the pair."""
TRANSFER_ATTRIBUTES = {
    "transfer_bits": "xy_bits",
    "sd_bits": "sd_xy_bits",
    "q_value": "q_xy",
    "lag": "xy_lag",
}
"""What an edge from x to y has -> its column."""


def square(
    table: pd.DataFrame, column: str, variables: Sequence[str], lag: int | None = None
) -> pd.DataFrame:
    """Return a column of the table as a square matrix with the names of the variables.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one dataset.
    column : str
        A column of pairs, such as mi_bits or q_value.
    variables : sequence of str
        Rows and columns, in this order.
    lag : int, optional
        None takes of each pair the lag with the largest mi_bits. At another lag than 0 the row is
        x, and the column y, `lag` samples later.

    Returns
    -------
    pandas.DataFrame
        NaN (text: None) on the diagonal and where the table has no such pair. Of transfer (xy_bits
        and such) the row is the source and the column the target, by yx_bits the other way round;
        of net_bits the sign is that of the row.

    Raises
    ------
    InputError
        No such column or lag.
    """
    symmetric = [one.name for one in DECLARED if one.name not in ONE_SIDED]
    if column not in symmetric:
        raise InputError(
            f"column: expected a column of pairs, found '{column}'{suggest(column, symmetric)}. "
            f"Columns: {', '.join(symmetric)}."
        )
    if lag is None:
        rows = peaks(table)
    else:
        rows = table[table["lag"].isin([lag, -lag])]
        if not len(rows):
            lags = sorted(table["lag"].unique())
            raise InputError(f"lag: expected one of {', '.join(map(str, lags))}, found {lag}.")
    place = {name: number for number, name in enumerate(variables)}
    x, y = (rows[side].map(place).to_numpy() for side in ("x", "y"))
    values = rows[column].to_numpy()
    kind = next(one.dtype for one in DECLARED if one.name == column)
    empty = (None, object) if kind == "str" else (np.nan, float)
    matrix = np.full((len(variables), len(variables)), *empty)
    if lag:
        # what is y later than x at a lag is x later than y at its negative
        forth = rows["lag"].to_numpy() == lag
        matrix[x[forth], y[forth]] = values[forth]
        matrix[y[~forth], x[~forth]] = values[~forth]
    else:
        back = rows[MIRRORED.get(column, column)].to_numpy()
        matrix[x, y], matrix[y, x] = values, -back if column in TURNED else back
    names = pd.Index(variables, name="variable")
    return pd.DataFrame(matrix, index=names, columns=names)


def network(edges: pd.DataFrame, variables: Sequence[str], **attributes: object) -> networkx.Graph:
    """Return the edges of a network as a graph.

    Parameters
    ----------
    edges : pandas.DataFrame
        From `lmi.results.direct.network`.
    variables : sequence of str
        The nodes; those without a significant pair are there too.
    **attributes
        Of the graph.

    Returns
    -------
    networkx.Graph
        Edges have the columns of `edges`; a value that is NaN, or a text that says nothing, is left
        out, for GraphML has no word for it.
    """
    import networkx as nx

    graph = nx.Graph(**attributes)
    graph.add_nodes_from(variables)
    names = [column for column in edges if column not in ("x", "y")]
    for row in edges[["x", "y", *names]].itertuples(index=False):
        x, y, *values = row
        said = zip(names, values, strict=True)
        graph.add_edge(x, y, **{name: one for name, one in said if one == one and one != ""})
    return graph


def transfer_network(
    table: pd.DataFrame, variables: Sequence[str], q: float, **attributes: object
) -> networkx.DiGraph:
    """Return the directions with a q value up to a level as a directed graph.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one dataset.
    variables : sequence of str
        The nodes.
    q : float
    **attributes
        Of the graph.

    Returns
    -------
    networkx.DiGraph
        Edges from source to target, with transfer_bits, sd_bits, q_value, lag.
    """
    import networkx as nx

    graph = nx.DiGraph(q=q, **attributes)
    graph.add_nodes_from(variables)
    for ends in (("x", "y"), ("y", "x")):
        columns = [MIRRORED[one] if ends[0] == "y" else one for one in TRANSFER_ATTRIBUTES.values()]
        rows = table[table[columns[2]] <= q]
        for source, target, *values in rows[[*ends, *columns]].itertuples(index=False):
            said = zip(TRANSFER_ATTRIBUTES, values, strict=True)
            graph.add_edge(source, target, **{name: one for name, one in said if one == one})
    return graph
