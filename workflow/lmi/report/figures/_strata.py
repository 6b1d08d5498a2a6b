"""MI of the strongest pairs beside what is left within strata."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmi.report.figures._axes import Z95, grid, pair_names
from lmi.report.figures._style import GREEN, LINE, MUTED, STYLE, VERMILLION, WIDTH, NothingToShow
from lmi.results.table import strongest


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
    axes.set_yticks(rows, pair_names(top))
    axes.set_ylim(len(top) - 0.4, -0.6)
    axes.set_xlabel("mutual information (bits), with 95 % interval")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    grid(axes)
    figure.legend(handles=handles, loc="outside upper right", ncols=2)
    return figure
