"""What a variable holds beyond others: residuals of a learned, cross-fitted prediction.

The prediction is a stack of ridge regressions on several designs of the variables that are given:
their principal components, those of the features that pass a screen, squares and products of the
leading ones, random Fourier features of a few, and functions of single features and products of two
that go with a feature of x or y without doubt. Each column of the response has its own penalty
for each design, and the designs are added with weights of at least zero, both by the samples left
out. The weights undo what the penalties shrink.
"""

from dataclasses import dataclass

import numpy as np

from lmi.base import seeds
from lmi.embedding import screen
from lmi.projection import views

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridge penalties, in units of the largest eigenvalue of a design's covariance."""
N_SCREENED = 48
"""Principal components of the screened features of the variables that are given."""
N_POLYNOMIAL = 10
"""Leading components whose squares and products are taken."""
N_LEADING = 12
"""Leading components among which the directions that matter are looked for."""
N_TARGETS = 8
"""Leading components of x, and of y, for which they must matter, with their squares."""
N_WAVES = 200
"""Random Fourier features of each of two widths."""
N_SMOOTH, N_COSINES = 6, 12
"""Relevant coordinates of which smooth functions are taken, and how many cosines of each."""
N_REFINED = 6
"""Steps, at most, in which their directions are refined."""
WAVE_WIDTH = 0.5
"""Width of the waves among which gradients are looked for, in distances of samples: at 1, a sine
that turns once within a standard deviation is hidden by squares along other directions."""
MOST_BENT, MOST_MULTIPLIED = 2000, 100
"""Features of z of which functions are looked at, and of which products are."""
MOST_COLUMNS, MOST_CURVES = 2400, 0.5
"""Functions of single features that are looked at, and of all that are taken, as a share of the
training samples: at most."""
MOST_SQUARED = 16.0
"""Squares of scores are cut there."""
CHUNK = 256
"""Functions that are looked at at once."""
SLIGHT = 3e-3
"""Penalty of the regressions whose slopes are taken, in units of the largest eigenvalue."""
N_INTERACTING = 6
"""Leading components that may act differently for each label."""
MAX_INTERACTING_LABELS = 12
"""Labels for which they may."""
MUST_DROP = 0.2
"""Share of the features that the screen must drop to count."""
MIN_R2 = 0.01
"""Share of its variance that must be told of a target for its gradients to count."""
MIN_RELEVANCE = 0.02
"""Directions of z matter whose squared gradient is at least this share of the largest."""


@dataclass(frozen=True)
class Given:
    """What is conditioned on.

    Attributes
    ----------
    views : dict of str to array, or None
        From `lmi.projection.views.make`; None where labels alone are given.
    codes : int array, shape (n_samples,), or None
        Labels.
    """

    views: dict | None
    codes: np.ndarray | None


@dataclass(frozen=True)
class Designs:
    """Regressors by design, standardised on a training fold, and the eigenvectors of each.

    Attributes
    ----------
    regressors : list of array, shape (n_samples, n_regressors)
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_samples,)
        Inner fold of each sample.
    solutions : list of list
        By design: mean, eigenvalues and eigenvectors of each inner training part, and last of the
        whole training fold.
    """

    regressors: list
    train: np.ndarray
    inner: np.ndarray
    solutions: list


