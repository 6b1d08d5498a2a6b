"""Series in time that a caller passes: those of pynapple, whose samples carry their times."""

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
    for name, own in series.items():
        step, odd = gaps(own)
        if len(odd):
            raise InputError(
                f"{name}: expected samples at a constant rate, found {len(odd)} other steps than "
                f"{step:g} s, the first from {own[odd[0]]:g} to {own[odd[0] + 1]:g} s. Distant "
                "samples would become neighbours in time: estimate each unbroken epoch on its own, "
                ".restrict(epoch), or, where samples do not depend on their neighbours, pass "
                ".to_numpy()."
            )
    if series and not time_series:
        warnings.warn(
            f"{', '.join(series)}: a series in time, taken with time_series=True; where samples do "
            "not depend on their neighbours, pass .to_numpy()",
            UserWarning,
            stacklevel=3,
        )
    return bool(series) or bool(time_series)


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
