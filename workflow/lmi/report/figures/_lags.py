"""MI against lag."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmi.report.figures._axes import Z95, grid, pair_names
from lmi.report.figures._style import INK, MARKERS, MUTED, SERIES, STYLE, WIDTH, NothingToShow
from lmi.results.table import peaks, signed, strongest


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
    names = pair_names(top[["x", "y"]])
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
    grid(axes, "y")
    figure.legend(handles=handles, loc="outside right upper")
    return figure
