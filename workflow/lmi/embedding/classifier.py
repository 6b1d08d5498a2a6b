"""What the features of a variable tell about a label: probabilities by discriminants.

The bits of a sample are the log ratio of the probability of its label given the features to that
without them, by a classifier that has not seen the sample: their mean is at most the information
that there is, but for noise. Which discriminants, and which view of the features, is chosen on the
other samples (`lmi.embedding.discriminants`).

What such classifiers lack, because they learn from as many samples as there are, is what they lack
of a world of Gaussian classes that is drawn like these samples, in which they find as much and in
which the information is known (indirect inference, Gouriéroux et al. 1993). Where they find little,
many worlds give as little, and how far the class means lie apart tells which it is: products of the
means of disjoint samples are free of their noise. What covariances of their own tell of the classes
beyond it is added as it was found. What no discriminant can see is not: the estimate then stays
below the truth.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from lmi.base import seeds
from lmi.embedding.canonical import N_INNER
from lmi.embedding.discriminants import (
    EVERY,
    LINEAR,
    LINEAR_SCREENED,
    differs,
    log_probabilities,
    probabilities,
)

MAX_FEATURES = 512
"""Variables of more features are seen by the principal components of their views alone."""
N_WORLDS = 3
"""Worlds that are drawn, each nearer to what the classifiers find than those before it."""
MAX_APART = 3.0
"""Factor of the distances of the class means of a world, at most."""
SAME_BITS = 1e-4
"""Worlds in which the classifiers find the same but for this tell no slope."""
MIN_SLOPE, MAX_SLOPE = 0.5, 2.0
SURE_SD = 4.0
"""Standard errors above zero from which on a finding tells which world it is."""
LACKING = 0.1
"""Standard error of what is added for learning from so few samples, as a share of it."""
MIN_LEFT, MOST_EXPLAINED = 0.2, 0.98
"""Bounds of shares of variance: left to features by chance, and explained by them."""
CLEAR_SD = 2.0
"""Standard errors by which what the features tell whose class means differ must exceed what all
tell, for it to be taken: these are a choice, and may lack what many tell faintly."""
HALVES = ((0, 1, 2), (0, 1, 3), (0, 2, 4), (0, 3, 5), (0, 1, 4))
"""Inner folds, of six, that make one half; the mean of several halvings scatters less."""


@dataclass(frozen=True)
class Gain:
    """What each sample's label gains from the features, by discriminants without its part.

    Attributes
    ----------
    bits : array, shape (n_samples,)
        By the setting, of those allowed, that tells more of the samples of other parts.
    likeliest : int array, shape (n_samples,)
        The label that it takes each sample for.
    view : int
        The one that tells most of all samples.
    chosen : list of (int, int)
        Of each part, view and setting.
    """

    bits: np.ndarray
    likeliest: np.ndarray
    view: int
    chosen: list


def gains(views, label, part, *kinds):
    """Return what labels gain from features.

    Parameters
    ----------
    views : list of array, shape (n_samples, n_scores)
    label : int array, shape (n_samples,)
        0, 1, …
    part : int array, shape (n_samples,)
        0, 1, …
    kinds : bool arrays
        Settings of `log_probabilities` that are allowed: `EVERY`, `LINEAR`, `LINEAR_SCREENED`.

    Returns
    -------
    list of Gain
        One of each kind.
    """
    n_parts, n_labels = part.max() + 1, label.max() + 1
    linear = all(kind is LINEAR for kind in kinds)
    left_out = [
        [log_probabilities(view, label, part == one, n_labels, linear) for view in views]
        for one in range(n_parts)
    ]
    share = np.bincount(label) / len(label)
    found = []
    for kind in kinds:
        # of each part log probabilities and likeliest labels, a row a setting of a view
        allowed = [
            [np.concatenate([of_view[what][kind] for of_view in of]) for what in (0, 1)]
            for of in left_out
        ]
        sums = np.array([log_p.sum(axis=1) for log_p, _ in allowed]).T
        sums[np.isinf(sums).any(axis=1)] = -np.inf  # a setting must serve all parts
        gained, likeliest, chosen = np.empty(len(label)), np.empty(len(label), int), []
        settings = np.flatnonzero(kind)
        for one, of_part in enumerate(allowed):
            setting = int(np.argmax(np.delete(sums, one, 1).sum(axis=1)))
            gained[part == one], likeliest[part == one] = (rows[setting] for rows in of_part)
            chosen.append((setting // len(settings), int(settings[setting % len(settings)])))
        best = int(np.argmax(sums.sum(axis=1))) // len(settings)
        found.append(Gain((gained - np.log(share[label])) / np.log(2), likeliest, best, chosen))
    return found


def certainty(bits, worth=1.0):
    """Return how far a finding is one: 0 for nothing, 1 from `SURE_SD` standard errors on.

    Parameters
    ----------
    bits : array, shape (n_samples,)
    worth : float
        How many samples are worth one independent sample.
    """
    error = np.sqrt(worth / len(bits)) * bits.std()
    return float(np.clip(bits.mean() / (SURE_SD * error), 0.0, 1.0)) if error > 0 else 0.0


def expected(views, label, part, chosen):
    """Return the probability of every label, by classifiers that have not seen the sample.

    Parameters
    ----------
    views : list of array, shape (n_samples, n_scores)
        The shares of the labels are returned where there are none.
    label, part : int array, shape (n_samples,)
        0, 1, …
    chosen : list of (int, int)
        Of `gains` of the same samples.

    Returns
    -------
    array, shape (n_samples, n_labels)
    """
    n_labels = label.max() + 1
    shares = np.bincount(label) / len(label)
    found = np.tile(shares, (len(label), 1))
    for one, (view, row) in enumerate(chosen):
        out = part == one
        found[out] = probabilities(views[view], label, out, n_labels, row)
    return found


def by_means(x, label, part, likely=None):
    """Return what features tell of a label where that is little, and its error by chance, bits.

    To the first order, half the mean squared distance of the class means from that of all samples,
    in units of the scatter: the score statistic of a logistic regression. It cannot rise above the
    label's entropy. A square is the product of values of disjoint parts, whose errors are
    independent. The scale knows no labels, so that labels dealt anew give zero on average; where it
    is not shrunk to a sphere it holds what features explain, by chance (adjusted R squared) and
    otherwise, which is undone.

    Parameters
    ----------
    x : array, shape (n_samples, n_scores)
    label, part : int array, shape (n_samples,)
        0, 1, …
    likely : array, shape (n_samples, n_labels), optional
        What is known of the labels otherwise, their probabilities: what x tells beyond it, where x
        is free of what tells of them. Their shares by default.

    Returns
    -------
    bits, error : float
        The error is that of features that tell nothing: what scatters with the samples is not in
        it.
    """
    n, n_parts = len(x), part.max() + 1
    is_label = np.eye(label.max() + 1)[label]
    likely = np.tile(is_label.mean(axis=0), (n, 1)) if likely is None else likely
    power, axes, sphere = _within(x, np.zeros(n, int))
    kept = power > 1e-9 * power[-1]
    white = (x - x.mean(axis=0)).astype(float) @ axes[:, kept] / np.sqrt(power[kept])
    surprise = is_label - likely
    spread = np.linalg.pinv(np.diag(likely.mean(axis=0)) - likely.T @ likely / n, 1e-6, True)
    n_axes = np.linalg.matrix_rank(spread)
    if not n_axes:
        return 0.0, 0.0
    sums = np.array([surprise[part == one].T @ white[part == one] for one in range(n_parts)])
    total = sums.sum(axis=0)
    product = np.einsum("cd,ce,ed", total, spread, total)
    product -= np.einsum("pcd,ce,ped", sums, spread, sums)
    sizes = np.bincount(part, minlength=n_parts).astype(float)
    left = max(MIN_LEFT, 1 - (1 - sphere) * (white**2).mean(axis=0).sum() / n)
    square = float(product / (n**2 - (sizes**2).sum()) / left)
    square /= 1 - (1 - sphere) * min(square / n_axes, MOST_EXPLAINED)
    freedom = n_axes * ((white.T @ white / n) ** 2).sum() * n_parts / (n_parts - 1)
    error = np.sqrt(2 * freedom) / n / left / (2 * np.log(2))
    most = -np.log2(np.maximum(likely[np.arange(n), label], 1e-9)).mean()
    bits = most * -np.expm1(-square / (2 * np.log(2)) / most) if most > 0 else 0.0
    return float(bits), float(error)


def _completed(x, label, part, many, little=None):
    """Return the bits of each sample as by classifiers of infinitely many samples.

    Parameters
    ----------
    x : array, shape (n_samples, n_scores)
        The view that tells most.
    label, part : int array, shape (n_samples,)
    many : array, shape (n_samples,)
        From `gains`.
    little : float, optional
        Their mean where classifiers are not sure to find anything; that of `many` by default.
    """
    mean, sure = float(many.mean()), certainty(many)
    little = mean if little is None else little
    if not sure:
        return many + (little - mean)
    told, there = _worlds(x, label, part, mean)
    near, other = np.argsort(np.abs(told - mean))[:2]
    slope = 1.0
    if abs(told[near] - told[other]) > SAME_BITS:
        slope = (there[near] - there[other]) / (told[near] - told[other])
        slope = float(np.clip(slope, MIN_SLOPE, MAX_SLOPE))
    lacking = there[near] - told[near] + (slope - 1) * (mean - told[near])
    completed = sure * (mean + lacking) + (1 - sure) * little
    return completed + (1 + sure * (slope - 1)) * (many - mean)


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
    power, axes, _ = _within(x, label)
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
        x = drawn * scale.astype(np.float32)
        told.append(gains([x], label, part, LINEAR)[0].bits.mean())
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
    """Return the covariance within classes: eigenvalues, axes, and the share of a sphere in it."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    n_labels = label.max() + 1
    within = x - x.mean(axis=0) - _means(x, label, n_labels)[label]
    power, axes = np.linalg.eigh(within.T @ within / max(1, len(x) - n_labels))
    sphere = ledoit_wolf_shrinkage(within, assume_centered=True)
    return (1 - sphere) * power + sphere * power.mean(), axes, sphere


