"""`result.model`: what a pair has learned, for its own samples and for new ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lmi import api_input
from lmi.base import seeds
from lmi.base.arrays import matrix, order, row_names
from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.embedding.candidates import Embedding, held_out_coordinates
from lmi.estimation import evaluate, narrow
from lmi.model import at, build, known, storage
from lmi.model.encoder import SIDES, Columns, Encoders, Inputs, inputs

if TYPE_CHECKING:
    import pandas
    import torch


class Recipe(NamedTuple):
    """What encoders are made from when they are asked for."""

    sources: tuple[build.Source, build.Source]
    inner: np.ndarray
    seed: int


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Model(Embedding):
    """The embedding of a pair, and the encoders behind it.

    Attributes
    ----------
    columns : (Columns, Columns)
        Features of x and of y.
    pointwise_bits : array, shape (n_samples,)
    standard : (Inputs, Inputs)
        Means and scales of the features of x and of y.
    marks : (float32 array, float32 array)
        By which the samples of x and of y are known again.
    loading : (array, array), shapes (n_features, n_latent)
        Correlation of each feature with each axis.
    k : int
        Neighbours that the estimate was asked for.
    held_out : tuple of int array
        The samples that each encoder is evaluated on.
    recipe, stored : Recipe, Encoders
        One of the two: of a model that was fitted here, or loaded.
    """

    columns: tuple[Columns, Columns]
    pointwise_bits: np.ndarray
    standard: tuple[Inputs, Inputs]
    marks: tuple[np.ndarray, np.ndarray]
    loading: tuple[np.ndarray, np.ndarray]
    k: int
    held_out: tuple
    recipe: Recipe | None = None
    stored: Encoders | None = None

    def __repr__(self) -> str:
        n_x, n_y = (int(one.used.sum()) for one in self.columns)
        kinds = "+".join(dict.fromkeys(self.candidate))
        return (
            f"<lmi.Model {kinds}: {n_x} features of x, {n_y} of y -> {self.zx.shape[-1]}, "
            f"{self.zy.shape[-1]} axes; {len(self.fold):,} samples>"
        )

    @functools.cached_property
    def encoders(self) -> Encoders:
        """The encoders as arrays; made when they are first asked for, in closed form.

        Raises
        ------
        InputError
            A candidate that cannot be applied to new samples.
        """
        if self.stored is not None:
            return self.stored
        assert self.recipe is not None
        return Encoders(*build.encoders(self, *self.recipe))

    @functools.cached_property
    def network(self) -> torch.nn.Module | None:
        """The trained encoders as a torch module, by side and half (x0, y0, x1, …); or None.

        Their input are standardised features (of the default preset, their linear scores), and
        their output is what the canonical axes of the model start from.
        """
        from lmi.model.network import module

        return module(self.weights)

    # ---- new samples

    def _side(self, side: str) -> int:
        if side not in SIDES:
            raise InputError(f"side: expected x or y, found {side!r}.")
        return SIDES.index(side)

    def _read(self, name: str, values: Any, side: int) -> np.ndarray:
        """Return the used columns of new samples; by name where both have names."""
        own = self.columns[side]
        if self.kinds[side] == "label" and _is_one_column(values):
            return self._indicators(name, values, side)
        names = getattr(values, "columns", getattr(values, "var_names", None))
        given = matrix(name, values)
        if own.named and names is not None:
            places = {str(one): place for place, one in enumerate(names)}
            if len(places) < given.shape[1]:
                raise InputError(f"{name}: expected each column name once, found one twice.")
            wanted = [one for one, used in zip(own.names, own.used, strict=True) if used]
            if absent := [one for one in wanted if one not in places]:
                raise InputError(
                    f"{name}: expected the features of {SIDES[side]}, found {len(absent)} of "
                    f"{len(wanted)} missing: {some(absent)}{suggest(absent[0], places)}."
                )
            return given[:, [places[one] for one in wanted]]
        if given.shape[1] != len(own.names):
            raise InputError(
                f"{name}: expected {len(own.names)} features in the order of {SIDES[side]}, found "
                f"{given.shape[1]}."
            )
        return given[:, own.used]

    def _indicators(self, name: str, values: Any, side: int) -> np.ndarray:
        """Return the indicators of labels, one a sample."""
        own = [label.split("=", 1)[-1] for label in self.columns[side].names]
        text = api_input.label_texts(name, values)
        codes = {label: place for place, label in enumerate(own)}
        if absent := sorted(set(text) - set(own)):
            raise InputError(
                f"{name}: expected labels of {SIDES[side]}, {some(own)}, found others: "
                f"{some(absent)}{suggest(absent[0], own)}. Leave these samples out."
            )
        return np.eye(len(own))[[codes[label] for label in text]][:, self.columns[side].used]

    def _marks(self, side: int, given: np.ndarray) -> np.ndarray:
        return known.marks(self.standard[side].zscores(given))

    def _encoded(self, side: int, given: np.ndarray) -> list[np.ndarray]:
        """Return the coordinates of samples by each encoder."""
        own = self.encoders
        return [pair[side](own.inputs[side], given) for pair in own.pairs]

    def transform(self, X: Any, side: str = "x") -> np.ndarray:
        """Return latent coordinates of samples.

        Samples of the run have those of the run: by the encoder that was not trained on them.
        Others have the mean of the encoders of both halves, whose axes point the same way.

        Parameters
        ----------
        X : array or DataFrame, shape (n_samples, n_features)
            With all features of the side, in their order, or by their names; or its labels.
        side : str
            x or y.

        Returns
        -------
        float32 array, shape (n_samples, n_latent)

        Raises
        ------
        InputError
            Other features; a candidate that cannot be applied to new samples.
        """
        place = self._side(side)
        given = self._read("X" if side == "x" else "Y", X, place)
        rows = known.match(self.marks[place], self._marks(place, given))
        result = held_out_coordinates(self)[place][rows]
        new = rows < 0
        if new.any():
            coordinates = self._encoded(place, given[new])
            if len(coordinates) > 1:
                z = (self.zx, self.zy)[place]
                sign = np.where((z[0] * z[1]).sum(axis=0) < 0, -1.0, 1.0)
                coordinates[1] = coordinates[1] * sign
            result[new] = np.mean(coordinates, axis=0)
        return result

    def _added_bits(self) -> tuple[float, evaluate.Neighbours]:
        """Return what the estimate adds to all samples alike, and with how many neighbours."""
        if narrow.is_narrow(self):
            pair = narrow.read(self, self.held_out[0], seeds.rng(0, "pointwise"))
            return 0.0, narrow.search(pair, self.k)[-1]
        evaluated, neighbours = evaluate.search(self, list(self.held_out), self.k, 1)
        gaps = [
            self.pointwise_bits[out] - bits
            for out, (_, bits, _) in zip(self.held_out, evaluated, strict=True)
        ]
        return float(np.median(np.concatenate(gaps))), neighbours

    def pointwise(self, X: Any, Y: Any) -> np.ndarray:
        """Return the pointwise mutual information of paired samples, bits.

        Pairs of the run have the values of the run. A new pair is compared with the held-out
        samples of each encoder, as each of these is with the others; the mean over both counts.

        Parameters
        ----------
        X, Y : array or DataFrame, shapes (n_samples, n_features_x) and (…)
            Joined by row names as in `lmi.estimate`.

        Returns
        -------
        array, shape (n_samples,)
        """
        rows = order(row_names(X), row_names(Y), "X", "Y")
        x, y = self._read("X", X, 0), self._read("Y", Y, 1)
        y = y if rows is None else y[rows]
        if len(x) != len(y):
            raise InputError(
                f"X, Y: expected the same number of samples, found {len(x)} and {len(y)}."
            )
        marks = np.hstack([self._marks(0, x), self._marks(1, y)])
        places = known.match(np.hstack(self.marks), marks)
        result = self.pointwise_bits[places].astype(float)
        new = places < 0
        if new.any():
            added, neighbours = self._added_bits()
            result[new] = added + np.mean(
                [
                    at.pointwise_bits(
                        (zx, zy),
                        (self.zx[t][out], self.zy[t][out]),
                        self.s[t],
                        int(self.rank[t]),
                        self.weight[t],
                        int(self.temperature[t]),
                        neighbours,
                        None if self.mixture is None else self.mixture[t],
                    )
                    for t, (zx, zy, out) in enumerate(
                        zip(
                            self._encoded(0, x[new]),
                            self._encoded(1, y[new]),
                            self.held_out,
                            strict=True,
                        )
                    )
                ],
                axis=0,
            )
        return result

    def loadings(self, side: str = "x") -> pandas.DataFrame:
        """Return the correlation of each feature with each axis, over the samples of the run.

        Parameters
        ----------
        side : str
            x or y.

        Returns
        -------
        pandas.DataFrame
            A row a feature by name, a column an axis; constant features are left out.
        """
        import pandas as pd

        place = self._side(side)
        values, own = self.loading[place], self.columns[place]
        index = [name for name, used in zip(own.names, own.used, strict=True) if used]
        axes = [f"axis{i}" for i in range(values.shape[1])]
        return pd.DataFrame(values, index=pd.Index(index, name="feature"), columns=axes)

    def save(self, path: str | Path) -> None:
        """Write the model to an HDF5 file: arrays and text, which `lmi.load_model` reads back."""
        storage.save(self, path)


def load_model(path: str | Path) -> Model:
    """Read a model that `Model.save` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Model

    Raises
    ------
    InputError
        No such file, or one that is no model of this version.

    Examples
    --------
    >>> import numpy as np
    >>> import lmi
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((300, 3))
    >>> y = x + rng.standard_normal((300, 3))
    >>> result = lmi.estimate(x, y, n_permutations=0, error_bars=False)
    >>> result.model.save("model.h5")
    >>> model = lmi.load_model("model.h5")
    >>> bool((model.pointwise(x, y) == result.pmis).all())
    True
    """
    return Model(**storage.read(path))


def _is_one_column(values: Any) -> bool:
    shape = np.shape(values)
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def columns(values: Any, used: np.ndarray, side: str, labels: tuple | None = None) -> Columns:
    """Return the names of the columns of what a caller gave; x0, x1, … where there are none.

    Those of the indicators of labels are x=B, x=T, …
    """
    if labels is not None:
        return Columns(tuple(f"{side}={label}" for label in labels), used, True)
    names = getattr(values, "columns", getattr(values, "var_names", None))
    if names is None or len(names) != len(used):
        return Columns(tuple(f"{side}{i}" for i in range(len(used))), used, False)
    return Columns(tuple(str(name) for name in names), used, True)


def model(
    embedding: Embedding,
    pointwise_bits: np.ndarray,
    both: tuple[build.Source, build.Source],
    named: tuple[Columns, Columns],
    *,
    k: int,
    inner: np.ndarray,
    seed: int,
) -> Model:
    """Return the model of an estimated pair.

    Parameters
    ----------
    embedding : Embedding
    pointwise_bits : array, shape (n_samples,)
    both : (Source, Source)
        x and y without constant features.
    named : (Columns, Columns)
    k : int
    inner : int array
        Inner folds.
    seed : int
    """
    fields = {name: getattr(embedding, name) for name in Embedding.__dataclass_fields__}
    coordinates = held_out_coordinates(embedding)
    standard = [inputs(one.matrix, one.clip, False, one.mean, one.scale) for one in both]
    marks = [known.marks(own.zscores(one.matrix)) for own, one in zip(standard, both, strict=True)]
    return Model(
        **fields,
        columns=named,
        pointwise_bits=np.asarray(pointwise_bits),
        standard=(standard[0], standard[1]),
        marks=(marks[0], marks[1]),
        loading=(
            _correlations(both[0].matrix, coordinates[0]),
            _correlations(both[1].matrix, coordinates[1]),
        ),
        k=k,
        held_out=tuple(
            np.flatnonzero((embedding.fold == 1 - t) & np.isfinite(pointwise_bits))
            for t in range(len(embedding.zx))
        ),
        recipe=Recipe(both, inner, seed),
    )


def _correlations(features: np.ndarray, z: np.ndarray) -> np.ndarray:
    # by their largest values first: squares of 1e200 are none
    size = np.maximum(np.abs(features).max(axis=0), 1e-300)
    one, other = (side - side.mean(axis=0) for side in (features / size, z.astype(np.float64)))
    scale = np.outer(*(np.sqrt((side**2).sum(axis=0)) for side in (one, other)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.nan_to_num((one.T @ other) / scale).astype(np.float32)
