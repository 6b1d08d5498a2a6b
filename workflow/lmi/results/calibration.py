"""Calibration in numbers and words: power and bias by level of planted mutual information."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binomtest

ALPHA = 0.05
"""Level of the test: a pair with a p value up to it is detected."""
POWER = 0.8
"""Share of planted pairs that are to be detected."""


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Return power and bias by dataset and planted level.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `lmi.pipeline.calibrate.run`; those without an estimate are left out.

    Returns
    -------
    pandas.DataFrame
        `power` with its exact binomial 95 % interval; `mean_bits`, `bias_bits` and `spread_bits`
        (standard deviation) of the estimates, and the mean of their standard errors.
    """
    rows = []
    estimated = table[np.isfinite(table["mi_bits"]) & np.isfinite(table["p_value"])]
    for (dataset, bits), part in estimated.groupby(["dataset", "truth_bits"], sort=False):
        n, hits = len(part), int(part["detected"].sum())
        interval = binomtest(hits, n).proportion_ci()
        rows.append(
            {
                "dataset": dataset,
                "truth_bits": bits,
                "n": n,
                "power": hits / n,
                "power_low": interval.low,
                "power_high": interval.high,
                "mean_bits": part["mi_bits"].mean(),
                "bias_bits": part["mi_bits"].mean() - bits,
                "spread_bits": part["mi_bits"].std(),
                "mean_sd_bits": part["sd_bits"].mean(),
                "note": part["note"].iloc[0],
            }
        )
    names = ["dataset", "truth_bits", "n", "power", "power_low", "power_high", "mean_bits"]
    names += ["bias_bits", "spread_bits", "mean_sd_bits", "note"]
    summary = pd.DataFrame(rows, columns=names)
    place = {name: i for i, name in enumerate(dict.fromkeys(table["dataset"]))}
    return summary.sort_values(
        ["dataset", "truth_bits"], key=lambda c: c.map(place) if c.name == "dataset" else c
    ).reset_index(drop=True)


def detectable_bits(bits: ArrayLike, power: ArrayLike, wanted: float = POWER) -> float:
    """Return the level from which on the power is at least `wanted`; NaN where it never is.

    Between two levels the power is taken to rise in a straight line.

    Parameters
    ----------
    bits, power : array, shape (n_levels,)
        Levels in rising order.
    wanted : float
    """
    bits, power = np.asarray(bits, float), np.asarray(power, float)
    too_weak = np.flatnonzero(power < wanted)
    if not len(too_weak):
        return float(bits[0]) if len(bits) else np.nan
    last = too_weak[-1]
    if last == len(bits) - 1:
        return np.nan
    share = (wanted - power[last]) / (power[last + 1] - power[last])
    return float(bits[last] + share * (bits[last + 1] - bits[last]))


def in_words(summary: pd.DataFrame) -> list[str]:
    """Return a line a dataset: what is detected, and how far off the estimates are.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `summarise`.

    Returns
    -------
    list of str
    """
    lines = []
    for dataset, part in summary.groupby("dataset", sort=False):
        bits = part["truth_bits"].to_numpy()
        least = detectable_bits(bits, part["power"].to_numpy())
        percent = f"{100 * POWER:.0f} %"
        if np.isnan(least):
            detected = f"less than {percent} power up to {bits[-1]:g} bits"
        elif least == bits[0]:
            detected = f"{least:.2g} bits or less are detected with {percent} power"
        else:
            detected = f"{least:.2g} bits are detected with {percent} power"
        at = part.iloc[np.abs(bits - 0.5).argmin()]
        if abs(at["bias_bits"]) < 0.005:
            bias = "less than 0.01 bits off"
        else:
            way = "low" if at["bias_bits"] < 0 else "high"
            bias = f"{abs(at['bias_bits']):.2f} bits too {way}"
        note = f" ({part['note'].iloc[0]})" if part["note"].iloc[0] else ""
        lines.append(
            f"{dataset}: {detected}; estimates are {bias} at {at['truth_bits']:g} bits{note}"
        )
    return lines
