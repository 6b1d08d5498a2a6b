"""Significant pairs as a network: communities, hubs, and where to draw each variable."""

import networkx
import numpy as np
import pandas as pd

MAX_PLACED = 1500
"""Variables beyond which those of the strongest pairs alone get a place."""
MAX_EDGES = 20_000
"""Pairs that decide on communities and places."""


def network(part):
    """Return communities, hub scores and places of the variables of a dataset.

    The edges are the significant pairs, or where no pair was tested those more than two standard
    deviations above zero, each with its MI as weight.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of one dataset, a row a pair, the strongest first.

    Returns
    -------
    pandas.DataFrame
        By name of the variable: community (1 is the largest; 0 without any edge), degree, hub
        (sum of the MI of its edges, bits), place_x and place_y (NaN where it has none).
    """
    names = list(dict.fromkeys([*part["x"], *part["y"]]))
    edges = part[_is_edge(part)]
    strongest = edges.head(MAX_EDGES)
    graph = networkx.Graph()
    graph.add_nodes_from(names)
    graph.add_weighted_edges_from(
        zip(strongest["x"], strongest["y"], strongest["mi_bits"], strict=True)
    )
    ends = pd.concat(
        [edges[[side, "mi_bits"]].rename(columns={side: "name"}) for side in ("x", "y")]
    )
    by_name = ends.groupby("name")["mi_bits"]
    nodes = pd.DataFrame(index=names)
    nodes["community"] = pd.Series(_communities(graph), dtype=int).reindex(names, fill_value=0)
    nodes["degree"] = by_name.size().reindex(names, fill_value=0)
    nodes["hub"] = by_name.sum().reindex(names, fill_value=0.0)
    places = _places(graph)
    nodes[["place_x", "place_y"]] = [places.get(name, (np.nan, np.nan)) for name in names]
    return nodes


def _is_edge(part):
    """Return which pairs are edges; a variable is no neighbour of its own."""
    good = np.isfinite(part["mi_bits"]) & (part["mi_bits"] > 0) & (part["flag"] != "fail")
    good &= part["x"] != part["y"]
    if part["q_value"].notna().any():
        return good & part["significant"]
    return good & (part["mi_bits"] > 2 * part["sd_bits"])


def _communities(graph):
    """Return the number of each variable's community, by size; lone variables have none."""
    groups = networkx.community.louvain_communities(graph, weight="weight", seed=0)
    groups = sorted(
        (sorted(one) for one in groups if len(one) > 1), key=lambda one: (-len(one), one)
    )
    return {name: number for number, one in enumerate(groups, 1) for name in one}


def _places(graph):
    """Return where each variable stands: springs between neighbours, lone ones on a ring."""
    linked = [name for name, degree in graph.degree() if degree]
    if len(linked) > MAX_PLACED:
        by_weight = dict(graph.degree(weight="weight"))
        linked = sorted(linked, key=lambda name: -by_weight[name])[:MAX_PLACED]
    places = {}
    if linked:
        spread = 2.5 / np.sqrt(len(linked))
        places = networkx.spring_layout(
            graph.subgraph(linked), k=spread, weight="weight", seed=0, iterations=60
        )
    alone = [name for name, degree in graph.degree() if not degree][:MAX_PLACED]
    for number, name in enumerate(alone):
        angle = 2 * np.pi * number / len(alone)
        places[name] = 1.25 * np.array([np.cos(angle), np.sin(angle)])
    return places
