"""Gaussian mutual information, from canonical correlations."""

import numpy as np

TITLE = "Gaussian (CCA)"


def estimate(x, y, seed, folds=5):
    """Return -1/2 sum log2(1 - rho_i^2) of the canonical correlations, in bits.

    The correlations are those of held-out samples: with d features and n samples, in-sample ones
    of independent data are about sqrt(d/n). Features are whitened on all but one of `folds` parts
    with a ridge, the sample covariance shrunk to a multiple of the identity by Ledoit and Wolf's
    rule, and each canonical pair is correlated on the part left out; negative ones count as none.
    Features go through their principal components first, at most half as many as training
    samples. Axes are in the order of the training correlations, and the leading m count: as many
    as maximise the sum of their mean held-out correlations less two standard errors, 2 / sqrt(n).

    Source: Hotelling, Biometrika 28 (1936); equation of the Gaussian case, e.g. Cover and Thomas.
    """
    from sklearn.covariance import ledoit_wolf

    x, y = (np.asarray(side, dtype=float) for side in (x, y))
    x, y = (_scores(side, len(side) * (folds - 1) // folds // 2) for side in (x, y))
    n = len(x)
    part = np.random.default_rng(seed).permutation(n) % folds
    n_axes = min(x.shape[1], y.shape[1])
    rho = np.zeros((folds, n_axes))
    for fold in range(folds):
        fit = part != fold
        sides, centres = [], []
        for side in (x, y):
            centres.append(side[fit].mean(axis=0))
            covariance, _ = ledoit_wolf(side[fit] - centres[-1], assume_centered=True)
            values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
            sides.append(vectors / np.sqrt(np.maximum(values, 1e-10 * values.max())))
        u, v = ((s - c) @ w for s, c, w in zip((x, y), centres, sides, strict=True))
        left, _, right = np.linalg.svd(u[fit].T @ v[fit] / fit.sum(), full_matrices=False)
        u, v = u[~fit] @ left[:, :n_axes], v[~fit] @ right[:n_axes].T
        u, v = u - u.mean(axis=0), v - v.mean(axis=0)
        scale = np.sqrt((u**2).sum(axis=0) * (v**2).sum(axis=0))
        rho[fold] = (u * v).sum(axis=0) / np.where(scale > 0, scale, 1)
    mean = rho.mean(axis=0)
    excess = np.cumsum(np.append(0, mean - 2 / np.sqrt(n)))
    kept = np.clip(mean[: excess.argmax()], 0, 1 - 1e-12)
    return {"mi_bits": float(-0.5 * np.log2(1 - kept**2).sum())}


def _scores(matrix, most):
    """Return z-scores of the features that vary, or their first `most` principal components."""
    sd = matrix.std(axis=0)
    z = (matrix - matrix.mean(axis=0))[:, sd > 0] / sd[sd > 0]
    if z.shape[1] <= most:
        return z
    values, vectors = np.linalg.eigh(z @ z.T)
    keep = values.argsort()[::-1][:most]
    return vectors[:, keep] * np.sqrt(np.maximum(values[keep], 0))
