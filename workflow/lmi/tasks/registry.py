"""The list of tasks and the checks of their parameters."""

import difflib
import functools
import inspect
import math
import os
from dataclasses import dataclass

import numpy as np

from lmi.base.errors import InputError
from lmi.base.seeds import rng

TASKS = {}
_LIMITS = {}


@dataclass(frozen=True)
class Task:
    """Samples of two variables whose mutual information is known.

    Attributes
    ----------
    x, y : ndarray of float32, shape (n_samples, n_features)
        Aligned samples of the two variables.
    truth_bits : float
        Mutual information of the distribution that the samples were drawn from, in bits; NaN
        for real data of unknown truth.
    pointwise_bits : ndarray of float64, shape (n_samples,), or None
        True pointwise mutual information of every sample, log2 p(x, y) / (p(x) p(y)); None where
        it is not known.
    """

    x: np.ndarray
    y: np.ndarray
    truth_bits: float
    pointwise_bits: np.ndarray | None = None

    @property
    def oracle_bits(self):
        """Mean of `pointwise_bits`, or NaN: the estimate of who knows the densities.

        What it differs from `truth_bits` is the draw of the samples, not an estimator's error.
        """
        return np.nan if self.pointwise_bits is None else float(self.pointwise_bits.mean())


def task(**limits):
    """Register the decorated function as a task, under its own name.

    Parameters
    ----------
    **limits : tuple, list or "file"
        What each keyword parameter of the function may be: (lowest, highest) with None for no
        limit, a list of the values allowed, or the path of a file that exists.
    """

    def register(function):
        TASKS[function.__name__] = function
        _LIMITS[function.__name__] = limits
        return function

    return register


def parameters(name):
    """Return the names of a task's parameters, `independent` included.

    Raises
    ------
    InputError
        Unknown task.
    """
    if name not in TASKS:
        raise InputError(f"task '{name}': {_unknown(name, TASKS)}")
    return [*_defaults(name), "independent"]


def check(name, **params):
    """Check a task's name and parameters without drawing a sample.

    Parameters
    ----------
    name : str
        A key of `TASKS`.
    **params
        Parameters of the task; those left out take their defaults. `independent=True`, which
        every task takes, pairs x with the y of another draw, so that the truth is 0.

    Returns
    -------
    dict
        All parameters of the task, defaults filled in.

    Raises
    ------
    InputError
        Unknown task or parameter, wrong type, value out of range.
    """
    if name not in TASKS:
        raise InputError(f"task '{name}': {_unknown(name, TASKS)}")
    complete = {**_defaults(name), "independent": False}
    for key, value in params.items():
        if key not in complete:
            raise InputError(f"task '{name}', parameter '{key}': {_unknown(key, complete)}")
        complete[key] = _value(name, key, value, complete[key], _LIMITS[name].get(key))
    for key, limit in _LIMITS[name].items():
        if limit == "file":
            _value(name, key, complete[key], "", limit)
    return complete


def make(name, seed, **params):
    """Draw the samples of a task.

    The same name, seed and parameters give the same samples, whatever was drawn before.

    Parameters
    ----------
    name : str
        A key of `TASKS`; the function there documents the parameters, the truth and its source.
    seed : int
        Seed of the draw.
    **params
        Parameters of the task, and `independent` (see `check`).

    Returns
    -------
    Task

    Raises
    ------
    InputError
        Unknown task or parameter, wrong type, value out of range.

    Examples
    --------
    >>> from lmi import tasks
    >>> task = tasks.make("gaussian_grid", 0, ambient=50, intrinsic=3, mi_bits=1.0)
    >>> task.x.shape[1], round(task.truth_bits, 3)
    (50, 1.0)
    """
    complete = check(name, **params)
    independent = complete.pop("independent")
    drawn = TASKS[name](rng(seed, "task", name), **complete)
    if not independent:
        return drawn
    other = TASKS[name](rng(seed, "task", name, "independent"), **complete)
    return Task(drawn.x, other.y, 0.0, np.zeros(len(drawn.x)))


def finish(x, y, truth_bits, pointwise_bits=None):
    """Return a `Task` in single precision, which is what the workflow stores."""
    truth = float(np.maximum(0.0, truth_bits))
    return Task(x.astype(np.float32), y.astype(np.float32), truth, pointwise_bits)


def fail(name, key, expected, found):
    """Raise the error for a parameter that contradicts another one."""
    raise InputError(f"task '{name}', parameter '{key}': expected {expected}, found {found}")


def _defaults(name):
    return dict(_signature(TASKS[name]))


@functools.cache
def _signature(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return tuple((p.name, p.default) for p in parameters)


def _unknown(word, listed):
    near = difflib.get_close_matches(str(word), list(listed), n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"not known; {hint}expected one of {', '.join(sorted(listed))}"


def _value(name, key, value, default, limit):
    """Return `value` in the type of `default`, or tell what is wrong with it."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            fail(name, key, "true or false", repr(value))
        return value
    if limit == "file":
        if not isinstance(value, (str, os.PathLike)) or not os.path.isfile(value):
            fail(name, key, "the path of an existing file", repr(value))
        return os.fspath(value)
    if isinstance(limit, list):
        if value not in limit:
            fail(name, key, f"one of {', '.join(limit)}", repr(value))
        return value
    whole = isinstance(default, int)
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    low, high = limit
    good = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not good or (low is not None and value < low) or (high is not None and value > high):
        kind = "a whole number" if whole else "a number"
        bounds = f" of at least {low}" if high is None else f" from {low} to {high}"
        fail(name, key, kind + bounds, repr(value))
    return int(value) if whole else float(value)
