"""Marginal views of one variable: everything a pair needs that depends on one side alone.

A view is a matrix of at most `n_components` scores. Three are made: `linear` (principal components
of z-scores), `ranked` (of normal scores, which undo monotone distortions of single features) and
`fourier` (of random Fourier features, which show nonlinear structure to linear algebra).
"""

import itertools

import numpy as np

from lmi.base import seeds
from lmi.base.sizes import AT_ONCE

VIEWS = ("linear", "ranked", "fourier")
N_WAVED = 24
"""Leading linear scores that random Fourier features are made of."""
OVERSAMPLING = 10
"""Of the randomised decomposition: axes beyond those wanted."""


def drop_constant(matrix):
    """Return `matrix` (n_samples, n_features) without its constant features, as float64."""
    return varying(np.asarray(matrix, dtype=np.float64))


def varying(matrix):
    """Return `matrix` (n_samples, n_features) without its constant features, in its own type."""
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    varies = (matrix != matrix[:1]).any(axis=0)
    return matrix if varies.all() else matrix[:, varies]


def column_slices(matrix):
    """Return the features of a matrix as slices of at most `AT_ONCE` values, two columns or more.

    A single column would be summed in another order than one among others.
    """
    n_parts = min(-(-matrix.size // AT_ONCE), matrix.shape[1] // 2)
    edges = np.linspace(0, matrix.shape[1], max(1, n_parts) + 1).astype(int).tolist()
    return [slice(*ends) for ends in itertools.pairwise(edges)]


def by_columns(function, matrix, kind=np.float32):
    """Return a function of the features, each by itself, of some features at a time.

    Parameters
    ----------
    function : callable
        From float64 of shape (n_samples, n_some_features) to an array of as many columns.
    matrix : array, shape (n_samples, n_features)
    kind : dtype
        Of the result.
    """
    parts = column_slices(matrix)
    first = function(np.asarray(matrix[:, parts[0]], np.float64))
    if len(parts) == 1:
        return first.astype(kind, copy=False)
    result = np.empty((*first.shape[:-1], matrix.shape[1]), kind)
    result[..., parts[0]] = first
    for part in parts[1:]:
        result[..., part] = function(np.asarray(matrix[:, part], np.float64))
    return result


def zscores(matrix, clip=10.0):
    """Return z-scores of each feature, clipped at ±`clip`; float32 (n_samples, n_features)."""
    return by_columns(lambda some: _zscores(some, clip), matrix)


def _zscores(matrix, clip):
    centred = matrix - matrix.mean(axis=0)
    with np.errstate(over="ignore"):
        variance = np.einsum("ij,ij->j", centred, centred) / len(centred)
    if not ((variance > 0) & (variance < np.inf)).all():  # squares of 1e-200 or of 1e200
        centred /= np.abs(centred).max(axis=0)
        variance = np.einsum("ij,ij->j", centred, centred) / len(centred)
    centred /= np.sqrt(variance)
    return np.clip(centred, -clip, clip, out=centred)


def normal_scores(matrix):
    """Return each feature's ranks (average on ties) as standard normal quantiles, unit variance."""
    from scipy.special import ndtri

    n_samples = len(matrix)
    # without ties, all features have the same scores in another order
    untied = ndtri((np.arange(1, n_samples + 1) - 0.5) / n_samples)
    untied /= untied.std()
    result = np.empty(matrix.shape[::-1], np.float32)
    for part in column_slices(matrix):
        columns = np.ascontiguousarray(matrix[:, part].T)
        for column, scores in zip(columns, result[part], strict=True):
            order = np.argsort(column)
            ordered = column[order]
            first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
            own = untied
            if len(first) < n_samples:
                size = np.diff(first, append=n_samples)
                own = np.repeat(ndtri((first + size / 2) / n_samples), size)
                own /= own.std()
            scores[order] = own
    return result.T


def _sketch(matrix, width, rng):
    """Return random signed sums of the rows of `matrix`, shape (n_features, width)."""
    signs = rng.choice(np.array([-1, 1], np.float32), len(matrix))
    edges = np.arange(width + 1) * len(matrix) // width
    parts = [slice(*ends) for ends in itertools.pairwise(edges)]
    return np.stack([signs[part] @ matrix[part] for part in parts], axis=1)


def principal_components(matrix, n_components, rng):
    """Return the leading principal component scores, divided by the first one's sd.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
    n_components : int
        At most this many; components without variance are left out.
    rng : numpy.random.Generator
        For the randomised decomposition of large matrices (Halko et al. 2011).

    Returns
    -------
    array, shape (n_samples, n_scores)
    """
    return components(matrix, n_components, rng)[0]


def components(matrix, n_components, rng):
    """Return the scores of `principal_components`, and a function that gives their loadings.

    Returns
    -------
    scores : array, shape (n_samples, n_scores)
    loadings : callable
        Returns an array of shape (n_features, n_scores): the scores are the centred matrix times
        it.
    """
    n_samples, n_features = matrix.shape
    large = min(n_samples, n_features) > 4 * n_components
    # single precision halves the time of large matrices; small ones keep the weakest components
    matrix = matrix.astype(np.float32 if large else np.float64, copy=False)
    centred = matrix - matrix.mean(axis=0)
    if large:
        basis = _sketch(centred, n_components + OVERSAMPLING, rng)
        # one multiplication by the covariance leaves the noise behind; more change no estimate
        basis = centred.T @ (centred @ np.linalg.qr(basis)[0])
        basis = np.linalg.qr(basis)[0]
        scores = centred @ basis
        _, vectors = np.linalg.eigh(scores.T @ scores)
        vectors = vectors[:, ::-1][:, :n_components]
        scores = scores @ vectors

        def directions():  # keeps no matrix
            return basis @ vectors

    elif n_features <= n_samples:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        scores = centred @ vectors[:, ::-1][:, :n_components]

        def directions():
            return vectors[:, ::-1][:, :n_components]

    else:
        values, vectors = np.linalg.eigh(centred @ centred.T)
        order = np.argsort(values)[::-1][:n_components]
        scores = vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0))

        def directions():
            return centred.T @ (vectors[:, order] / np.sqrt(np.maximum(values[order], 1e-300)))

    sd = scores.std(axis=0)
    kept = sd > 1e-4 * sd[0]
    return scores[:, kept] / sd[0], lambda: directions()[:, kept] / sd[0]


