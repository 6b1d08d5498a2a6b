"""What the selected variables tell of a target: alone, beyond those before, beyond all others."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lmi.report.figures._axes import Z95, grid
from lmi.report.figures._style import (
    BLUE,
    GREEN,
    MUTED,
    STYLE,
    VERMILLION,
    WIDTH,
    NothingToShow,
)
from lmi.results.table import bits, printable

KINDS = (
    ("added", {"color": BLUE, "marker": "o", "markersize": 7}, "added to those above"),
    (
        "alone",
        {"color": VERMILLION, "marker": "D", "mfc": "white", "markersize": 6},
        "told alone",
    ),
    ("unique", {"color": GREEN, "marker": "s", "markersize": 4}, "unique: beyond all others"),
)
"""What is drawn: its column, its look, its name."""
COLUMNS = {
    "added": ("added_bits", "sd_added_bits"),
    "alone": ("mi_bits", "sd_bits"),
    "unique": ("unique_bits", "sd_unique_bits"),
}


@matplotlib.rc_context(STYLE)
def select(selected):
    """Draw what each selected variable tells of the target, in the order of selection.

    Parameters
    ----------
    selected : pandas.DataFrame or None
        The table of `targets.tsv` of one dataset.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no variable was selected.
    """
    if selected is None or not len(selected):
        raise NothingToShow("No variable tells anything significant of the target.")
    figure = Figure(figsize=(WIDTH, 1.3 + 0.42 * len(selected)), layout="constrained")
    axes = figure.add_subplot()
    rows, handles = np.arange(len(selected)), []
    for offset, (kind, style, label) in zip((-0.18, 0.0, 0.18), KINDS, strict=True):
        value, sd = COLUMNS[kind]
        axes.errorbar(
            selected[value],
            rows + offset,
            xerr=Z95 * np.nan_to_num(selected[sd].to_numpy()),
            linestyle="none",
            elinewidth=1.3,
            zorder=3,
            **style,
        )
        handles.append(Line2D([], [], label=label, linestyle="none", **style))
    axes.axvline(0, color=MUTED, linewidth=0.8)
    names = [
        f"{step}. {printable(name, 28)}"
        for step, name in zip(selected["step"], selected["variable"], strict=True)
    ]
    axes.set_yticks(rows, names)
    axes.set_ylim(len(selected) - 0.5, -0.5)
    total = bits(*selected[["total_bits", "sd_total_bits"]].iloc[-1])
    target = printable(selected["target"].iloc[0], 28)
    axes.set_xlabel(f"bits about {target}, with 95 % interval; together {total}")
    axes.tick_params(axis="y", length=0)
    grid(axes)
    figure.legend(handles=handles, loc="outside upper right", ncols=3)
    return figure
