"""What the figures on real data share: which file there is, and how estimates are drawn."""

import os

import numpy as np

from lmi.benchmarks.real_data import catalogue

STANDIN = "stand-in"


def resources(*names):
    """Return the prepared files of these names, real ones and stand-ins."""
    return tuple(catalogue.path(name, standin) for name in names for standin in (False, True))


def at_hand(name, scale):
    """Return the path of a prepared file, and what it holds: real data or the stand-in.

    full takes the real data, and downloads them; smoke takes the stand-in; quick takes the real
    data where they have been prepared (`snakemake --cores all real_data`), else the stand-in.
    """
    real = catalogue.path(name)
    if scale == "full" or (scale == "quick" and os.path.exists(real)):
        return real, "real"
    return catalogue.path(name, standin=True), STANDIN


def draw_estimates(table, column, labels, published):
    """Draw the estimates of every comparison, real pairs and shuffled ones, an axis a comparison.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the benchmark with `data`, `independent` and `column`.
    column : str
        What is compared.
    labels : dict of str to str
        Values of `column`, in order, and their titles.
    published : dict of str to dict
        Value of `column` -> published name of an estimator -> bits, drawn beside real data.
    """
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.styled(_draw)(table, column, labels, published)


def _draw(table, column, labels, published):
    from lmi.benchmarks import figures as benchmark_figures
    from lmi.benchmarks.estimators import ESTIMATORS

    names = list(dict.fromkeys(table["estimator"]))
    shown = [value for value in labels if (table[column] == value).any()]
    figure, all_axes = benchmark_figures.panels(len(shown), width=3.2, height=3.0, sharey=True)
    look = benchmark_figures.styles(names)
    for axes, value in zip(all_axes, shown, strict=True):
        here = table[table[column] == value]
        data = here["data"].iloc[0]
        for i, name in enumerate(names):
            mine = here[here["estimator"] == name]
            for shuffled, shift in ((False, -0.15), (True, 0.15)):
                bits = mine.loc[mine["independent"] == shuffled, "mi_bits"].to_numpy()
                style = look[name] | ({"markerfacecolor": "none"} if shuffled else {})
                place = np.full(len(bits), i + shift)
                axes.plot(place, bits, linestyle="none", markersize=5, **style)
            theirs = published.get(value, {}).get(getattr(ESTIMATORS.get(name), "PUBLISHED", ""))
            if data == "real" and theirs is not None:
                axes.plot([i - 0.4, i + 0.4], [theirs, theirs], color="0.3", linewidth=1)
        truth = here.loc[~here["independent"], "truth_bits"].dropna()
        if len(truth):
            axes.axhline(truth.iloc[0], color="0.3", linewidth=0.8, linestyle="--")
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.set_title(labels[value] + (f" ({STANDIN})" if data == STANDIN else ""))
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    all_axes[0].set_ylabel("estimate (bits)")
    figure.supxlabel(
        "filled: pairs as they are; open: shuffled; dashed: planted; line: published", fontsize=8
    )
    return figure