def fourier_features(scores, n_features, rng):
    """Return random Fourier features: `waves` of `draw_waves`, whose parameters these are."""
    return waves(scores, draw_waves(scores, n_features, rng))


def draw_waves(scores, n_features, rng):
    """Draw random Fourier features of two Gaussian kernels (Rahimi & Recht 2007).

    The widths are 0.35 and 1 times the median distance between samples.

    Parameters
    ----------
    scores : array, shape (n_samples, n_scores)
    n_features : int
        Features a kernel.
    rng : numpy.random.Generator

    Returns
    -------
    list of (array, array)
        By kernel, frequencies of shape (n_scores, n_features) and phases of shape (n_features,).
    """
    scores = scores.astype(np.float32)
    first, second = rng.integers(len(scores), size=(2, 2000))
    distance = np.sqrt(((scores[first] - scores[second]) ** 2).sum(axis=1))
    median = np.median(distance[distance > 0]) if (distance > 0).any() else 1.0
    drawn = []
    for width in (0.35 * median, median):
        frequency = rng.standard_normal((scores.shape[1], n_features), np.float32) / width
        phase = rng.uniform(0, 2 * np.pi, n_features).astype(np.float32)
        drawn.append((frequency, phase))
    return drawn


def waves(scores, drawn):
    """Return the waves of `draw_waves` at samples, shape (n_samples, 2 * n_features)."""
    scores = scores.astype(np.float32)
    return np.concatenate([np.cos(scores @ f + phase) for f, phase in drawn], axis=1)


def make(matrix, *, seed, name, n_components=64, clip=10.0, recipe=None, standard=False):
    """Return the views of one variable and its screened-for features.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)
        Finite values; constant features are dropped.
    seed, name
        Of the run and of the variable: the random Fourier features depend on them alone.
    n_components : int
        Most scores a view.
    clip : float
        Bound of the z-scores.
    recipe : dict, optional
        Gets what applies the views to other samples: `waves`, from `draw_waves`, and by view the
        function that gives its loadings, from `components`.
    standard : bool
        The matrix holds z-scores already, clipped.

    Returns
    -------
    dict
        `linear`, `ranked`, `fourier`: float32 (n_samples, <= n_components); `features`: normal
        scores, float32
        (n_samples, n_varying_features).
    """
    matrix = varying(np.asarray(matrix))
    z = matrix.astype(np.float32) if standard else zscores(matrix, clip)
    rng = seeds.rng(seed, "views", name)
    recipe = {} if recipe is None else recipe
    views = {}
    views["linear"], recipe["linear"] = components(z, n_components, rng)
    del z  # as large as the matrix
    r = normal_scores(matrix)
    views["ranked"], recipe["ranked"] = components(r, n_components, rng)
    recipe["waves"] = draw_waves(views["linear"][:, :N_WAVED], 256, rng)
    seen = waves(views["linear"][:, :N_WAVED], recipe["waves"])
    views["fourier"], recipe["fourier"] = components(seen, n_components, rng)
    views["features"] = r
    return {key: value.astype(np.float32, copy=False) for key, value in views.items()}
