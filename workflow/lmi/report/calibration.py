"""The target calibrate: the tables of all datasets in one, their summary and its figure."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lmi.base.errors import InputError
from lmi.base.files import replacing
from lmi.report import figures
from lmi.results.calibration import ALPHA, POWER, in_words, summarise


def figure(summary):
    """Draw power and estimate against the planted bits, a colour a dataset.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `lmi.results.calibration.summarise`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    markers = "osD^v"
    with matplotlib.rc_context(figures.STYLE):
        drawn = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
        left, right = drawn.subplots(1, 2)
        levels = np.unique(summary["truth_bits"])
        positive = levels[levels > 0]
        # Linear near zero, logarithmic beyond: each level has its place
        width = float(positive[0]) if len(positive) else 0.02
        for level, style in ((0.5, ":"), (POWER, "--")):
            left.axhline(level, color=figures.MUTED, linewidth=0.8, linestyle=style)
        ends = np.array([0.0, max(levels.max(), width)])
        right.plot(ends, ends, color=figures.MUTED, linewidth=0.9, label="estimate = truth")
        groups = list(summary.groupby("dataset", sort=False))
        for i, (dataset, part) in enumerate(groups):
            look = {
                "color": figures.SERIES[i % len(figures.SERIES)],
                "marker": markers[(i + i // len(markers)) % len(markers)],
                "markersize": 4,
                "linewidth": 1.2,
                "elinewidth": 0.9,
                "label": figures.printable(dataset, 26),
            }
            bits, power = part["truth_bits"].to_numpy(), part["power"].to_numpy()
            # side by side, so that no interval hides another
            aside = (i - (len(groups) - 1) / 2) * 0.05
            placed = width * np.sinh(np.arcsinh(bits / width) + aside)
            errors = power - part["power_low"].to_numpy(), part["power_high"].to_numpy() - power
            # an end of an exact interval may miss the share itself by rounding
            left.errorbar(placed, power, yerr=np.clip(errors, 0, None), **look)
            wide = 0.012 * ends[1] * (i - (len(groups) - 1) / 2)
            spread = np.nan_to_num(part["spread_bits"].to_numpy())
            right.errorbar(bits + wide, part["mean_bits"].to_numpy(), yerr=spread, **look)
        left.set_xscale("asinh", linear_width=width)
        left.set_xticks(levels, [f"{level:g}" for level in levels])
        left.xaxis.minorticks_off()
        left.set(ylim=(-0.03, 1.03), yticks=[0, 0.2, 0.5, 0.8, 1])
        left.set_xlabel("planted mutual information (bits)")
        left.set_ylabel(f"share detected at p ≤ {ALPHA:g}, with 95 % interval")
        right.set_xlabel("planted mutual information (bits)")
        right.set_ylabel("estimate (bits), mean ± standard deviation")
        right.legend(loc="upper left")
    return drawn


def collect(paths, table_out, summary_out, figure_out):
    """Join the tables of `lmi.pipeline.calibrate.run`; write them, their summary and the figure.

    Parameters
    ----------
    paths : list of str or Path
    table_out, summary_out : str or Path
    figure_out : str or Path
        The PNG; the SVG lies beside it.

    Returns
    -------
    list of str
        From `lmi.results.calibration.in_words`.

    Raises
    ------
    InputError
        Where there is no table, or no planted pair could be estimated.
    """
    if not paths:
        raise InputError(
            "calibrate: expected a dataset with `source` or `spikes`, found synthetic tasks alone: "
            "there is no data to plant in"
        )
    tables = [pd.read_csv(path, sep="\t", dtype={"x": str, "y": str}) for path in paths]
    table = pd.concat(tables, ignore_index=True)
    table["note"] = table["note"].fillna("")
    summary = summarise(table)
    if summary.empty:
        raise InputError(
            f"calibrate: expected an estimate, found none in {len(table)} planted pairs; the "
            f"first: {table['reason'].iloc[0]}"
        )
    for frame, out in ((table, table_out), (summary, summary_out)):
        with replacing(out) as name:
            frame.to_csv(name, sep="\t", index=False, float_format="%.6g", na_rep="NaN")
    figures.save(figure(summary), Path(figure_out).with_suffix(""))
    return in_words(summary)
