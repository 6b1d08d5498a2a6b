"""What samples that are consecutive in time allow: effective samples, blocks, trends."""

from dataclasses import dataclass, replace

import numpy as np

from lmi.base import autocorrelation
from lmi.base.autocorrelation import AXES, correlation_time, longest_correlation_time
from lmi.data import intervals
from lmi.estimation.evaluate import evaluate
from lmi.ksg import apart

BLOCK = 2
"""Correlation times of a block, of which the parts of an error bar are made."""
SHIFTS = 5
"""Shifts of the series against each other that tell what they share by chance."""
TREND_SD = 4.5
"""Standard errors of a slope beyond which a series has a trend."""


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
        return apart.within(self.at[rows], self.windows[t])


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
    at = intervals.times(len(embedding.fold), samples.interval)
    windows = [max(samples.overlap, time_of(embedding, t)) for t in range(len(embedding.zx))]
    return Times(at, windows)


def _axes(embedding, t):
    return [side[t][:, :AXES].astype(float) for side in (embedding.zx, embedding.zy)]


def time_of(embedding, t):
    """Return the longer correlation time of the two variables, as encoder t sees them."""
    return autocorrelation.time_of(*_axes(embedding, t))


def is_slow(embedding):
    """Whether both variables stay correlated with themselves as long as can be told."""
    most = longest_correlation_time(len(embedding.fold))
    both = zip(*(_axes(embedding, t) for t in range(len(embedding.zx))), strict=True)
    return all(max(map(correlation_time, side)) >= most for side in both)


def effective_samples(embedding, n):
    """Return how many independent samples n samples of the pair are worth.

    Those of the encoder that sees the slower axes.
    """
    return n / max(
        autocorrelation.redundancy(*_axes(embedding, t)) for t in range(len(embedding.zx))
    )


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
    correlation = autocorrelation.autocorrelation(rest)
    width = min(4 * correlation_time(rest), len(correlation))
    weights = 1 - np.arange(1, width) / width
    factor = 1 + 2 * weights @ correlation[1:width]
    error = np.sqrt(rest.var(axis=0) * np.maximum(factor, 1.0) / (time @ time))
    return float(np.max(np.abs(slope) / np.maximum(error, 1e-300)))


def bits_by_chance(embedding, held_out, neighbours, threads, n_inside, times):
    """Return the mean of KSG and of the corrected estimate of shifted series, and KSG's scatter.

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
    by_chance : array, shape (2,)
    scatter : float
        Standard deviation of the mean of all encoders' KSG, as the shifts tell it: of series that
        share nothing.
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
    values = np.array(values)
    of_encoder = values[:, 0].reshape(len(held_out), SHIFTS)
    scatter = float(np.sqrt(of_encoder.var(axis=1, ddof=1).mean() / len(held_out)))
    return np.maximum(values.mean(axis=0), 0.0), scatter
