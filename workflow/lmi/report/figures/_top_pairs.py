"""The strongest pairs of a dataset."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmi.report.figures._axes import Z95, grid, pair_names
from lmi.report.figures._style import BLUE, INK, MUTED, STYLE, VERMILLION, WIDTH, NothingToShow
from lmi.results.table import strongest


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
    has_truth = np.isfinite(top.truth_bits.to_numpy())
    if has_truth.any():
        axes.plot(
            top.truth_bits[has_truth],
            rows[has_truth],
            "|",
            color=INK,
            markersize=16,
            markeredgewidth=1.6,
            zorder=4,
        )
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(rows, pair_names(top))
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
    grid(axes)
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
    if has_truth.any():
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
