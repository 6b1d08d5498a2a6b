"""Estimate against truth."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lmi.report.figures._axes import Z95
from lmi.report.figures._style import BLUE, FAINT, MUTED, STYLE, VERMILLION, NothingToShow


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
        When the truth is with_truth for no pair.
    """
    with_truth = table[np.isfinite(table["truth_bits"]) & np.isfinite(table["mi_bits"])]
    if not len(with_truth):
        raise NothingToShow("This run has no pair whose true mutual information is known.")
    figure = Figure(figsize=(4.9, 4.3), layout="compressed")
    axes = figure.add_subplot()
    values = with_truth[["truth_bits", "mi_bits", "mi_ksg_bits"]].to_numpy()
    reach = Z95 * np.nan_to_num(with_truth[["sd_bits", "sd_ksg_bits"]].to_numpy()).max()
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
            with_truth["truth_bits"] + shift,
            with_truth[mi],
            yerr=Z95 * np.nan_to_num(with_truth[sd].to_numpy()),
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
