"""Models in files: HDF5 with arrays and text, nothing that runs when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lmi.base.errors import InputError
from lmi.base.files import damage, refuse_foreign, text, write
from lmi.embedding.result import PER_ENCODER
from lmi.model.encoder import SIDES, Columns, Encoder, Encoders, Inputs

KIND = "lmi-workflow model"
MODEL_SCHEMA = 1
"""Version of the layout of model files; another one is refused."""
_ARRAYS = (*PER_ENCODER, "loss_step", "loss_train", "loss_validation", "fold")


def save(model: Any, path: str | Path) -> None:
    """Write a model to an HDF5 file.

    Parameters
    ----------
    model : lmi.model.fitted.Model
    path : str or Path

    Raises
    ------
    InputError
        A candidate that cannot be applied to new samples.
    """
    own = model.encoders
    arrays: dict[str, Any] = {name: getattr(model, name) for name in _ARRAYS}
    arrays["pointwise_bits"] = model.pointwise_bits
    if model.mixture is not None:
        arrays["mixture"] = model.mixture
    for t, (rows, pair) in enumerate(zip(model.held_out, own.pairs, strict=True)):
        arrays[f"held_out/{t}"] = rows
        for side, encoder in zip(SIDES, pair, strict=True):
            arrays |= {f"encoders/{t}/{side}/{name}": a for name, a in encoder.arrays.items()}
        if model.weights and model.weights[t] is not None:
            for side, layers in zip(SIDES, model.weights[t], strict=True):
                arrays |= {f"weights/{t}/{side}/{i}": layer for i, layer in enumerate(layers)}
    for place, side in enumerate(SIDES):
        arrays[f"marks/{side}"] = model.marks[place]
        arrays[f"loading/{side}"] = model.loading[place]
        arrays[f"columns/{side}/names"] = list(model.columns[place].names)
        arrays[f"columns/{side}/used"] = model.columns[place].used
        for field in ("mean", "scale", "values", "scores"):
            arrays[f"inputs/{side}/{field}"] = getattr(own.inputs[place], field)
    write(
        path,
        arrays,
        {
            "kind": KIND,
            "model_schema": MODEL_SCHEMA,
            "candidate": list(model.candidate),
            "encoder_kinds": [encoder.kind for pair in own.pairs for encoder in pair],
            "candidate_scores": json.dumps(model.scores),
            "converged": model.converged,
            "seconds": model.seconds,
            "k": model.k,
            "clip": [one.clip for one in own.inputs],
            "sides": list(model.kinds),
            "named": [one.named for one in model.columns],
        },
    )


def read(path: str | Path) -> dict[str, Any]:
    """Return the fields of a model that `save` wrote.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    InputError
        No such file, or one that is no model of this version.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: expected a file that Model.save wrote, found none.")
    cure = "Copy it again, or fit and save again."
    try:
        fault, _ = damage(path)
        if fault:
            raise InputError(
                f"{path}: expected a file that Model.save wrote, found one that cannot be read "
                f"({fault}). {cure}"
            )
        with h5py.File(path, "r") as file:
            if file.attrs.get("kind") != KIND:
                raise InputError(
                    f"{path}: expected a file that Model.save wrote, found another HDF5 file."
                )
            if file.attrs["model_schema"] != MODEL_SCHEMA:
                raise InputError(
                    f"{path}: expected schema version {MODEL_SCHEMA} of models, found "
                    f"{file.attrs['model_schema']}: fit and save it again with this version."
                )
            refuse_foreign(file)
            return _read(file)
    except InputError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{path}: expected a file that Model.save wrote, found one that cannot be read "
            f"({' '.join(str(error).split())}). {cure}"
        ) from error


def _read(file: h5py.File) -> dict[str, Any]:
    about = file.attrs
    n_encoders = file["zx"].shape[0]
    kinds = iter(about["encoder_kinds"])

    def numbered(group: h5py.Group) -> list[np.ndarray]:
        return [group[str(i)][()] for i in range(len(group))]

    pairs = []
    for t in range(n_encoders):
        pair = [
            Encoder(str(next(kinds)), {k: v[()] for k, v in file[f"encoders/{t}/{side}"].items()})
            for side in SIDES
        ]
        pairs.append((pair[0], pair[1]))
    inputs = [
        Inputs(clip=float(clip), **{k: v[()] for k, v in file[f"inputs/{side}"].items()})
        for side, clip in zip(SIDES, about["clip"], strict=True)
    ]
    weights = [
        tuple(numbered(file[f"weights/{t}/{side}"]) for side in SIDES)
        if f"weights/{t}" in file
        else None
        for t in range(n_encoders)
    ]
    named = [
        Columns(
            tuple(text(file[f"columns/{side}/names"])), file[f"columns/{side}/used"][()], bool(one)
        )
        for side, one in zip(SIDES, about["named"], strict=True)
    ]
    known: dict[str, Any] = {name: file[name][()] for name in _ARRAYS}
    known |= {
        "candidate": tuple(map(str, about["candidate"])),
        "scores": json.loads(about["candidate_scores"]),
        "converged": bool(about["converged"]),
        "seconds": float(about["seconds"]),
        "weights": tuple(weights),
        "mixture": file["mixture"][()] if "mixture" in file else None,
        "kinds": tuple(map(str, about.get("sides", ("wide", "wide")))),
    }

    return known | {
        "columns": (named[0], named[1]),
        "pointwise_bits": file["pointwise_bits"][()],
        "standard": (inputs[0], inputs[1]),
        "marks": (file["marks/x"][()], file["marks/y"][()]),
        "loading": (file["loading/x"][()], file["loading/y"][()]),
        "k": int(about["k"]),
        "held_out": tuple(numbered(file["held_out"])),
        "stored": Encoders((inputs[0], inputs[1]), pairs),
    }
