"""Standard errors by disjoint subsampling, of series by blocks."""

import numpy as np

from lmi.estimation.evaluate import evaluate

PARTS = (3, 6, 10)
MIN_PART = 25
INSIDE_PARTS = 16


def affordable(n, neighbours):
    """Return the numbers of parts, of `PARTS`, for which n samples are enough.

    Parameters
    ----------
    n : int
    neighbours : evaluate.Neighbours
    """
    least = max(MIN_PART, 2 * max(neighbours.k, neighbours.k_guided) + 2)
    return [n_parts for n_parts in PARTS if n // n_parts >= least]


def variance(embedding, t, rows, neighbours, rng, threads, block=1, times=None):
    """Return the variances of KSG and of the corrected estimate on `rows`, and a third's estimate.

    After Holmes & Nemenman 2019: the variance s_n^2 of the estimates on n disjoint parts, scaled
    to the whole by 1/n, averaged over several n with weights n - 1. Parts of a series are made of
    whole blocks of consecutive samples, which keep its autocorrelation: of samples drawn one by one
    they would vary as if all were independent.
    """
    total, weight, third = np.zeros(2), 0, np.nan
    for n_parts in affordable(len(rows), neighbours):
        values, parts = [], _parts(rows, n_parts, rng, block)
        if times and not all(_have_neighbours(times.apart(t, part), neighbours) for part in parts):
            continue
        for part in parts:
            bits, corrected, _ = evaluate(
                embedding, t, part, neighbours, threads, n_inside=INSIDE_PARTS, times=times
            )
            values.append((bits.mean(), corrected.mean()))
        if n_parts == PARTS[0]:
            third = np.mean(values, axis=0)[1]
        total += (n_parts - 1) / n_parts * np.var(values, axis=0, ddof=1)
        weight += n_parts - 1
    return (total / weight if weight else np.full(2, np.nan)), third


def _have_neighbours(apart, neighbours):
    """Return whether enough samples of a part lie apart in time from each of them."""
    return apart.n_others().min() >= max(neighbours.k, neighbours.k_guided)


def _parts(rows, n_parts, rng, block):
    """Split rows into parts at random, by blocks of consecutive ones."""
    if block == 1:
        return np.array_split(rows[rng.permutation(len(rows))], n_parts)
    blocks = np.array_split(rows, max(n_parts, len(rows) // block))
    order = rng.permutation(len(blocks))
    return [
        np.concatenate([blocks[place] for place in np.sort(places)])
        for places in np.array_split(order, n_parts)
    ]


def standard_error(embedding, variances, halves, training=True):
    """Return the standard error of the mean of the encoders' estimates.

    The parts know nothing of what differs with the training samples; where the halves differ by
    more than the parts explain, the rest is added. The few samples drawn inside the boxes of a part
    make a critic's variance large enough already. Encoders that found nothing follow the noise of
    their own half, in which the other one is evaluated: their two estimates are one.
    """
    n_independent = 1 if not embedding.rank.any() else len(variances)
    variance = variances.mean() / n_independent
    if training and len(halves) == 2:
        half = (halves[0] - halves[1]) ** 2 / 2
        variance += max(0.0, half - variances.mean()) / 2
    return float(np.sqrt(variance))
