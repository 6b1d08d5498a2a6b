"""Distribution of MI over the pairs of every dataset."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d

from lmi.report.figures._axes import LINEAR, grid, is_wide, mi_axis
from lmi.report.figures._style import BLUE, MUTED, STYLE, WIDTH, NothingToShow
from lmi.results.table import printable


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
    wide = is_wide(everything)

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
    mi_axis(axes, positions[0], positions[-1], wide)
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
    grid(axes)
    return figure
