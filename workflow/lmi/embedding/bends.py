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
MOST_SAMPLES = 10_000
"""Evenly spaced training samples of which curvatures are taken, at most."""
CUT = 3.0
"""Targets are cut there, in standard deviations."""
N_SHIFTED, LEAST_SHIFTS, NEAR = 400, 5, 10
SURE = 1.1
"""A curvature counts that is larger by this factor than the largest of so many of targets that are
shifted against z, at least so often, and by this part of the samples or more."""
SURE_SHARE = 20.0
"""Share of its variance that functions along slopes must tell of a target, on samples left out,
times the training samples."""
MIN_SHARE = 0.15
"""A direction counts that has at least this share of the squared curvature of the first."""
MOST_DIRECTIONS = 64
SAME = 0.5
"""Directions are one whose squared cosine is larger."""


def find(z, targets, told, train, inner, seed):
    """Return the coordinates of z along which targets bend, and designs of functions of them.

    Parameters
    ----------
    z : array, shape (n_samples, n_components)
        Principal components of what is given, the leading ones first.
    targets : array, shape (n_samples, n_targets)
        Axes of what is left of x and y.
    told : array, shape (n_samples, n_columns)
        What z is known to tell, which was taken off.
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_samples,)
    seed : int

    Returns
    -------
    coordinates : array, shape (n_samples, n_directions)
        Of mean 0 and variance 1 on the training fold; none where nothing bends without doubt.
    designs : list of array, shape (n_samples, n_functions)
    """
    white = polynomials.white(z, train)
    targets = targets[:, targets[train].std(axis=0) > 1e-9].astype(np.float64)
    none = np.zeros((len(train), 0))
    if not white.shape[1] or not targets.shape[1]:
        return none, []
    curved = _curved(white, targets, train)
    rng = seeds.rng(seed, "given", "bends")
    rows = np.flatnonzero(train)
    rows = rows[polynomials.evenly(len(rows), MOST_SAMPLES)]
    found = _curvatures(white[rows], curved[rows], rng)
    found = sorted(found + _told(white, told, curved, train, inner, rng), key=lambda one: -one[0])
    if not found:
        return none, []
    stacked = np.array([size * direction for size, _, direction in found])
    _, s, vt = np.linalg.svd(stacked, full_matrices=False)
    n_axes = int((s**2 > MIN_SHARE * s[0] ** 2).sum())
    if n_axes <= residual.N_SMOOTH:
        directions = residual.refined(white, vt[:n_axes].T, curved, train, inner)
        moved = residual.standardised(white @ directions, train)
        return moved, residual.with_waves(moved, moved, rng)
    kept = []
    for target in dict.fromkeys(target for _, target, _ in found):
        own = [one for _, its, one in found if its == target][: residual.N_SMOOTH]
        moved = residual.refined(white, np.array(own).T, curved[:, [target]], train, inner)
        for direction in moved.T:
            if all((direction @ other) ** 2 < SAME for other in kept):
                kept.append(direction)
    moved = residual.standardised(white @ np.array(kept[:MOST_DIRECTIONS]).T, train)
    curves = residual.curves(moved, [curved], train)
    return moved, [curves] if curves.shape[1] else []


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

    # shifted, not shuffled: series have curvatures by chance
    n_shifts = max(LEAST_SHIFTS, N_SHIFTED // targets.shape[1])
    by_chance = max(
        np.abs(np.linalg.eigvalsh(curvature(np.roll(targets, shift, axis=0)))).max()
        for shift in rng.integers(n // NEAR, n - n // NEAR, n_shifts)
    )
    values, vectors = np.linalg.eigh(curvature(targets))
    return [
        (abs(values[target, place]), target, vectors[target, :, place])
        for target, place in np.argwhere(np.abs(values) > SURE * by_chance)
    ]


def _told(white, told, targets, train, inner, rng):
    """Return (size, target, direction) of what z tells linearly and more by functions of the same.

    Waves have slopes, if faint ones, and no mean curvature.
    """
    slopes = np.linalg.lstsq(white[train], told[train] - told[train].mean(axis=0), rcond=None)[0]
    u, s, _ = np.linalg.svd(slopes, full_matrices=False)
    kept = s[: residual.N_SMOOTH] ** 2 > max(MIN_SHARE * s.max(initial=0.0) ** 2, 1e-18)
    directions = u[:, : residual.N_SMOOTH][:, kept]
    if not directions.shape[1]:
        return []
    moved = residual.standardised(white @ directions, train)
    designs = residual.solve(residual.with_waves(moved, moved, rng), train, inner)
    left = (targets - residual.predict(designs, targets))[train]
    share = 1 - left.var(axis=0) / targets[train].var(axis=0)
    if not share.max() > max(residual.MIN_R2, SURE_SHARE / train.sum()):
        return []
    # a square that tells as much has this curvature
    return [(np.sqrt(2 * share.max()), share.argmax(), direction) for direction in directions.T]
