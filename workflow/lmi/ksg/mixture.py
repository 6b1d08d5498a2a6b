"""A critic that is not Gaussian: the log ratio of mixtures of Gaussian densities, axis by axis."""

import functools

import numpy as np

BOUND_SD = 5.0
GRID = np.linspace(-BOUND_SD, BOUND_SD, 161)
"""Places at which the log ratio of an axis is tabulated."""
SMALLEST = 0.02
"""Singular value of a table, in nats, below which a term is left out."""
MOST_TERMS = 14


def log_ratio(mixture: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return log p(a, b) / (p(a) p(b)) of a mixture, in nats.

    Parameters
    ----------
    mixture : array, shape (n_components, 6)
        Share, means of a and b, variance of a, covariance, variance of b; a component of share 0
        is none.
    a, b : array
        That broadcast.
    """
    joint: np.ndarray | float = 0.0
    of_a, of_b = 0.0, 0.0
    for share, mean_a, mean_b, var_a, cov, var_b in mixture[mixture[:, 0] > 0]:
        da, db = a - mean_a, b - mean_b
        det = var_a * var_b - cov**2
        squares = (var_b * da**2 - 2 * cov * da * db + var_a * db**2) / det
        joint = joint + share / np.sqrt(det) * np.exp(-squares / 2)
        of_a = of_a + share / np.sqrt(var_a) * np.exp(-(da**2) / (2 * var_a))
        of_b = of_b + share / np.sqrt(var_b) * np.exp(-(db**2) / (2 * var_b))
    tiny = 1e-200
    return np.log(joint + tiny) - np.log(of_a + tiny) - np.log(of_b + tiny)


@functools.lru_cache(maxsize=256)
def _terms(mixture: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return functions of a and of b on the grid, whose products add up to the log ratio."""
    table = log_ratio(np.frombuffer(mixture).reshape(-1, 6), GRID[:, None], GRID)
    u, s, vt = np.linalg.svd(table)
    n_terms = min(MOST_TERMS, max(1, int((s > SMALLEST).sum())))
    return u[:, :n_terms] * s[:n_terms], vt[:n_terms].T


def factors(
    a: np.ndarray, b: np.ndarray, mixtures: np.ndarray, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return matrices with T(x_i, y_j) = left_i . right_j: the log ratios of all axes, in nats.

    Parameters
    ----------
    a, b : array, shape (n_samples, rank)
    mixtures : array, shape (rank, n_components, 6)
    temperature : float
    """
    sides: tuple[list, list] = ([], [])
    for axis, mixture in enumerate(mixtures):
        terms = _terms(np.ascontiguousarray(mixture, np.float64).tobytes())
        for side, z, functions in zip(sides, (a, b), terms, strict=True):
            place = (np.clip(z[:, axis], -BOUND_SD, BOUND_SD) + BOUND_SD) / (GRID[1] - GRID[0])
            low = np.minimum(place.astype(int), len(GRID) - 2)
            share = (place - low)[:, None]
            side.append((1 - share) * functions[low] + share * functions[low + 1])
    left, right = (np.hstack(side).astype(np.float32) for side in sides)
    return left * np.float32(temperature), right
