"""Samples that repeat: how many equal each, and a number for each that differs."""

from __future__ import annotations

import numpy as np

MANY_COPIES = 3
"""Samples are ties where more than this many equal each other."""


def copies(z: np.ndarray) -> np.ndarray:
    """Return how many rows of `z` equal each row, itself included."""
    if z.shape[1] == 1:
        column = z[:, 0]
        ordered = np.sort(column)
        return np.searchsorted(ordered, column, "right") - np.searchsorted(ordered, column)
    if z.shape[1] == 2:
        return copies((codes(z[:, :1]) * len(z) + codes(z[:, 1:]))[:, None])
    # equal rows have equal sums: where no two sums are equal, nothing need be compared
    if len(np.unique((z * np.sqrt(np.arange(2, z.shape[1] + 2))).sum(axis=1))) == len(z):
        return np.ones(len(z), int)
    group = codes(z)
    return np.bincount(group)[group]


def codes(z: np.ndarray) -> np.ndarray:
    """Return a number for each row of `z`, 0, 1, …, equal for equal rows and in their order."""
    if z.shape[1] == 1:
        return np.unique(z[:, 0], return_inverse=True)[1]
    return np.unique(z, axis=0, return_inverse=True)[1].ravel()
