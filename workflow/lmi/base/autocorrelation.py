"""How long series resemble themselves, and how many independent samples they are worth."""

import numpy as np

DECAYED = 0.1
"""Autocorrelation below which samples count as unrelated."""
AXES = 4
"""First axes of a variable that are looked at."""


def longest_correlation_time(n):
    """Return the longest correlation time that `correlation_time` finds in n samples."""
    return max(2, n // 10)


def autocorrelation(z):
    """Return the autocorrelation of each axis, shape (longest correlation time, n_axes).

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    """
    from scipy.fft import irfft, rfft

    n = len(z)
    centred = z - z.mean(axis=0)
    power = np.abs(rfft(centred, n=2 * n, axis=0)) ** 2
    covariance = irfft(power, n=2 * n, axis=0)[: longest_correlation_time(n)]
    return covariance / np.maximum(covariance[0], 1e-300)


def correlation_time(z):
    """Return the first lag, in samples, at which no axis is autocorrelated by more than `DECAYED`.

    At most a tenth of the samples.

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    """
    correlation = np.abs(autocorrelation(z)).max(axis=1)
    below = np.flatnonzero(correlation < max(DECAYED, 3 / np.sqrt(len(z))))
    return int(below[0]) if len(below) else len(correlation)


def time_of(x, y):
    """Return the longer correlation time of the first axes of two variables."""
    return max(correlation_time(z[:, :AXES]) for z in (x, y))


def redundancy(x, y):
    """Return how many samples of two series are worth one independent sample, at least 1.

    The variance of a mean of products grows by one plus twice the sum of the products of the
    autocorrelations (Bartlett 1935), here of the slowest of the first axes of either variable.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_axes)
    """
    slowest = [np.maximum(autocorrelation(z[:, :AXES]), 0.0).max(axis=1) for z in (x, y)]
    return _growth(np.prod(slowest, axis=0), DECAYED**2)


def one_sample(values):
    """Return how many samples of a series tell as much of its mean as an independent one.

    Parameters
    ----------
    values : array, shape (n_samples,)
    """
    return _growth(autocorrelation(values[:, None])[:, 0], DECAYED)


def _growth(correlation, decayed):
    """Return the factor by which the variance of a mean grows with correlations by lag."""
    # chance correlations beyond the first that has decayed are noise
    stop = np.flatnonzero(correlation[1:] < decayed)
    return float(1 + 2 * correlation[1:][: stop[0] if len(stop) else None].sum())