@dataclass(frozen=True)
class Told:
    """What views tell of labels, bits of each sample, by classifiers that have not seen it.

    Attributes
    ----------
    few, many : array, shape (n_samples,)
        By linear discriminants that learn from half of the samples, and from five sixths.
    every : array, shape (n_samples,)
        By the best of all discriminants, which learn from five sixths.
    most : array, shape (n_samples,)
        By the best there might be, of infinitely many samples.
    likeliest : int array, shape (n_samples,)
        The label that those of `every` take the sample for.
    chosen : list of (int, int)
        Of those of `every`: of each part, view and setting.
    error : float
        Of the mean of `most` where there is little to tell, from `by_means`.
    """

    few: np.ndarray
    many: np.ndarray
    every: np.ndarray
    most: np.ndarray
    likeliest: np.ndarray
    chosen: list
    error: float

    @property
    def unseen(self):
        """Standard error of the mean of `most` that does not show in its scatter over samples."""
        lacking = certainty(self.every) * (self.most.mean() - self.every.mean())
        return float(np.hypot(self.error, LACKING * lacking))


def told(views, codes, part):
    """Return what views tell of labels.

    Parameters
    ----------
    views : list of array, shape (n_samples, n_scores)
        The first one has all features that the others have, if one does.
    codes : int array, shape (n_samples,)
        0, 1, …
    part : int array, shape (n_samples,)
        From `parts`.

    Returns
    -------
    Told
    """
    few = [gains(views, codes, np.isin(part, half).astype(int), LINEAR)[0].bits for half in HALVES]
    every, of_all, of_some = gains(views, codes, part, EVERY, LINEAR, LINEAR_SCREENED)
    little, error = by_means(views[0], codes, part)
    completed, found = _completed(views[of_all.view], codes, part, of_all.bits, little), [of_all]
    seen = views[of_some.view]
    seen = seen[:, differs(seen, codes)]
    if seen.shape[1] > 0 and np.isfinite(of_some.bits).all():
        found.append(of_some)
        other = _completed(seen, codes, part, of_some.bits)
        more = other - completed
        if more.mean() > CLEAR_SD * np.hypot(more.std() / np.sqrt(len(more)), error):
            completed = other
    # what else discriminants see beyond linear ones counts as it was found
    linear = max(0.0, *(gain.bits.mean() for gain in found))
    completed = completed + max(0.0, float(every.bits.mean() - linear))
    few = np.mean(few, axis=0)
    own = every.likeliest, every.chosen
    return Told(few, of_all.bits, every.bits, completed, *own, error)


