"""Directions of what is given along which targets bend, hidden among many coordinates.

Where x and y go with squares, products or waves of directions of z, regressions on z and its
leading components see nothing of it. The mean of a target times the products of any two
coordinates of z is the mean curvature of what z tells of it (principal Hessian directions, Li,
J. Am. Stat. Assoc. 87, 1025, 1992): its large eigenvectors are those directions. They are then
moved so that smooth functions along them tell more of the targets.
"""

import numpy as np

from lmi.base import seeds
from lmi.embedding import polynomials, residual

MOST_TURNS = 3
"""Times that z is learned, at most: each with the directions along which what is left bends."""
CUT = 3.0
"""Targets are cut there, in standard deviations."""
N_SHUFFLED, LEAST_SHUFFLED = 400, 5
SURE = 1.1
"""A curvature counts that is larger by this factor than the largest of so many of targets that are
shuffled against z, and of at least so many of each."""
SURE_SHARE = 1.5
"""Share of its variance that functions of a slope must tell of a target, on samples left out, in
units of functions a sample."""
MIN_SHARE = 0.15
"""A direction counts that has at least this share of the squared curvature of the first."""
MOST_DIRECTIONS = 64
SAME = 0.5
"""Directions are one whose squared cosine is larger."""


def find(z, targets, told, train, inner, seed):
    """Return the coordinates of z along which targets bend, and functions of them.

    Parameters
    ----------
    z : array, shape (n_samples, n_components)
        Principal components of what is given, the leading ones first.
    targets, told : array, shape (n_samples, n_targets)
        Axes of what is left of x and y, and what z is known to tell of them, which was taken off.
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_samples,)
    seed : int

    Returns
    -------
    coordinates : array, shape (n_samples, n_directions)
        Of mean 0 and variance 1 on the training fold; none where nothing bends without doubt.
    functions : array, shape (n_samples, n_functions)
    """
    white = polynomials.white(z, train)
    varies = targets[train].std(axis=0) > 1e-9
    targets, told = targets[:, varies].astype(np.float64), told[:, varies]
    none = np.zeros((len(train), 0))
    if not white.shape[1] or not targets.shape[1]:
        return none, none
    curved = _curved(white, targets, train)
    found = _curvatures(white[train], curved[train], seeds.rng(seed, "given", "bends"))
    found = sorted(found + _slopes(white, told, curved, train, inner), key=lambda one: -one[0])
    if not found:
        return none, none
    stacked = np.array([size * direction for size, _, direction in found])
    _, s, vt = np.linalg.svd(stacked, full_matrices=False)
    n_axes = int((s**2 > MIN_SHARE * s[0] ** 2).sum())
    if n_axes <= residual.N_SMOOTH:
        directions = residual.refined(white, vt[:n_axes].T, curved, train, inner)
        moved = residual.standardised(white @ directions, train)
        return moved, residual.smooth(moved)[0]
    kept = []
    for target in dict.fromkeys(target for _, target, _ in found):
        own = [one for _, its, one in found if its == target][: residual.N_SMOOTH]
        moved = residual.refined(white, np.array(own).T, curved[:, [target]], train, inner)
        for direction in moved.T:
            if all((direction @ other) ** 2 < SAME for other in kept):
                kept.append(direction)
    moved = residual.standardised(white @ np.array(kept[:MOST_DIRECTIONS]).T, train)
    return moved, residual.curves(moved, [curved], train)


def _curved(white, targets, train):
    """Return targets less what is linear in z, of variance 1 on the training fold, cut."""
    for _ in range(2):
        mean, sd = targets[train].mean(axis=0), targets[train].std(axis=0)
        targets = np.clip((targets - mean) / sd, -CUT, CUT)
    slopes = np.linalg.lstsq(white[train], targets[train], rcond=None)[0]
    return targets - white @ slopes


def _curvatures(white, targets, rng):
    """Return (curvature, target, direction) of the sure ones."""
    n, d = white.shape
    first, second = np.triu_indices(d)
    products = white[:, first] * white[:, second]
    products -= products.mean(axis=0)

    def curvature(values):
        flat = values.T @ products / n
        full = np.empty((len(flat), d, d))
        full[:, first, second] = full[:, second, first] = flat
        return full

    by_chance = max(
        np.abs(np.linalg.eigvalsh(curvature(targets[rng.permutation(n)]))).max()
        for _ in range(max(LEAST_SHUFFLED, N_SHUFFLED // targets.shape[1]))
    )
    values, vectors = np.linalg.eigh(curvature(targets))
    return [
        (abs(values[target, place]), target, vectors[target, :, place])
        for target, place in np.argwhere(np.abs(values) > SURE * by_chance)
    ]


def _slopes(white, told, targets, train, inner):
    """Return (size, target, direction) of what z tells linearly and more by smooth functions.

    A wave has a slope, if a faint one, and no mean curvature.
    """
    slopes = np.linalg.lstsq(white[train], told[train] - told[train].mean(axis=0), rcond=None)[0]
    found = []
    for target in np.flatnonzero(np.linalg.norm(slopes, axis=0) > 1e-9):
        direction = slopes[:, [target]] / np.linalg.norm(slopes[:, target])
        functions = residual.smooth(residual.standardised(white @ direction, train))[0]
        designs = residual.solve([functions], train, inner)
        left = (targets[:, [target]] - residual.predict(designs, targets[:, [target]]))[train]
        share = 1 - float(left.var() / targets[train, target].var())
        if share > max(residual.MIN_R2, SURE_SHARE * functions.shape[1] / train.sum()):
            # a square that tells as much has this curvature
            found.append((np.sqrt(2 * share), target, direction[:, 0]))
    return found
