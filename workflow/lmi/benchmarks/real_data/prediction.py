"""Which proteins interact, judged by pointwise mutual information of pairs never seen before."""

import numpy as np
import pandas as pd
from scipy.special import digamma
from scipy.stats import rankdata

from lmi.base import seeds
from lmi.embedding import canonical
from lmi.projection import views
from lmi.tasks.real import read

K = 3


def auroc(scores, positive):
    """Return the area under the ROC curve, ties counted half (Mann and Whitney 1947)."""
    n_positive = positive.sum()
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return np.nan
    rank_sum = rankdata(scores)[positive].sum()
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def unseen_pmi_bits(train_x, train_y, x, y, k=K):
    """Return the KSG pointwise mutual information of every x with every y, in bits.

    Neighbours are searched among the training pairs; a candidate counts as one sample more.

    Parameters
    ----------
    train_x, train_y : array, shapes (n_train, n_axes)
    x, y : array, shapes (n_x, n_axes), (n_y, n_axes)

    Returns
    -------
    array, shape (n_x, n_y)
        Kraskov et al. 2004, equation 8, at points outside of the sample.
    """
    far_x, far_y = (
        np.stack([np.abs(train - row).max(axis=1) for row in new])
        for new, train in ((x, train_x), (y, train_y))
    )
    sorted_x, sorted_y = np.sort(far_x, axis=1), np.sort(far_y, axis=1)
    bits = np.empty((len(x), len(y)))
    for i, row in enumerate(far_x):
        # the Chebyshev distance of pairs is the larger of the two
        radius = np.partition(np.maximum(row, far_y), k - 1, axis=1)[:, k - 1]
        n_x = np.searchsorted(sorted_x[i], radius, side="left")
        n_y = [np.searchsorted(s, r, side="left") for s, r in zip(sorted_y, radius, strict=True)]
        bits[i] = digamma(k) + digamma(len(row) + 1) - digamma(n_x + 1)
        bits[i] -= digamma(np.array(n_y) + 1)
    return bits / np.log(2)


def predict(path, *, seed=0, n_trials=20, share=0.1):
    """Hold proteins out, learn from the pairs without them, and score the pairs among them.

    Each trial holds out a share of all proteins. Canonical axes of the pairs of which both members
    are left (principal components of z-scores, rank by cross-validation, as in `lmi.estimate`) are
    the encoder. Candidates are all held-out sources with all held-out targets; those in the table
    are true. A candidate's score is its pointwise mutual information.

    The published code draws the held-out proteins with replacement and also tries sources as
    targets and targets as sources; both only add candidates that are no pairs.

    Parameters
    ----------
    path : str
        Prepared file of interactions.
    seed : int
    n_trials : int
    share : float
        Share of the proteins that is held out.

    Returns
    -------
    DataFrame
        A row a trial: trial, n_train, n_candidates, n_true, rank (axes with information),
        auroc_ksg (scores by nearest neighbours) and auroc_critic (by the Gaussian log ratio of
        the axes); 0.5 is chance, and NaN where no true pair or no other was held out.
    """
    arrays, _ = read(path, "interactions")
    pairs, embedding = arrays["pair"], arrays["embedding"].astype(np.float32)
    true_pairs = {(int(a), int(b)) for a, b in pairs}
    n_proteins = len(embedding)
    rows = []
    for trial in range(n_trials):
        rng = seeds.rng(seed, "pair prediction", trial)
        n_out = max(2, round(share * n_proteins))
        out = np.sort(rng.choice(n_proteins, n_out, replace=False))
        train = pairs[~np.isin(pairs, out).any(axis=1)]
        unseen = [out[np.isin(out, pairs[:, side])] for side in (0, 1)]
        inner = rng.permutation(len(train)) % canonical.N_INNER
        sides = []
        for side in (0, 1):
            matrix = embedding[np.concatenate([train[:, side], unseen[side]])]
            z = views.zscores(views.drop_constant(matrix))
            scores = views.principal_components(z, 64, rng)
            sides.append(canonical.whiten(scores, np.arange(len(scores)) < len(train), inner))
        axes = canonical.fit(*sides)
        x, y = axes.a * axes.weight, axes.b * axes.weight
        n = len(train)
        by_ksg = unseen_pmi_bits(x[:n], y[:n], x[n:], y[n:]).ravel()
        kept = slice(axes.rank)
        first, second = (
            np.repeat(axes.a[n:], len(unseen[1]), axis=0),
            np.tile(axes.b[n:], (len(unseen[0]), 1)),
        )
        by_critic = canonical.log_ratio(first[:, kept], second[:, kept], axes.s[kept]).sum(axis=1)
        true = np.array(
            [(int(a), int(b)) in true_pairs for a in unseen[0] for b in unseen[1]], bool
        )
        rows.append(
            {
                "trial": trial,
                "n_train": n,
                "n_candidates": len(true),
                "n_true": int(true.sum()),
                "rank": axes.rank,
                "auroc_ksg": auroc(by_ksg, true),
                "auroc_critic": auroc(by_critic, true),
            }
        )
    return pd.DataFrame(rows)
