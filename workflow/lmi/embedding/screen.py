"""Screening of features on the training fold: which features of x go with any feature of y."""

import numpy as np

from lmi.base import seeds
from lmi.embedding import canonical
from lmi.projection import views

MUST_DROP = 0.2
"""Share of the features of a side that a screen drops, or it is none."""
N_COMPONENTS = 64
"""Principal components of the features that pass."""
LEVEL = 0.05
SURE_LEVEL = 1e-4
"""Level of features that hardly any chance can have brought in."""
MAX_SQUARED = 4_000_000
"""Squares are screened too while the features of x times those of y are at most this many."""


def informative(x, y, level=LEVEL, rows=slice(None)):
    """Return masks of the features of x and of y that correlate with the other side.

    The squares of the scores count as well: a circle, or a shared scale, shows in them alone. A
    feature's p value is Bonferroni's over the features of the other side; the features are then
    chosen at a false discovery rate of `level` (Benjamini & Hochberg 1995).

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
        Normal scores.
    level : float
    rows : bool array, shape (n_samples,), optional
        The training fold; all samples without. They are taken out here, one variable after the
        other, since wide ones take much memory.

    Returns
    -------
    keep_x, keep_y : bool arrays, shapes (n_features_x,) and (n_features_y,)
    """
    squared = x.shape[1] * y.shape[1] <= MAX_SQUARED
    best_x, best_y = _largest_correlations(*(_standard(side[rows], squared) for side in (x, y)))
    powers = 2 if squared else 1
    return tuple(
        _select(best.reshape(powers, -1).max(axis=0), powers * n_tests, level)
        for best, n_tests in ((best_x, len(best_y)), (best_y, len(best_x)))
    )


def passing(x, y, level=LEVEL, rows=slice(None)):
    """Return the masks of `informative`, or None where next to nothing or all of a side is dropped.

    Parameters
    ----------
    x, y, level, rows
        As there.
    """
    keep = informative(x, y, level, rows)
    if not all(one.any() for one in keep) or min(one.mean() for one in keep) > 1 - MUST_DROP:
        return None
    return keep


def whitened(x, y, inner, train, seed, level=LEVEL):
    """Return whitened views of the features that pass the screen on a training fold, or None.

    Parameters
    ----------
    x, y : candidates.Variable
    inner : int array, shape (n_samples,)
    train : bool array, shape (n_samples,)
    seed : int
    level : float

    Returns
    -------
    list of canonical.Whitened, or None
    """
    keep = passing(x.features, y.features, level, train)
    if keep is None:
        return None
    sides = []
    for side, kept in zip((x, y), keep, strict=True):
        rng = seeds.rng(seed, "screen", side.name)
        scores = views.principal_components(side.features[:, kept], N_COMPONENTS, rng)
        sides.append(canonical.whiten(scores, train, inner[train]))
    return sides


def sure_correlation(n, n_one, n_other):
    """Return the least correlation of n samples that is sure among all of so many columns."""
    from scipy.special import ndtri

    return -float(ndtri(SURE_LEVEL / (2 * n_one * n_other))) / np.sqrt(n)


def standard(columns):
    """Return columns of mean 0 and variance 1."""
    columns = columns - columns.mean(axis=0)
    return columns / np.maximum(columns.std(axis=0), 1e-6)


def _standard(scores, squared):
    if squared:
        # of a nearly normal score, the square has few outliers beyond this
        scores = np.concatenate([scores, np.minimum(scores**2, 9.0)], axis=1)
    return standard(scores)


def _largest_correlations(x, y):
    """Return the largest |correlation| of each column with the other side, times root n."""
    best_x, best_y = np.zeros(x.shape[1]), np.zeros(y.shape[1])
    step = max(1, 4_000_000 // y.shape[1])
    for start in range(0, x.shape[1], step):
        r = np.abs(x[:, start : start + step].T @ y)
        best_x[start : start + step] = r.max(axis=1)
        best_y = np.maximum(best_y, r.max(axis=0))
    root_n = np.sqrt(len(x))
    return best_x / root_n, best_y / root_n


def _select(largest, n_tests, level):
    from scipy.special import ndtr

    p = np.minimum(1.0, 2 * n_tests * ndtr(-largest))
    # Benjamini and Hochberg's step-up; scipy.stats takes longer to load than the screen to run
    ordered = np.sort(p)
    passed = ordered <= level * np.arange(1, len(p) + 1) / len(p)
    return p <= (ordered[passed][-1] if passed.any() else -1.0)
