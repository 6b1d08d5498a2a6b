"""What the features of a variable tell about a label: probabilities by linear discriminants.

The bits of a sample are the log ratio of the probability of its label given the features to that
without them, by a classifier that has not seen the sample: their mean is at most the information
that there is, but for noise. Classes are Gaussians of one covariance, shrunk towards a sphere;
their means are shrunk towards each other. How far, and which view is used, is chosen on the other
samples.

What such classifiers lack, because they learn from as many samples as there are, is what they lack
of a world of Gaussian classes that is drawn like these samples, in which they find as much and in
which the information is known (indirect inference, Gouriéroux et al. 1993). What no linear
discriminant can see is not added: the estimate then stays below the truth.
"""

import numpy as np
from scipy.special import log_softmax

from lmi.base import seeds
from lmi.embedding.canonical import N_INNER

MAX_FEATURES = 512
"""Variables of more features are seen by the principal components of their views alone."""
SPHERE = (0.05, 0.3, 0.6, 0.9)
"""Shares of a sphere in the covariance."""
APART = (0.25, 0.45, 0.7, 1.0)
"""Factors of the distances of the class means."""
N_WORLDS = 3
"""Worlds that are drawn, each nearer to what the classifiers find than those before it."""
MAX_APART = 3.0
"""Factor of the distances of the class means of a world, at most."""
SAME_BITS = 1e-4
"""Worlds in which the classifiers find the same but for this tell no slope."""
MIN_SLOPE, MAX_SLOPE = 0.5, 2.0
SURE_SD = 4.0
"""Standard errors above zero from which on a finding tells which world it is: any of many gives
next to nothing."""
HALVES = ((0, 1, 2), (0, 1, 3), (0, 2, 4), (0, 3, 5), (0, 1, 4))
"""Inner folds, of six, that make one half; the mean of several halvings scatters less."""


def bits(views, label, part):
    """Return what each sample's label gains from the features, by classifiers without its part.

    Parameters
    ----------
    views : list of array, shape (n_samples, n_scores)
        The one that tells more of the samples of other parts is used.
    label : int array, shape (n_samples,)
        0, 1, …
    part : int array, shape (n_samples,)
        0, 1, …

    Returns
    -------
    bits : array, shape (n_samples,)
    view : int
        The one that tells most of all samples.
    """
    n_parts, n_labels = part.max() + 1, label.max() + 1
    left_out = [
        [_log_probabilities(view, label, part == one, n_labels) for one in range(n_parts)]
        for view in views
    ]
    # one row a setting, one column a part
    sums = np.concatenate([[of.sum(axis=1) for of in of_view] for of_view in left_out], axis=1).T
    gained, n_settings = np.empty(len(label)), len(SPHERE) * len(APART)
    for one in range(n_parts):
        others = sums.sum(axis=1) - sums[:, one]
        view, setting = divmod(int(np.argmax(others)), n_settings)
        gained[part == one] = left_out[view][one][setting]
    share = np.bincount(label) / len(label)
    best = int(np.argmax(sums.sum(axis=1))) // n_settings
    return (gained - np.log(share[label])) / np.log(2), best


def _log_probabilities(x, label, out, n_labels):
    """Return the log probability of the labels of the samples left out, a row a setting."""
    x = x.astype(float)
    seen, own = x[~out], label[~out]
    counts = np.bincount(own, minlength=n_labels).astype(float)
    mean = seen.mean(axis=0)
    members = own == np.arange(n_labels)[:, None]
    means = np.where(
        counts[:, None] > 0, members @ seen / np.maximum(counts, 1)[:, None], mean[None]
    )
    within = seen - means[own]
    power, axes = np.linalg.eigh(within.T @ within / max(1, len(seen) - n_labels))
    z, means = (x[out] - mean) @ axes, (means - mean) @ axes
    log_share = np.log((counts + 0.5) / (counts + 0.5).sum())
    rows, its = np.arange(len(z)), label[out]
    log_p = []
    for sphere in SPHERE:
        weight = 1 / np.maximum((1 - sphere) * power + sphere * power.mean(), 1e-12)
        cross, square = (z * weight) @ means.T, 0.5 * (means**2 * weight).sum(axis=1)
        for apart in APART:
            score = apart * cross - apart**2 * square + log_share
            score -= score.max(axis=1, keepdims=True)
            log_p.append(score[rows, its] - np.log(np.exp(score).sum(axis=1)))
    return np.array(log_p)


def _completed(x, label, part, many):
    """Return the bits of each sample as by classifiers of infinitely many samples.

    Parameters
    ----------
    x : array, shape (n_samples, n_scores)
        The view that tells most.
    label, part : int array, shape (n_samples,)
    many : array, shape (n_samples,)
        From `bits`.
    """
    mean, error = float(many.mean()), many.std() / np.sqrt(len(many))
    sure = float(np.clip(mean / (SURE_SD * error), 0.0, 1.0)) if error > 0 else 0.0
    if not sure:
        return many
    told, there = _worlds(x, label, part, mean)
    near, other = np.argsort(np.abs(told - mean))[:2]
    slope = 1.0
    if abs(told[near] - told[other]) > SAME_BITS:
        slope = (there[near] - there[other]) / (told[near] - told[other])
        slope = float(np.clip(slope, MIN_SLOPE, MAX_SLOPE))
    lacking = there[near] - told[near] + (slope - 1) * (mean - told[near])
    return mean + sure * lacking + (1 + sure * (slope - 1)) * (many - mean)


