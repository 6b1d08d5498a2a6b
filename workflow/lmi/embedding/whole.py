"""Variables of few features, as they are: the neighbour search in all of their dimensions.

Canonical axes come in pairs, as many as the narrower variable has, and show what is linear in a
view. In a few dimensions KSG needs no axes: it finds any shape of dependence, with all samples at
once, for nothing is learned. Where it finds clearly more than the encoders, it is the embedding: in
all features where they are few, or in the few of more that hold what there is.
"""

import time
from dataclasses import replace

import numpy as np

from lmi.base.autocorrelation import time_of
from lmi.embedding import few
from lmi.embedding.result import FEW, WHOLE, of_views
from lmi.ksg import apart, guided
from lmi.ksg import kernel as ksg

VIEWS = ("linear", "ranked")
MOST_FEATURES = 6
"""Features of both variables: in more dimensions the boxes are too large."""
MORE_BITS, MORE_SD = 0.05, 5.0
"""KSG finds clearly more by both: bits, and standard errors as if its pointwise values were
independent. They are 0.8 of the true ones, and independent pairs must not be chosen by chance: that
would show in their p values."""


def sides(x, y, used, *, k, is_series=False):
    """Return what may be searched as it is: coordinates of x and y by the name of the candidate.

    Parameters
    ----------
    x, y : candidates.Variable
        Without features of their own where one is a label or has ties.
    used : bool array, shape (n_samples,)
    k : int
        Neighbours.
    is_series : bool
        Of a series, few features are not chosen: no screen tells which go with each other.

    Returns
    -------
    dict of str to (array, array)
        Of all samples.
    """
    if not {x.kind, y.kind} <= {"wide", "number"}:
        return {}
    several = {}
    if x.features.shape[1] + y.features.shape[1] <= MOST_FEATURES:
        several = {view: (x.views[view], y.views[view]) for view in VIEWS}
    if not is_series and few.may_search(x.features, y.features):
        chosen = few.columns(x.features[used], y.features[used], k=k)
        if chosen is not None:
            pair = zip((x, y), chosen, strict=True)
            several[FEW] = tuple(side.features[:, own] for side, own in pair)
    return {WHOLE + name: pair for name, pair in several.items()}


def instead(embedding, several, *, found_bits, k, times=None):
    """Return the embedding, or the features themselves where they show clearly more.

    Parameters
    ----------
    embedding : Embedding
        The best of the learned ones.
    several : dict of str to (array, array)
        From `sides`.
    found_bits : float
        What the embedding finds on held-out samples.
    k : int
        Neighbours.
    times : int64 array, shape (n_samples,), optional
        Of a series, as `candidates.embed_pairs` has it.

    Returns
    -------
    Embedding
        With one encoder, which is used on all samples, where the features show more; with the
        scores of all candidates in any case.
    """
    start = time.perf_counter()
    used = embedding.fold >= 0
    scores, best, most = dict(embedding.scores), None, found_bits
    for name, pair in several.items():
        a, b = (z[used].astype(np.float64) for z in pair)
        near = None if times is None else apart.within(times[used], time_of(a, b))
        bits = ksg.pointwise_mi(guided.untie(a, 0), guided.untie(b, 1), k, apart=near)
        scores[name] = mean = float(bits.mean())
        least = found_bits + max(MORE_BITS, MORE_SD * float(bits.std()) / np.sqrt(len(bits)))
        if mean > max(most, least):
            best, most = name, mean
    seconds = embedding.seconds + time.perf_counter() - start
    if best is None:
        return replace(embedding, scores=scores, seconds=seconds)
    return of_views(
        *several[best],
        best,
        np.where(used, 1, -1),
        scores=scores,
        seconds=seconds,
        weak_bits=embedding.weak_bits,
    )
