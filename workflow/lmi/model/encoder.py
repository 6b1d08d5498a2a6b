"""One encoder of one variable, as arrays: from features to latent coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lmi.base.arrays import spread
from lmi.embedding.network import LEAK
from lmi.embedding.result import FEW, NARROW
from lmi.projection import views

SIDES = ("x", "y")
SCORED = ("ranked", "screened", "sure", NARROW, FEW)
"""Kinds of encoders whose input are normal scores."""


@dataclass(frozen=True)
class Inputs:
    """How the features of one variable are made comparable, learned from all training samples.

    Attributes
    ----------
    mean, scale : float64 array, shape (n_features,)
    clip : float
        Bound of the z-scores.
    values, scores : float array, shape (n_features, n_samples)
        Sorted training values of each feature and their normal scores; no columns where no encoder
        uses them.
    """

    mean: np.ndarray
    scale: np.ndarray
    clip: float
    values: np.ndarray
    scores: np.ndarray

    def zscores(self, matrix: np.ndarray) -> np.ndarray:
        """Return z-scores by the means and scales of the training samples, float32."""
        return np.clip((matrix - self.mean) / self.scale, -self.clip, self.clip).astype(np.float32)

    def normal_scores(self, matrix: np.ndarray) -> np.ndarray:
        """Return normal scores: between training values linear, beyond them those of the ends."""
        columns = zip(matrix.T, self.values, self.scores, strict=True)
        return np.stack([np.interp(*column) for column in columns], axis=1).astype(np.float32)


def inputs(
    matrix: np.ndarray,
    clip: float,
    ranked: bool,
    mean: np.ndarray | None = None,
    scale: np.ndarray | None = None,
) -> Inputs:
    """Learn `Inputs` from the training samples.

    Parameters
    ----------
    matrix : float64 array, shape (n_samples, n_features)
    clip : float
    ranked : bool
        Keep what normal scores need.
    mean, scale : array, shape (n_features,), optional
        Where they are known, and the matrix is not exact.
    """
    mean = matrix.mean(axis=0) if mean is None else mean
    scale = spread(matrix) if scale is None else scale
    empty = np.zeros((matrix.shape[1], 0))
    values = scores = empty
    if ranked:
        order = np.argsort(matrix, axis=0, kind="stable")
        values = np.ascontiguousarray(np.take_along_axis(matrix, order, axis=0).T)
        scores = np.ascontiguousarray(
            np.take_along_axis(views.normal_scores(matrix), order, axis=0).T
        )
    return Inputs(mean, np.where(scale > 0, scale, 1.0), clip, values, scores)


@dataclass(frozen=True)
class Encoder:
    """From features to latent coordinates.

    Attributes
    ----------
    kind : str
        The candidate: linear, ranked, screened, sure, few, fourier, network, narrow, features or
        paper.
    arrays : dict of str to array
        `matrix` and `offset`: the last step, from `kind`'s scores to the coordinates. Of fourier
        and network, `components` and `centre`: the scores that they start from, and `frequency`,
        `phase` or `layer0`, `layer1`, ….
    """

    kind: str
    arrays: dict

    def __call__(self, given: Inputs, matrix: np.ndarray) -> np.ndarray:
        """Return latent coordinates of samples, shape (n_samples, n_latent).

        Parameters
        ----------
        given : Inputs
        matrix : float64 array, shape (n_samples, n_features)
        """
        return self.hidden(given, matrix) @ self.arrays["matrix"] + self.arrays["offset"]

    def hidden(self, given: Inputs, matrix: np.ndarray) -> np.ndarray:
        """Return what the last step starts from, shape (n_samples, n_hidden)."""
        own = self.arrays
        if self.kind in SCORED:
            return given.normal_scores(matrix)
        z = given.zscores(matrix)
        if self.kind == "paper":
            n_features = z.shape[1]
            z = np.tile(z, (1, own["layer0"].shape[0] // n_features))
            return _layers(z, _weights(own), last_linear=False)
        if self.kind in ("linear", "features"):
            return z
        scores = (z - own["centre"]) @ own["components"]
        if self.kind == "fourier":
            return np.cos(scores.astype(np.float32) @ own["frequency"] + own["phase"])
        skip, *layers = _weights(own)
        return scores @ skip + _layers(scores, layers, last_linear=True)


class Columns(NamedTuple):
    """The features of one variable: names of all columns, and which were used (vary)."""

    names: tuple[str, ...]
    used: np.ndarray
    named: bool

    def told(self, argument: str) -> list[str]:
        """Return what a message calls the columns that were used: `CD4 of Xs`, `column 3 of Xs`."""
        places = np.flatnonzero(self.used)
        names = [self.names[i] if self.named else f"column {i}" for i in places]
        return [f"{name} of {argument}" for name in names]


class Encoders(NamedTuple):
    """What encodes new samples: the inputs of x and y, and the encoders of each half."""

    inputs: tuple[Inputs, Inputs]
    pairs: list[tuple[Encoder, Encoder]]


def _weights(arrays):
    return [arrays[f"layer{i}"] for i in range(sum(name.startswith("layer") for name in arrays))]


def _layers(hidden, layers, last_linear):
    """Apply an MLP with leaky ReLU: weights and biases in turn."""
    for i in range(0, len(layers), 2):
        hidden = hidden @ layers[i] + layers[i + 1].reshape(1, -1)
        if not (last_linear and i == len(layers) - 2):
            hidden = np.where(hidden < 0, LEAK * hidden, hidden)
    return hidden
