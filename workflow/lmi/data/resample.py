"""Series with times of their own, on common steps of real time: what lies in a step is averaged.

A step is used where every source has at least half as many samples as it usually has in one; a
series ends an interval where steps are left out.
"""

from dataclasses import dataclass

import numpy as np

from lmi.base.errors import InputError
from lmi.data import clocks
from lmi.data.sources import missing_samples, n_own_samples, sample_names

ENOUGH = 0.5
"""Of the samples that a source usually has in a step: with fewer, the step is left out."""
SLACK = 1e-6
"""Of a step: a sample that lies this little before one belongs to it, as 0.3 to 3 steps of 0.1."""

MAX_STEPS = 10**8
"""More come of times that are no seconds."""


@dataclass(frozen=True)
class Steps:
    """Which samples of each source lie in which step.

    Attributes
    ----------
    bins : list of int array, shape (n_own_samples,)
        The place of each sample's step among those that are used, -1 for none.
    first : list of int array, shape (n_steps,)
        Of each source the first sample of each step.
    times : float array, shape (n_steps,)
        Start of each step, seconds.
    breaks : bool array, shape (n_steps - 1,)
        After which of them steps are left out.
    told : str
        What was done, in words.
    """

    bins: list
    first: list
    times: np.ndarray
    breaks: np.ndarray
    told: str


def steps_of(settings, sources, missing):
    """Return the steps that all sources have.

    Parameters
    ----------
    settings : dict
        `resample` of a dataset of the config.
    sources : list of Source
    missing : str
        With drop_samples, samples with missing values are as if they were not there.

    Raises
    ------
    InputError
        No times, times that do not rise, a step shorter than that of a source, no common time.
    """
    step, rates = settings["step"], settings.get("sampling_rates")
    if rates is not None and len(rates) != len(sources):
        raise InputError(
            f"resample.sampling_rates: expected one for each of {len(sources)} sources, found "
            f"{len(rates)}"
        )
    times = [
        np.arange(n_own_samples(source)) / rates[place] if rates else _times(source)
        for place, source in enumerate(sources)
    ]
    # seconds since 1970 are known to a quarter of a microsecond, more than SLACK of short steps
    slack = max(SLACK, 4 * np.spacing(max(np.abs(own).max() for own in times)) / step)
    for source, own in zip(sources, times, strict=True):
        usual = float(np.median(np.diff(own)))
        if usual > step * (1 + slack):
            raise InputError(
                f"resample: expected a step of at least {usual:g} s, that between samples of "
                f"'{source.shown}', found {step:g} s. A shorter one would invent values"
            )
    start, stop = max(own[0] for own in times), min(own[-1] for own in times)
    if stop < start:
        spans = [
            f"'{s.shown}' {own[0]:g} to {own[-1]:g} s"
            for s, own in zip(sources, times, strict=True)
        ]
        raise InputError(f"resample: the sources have no time in common: {'; '.join(spans)}")
    n_steps = int((stop - start) / step + slack) + 1
    if n_steps > MAX_STEPS:
        raise InputError(
            f"resample: expected at most {MAX_STEPS} steps, found {n_steps} of {step:g} s from "
            f"{start:g} to {stop:g} s. Are the times in seconds?"
        )
    numbers, enough, rare = [], np.ones(n_steps, bool), []
    for source, own in zip(sources, times, strict=True):
        number = np.floor((own - start) / step + slack).astype(int)
        number[(number < 0) | (number >= n_steps)] = -1
        if missing == "drop_samples":
            number[missing_samples(source)] = -1
        counts = np.bincount(number[number >= 0], minlength=n_steps)
        usual = float(np.median(counts[counts > 0])) if counts.any() else 1.0
        enough &= counts >= max(1.0, ENOUGH * usual)
        numbers.append(number)
        rare.append(f"{usual:g} of '{source.shown}'")
    kept = np.flatnonzero(enough)
    place = np.full(n_steps + 1, -1)  # the last is that of samples in no step
    place[kept] = np.arange(len(kept))
    bins = [place[number] for number in numbers]
    told = f"steps of {step:g} s, with usually {' and '.join(rare)} in each"
    if len(kept) < n_steps:
        told += f"; {n_steps - len(kept)} of {n_steps} steps left out, where a source has too few"
    return Steps(
        bins,
        [_first_of(own, len(kept)) for own in bins],
        start + kept * step,
        np.diff(kept) != 1,
        told,
    )


def _first_of(bins, n_steps):
    """Return the first sample of each step."""
    places, first = np.unique(bins, return_index=True)
    return first[places >= 0] if n_steps else np.empty(0, int)


def _times(source):
    """Return the times of the samples of a source, in seconds."""
    names = sample_names(source)
    times = clocks.times_of(names, absolute=True)
    if times is None:
        found = "no names" if names is None else f"names such as '{names[0]}'"
        raise InputError(
            f"resample: expected the time of each sample of '{source.shown}' as its name, in "
            f"seconds or as a date (`sample_column`), found {found}. Or give the rates of all "
            "sources, in Hz, where they begin together: `sampling_rates`"
        )
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise InputError(
            f"resample: expected times of '{source.shown}' that rise from sample to sample. Sort "
            "its rows by time"
        )
    return times


def averaged(block, bins, n_steps):
    """Return the mean of the samples in each step.

    Parameters
    ----------
    block : array, shape (n_own_samples, n_features)
    bins : int array, shape (n_own_samples,)
    n_steps : int

    Returns
    -------
    float64 array, shape (n_steps, n_features)
    """
    inside = bins >= 0
    counts = np.bincount(bins[inside], minlength=n_steps)
    # bins rise, as times do
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.add.reduceat(block[inside].astype(np.float64), starts, axis=0) / counts[:, None]
