"""First latent coordinates of the strongest pairs."""

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure

from lmi.report.figures._style import BLUE, LINE, STYLE, VERMILLION, NothingToShow
from lmi.results.table import bits, printable, signed

POINTWISE_COLOURS = LinearSegmentedColormap.from_list(
    "pointwise", ["#8a3a00", VERMILLION, "#f0b58a", "#e9ebee", "#8dbfe0", BLUE, "#003f66"]
)


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