def given_regressors(given, x, y, train, inner, seed):
    """Return the designs of what is given, for one training fold, and its relevant coordinates.

    Parameters
    ----------
    given : Given
    x, y : dict
        Views of x and of y.
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_samples,)
    seed : int

    Returns
    -------
    designs : list of array, shape (n_samples, n_regressors)
    relevant : array, shape (n_samples, n_relevant)
        Linear coordinates of what is given, those first and widest that matter most for x or y.
    """
    labels = np.zeros((len(train), 0))
    if given.codes is not None:
        labels = np.eye(given.codes.max() + 1)[given.codes]
    if given.views is None:
        return [labels], labels[:, :0]
    rng = seeds.rng(seed, "given", "designs")
    linear = given.views["linear"].astype(np.float64)
    leading = linear
    parts = [linear]
    keep = np.zeros(given.views["features"].shape[1], bool)
    for other in (x, y):
        passed, _ = screen.informative(given.views["features"][train], other["features"][train])
        keep |= passed
    if keep.any() and keep.mean() < 1 - MUST_DROP:
        chosen = given.views["features"][:, keep]
        leading = views.principal_components(chosen, N_SCREENED, rng).astype(np.float64)
        parts.append(leading)
    flat = np.hstack(parts)
    designs = [flat]
    unit = leading[:, :N_LEADING] / leading[train, :N_LEADING].std(axis=0)
    unit = np.clip(unit, -5.0, 5.0)
    unit -= unit[train].mean(axis=0)
    first = unit[:, :N_POLYNOMIAL]
    pairs = np.triu_indices(first.shape[1])
    designs.append(np.hstack([flat, 0.3 * first[:, pairs[0]] * first[:, pairs[1]]]))
    relevant = _relevant(unit, x["linear"], y["linear"], train, inner, rng)
    # without the linear components, whose noise would drown what few coordinates tell
    designs += with_waves(standardised(relevant[:, :N_SMOOTH], train), relevant, rng)
    bent = curves(given.views["features"], [x["features"], y["features"]], train)
    if bent.shape[1]:
        designs.append(bent)
    n_labels = labels.shape[1]
    if n_labels:
        if n_labels <= MAX_INTERACTING_LABELS:
            slopes = labels[:, :, None] * unit[:, None, :N_INTERACTING]
            designs.append(np.hstack([flat, slopes.reshape(len(flat), -1)]))
        # labels are hardly penalised beside components of a standard deviation of at most one
        designs = [np.hstack([3.0 * labels, design]) for design in designs]
    return designs, relevant


def curves(z, sides, train):
    """Return functions of one feature of z, or products of two, that go with a feature of x or y.

    Principal components hide them where x and y are made of the features of z one by one, as by
    squares or by saturation: among many features, each mixes all of the functions. Functions are
    taken less what is linear in their own features, those that correlate with a feature without
    doubt, all comparisons counted (Bonferroni), the largest first.

    Parameters
    ----------
    z : array, shape (n_samples, n_features)
        Normal scores.
    sides : list of array, shape (n_samples, n_features)
    train : bool array, shape (n_samples,)

    Returns
    -------
    array, shape (n_samples, n_functions)
        Of variance 1 on the training fold.
    """
    targets = np.hstack(sides)[train].astype(np.float32)
    targets = targets[:, np.ptp(targets, axis=0) > 0]
    if z.shape[1] > MOST_BENT or not targets.shape[1]:
        return np.zeros((len(z), 0))
    z, targets = z.astype(np.float32), screen.standard(targets)
    chosen = _functions(z.shape[1])
    own = z[train]
    strength = np.concatenate(
        [
            np.abs(_bent(own, chosen[first : first + CHUNK]).T @ targets).max(axis=1)
            for first in range(0, len(chosen), CHUNK)
        ]
    )
    sure = len(own) * screen.sure_correlation(len(own), len(chosen), targets.shape[1])
    order = np.argsort(-strength, kind="stable")[: int(MOST_CURVES * len(own))]
    return _bent(z, chosen[order[strength[order] > sure]], train).astype(np.float64)


