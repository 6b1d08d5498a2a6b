"""What a label shares with another variable beyond others, by classifiers.

Residuals of a label have as many values as it has, and neighbours among them say little. The bits
of a sample are those of its label's log probability given both, less that given the others alone
(chain rule): I(L; X | Z) = I(L; X, Z) - I(L; Z), each by classifiers that have not seen the sample
(`lmi.embedding.classifier`). Those of both may see the others alone, so that a variable which adds
nothing changes nothing. Labels that are given stand beside the label: with C,

    I(L; X | Z, C) = I(L, C; X, Z) - I(C; X, Z) - I(L, C; Z) + I(C; Z).
"""

from dataclasses import dataclass

import numpy as np

from lmi.base import seeds
from lmi.base.autocorrelation import one_sample
from lmi.embedding import bends, canonical, classifier, polynomials, residual
from lmi.ksg import discrete
from lmi.projection import views

MOST_KNOWN = 0.25
"""Most features of z, as a share of the samples, of which those of x are freed; else its leading
principal components."""
LEAST_TOLD, MOST_TOLD = 0.05, 64
"""Least share of the variance of a feature that z must tell, and most components of all that."""
LEAST_LIKELY = 0.01
"""Least probability of a label that a regression foresees."""
ADDED = 0.5
"""Standard error of what is added for learning from so few samples, as a share of it."""


@dataclass(frozen=True)
class Beyond:
    """What a label shares with another variable beyond others, bits of each sample.

    Attributes
    ----------
    few, many, every : array, shape (n_samples,)
        Differences of those of `classifier.Told`.
    most : array, shape (n_samples,)
        By the best classifiers there might be.
    unseen : float
        Standard error of the mean that the samples do not show.
    worth : float
        How many samples tell as much of the mean as an independent one.
    goes_on : bool
        What regressions leave of the features of the other variable still goes with functions of
        what is given.
    """

    few: np.ndarray
    many: np.ndarray
    every: np.ndarray
    most: np.ndarray
    unseen: float
    worth: float
    goes_on: bool = False


def of_label(label, other, given, codes, fold, inner, *, seed, name, time_series=False):
    """Return the bits of each sample that a label shares with another variable beyond others.

    Where classifiers are not sure to gain from the other variable, most of them leave it aside; how
    far its class means lie apart beyond those of z then tells what they may miss.

    Parameters
    ----------
    label : int array, shape (n_samples,)
    other : dict or int array
        From `lmi.projection.views.make`; or another label.
    given : dict or None
        Views of the quantities that are given.
    codes : int array, shape (n_samples,), or None
        The labels that are given.
    fold, inner : int array, shape (n_samples,)
    seed, name
        As of `views.make`.
    time_series : bool
        The samples are in order of time.

    Returns
    -------
    Beyond
    """
    part = classifier.parts(fold, inner)
    alone, goes_on = [], False
    if given is not None:
        foreseen, goes_on = _foreseen(_combined(label, codes), other, given, fold, inner, seed)
        alone = [*_beside(classifier.seen_by(given), foreseen), foreseen]

    def tell(seen, *labels):
        combined = _combined(*labels)
        if not seen or combined.max() == 0:
            return np.zeros((4, len(part))), []
        by = classifier.told(seen, combined, part)
        return np.array([by.few, by.many, by.every, by.most]), by.chosen

    of_z, chosen = tell(alone, label, codes)
    less = of_z - tell(alone, codes)[0]
    if isinstance(other, dict):
        sees = classifier.seen_by(_together(other, given, seed, name))
        if given is not None:
            sees = [*_beside(sees, foreseen), *alone]
        few, many, every, most = tell(sees, label, codes)[0] - tell(sees, codes)[0] - less
        likely = classifier.expected(alone, _combined(label, codes), part, chosen)
        little, error = _little(other, given, likely, label, codes, part)
    else:
        few, many, every, most = (
            tell(alone, label, other, codes)[0]
            - tell(alone, other, codes)[0]
            - less
            + discrete.table(label, _combined(other, codes))
            - (0.0 if codes is None else discrete.table(label, codes))
        )
        little, error = None, 0.0
    worth = max(map(one_sample, (every, most))) if time_series else 1.0
    sure, mean = classifier.certainty(every, worth), every.mean()
    little = mean if little is None else little
    # what scores of classes that lie close would scatter, had they been seen
    scatter = np.sqrt(2 * worth * max(0.0, little) / np.log(2) / len(every))
    added = ADDED * sure * (most.mean() - mean)
    unsure = (1 - sure) * np.hypot(scatter, (little - mean) / 2)
    most = every + sure * (most - every) + (1 - sure) * (little - mean)
    unseen = float(np.sqrt((worth * error) ** 2 + added**2 + unsure**2))
    return Beyond(few, many, every, most, unseen, worth, goes_on)


