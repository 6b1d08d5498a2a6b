"""Pairs of single features: their normal scores are the embedding, and nothing is learned.

KSG of two dimensions needs no axes, hence no training samples: all samples are estimated at once.
The correlation of the normal scores is the one parameter of the critic.
"""

import time

import numpy as np

from lmi.embedding.result import NARROW, of_views
from lmi.ksg import guided
from lmi.projection import views

LEAST = 100
"""Fewest samples of a narrow pair: its test needs so many."""
SURE_SD = 2.5
"""Standard errors of a correlation that make it a critic."""
MOST = 0.9995


def is_narrow(x, y, fold):
    """Return whether both variables are single features, of enough samples.

    Parameters
    ----------
    x, y : candidates.Variable
    fold : int array, shape (n_samples,)
        -1 for samples that are left out.
    """
    widest = max(x.features.shape[1], y.features.shape[1])
    return widest == 1 and int(np.count_nonzero(fold >= 0)) >= LEAST


def embed(x, y, fold):
    """Return the embedding of a pair of single features.

    Parameters
    ----------
    x, y : candidates.Variable
    fold : int array, shape (n_samples,)
        -1 for samples that are left out.

    Returns
    -------
    Embedding
        With one encoder, which is used on all samples.
    """
    start = time.perf_counter()
    used = fold >= 0
    sides = []
    for side in (x, y):
        scores = side.features
        if not used.all():
            scores = np.zeros_like(scores)
            scores[used] = views.normal_scores(side.features[used])
        sides.append(scores)
    zx, zy = sides
    n = np.count_nonzero(used)
    # both of unit variance, and of mean zero but for ties
    rho = float(np.clip((zx[used, 0] * zy[used, 0]).mean(dtype=np.float64), -MOST, MOST))
    rank = int(abs(rho) > SURE_SD / np.sqrt(n))
    return of_views(
        zx,
        zy,
        NARROW,
        np.where(used, 1, -1),
        s=np.array([[rho]]),
        rank=np.array([rank]),
        n_parameters=np.array([float(rank)]),
        temperature=np.array([rank * guided.TRUSTED]),
        seconds=time.perf_counter() - start,
    )
