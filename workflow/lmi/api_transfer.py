"""`lmi.transfer`: what the past of one series tells of another, beyond the other's own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmi import api_given, api_input
from lmi.base import reasons
from lmi.base.arrays import matrix
from lmi.base.errors import InputError
from lmi.base.series import in_time
from lmi.estimation import conditional
from lmi.estimation import estimate as estimation
from lmi.projection import views

MIN_TIMES = 200
"""Fewest times, once those without a past are left out: the folds are halves of the recording."""
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
        return (
            f"<lmi.Transfer xy_bits={self.xy_bits:.4f} ± {self.sd_xy_bits:.4f} "
            f"(p={self.p_xy:.3g}) yx_bits={self.yx_bits:.4f} ± {self.sd_yx_bits:.4f} "
            f"(p={self.p_yx:.3g}) n_samples={self.n_samples} flag={self.flag}>"
        )


def transfer(
    X: Any,
    Y: Any,
    *,
    lags: int | Sequence[int] = 1,
    history: int = 1,
    given: Any = None,
    seed: int = 0,
    k: int = 3,
    n_permutations: int = 9999,
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
    api_input.check_run(seed=seed, k=k, n_permutations=n_permutations, threads=threads)
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
    n_times = len(x) - first
    if n_times < MIN_TIMES:
        raise InputError(
            f"X, Y: expected at least {MIN_TIMES} times with a past of {first} steps, found "
            f"{max(n_times, 0)} of {len(x)}. Record longer, or take shorter lags and history."
        )
    from threadpoolctl import threadpool_limits

    def told(
        source: np.ndarray, target: np.ndarray, lags: Sequence[int], error_bars: bool
    ) -> conditional.Conditional:
        """Return what a source tells of a target beyond its past."""
        own = _lagged(target, range(1, past + 1), first)
        if driver is not None:
            own = np.hstack([own, _lagged(driver, range(first + 1), first)])
        own = views.drop_constant(own)
        return api_given.estimate(
            views.drop_constant(_lagged(source, lags, first)),
            views.drop_constant(target[first:]),
            api_given.Given(own if own.shape[1] else None, None),
            settings=settings,
            seed=seed,
            k=k,
            error_bars=error_bars,
            permutations=api_input.permutations(n_permutations),
            samples=estimation.Samples(time_series=True, overlap=first),
            threads=threads,
        )

    with threadpool_limits(int(threads)):
        xy, yx = (told(*pair, steps, True) for pair in ((x, y), (y, x)))
        by_lag = {}
        for step in steps:
            if len(steps) == 1:
                forth, back = xy, yx
            else:
                forth, back = (told(*pair, [step], False) for pair in ((x, y), (y, x)))
            by_lag[step] = (
                forth.cmi_bits,
                forth.p_conditional,
                back.cmi_bits,
                back.p_conditional,
            )
    why = [
        reasons.Reason("in_direction", {"direction": direction, "message": str(reason)})
        for direction, one in (("X to Y", xy), ("Y to X", yx))
        for reason in one.reasons
    ]
    return Transfer(
        xy_bits=xy.cmi_bits,
        sd_xy_bits=xy.sd_cmi_bits,
        p_xy=xy.p_conditional,
        yx_bits=yx.cmi_bits,
        sd_yx_bits=yx.sd_cmi_bits,
        p_yx=yx.p_conditional,
        net_bits=xy.cmi_bits - yx.cmi_bits,
        sd_net_bits=float(np.hypot(xy.sd_cmi_bits, yx.sd_cmi_bits)),
        by_lag=by_lag,
        n_samples=n_times,
        flag=reasons.flag(why),
        reason=reasons.sentence(why),
    )


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


def _lagged(series: np.ndarray, lags: Sequence[int], first: int) -> np.ndarray:
    """Return the series at each lag side by side, for the times from `first` on."""
    return np.hstack([series[first - lag : len(series) - lag] for lag in lags])
