"""Whether axes are Gaussian jointly: skewness and kurtosis after Mardia (1970)."""

from __future__ import annotations

import numpy as np

NOT_GAUSSIAN_SD = 6.0
"""Standard deviations from a Gaussian beyond which axes are none."""


def shape(a: np.ndarray, b: np.ndarray, redundancy: float = 1.0) -> tuple[float, float]:
    """Return Mardia's skewness and kurtosis (1970) of axes, from those of a Gaussian.

    Parameters
    ----------
    a, b : array, shape (n_samples, n_axes)
    redundancy : float
        Samples that are worth one independent sample: more than one in a series.

    Returns
    -------
    distance : float
        Standard deviations, the larger of the two.
    skewness : float
        An axis; exponential axes have 4, Gaussian ones none.
    """
    z = np.hstack([a, b])
    n, d = z.shape
    z = z - z.mean(axis=0)
    values, vectors = np.linalg.eigh(z.T @ z / n)
    z = z @ (vectors / np.sqrt(np.maximum(values, 1e-9)))
    upper = np.triu_indices(d)
    twice = np.where(upper[0] == upper[1], 1.0, 2.0)
    third = (z[:, upper[0]] * z[:, upper[1]]).T @ z / n
    n_free, n_worth = d * (d + 1) * (d + 2) / 6, n / redundancy
    skewness = float((twice[:, None] * third**2).sum())
    kurtosis = ((z**2).sum(axis=1) ** 2).mean() - d * (d + 2)
    skewness_sd = (n_worth / 6 * skewness - n_free) / np.sqrt(2 * n_free)
    kurtosis_sd = abs(kurtosis) / np.sqrt(8 * d * (d + 2) / n_worth)
    return float(max(skewness_sd, kurtosis_sd)), skewness / d


def is_gaussian(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether axes, arrays of shape (n_samples, n_axes), are Gaussian jointly."""
    return shape(a, b)[0] < NOT_GAUSSIAN_SD