def _foreseen(label, other, given, fold, inner, seed):
    """Return what z foresees of a label, and of the features of the other variable.

    By regressions on smooth functions of the directions of z that matter for it
    (`lmi.embedding.residual`), learned on the samples of the other fold. Where z acts through
    squares or waves, classifiers of its features see little of it, and would find it in features of
    another variable that are such functions of z.

    Returns
    -------
    foreseen : array, shape (n_samples, n_scores)
        Log probabilities of the labels, and components of the features of which z tells.
    goes_on : bool
        What is not foreseen of the features goes with functions of those of z nevertheless.
    """
    if label.max() == 0:
        return np.zeros((len(label), 1)), False
    is_label = np.eye(label.max() + 1)[label]
    matters = {"linear": is_label, "features": is_label}
    if not isinstance(other, dict):
        (likely,) = _by_other_fold([is_label], matters, matters, given, fold, inner, seed)
        return _log(likely), False
    x = classifier.seen_by(other)[0].astype(float)
    likely, told = _by_other_fold([is_label, x], matters, other, given, fold, inner, seed)
    foreseen, left = _log(likely), x - told
    every = np.ones(len(x), bool)
    axes, _ = _axes(is_label - likely, left, every, inner, seed)
    goes_on = bool(
        residual.curves(given["features"], [left], every).shape[1]
        or polynomials.shared([(axes.a, axes.b, given["linear"])]).any()
    )
    clearly = left.var(axis=0) < (1 - LEAST_TOLD) * x.var(axis=0)
    if not clearly.any():
        return foreseen, goes_on
    rng = seeds.rng(seed, "beyond", "told")
    components = views.principal_components(told[:, clearly], MOST_TOLD, rng)
    return np.hstack([foreseen, components]), goes_on


def _log(likely):
    """Return log probabilities of what regressions say of labels."""
    likely = np.clip(likely, LEAST_LIKELY, 1.0)
    return np.log(likely / likely.sum(axis=1, keepdims=True))


def _by_other_fold(responses, one, other, given, fold, inner, seed):
    """Return what z tells of responses, by fits to the other fold, where it matters for views.

    Where what is left of the first response goes with what is left of the second, directions of z
    are looked for along which they bend (`lmi.embedding.bends`).
    """
    told, z = [np.empty(response.shape) for response in responses], residual.Given(given, None)
    for t in np.unique(fold):
        train = fold == t
        regressors, _ = residual.given_regressors(z, one, other, train, inner, seed)
        for turn in range(bends.MOST_TURNS):
            designs = residual.solve(regressors, train, inner)
            known = [residual.predict(designs, response) for response in responses]
            if len(responses) < 2 or turn == bends.MOST_TURNS - 1:
                break
            of_label, rest = (r - its for r, its in zip(responses, known, strict=True))
            axes, scores = _axes(of_label, rest, train, inner, seed)
            if not axes.rank:
                break
            own = [axes.b[:, : axes.rank], polynomials.bent(scores, given["linear"], train)]
            targets = np.hstack([of_label, *own])
            _, functions = bends.find(
                given["linear"], targets, np.hstack(known), train, inner, seed
            )
            if not functions:
                break
            regressors += functions
        for place, its in zip(told, known, strict=True):
            place[~train] = its[~train]
    return told


def _axes(of_label, rest, train, inner, seed):
    """Return canonical axes of what is left of the indicators of a label, and of features.

    Returns
    -------
    axes : canonical.Axes
    scores : array, shape (n_samples, n_components)
        Principal components of what is left of the features.
    """
    scores = views.principal_components(rest, MOST_TOLD, seeds.rng(seed, "beyond", "left"))
    # one of the indicators is told by the others
    sides = (of_label[:, 1:], scores.astype(np.float64))
    whitened = [canonical.whiten(side, train, inner[train]) for side in sides]
    return canonical.fit(*whitened, of_label.shape[1], shrink=False), scores


def _beside(seen, foreseen):
    """Return views with what is foreseen beside each."""
    return [np.hstack([view, foreseen]) for view in seen]


def _little(other, given, likely, label, codes, part):
    """Return what features tell beyond others where that is little, and its error, bits.

    The score of the features, less what is linear in z, for the labels that the others do not
    expect: zero on average where what is expected is right, whatever the features are.
    """
    label = _combined(label, codes)
    if label.max() == 0:
        return 0.0, 0.0
    if codes is not None:
        # of the labels that have the code of the sample
        of_code = np.zeros((label.max() + 1, codes.max() + 1))
        of_code[label, codes] = 1
        likely = np.maximum(likely, 1e-12) * of_code.T[codes]
        likely /= likely.sum(axis=1, keepdims=True)
    x, n = classifier.seen_by(other)[0].astype(float), len(part)
    known = [np.ones((n, 1))]
    if given is not None:
        z, most = classifier.seen_by(given)[0], int(MOST_KNOWN * n)
        known.append(z if z.shape[1] <= most else given["linear"][:, :most])
    if codes is not None:
        known.append(np.eye(codes.max() + 1)[codes])
    known = np.hstack(known)
    slopes, _, rank, _ = np.linalg.lstsq(known, x)
    bits, error = classifier.by_means(x - known @ slopes, label, part, likely)
    # as much of x as of noise goes with so many features of z
    return bits / (1 - rank / n), error / (1 - rank / n)


def _combined(*labels):
    """Return the label of each sample's combination of labels, those that are none left out.

    They are numbered as they appear: equal groups of samples give equal bits, however called.
    """
    known = [one for one in labels if one is not None]
    if not known:
        return np.zeros(1, int)
    _, first, codes = np.unique(
        np.stack(known, axis=1), axis=0, return_index=True, return_inverse=True
    )
    return np.argsort(np.argsort(first))[codes.ravel()]


def _together(one, other, seed, name):
    """Return the views of the features of two variables together."""
    if other is None:
        return one
    made = views.make(np.hstack([one["features"], other["features"]]), seed=seed, name=name)
    # beside a wide variable, a narrow one is hardly seen among the components of both
    return made | {"linear": np.hstack([one["linear"], other["linear"]])}
