"""Samples of a series that may be neighbours: those apart in time (the Theiler window).

Consecutive samples of a slow series are alike in x and in y at once, whatever x and y share. Where
they count as neighbours, KSG finds bits that there are not. So samples within a window in time of
each other are strangers, jointly and in either variable alike, and the number of samples in the
estimator is that of those which may be neighbours.

References
----------
J. Theiler, Spurious dimension from correlation algorithms applied to limited time-series data,
Phys. Rev. A 34, 2427 (1986).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_WINDOWS = 6
"""Windows that the samples of one search hold at least: most samples stay neighbours."""


def within(time: np.ndarray, window: int) -> Apart:
    """Return the `Apart` of samples at some times, its window no longer than they allow."""
    return Apart(np.ascontiguousarray(time, np.int64), min(window, len(time) // LEAST_WINDOWS))


@dataclass(frozen=True)
class Apart:
    """Times of samples, and how far apart neighbours are at least.

    Attributes
    ----------
    time : int64 array, shape (n,)
        Ascending; samples of different recordings or trials lie more than the window apart.
    window : int
        Samples whose times differ by at most this are no neighbours.
    """

    time: np.ndarray
    window: int

    def n_others(self) -> np.ndarray:
        """Return how many samples may be neighbours of each, shape (n,)."""
        first = np.searchsorted(self.time, self.time - self.window)
        stop = np.searchsorted(self.time, self.time + self.window, side="right")
        return len(self.time) - (stop - first)

    def are_near(self, row: int, others: np.ndarray) -> np.ndarray:
        """Return which of other rows lie within the window of a row, itself included."""
        return np.abs(self.time[others] - self.time[row]) <= self.window

    def n_near(self, z: np.ndarray, radius: np.ndarray) -> np.ndarray:
        """Return how many others lie within both the window and a radius of each sample.

        Parameters
        ----------
        z : array, shape (n, d)
        radius : array, shape (n,)
            Chebyshev distances; strictly nearer samples count.

        Returns
        -------
        int array, shape (n,)
        """
        count = np.zeros(len(z), np.int64)
        for step in range(1, len(z)):
            near = self.time[step:] - self.time[:-step] <= self.window
            if not near.any():
                break
            gap = np.abs(z[step:] - z[:-step]).max(axis=1)
            count[step:] += near & (gap < radius[step:])
            count[:-step] += near & (gap < radius[:-step])
        return count
