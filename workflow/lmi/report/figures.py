"""Figures of a run: small functions from a table or arrays to a matplotlib figure."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import pdist, squareform

from lmi.base.files import replacing
from lmi.results.table import DASH, MINUS, bits, peaks, printable, signed, strongest

# Okabe and Ito's colours, told apart with any kind of colour vision and in grey
BLUE, VERMILLION, GREEN, ORANGE, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#AA4499"
SERIES = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, MUTED, LINE, FAINT = "#1d232b", "#66707c", "#d5dae0", "#eef1f4"
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
POINTWISE_COLOURS = LinearSegmentedColormap.from_list(
    "pointwise", ["#8a3a00", VERMILLION, "#f0b58a", "#e9ebee", "#8dbfe0", BLUE, "#003f66"]
)

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "hatch.linewidth": 0.5,
    "text.parse_math": False,  # a name may hold a dollar sign
    "svg.hashsalt": "lmi",  # the same figure gives the same bytes
    "svg.fonttype": "path",
}

MAX_LABELS = 60
WIDTH = 7.6
LINEAR = 0.1
"""Bits below which a compressed axis of MI is linear."""
N_NAMED = 8
"""Pairs with a name in the volcano plot."""
Z95 = 1.96


class NothingToShow(Exception):
    """There is nothing to draw; the message says why, in words for the report."""


@matplotlib.rc_context(STYLE)
def save(figure, stem):
    """Save a figure as ``stem.png`` and ``stem.svg``.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : pathlib.Path
        Path without suffix.

    Returns
    -------
    tuple of Path
        The PNG and the SVG file.
    """
    paths = stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".svg")
    for path in paths:
        metadata = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
        with replacing(path) as name:
            figure.savefig(name, dpi=170, metadata=metadata, bbox_inches="tight", pad_inches=0.06)
    return paths


@matplotlib.rc_context(STYLE)
def note(message):
    """Return a small figure that holds a sentence: what stands where nothing can be drawn."""
    figure = Figure(figsize=(WIDTH, 1.1))
    figure.text(0.5, 0.5, message, ha="center", va="center", color=MUTED, wrap=True)
    return figure


def _grid(axes, axis="x"):
    axes.grid(axis=axis, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def _pair_names(table, width=22):
    lags = table["lag"] if "lag" in table and table["lag"].any() else [None] * len(table)
    return [
        f"{printable(x, width)} {DASH} {printable(y, width)}"
        + ("" if lag is None else f", lag {signed(lag)}")
        for x, y, lag in zip(table.x, table.y, lags, strict=True)
    ]


# ---- heat map -----------------------------------------------------------------------------------


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
    values, asked = values[np.ix_(row_order, column_order)], asked[np.ix_(row_order, column_order)]
    rows, columns = [rows[i] for i in row_order], [columns[i] for i in column_order]
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
        mesh, ax=axes, shrink=0.62, aspect=22, pad=0.02, extend="max" if clipped else "neither"
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


# ---- strongest pairs ----------------------------------------------------------------------------


@matplotlib.rc_context(STYLE)
def top_pairs(table, n=10):
    """Draw the strongest pairs of a dataset: both MI values with 95 % intervals.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of one dataset.
    n : int
        How many pairs.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no pair has a value.
    """
    top = strongest(table, n)
    if not len(top):
        raise NothingToShow("No pair has an estimate that can be shown.")
    figure = Figure(figsize=(WIDTH, 1.15 + 0.34 * len(top)), layout="constrained")
    axes = figure.add_subplot()
    rows = np.arange(len(top))
    for values, sd, offset, style in (
        (
            top.mi_ksg_bits,
            top.sd_ksg_bits,
            0.14,
            {"color": VERMILLION, "marker": "D", "mfc": "white"},
        ),
        (top.mi_bits, top.sd_bits, -0.14, {"color": BLUE, "marker": "o"}),
    ):
        axes.errorbar(
            values,
            rows + offset,
            xerr=Z95 * np.nan_to_num(sd.to_numpy()),
            linestyle="none",
            markersize=5.5 if style["marker"] == "o" else 4.2,
            elinewidth=1.3,
            zorder=3,
            **style,
        )
    known = np.isfinite(top.truth_bits.to_numpy())
    if known.any():
        axes.plot(
            top.truth_bits[known],
            rows[known],
            "|",
            color=INK,
            markersize=16,
            markeredgewidth=1.6,
            zorder=4,
        )
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, _pair_names(top))
    axes.set_ylim(len(top) - 0.4, -0.6)
    low = np.nanmin(
        [
            top.mi_bits - Z95 * top.sd_bits.fillna(0),
            top.mi_ksg_bits - Z95 * top.sd_ksg_bits.fillna(0),
        ]
    )
    axes.set_xlim(left=None if low < 0 else 0)
    axes.set_xlabel("mutual information (bits), with 95 % interval")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _grid(axes)
    for row, flag in zip(rows, top.flag, strict=True):
        if flag != "ok":
            axes.text(
                1.005,
                row,
                flag,
                transform=axes.get_yaxis_transform(),
                color="#a34700",
                va="center",
                size=7.5,
            )
    handles = [
        Line2D([], [], color=BLUE, marker="o", markersize=5.5, label="MI (headline)"),
        Line2D(
            [],
            [],
            color=VERMILLION,
            marker="D",
            mfc="white",
            markersize=4.2,
            label="uncorrected KSG",
        ),
    ]
    if known.any():
        handles.append(
            Line2D(
                [],
                [],
                color=INK,
                marker="|",
                ls="none",
                markersize=9,
                markeredgewidth=1.6,
                label="truth",
            )
        )
    figure.legend(handles=handles, loc="outside upper right", ncols=3)
    return figure


# ---- lags and strata ---------------------------------------------------------------------------


@matplotlib.rc_context(STYLE)
def lags(table):
    """Draw MI against lag for the strongest pairs of a dataset, the peak of each marked.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one dataset at all lags.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When there are fewer than two lags, or no pair has a value.
    """
    at = np.unique(table["lag"])
    if len(at) < 2:
        raise NothingToShow("A curve over lags needs at least two lags.")
    top = strongest(peaks(table), len(SERIES))
    if not len(top):
        raise NothingToShow("No pair has an estimate that can be shown.")
    figure = Figure(figsize=(WIDTH, 3.5), layout="constrained")
    axes = figure.add_subplot()
    names = _pair_names(top[["x", "y"]])
    # side by side, so that one pair's interval does not hide another's
    aside = 0.06 * np.diff(at).min() * (np.arange(len(top)) - (len(top) - 1) / 2)
    handles = []
    for peak, shift, colour, marker, name in zip(
        top.itertuples(), aside, SERIES, MARKERS, names, strict=False
    ):
        curve = table[(table["x"] == peak.x) & (table["y"] == peak.y)].sort_values("lag")
        axes.errorbar(
            curve["lag"] + shift,
            curve["mi_bits"],
            yerr=Z95 * np.nan_to_num(curve["sd_bits"].to_numpy()),
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1.2,
            elinewidth=1,
        )
        axes.plot(peak.lag + shift, peak.mi_bits, "o", mfc="none", mec=INK, markersize=10, zorder=4)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=name))
    handles.append(
        Line2D([], [], ls="none", marker="o", mfc="none", mec=INK, markersize=9, label="peak")
    )
    axes.axhline(0, color=MUTED, linewidth=0.8, zorder=0)
    if len(at) <= 21:
        axes.set_xticks(at, [signed(int(lag)) for lag in at])
    axes.set_xlabel("lag (samples); right of 0, y is later than x")
    axes.set_ylabel("mutual information (bits),\nwith 95 % interval")
    _grid(axes, "y")
    figure.legend(handles=handles, loc="outside right upper")
    return figure


@matplotlib.rc_context(STYLE)
def strata(table, n=10):
    """Draw the MI of the strongest pairs beside what is left of it within strata.

    Both are uncorrected KSG on the same embedding, so that only the strata differ.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of one dataset.
    n : int
        How many pairs.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no pair has a value within strata.
    """
    top = strongest(table[np.isfinite(table["mi_within_bits"])], n)
    if not len(top):
        raise NothingToShow(
            "No pair has an estimate within strata: no stratum has enough samples, or none has a "
            "name."
        )
    figure = Figure(figsize=(WIDTH, 1.15 + 0.3 * len(top)), layout="constrained")
    axes = figure.add_subplot()
    rows = np.arange(len(top))
    axes.hlines(rows, top["mi_within_bits"], top["mi_ksg_bits"], color=LINE, linewidth=3)
    handles = []
    for value, sd, style, label in (
        (
            "mi_ksg_bits",
            "sd_ksg_bits",
            {"color": VERMILLION, "marker": "D", "mfc": "white", "markersize": 7},
            "all samples (uncorrected KSG)",
        ),
        (
            "mi_within_bits",
            "sd_within_bits",
            {"color": GREEN, "marker": "s", "markersize": 4},
            "within strata, mean",
        ),
    ):
        axes.errorbar(
            top[value],
            rows,
            xerr=Z95 * np.nan_to_num(top[sd].to_numpy()),
            linestyle="none",
            elinewidth=1.3,
            zorder=3,
            **style,
        )
        handles.append(Line2D([], [], label=label, linestyle="none", **style))
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, _pair_names(top))
    axes.set_ylim(len(top) - 0.4, -0.6)
    axes.set_xlabel("mutual information (bits), with 95 % interval")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _grid(axes)
    figure.legend(handles=handles, loc="outside upper right", ncols=2)
    return figure


# ---- embeddings ---------------------------------------------------------------------------------


@matplotlib.rc_context(STYLE)
def embeddings(panels):
    """Draw the first latent coordinates of pairs, coloured by pointwise MI.

    Parameters
    ----------
    panels : sequence of dict
        One a pair: ``x``, ``y`` (names), ``mi_bits``, ``sd_bits``, ``scatter`` (n_points, 2) and
        ``pointwise`` (n_points,), bits.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When there is no panel.
    """
    if not panels:
        raise NothingToShow(
            "No embedding was kept: set `keep: {pointwise: true}` in the config to see them."
        )
    n_columns = min(5, len(panels))
    n_rows = -(-len(panels) // n_columns)
    size = 1.42 if n_columns > 2 else 2.6
    figure = Figure(
        figsize=(n_columns * (size + 0.15) + 0.9, n_rows * (size + 0.4)), layout="compressed"
    )
    all_axes = figure.subplots(n_rows, n_columns, squeeze=False)
    values = np.concatenate([np.asarray(panel["pointwise"], float) for panel in panels])
    values = np.abs(values[np.isfinite(values)])
    limit = max(float(np.quantile(values, 0.98)) if values.size else 0.0, 0.1)
    norm = TwoSlopeNorm(0, -limit, limit)
    dots = None
    for axes, panel in zip(all_axes.flat, panels, strict=False):
        scatter, pointwise = (
            np.asarray(panel["scatter"], float),
            np.asarray(panel["pointwise"], float),
        )
        missing = ~np.isfinite(pointwise)
        axes.scatter(*scatter[missing].T, s=3, color=LINE, linewidths=0, rasterized=True)
        # the largest values last, so that no corner of the plot hides them
        order = np.argsort(np.abs(np.where(missing, -1, pointwise)))[missing.sum() :]
        dots = axes.scatter(
            *scatter[order].T,
            c=pointwise[order],
            s=float(np.clip(3000 / max(len(order), 1), 1.5, 7)),
            cmap=POINTWISE_COLOURS,
            norm=norm,
            linewidths=0,
            rasterized=True,
        )
        _robust_limits(axes, scatter)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(True)
        axes.spines[:].set_color(LINE)
        axes.set_xlabel(printable(panel["x"], 20), fontsize=7, labelpad=2)
        later = f", lag {signed(panel['lag'])}" if panel.get("lag") else ""
        axes.set_ylabel(printable(panel["y"], 20) + later, fontsize=7, labelpad=2)
        axes.set_title(f"{bits(panel['mi_bits'], panel['sd_bits'])} bits", fontsize=7, pad=3)
        axes.set_box_aspect(1)
    for axes in all_axes.flat[len(panels) :]:
        axes.set_visible(False)
    bar = figure.colorbar(
        dots, ax=all_axes, extend="both", shrink=0.8 if n_rows > 1 else 0.9, aspect=26, pad=0.015
    )
    bar.set_label("pointwise MI (bits)")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)
    return figure


def _robust_limits(axes, scatter):
    """Frame the middle 99 % with a margin: a single outlier must not squash the rest."""
    finite = scatter[np.isfinite(scatter).all(axis=1)]
    if len(finite):
        low, high = np.quantile(finite, [0.005, 0.995], axis=0)
        margin = 0.12 * np.where(high > low, high - low, 1)
        axes.set(
            xlim=(low[0] - margin[0], high[0] + margin[0]),
            ylim=(low[1] - margin[1], high[1] + margin[1]),
        )


# ---- training -----------------------------------------------------------------------------------


@matplotlib.rc_context(STYLE)
def training(step, train, validation, top):
    """Draw training and validation loss by step: all pairs, and the strongest ones.

    Parameters
    ----------
    step : ndarray, shape (n_points,)
        Training steps.
    train, validation : ndarray, shape (n_pairs, n_points)
        Loss of a pair, mean over its models; NaN where there is none.
    top : sequence of dict
        Strongest pairs: ``x``, ``y``, ``train``, ``validation`` (n_points,).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no pair was trained.
    """
    train, validation = np.atleast_2d(train), np.atleast_2d(validation)
    trained = np.isfinite(train).any(axis=1) | np.isfinite(validation).any(axis=1)
    if not trained.any():
        raise NothingToShow("No training took place: the embeddings need none with these settings.")
    train, validation = train[trained], validation[trained]
    top = [curve for curve in top if np.isfinite([*curve["train"], *curve["validation"]]).any()]
    top = top[: len(SERIES)]
    single = len(train) == 1
    alone = single or not top
    size = (WIDTH * 0.62, 2.75) if alone else (WIDTH, 3.3)
    figure = Figure(figsize=size, layout="constrained")
    all_axes = figure.subplots(1, 1 if alone else 2, sharey=True, squeeze=False)[0]
    axes = all_axes[0]
    for name, curves, colour, style in (
        ("training", train, MUTED, "--"),
        ("validation", validation, BLUE, "-"),
    ):
        seen = np.isfinite(curves).any(axis=0)
        if not seen.any():
            continue
        low, middle, high = np.nanquantile(curves[:, seen], [0.1, 0.5, 0.9], axis=0)
        if not single:
            axes.fill_between(step[seen], low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(step[seen], middle, style, color=colour, linewidth=1.6, label=name)
    axes.legend(loc="best")
    if single:
        title = _pair_names(pd.DataFrame(top), 24)[0] if top else "The one trained pair"
    else:
        title = f"{len(train):,} trained pairs: median and 10{DASH}90 % band"
    axes.set_title(title, loc="left", fontsize=8.5)
    axes.set_ylabel("loss (dimensionless)")
    if not alone:
        for curve, colour in zip(top, SERIES, strict=False):
            name = f"{printable(curve['x'], 17)} {DASH} {printable(curve['y'], 17)}"
            all_axes[1].plot(step, curve["train"], "--", color=colour, linewidth=0.9, alpha=0.75)
            all_axes[1].plot(step, curve["validation"], color=colour, linewidth=1.4, label=name)
        names = all_axes[1].get_legend_handles_labels()
        figure.legend(*names, loc="outside lower right", ncols=2, fontsize=7)
        all_axes[1].set_title(
            "Strongest pairs: validation solid, training dashed", loc="left", fontsize=8.5
        )
    for axes in all_axes:
        axes.set_xlabel("training step")
        axes.set_xlim(float(np.nanmin(step)), float(np.nanmax(step)))
        _grid(axes, "both")
    return figure


# ---- whole run: truth, distribution, volcano ----------------------------------------------------


def _is_wide(values):
    """Return whether weak and strong values need a compressed axis to be seen together."""
    return values.max() > 8 * max(np.median(values), 0.05)


def _mi_axis(axes, low, high, wide):
    """Set up the axis of MI: linear, or linear near zero and logarithmic beyond."""
    if wide:
        axes.set_xscale("asinh", linear_width=LINEAR)
        marks = np.array([-1, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5, 10])
        marks = marks[(marks > low) & (marks < high)]
        axes.set_xticks(marks, [f"{mark:g}".replace("-", MINUS) for mark in marks])
        axes.xaxis.minorticks_off()
    axes.set_xlim(low, high)
    axes.set_xlabel("mutual information of a pair (bits" + (", compressed scale)" if wide else ")"))


@matplotlib.rc_context(STYLE)
def truth(table):
    """Draw estimate against truth, with the identity line and a band of ±0.1 bits.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of all datasets; those with `truth_bits` are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When the truth is known for no pair.
    """
    known = table[np.isfinite(table["truth_bits"]) & np.isfinite(table["mi_bits"])]
    if not len(known):
        raise NothingToShow("This run has no pair whose true mutual information is known.")
    figure = Figure(figsize=(4.9, 4.3), layout="compressed")
    axes = figure.add_subplot()
    values = known[["truth_bits", "mi_bits", "mi_ksg_bits"]].to_numpy()
    reach = Z95 * np.nan_to_num(known[["sd_bits", "sd_ksg_bits"]].to_numpy()).max()
    low = min(0.0, float(np.nanmin(values) - reach))
    high = max(float(np.nanmax(values) + reach), 0.2)
    ends = np.array([low - 0.04 * (high - low), high + 0.08 * (high - low)])
    axes.fill_between(ends, ends - 0.1, ends + 0.1, color=FAINT, linewidth=0)
    axes.plot(ends, ends, color=MUTED, linewidth=0.9)
    aside = 0.006 * (ends[1] - ends[0])  # so that one interval does not hide the other
    for mi, sd, shift, style, label in (
        (
            "mi_ksg_bits",
            "sd_ksg_bits",
            aside,
            {"color": VERMILLION, "marker": "D", "mfc": "white", "markersize": 4.5},
            "uncorrected KSG",
        ),
        (
            "mi_bits",
            "sd_bits",
            -aside,
            {"color": BLUE, "marker": "o", "markersize": 5.5},
            "MI (headline)",
        ),
    ):
        axes.errorbar(
            known["truth_bits"] + shift,
            known[mi],
            yerr=Z95 * np.nan_to_num(known[sd].to_numpy()),
            linestyle="none",
            elinewidth=1.2,
            label=label,
            **style,
        )
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set_xlabel("true mutual information (bits)")
    axes.set_ylabel("estimate (bits), with 95 % interval")
    handles, labels = axes.get_legend_handles_labels()
    handles = [*handles[::-1], Line2D([], [], color=MUTED), Patch(color=FAINT)]
    axes.legend(handles, [*labels[::-1], "estimate = truth", "within 0.1 bits"], loc="upper left")
    return figure


@matplotlib.rc_context(STYLE)
def distribution(table, controls=()):
    """Draw the distribution of MI over the pairs of every dataset, negative controls in grey.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of all datasets.
    controls : collection of str
        Names of the datasets that are negative controls.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no pair has a value.
    """
    groups = [
        (name, part["mi_bits"].to_numpy()[np.isfinite(part["mi_bits"])])
        for name, part in table.groupby("dataset", sort=False)
    ]
    groups = [(name, values) for name, values in groups if len(values)]
    if not groups:
        raise NothingToShow("No pair has an estimate, hence no distribution.")
    everything = np.concatenate([values for _, values in groups])
    wide = _is_wide(everything)

    def shown(values):
        return LINEAR * np.arcsinh(values / LINEAR) if wide else values

    figure = Figure(figsize=(WIDTH, 0.95 + 0.78 * len(groups)), layout="constrained")
    axes = figure.add_subplot()
    span = np.ptp(shown(everything)) or 1.0
    edges = np.linspace(
        shown(everything).min() - 0.1 * span, shown(everything).max() + 0.1 * span, 401
    )
    middles = (edges[1:] + edges[:-1]) / 2
    positions = LINEAR * np.sinh(middles / LINEAR) if wide else middles
    rng = np.random.default_rng(0)
    for row, (name, values) in enumerate(groups):
        colour = MUTED if name in controls else BLUE
        if len(values) >= 8:
            spread = np.clip(np.std(shown(values)) * len(values) ** -0.2, 0.006 * span, 0.04 * span)
            counts = np.histogram(shown(values), edges)[0].astype(float)
            density = gaussian_filter1d(counts, spread / (edges[1] - edges[0]), mode="constant")
            density *= 0.52 / density.max()
            seen = density > 0.004
            axes.fill_between(
                positions, row - density, row, where=seen, color=colour, alpha=0.22, linewidth=0
            )
            axes.plot(np.where(seen, positions, np.nan), row - density, color=colour, linewidth=1)
        dots = values if len(values) <= 3000 else rng.choice(values, 3000, replace=False)
        jitter = rng.uniform(0.06, 0.22, len(dots)) if len(dots) > 1 else np.zeros(1)
        axes.scatter(
            dots,
            row + jitter,
            s=18 if len(dots) == 1 else 5,
            color=colour,
            alpha=1 if len(dots) == 1 else 0.55,
            linewidths=0,
            rasterized=len(dots) > 300,
        )
        if len(values) >= 4:
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            axes.plot(
                [low, high], [row + 0.3] * 2, color=colour, linewidth=2.4, solid_capstyle="butt"
            )
            axes.plot(middle, row + 0.3, "o", color="white", mec=colour, markersize=4.5, mew=1.3)
    _mi_axis(axes, positions[0], positions[-1], wide)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    names = [
        f"{printable(name, 26)}\n{len(values):,} {'pair' if len(values) == 1 else 'pairs'}"
        + (", control" if name in controls else "")
        for name, values in groups
    ]
    axes.set_yticks(np.arange(len(groups)), names)
    axes.set_ylim(len(groups) - 0.5, -0.72)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _grid(axes)
    return figure


@matplotlib.rc_context(STYLE)
def volcano(table, fdr=0.05, controls=()):
    """Draw how sure against how strong: -log10 of the q value by MI, a dot a pair.

    Parameters
    ----------
    table : pandas.DataFrame
        Pairs of all datasets.
    fdr : float
        Level of the false discovery rate, drawn as a line.
    controls : collection of str
        Names of the datasets that are negative controls.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When fewer than three pairs have a q value.
    """
    tested = table[np.isfinite(table["q_value"]) & np.isfinite(table["mi_bits"])]
    if not len(tested):
        raise NothingToShow(
            "No pair has a p value: set `estimate.permutations.max` above 0 in the config to test "
            "the pairs."
        )
    if len(tested) < 3:
        raise NothingToShow(
            "A plot of q values needs at least three pairs; the table has those of this run."
        )
    mi = tested["mi_bits"].to_numpy()
    height = -np.log10(np.clip(tested["q_value"].to_numpy(), 1e-300, 1))
    level = -np.log10(fdr)
    dataset, sure = tested["dataset"].to_numpy(), tested["significant"].to_numpy(bool)
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.add_subplot()
    margin = 0.06 * (np.ptp(mi) or 1.0)
    wide = _is_wide(mi)
    _mi_axis(axes, min(mi.min() - margin, -0.02), mi.max() + margin, wide)
    top = max(height.max(), level)
    axes.set_ylim(-0.03 * top, 1.07 * top)
    handles = []
    names = list(dict.fromkeys(dataset))
    coloured = [name for name in names if name not in controls]
    for name in names:
        number = coloured.index(name) if name in coloured else None
        colour = MUTED if number is None else SERIES[number % len(SERIES)]
        marker = "x" if number is None else MARKERS[number % len(MARKERS)]
        rows = dataset == name
        for chosen, alpha in ((rows & ~sure, 0.3), (rows & sure, 0.85)):
            axes.scatter(
                mi[chosen],
                height[chosen],
                s=20 if rows.sum() <= 1000 else 8,
                color=colour,
                marker=marker,
                alpha=1 if number is None else alpha,
                linewidths=0.9 if number is None else 0,
                # controls above the rest: one that is significant must not be hidden
                zorder=3 if number is None else 2,
                clip_on=False,
                rasterized=rows.sum() > 300,
            )
        share = f"{(rows & sure).sum():,} of {rows.sum():,}"
        label = f"{printable(name, 24)}: {share}" + (", control" if number is None else "")
        handles.append(
            Line2D([], [], ls="none", color=colour, marker=marker, markersize=5, label=label)
        )
    axes.axhline(level, color=INK, linewidth=0.9, linestyle="--", zorder=1)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    axes.annotate(
        f"q = {fdr:g}",
        (0, level),
        (4, 2),
        ha="left",
        va="bottom",
        size=7.5,
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
    )
    axes.set_ylabel("evidence: \N{MINUS SIGN}log₁₀ of the q value")
    _name_strongest(axes, tested.assign(height=height), controls)
    _grid(axes, "both")
    figure.legend(
        handles=handles[:14],
        loc="outside upper left",
        ncols=2 if len(handles) < 5 else 3,
        title="significant pairs of those tested",
        title_fontsize=8,
        alignment="left",
        handletextpad=0.2,
    )
    return figure


def _name_strongest(axes, tested, controls):
    """Write the names of the strongest significant pairs beside the axes, with lines to them."""
    found = tested[tested["significant"].to_numpy(bool) & ~tested["dataset"].isin(list(controls))]
    found = strongest(found, N_NAMED)
    # from the top right corner down, so that the lines do not cross
    found = found.sort_values(["height", "mi_bits"], ascending=False)
    names = _pair_names(found[["x", "y"]], 17)
    for place, (row, name) in enumerate(zip(found.itertuples(), names, strict=True)):
        axes.annotate(
            name,
            (row.mi_bits, row.height),
            (1.03, 0.97 - 0.07 * place),
            textcoords="axes fraction",
            va="center",
            size=7,
            arrowprops={
                "arrowstyle": "-",
                "color": MUTED,
                "linewidth": 0.5,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
        )