def _functions(n_features):
    """Return the functions that are looked at: one feature, another, and which function of both.

    Of one feature, the order of a cosine of its ranks, or 0 for its square; of two, -1 for their
    product, and -2 for one that saturates, as scores of what products tell do.
    """
    n_cosines = int(np.clip(MOST_COLUMNS // n_features, 2, N_COSINES))
    one, order = (part.ravel() for part in np.indices((n_features, n_cosines + 1)))
    found = [np.stack([one, one, order], axis=1)]
    if n_features <= MOST_MULTIPLIED:
        first, second = np.triu_indices(n_features, 1)
        found += [np.stack([first, second, np.full(len(first), kind)], axis=1) for kind in (-1, -2)]
    return np.concatenate(found)


def _bent(z, functions, rows=slice(None)):
    """Return functions of z less what is linear in their features, standardised on some rows."""
    from scipy.special import ndtr

    one, other, kind = z[:, functions[:, 0]], z[:, functions[:, 1]], functions[:, 2]
    values = one * other
    values[:, kind == 0] = np.minimum(values[:, kind == 0], MOST_SQUARED)
    values[:, kind == -2] = np.tanh(values[:, kind == -2])
    waves = kind > 0
    values[:, waves] = np.cos(np.float32(np.pi) * ndtr(one[:, waves]) * np.float32(kind[waves]))
    for feature in (one, other):
        feature = feature - feature[rows].mean(axis=0)
        slope = (feature * values)[rows].mean(axis=0) / np.maximum(feature[rows].var(axis=0), 1e-12)
        values = values - feature * slope
    return (values - values[rows].mean(axis=0)) / np.maximum(values[rows].std(axis=0), 1e-6)


def standardised(coordinates, train):
    """Return coordinates of mean 0 and variance 1 on the training fold, cut at 5."""
    own = coordinates[train]
    return np.clip((coordinates - own.mean(axis=0)) / own.std(axis=0), -5.0, 5.0)


def with_waves(coordinates, across, rng):
    """Return two designs: smooth functions of few coordinates, and these with waves across some."""
    values, _ = smooth(coordinates)
    waves = views.fourier_features(across, N_WAVES, rng).astype(np.float64)
    return [values, np.hstack([values, waves])]


def smooth(coordinates):
    """Return smooth functions of a few coordinates, and their derivatives by each of these.

    The coordinates, their squares and products, and cosines of the normal rank of each, of falling
    size.

    Parameters
    ----------
    coordinates : array, shape (n_samples, n_axes)
        Of variance 1.

    Returns
    -------
    values : array, shape (n_samples, n_functions)
    slopes : array, shape (n_axes, n_samples, n_functions)
    """
    from scipy.special import ndtr

    n, n_axes = coordinates.shape
    order = np.arange(1, N_COSINES + 1)
    angle = np.pi * ndtr(coordinates)[:, :, None] * order
    size = 1 / order**0.5
    first, second = np.triu_indices(n_axes)
    products = 0.3 * coordinates[:, first] * coordinates[:, second]
    values = np.hstack([coordinates, products, (size * np.cos(angle)).reshape(n, -1)])
    density = np.exp(-(coordinates**2) / 2) / np.sqrt(2 * np.pi)
    falling = -np.pi * order * size * np.sin(angle) * density[:, :, None]
    slopes = []
    for axis in range(n_axes):
        own = np.arange(n_axes) == axis
        of_products = 0.3 * (
            own[first] * coordinates[:, second] + own[second] * coordinates[:, first]
        )
        of_cosines = (falling * own[:, None]).reshape(n, -1)
        slopes.append(np.hstack([np.tile(own.astype(float), (n, 1)), of_products, of_cosines]))
    return values, np.array(slopes)


def _relevant(unit, x, y, train, inner, rng):
    """Return coordinates of z in which x and y change, by the gradients of a first regression.

    The mean outer product of the gradients of what z tells of x, y and their squares has large
    eigenvalues along the directions that matter (Samarov 1993); z is rotated into its eigenvectors,
    each scaled by the eighth root of its eigenvalue, and the leading ones are refined.
    """
    scores = np.hstack([side[:, :N_TARGETS] for side in (x, y)]).astype(np.float64)
    scores = scores[:, np.ptp(scores[train], axis=0) > 0]
    if not scores.shape[1]:
        return unit[:, :2]
    scores = (scores - scores[train].mean(axis=0)) / scores[train].std(axis=0)
    targets = np.hstack([scores, np.minimum(scores**2, 9.0)])
    # the squares of a label of two equal halves are constant
    targets = targets[:, targets[train].std(axis=0) > 1e-9]
    width = WAVE_WIDTH * np.sqrt(2 * unit.shape[1])
    frequency = rng.standard_normal((unit.shape[1], N_WAVES)) / width
    phase = rng.uniform(0, 2 * np.pi, N_WAVES)
    waves = np.cos(unit @ frequency + phase)
    pairs = np.triu_indices(unit.shape[1])
    design = np.hstack([unit, 0.3 * unit[:, pairs[0]] * unit[:, pairs[1]], waves])
    designs = solve([design], train, inner)
    predicted = predict(designs, targets)[train]
    share = 1 - (targets[train] - predicted).var(axis=0) / targets[train].var(axis=0)
    chosen = np.flatnonzero(share > MIN_R2)
    if not len(chosen):
        return unit[:, :2]
    slopes = _slopes(designs.solutions[0][-1], design[train], targets[train][:, chosen])
    n = unit.shape[1]
    outer = np.zeros((n, n))
    sine = np.sin(unit[train] @ frequency + phase)
    for column, weight in enumerate(share[chosen]):
        gradient = np.tile(slopes[:n, column], (len(predicted), 1))
        products = np.zeros((n, n))
        products[pairs] = 0.3 * slopes[n : n + len(pairs[0]), column]
        gradient += unit[train] @ (products + products.T)
        gradient -= (sine * slopes[n + len(pairs[0]) :, column]) @ frequency.T
        outer += weight * gradient.T @ gradient / len(predicted)
    values, vectors = np.linalg.eigh(outer)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > MIN_RELEVANCE * values[0]
    directions = vectors[:, kept]
    directions[:, :N_SMOOTH] = refined(unit, directions[:, :N_SMOOTH], targets, train, inner)
    return unit @ directions * (values[kept] / values[0]) ** 0.125


def refined(unit, directions, targets, train, inner):
    """Return directions of z moved so that smooth functions along them tell more of the targets.

    By Gauss-Newton steps, as long as samples left out are told more: what the functions leave of
    the targets is regressed on the slopes of the functions along each direction, times z.
    Gradients of a regression in many coordinates are blurred, and an error of a direction counts
    the more the faster a function turns.

    Parameters
    ----------
    unit : array, shape (n_samples, n_coordinates)
    directions : array, shape (n_coordinates, n_axes)
    targets : array, shape (n_samples, n_targets)
    train, inner
        As of `solve`.
    """
    n_axes, n = directions.shape[1], unit.shape[1]
    best, least = directions, np.inf
    for _ in range(1 + N_REFINED):
        directions = directions / (unit @ directions)[train].std(axis=0)
        values, slopes = smooth(standardised(unit @ directions, train))
        designs = solve([values], train, inner)
        left = (targets - predict(designs, targets))[train]
        share_left = left.var(axis=0) / targets[train].var(axis=0)
        told = share_left < 1 - MIN_R2
        if not told.any() or share_left.sum() >= least:
            break
        best, least = directions, share_left.sum()
        left = left[:, told]
        weight = _slopes(designs.solutions[0][-1], values[train], targets[train][:, told])
        slopes = slopes[:, train] @ weight
        gram = np.einsum("pic,qic->ipq", slopes, slopes, optimize=True)
        outer = np.einsum("ij,ipq,ik->pjqk", unit[train], gram, unit[train], optimize=True)
        outer = outer.reshape(n_axes * n, n_axes * n)
        outer[np.diag_indices_from(outer)] += 0.01 * np.trace(outer) / len(outer)
        moments = np.einsum("ij,pic,ic->pj", unit[train], slopes, left, optimize=True)
        directions = directions + np.linalg.solve(outer, moments.ravel()).reshape(n_axes, n).T
    return best / np.linalg.norm(best, axis=0)


def _slopes(solution, design, targets):
    """Return the coefficients of ridge regressions, hardly penalised.

    Parameters
    ----------
    solution : (array, array, array)
        Mean, eigenvalues and eigenvectors of the design.
    design : array, shape (n_samples, n_regressors)
    targets : array, shape (n_samples, n_targets)
    """
    mean, values, vectors = solution
    moments = ((design - mean) @ vectors).T @ (targets - targets.mean(axis=0)) / len(design)
    return vectors @ (moments / (values + SLIGHT * values.max())[:, None])


def solve(regressors, train, inner):
    """Return `Designs` for a training fold: the decompositions that all responses share."""
    solutions = []
    for design in regressors:
        parts = []
        for fold in (*range(int(inner.max()) + 1), None):
            fit = design[train & (inner != fold)] if fold is not None else design[train]
            mean = fit.mean(axis=0)
            values, vectors = np.linalg.eigh((fit - mean).T @ (fit - mean) / len(fit))
            parts.append((mean, np.maximum(values, 0.0), vectors))
        solutions.append(parts)
    return Designs(regressors, train, inner, solutions)


def predict(designs, response):
    """Return what the designs tell of a response: of each sample by a fit that has not seen it.

    Parameters
    ----------
    designs : Designs
    response : array, shape (n_samples, n_columns)

    Returns
    -------
    array, shape (n_samples, n_columns)
        Of samples of the training fold by the other inner folds, of others by the training fold.
    """
    train, inner = designs.train, designs.inner
    response = response.astype(np.float64)
    inside = np.flatnonzero(train)
    target = response[inside] - response[inside].mean(axis=0)
    out, new = [], []
    for design, parts in zip(designs.regressors, designs.solutions, strict=True):
        left_out = np.empty((len(PENALTIES), *target.shape))
        for fold, solution in enumerate(parts[:-1]):
            fit, test = inside[inner[inside] != fold], inside[inner[inside] == fold]
            values = _ridge(solution, design, response, fit, test)
            left_out[:, inner[inside] == fold] = values - response[inside].mean(axis=0)
        best = ((left_out - target) ** 2).sum(axis=1).argmin(axis=0)
        columns = np.arange(target.shape[1])
        out.append(left_out[best, :, columns].T)
        rest = np.flatnonzero(~train)
        new.append(_ridge(parts[-1], design, response, inside, rest, best))
    weight = _stack(out, target)
    mean = response[inside].mean(axis=0)
    result = np.empty_like(response)
    result[inside] = mean + sum(w * p for w, p in zip(weight, out, strict=True))
    result[~train] = mean + sum(w * (p - mean) for w, p in zip(weight, new, strict=True))
    return result


def _ridge(solution, design, response, fit, test, chosen=None):
    """Return predictions for each penalty, or for the chosen one of each column."""
    mean, values, vectors = solution
    centre = response[fit].mean(axis=0)
    moments = vectors.T @ (design[fit].T @ (response[fit] - centre)) / len(fit)
    penalties = np.array(PENALTIES) * values.max() + 1e-12
    if chosen is not None:
        slopes = vectors @ (moments / (values[:, None] + penalties[chosen]))
        return centre + (design[test] - mean) @ slopes
    shrunk = np.hstack([moments / (values + p)[:, None] for p in penalties])
    predicted = (design[test] - mean) @ (vectors @ shrunk)
    return centre + predicted.reshape(len(test), len(penalties), -1).transpose(1, 0, 2)


def _stack(predictions, target):
    """Return the weight of each design for each column, at least zero (Breiman 1996)."""
    from scipy.optimize import nnls

    stacked = np.stack(predictions)  # (n_designs, n, n_columns)
    gram = np.einsum("inc,jnc->cij", stacked, stacked, optimize=True)
    moments = np.einsum("inc,nc->ci", stacked, target, optimize=True)
    weight = np.zeros((len(stacked), target.shape[1]))
    for column, (g, m) in enumerate(zip(gram, moments, strict=True)):
        scale = np.trace(g)
        if scale <= 0 or (m <= 0).all():
            continue
        factor = np.linalg.cholesky(g + 1e-6 * scale * np.eye(len(g)))
        weight[:, column] = nnls(factor.T, np.linalg.solve(factor, m))[0]
    return weight
