"""Estimates of pairs with ties or labels, in place of those of the embedding.

Narrow pairs are estimated from their values (`lmi.ksg.discrete`), all samples at once: nothing is
learned. A label against several features is estimated by the probabilities of a classifier
(`lmi.embedding.classifier`), unless the embedding finds clearly more.
"""

from dataclasses import dataclass

import numpy as np

from lmi.base import seeds
from lmi.estimation import narrow
from lmi.ksg import discrete
from lmi.projection import ties

NEIGHBOURS = 4
"""Times k: neighbours of a narrow pair."""
CLEAR_BITS = 0.05
"""The embedding's estimate of a label and features is taken where it is larger by more than this
and `CLEAR_SD` standard errors: then the dependence is none that linear discriminants see."""
CLEAR_SD = 3.0


@dataclass(frozen=True)
class Measured:
    """Estimate of a pair with ties or labels.

    Attributes
    ----------
    pointwise_bits : array, shape (n_samples,)
        NaN for samples left out.
    mi_bits, sd_bits, drift_bits : float
        As of `estimate.Estimate`; the drift of a classifier is what five sixths of the samples
        give more than half.
    halves, variances : list of float
        Mean, and its variance, of the samples of either fold.
    """

    pointwise_bits: np.ndarray
    mi_bits: float
    sd_bits: float
    drift_bits: float
    halves: list
    variances: np.ndarray


def measure(embedding, *, k, seed, name, threads, other=(-np.inf, np.nan), pair=None):
    """Return the estimate of a pair with ties or labels, or None where it is not one.

    Parameters
    ----------
    embedding : candidates.Embedding
    k : int
        Neighbours.
    seed, name
        Of the disjoint parts that tell the drift.
    threads : int
    other : (float, float)
        The embedding's own estimate, and its standard error.
    pair : narrow.Pair, optional
        The samples of two single features, in order.

    Returns
    -------
    Measured or None
    """
    good = np.flatnonzero(embedding.fold >= 0)
    if embedding.values is None:
        return None
    values = embedding.values[:, good]
    unseen = 0.0
    if embedding.classified is None:
        rng = seeds.rng(seed, "thirds", name)
        if pair is None:
            bits = _narrow(values, embedding.kinds, k, threads)
            thirds = _mean_of_thirds(values, embedding.kinds, k, rng)
        else:
            bits, thirds = narrow.with_ties(pair, NEIGHBOURS * k, rng)
        drift = float(bits.mean() - thirds)
    else:
        few, many, bits = embedding.classified[:3, good].astype(float)
        unseen = float(embedding.classified[4, good[0]])
        own = np.hypot(bits.std() / np.sqrt(len(bits)), unseen)
        sd = np.hypot(own, np.nan_to_num(other[1]))
        if other[0] - bits.mean() > max(CLEAR_BITS, CLEAR_SD * sd):
            return None
        drift = float(many.mean() - few.mean())
    single = (
        side for side, kind in zip(values, embedding.kinds, strict=True) if kind not in ties.SEVERAL
    )
    # never more than the entropy of a side
    most = min(discrete.entropy_bits(side) for side in single)
    mean = min(float(bits.mean()), most)
    bits = bits + (mean - bits.mean())
    pointwise = np.full(len(embedding.fold), np.nan)
    pointwise[good] = bits
    folds = [pointwise[embedding.fold == t] for t in np.unique(embedding.fold[good])]
    return Measured(
        pointwise_bits=pointwise,
        mi_bits=mean,
        sd_bits=float(np.hypot(bits.std(ddof=1) / np.sqrt(len(bits)), unseen)),
        drift_bits=drift,
        halves=[float(own.mean()) for own in folds],
        variances=np.array([own.var(ddof=1) / len(own) for own in folds]),
    )


def _narrow(values, kinds, k, threads=1):
    """Return pointwise mutual information of two variables of one value a sample."""
    labels = [kind == "label" for kind in kinds]
    x, y = values.astype(float)
    if all(labels):
        return discrete.table(x.astype(int), y.astype(int))
    if labels[0]:
        x, y = y, x
    if any(labels):
        return discrete.labelled(x, y.astype(int), NEIGHBOURS * k, threads)
    return discrete.mixed(x, y, NEIGHBOURS * k)


def _mean_of_thirds(values, kinds, k, rng):
    """Return the mean estimate of three disjoint parts."""
    order = rng.permutation(values.shape[1])
    if len(order) < narrow.N_THIRDS * (NEIGHBOURS * k + 2):
        return np.nan
    parts = np.array_split(order, narrow.N_THIRDS)
    return float(np.mean([_narrow(values[:, rows], kinds, k).mean() for rows in parts]))
