"""Tasks of counts whose distribution a discrete state decides."""

from functools import lru_cache

import numpy as np

from lmi.base.seeds import rng as generator
from lmi.tasks.labels import label_table
from lmi.tasks.registry import finish, task

N_TRUTH = 50_000
"""Samples of the mean that is the truth; its standard error is about .005 bits."""
MEAN_COUNT, EFFECT = 2.0, 0.7
"""Mean count of a gene, and sd of the logarithm of what a state multiplies it by."""


def _expression(states, genes):
    """Return the mean counts of both variables' genes, shape (2, states, genes): always the same.

    The truth depends on them, so they are no part of the draw.
    """
    effects = generator(0, "expression").standard_normal((2, states, genes))
    return MEAN_COUNT * np.exp(EFFECT * effects)


def _draw(rng, n_samples, states, genes, shuffled, dispersion):
    """Return counts of both variables and the pointwise information of every sample, bits."""
    from scipy.special import logsumexp

    table = label_table(states, shuffled)
    labels = np.divmod(rng.choice(table.size, n_samples, p=table.ravel()), states)
    sides, logs = [], []
    for means, label in zip(_expression(states, genes), labels, strict=True):
        success = dispersion / (dispersion + means)
        counts = rng.negative_binomial(dispersion, success[label])
        # of the negative binomial, what depends on the state
        logs.append(counts @ np.log1p(-success).T + dispersion * np.log(success).sum(axis=1))
        sides.append(counts)
    top = [log.max(axis=1, keepdims=True) for log in logs]
    given = [np.exp(log - most) for log, most in zip(logs, top, strict=True)]
    joint = np.log(np.einsum("ni,ij,nj->n", given[0], table, given[1]))
    joint += top[0][:, 0] + top[1][:, 0]
    nats = joint - sum(logsumexp(log, axis=1) - np.log(states) for log in logs)
    return *sides, nats / np.log(2)


@lru_cache
def cell_states_mi_bits(*numbers):
    """Return the information of `cell_states` with these numbers, from `N_TRUTH` samples."""
    return float(_draw(generator(0, "truth"), N_TRUTH, *numbers)[-1].mean())


@task(
    n_samples=(2, None),
    states=(2, 100),
    genes=(1, None),
    shuffled=(0, 1),
    dispersion=(0.01, 1000),
)
def cell_states(rng, n_samples=2000, states=10, genes=60, shuffled=0.05, dispersion=2.0):
    """Counts of two sets of genes in cells of some states, which tell of each other by the state.

    Each set has a state of its own, the same but for a share `shuffled` of cells, where they are
    independent. The counts of `genes` genes a set are negative binomial, with `dispersion` and a
    mean that the state multiplies by exp(0.7 N(0, 1)), 2 at the median.

    Truth: the mean of the exact pointwise information of `N_TRUTH` other samples: less than that
    of the states where counts do not show them.
    """
    numbers = states, genes, shuffled, dispersion
    x, y, pointwise = _draw(rng, n_samples, *numbers)
    return finish(x, y, cell_states_mi_bits(*numbers), pointwise)
