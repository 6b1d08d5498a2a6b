"""Training and validation loss."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmi.report.figures._axes import grid, pair_names
from lmi.report.figures._style import BLUE, MUTED, SERIES, STYLE, WIDTH, NothingToShow
from lmi.results.table import DASH, printable


@matplotlib.rc_context(STYLE)
def training(step, train, validation, top):
    """Draw training and validation loss by step: all pairs, and the strongest ones.

    Parameters
    ----------
    step : ndarray, shape (n_points,)
        Training steps.
    train, validation : ndarray, shape (n_pairs, n_points)
        Loss of a pair, mean over its models; NaN where there is none.
    top : sequence of dict
        Strongest pairs: ``x``, ``y``, ``train``, ``validation`` (n_points,).

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NothingToShow
        When no pair was trained.
    """
    train, validation = np.atleast_2d(train), np.atleast_2d(validation)
    trained = np.isfinite(train).any(axis=1) | np.isfinite(validation).any(axis=1)
    if not trained.any():
        raise NothingToShow("No training took place: the embeddings need none with these settings.")
    train, validation = train[trained], validation[trained]
    top = [curve for curve in top if np.isfinite([*curve["train"], *curve["validation"]]).any()]
    top = top[: len(SERIES)]
    single = len(train) == 1
    alone = single or not top
    size = (WIDTH * 0.62, 2.75) if alone else (WIDTH, 3.3)
    figure = Figure(figsize=size, layout="constrained")
    all_axes = figure.subplots(1, 1 if alone else 2, sharey=True, squeeze=False)[0]
    axes = all_axes[0]
    for name, curves, colour, style in (
        ("training", train, MUTED, "--"),
        ("validation", validation, BLUE, "-"),
    ):
        seen = np.isfinite(curves).any(axis=0)
        if not seen.any():
            continue
        low, middle, high = np.nanquantile(curves[:, seen], [0.1, 0.5, 0.9], axis=0)
        if not single:
            axes.fill_between(step[seen], low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(step[seen], middle, style, color=colour, linewidth=1.6, label=name)
    axes.legend(loc="best")
    if single:
        title = pair_names(pd.DataFrame(top), 24)[0] if top else "The one trained pair"
    else:
        title = f"{len(train):,} trained pairs: median and 10{DASH}90 % band"
    axes.set_title(title, loc="left", fontsize=8.5)
    axes.set_ylabel("loss (dimensionless)")
    if not alone:
        for curve, colour in zip(top, SERIES, strict=False):
            name = f"{printable(curve['x'], 17)} {DASH} {printable(curve['y'], 17)}"
            all_axes[1].plot(step, curve["train"], "--", color=colour, linewidth=0.9, alpha=0.75)
            all_axes[1].plot(step, curve["validation"], color=colour, linewidth=1.4, label=name)
        names = all_axes[1].get_legend_handles_labels()
        figure.legend(*names, loc="outside lower right", ncols=2, fontsize=7)
        all_axes[1].set_title(
            "Strongest pairs: validation solid, training dashed", loc="left", fontsize=8.5
        )
    for axes in all_axes:
        axes.set_xlabel("training step")
        axes.set_xlim(float(np.nanmin(step)), float(np.nanmax(step)))
        grid(axes, "both")
    return figure
