"""Mutual information of interacting proteins and related cells, and of shuffled pairs."""

from pathlib import Path

import pandas as pd

from lmi import tasks

# Draws as published: 10 shuffles of all interactions, which have one order alone; 20 pairings of
# cells, shuffled once each.
DRAWS = {"interactions": (1, 10), "lineages": (20, 20)}


def run(paths, *, seed=0, draws=None, **settings):
    """Estimate the mutual information of real pairs, and of the same pairs shuffled.

    Parameters
    ----------
    paths : list of str
        Prepared files of interactions and lineages.
    seed : int
    draws : dict of str to (int, int), optional
        Draws of real and of shuffled pairs, by task; `DRAWS` when absent.
    **settings
        Of `lmi.estimate`.

    Returns
    -------
    DataFrame
        A row an estimate: data (the file's name), comparison (of lineages), shuffled, draw,
        n_samples, truth_bits (NaN where unknown), mi_bits, mi_ksg_bits, sd_bits, p_value, flag,
        reason.
    """
    from lmi.api import estimate

    rows = []
    for path in map(Path, paths):
        task = "lineages" if path.stem == "lineages" else "interactions"
        n_real, n_shuffled = (draws or DRAWS)[task]
        compared = tasks.real.EARLY_LATE if task == "lineages" else [""]
        for comparison in compared:
            params = {"comparison": comparison} if comparison else {"kind": path.stem}
            for shuffled, n_draws in ((False, n_real), (True, n_shuffled)):
                for draw in range(n_draws):
                    drawn = tasks.make(
                        task,
                        1000 * seed + draw,
                        path=str(path),
                        independent=shuffled,
                        **params,
                    )
                    result = estimate(drawn.x, drawn.y, seed=seed, **settings)
                    row = {"data": path.stem, "comparison": comparison, "shuffled": shuffled}
                    row |= {"draw": draw, "n_samples": len(drawn.x), "truth_bits": drawn.truth_bits}
                    names = ("mi_bits", "mi_ksg_bits", "sd_bits", "p_value", "flag", "reason")
                    rows.append(row | {name: getattr(result, name) for name in names})
    return pd.DataFrame(rows)
