"""Which variables tell of a target, and what each adds: forward selection by conditional MI."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lmi.base import reasons
from lmi.base.threads import map_pairs


@dataclass(frozen=True)
class Value:
    """Information about the target, of a variable alone or beyond others.

    Attributes
    ----------
    bits, sd_bits, p_value : float
    reasons : tuple of lmi.base.reasons.Reason
    """

    bits: float
    sd_bits: float
    p_value: float
    reasons: tuple = ()

    @property
    def is_there(self) -> bool:
        """Whether there is a value that can be used."""
        is_known = bool(np.isfinite(self.bits) and np.isfinite(self.p_value))
        return is_known and reasons.flag(self.reasons) != "fail"


@dataclass(frozen=True)
class Step:
    """A selected variable.

    Attributes
    ----------
    name : str
    alone, added, unique : Value
        What it tells of the target by itself, beyond those selected before it, and beyond all
        others that are selected.
    p_added : float
        The p value of what it adds, times the number of candidates (Bonferroni).
    n_candidates : int
        Variables among which it was chosen.
    """

    name: str
    alone: Value
    added: Value
    unique: Value
    p_added: float
    n_candidates: int


def forward(
    alone: Mapping[str, Value],
    beyond: Callable[[str, tuple[str, ...]], Value],
    *,
    most: int,
    level: float,
    threads: int = 1,
) -> list[Step]:
    """Select variables one by one, each the one that adds most, until none adds anything.

    By the chain rule what the variables add is what they tell together: I(T; X1, X2, …) = I(T; X1)
    + I(T; X2 | X1) + … (Brown et al. 2012, equation 6). A candidate is selected where it has the
    largest value among those whose p value, times the number of candidates, is at most the level:
    where no candidate adds anything, one is selected in at most a share `level` of all cases.

    Variables that tell nothing alone, but much together (an exclusive or), have no first one to
    be selected: forward selection does not find them.

    Parameters
    ----------
    alone : dict of str to Value
        What each candidate tells of the target. Those without a value are no candidates.
    beyond : callable
        From a candidate and those that are given to `Value`.
    most : int
        Variables to select.
    level : float
    threads : int

    Returns
    -------
    list of Step

    References
    ----------
    G. Brown, A. Pocock, M.-J. Zhao, M. Lujan, Conditional likelihood maximisation: a unifying
    framework for information theoretic feature selection, Journal of Machine Learning Research 13,
    27 (2012).
    """
    alone = {name: value for name, value in alone.items() if value.is_there}
    chosen: list[tuple[str, Value, float, int]] = []
    values: Mapping[str, Value] = alone
    while len(chosen) < most:
        values = {name: value for name, value in values.items() if value.is_there}
        n_candidates = len(values)
        sure = [name for name in values if n_candidates * values[name].p_value <= level]
        if not sure:
            break
        best = min(sure, key=lambda name: (-values[name].bits, name))
        p_added = n_candidates * values[best].p_value
        chosen.append((best, values[best], p_added, n_candidates))
        if len(chosen) < most:
            given = tuple(name for name, *_ in chosen)
            left = [name for name in alone if name not in given]
            values = _all_beyond(beyond, [(name, given) for name in left], threads)
    names = [name for name, *_ in chosen]
    # of the last one the others are those before it, and so is of the first what it tells alone
    asked = [(name, tuple(one for one in names if one != name)) for name in names[:-1]]
    unique = _all_beyond(beyond, asked, threads) | {name: added for name, added, *_ in chosen[-1:]}
    return [Step(name, alone[name], added, unique[name], p, n) for name, added, p, n in chosen]


def _all_beyond(
    beyond: Callable[[str, tuple[str, ...]], Value],
    asked: Sequence[tuple[str, tuple[str, ...]]],
    threads: int,
) -> dict[str, Value]:
    found = map_pairs(lambda one: beyond(*one), asked, threads)
    return {name: value for (name, _), value in zip(asked, found, strict=True)}


def rows(target: str, steps: Sequence[Step]) -> list[dict]:
    """Return the steps as rows of a table, with what the variables tell together so far.

    Parameters
    ----------
    target : str
    steps : list of Step
        From `forward`.
    """
    found, total, variance = [], 0.0, 0.0
    for number, step in enumerate(steps, 1):
        total += step.added.bits
        variance += step.added.sd_bits**2  # of one that is not known, the sum is not either
        why = list(dict.fromkeys(map(str, (*step.added.reasons, *step.unique.reasons))))
        found.append(
            {
                "target": target,
                "step": number,
                "variable": step.name,
                "mi_bits": step.alone.bits,
                "sd_bits": step.alone.sd_bits,
                "p_value": step.alone.p_value,
                "added_bits": step.added.bits,
                "sd_added_bits": step.added.sd_bits,
                "p_added": step.p_added,
                "n_candidates": step.n_candidates,
                "total_bits": total,
                "sd_total_bits": float(np.sqrt(variance)),
                "unique_bits": step.unique.bits,
                "sd_unique_bits": step.unique.sd_bits,
                "p_unique": step.unique.p_value,
                "interaction_bits": step.added.bits - step.alone.bits,
                "flag": reasons.flag((*step.added.reasons, *step.unique.reasons)),
                "reason": "; ".join(why),
            }
        )
    return found
