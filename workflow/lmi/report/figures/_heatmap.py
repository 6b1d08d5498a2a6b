"""All pairs of a dataset as a clustered heat map."""

from typing import NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from lmi.report.figures._style import LINE, MUTED, STYLE, VERMILLION, NothingToShow
from lmi.results.table import printable

FAILED, HATCH = "#dfe3e8", "#98a2ad"

# Centre at 0: a step below zero weighs as much as one above it
MI_COLOURS = LinearSegmentedColormap.from_list(
    "mi",
    [
        (0.0, "#7a3300"),
        (0.17, VERMILLION),
        (0.36, "#f3b68e"),
        (0.5, "#f7f8f9"),
        (0.6, "#c3dcee"),
        (0.7, "#73b3dc"),
        (0.8, "#2b82bd"),
        (0.9, "#0b5394"),
        (1.0, "#082a54"),
    ],
    N=1024,
).with_extremes(bad="none")

MAX_LABELS = 60
BAR_GAP = 0.1
"""Inches between the map and its colour bar."""


def coefficient(mi_bits):
    """Return the information coefficient of correlation, sqrt(1 - 2^(-2 MI)), in [0, 1].

    It is the absolute correlation of two Gaussians with that MI (Linfoot 1957), which makes a
    bounded similarity of MI. Negative estimates and NaN count as 0.
    """
    return np.sqrt(1 - 2.0 ** (-2 * np.clip(np.nan_to_num(mi_bits), 0, None)))


def matrix(table):
    """Spread the pairs of one dataset over a matrix.

    Variables that appear on both sides make a symmetric matrix of all variables; otherwise the
    rows are the x and the columns the y variables.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of one dataset: columns x, y, mi_bits.

    Returns
    -------
    values : ndarray, shape (n_rows, n_columns)
        MI in bits; NaN for pairs that failed or were not asked for.
    asked : ndarray of bool, shape (n_rows, n_columns)
        Whether the pair is in the table.
    rows, columns : list of str
    symmetric : bool
    """
    rows, columns = list(dict.fromkeys(table["x"])), list(dict.fromkeys(table["y"]))
    symmetric = not set(rows).isdisjoint(columns)
    if symmetric:
        rows = columns = list(dict.fromkeys([*rows, *columns]))
    values = np.full((len(rows), len(columns)), np.nan)
    asked = np.zeros(values.shape, dtype=bool)
    i = pd.Index(rows).get_indexer(table["x"])
    j = pd.Index(columns).get_indexer(table["y"])
    values[i, j], asked[i, j] = table["mi_bits"], True
    if symmetric:
        values[j, i], asked[j, i] = table["mi_bits"], True
    return values, asked, rows, columns, symmetric


def cluster(values, symmetric):
    """Order rows and columns so that similar ones are neighbours.

    Average linkage with optimal leaf ordering (skipped beyond 500, where it gets slow). In a
    symmetric matrix the distance is 1 - `coefficient`; in a rectangular one it is the Euclidean
    distance of the profiles.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        MI in bits, NaN where unknown.
    symmetric : bool

    Returns
    -------
    row_order, column_order : ndarray of int
    tree : ndarray or None
        Linkage of the rows of a symmetric matrix.
    """

    def tree_of(distances, n):
        return linkage(distances, method="average", optimal_ordering=n <= 500)

    similarity = coefficient(values)
    if symmetric:
        distance = 1 - (similarity + similarity.T) / 2
        np.fill_diagonal(distance, 0)
        tree = tree_of(squareform(distance, checks=False), len(values))
        order = leaves_list(tree)
        return order, order, tree
    orders = [
        leaves_list(tree_of(pdist(profile), len(profile)))
        if len(profile) > 2
        else np.arange(len(profile))
        for profile in (similarity, similarity.T)
    ]
    return orders[0], orders[1], None


class Grid(NamedTuple):
    """The pairs of a dataset as a matrix whose similar rows and columns are neighbours.

    Attributes
    ----------
    values, asked, rows, columns, symmetric
        As `matrix` returns them, in the new order.
    tree : array or None
        Linkage of the rows of a symmetric matrix.
    """

    values: np.ndarray
    asked: np.ndarray
    rows: list
    columns: list
    symmetric: bool
    tree: np.ndarray | None


