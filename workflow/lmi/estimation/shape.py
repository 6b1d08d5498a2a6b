"""Do critics describe the axes that they are used on? Gaussian ones cannot where these are not."""

from typing import NamedTuple

import numpy as np

from lmi.base import autocorrelation, mardia
from lmi.estimation import narrow
from lmi.estimation.evaluate import coordinates
from lmi.ksg.guided import CRITIC_BOUND_SD


class Shape(NamedTuple):
    """What is known of the critics of a pair.

    Attributes
    ----------
    trusted : float
        Share of the encoders whose critic corrects, on axes that are Gaussian.
    skewness : float
        Of the axes of critics that correct fully or nearly so, the largest mean of an axis, where
        there are several; 0 without such critics.
    """

    trusted: float
    skewness: float


NEARLY = 3
"""Row of `guided.TEMPERATURES` from which on a critic corrects nearly fully."""


def of_critics(embedding, held_out, time_series=False):
    """Return the `Shape` of the axes of an embedding on held-out samples.

    Parameters
    ----------
    embedding : Embedding
    held_out : list of int array
        Rows that each encoder is evaluated on.
    time_series : bool
        Consecutive samples depend on each other: their shape is less certain.
    """
    trusted, skewness = [], 0.0
    for t, rows in enumerate(held_out):
        rank, temperature = int(embedding.rank[t]), int(embedding.temperature[t])
        if not rank or not temperature:
            trusted.append(False)
            continue
        if narrow.is_narrow(embedding):  # KSG in two dimensions hardly needs a critic
            trusted.append(True)
            continue
        axes = [z[:, :rank] for z in coordinates(embedding, t, rows)[:2]]
        a, b = (np.clip(z, -CRITIC_BOUND_SD, CRITIC_BOUND_SD) for z in axes)
        worth = autocorrelation.redundancy(a, b) if time_series else 1.0
        distance, its_skewness = mardia.shape(a, b, worth)
        trusted.append(distance < mardia.NOT_GAUSSIAN_SD)
        if temperature >= NEARLY and rank > 1 and not trusted[-1]:
            skewness = max(skewness, its_skewness)
    return Shape(float(np.mean(trusted)), skewness)
