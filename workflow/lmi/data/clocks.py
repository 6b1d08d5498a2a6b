"""Times of samples, as their names tell them: which follow each other, and where a gap is."""

import numpy as np

from lmi.base.errors import InputError
from lmi.base.series import GAP


def times_of(names, absolute=False):
    """Return the times that names of samples are, or None where they are no times.

    Parameters
    ----------
    names : sequence of str or None
        Numbers, or dates and times of ISO 8601.
    absolute : bool
        Dates as seconds since 1970, to a microsecond, in place of those since the first.

    Returns
    -------
    float array, shape (n_samples,), or None
        Seconds since the first, or the numbers themselves.
    """
    if not names:
        return None
    try:
        numbers = np.array([float(name) for name in names])
        return numbers if np.isfinite(numbers).all() else None
    except ValueError:
        pass
    if not all(name[:4].isdigit() for name in (names[0], names[-1])):
        return None
    import pandas as pd

    stamps = pd.to_datetime(list(names), format="ISO8601", errors="coerce", utc=True)
    if stamps.isna().any():
        return None
    since = pd.Timestamp(0, tz="UTC") if absolute else stamps[0]
    return (stamps - since).total_seconds().to_numpy()


def breaks(names, labels, where):
    """Return after which samples of a time series another step follows than the usual one.

    Parameters
    ----------
    names : sequence of str or None
        Of the samples that are used.
    labels : array, shape (n_samples,), or None
        Their intervals.
    where : str
        The source, for messages.

    Returns
    -------
    bool array, shape (n_samples - 1,), or None
        None where names are no times.

    Raises
    ------
    InputError
        Times that do not rise within an interval.
    """
    times = times_of(names)
    if times is None or len(times) < 2:
        return None
    steps = np.diff(times)
    within = np.ones(len(steps), bool) if labels is None else labels[1:] == labels[:-1]
    if (back := np.flatnonzero(within & (steps <= 0))).size:
        row = int(back[0])
        raise InputError(
            f"{where}: the names of the samples are times or numbers, and those of a time series "
            f"must rise; '{names[row + 1]}' follows '{names[row]}' (row {row + 2}). Sort the rows "
            "by time; name trials or recordings with `intervals`; or, where they are no times, "
            "leave the names out (`drop_columns`), or give names with a letter before the number"
        )
    usual = np.median(steps[within]) if within.any() else 0.0
    return ~within | (np.abs(steps - usual) > GAP * usual)
