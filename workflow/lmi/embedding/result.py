"""What embedding a pair gives, by whatever preset."""

from dataclasses import dataclass

import numpy as np

PER_ENCODER = ("zx", "zy", "s", "weight", "rank", "n_parameters", "temperature")
"""Arrays of an `Embedding` whose first axis is the encoder; files hold them by these names."""
SEPARATED = "separated_"
"""Begins the name of a candidate whose pairs of axes are separated, see `lmi.embedding.separate`:
its encoders are those of the candidate behind it, but for a rotation."""
NARROW = "narrow"
"""Candidate of pairs of single features: their normal scores, of which nothing is learned."""
WHOLE = "whole_"
"""Begins the name of a candidate that is a view itself, see `lmi.embedding.whole`."""
FEW = "few"
"""Ends it where the view is the normal scores of the features that `lmi.embedding.few` chooses."""
PUBLISHED = ("paper", "ksg")
"""Candidates of the presets of one encoder, whose estimate is KSG as published."""


def is_learned(candidate):
    """Return whether encoders were learned, each from one fold; otherwise one serves all samples.

    Parameters
    ----------
    candidate : tuple of str
        Of an `Embedding` of the default preset.
    """
    return not candidate[0].startswith((NARROW, WHOLE))


@dataclass(frozen=True)
class Embedding:
    """The chosen embedding of a pair: one encoder a fold, applied to all samples.

    Attributes
    ----------
    zx, zy : float32 array, shape (n_encoders, n_samples, n_latent)
        Latent coordinates by encoder; canonical variates, of unit variance on the encoder's
        training fold, in the default preset.
    s, weight : array, shape (n_encoders, n_latent)
        Canonical correlations of the critic, and scale of each axis in the neighbour search.
    rank : int array, shape (n_encoders,)
        Axes that the critic uses.
    n_parameters : array, shape (n_encoders,)
        Its free parameters, times the shares of its correlations that held-out samples show.
    temperature : int array, shape (n_encoders,)
        Row of `guided.TEMPERATURES`: how far the critic is trusted.
    candidate : tuple of str
        Which candidate won, by encoder.
    scores : dict of str to float
        Mean held-out estimate of each candidate, bits.
    loss_step : int array, shape (n_points,)
    loss_train, loss_validation : array, shape (n_encoders, n_points)
        Training curves; no points where nothing was trained.
    converged : bool
    fold : int8 array, shape (n_samples,)
        Encoder t was trained where `fold == t`, and is used where it is 1 - t; -1 is in neither.
    seconds : float
    given : float32 array, shape (n_encoders, n_samples, n_given), or None
        Coordinates of what is conditioned on, in the scale of the neighbour search; may be none.
    neighbourhood : int array, shape (n_encoders, n_samples), or None
        Samples of one number are near in what is conditioned on; -1 in the training fold.
    feigned_bits : array, shape (n_encoders,), or None
        Bits that what is conditioned on would have feigned, had it not been subtracted again.
    remaining_bits : array, shape (n_encoders,), or None
        Bits that polynomials of what is conditioned on still feign, without doubt.
    kinds : (str, str)
        Kinds of the two variables, `lmi.projection.ties.KINDS`.
    values : float32 array, shape (2, n_samples), or None
        Of the two variables, `lmi.projection.ties.describe`, where neither has several features
        and one has ties, and where one is a label.
    classified : float32 array, shape (5, n_samples), or None
        Of a label and several features: from `classifier.of_pair`.
    weak_bits : array, shape (2,), or None
        From `canonical.weak_bits`: bits of many weak axes, and their standard error.
    weights : tuple
        By encoder, the weights of the networks of x and of y, as `network.Trained` has them, or
        None where another candidate won; of the preset paper, the layers of its encoders.
    mixture : array, shape (n_encoders, n_axes, n_components, 6), or None
        Of critics that are not Gaussian, see `lmi.ksg.mixture`; zero where one is.
    """

    zx: np.ndarray
    zy: np.ndarray
    s: np.ndarray
    weight: np.ndarray
    rank: np.ndarray
    n_parameters: np.ndarray
    temperature: np.ndarray
    candidate: tuple
    scores: dict
    loss_step: np.ndarray
    loss_train: np.ndarray
    loss_validation: np.ndarray
    converged: bool
    fold: np.ndarray
    seconds: float
    given: np.ndarray | None = None
    neighbourhood: np.ndarray | None = None
    feigned_bits: np.ndarray | None = None
    remaining_bits: np.ndarray | None = None
    kinds: tuple = ("wide", "wide")
    values: np.ndarray | None = None
    classified: np.ndarray | None = None
    weak_bits: np.ndarray | None = None
    weights: tuple = ()
    mixture: np.ndarray | None = None


def of_views(zx, zy, candidate, fold, **more):
    """Return the embedding of a pair of which nothing was learned: one encoder, and no critic.

    Parameters
    ----------
    zx, zy : array, shape (n_samples, n_axes)
        Its coordinates.
    candidate : str
    fold : int array, shape (n_samples,)
        1 for the samples that are used, -1 for others.
    **more
        Other attributes of an `Embedding`, and those that are not as here.

    Returns
    -------
    Embedding
    """
    n_axes = max(zx.shape[1], zy.shape[1])
    nothing = {
        "s": np.zeros((1, n_axes)),
        "weight": np.ones((1, n_axes)),
        "rank": np.zeros(1, int),
        "n_parameters": np.zeros(1),
        "temperature": np.zeros(1, int),
        "scores": {},
        "loss_step": np.zeros(0, int),
        "loss_train": np.zeros((1, 0)),
        "loss_validation": np.zeros((1, 0)),
        "converged": True,
        "seconds": 0.0,
    }
    zx, zy = (np.asarray(side, np.float32)[None] for side in (zx, zy))
    its = {"zx": zx, "zy": zy, "candidate": (candidate,), "fold": fold.astype(np.int8)}
    return Embedding(**(nothing | its | more))
