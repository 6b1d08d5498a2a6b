"""Canonical axes of two views: whitening, ranks chosen by cross-validation, weights.

A linear paired autoencoder with whitened reconstructions has canonical correlation analysis as its
optimum: this module computes that optimum in closed form.
"""

from dataclasses import dataclass

import numpy as np

from lmi.ksg.guided import CRITIC_BOUND_SD

N_SCORES = (2, 4, 8, 16, 32, 64)
N_INNER = 3
SAME_NATS = 1e-3
"""The lowest rank is taken that gains as much as the best but for this."""
SURE_SD, SURE_SHRUNK_SD = 2.5, 4.0
"""Standard errors by which a gain must be above zero, with correlations as they are and shrunk:
many weak axes gain by chance more often than a few strong ones."""


WEAK = 0.3
"""Correlation of a weak axis at most, on samples left out. Many stronger ones, as of ten classes,
have a larger sum of squares than they have information."""


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
    return _log_ratio(a * b, a**2 + b**2, s)


def _log_ratio(product, squares, s):
    q = 1 - s**2
    return (product * s - 0.5 * s**2 * squares) / q - 0.5 * np.log(q)


def _axes(x, y, m):
    """Return the canonical directions and correlations of the first m whitened coordinates."""
    cross = x[:, :m].T @ y[:, :m] / len(x)
    u, s, vt = np.linalg.svd(cross, full_matrices=False)
    return u, np.minimum(s, 0.9999), vt.T


