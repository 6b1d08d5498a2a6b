"""From a pair's samples and their embedding to encoders: found again in closed form, and verified.

An encoder is affine in the scores of a view, of the screened features or of a network: with the
scores of the training samples and their coordinates, its last step is a least-squares problem with
an exact solution. Nothing is trained again, and an encoder that does not give the coordinates of
the run is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmi.base import seeds
from lmi.base.errors import InputError
from lmi.embedding import screen
from lmi.embedding.result import FEW, NARROW, PUBLISHED, SEPARATED, WHOLE, Embedding
from lmi.model.encoder import SCORED, Encoder, Inputs, inputs
from lmi.projection import views

TOLERANCE = 0.02
"""Standard deviations by which an encoder may differ from the coordinates of the run: they are
rounded to five digits, and single precision adds to that."""
SCREENS = {"screened": screen.LEVEL, "sure": screen.SURE_LEVEL}
"""Candidates of features that pass a screen, and its level."""


@dataclass(frozen=True)
class Source:
    """One variable of a pair, as it went into the run.

    Attributes
    ----------
    matrix : float64 array, shape (n_samples, n_features)
        Without constant features.
    name : str
        The screen's draws depend on it and on the seed.
    drawn_as : str
        Those of the views depend on this; where empty, on the name.
    n_components : int
        Most scores a view.
    clip : float
        Bound of the z-scores.
    mean, scale : float64 array, shape (n_features,), optional
    z : float32 array, shape (n_samples, n_features), optional
        Where the matrix is made from clipped z-scores, these.
    """

    matrix: np.ndarray
    name: str
    drawn_as: str = ""
    n_components: int = 64
    clip: float = 10.0
    mean: np.ndarray | None = None
    scale: np.ndarray | None = None
    z: np.ndarray | None = None


def encoders(
    embedding: Embedding, sources: tuple[Source, Source], inner: np.ndarray, seed: int
) -> tuple[tuple[Inputs, Inputs], list[tuple[Encoder, Encoder]]]:
    """Return the encoders of a pair.

    Parameters
    ----------
    embedding : Embedding
    sources : (Source, Source)
    inner : int array, shape (n_samples,)
        Inner folds, of `split.folds`.
    seed : int

    Returns
    -------
    inputs : (Inputs, Inputs)
    encoders : list of (Encoder, Encoder)
        One an encoder of the embedding, of x and of y.

    Raises
    ------
    InputError
        A candidate that cannot be applied to new samples.
    """
    kinds = [kind.removeprefix(SEPARATED).removeprefix(WHOLE) for kind in embedding.candidate]
    ranked = any(kind in SCORED for kind in kinds)
    given = tuple(
        inputs(source.matrix, source.clip, ranked, source.mean, source.scale) for source in sources
    )
    views_of = [_View(source, seed) for source in sources]
    pairs = []
    for t in range(len(embedding.zx)):
        kind = kinds[min(t, len(kinds) - 1)]
        train = embedding.fold == t
        keep = (None, None)
        if kind in SCREENS:
            features = (views_of[0].features[train], views_of[1].features[train])
            keep = screen.informative(*features, SCREENS[kind])
        pair = []
        for side, z in enumerate((embedding.zx[t], embedding.zy[t])):
            encoder = _encoder(
                kind, embedding, t, side, given[side], views_of[side], keep[side], seed
            )
            worst = np.abs(encoder(given[side], sources[side].matrix) - z).max()
            if not worst <= TOLERANCE * max(1.0, float(np.abs(z).max()) / 10):
                raise _refused(kind, f"it gives other coordinates than the run, by {worst:.2g} sd")
            pair.append(encoder)
        pairs.append((pair[0], pair[1]))
    return (given[0], given[1]), pairs


def _refused(kind: str, why: str) -> InputError:
    return InputError(
        f"model: expected an encoder that can be applied to new samples, found the candidate "
        f"'{kind}': {why}. The numbers of the run are not concerned; its own samples are there in "
        "result.embedding and result.pmis"
    )


class _View:
    """The views of a variable, made once, when they are asked for."""

    def __init__(self, source: Source, seed: int):
        self.source, self.seed = source, seed
        self.recipe: dict = {}
        self.made: dict = {}

    def __getitem__(self, name):
        if not self.made:
            self.made = views.make(
                self.source.matrix if self.source.z is None else self.source.z,
                seed=self.seed,
                name=self.source.drawn_as or self.source.name,
                n_components=self.source.n_components,
                clip=self.source.clip,
                recipe=self.recipe,
                standard=self.source.z is not None,
            )
        return self.made[name]

    @property
    def features(self):
        """Normal scores of the features."""
        return self["features"]


def _encoder(kind, embedding, t, side, given, view, keep, seed) -> Encoder:
    """Return one encoder; its last step is fitted to the coordinates of the run."""
    z = (embedding.zx, embedding.zy)[side][t].astype(np.float64)
    matrix = view.source.matrix
    weights = embedding.weights[t][side] if embedding.weights and embedding.weights[t] else None
    if kind in PUBLISHED:
        if kind == "paper" and weights is None:
            raise _refused(kind, "its weights were not kept")
        layers = {f"layer{i}": layer for i, layer in enumerate(weights or [])}
        last = {"matrix": np.eye(z.shape[1]), "offset": np.zeros(z.shape[1])}
        return Encoder("features" if kind == "ksg" else "paper", layers | last)
    if kind == NARROW:
        return Encoder(kind, {"matrix": np.eye(1), "offset": np.zeros(1)})
    if kind == FEW:
        features = view.features.astype(np.float32)
        taken = [(features == z[:, [axis]]).all(axis=0).argmax() for axis in range(z.shape[1])]
        return Encoder(
            kind, {"matrix": np.eye(features.shape[1])[:, taken], "offset": np.zeros(z.shape[1])}
        )
    if kind in ("linear", "ranked", *SCREENS):
        if kind in SCREENS:
            features = view.features
            rng = seeds.rng(seed, "screen", view.source.name)
            scores, directions = views.components(features[:, keep], screen.N_COMPONENTS, rng)
            loadings = np.zeros((len(keep), scores.shape[1]))
            loadings[keep] = directions()
        else:
            scores = view[kind]
            loadings = view.recipe[kind]()
        hidden = given.zscores(matrix) if kind == "linear" else given.normal_scores(matrix)
        train = embedding.fold == t if len(embedding.zx) > 1 else embedding.fold >= 0
        last, _ = _affine(scores, z, train)
        combined = loadings[:, : len(last)] @ last
        # the offset by the samples themselves: centred as they were
        offset = (z - hidden @ combined).mean(axis=0)
        return Encoder(kind, {"matrix": combined, "offset": offset})
    if kind not in ("fourier", "network"):
        raise _refused(kind, "this version knows no such encoder")
    standard = given.zscores(matrix)
    scores = view["linear"]
    loadings = view.recipe["linear"]().astype(np.float64)
    if kind == "fourier":
        loadings = loadings[:, : views.N_WAVED]
    arrays = {"components": loadings, "centre": standard.mean(axis=0, dtype=np.float64)}
    if kind == "fourier":
        drawn = view.recipe["waves"]
        arrays |= {
            "frequency": np.concatenate([f for f, _ in drawn], axis=1),
            "phase": np.concatenate([phase for _, phase in drawn]),
        }
        last, _ = _affine(view["fourier"], z, embedding.fold == t)
        combined = view.recipe["fourier"]()[:, : len(last)] @ last
        encoder = Encoder(kind, arrays | {"matrix": combined, "offset": np.zeros(z.shape[1])})
        hidden = encoder.hidden(given, matrix)
        arrays |= {"matrix": combined, "offset": (z - hidden @ combined).mean(axis=0)}
        return Encoder(kind, arrays)
    if weights is None:
        raise _refused(kind, "its weights were not kept")
    arrays |= {f"layer{i}": layer for i, layer in enumerate(weights)}
    hidden = Encoder(kind, arrays).hidden(given, matrix)
    last, offset = _affine(hidden, z, embedding.fold == t)
    return Encoder(kind, arrays | {"matrix": last, "offset": offset})


def _affine(scores, z, train):
    """Return the matrix and offset of least squares from scores to coordinates.

    Whitening takes no more scores than an eighth of the training samples, and so does this.
    """
    scores = scores[:, : max(1, int(train.sum()) // 8)].astype(np.float64)
    centre = scores.mean(axis=0)
    matrix = np.linalg.lstsq(scores - centre, z - z.mean(axis=0), rcond=1e-9)[0]
    return matrix, z.mean(axis=0) - centre @ matrix
