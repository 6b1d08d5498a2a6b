"""Canonical axes turned so that pairs of them are independent, with a mixture for each pair.

Canonical axes of equal correlations are any rotation of the pairs behind them, and a Gaussian
critic does not care. Where the pairs are not Gaussian, as in the tails of copulas, higher cumulants
tell the rotation in which the pairs are independent of each other (Comon 1994, here of x and y
jointly), and a mixture of a few Gaussian densities describes each pair better than one.
"""

from dataclasses import replace

import numpy as np

from lmi.base import mardia
from lmi.embedding.result import SEPARATED
from lmi.ksg import mixture

WORTH_BITS = 0.2
"""Pairs with fewer bits are left as they are."""
BOUND_SD = 4.0
MOST_AXES = 8
NEARLY_EQUAL = 0.9995
"""Correlation of axes that are one variable: there is no density to describe."""
STRONG = 0.2
"""Canonical correlation of axes that are turned: weaker ones show no shape, and would blur it."""
N_COMPONENTS = 3
SURE_SD = 2.5
LEAST_NATS = 0.02
"""What a mixture gains at least on samples left out, and by how many standard errors."""
ANGLES = np.linspace(0, np.pi / 2, 31)[:-1]
SWEEPS = 3
STEPS = 30
PRIOR = 6.0
"""Samples of the whole pair's covariance, scaled, that each component starts with."""


def _contrast(a, b):
    """Return the sum of squared cumulants of third and fourth order of pairs, over samples."""
    a2, b2, product = a * a, b * b, a * b
    r = product.mean(axis=-1)
    total = ((a2 * a).mean(axis=-1) ** 2 + (b2 * b).mean(axis=-1) ** 2) / 6
    total += ((a2 * b).mean(axis=-1) ** 2 + (a * b2).mean(axis=-1) ** 2) / 2
    total += (((a2 * a2).mean(axis=-1) - 3) ** 2 + ((b2 * b2).mean(axis=-1) - 3) ** 2) / 24
    mixed = ((a2 * product).mean(axis=-1) - 3 * r, (product * b2).mean(axis=-1) - 3 * r)
    total += (mixed[0] ** 2 + mixed[1] ** 2) / 6
    return total + ((a2 * b2).mean(axis=-1) - 1 - 2 * r**2) ** 2 / 4


def rotation(a, b):
    """Return the rotation of both sides' axes with the largest cumulants of pairs.

    By turns of two axes at a time; the sum over all axes' cumulants, cross ones included, does not
    change, so that cross ones are then smallest.

    Parameters
    ----------
    a, b : array, shape (n_samples, n_axes)

    Returns
    -------
    array, shape (n_axes, n_axes)
    """
    turn = np.eye(a.shape[1])
    a, b = (np.clip(side, -BOUND_SD, BOUND_SD).T.copy() for side in (a, b))
    c, s = np.cos(ANGLES)[:, None], np.sin(ANGLES)[:, None]
    for _ in range(SWEEPS):
        for i in range(len(a)):
            for j in range(i):
                first = _contrast(c * a[i] + s * a[j], c * b[i] + s * b[j])
                second = _contrast(c * a[j] - s * a[i], c * b[j] - s * b[i])
                best = int((first + second).argmax())
                cos, sin = c[best, 0], s[best, 0]
                for z in (a, b, turn.T):
                    z[i], z[j] = cos * z[i] + sin * z[j], cos * z[j] - sin * z[i]
    return turn