def _axes_by_gram(cross):
    """Do the same from the cross-covariance by the smaller Gram matrix: three times as fast.

    Exact enough to compare ranks. Axes whose correlation is lost to rounding are set to zero and
    gain nothing.
    """
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
        Canonical correlations: those of the training fold, or what other samples show of them.
    rank : int
        Axes that carry information by cross-validation; the critic uses these.
    weight : array, shape (n_axes,)
        Scale of each axis for the nearest-neighbour search.
    n_parameters : float
        Free parameters of the rank-limited critic, times the shares of its correlations.
    mixture : array, shape (rank, n_components, 6), or None
        Of a critic that is not Gaussian, see `lmi.ksg.mixture`.
    """

    a: np.ndarray
    b: np.ndarray
    s: np.ndarray
    rank: int
    weight: np.ndarray
    n_parameters: float
    mixture: np.ndarray | None = None


@dataclass(frozen=True)
class _LeftOut:
    """What the samples left out of an inner training part say of its canonical axes.

    Attributes
    ----------
    a, b : array, shape (n_left_out, n_axes)
        Canonical variates of the samples left out.
    s : array, shape (n_axes,)
        Canonical correlations of the training part.
    product, squares : array, shape (n_axes,)
        Means of a b and of a^2 + b^2.
    power : array, shape (n_axes,)
        Mean of a^2 times mean of b^2.
    """

    a: np.ndarray
    b: np.ndarray
    s: np.ndarray
    product: np.ndarray
    squares: np.ndarray
    power: np.ndarray


def _left_out(x_test, y_test, cross, m):
    """Return what samples left out say of the axes of the first m scores.

    Parameters
    ----------
    x_test, y_test : array, shape (n_left_out, n_scores)
        Of the samples left out, whitened by the training part.
    cross : array, shape (n_scores_x, n_scores_y)
        Cross-covariance of the training part.
    m : int
    """
    u, s, v = _axes_by_gram(cross[:m, :m])
    a, b = x_test[:, :m] @ u, y_test[:, :m] @ v
    for side in (a, b):
        np.clip(side, -CRITIC_BOUND_SD, CRITIC_BOUND_SD, out=side)
    n = len(a)
    product, a2, b2 = (np.einsum("ij,ij->j", *two) / n for two in ((a, b), (a, a), (b, b)))
    return _LeftOut(a, b, s, product, a2 + b2, a2 * b2)


def _shares(parts):
    """Return the share of each axis's correlation that samples left out show too.

    Training samples overstate correlations, the weak ones most: noise alone gives some as large as
    2 sqrt(m / n_train). With C the correlations of the population and C' those of the training
    samples, the critic a C' b gains most when it is multiplied by <C, C'> / <C', C'>; here axis by
    axis, with a share that falls from strong axes to weak ones (isotonic regression).
    """
    from scipy.optimize import isotonic_regression

    explained = sum(part.s * part.product for part in parts)
    most = np.maximum(sum(part.s**2 * part.power for part in parts), 1e-12)
    return np.clip(
        isotonic_regression(explained / most, weights=most, increasing=False).x, 0.01, 1.0
    )


def _mean_gain(parts, share):
    """Return the mean log ratio of the samples left out, for the first 1, 2, … axes."""
    n_samples = sum(len(part.a) for part in parts)
    total = sum(
        len(part.a) * _log_ratio(part.product, part.squares, share * part.s) for part in parts
    )
    return np.cumsum(total) / n_samples


def _gain_error(parts, share, rank):
    """Return the standard error of the mean log ratio of the first axes."""
    gain = np.concatenate(
        [
            log_ratio(part.a[:, :rank], part.b[:, :rank], s).sum(axis=1)
            for part, s in ((part, (share * part.s)[:rank]) for part in parts)
        ]
    )
    return gain.std() / np.sqrt(len(gain))


def weak_bits(x, y, fold, redundancy=1.0):
    """Return the bits of many weak linear axes that both halves of the samples show.

    The whitened cross-covariances of the two halves have independent errors, so that the sum of
    their products is that of the squared correlations, without bias however many axes there are
    and however few samples to learn any. Half of it is the information, in nats, where all axes
    are weak; where one is not, the sum says nothing of it.

    Parameters
    ----------
    x, y : Mapping of (str, int) to Whitened
        By view and training fold; the view `ranked` is looked at.
    fold : int array, shape (n_samples,)
    redundancy : float
        As of `fit`.

    Returns
    -------
    array, shape (2,)
        Bits and their standard error; NaN where an axis is stronger than `WEAK`.
    """
    found = []
    for t in (0, 1):
        a, b = (side["ranked", t].all for side in (x, y))
        own, other = (
            a[rows].T @ b[rows] / max(1, rows.sum()) for rows in (fold == t, fold == 1 - t)
        )
        u, _, vt = np.linalg.svd(own, full_matrices=False)
        if ((u.T @ other) * vt).sum(axis=1).max() > WEAK:
            return np.full(2, np.nan)
        found.append(0.5 * float((own * other).sum()))
    n_half = np.count_nonzero(fold >= 0) / (2 * redundancy)
    nats = float(np.mean(found))
    error = np.hypot(0.5 * np.sqrt(own.size) / n_half, np.sqrt(max(nats, 0.0) / n_half))
    return np.array([nats, error]) / np.log(2)


def _choose(x, y, shrink):
    """Return the number of scores, the rank and the shares with the largest held-out log ratio.

    By cross-validation on inner folds. A rank counts only where its gain clears its own noise:
    independent pairs keep rank 0.
    """
    largest = max(x.train.shape[1], y.train.shape[1])
    best, chosen = 0.0, (min(4, largest), 0, np.ones(1))
    crosses = [
        x_fit.T @ y_fit / len(x_fit)
        for (x_fit, _), (y_fit, _) in zip(x.inner, y.inner, strict=True)
    ]
    for m in [m for m in N_SCORES if m < largest] + [largest]:
        parts = [
            _left_out(x_test, y_test, cross, m)
            for (_, x_test), (_, y_test), cross in zip(x.inner, y.inner, crosses, strict=True)
        ]
        tried = [(np.ones(len(parts[0].s)), SURE_SD)]
        if shrink:
            tried.append((_shares(parts), SURE_SHRUNK_SD))
        for share, sure in tried:
            gain = _mean_gain(parts, share)
            rank = 1 + int((gain >= gain.max() - SAME_NATS).argmax())
            gain = gain[rank - 1]
            if gain > best and gain > sure * _gain_error(parts, share, rank):
                best, chosen = gain, (m, rank, share)
    return chosen


def fit(x, y, max_axes=16, shrink=True, redundancy=1.0):
    """Choose the number of scores and the rank on inner folds, then fit the canonical axes.

    Parameters
    ----------
    x, y : Whitened
        The same training fold of two variables.
    max_axes : int
        Axes kept where the rank is lower.
    shrink : bool
        Shrink the correlations to what samples left out show of them, where that gains more.
    redundancy : float
        Samples that are worth one independent sample: more than one in a series.

    Returns
    -------
    Axes
    """
    n_train = len(x.train)
    m_best, rank, share = _choose(x, y, shrink)
    # noise is 1 / share - 1 times the signal, and falls with the samples: there are more here
    share = 1 / (1 + (1 / share - 1) * (1 - 1 / N_INNER))
    u, s, v = _axes(x.train, y.train, m_best)
    n_axes = min(len(s), max(max_axes, rank))
    s = s[:n_axes]
    weight = np.ones(n_axes)
    if rank:
        noise = 4 * m_best / n_train
        # a series has more noise, but the strongest axis keeps a weight that the others lack
        noise = max(noise, min(redundancy * noise, s[0] ** 2 / 2))
        weight = np.sqrt(np.clip(s**2 - noise, 1e-6, 1.0))
    share = np.pad(share, (0, n_axes), mode="edge")[:n_axes]
    m_x, m_y = (min(m_best, w.train.shape[1]) for w in (x, y))
    # rounded, so that samples with equal features stay equal whatever the order of the sums
    return Axes(
        np.round(x.all[:, :m_best] @ u[:, :n_axes], 5),
        np.round(y.all[:, :m_best] @ v[:, :n_axes], 5),
        share * s,
        rank,
        weight,
        share[:rank].sum() * (m_x + m_y - rank),
    )
