"""Numbers that stand for missing values: -9999 and the like, far from everything measured."""

from __future__ import annotations

import numpy as np

STAND_INS = np.array(
    [-99, -32768, 65535, -2147483648, 9.969209968386869e36]
    + [sign * number for sign in (-1, 1) for number in (999, 9999, 99999, 999999, 1e20, 1e30)]
)
"""What instruments, surveys and file formats write where there is no value. 99 may be a count."""
FAR = 5.0
"""A stand-in lies at least so many times as far from the other values as they do from each other:
a measured value hardly does, and the same several times."""
FEWEST = 3


def found(matrix: np.ndarray) -> tuple[int, float, int] | None:
    """Return the first feature with a number that stands for missing values, or None.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
        Not finite values are passed over.

    Returns
    -------
    (int, float, int), or None
        The feature's column, the number, and how many samples have it.
    """
    matrix = np.asarray(matrix)
    if not matrix.size or matrix.dtype.kind not in "iuf":
        return None
    # in the type of the matrix, in which 9.97e36 is another number
    known = STAND_INS.astype(np.float32 if matrix.dtype == np.float32 else np.float64)
    lowest, highest = np.fmin.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=0)
    ends = np.isin(lowest, known) | np.isin(highest, known) | ~np.isfinite(highest - lowest)
    for column in np.flatnonzero(ends):
        values = matrix[:, column].astype(np.float64)
        values = values[np.isfinite(values)]
        for number in np.intersect1d(values, known.astype(np.float64)):
            others = values[values != number]
            count = len(values) - len(others)
            if count < FEWEST or not len(others):
                continue
            gap, spread = np.abs(others - number).min(), np.ptp(others)
            if spread and gap >= FAR * spread:
                return int(column), float(number), count
    return None


def told(number: float, count: int) -> str:
    """Return what was found, in words."""
    return (
        f"{number:.6g} in {count} samples, far from all other values: it seems to stand for "
        "missing ones, and would be taken for a measurement that x and y may share"
    )
