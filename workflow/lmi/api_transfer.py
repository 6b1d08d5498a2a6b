"""`lmi.transfer`: what the past of one series tells of another, beyond the other's own past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lmi import api_given, api_input
from lmi.api_input import DefaultSettings
from lmi.base import answers, progress, reasons
from lmi.base.arrays import matrix
from lmi.base.errors import InputError
from lmi.base.series import in_time
from lmi.estimation import conditional
from lmi.estimation import estimate as estimation
from lmi.estimation.limits import MIN_TIMES
from lmi.projection import views

MAX_LAG = 10_000


@dataclass(frozen=True)
class Transfer:
    """What `transfer` returns.

    Attributes
    ----------
    xy_bits, sd_xy_bits, p_xy : float
        What X at all lags together tells of Y beyond the past of Y: transfer entropy, its standard
        error, and the p value of circular shifts.
    yx_bits, sd_yx_bits, p_yx : float
        The same from Y to X.
    net_bits, sd_net_bits : float
        `xy_bits` less `yx_bits`.
    by_lag : dict of int to (float, float, float, float)
        `xy_bits`, `p_xy`, `yx_bits` and `p_yx` of each lag by itself; of a single lag those above.
    n_samples : int
        Times that have a past.
    flag, reason : str
    """

    xy_bits: float
    sd_xy_bits: float
    p_xy: float
    yx_bits: float
    sd_yx_bits: float
    p_yx: float
    net_bits: float
    sd_net_bits: float
    by_lag: dict
    n_samples: int
    flag: str
    reason: str

    def __repr__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return (
            f"<lmi.Transfer xy_bits={self.xy_bits:.4f} ± {self.sd_xy_bits:.4f} "
            f"(p={self.p_xy:.3g}) yx_bits={self.yx_bits:.4f} ± {self.sd_yx_bits:.4f} "
            f"(p={self.p_yx:.3g}) n_samples={self.n_samples} flag={self.flag}{why}>"
        )

    def _repr_html_(self) -> str:
        return answers.html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and texts as plain Python values."""
        return answers.plain(self)