def _worlds(x, label, part, found):
    """Return what classifiers find in worlds of Gaussian classes, and what there is, bits.

    The worlds have the covariance that the samples have within their classes (Ledoit & Wolf 2004).
    How far the class means lie apart is told by the products of those of either half of the
    samples, whose errors are independent, and is changed until the classifiers find as much.

    Parameters
    ----------
    x, label, part
        As of `_completed`.
    found : float
        Mean bits that the classifiers find here.

    Returns
    -------
    told, there : array, shape (`N_WORLDS`,)
    """
    n, share = len(x), np.bincount(label) / len(label)
    power, axes = _within(x, label)
    kept = power > 1e-9 * power[-1]
    scale = np.sqrt(power[kept])

    def apart(rows):
        """Return the class means, whitened, each times the root of its share."""
        means = _means(x[rows], label[rows], len(share)) @ axes
        return means[:, kept] / scale * np.sqrt(share)[:, None]

    turned, size, towards = np.linalg.svd(apart(np.ones(n, bool)), full_matrices=False)
    first = 2 * part <= part.max()
    square = ((turned.T @ apart(first)) * (turned.T @ apart(~first))).sum(axis=1)
    size = np.sqrt(np.clip(square, 0.0, size**2))
    means = (turned * size) @ towards / np.sqrt(share)[:, None]
    noise = seeds.rng(0, "classes").standard_normal((n, len(scale)), np.float32)
    factor, factors, told, there = 1.0, [], [], []
    for _ in range(N_WORLDS):
        drawn = noise + (factor * means)[label].astype(np.float32)
        score = factor * drawn @ means.T - 0.5 * factor**2 * (means**2).sum(axis=1)
        log_p = log_softmax(score + np.log(share), axis=1)[np.arange(n), label]
        there.append((log_p - np.log(share[label])).mean() / np.log(2))
        told.append(bits([drawn * scale.astype(np.float32)], label, part)[0].mean())
        factors.append(factor)
        factor = _next(factors, np.array(told), found)
    return np.array(told), np.array(there)


def _next(factors, told, found):
    """Return the factor at which a line through the two nearest worlds is at what was found."""
    if len(factors) == 1:
        return factors[0] * (0.9 if told[0] > found else 1.1)
    near, other = np.argsort(np.abs(told - found))[:2]
    rise = told[near] - told[other]
    if abs(rise) < SAME_BITS:
        return factors[near]
    step = (found - told[near]) * (factors[near] - factors[other]) / rise
    return float(np.clip(factors[near] + step, 0.0, MAX_APART))


def _means(x, label, n_labels):
    """Return the class means around that of all samples, that of a class without any at 0."""
    counts = np.bincount(label, minlength=n_labels)[:, None]
    members = label == np.arange(n_labels)[:, None]
    return np.where(counts > 0, members @ x / np.maximum(counts, 1) - x.mean(axis=0), 0.0)


def _within(x, label):
    """Return eigenvalues, shrunk towards a sphere, and axes of the covariance within classes."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    n_labels = label.max() + 1
    within = x - x.mean(axis=0) - _means(x, label, n_labels)[label]
    power, axes = np.linalg.eigh(within.T @ within / max(1, len(x) - n_labels))
    sphere = ledoit_wolf_shrinkage(within, assume_centered=True)
    return (1 - sphere) * power + sphere * power.mean(), axes


def of_pair(wide, label, fold, inner):
    """Return the bits of each sample by classifiers of half, most and all samples there might be.

    Parameters
    ----------
    wide : candidates.Variable
    label : array, shape (n_samples,)
        0, 1, …
    fold, inner : int arrays, shape (n_samples,)
        Samples of fold -1 are left out.

    Returns
    -------
    float32 array, shape (3, n_samples)
        Trained on half of the samples, on five sixths, and on infinitely many; NaN for samples left
        out.
    """
    good = np.flatnonzero(fold >= 0)
    views = [
        view[good]
        for view in (wide.views["linear"], wide.features, wide.views["fourier"])
        if view.shape[1] <= MAX_FEATURES
    ]
    codes = np.unique(label[good], return_inverse=True)[1]
    found = np.full((3, len(fold)), np.nan, np.float32)
    part = N_INNER * fold[good].astype(int) + inner[good]
    halvings = [bits(views, codes, np.isin(part, half).astype(int))[0] for half in HALVES]
    many, view = bits(views, codes, part)
    all_samples = _completed(views[view].astype(float), codes, part, many)
    found[:, good] = np.mean(halvings, axis=0), many, all_samples
    return found