def clustered(table):
    """Return the `Grid` of the pairs of a dataset.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of one dataset.

    Raises
    ------
    NothingToShow
        When there are too few pairs, they do not fill a grid, or none has a value.
    """
    if len(table) < 3:
        raise NothingToShow("A heat map needs at least three pairs.")
    if not np.isfinite(table["mi_bits"]).any():
        raise NothingToShow("No pair has an estimate, hence no heat map.")
    values, asked, rows, columns, symmetric = matrix(table)
    off_diagonal = asked.size - len(rows) if symmetric else asked.size
    if asked.sum() < 0.25 * off_diagonal:
        raise NothingToShow(
            f"The {len(table):,} pairs are a list rather than a grid of variables, hence no heat "
            "map: the other figures and the table show them."
        )
    row_order, column_order, tree = cluster(values, symmetric)
    chosen = np.ix_(row_order, column_order)
    rows, columns = [rows[i] for i in row_order], [columns[i] for i in column_order]
    return Grid(values[chosen], asked[chosen], rows, columns, symmetric, tree)


@matplotlib.rc_context(STYLE)
def heatmap(table):
    """Draw the MI of all pairs of a dataset as a clustered heat map.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of one dataset.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When there are too few pairs, they do not fill a grid, or none has a value.
    """
    values, asked, rows, columns, symmetric, tree = clustered(table)
    n_rows, n_columns = values.shape
    labelled = max(n_rows, n_columns) <= MAX_LABELS

    side = float(np.clip(0.3 * max(n_rows, n_columns), 3.6, 6.4 if n_rows <= 30 else 8.2))
    cell = side / max(n_rows, n_columns)
    width = max(n_columns * cell, 2.2) + (2.9 if labelled else 1.6)
    height = max(n_rows * cell, 2.2) + (1.9 if labelled else 1.1)
    figure = Figure(figsize=(width, height), layout="compressed")
    axes = figure.add_subplot()
    finite = values[np.isfinite(values)]
    reach = max(float(np.abs(finite).max()), 0.01)
    cut = float(np.quantile(np.abs(finite), 0.995))
    clipped = finite.size > 200 and reach > 2 * cut > 0
    norm = Normalize(-cut, cut) if clipped else Normalize(-reach, reach)
    edge = {"edgecolor": "white", "linewidth": 0.6} if max(n_rows, n_columns) <= 40 else {}
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(values), cmap=MI_COLOURS, norm=norm, rasterized=not labelled, **edge
    )
    failed = np.argwhere(asked & ~np.isfinite(values))
    if len(failed):
        many = len(failed) > 2000  # hatching would take long and be too fine to see
        axes.add_collection(
            PatchCollection(
                [Rectangle((j, i), 1, 1) for i, j in failed],
                facecolor=FAILED,
                edgecolor="none" if many else HATCH,
                linewidth=0,
                hatch=None if many else "//////",
                rasterized=many,
            )
        )
    if symmetric:
        diagonal = [[(i, i), (i + 1, i + 1)] for i in range(n_rows) if not asked[i, i]]
        axes.add_collection(LineCollection(diagonal, color=LINE, linewidth=0.8))
    axes.set(xlim=(0, n_columns), ylim=(n_rows, 0), aspect="equal")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if labelled:
        size = float(np.clip(cell * 72 * 0.62, 4.5, 8))
        names = [printable(name, 26) for name in columns]
        axes.set_xticks(np.arange(n_columns) + 0.5, names, rotation=90, fontsize=size)
        axes.set_yticks(
            np.arange(n_rows) + 0.5, [printable(name, 26) for name in rows], fontsize=size
        )
    else:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{n_columns:,} variables, names left out")
        axes.set_ylabel(f"{n_rows:,} variables, names left out")
    if tree is not None:
        _draw_tree(axes.inset_axes([0, 1.01, 1, 0.1]), tree, n_rows)
    bar = figure.colorbar(
        mesh,
        ax=axes,
        shrink=0.62,
        aspect=22,
        pad=BAR_GAP / (n_columns * cell),
        extend="max" if clipped else "neither",
    )
    bar.set_label("mutual information (bits)")
    bar.ax.set_ylim(max(min(float(finite.min()), 0.0), norm.vmin), norm.vmax)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)
    if len(failed):
        hatch = None if len(failed) > 2000 else "//////"
        key = Patch(
            facecolor=FAILED, edgecolor=HATCH, linewidth=0, hatch=hatch, label="no estimate"
        )
        bar.ax.legend(
            handles=[key],
            loc="upper left",
            bbox_to_anchor=(-0.7, -0.06),
            handlelength=1.2,
            borderpad=0,
        )
    return figure


def _draw_tree(axes, tree, n):
    drawn = dendrogram(tree, no_plot=True)
    # scipy puts leaf i at 5 + 10 i
    lines = [
        np.column_stack([np.array(x) / 10, y])
        for x, y in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    ]
    axes.add_collection(LineCollection(lines, color=MUTED, linewidth=0.7))
    axes.set(xlim=(0, n), ylim=(0, 1.02 * tree[:, 2].max() or 1))
    axes.axis("off")
