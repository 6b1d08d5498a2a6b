"""What several figures share: grid, names of pairs, axis of MI."""

import numpy as np

from lmi.report.figures._style import FAINT
from lmi.results.table import DASH, MINUS, printable, signed

LINEAR = 0.1
"""Bits below which a compressed axis of MI is linear."""
Z95 = 1.96


def grid(axes, axis="x"):
    """Draw a faint grid behind the data."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def pair_names(table, width=22):
    """Return the names of the pairs of a table, with their lags where there are any."""
    lags = table["lag"] if "lag" in table and table["lag"].any() else [None] * len(table)
    return [
        f"{printable(x, width)} {DASH} {printable(y, width)}"
        + ("" if lag is None else f", lag {signed(lag)}")
        for x, y, lag in zip(table.x, table.y, lags, strict=True)
    ]


def is_wide(values):
    """Return whether weak and strong values need a compressed axis to be seen together."""
    return values.max() > 8 * max(np.median(values), 0.05)


def mi_axis(axes, low, high, wide):
    """Set up the axis of MI: linear, or linear near zero and logarithmic beyond."""
    if wide:
        axes.set_xscale("asinh", linear_width=LINEAR)
        marks = np.array([-1, -0.5, -0.2, -0.1, 0, 0.1, 0.2, 0.5, 1, 2, 5, 10])
        marks = marks[(marks > low) & (marks < high)]
        axes.set_xticks(marks, [f"{mark:g}".replace("-", MINUS) for mark in marks])
        axes.xaxis.minorticks_off()
    axes.set_xlim(low, high)
    axes.set_xlabel("mutual information of a pair (bits" + (", compressed scale)" if wide else ")"))