def transfer(
    X: Any,
    Y: Any,
    *,
    lags: int | Sequence[int] = 1,
    history: int = 1,
    given: Any = None,
    quiet: bool = True,
    seed: int = 0,
    k: int = 3,
    n_permutations: int = 999_999,
    threads: int = 1,
    **options: Any,
) -> Transfer:
    """Estimate transfer entropy between two series of many features, in both directions.

    From X to Y it is the conditional information I(Y(t); X(t - lags) | Y(t - 1), …,
    Y(t - history)), as `lmi.estimate(…, given=…)` estimates it.

    Parameters
    ----------
    X, Y : array or DataFrame, shapes (n_times, n_features_x) and (n_times, n_features_y)
        Row i of both is the same time; times are equally spaced.
    lags : int or sequence of int
        Steps, at least 1, by which the source is taken earlier than the target.
    history : int
        Steps of the target's own past that are given.
    given : array or DataFrame, shape (n_times, n_features), optional
        A third series that may drive both: its values from now back to the longest lag or history
        are given too.
    quiet : bool
        Show no progress bar.
    seed, k, threads
        As in `lmi.estimate`.
    n_permutations : int
        Most shifts of the null; 0 for none.
    **options
        Single settings of the preset default, by their names in the config.

    Returns
    -------
    Transfer

    Raises
    ------
    InputError
        Bad lags or history; too few times; what `lmi.estimate` refuses.

    References
    ----------
    T. Schreiber, Measuring information transfer, Phys. Rev. Lett. 85, 461 (2000).
    """
    api_input.check_run(quiet=quiet, seed=seed, k=k, n_permutations=n_permutations, threads=threads)
    settings = api_input.default_settings(options)
    steps = _steps("lags", lags if isinstance(lags, list | tuple | range) else [lags])
    (past,) = _steps("history", [history])
    in_time({"X": X, "Y": Y, "given": given}, True)
    x, y = matrix("X", X), matrix("Y", Y)
    driver = None if given is None else matrix("given", given)
    for name, side in (("Y", y), ("given", driver)):
        if side is not None and len(side) != len(x):
            raise InputError(
                f"{name}: expected as many times as X, {len(x)}, found {len(side)}. Row i of each "
                "must be the same time."
            )
    first = max(*steps, past)
    if len(x) - first < MIN_TIMES:
        raise InputError(
            f"X, Y: expected at least {MIN_TIMES} times with a past of {first} steps, found "
            f"{max(len(x) - first, 0)} of {len(x)}. Record longer, or take shorter lags and "
            "history."
        )
    from threadpoolctl import threadpool_limits

    n_told = 2 + (2 * len(steps) if len(steps) > 1 else 0)
    with threadpool_limits(int(threads)), progress.steps(quiet, n_told, "lmi.transfer") as tell:
        found = of_series(
            (x, y),
            driver,
            lags=steps,
            history=past,
            samples=estimation.Samples(time_series=True),
            names=("X", "Y"),
            settings=settings,
            seed=seed,
            k=k,
            error_bars=True,
            permutations=api_input.permutations(n_permutations),
            tested_lags=True,
            threads=threads,
            tell=tell,
        )
    xy, yx, why = found.xy, found.yx, found.reasons
    return Transfer(
        xy_bits=xy.cmi_bits,
        sd_xy_bits=xy.sd_cmi_bits,
        p_xy=xy.p_conditional,
        yx_bits=yx.cmi_bits,
        sd_yx_bits=yx.sd_cmi_bits,
        p_yx=yx.p_conditional,
        net_bits=xy.cmi_bits - yx.cmi_bits,
        sd_net_bits=found.sd_net_bits,
        by_lag={
            lag: (forth.cmi_bits, forth.p_conditional, back.cmi_bits, back.p_conditional)
            for lag, (forth, back) in found.by_lag.items()
        },
        n_samples=found.n_samples,
        flag=reasons.flag(why),
        reason=reasons.sentence(why),
    )


@dataclass(frozen=True)
class BothWays:
    """Transfer of a pair of series in both directions.

    Attributes
    ----------
    xy, yx : conditional.Conditional
        Of all lags together.
    by_lag : dict of int to (conditional.Conditional, conditional.Conditional)
        Of each lag by itself, from x to y and from y to x.
    n_samples : int
        Times that have a past.
    reasons : list of reasons.Reason
    """

    xy: conditional.Conditional
    yx: conditional.Conditional
    by_lag: dict[int, tuple[conditional.Conditional, conditional.Conditional]]
    n_samples: int
    reasons: list[reasons.Reason]

    @property
    def sd_net_bits(self) -> float:
        """Standard error of what x tells of y less what y tells of x."""
        return float(np.hypot(self.xy.sd_cmi_bits, self.yx.sd_cmi_bits))

    def best_lag(self, direction: int) -> int:
        """Return the lag that tells most by itself, from x to y (0) or y to x (1); 0 for none."""
        told = {lag: both[direction].cmi_bits for lag, both in self.by_lag.items()}
        known = {lag: bits for lag, bits in told.items() if np.isfinite(bits)}
        return max(known, key=known.__getitem__, default=0)


