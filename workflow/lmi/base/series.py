"""Series in time that a caller passes: samples that carry their times, of pynapple or pandas."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from lmi.base.errors import InputError

GAP = 0.5  # of a step between samples: more of a difference is a gap


def times(values: Any) -> np.ndarray | None:
    """Return the times of a series of pynapple (Tsd, TsdFrame) in seconds, None of all else."""
    is_series = type(values).__module__.partition(".")[0] == "pynapple" and hasattr(values, "t")
    return np.asarray(values.t) if is_series and hasattr(values, "values") else None


def index_times(values: Any) -> np.ndarray | None:
    """Return the times or numbers that an index of pandas holds, None of all else.

    A time is in seconds since the first.
    """
    if times(values) is not None or not hasattr(values, "iloc"):
        return None
    index = values.index
    if hasattr(index, "tz_localize") or hasattr(index, "total_seconds"):
        since = index - index[0] if len(index) else index
        return np.asarray(since.total_seconds(), dtype=float)
    return np.asarray(index, float) if getattr(index.dtype, "kind", "O") in "iuf" else None


def gaps(times: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the usual step between times, and after which of them another one follows."""
    steps = np.diff(times)
    step = float(np.median(steps)) if len(steps) else 0.0
    return step, np.flatnonzero(np.abs(steps - step) > GAP * step)


def in_time(given: Mapping[str, Any], time_series: bool) -> bool:
    """Whether samples are consecutive in time: as the caller says, and series of pynapple are.

    Parameters
    ----------
    given : dict
        What was passed, by the name of the argument.
    time_series : bool

    Raises
    ------
    InputError
        Series of other times than each other's, or with gaps.
    """
    times_of = {name: times(values) for name, values in given.items()}
    series = {name: own for name, own in times_of.items() if own is not None}
    for name, own in series.items():
        first = next(iter(series))
        if not np.array_equal(series[first], own):
            raise InputError(
                f"{first}, {name}: expected the same times, found {_said(series[first])} and "
                f"{_said(own)}. Bring one to the times of the other, {name}.interpolate({first}) "
                f"or {name}.value_from(...), or average both in the same bins, "
                ".bin_average(seconds)."
            )
    if time_series and not series:
        indexed = {name: index_times(values) for name, values in given.items()}
        held = {name: own for name, own in indexed.items() if own is not None}
        series = dict(list(held.items())[:1])  # the others are brought to its order
    for name, own in series.items():
        if (back := np.flatnonzero(np.diff(own) <= 0)).size:
            raise InputError(
                f"{name}: expected samples in the order of time, found an index that does not rise "
                f"after row {back[0]}. Sort by it, {name}.sort_index(), or, where it is no time, "
                "pass .to_numpy()."
            )
        step, odd = gaps(own)
        if len(odd):
            is_number = times_of[name] is None and given[name].index.dtype.kind in "iuf"
            unit = "" if is_number else " s"
            at, then = own[odd[0]], own[odd[0] + 1]
            raise InputError(
                f"{name}: expected samples at a constant rate, found {len(odd)} other steps than "
                f"{step:g}{unit}, the first from {at:g} to {then:g}{unit}. Distant samples would "
                "become neighbours in time: estimate each unbroken stretch on its own "
                "(.restrict(epoch) of pynapple), or, where samples do not depend on their "
                "neighbours or the index is no time, pass .to_numpy()."
            )
    found_series = any(own is not None for own in times_of.values())
    if found_series and not time_series:
        warnings.warn(
            f"{', '.join(series)}: a series in time, taken with time_series=True; where samples do "
            "not depend on their neighbours, pass .to_numpy()",
            UserWarning,
            stacklevel=3,
        )
    return found_series or bool(time_series)


def _said(own: np.ndarray) -> str:
    return f"{len(own)} from {own[0]:g} to {own[-1]:g} s" if len(own) else "none"


def refuse(given: Mapping[str, Any], cure: str) -> None:
    """Raise InputError for series in time, where samples are to be independent."""
    series = [name for name, values in given.items() if times(values) is not None]
    if series:
        raise InputError(
            f"{', '.join(series)}: expected samples that do not depend on their neighbours, found "
            f"a series in time. {cure}"
        )
