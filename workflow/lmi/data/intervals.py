"""Intervals of a recording: stretches of consecutive samples, with pauses between them.

Lags, windows and what shifts in time stay within an interval. Short ones, such as trials, can only
be shifted as a whole, which takes many of the same length.
"""

import numpy as np

LONG = 100
"""Samples that an interval has on average, for series to be shifted within it."""
LEAST_TRIALS = 20
"""Intervals of the same length that are needed where they are shorter."""
TRIALS_SHARE = 0.5
"""Share of the samples that these must hold."""


def ids(sizes):
    """Return the interval of each sample; None where there is one interval.

    Parameters
    ----------
    sizes : list of int
        Samples in each interval, in order of time.
    """
    sizes = [size for size in sizes if size]
    return None if len(sizes) < 2 else np.repeat(np.arange(len(sizes)), sizes)


def times(n_samples, interval=None):
    """Return a time of each sample, such that intervals lie further apart than any is long.

    Parameters
    ----------
    n_samples : int
    interval : int array, shape (n_samples,), optional
        Interval of each sample.

    Returns
    -------
    int64 array, shape (n_samples,)
    """
    at = np.arange(n_samples)
    return at if interval is None else at + n_samples * np.asarray(interval, np.int64)


def are_long(sizes):
    """Tell whether series can be shifted within intervals of these sizes."""
    sizes = [size for size in sizes if size]
    return len(sizes) < 2 or sum(sizes) >= LONG * len(sizes)


def are_trials(sizes):
    """Tell whether enough intervals are of the same size to be shifted as a whole."""
    values, counts = np.unique([size for size in sizes if size], return_counts=True)
    enough = counts >= LEAST_TRIALS
    return bool((values * counts)[enough].sum() >= TRIALS_SHARE * (values * counts).sum())


def n_partners(sizes, lag):
    """Return how many samples have a partner `lag` samples later in their interval."""
    return sum(max(0, size - abs(lag)) for size in sizes)