def of_series(
    sides: tuple[np.ndarray, np.ndarray],
    driver: np.ndarray | None,
    *,
    lags: Sequence[int],
    history: int,
    samples: estimation.Samples,
    names: tuple[str, str],
    settings: DefaultSettings,
    seed: int,
    k: int,
    error_bars: bool,
    permutations: dict,
    tested_lags: bool,
    threads: int,
    tell: Callable[[str], None] = lambda line: None,
) -> BothWays:
    """Return the transfer between two series, in both directions.

    Parameters
    ----------
    sides : (array, array), each of shape (n_times, n_features)
    driver : array, shape (n_times, n_features), or None
        A third series that is given, from now back to the longest lag or history.
    lags : sequence of int
        Ascending.
    history : int
    samples : estimation.Samples
        Of the times: their intervals, within which pasts lie, and how many overlap.
    names : (str, str)
        What x and y are called: in messages, and random draws depend on them.
    settings, seed, k, error_bars, permutations, threads
        As in `lmi.api_given.estimate`.
    tested_lags : bool
        Test each of several lags by itself too.
    tell : callable
        Called with a few words at the start of each estimate.

    Raises
    ------
    InputError
        Too few times with a past; a side or past that cannot be estimated.
    """
    first = max(*lags, history)
    times = _with_past(len(sides[0]), first, samples.interval)
    if len(times) < MIN_TIMES:
        raise InputError(
            f"expected at least {MIN_TIMES} times with a past of {first} steps in their interval, "
            f"found {len(times)} of {len(sides[0])}"
        )
    own = replace(
        samples,
        overlap=first + samples.overlap,
        strata=None if samples.strata is None else samples.strata[times],
        interval=None if samples.interval is None else samples.interval[times],
        shared=estimation.flags.NOTHING_SHARED,
    )

    def told(direction: int, lags: Sequence[int], error_bars: bool, permutations: dict):
        """Return what the past of one side tells of the other beyond its own past."""
        tell(f"{names[direction]} to {names[1 - direction]}, lags {', '.join(map(str, lags))}")
        source, target = sides[direction], sides[1 - direction]
        given = _lagged(target, range(1, history + 1), times)
        if driver is not None:
            given = np.hstack([given, _lagged(driver, range(first + 1), times)])
        given = views.drop_constant(given)
        return api_given.estimate(
            views.drop_constant(_lagged(source, lags, times)),
            views.drop_constant(target[times]),
            api_given.Given(given if given.shape[1] else None, None),
            settings=settings,
            seed=seed,
            k=k,
            error_bars=error_bars,
            permutations=permutations,
            samples=own,
            threads=threads,
            name=f"{names[direction]}>{names[1 - direction]}/{lags}",
        )

    both = [told(direction, lags, error_bars, permutations) for direction in (0, 1)]
    by_lag = {}
    for lag in lags:
        alone = permutations if tested_lags else {**permutations, "max": 0}
        one = both
        if len(lags) > 1:
            one = [told(direction, [lag], False, alone) for direction in (0, 1)]
        by_lag[lag] = (one[0], one[1])
    why = [
        reasons.Reason("in_direction", {"direction": " to ".join(ends), "message": str(reason)})
        for ends, one in zip((names, names[::-1]), both, strict=True)
        for reason in one.reasons
        if reasons.DECLARED[reason.code].flag != "ok"
    ]
    return BothWays(both[0], both[1], by_lag, len(times), why)


def _with_past(n_times: int, first: int, interval: np.ndarray | None) -> np.ndarray:
    """Return the times whose past of `first` steps lies in their own interval."""
    times = np.arange(first, n_times)
    return times if interval is None else times[interval[times] == interval[times - first]]


def _steps(name: str, values: Sequence) -> list[int]:
    """Return steps in time, each once, ascending; InputError for what is none."""
    for value in values:
        good = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not good or not 1 <= value <= MAX_LAG:
            raise InputError(
                f"{name}: expected whole steps from 1 to {MAX_LAG}, found {value!r}. A step is one "
                "row; the present of the source is not its past."
            )
    if not len(values):
        raise InputError(f"{name}: expected at least one step, found none.")
    return sorted({int(value) for value in values})


def _lagged(series: np.ndarray, lags: Sequence[int], times: np.ndarray) -> np.ndarray:
    """Return the series at each lag before some times, side by side."""
    return np.hstack([series[times - lag] for lag in lags])
