"""Figures of the benchmark, from a table: what the modules of `lmi.benchmarks.published` share."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from lmi.report.figures import INK, LINE, MARKERS, MUTED, SERIES, STYLE

FIXED = {
    "default": SERIES[0],
    "conservative": "#73b3dc",
    "closed_form": "#7fa3bd",
    "paper": SERIES[1],
    "paper_mine": "#e6915a",
    "paper_infonce": "#a34700",
    "latentmi": "#f3b68e",
}
"""Ours in blue, the published method in orange; others take the rest in their order."""


def styles(estimators):
    """Return colour and marker of each estimator: ours, the published method, others."""
    others = [name for name in estimators if name not in FIXED]
    colours = dict(FIXED)
    palette = (SERIES[2], SERIES[3], SERIES[4], "#56777f", "#b8860b", "#999999", INK)
    for i, name in enumerate(others):
        colours[name] = palette[i % len(palette)]
    return {
        name: {"color": colours[name], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(estimators)
    }


def _names(table):
    return list(dict.fromkeys(table["estimator"]))


def styled(draw):
    """Make a function draw in the style of the report."""

    def drawn(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            figure = draw(*arguments, **options)
            figure.canvas.draw()
            return figure

    drawn.__doc__, drawn.__name__ = draw.__doc__, draw.__name__
    return drawn


def panels(n, width=2.6, height=2.5, columns=4, **options):
    """Return a figure and its axes, as many as `n`, in rows of `columns`."""
    columns = min(n, columns)
    n_rows = -(-n // columns)
    figure = Figure(figsize=(width * columns + 0.6, height * n_rows + 0.4), layout="constrained")
    axes = figure.subplots(n_rows, columns, squeeze=False, **options).ravel()
    for place, extra in enumerate(axes[n:], n):
        extra.set_visible(False)
        # with shared axes only the lowest one has labels, and that is hidden
        axes[place - columns].tick_params(labelbottom=True)
    return figure, axes[:n]


def _titles(estimators):
    from lmi.benchmarks.estimators import ESTIMATORS

    return {n: getattr(ESTIMATORS.get(n), "TITLE", n.replace("_", " ")) for n in estimators}


def _diagonal(axes, table):
    values = table[["truth_bits", "mi_bits"]].to_numpy()
    low, high = min(0.0, np.nanmin(values)), max(0.1, np.nanmax(table["truth_bits"]))
    axes.plot([0, high], [0, high], color=MUTED, linewidth=0.8, zorder=0)
    return low, high


@styled
def scatter(table):
    """Draw estimate against truth, an axis an estimator."""
    names = _names(table)
    figure, all_axes = panels(len(names), sharex=True, sharey=True)
    look, titles = styles(names), _titles(names)
    # an estimate far outside says no more than that it is, and would squeeze the others
    top = 1.5 * max(0.2, table["truth_bits"].max())
    for axes, name in zip(all_axes, names, strict=True):
        part = table[table["estimator"] == name]
        _diagonal(axes, table)
        axes.plot(
            part["truth_bits"],
            part["mi_bits"].clip(-0.5 * top, top),
            linestyle="none",
            markersize=4,
            alpha=0.7,
            markeredgewidth=0,
            **look[name],
        )
        error = part["error_bits"].abs().mean()
        failed = int(part["mi_bits"].isna().sum())
        note = f"mean |error| {error:.3f}" if np.isfinite(error) else "no estimate"
        axes.set_title(titles[name], color=INK)
        axes.text(
            0.04,
            0.96,
            note + (f"\n{failed} failed" if failed else ""),
            transform=axes.transAxes,
            va="top",
            fontsize=8,
            color=MUTED,
        )
    figure.supxlabel("true MI (bits)", fontsize=9, color=INK)
    figure.supylabel("estimate (bits)", fontsize=9, color=INK)
    return figure


@styled
def grids(table, x, y, x_label, y_label):
    """Draw heat maps of the mean absolute error by two parameters, an axis an estimator."""
    names = _names(table)
    figure, all_axes = panels(len(names), width=2.7, height=2.3, sharex=True, sharey=True)
    columns, rows = sorted(table[x].unique()), sorted(table[y].unique())
    titles = _titles(names)
    top = max(0.2, np.nanquantile(table["error_bits"].abs(), 0.98))
    shades = matplotlib.colormaps["cividis"].with_extremes(bad="#f4f5f7")
    for axes, name in zip(all_axes, names, strict=True):
        part = table[table["estimator"] == name]
        mean = part.assign(a=part["error_bits"].abs()).pivot_table(
            index=y, columns=x, values="a", aggfunc="mean", dropna=False
        )
        mean = mean.reindex(index=rows, columns=columns)
        image = axes.imshow(
            mean.to_numpy(float), origin="lower", aspect="auto", cmap=shades, vmin=0, vmax=top
        )
        axes.set_title(f"{titles[name]}: {part['error_bits'].abs().mean():.3f}")
        shown = range(0, len(columns), max(1, len(columns) // 6))
        axes.set_xticks(shown, [f"{columns[i]:g}" for i in shown], rotation=45)
        axes.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    figure.supxlabel(x_label, fontsize=9, color=INK)
    figure.supylabel(y_label, fontsize=9, color=INK)
    bar = figure.colorbar(image, ax=list(all_axes), shrink=0.8, aspect=30)
    bar.set_label("mean |error| (bits)")
    bar.outline.set_edgecolor(LINE)
    return figure


@styled
def lines(table, x, x_label, panels_by=None, truth=False, diagonal=False, log=False):
    """Draw the mean estimate by a parameter, an axis a condition and a line an estimator.

    Parameters
    ----------
    table : pandas.DataFrame
    x : str
        Column of the horizontal axis.
    x_label : str
    panels_by : str, optional
        Column with a panel a value.
    truth, diagonal : bool
        Draw the truths as levels, or the line on which the estimate is the parameter.
    log : bool
        A logarithmic horizontal axis.
    """
    names, value = _names(table), "mi_bits"
    parts = [("", table)] if panels_by is None else list(table.groupby(panels_by, sort=False))
    figure, all_axes = panels(len(parts), width=2.9, height=2.8, columns=3, sharey=True)
    look, titles = styles(names), _titles(names)
    low, high = _limits(table)
    for axes, (label, part) in zip(all_axes, parts, strict=True):
        for name in names:
            own = part[(part["estimator"] == name) & np.isfinite(part[value].astype(float))]
            if own.empty:
                continue
            of = own.groupby(x)[value]
            middle = of.mean()
            axes.plot(
                middle.index,
                middle.clip(low, high),
                linewidth=1.3,
                markersize=4.5,
                markeredgewidth=0,
                label=titles[name],
                **look[name],
            )
            spread = of.std().fillna(0)
            if (spread > 0).any():
                axes.fill_between(
                    middle.index,
                    (middle - spread).clip(low, high),
                    (middle + spread).clip(low, high),
                    color=look[name]["color"],
                    alpha=0.1,
                    linewidth=0,
                )
        if truth:
            for level in np.unique(part["truth_bits"].round(4)):
                axes.axhline(level, color=MUTED, linewidth=0.8, linestyle="--", zorder=0)
        if diagonal:
            _diagonal(axes, table)
        axes.set_title(f"{panels_by.replace('_', ' ')}: {label}" if panels_by else "")
        if log:
            axes.set_xscale("log")
            values = sorted(part[x].unique())
            axes.set_xticks(values, [f"{value:g}" for value in values])
            axes.minorticks_off()
            axes.set_xlim(values[0] / 1.5, values[-1] * 1.5)
        axes.set_xlabel(x_label)
    all_axes[0].set_ylabel("estimate (bits)")
    _legend(figure, all_axes)
    return figure


def _limits(table):
    """Return limits that a few wild estimates do not stretch."""
    values = table["mi_bits"].dropna()
    top = max(0.2, float(table["truth_bits"].max()))
    return max(float(values.min()), -0.6 * top), min(float(values.max()), 1.6 * top)


def _legend(figure, all_axes):
    handles = {}
    for axes in all_axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside right upper",
        frameon=False,
        fontsize=8,
    )


@styled
def places(table):
    """Draw the estimates of each estimator at a place of its own, and the truth as a line."""
    names = _names(table)
    figure, (axes,) = panels(1, width=0.62 * len(names) + 1.6, height=2.8)
    low, high = _limits(table)
    look, titles = styles(names), _titles(names)
    for i, name in enumerate(names):
        values = table.loc[table["estimator"] == name, "mi_bits"].clip(low, high)
        axes.plot(np.full(len(values), i), values, linestyle="none", markersize=6, **look[name])
    for level in np.unique(table["truth_bits"].round(4)):
        axes.axhline(level, color=MUTED, linewidth=0.8, linestyle="--", zorder=0)
    axes.set_xticks(range(len(names)), [titles[name] for name in names], rotation=40, ha="right")
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel("estimate (bits)")
    return figure


@styled
def coloured(table, x, colour, x_label, colour_label):
    """Draw estimate against a column, coloured by another one."""
    figure, (axes,) = panels(1, width=4.2, height=3.0)
    points = axes.scatter(table[x], table["mi_bits"], c=table[colour], cmap="cividis", s=26)
    for level in np.unique(table["truth_bits"].round(4)):
        axes.axhline(level, color=MUTED, linewidth=0.8, linestyle="--", zorder=0)
    axes.set_xlabel(x_label)
    axes.set_ylabel("estimate (bits)")
    bar = figure.colorbar(points, ax=axes)
    bar.set_label(colour_label)
    bar.outline.set_edgecolor(LINE)
    return figure