def seen_by(made):
    """Return the views that classifiers look at, of those that `lmi.projection.views.make` made."""
    views = (made[name] for name in ("features", "linear", "fourier"))
    return [view for view in views if view.shape[1] <= MAX_FEATURES]


def parts(fold, inner):
    """Return the part of each sample, 0 to 5: its inner fold of its fold."""
    return N_INNER * fold.astype(int) + inner


def of_pair(wide, label, fold, inner):
    """Return the bits of each sample by classifiers of half, most and all samples there might be.

    And the label that they take it for.

    Parameters
    ----------
    wide : candidates.Variable
    label : array, shape (n_samples,)
        0, 1, …
    fold, inner : int arrays, shape (n_samples,)
        Samples of fold -1 are left out.

    Returns
    -------
    float32 array, shape (5, n_samples)
        Bits of linear discriminants that learn from half of the samples, and from five sixths, and
        of the best there might be; the label that the best there are take the sample for; the
        standard error of the mean that the samples do not show, the same for all. NaN for samples
        left out.
    """
    good = np.flatnonzero(fold >= 0)
    made = wide.views | {"features": wide.features}
    views = [view[good] for view in seen_by(made)]
    values, codes = np.unique(label[good], return_inverse=True)
    by = told(views, codes, parts(fold[good], inner[good]))
    found = np.full((5, len(fold)), np.nan, np.float32)
    unseen = np.full(len(good), by.unseen)
    found[:, good] = by.few, by.many, by.most, values[by.likeliest], unseen
    return found
