"""What the kernel's functions are given, as they want it, or refused."""

import numpy as np

from lmi.base.errors import InputError


def matrix(name: str, values) -> np.ndarray:
    """A float64 matrix (n, d), finite, row-major."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2) or 0 in values.shape:
        raise InputError(
            f"{name}: expected real numbers of shape (n,) or (n, d); found {values.dtype} of shape "
            f"{values.shape}. Pass one row per sample"
        )
    values = np.ascontiguousarray(values, dtype=np.float64)
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        first = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"{name}: expected finite values; found {bad} NaN or infinite, the first in row "
            f"{first[0]}. Drop these samples or impute before estimating"
        )
    return values.reshape(len(values), -1)


def pair(x, y) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices of `matrix`, with as many rows."""
    x, y = matrix("x", x), matrix("y", y)
    if len(x) != len(y):
        raise InputError(
            f"x and y: expected the same number of samples; found {len(x)} and {len(y)}. Row j of "
            "x must belong to row j of y"
        )
    return x, y


def integer(name: str, value, low: int, high: int | None = None, high_name: str = "") -> int:
    """An int from `low` to `high`, which messages call `high_name`."""
    wrong_type = isinstance(value, bool) or not isinstance(value, int | np.integer)
    if wrong_type or value < low or (high is not None and value > high):
        upper = "" if high is None else f" and <= {high_name}"
        raise InputError(f"{name}: expected an integer >= {low}{upper}; found {value!r}. Change it")
    return int(value)


def rows_of_permutations(permutations, n: int) -> np.ndarray:
    """int32, shape (B, n), row-major, each row a permutation."""
    permutations = np.asarray(permutations)
    if permutations.ndim != 2 or permutations.shape[1] != n or permutations.dtype.kind not in "iu":
        raise InputError(
            f"permutations: expected integers of shape (B, {n}), one row a permutation of the "
            f"samples; found {permutations.dtype} of shape {permutations.shape}. Stack rng."
            "permutation(n)"
        )
    for b, row in enumerate(permutations):
        seen = np.zeros(n, bool)
        inside = (row >= 0) & (row < n)
        seen[row[inside]] = True
        if not seen.all():
            raise InputError(
                f"permutations: expected each of 0...{n - 1} once in a row; row {b} lacks "
                f"{np.flatnonzero(~seen)[0]}. Draw rows without replacement"
            )
    return np.ascontiguousarray(permutations, np.int32)
