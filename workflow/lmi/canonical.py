"""Canonical axes of two views: whitening, ranks chosen by cross-validation, weights.

A linear paired autoencoder with whitened reconstructions has canonical correlation analysis as its
optimum: this module computes that optimum in closed form.
"""

from dataclasses import dataclass

import numpy as np

N_SCORES = (2, 4, 8, 16, 32, 64)
N_INNER = 3


@dataclass(frozen=True)
class Whitened:
    """One view's whitening on one training fold, and on its inner folds.

    The whitening is by Cholesky factors, so that its first m coordinates depend on the first m
    scores alone: one whitening serves every number of scores tried.

    Attributes
    ----------
    inner : list of (array, array)
        Whitened coordinates (n_train_inner, K) of each inner training part, and (n_test_inner, K)
        of the part left out.
    train : array, shape (n_train, K)
    all : array, shape (n_samples, K)
    """

    inner: list
    train: np.ndarray
    all: np.ndarray


def _whitener(train):
    mean = train.mean(axis=0)
    covariance = np.cov(train - mean, rowvar=False, bias=True).reshape(train.shape[1], -1)
    covariance[np.diag_indices_from(covariance)] += (
        1e-6 * covariance.trace() / len(covariance) + 1e-12
    )
    return mean, np.linalg.inv(np.linalg.cholesky(covariance)).T


def whiten(scores, train, inner):
    """Whiten one view by the covariance of the training samples.

    Parameters
    ----------
    scores : array, shape (n_samples, n_scores)
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_train,)
        Inner fold of each training sample.

    Returns
    -------
    Whitened
    """
    scores = scores[:, : max(1, int(train.sum()) // 8)].astype(np.float64)
    within = scores[train]
    parts = []
    for fold in range(N_INNER):
        mean, w = _whitener(within[inner != fold])
        coordinates = (within - mean) @ w
        parts.append((coordinates[inner != fold], coordinates[inner == fold]))
    mean, w = _whitener(within)
    everything = (scores - mean) @ w
    return Whitened(parts, everything[train], everything)


def log_ratio(a, b, s):
    """Return the Gaussian log density ratio of each axis, in nats.

    Parameters
    ----------
    a, b : array, shape (n_samples, n_axes)
        Canonical variates of unit variance.
    s : array, shape (n_axes,)
        Canonical correlations.
    """
    q = 1 - s**2
    return (a * b * s - 0.5 * s**2 * (a**2 + b**2)) / q - 0.5 * np.log(q)


def _axes(x, y, m):
    """Return the canonical directions and correlations of the first m whitened coordinates."""
    cross = x[:, :m].T @ y[:, :m] / len(x)
    u, s, vt = np.linalg.svd(cross, full_matrices=False)
    return u, np.minimum(s, 0.9999), vt.T


def _axes_by_gram(x, y, m):
    """Do the same by the smaller Gram matrix: three times as fast, exact enough to compare ranks.

    Axes whose correlation is lost to rounding are set to zero and gain nothing.
    """
    cross = x[:, :m].T @ y[:, :m] / len(x)
    turned = cross.shape[0] < cross.shape[1]
    cross = cross.T if turned else cross
    values, v = np.linalg.eigh(cross.T @ cross)
    s, v = np.sqrt(np.maximum(values[::-1], 0.0)), v[:, ::-1]
    u = cross @ v * np.where(s > 1e-5, 1 / np.maximum(s, 1e-5), 0.0)
    s = np.clip(s, 0.0, 0.9999)
    return (v, s, u) if turned else (u, s, v)


@dataclass(frozen=True)
class Axes:
    """Canonical axes fitted on one training fold.

    Attributes
    ----------
    a, b : array, shape (n_samples, n_axes)
        Canonical variates of all samples, unit variance on the training fold.
    s : array, shape (n_axes,)
        Canonical correlations on the training fold.
    rank : int
        Axes that carry information by cross-validation; the critic uses these.
    weight : array, shape (n_axes,)
        Scale of each axis for the nearest-neighbour search.
    n_parameters : int
        Free parameters of the rank-limited critic.
    """

    a: np.ndarray
    b: np.ndarray
    s: np.ndarray
    rank: int
    weight: np.ndarray
    n_parameters: int


def fit(x, y, max_axes=16):
    """Choose the number of scores and the rank on inner folds, then fit the canonical axes.

    Parameters
    ----------
    x, y : Whitened
        The same training fold of two variables.
    max_axes : int
        Axes kept where the rank is lower.

    Returns
    -------
    Axes
    """
    n_train = len(x.train)
    largest = max(x.train.shape[1], y.train.shape[1])
    best, m_best, rank = 0.0, min(4, largest), 0
    for m in [m for m in N_SCORES if m < largest] + [largest]:
        gain = []
        for (x_fit, x_test), (y_fit, y_test) in zip(x.inner, y.inner, strict=True):
            u, s, v = _axes_by_gram(x_fit, y_fit, m)
            gain.append(log_ratio(x_test[:, :m] @ u, y_test[:, :m] @ v, s))
        gain = np.cumsum(np.concatenate(gain), axis=1)
        mean = gain.mean(axis=0)
        r = int(mean.argmax())
        # a rank counts only where its gain clears its own noise: independent pairs keep rank 0
        if mean[r] > best and mean[r] > 2.5 * gain[:, r].std() / np.sqrt(n_train):
            best, m_best, rank = mean[r], m, r + 1
    u, s, v = _axes(x.train, y.train, m_best)
    n_axes = min(len(s), max(max_axes, rank))
    s = s[:n_axes]
    weight = np.ones(n_axes)
    if rank:
        weight = np.sqrt(np.clip(s**2 - 4 * m_best / n_train, 1e-6, 1.0))
    m_x, m_y = (min(m_best, w.train.shape[1]) for w in (x, y))
    # rounded, so that samples with equal features stay equal whatever the order of the sums
    return Axes(
        np.round(x.all[:, :m_best] @ u[:, :n_axes], 5),
        np.round(y.all[:, :m_best] @ v[:, :n_axes], 5),
        s,
        rank,
        weight,
        rank * (m_x + m_y - rank),
    )
