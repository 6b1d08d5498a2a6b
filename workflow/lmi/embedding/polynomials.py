"""Squares, products and cubes of many coordinates, all of them at once: what is shared of them.

They are too many to be learned, and need not be: the mean over pairs of samples of
a_i b_j K(z_i, z_j), with K the sum over all orthonormal polynomials of a degree, is what a and b
share of them, without bias however many they are, as no sample meets itself (cf. the
Hilbert-Schmidt independence criterion, Gretton et al., ALT 2005). Coordinates whitened by the same
samples take a little off. The same mean with z shifted against a and b says how large it is by
chance, in time series too.
"""

import numpy as np

N_COORDINATES = (12, 64)
"""Leading components of z whose polynomials are looked at."""
LEAST_SAMPLES = 3
"""Samples a coordinate, at least."""
CUT = 3.5
"""Coordinates are cut there, in standard deviations."""
MOST_SAMPLES = 2000
"""Evenly spaced samples that are compared, at most."""
NEAR = 20
"""Shifts by less than this part of the samples are left out."""
SURE_SD = 3.0
"""Standard deviations by which something must be shared."""


def white(scores, train, n_most=N_COORDINATES[-1]):
    """Return whitened leading components, cut.

    Parameters
    ----------
    scores : array, shape (n_samples, n_components)
        Principal components, the leading ones first.
    train : bool array, shape (n_samples,)
        Samples that the whitening is learned from.
    n_most : int

    Returns
    -------
    array, shape (n_samples, n_coordinates)
    """
    n = int(train.sum())
    leading = scores[:, : min(n_most, n // LEAST_SAMPLES)].astype(np.float64)
    leading = leading - leading[train].mean(axis=0)
    _, s, vt = np.linalg.svd(leading[train], full_matrices=False)
    kept = s > 1e-4 * max(s.max(initial=0.0), 1e-12)
    return np.clip(leading @ vt[kept].T * (np.sqrt(n) / s[kept]), -CUT, CUT)


def kernels(coordinates):
    """Return the sums over all orthonormal Hermite polynomials of degree 2 and 3, centred.

    What is linear in z is learned, of however many coordinates. The sums are the coefficients of
    the powers of r in Mehler's kernel,
    (1 - r^2)^(-d/2) exp((r z.z' - r^2 (z.z + z'.z') / 2) / (1 - r^2)).

    Parameters
    ----------
    coordinates : array, shape (n_samples, n_coordinates)

    Returns
    -------
    list of array, shape (n_samples, n_samples)
        Of pairs of samples: rows and columns of mean 0, and zeros on the diagonal.
    """
    product, square = coordinates @ coordinates.T, (coordinates**2).sum(axis=1)
    squares, d = square[:, None] + square, coordinates.shape[1]
    second = (product**2 - squares + d) / 2
    third = product * (product**2 - 3 * squares + 3 * (d + 2)) / 6
    return [_centred(kernel) for kernel in (second, third)]


def bent(scores, z, train):
    """Return the axes of scores of which squares and products of z tell.

    Eigenvectors of the products that scores share of them, of eigenvalues larger than the most
    negative one.

    Parameters
    ----------
    scores, z : array, shape (n_samples, n_components)
        Principal components, the leading ones first.
    train : bool array, shape (n_samples,)

    Returns
    -------
    array, shape (n_samples, n_axes)
    """
    scores, z = white(scores, train), white(z, train)
    rows = np.flatnonzero(train)
    rows = rows[evenly(len(rows))]
    second, _ = kernels(z[rows])
    values, vectors = np.linalg.eigh(scores[rows].T @ second @ scores[rows])
    return scores @ vectors[:, values > max(0.0, -values[0])]


def shared(parts):
    """Return how much of the products of pairs of axes is of polynomials of z.

    Parameters
    ----------
    parts : list of (array, array, array)
        By part of the samples: axes of x and axes of y, shape (n_samples, n_axes), each pair of
        them with the weight it is to have; principal components of z, shape (n_samples,
        n_components), the leading ones first.

    Returns
    -------
    array, shape (n_parts,)
        Of the sum over axes of their mean products, what is shared of the polynomials that are
        the surest; 0 where none are sure.
    """
    surest, best = SURE_SD, np.zeros(len(parts))
    for found in zip(*(_by_kernel(*part) for part in parts), strict=False):
        means, errors = np.array(found).T
        sure = float((means / errors).sum() / np.sqrt(len(parts)))
        if sure > surest:
            surest, best = sure, np.maximum(means, 0.0)
    return best


def _by_kernel(a, b, z):
    """Yield the mean product that axes share, by kernel, and its standard deviation by chance."""
    rows = evenly(len(a))
    a, b = (side[rows] - side[rows].mean(axis=0) for side in (a, b))
    both = a @ b.T
    both, n = _centred(both + both.T) / 2, len(rows)
    for n_most in N_COORDINATES:
        for kernel in kernels(white(z[rows], np.ones(n, bool), n_most)):
            by_shift = _by_shift(both, kernel) / (n * (n - 1))
            far = by_shift[n // NEAR : n - n // NEAR]
            yield by_shift[0] - far.mean(), max(far.std(), 1e-12)
        if z.shape[1] <= n_most:
            break


def evenly(n, n_most=MOST_SAMPLES):
    """Return the numbers of at most so many of n samples, evenly spaced."""
    return np.linspace(0, n - 1, min(n, n_most)).astype(int)


def _centred(matrix):
    """Return a symmetric matrix with rows and columns of mean 0, and zeros on the diagonal."""
    mean = matrix.mean(axis=0)
    matrix = matrix - mean - mean[:, None] + mean.mean()
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _by_shift(one, other):
    """Return the sum over pairs of samples of both matrices, for each circular shift of one."""
    from scipy import fft

    n = len(one)
    place, total = np.arange(n), np.zeros(n // 2 + 1, complex)
    step = max(1, 2_000_000 // n)
    # half of the diagonals: the matrices are symmetric, and zero on the main one
    for first in range(1, n // 2 + 1, step):
        offset = np.arange(first, min(first + step, n // 2 + 1))
        column = (place + offset[:, None]) % n
        parts = [fft.rfft(matrix[place, column], axis=1) for matrix in (one, other)]
        total += np.where(2 * offset == n, 1.0, 2.0) @ (parts[0] * parts[1].conj())
    return fft.irfft(total, n)
