"""What samples that are consecutive in time allow: effective samples, blocks, trends."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import irfft, rfft

from lmi.estimation.evaluate import evaluate
from lmi.ksg.apart import Apart

DECAYED = 0.1
"""Autocorrelation below which samples count as unrelated."""
AXES = 4
"""First axes of an encoder that are looked at."""
BLOCK = 2
"""Correlation times of a block, of which the parts of an error bar are made."""
SHIFTS = 5
"""Shifts of the series against each other that tell what they share by chance."""
TREND_SD = 4.5
"""Standard errors of a slope beyond which a series has a trend."""
LEAST_WINDOWS = 6
"""Windows that the samples of one search hold at least: most samples stay neighbours."""


@dataclass(frozen=True)
class Times:
    """When the samples of a series were taken, and how far apart neighbours are.

    Attributes
    ----------
    at : int64 array, shape (n_samples,)
        Ascending; intervals lie far apart.
    windows : list of int
        By encoder: samples whose times differ by at most this are no neighbours.
    """

    at: np.ndarray
    windows: list

    def apart(self, t, rows):
        """Return which of some rows, in order, may be neighbours for encoder t."""
        window = min(self.windows[t], len(rows) // LEAST_WINDOWS)
        return Apart(np.ascontiguousarray(self.at[rows]), window)


def times(embedding, samples):
    """Return the `Times` of a pair of series, with windows of a correlation time.

    Parameters
    ----------
    embedding : embed.Embedding
    samples : estimate.Samples

    Returns
    -------
    Times, or None where samples are not consecutive in time
    """
    if not samples.time_series:
        return None
    n = len(embedding.fold)
    at = np.arange(n)
    if samples.interval is not None:
        at = at + n * np.asarray(samples.interval, np.int64)
    windows = [max(samples.overlap, time_of(embedding, t)) for t in range(len(embedding.zx))]
    return Times(at, windows)


def longest_correlation_time(n):
    """Return the longest correlation time that `correlation_time` finds in n samples."""
    return max(2, n // 10)


def autocorrelation(z):
    """Return the autocorrelation of each axis, shape (longest correlation time, n_axes).

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    """
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


def _axes(embedding, t):
    return [side[t][:, :AXES].astype(float) for side in (embedding.zx, embedding.zy)]


def time_of(embedding, t):
    """Return the longer correlation time of the two variables, as encoder t sees them."""
    return max(map(correlation_time, _axes(embedding, t)))


def is_slow(embedding):
    """Whether both variables stay correlated with themselves as long as can be told."""
    most = longest_correlation_time(len(embedding.fold))
    both = zip(*(_axes(embedding, t) for t in range(len(embedding.zx))), strict=True)
    return all(max(map(correlation_time, side)) >= most for side in both)


def effective_samples(embedding, n):
    """Return how many independent samples n samples of the pair are worth.

    The variance of a mean of products grows by one plus twice the sum of the products of the
    autocorrelations (Bartlett 1935), here of the slowest axes of either variable.
    """
    least = float(n)
    for t in range(len(embedding.zx)):
        x, y = (np.maximum(autocorrelation(z), 0.0).max(axis=1) for z in _axes(embedding, t))
        products = (x * y)[1:]
        # chance correlations beyond the first that has decayed are noise
        stop = np.flatnonzero(products < DECAYED**2)
        factor = 1 + 2 * products[: stop[0] if len(stop) else None].sum()
        least = min(least, n / factor)
    return least


def has_trends(embedding):
    """Whether both variables rise or fall over the recording, beyond their autocorrelation."""
    both = zip(*(_axes(embedding, t) for t in range(len(embedding.zx))), strict=True)
    return all(max(map(trend, side)) > TREND_SD for side in both)


def trend(z):
    """Return the largest slope over time of the axes, in standard errors.

    The long-run variance is that of what the slope leaves, with weights that fall to zero at four
    correlation times (Newey & West 1987).

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    """
    n = len(z)
    time = np.arange(n) - (n - 1) / 2
    centred = z - z.mean(axis=0)
    slope = time @ centred / (time @ time)
    rest = centred - time[:, None] * slope
    correlation = autocorrelation(rest)
    width = min(4 * correlation_time(rest), len(correlation))
    weights = 1 - np.arange(1, width) / width
    factor = 1 + 2 * weights @ correlation[1:width]
    error = np.sqrt(rest.var(axis=0) * np.maximum(factor, 1.0) / (time @ time))
    return float(np.max(np.abs(slope) / np.maximum(error, 1e-300)))


def bits_by_chance(embedding, held_out, neighbours, threads, n_inside, times):
    """Return the mean of KSG and of the corrected estimate over the series shifted in time.

    Series that are slower than the window tells share bits when they are shifted, too. Not below
    zero: a critic corrects shifted series for what they do not share.

    Parameters
    ----------
    embedding : embed.Embedding
    held_out : list of int array
        Rows that each encoder is evaluated on.
    neighbours : evaluate.Neighbours
    threads, n_inside, times
        Of `evaluate`.

    Returns
    -------
    array, shape (2,)
    """
    values = []
    for t, rows in enumerate(held_out):
        for shift in np.linspace(0, len(rows), SHIFTS + 2).astype(int)[1:-1]:
            zy = np.array(embedding.zy)
            zy[t][rows] = zy[t][np.roll(rows, shift)]
            shifted = replace(embedding, zy=zy)
            ksg_bits, corrected, _ = evaluate(
                shifted, t, rows, neighbours, threads, n_inside=n_inside, times=times
            )
            values.append((ksg_bits.mean(), corrected.mean()))
    return np.maximum(np.mean(values, axis=0), 0.0)
