"""The split of a dataset's samples into two folds, drawn once a dataset."""

import numpy as np

from lmi.base import seeds

N_SEGMENTS = 2


def folds(n_samples, *, seed, dataset, n_inner, time_series=False):
    """Return the fold of each sample, and its inner fold for choices within training.

    Parameters
    ----------
    n_samples : int
    seed, dataset
        The split depends on these and on `n_samples` alone, so that all blocks share it.
    n_inner : int
        Number of inner folds.
    time_series : bool
        Keep neighbours in time together: the folds are the two halves of the recording, their
        inner folds thirds. Every cut more would break the autocorrelation that the null must keep.

    Returns
    -------
    fold : int8 array, shape (n_samples,), values 0 and 1
    inner : int8 array, shape (n_samples,), values 0 … n_inner - 1
    """
    rng = seeds.rng(seed, "folds", dataset)
    if time_series:
        fold = (np.arange(n_samples) * N_SEGMENTS // n_samples + rng.integers(2)) % 2
        inner = np.empty(n_samples, int)
        for t in (0, 1):
            rows = np.flatnonzero(fold == t)
            inner[rows] = np.arange(len(rows)) * n_inner // len(rows)
    else:
        order = rng.permutation(n_samples)
        fold, inner = order % 2, order // 2 % n_inner
    return fold.astype(np.int8), inner.astype(np.int8)
