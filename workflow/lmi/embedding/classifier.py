"""What the features of a variable tell about a label: probabilities by linear discriminants.

The bits of a sample are the log ratio of the probability of its label given the features to that
without them, by a classifier that has not seen the sample: their mean is at most the information
that there is, but for noise, and rises with the samples that train the classifier. It is taken with
half and with five sixths of the samples, and followed on to infinitely many.

Classes are Gaussians of one covariance, shrunk towards a sphere; their means are shrunk towards
each other. How far, and which view is used, is chosen on the other samples.
"""

import numpy as np

from lmi.embedding.canonical import N_INNER

MAX_FEATURES = 512
"""Variables of more features are seen by the principal components of their views alone."""
SPHERE = (0.05, 0.3, 0.6, 0.9)
"""Shares of a sphere in the covariance."""
APART = (0.25, 0.45, 0.7, 1.0)
"""Factors of the distances of the class means."""
TRAINED_SHARES = (1 / 2, 1 - 1 / (2 * N_INNER))
"""Shares of the samples that train: half of the inner folds, and all of them but one."""
EXPONENT = 0.9
"""What a classifier lacks falls as its training samples to minus this: measured, see
`make bench-discrete`; one of a fixed model has 1, and shrinkage slows it."""
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
    array, shape (n_samples,)
    """
    n_parts, n_labels = part.max() + 1, label.max() + 1
    left_out = [
        [
            _log_probabilities(view.astype(float), label, part == one, n_labels)
            for one in range(n_parts)
        ]
        for view in views
    ]
    # one row a setting, one column a part
    sums = np.concatenate([[of.sum(axis=1) for of in of_view] for of_view in left_out], axis=1).T
    gained = np.empty(len(label))
    for one in range(n_parts):
        others = sums.sum(axis=1) - sums[:, one]
        view, setting = divmod(int(np.argmax(others)), len(SPHERE) * len(APART))
        gained[part == one] = left_out[view][one][setting]
    share = np.bincount(label) / len(label)
    return (gained - np.log(share[label])) / np.log(2)


def _log_probabilities(x, label, out, n_labels):
    """Return the log probability of the labels of the samples left out, a row a setting."""
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


def of_pair(wide, label, fold, inner):
    """Return the bits of each sample by classifiers of each of `TRAINED_SHARES`.

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
        With the smaller and the larger share, and with infinitely many samples; NaN for samples
        left out.
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
    halvings = [bits(views, codes, np.isin(part, half).astype(int)) for half in HALVES]
    few, many = np.mean(halvings, axis=0), bits(views, codes, part)
    lacks = [share**-EXPONENT for share in TRAINED_SHARES]
    found[:, good] = few, many, many + (many - few) * lacks[1] / (lacks[0] - lacks[1])
    return found
