"""KSG within strata: what is left of the information where a label is fixed."""

import numpy as np

from lmi.estimation.evaluate import coordinates
from lmi.ksg import guided
from lmi.ksg import kernel as ksg

MIN_STRATUM = 50
"""Fewest held-out samples of a stratum in each half."""


def within_strata(embedding, held_out, samples, k, threads, times=None):
    """Return the mean of KSG within strata, its standard error, and each stratum's as text."""
    if samples.strata is None:
        return np.nan, np.nan, ""
    texts, means, squares, sizes = [], [], [], []
    n_strata = len(samples.strata_names)
    held = [np.bincount(samples.strata[out], minlength=n_strata) for out in held_out]
    for code in np.flatnonzero(np.min(held, axis=0) >= MIN_STRATUM):
        name, bits = samples.strata_names[code], []
        for t, out in enumerate(held_out):
            rows = out[samples.strata[out] == code]
            a, b, weight = coordinates(embedding, t, rows)
            a, b = guided.untie(a, 0), guided.untie(b, 1)
            x, y = a * weight[: a.shape[1]], b * weight[: b.shape[1]]
            apart = None if times is None else times.apart(t, rows)
            bits.append(ksg.pointwise_mi(x, y, k, threads, apart))
        bits = np.concatenate(bits)
        means.append(bits.mean())
        squares.append(bits.var(ddof=1) / len(bits))
        sizes.append(len(bits))
        texts.append(f"{name}: {bits.mean():.3f} (n {len(bits)})")
    if not sizes:
        return np.nan, np.nan, ""
    share = np.array(sizes) / np.sum(sizes)
    return float(share @ means), float(np.sqrt(share**2 @ squares)), "; ".join(texts)
