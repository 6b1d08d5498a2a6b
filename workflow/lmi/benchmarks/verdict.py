"""Verdict of the benchmark: errors by figure and estimator, compared with the published ones.

The comparison is made on the same kind of cells. `published/published.tsv` has the mean absolute
error of each published estimator, and its standard deviation over cells, for all cells of a figure
and by condition, such as intrinsic dimension and true value. Each of our cells is compared with the
finest condition that it meets: d_i = |error_i| - published mean there. Then

- the difference D is the mean of d_i;
- its interval (95 %) counts both sampling errors. Ours: a bootstrap over cells of the
  mean of d_i (2,000 resamples; no two cells share random numbers). Theirs:
  the published mean of a condition is itself a mean over n cells, with variance sd^2/n; a condition
  with the share w of our cells adds w^2 sd^2/n. Normal noise of that variance is added to the
  bootstrap's values. Repeated estimates of a cell, over seeds, are averaged first.
- reproduced: the interval meets -TOLERANCE...TOLERANCE; better: it lies below; worse: above;
  unclear: fewer than MIN_CELLS cells, or an interval wider than WIDEST and than the published
  error itself, from which nothing follows; -: nothing published. At scale smoke nothing is
  compared: its cells are smaller than the published ones.

A difference of the estimators' errors is thus called one only where the sampling errors of both
sides cannot explain it, and it is called reproduced only where the data could have told.
"""

import functools

import numpy as np
import pandas as pd

from lmi.base.seeds import rng
from lmi.benchmarks.published import VALUES

TOLERANCE = 0.02
"""Bits; a smaller difference of mean absolute errors is none."""
MIN_CELLS = 5
WIDEST = 0.15
"""Bits between the ends of an interval that says something whatever the published error is."""
N_BOOTSTRAP = 2000


@functools.cache
def published():
    """Return the published errors.

    Returns
    -------
    pandas.DataFrame
        figure, estimator (published name), condition ("" for all cells; else key=value, sorted,
        joined by spaces), n, mae_bits, bias_bits, rmse_bits, within_tenth, kendall_tau,
        sd_absolute_bits. Computed from the result tables of Gowri et al., NeurIPS 2024 (MIT).
    """
    table = pd.read_csv(VALUES, sep="\t")
    return table.assign(condition=table["condition"].fillna(""))


def _conditions(figure, estimator):
    """Return the published rows of an estimator in a figure, the most special first."""
    table = published()
    rows = table[(table["figure"] == figure) & (table["estimator"] == estimator)]
    rows = rows.assign(keys=[len(c.split()) for c in rows["condition"]])
    return rows.sort_values("keys", ascending=False, kind="stable")


def match(cells, figure, estimator):
    """Return for each cell the row of `published` that it is compared with.

    Parameters
    ----------
    cells : list of dict
        Parameters and conditions of each.
    figure, estimator : str
        The published name of the estimator.

    Returns
    -------
    list of (pandas.Series or None)
    """
    published = {row["condition"]: row for _, row in _conditions(figure, estimator).iterrows()}
    shapes = list(dict.fromkeys(tuple(p.split("=")[0] for p in c.split()) for c in published))

    def best(cell):
        if cell.get("data") == "stand-in":  # other data than the published ones
            return None
        for keys in shapes:
            condition = " ".join(f"{key}={cell.get(key)}" for key in keys)
            if condition in published:
                return published[condition]
        return None

    return [best(cell) for cell in cells]


def compare(errors, matched, name):
    """Compare errors with the published ones of the same conditions.

    Parameters
    ----------
    errors : array, shape (n,)
        Bits, finite, one a cell.
    matched : list of pandas.Series
        From `match`.
    name : str
        Of the comparison: seeds the bootstrap.

    Returns
    -------
    dict
        published_mae_bits, published_bias_bits (means over the same conditions), difference_bits,
        low_bits, high_bits.
    """
    theirs = np.array([row["mae_bits"] for row in matched])
    d = np.abs(errors) - theirs
    chance = rng(0, "verdict", name)
    means = d[chance.integers(len(d), size=(N_BOOTSTRAP, len(d)))].mean(axis=1)
    shares = pd.Series([row["condition"] for row in matched]).value_counts(normalize=True)
    rows = {row["condition"]: row for row in matched}
    variance = sum(
        share**2 * np.nan_to_num(rows[condition]["sd_absolute_bits"]) ** 2 / rows[condition]["n"]
        for condition, share in shares.items()
    )
    means = means + np.sqrt(variance) * chance.standard_normal(N_BOOTSTRAP)
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "published_mae_bits": theirs.mean(),
        "published_bias_bits": np.mean([row["bias_bits"] for row in matched]),
        "difference_bits": d.mean(),
        "low_bits": low,
        "high_bits": high,
    }


