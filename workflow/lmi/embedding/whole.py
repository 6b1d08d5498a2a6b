"""Variables of few features, as they are: the neighbour search in all of their dimensions.

Canonical axes come in pairs, as many as the narrower variable has, and show what is linear in a
view. In a few dimensions KSG needs no axes: it finds any shape of dependence, with all samples at
once, for nothing is learned. Where it finds clearly more than the encoders, it is the embedding.
"""

import time
from dataclasses import replace

import numpy as np

from lmi.base.autocorrelation import time_of
from lmi.embedding.result import WHOLE, of_views
from lmi.ksg import apart, guided
from lmi.ksg import kernel as ksg

VIEWS = ("linear", "ranked")
MOST_FEATURES = 6
"""Features of both variables: in more dimensions the boxes are too large."""
MORE_BITS, MORE_SD = 0.05, 5.0
"""KSG finds clearly more by both: bits, and standard errors as if its pointwise values were
independent. They are 0.8 of the true ones, and independent pairs must not be chosen by chance: that
would show in their p values."""


def is_small(x, y):
    """Return whether a pair has so few features, without ties, that all may be searched.

    Parameters
    ----------
    x, y : candidates.Variable
    """
    n_features = x.features.shape[1] + y.features.shape[1]
    return n_features <= MOST_FEATURES and {x.kind, y.kind} <= {"wide", "number"}


def instead(embedding, x, y, *, found_bits, k, times=None):
    """Return the embedding, or the features themselves where they show clearly more.

    Parameters
    ----------
    embedding : Embedding
        The best of the learned ones.
    x, y : candidates.Variable
    found_bits : float
        What it finds on held-out samples.
    k : int
        Neighbours.
    times : int64 array, shape (n_samples,), optional
        Of a series, as `candidates.embed_pairs` has it.

    Returns
    -------
    Embedding
        With one encoder, which is used on all samples, where the features show more; with the
        scores of both views in any case.
    """
    start = time.perf_counter()
    used = embedding.fold >= 0
    scores, best, most = dict(embedding.scores), None, found_bits
    for view in VIEWS:
        a, b = (side.views[view][used].astype(np.float64) for side in (x, y))
        near = None if times is None else apart.within(times[used], time_of(a, b))
        bits = ksg.pointwise_mi(guided.untie(a, 0), guided.untie(b, 1), k, apart=near)
        scores[WHOLE + view] = mean = float(bits.mean())
        least = found_bits + max(MORE_BITS, MORE_SD * float(bits.std()) / np.sqrt(len(bits)))
        if mean > max(most, least):
            best, most = view, mean
    seconds = embedding.seconds + time.perf_counter() - start
    if best is None:
        return replace(embedding, scores=scores, seconds=seconds)
    return of_views(
        *(side.views[best] for side in (x, y)),
        WHOLE + best,
        np.where(used, 1, -1),
        scores=scores,
        seconds=seconds,
        weak_bits=embedding.weak_bits,
    )
