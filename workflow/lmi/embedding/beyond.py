"""What a label shares with another variable beyond others, by classifiers.

Residuals of a label have as many values as it has, and neighbours among them say little. The bits
of a sample are those of its label's log probability given both, less that given the others alone
(chain rule): I(L; X | Z) = I(L; X, Z) - I(L; Z), each by classifiers that have not seen the sample
(`lmi.embedding.classifier`). Those of both may see the others alone, so that a variable which adds
nothing changes nothing. Labels that are given stand beside the label: with C,

    I(L; X | Z, C) = I(L, C; X, Z) - I(C; X, Z) - I(L, C; Z) + I(C; Z).
"""

import numpy as np

from lmi.embedding import classifier
from lmi.ksg import discrete
from lmi.projection import views

ROWS = ("few", "many", "every", "most")
"""Of the result: attributes of `classifier.Told`."""


def of_label(label, other, given, codes, fold, inner, *, seed, name):
    """Return the bits of each sample that a label shares with another variable beyond others.

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

    Returns
    -------
    array, shape (4, n_samples)
        Differences of the rows `ROWS`.
    """
    part = classifier.parts(fold, inner)
    alone = [] if given is None else classifier.seen_by(given)

    def tell(seen, *labels):
        combined = _combined(*labels)
        if not seen or combined.max() == 0:
            return np.zeros((len(ROWS), len(part)))
        by = classifier.told(seen, combined, part)
        return np.array([getattr(by, row) for row in ROWS])

    if isinstance(other, dict):
        both = _together(other, given, seed, name)
        sees = [*classifier.seen_by(both), *alone]
        told = tell(sees, label, codes) - tell(sees, codes)
        return told - tell(alone, label, codes) + tell(alone, codes)
    told = tell(alone, label, other, codes) - tell(alone, label, codes)
    told += tell(alone, codes) - tell(alone, other, codes)
    own = discrete.table(label, _combined(other, codes))
    return told + own - (0.0 if codes is None else discrete.table(label, codes))


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
