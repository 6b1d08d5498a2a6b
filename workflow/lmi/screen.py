"""Screening of features on the training fold: which features of x go with any feature of y."""

import numpy as np

LEVEL = 0.05


def informative(x, y):
    """Return masks of the features of x and of y that correlate with the other side.

    A feature's p value is Bonferroni's over the features of the other side; the features are then
    chosen at a false discovery rate of 5 % (Benjamini & Hochberg 1995).

    Parameters
    ----------
    x, y : array, shape (n_train, n_features)
        Normal scores of the training fold.

    Returns
    -------
    keep_x, keep_y : bool arrays, shapes (n_features_x,) and (n_features_y,)
    """
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    y = (y - y.mean(axis=0)) / np.maximum(y.std(axis=0), 1e-12)
    best_x, best_y = np.zeros(x.shape[1]), np.zeros(y.shape[1])
    step = max(1, 4_000_000 // y.shape[1])
    for start in range(0, x.shape[1], step):
        r = np.abs(x[:, start : start + step].T @ y)
        best_x[start : start + step] = r.max(axis=1)
        best_y = np.maximum(best_y, r.max(axis=0))
    root_n = np.sqrt(len(x))
    return _select(best_x / root_n, y.shape[1]), _select(best_y / root_n, x.shape[1])


def _select(largest, n_tests):
    from scipy.stats import false_discovery_control, norm

    p = np.minimum(1.0, 2 * n_tests * norm.sf(largest))
    return false_discovery_control(p) <= LEVEL
