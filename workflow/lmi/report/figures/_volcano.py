"""How sure against how strong: q values by MI."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmi.report.figures._axes import grid, is_wide, mi_axis, pair_names
from lmi.report.figures._style import INK, MARKERS, MUTED, SERIES, STYLE, WIDTH, NothingToShow
from lmi.results.table import printable, strongest

N_NAMED = 8
"""Pairs with a name in the volcano plot."""
COMPRESSED_ABOVE = 20
"""Evidence, in powers of ten, above which its axis is compressed."""


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
    wide = is_wide(mi)
    mi_axis(axes, min(mi.min() - margin, -0.02), mi.max() + margin, wide)
    top = max(height.max(), level)
    compressed = top > COMPRESSED_ABOVE
    if compressed:
        # certain pairs would press all others against the line of the level
        axes.set_yscale("asinh", linear_width=2)
        ticks = [tick for tick in (0, 2, 5, 10, 20, 50, 100, 300) if tick <= 1.2 * top]
        axes.set_yticks(ticks, [str(tick) for tick in ticks])
        axes.yaxis.minorticks_off()
    axes.set_ylim((-0.1 if compressed else -0.03 * top), (1.3 if compressed else 1.07) * top)
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
    scale = " (compressed scale)" if compressed else ""
    axes.set_ylabel(f"evidence: \N{MINUS SIGN}log₁₀ of the q value{scale}")
    _name_strongest(axes, tested.assign(height=height), controls)
    grid(axes, "both")
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
    named = tested[tested["significant"].to_numpy(bool) & ~tested["dataset"].isin(list(controls))]
    named = strongest(named, N_NAMED)
    # from the top right corner down, so that the lines do not cross
    named = named.sort_values(["height", "mi_bits"], ascending=False)
    names = pair_names(named[["x", "y"]], 17)
    for place, (row, name) in enumerate(zip(named.itertuples(), names, strict=True)):
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
