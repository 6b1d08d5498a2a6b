"""One pair of an embeddings file, and the variables that it was embedded from."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from lmi.base.files import reading
from lmi.embedding.network import WIDTHS
from lmi.embedding.result import PER_ENCODER, Embedding, is_learned
from lmi.model import build, fitted
from lmi.model.encoder import Columns
from lmi.results import names, pairs

_ARRAYS = (*PER_ENCODER, "fold", "n_latent", "converged", "seconds")
_OF_TRAINING = ("loss_step", "loss_train", "loss_validation")
_OF_TIES = ("value", "classified", "weak_bits")
_OF_NETWORKS = ("network", "network_size")
_OF_MIXTURES = ("mixture",)


def read_embeddings(
    file: h5py.File, rows: Sequence[int], good: Sequence[bool], networks: bool = False
) -> list[Embedding | None]:
    """Return `Embedding` of consecutive rows of an embeddings file, or None where one failed.

    Parameters
    ----------
    file : h5py.File
    rows : sequence of int
    good : sequence of bool
        Which of them have not failed.
    networks : bool
        Read the weights of networks too.
    """
    at = slice(rows[0], rows[-1] + 1)
    optional = (*_OF_TRAINING, *_OF_TIES, *_OF_MIXTURES, *(_OF_NETWORKS if networks else ()))
    named = (*_ARRAYS, *(name for name in optional if name in file))
    arrays = {name: file[name][() if name == "loss_step" else at] for name in named}
    texts = {name: file[name].asstr()[at] for name in ("candidate", "scores", "kind")}
    no_steps = np.zeros(0, int)
    untrained = np.zeros((len(rows), file["zx"].shape[1], 0), np.float32)

    def one(row):
        n_x, n_y = arrays["n_latent"][row]
        n_axes = max(n_x, n_y)
        candidate = tuple(texts["candidate"][row].split("+"))
        # a pair of which nothing is learned has one encoder, others of its tile may have two
        its = slice(None if is_learned(candidate) else 1)
        return Embedding(
            zx=arrays["zx"][row, its, :, :n_x],
            zy=arrays["zy"][row, its, :, :n_y],
            s=arrays["s"][row, its, :n_axes],
            weight=arrays["weight"][row, its, :n_axes],
            rank=arrays["rank"][row, its],
            n_parameters=arrays["n_parameters"][row, its],
            temperature=arrays["temperature"][row, its],
            candidate=candidate,
            scores=json.loads(texts["scores"][row]),
            loss_step=arrays.get("loss_step", no_steps),
            loss_train=arrays.get("loss_train", untrained)[row, its],
            loss_validation=arrays.get("loss_validation", untrained)[row, its],
            converged=bool(arrays["converged"][row]),
            fold=arrays["fold"][row],
            seconds=float(arrays["seconds"][row]),
            kinds=tuple(texts["kind"][row]),
            values=_held(arrays, "value", row),
            classified=_held(arrays, "classified", row),
            weak_bits=_held(arrays, "weak_bits", row),
            weights=_weights(arrays, row)[its],
            mixture=_mixture(arrays, row, n_axes),
        )

    return [
        one(row - rows[0]) if is_good else None for row, is_good in zip(rows, good, strict=True)
    ]


def _held(arrays: dict, name: str, row: int) -> np.ndarray | None:
    """Return what a file holds of a pair, or None where it holds nothing of it."""
    values = arrays[name][row] if name in arrays else None
    return None if values is None or np.isnan(values).all() else values


def _mixture(arrays: dict, row: int, n_axes: int) -> np.ndarray | None:
    """Return the mixtures of a pair's critics, or None where both are Gaussian."""
    if "mixture" not in arrays or not arrays["mixture"][row].any():
        return None
    return arrays["mixture"][row][:, :n_axes]


def _weights(arrays: dict, row: int) -> tuple:
    """Return the weights of the networks of a pair, by encoder, as `Embedding` has them."""
    if "network" not in arrays:
        return ()
    sizes = arrays["network_size"][row]
    if not sizes.any():
        return ()
    return tuple(
        tuple(unflattened(arrays["network"][row, t, side], *sizes[t, side]) for side in (0, 1))
        if sizes[t].all()
        else None
        for t in range(len(sizes))
    )


def flattened(layers: list) -> np.ndarray:
    """Return the weights of an encoder in one row; `unflattened` gives them back."""
    return np.concatenate([np.ravel(layer) for layer in layers]).astype(np.float32)


def unflattened(values: np.ndarray, n_scores: int, n_latent: int) -> list[np.ndarray]:
    """Return the layers of an encoder from one row of weights.

    Parameters
    ----------
    values : float32 array
        Perhaps padded.
    n_scores, n_latent : int
        Its first and last widths.
    """
    widths = [int(n_scores), *WIDTHS, int(n_latent)]
    shapes = [(widths[0], widths[-1])]
    for n_in, n_out in itertools.pairwise(widths):
        shapes += [(n_in, n_out), (1, n_out)]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(values[: ends[-1]], ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def source(path: Path, name: str) -> tuple[build.Source, Columns, np.ndarray]:
    """Return a variable of a block as `lmi.model` takes it.

    Parameters
    ----------
    path : Path
        Of the block.
    name : str

    Returns
    -------
    source : build.Source
        Its values are those of the z-scores: clipped, and in single precision.
    columns : Columns
    inner : int8 array, shape (n_samples,)
    """
    block = names.block(path)
    place = block.variables.index(name)
    features = block.features[name]
    with reading(path, "project") as file:
        first = int(file["n_features"][:place].sum())
        own = slice(first, first + len(features))
        mean, scale = file["feature_mean"][own], file["feature_scale"][own]
        z = file["zscores"][:, own]
        matrix = z.astype(np.float64) * scale + mean
        its_source = build.Source(
            matrix,
            name,
            drawn_as=f"{file.attrs['dataset']}/{name}",
            n_components=file["linear"].shape[2],
            clip=float(file.attrs["clip"]),
            mean=mean,
            scale=scale,
            z=z,
        )
        columns = Columns(tuple(features), np.ones(len(features), bool), True)
        return its_source, columns, file["inner"][()]


def pair_model(place: pairs.Place, sides: list[tuple[Path, str]]) -> fitted.Model:
    """Return the model of a pair of a run.

    Parameters
    ----------
    place : pairs.Place
    sides : list of (Path, str)
        Block file and name of x and of y.

    Raises
    ------
    InputError
        Embeddings or pointwise values were not kept.
    """
    pairs.coordinates(place)  # refuses embeddings that are not there, or of another run
    bits = pairs.pointwise(place)
    with reading(place.path, "estimate") as file:
        k = int(file.attrs["k"])
    with reading(pairs.embeddings_path(place), "embed") as file:
        (embedding,) = read_embeddings(file, [place.row], [True], networks=True)
        seed = int(file.attrs["seed"])
    assert embedding is not None
    (x, x_columns, inner), (y, y_columns, _) = (source(*side) for side in sides)
    return fitted.model(
        embedding,
        bits,
        (x, y),
        (x_columns, y_columns),
        k=k,
        inner=inner,
        seed=seed,
    )