def judge(n, compared):
    """Return the verdict on a comparison of `n` cells; see the module."""
    low, high = compared["low_bits"], compared["high_bits"]
    if low > TOLERANCE and n >= MIN_CELLS:
        return "worse"
    if high < -TOLERANCE and n >= MIN_CELLS:
        return "better"
    if n < MIN_CELLS or high - low > max(WIDEST, compared["published_mae_bits"]):
        return "unclear"
    return "reproduced"


def kendall_tau(truth, estimate):
    """Return Kendall's tau-b of truth and estimate, NaN where either does not vary."""
    from scipy.stats import kendalltau

    if len(truth) < 3 or len(np.unique(truth)) < 2 or len(np.unique(estimate)) < 2:
        return np.nan
    return float(kendalltau(truth, estimate)[0])


def summarise(rows, cells, published_name, figure, name):
    """Return the line of the verdict table for one estimator in one figure.

    Parameters
    ----------
    rows : pandas.DataFrame
        Its rows of the benchmark's table.
    cells : list of dict
        Parameters and conditions of each row.
    published_name : str
        The estimator it is compared with; empty for none.
    figure, name : str
    """
    good = np.isfinite(rows["mi_bits"].to_numpy())
    errors = rows["error_bits"].to_numpy()
    line = {
        "figure": figure,
        "estimator": name,
        "n_cells": int(rows["cell"].nunique()),
        "n_failed": int((~good).sum()),
        "mae_bits": np.nan,
        "bias_bits": np.nan,
        "rmse_bits": np.nan,
        "within_tenth": np.nan,
        "kendall_tau": np.nan,
        "median_seconds": rows["seconds"].median(),
        "published": published_name,
        "published_n": 0,
        "published_mae_bits": np.nan,
        "published_bias_bits": np.nan,
        "published_kendall_tau": np.nan,
        "ratio": np.nan,
        "difference_bits": np.nan,
        "low_bits": np.nan,
        "high_bits": np.nan,
        "verdict": "-",
    }
    if not good.any():
        return line
    absolute = np.abs(errors[good])
    line |= {
        "mae_bits": absolute.mean(),
        "bias_bits": errors[good].mean(),
        "rmse_bits": np.sqrt((absolute**2).mean()),
        "within_tenth": (absolute <= 0.1).mean(),
        "kendall_tau": kendall_tau(
            rows["truth_bits"].to_numpy()[good].round(6), rows["mi_bits"].to_numpy()[good]
        ),
    }
    whole = _conditions(figure, published_name)
    if whole.empty:
        return line
    # a cell once, with its mean absolute error over seeds
    once = rows[good].assign(absolute=absolute).groupby("cell", sort=False)["absolute"].mean()
    by_cell = dict(zip(rows["cell"], cells, strict=True))
    matched = match([by_cell[cell] for cell in once.index], figure, published_name)
    has_match = np.array([row is not None for row in matched])
    if not has_match.any():
        return line
    kept = [row for row in matched if row is not None]
    compared = compare(once.to_numpy()[has_match], kept, f"{figure}/{name}")
    everywhere = whole[whole["condition"] == ""].iloc[0]
    return (
        line
        | compared
        | {
            "published_n": int(everywhere["n"]),
            "published_kendall_tau": everywhere["kendall_tau"],
            "ratio": once.to_numpy()[has_match].mean() / compared["published_mae_bits"],
            "verdict": judge(int(has_match.sum()), compared),
        }
    )


def table(rows, benchmark):
    """Return the verdict table: a line for each figure and estimator.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `lmi.benchmarks.plan.table`.
    benchmark : dict
        The config's section.
    """
    from lmi.benchmarks import published as figures
    from lmi.benchmarks.plan import estimators_of

    lines = []
    for (figure, name), part in rows.groupby(["figure", "estimator"], sort=False):
        cells = figures.cells(figure, benchmark["scale"])
        described = [cells[cell]["params"] | cells[cell]["conditions"] for cell in part["cell"]]
        spec = estimators_of(figure, benchmark)[name]
        theirs = "" if benchmark["scale"] == "smoke" else spec["published"]
        lines.append(summarise(part, described, theirs, figure, name))
    return pd.DataFrame(lines)
