"""When in their differentiation cells come to show the fate of their clone."""

import numpy as np
import pandas as pd

from lmi.base import seeds
from lmi.tasks.real import draw_lineages, read

N_PAIRINGS = 20
FROM_PSEUDOTIME = 10_000
WINDOW = 100


def along_pseudotime(
    path,
    *,
    seed=0,
    n_pairings=N_PAIRINGS,
    window=WINDOW,
    from_pseudotime=FROM_PSEUDOTIME,
    **settings,
):
    """Average the pointwise mutual information with late relatives along neutrophil pseudotime.

    Each pairing draws an early cell (day 2 or 4) and a late one (day 6) of every clone that has
    both, and estimates the pointwise mutual information of all pairs. An early cell's value is
    its mean over the pairings in which it was drawn; the published code takes the mean over all
    pairings of its clone, counts the training half of the samples as zero, and gives it to the cell
    drawn last.

    Parameters
    ----------
    path : str
        Prepared file of lineages.
    seed : int
    n_pairings : int
    window : int
        Cells in the running mean.
    from_pseudotime : float
        Cells from here on, of those on the neutrophil trajectory.
    **settings
        Of `lmi.estimate`.

    Returns
    -------
    DataFrame
        A row an early cell, by pseudotime: pseudotime, day, clone, type, n_drawn, pmi_bits, and
        smooth_pmi_bits, the mean over the window that ends there (NaN before the first).
    """
    from lmi.api import estimate

    arrays, _ = read(path, "lineages")
    total, drawn = np.zeros((2, len(arrays["clone"])))
    for pairing in range(n_pairings):
        rng = seeds.rng(seed, "pseudotime", pairing)
        early, late = draw_lineages(rng, arrays, "early-6")
        result = estimate(
            arrays["expression"][early],
            arrays["expression"][late],
            seed=seed,
            error_bars=False,
            n_permutations=0,
            **settings,
        )
        valid = np.isfinite(result.pmis)
        total[early[valid]] += result.pmis[valid]
        drawn[early[valid]] += 1
    on_path = np.flatnonzero((drawn > 0) & (arrays["pseudotime"] > from_pseudotime))
    order = on_path[np.argsort(arrays["pseudotime"][on_path], kind="stable")]
    table = pd.DataFrame(
        {name: arrays[name][order] for name in ("pseudotime", "day", "clone", "type")}
    )
    table["n_drawn"] = drawn[order].astype(int)
    table["pmi_bits"] = total[order] / drawn[order]
    table["smooth_pmi_bits"] = table["pmi_bits"].rolling(window).mean()
    return table


def figure(table):
    """Draw the pointwise mutual information of every cell, and its running mean."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6, 3.6))
    axes = drawn.subplots()
    axes.plot(table["pseudotime"], table["pmi_bits"], ".", color="0.75", markersize=3)
    axes.plot(table["pseudotime"], table["smooth_pmi_bits"], color="#0072b2")
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xlabel("neutrophil pseudotime")
    axes.set_ylabel("pointwise MI with day 6 (bits)")
    drawn.set_layout_engine("constrained")
    return drawn