def fit_mixture(a, b):
    """Return the mixture of `N_COMPONENTS` Gaussian densities of a pair, by the EM algorithm.

    It starts from thirds of the samples along the pair's long axis.

    Parameters
    ----------
    a, b : array, shape (n_samples,)

    Returns
    -------
    array, shape (N_COMPONENTS, 6)
        As `mixture.log_ratio` takes it.
    """
    z = np.stack([a, b], axis=1)
    n = len(z)
    whole = np.cov(z, rowvar=False)
    along = z @ np.linalg.eigh(whole)[1][:, -1]
    third = np.searchsorted(np.quantile(along, np.arange(1, N_COMPONENTS) / N_COMPONENTS), along)
    weight = 0.1 / N_COMPONENTS + 0.9 * np.eye(N_COMPONENTS)[third]
    products = np.stack([a, b, a * a, a * b, b * b], axis=1)
    entries = whole[[0, 0, 1], [0, 1, 1]]
    for _ in range(STEPS):
        size = weight.sum(axis=0)
        moments = weight.T @ products / size[:, None]
        mean = moments[:, :2]
        spread = moments[:, 2:] - np.stack([mean[:, 0] ** 2, mean.prod(axis=1), mean[:, 1] ** 2], 1)
        spread = (size[:, None] * spread + PRIOR * entries) / (size[:, None] + PRIOR)
        var_a, cov, var_b = spread.T
        det = var_a * var_b - cov**2
        da, db = a[:, None] - mean[:, 0], b[:, None] - mean[:, 1]
        logs = -(var_b * da**2 - 2 * cov * da * db + var_a * db**2) / (2 * det)
        logs += np.log(size / n) - np.log(det) / 2
        weight = np.exp(logs - logs.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
    return np.column_stack([size / n, mean, spread])


def _gaussian(correlation):
    """Return the mixture of one component with this correlation."""
    single = np.zeros((N_COMPONENTS, 6))
    single[0] = 1.0, 0.0, 0.0, 1.0, correlation, 1.0
    return single


def _gains(a, b, inner):
    """Return what a mixture gains over a Gaussian density at each sample left out, in nats."""
    gain = np.empty(len(a))
    for part in np.unique(inner):
        fit, left = inner != part, inner == part
        correlation = np.corrcoef(a[fit], b[fit])[0, 1]
        mixed, gaussian = (
            mixture.log_ratio(one, a[left], b[left])
            for one in (fit_mixture(a[fit], b[fit]), _gaussian(correlation))
        )
        gain[left] = mixed - gaussian
    return gain


def fit(axes, train, inner):
    """Return the axes turned so that pairs are independent, with mixtures, or None.

    Parameters
    ----------
    axes : canonical.Axes
    train : bool array, shape (n_samples,)
    inner : int array, shape (n_train,)
        Inner fold of each training sample.

    Returns
    -------
    canonical.Axes or None
        None where the axes are Gaussian, or no mixture gains on samples left out.
    """
    rank = axes.rank
    n_turned = int((axes.s[:rank] > STRONG).sum())
    if not 0 < n_turned <= MOST_AXES or axes.s[0] > NEARLY_EQUAL:
        return None
    strong = [z[:, :n_turned] for z in (axes.a, axes.b)]
    a, b = (np.clip(z[train], -mixture.BOUND_SD, mixture.BOUND_SD) for z in strong)
    if mardia.is_gaussian(a, b):
        return None
    turn = rotation(a, b)
    turned = [z @ turn for z in strong]
    a, b = (np.clip(z[train], -mixture.BOUND_SD, mixture.BOUND_SD) for z in turned)
    s, weight = axes.s.copy(), axes.weight.copy()
    s[:n_turned] = turn.T**2 @ s[:n_turned]
    weight[:n_turned] = np.sqrt(turn.T**2 @ weight[:n_turned] ** 2)
    mixtures, total, n_mixed = [_gaussian(one) for one in s[:rank]], np.zeros(len(a)), 0
    for axis in range(n_turned):
        gain = _gains(a[:, axis], b[:, axis], inner)
        if gain.mean() > SURE_SD * gain.std() / np.sqrt(len(gain)):
            mixtures[axis] = fit_mixture(a[:, axis], b[:, axis])
            total += gain
            n_mixed += 1
    if total.mean() < max(LEAST_NATS, SURE_SD * total.std() / np.sqrt(len(total))):
        return None
    rest = slice(n_turned, None)
    return replace(
        axes,
        a=np.round(np.hstack([turned[0], axes.a[:, rest]]), 5),
        b=np.round(np.hstack([turned[1], axes.b[:, rest]]), 5),
        s=s,
        weight=weight,
        n_parameters=axes.n_parameters + n_mixed * (6 * N_COMPONENTS - 2),
        mixture=np.stack(mixtures),
    )


def add(judged, fold, inner, k, threads):
    """Add the best candidate of a pair with its axes separated, where both halves gain by it.

    Parameters
    ----------
    judged : candidates._Judged
        Of a series, nothing is added: its samples are not independent, and tests of their shape
        would find one too often.
    fold, inner : int array, shape (n_samples,)
    k, threads : int
    """
    scores = judged.scores()
    name = max(scores, key=scores.get)
    if scores[name] < WORTH_BITS or judged.times is not None:
        return
    turned = [fit(judged.axes[t][name], fold == t, inner[fold == t]) for t in (0, 1)]
    if all(axes is not None for axes in turned):
        for t, axes in enumerate(turned):
            judged.add(t, SEPARATED + name, axes, fold == 1 - t, k, threads)


def stacked(picked, n_axes):
    """Return the mixtures of both encoders' axes, padded with zeros, or None where none has any.

    Parameters
    ----------
    picked : list of canonical.Axes
    n_axes : int

    Returns
    -------
    array, shape (n_encoders, n_axes, N_COMPONENTS, 6), or None
    """
    if all(axes.mixture is None for axes in picked):
        return None
    mixtures = np.zeros((len(picked), n_axes, N_COMPONENTS, 6))
    for own, axes in zip(mixtures, picked, strict=True):
        if axes.mixture is not None:
            own[: axes.rank] = axes.mixture
    return mixtures
