"""The look of the figures, and how they are saved."""

import matplotlib
from matplotlib.figure import Figure

from lmi.base.files import replacing

# Okabe and Ito's colours, told apart with any kind of colour vision and in grey
BLUE, VERMILLION, GREEN, ORANGE, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#AA4499"
SERIES = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, MUTED, LINE, FAINT = "#1d232b", "#66707c", "#d5dae0", "#eef1f4"

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

WIDTH = 7.6


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
