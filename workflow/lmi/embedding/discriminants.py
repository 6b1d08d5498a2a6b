"""Log probabilities of labels given features, by discriminants of several strengths of shrinkage.

Linear ones take classes for Gaussians of one covariance, shrunk towards a sphere, with means shrunk
towards each other. Quadratic ones let each class have a covariance of its own along the axes that
separate the means, shrunk towards that of all (regularised discriminants, Friedman 1989). Either
sees all features, or those alone whose class means differ: where few of many tell, the others are
noise.
"""

import numpy as np
from scipy.special import log_softmax, softmax

SPHERE = (0.05, 0.3, 0.6, 0.9)
"""Shares of a sphere in the covariance."""
APART = (0.25, 0.45, 0.7, 1.0)
"""Factors of the distances of the class means."""
QUADRATIC = tuple((sphere, apart) for sphere in SPHERE[1:3] for apart in APART[2:])
OWN = (1.0, 6.0)
"""Times the number of axes: samples of a class at which its own covariance counts for half."""
MOST_AXES = 10
"""Leading axes, on which classes may have a covariance of their own."""
LEVEL = 1e-4
"""Features are kept whose class means differ with a p value of at most this."""
N_LINEAR = len(SPHERE) * len(APART)
N_ALL = N_LINEAR + len(QUADRATIC) * len(OWN)
EVERY = np.ones(2 * N_ALL, bool)
LINEAR = np.arange(2 * N_ALL) < N_LINEAR
LINEAR_SCREENED = np.roll(LINEAR, N_ALL)
"""Which rows of `log_probabilities` are of discriminants of any kind, of linear ones of all
features, and of linear ones of features whose class means differ."""


def log_probabilities(x, label, out, n_labels, linear=False):
    """Return the log probability of the labels of the samples left out, and the likeliest labels.

    Parameters
    ----------
    x : array, shape (n_samples, n_scores)
    label : int array, shape (n_samples,)
        0, 1, …
    out : bool array, shape (n_samples,)
    n_labels : int
    linear : bool
        Linear discriminants of all features alone, the rows of `LINEAR`.

    Returns
    -------
    log_p : array, shape (n_settings, n_out)
        A row a setting; minus infinity where it is not asked for, or screening leaves all features
        or none.
    likeliest : int array, shape (n_settings, n_out)
    """
    x = x.astype(float)
    seen, own, left_out, its = x[~out], label[~out], x[out], label[out]
    log_p = np.full((len(EVERY), len(its)), -np.inf)
    likeliest = np.zeros(log_p.shape, int)

    def fill(first, keep):
        found = _of_features(seen[:, keep], own, left_out[:, keep], its, n_labels, linear)
        rows = slice(first, first + len(found[0]))
        log_p[rows], likeliest[rows] = found

    fill(0, slice(None))
    keep = None if linear else differs(seen, own)
    if keep is not None and keep.any() and not keep.all():
        fill(N_ALL, keep)
    return log_p, likeliest


def probabilities(x, label, out, n_labels, row):
    """Return the probability of every label for the samples left out, shape (n_out, n_labels).

    Parameters
    ----------
    x, label, out, n_labels
        As of `log_probabilities`.
    row : int
        The setting, of its rows.
    """
    x = x.astype(float)
    keep = slice(None) if row < N_ALL else differs(x[~out], label[~out])
    x = x[:, keep]
    return softmax(_scores(x[~out], label[~out], x[out], n_labels, False)[row % N_ALL], axis=1)


def differs(x, label):
    """Return which features have class means that differ, by an analysis of variance."""
    from sklearn.feature_selection import f_classif

    if len(np.unique(label)) < 2:
        return np.zeros(x.shape[1], bool)
    varies = (x != x[0]).any(axis=0)
    found = varies.copy()
    if varies.any():
        found[varies] = f_classif(x[:, varies], label)[1] <= LEVEL
    return found


def _of_features(x, label, left_out, its, n_labels, linear):
    """Return rows of all settings, by all features, as `log_probabilities` does."""
    scores, rows = _scores(x, label, left_out, n_labels, linear), np.arange(len(its))
    log_p = np.array([log_softmax(score, axis=1)[rows, its] for score in scores])
    return log_p, np.array([score.argmax(axis=1) for score in scores])


def _scores(x, label, left_out, n_labels, linear):
    """Return of each setting the scores of the labels, log probabilities but for a constant."""
    counts = np.bincount(label, minlength=n_labels).astype(float)
    mean = x.mean(axis=0)
    members = label == np.arange(n_labels)[:, None]
    means = np.where(counts[:, None] > 0, members @ x / np.maximum(counts, 1)[:, None], mean[None])
    within = x - means[label]
    power, axes = np.linalg.eigh(within.T @ within / max(1, len(x) - n_labels))
    z, means = (left_out - mean) @ axes, (means - mean) @ axes
    log_share = np.log((counts + 0.5) / (counts + 0.5).sum())
    weights = {s: 1 / np.maximum((1 - s) * power + s * power.mean(), 1e-12) for s in SPHERE}
    scores = []
    for weight in weights.values():
        cross, square = (z * weight) @ means.T, 0.5 * (means**2 * weight).sum(axis=1)
        scores += [apart * cross - apart**2 * square + log_share for apart in APART]
    within = None if linear else within @ axes
    for sphere, apart in () if linear else QUADRATIC:
        root = np.sqrt(weights[sphere])
        spread = means * root * np.sqrt(counts / len(x))[:, None]
        towards = np.linalg.svd(spread, full_matrices=False)[2][: min(MOST_AXES, n_labels - 1)]
        turn = root[:, None] * towards.T
        lengths = _lengths(within @ turn, label, z @ turn, apart * means @ turn)
        scores += [log_share - 0.5 * own for own in lengths]
    return scores


def _lengths(within, label, z, centres):
    """Return of each of `OWN` -2 times the log density of samples in classes, but for a constant.

    Parameters
    ----------
    within : array, shape (n_seen, n_axes)
        Of the samples seen, how far they are from the mean of their class.
    label : int array, shape (n_seen,)
    z : array, shape (n_samples, n_axes)
    centres : array, shape (n_labels, n_axes)

    Returns
    -------
    array, shape (n_own, n_samples, n_labels)
    """
    pooled = within.T @ within / len(within)
    lengths = np.empty((len(OWN), len(z), len(centres)))
    for one, centre in enumerate(centres):
        own = within[label == one]
        for i, times in enumerate(OWN):
            n_pooled = times * len(pooled)
            power, axes = np.linalg.eigh((own.T @ own + n_pooled * pooled) / (len(own) + n_pooled))
            power = np.maximum(power, 1e-3 * max(power[-1], 1e-12))
            lengths[i, :, one] = (((z - centre) @ axes) ** 2 / power).sum(axis=1)
            lengths[i, :, one] += np.log(power).sum()
    return lengths
