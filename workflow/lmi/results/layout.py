"""Layouts of the HDF5 files: the datasets of each kind of file, declared once."""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from lmi.estimation import flags
from lmi.results import columns


@dataclass(frozen=True)
class Dataset:
    """A dataset of a file.

    Attributes
    ----------
    dtype : str
        As h5py names it; str for text.
    shape : tuple of str
        What each axis counts.
    description : str
    unit : str
        Empty for names, counts and what has none.
    fill : object
        What stands where a row has no value; None where all have one.
    optional : bool
        Whether a file may do without it.
    """

    dtype: str
    shape: tuple
    description: str
    unit: str = ""
    fill: Any = None
    optional: bool = False


SD, BITS = "standard deviations", "bits"
_PAIR, _ENCODER = ("pair",), ("pair", "encoder")
_VIEW = ("variable", "sample", "score")

_OF_ALL_SAMPLES = {
    "strata": Dataset("int64", ("sample",), "stratum of each sample, a place in strata_names"),
    "strata_names": Dataset("str", ("stratum",), "names of the strata; none without strata"),
    "interval": Dataset(
        "int64", ("sample",), "interval of each sample of a time series with gaps", optional=True
    ),
}


def _curves(rows):
    axes = (rows, "encoder", "step")
    return {
        "loss_step": Dataset("int64", ("step",), "training steps of the curves", optional=True),
        "loss_train": Dataset("float32", axes, "training loss", "", np.nan, True),
        "loss_validation": Dataset("float32", axes, "validation loss", "", np.nan, True),
    }


_COLUMNS = {
    column.name: Dataset(column.dtype, _PAIR, column.description, column.unit, column.default)
    for column in columns.DECLARED
    if column.held == "row"
}
_NAMES = ("x", "y", "lag", "n_features_x", "n_features_y", "truth_bits", "converged")
_EMBEDDED = (*_NAMES, "seconds", "candidate", *flags.CHECKS)

BLOCK = {
    "name": Dataset("str", ("variable",), "name of the variable"),
    "error": Dataset("str", ("variable",), "why the variable cannot be used", "", ""),
    "n_features": Dataset("int64", ("variable",), "features that vary", "", 0),
    "missing": Dataset("float64", ("variable",), "share of values imputed or left out", "", 0.0),
    "truth_bits": Dataset("float64", ("variable",), "what a task's variables share", BITS, np.nan),
    "n_scores": Dataset("int64", ("variable", "view"), "scores of each view", "", 0),
    "linear": Dataset("float32", _VIEW, "principal components of z-scores", "", 0.0),
    "ranked": Dataset("float32", _VIEW, "principal components of normal scores", "", 0.0),
    "fourier": Dataset("float32", _VIEW, "principal components of Fourier features", "", 0.0),
    "zscores": Dataset(
        "float32", ("sample", "feature of all variables"), "features, standardised", SD
    ),
    "feature_name": Dataset("str", ("feature of all variables",), "features of one name are one"),
    "feature_key": Dataset(
        "uint64", ("feature of all variables",), "hash of the order of its samples, or 0"
    ),
    "kind": Dataset("str", ("variable",), "wide, counts, number, tied or label", "", "wide"),
    "value": Dataset("float32", ("variable", "sample"), "normal score, or number of a label"),
    "sample_name": Dataset("str", ("sample",), "its name; its row, where the data name none"),
    "sample_row": Dataset("int64", ("sample",), "its row in the first source, from 0"),
    "dropped_sample": Dataset("str", ("dropped sample",), "name, or row, of one left out"),
    "dropped_sample_reason": Dataset("str", ("dropped sample",), "why it was left out"),
    "dropped_feature": Dataset("str", ("dropped feature",), "name of one left out"),
    "dropped_feature_variable": Dataset("int64", ("dropped feature",), "row of its variable"),
    "dropped_feature_reason": Dataset("str", ("dropped feature",), "why it was left out"),
    "feature_mean": Dataset("float64", ("feature of all variables",), "before standardising"),
    "feature_scale": Dataset("float64", ("feature of all variables",), "standard deviation"),
    "fold": Dataset("int8", ("sample",), "fold of each sample"),
    "inner": Dataset("int8", ("sample",), "inner fold of each sample"),
    "given": Dataset("str", ("sample",), "label that is conditioned on", optional=True),
    **_OF_ALL_SAMPLES,
}
"""`variables/block-*.h5`: what depends on one variable alone."""

EMBEDDINGS = {
    **{name: _COLUMNS[name] for name in _EMBEDDED},
    "missing": Dataset("float64", _PAIR, "larger share of missing values of the two", "", 0.0),
    "n_shared": Dataset("int64", _PAIR, "features that x and y share", "", 0),
    "shared": Dataset("str", _PAIR, "the first of them", "", ""),
    "error": Dataset("str", _PAIR, "message of what failed", "", ""),
    "error_code": Dataset("str", _PAIR, "its code in base.reasons", "", ""),
    "scores": Dataset("str", _PAIR, "held-out score of each candidate, JSON", "", "{}"),
    "zx": Dataset("float32", (*_ENCODER, "sample", "axis of x"), "latent x", SD, 0.0),
    "zy": Dataset("float32", (*_ENCODER, "sample", "axis of y"), "latent y", SD, 0.0),
    "s": Dataset("float64", (*_ENCODER, "axis"), "canonical correlations", "", 0.0),
    "weight": Dataset("float64", (*_ENCODER, "axis"), "weight of each axis in KSG", "", 0.0),
    "rank": Dataset("int64", _ENCODER, "axes of the critic", "", 0),
    "n_parameters": Dataset("float64", _ENCODER, "parameters of the critic", "", 0.0),
    "temperature": Dataset("int64", _ENCODER, "row of the critic's temperature", "", 0),
    "fold": Dataset("int8", ("pair", "sample"), "fold of each sample", "", 0),
    "n_latent": Dataset("int64", ("pair", "side"), "axes of x and of y", "", 0),
    "kind": Dataset("str", ("pair", "side"), "kind of x and of y", "", "wide"),
    "value": Dataset(
        "float32", ("pair", "side", "sample"), "values of pairs with ties", "", np.nan, True
    ),
    "weak_bits": Dataset(
        "float64", ("pair", "value and error"), "bits of many weak axes", BITS, np.nan, True
    ),
    "classified": Dataset(
        "float32",
        ("pair", "half, most, all there might be, likeliest label, error", "sample"),
        "what classifiers tell of a label: bits, the label that they take a sample for, and the "
        "standard error of the mean that samples do not show",
        "",
        np.nan,
        True,
    ),
    "mixture": Dataset(
        "float64",
        (*_ENCODER, "axis", "component", "parameter of a component"),
        "critics that are not Gaussian: share, means, variance of a, covariance, variance of b",
        "",
        0.0,
        True,
    ),
    "network": Dataset(
        "float32",
        (*_ENCODER, "side", "parameter"),
        "weights of networks that won: skip, then weights and biases of the layers",
        "",
        0.0,
        True,
    ),
    "network_size": Dataset(
        "int64", (*_ENCODER, "side", "end"), "their first and last widths; 0: none", "", 0, True
    ),
    **_curves("pair"),
    **_OF_ALL_SAMPLES,
}
"""`embeddings/tile-*.h5`: a tile of pairs, embedded."""

_DETAILS = {
    "pointwise": Dataset(
        "float32", ("detailed pair", "sample"), "pointwise MI", BITS, np.nan, True
    ),
    "scatter": Dataset(
        "float32", ("detailed pair", "shown sample", "side"), "first axes", SD, np.nan, True
    ),
    "scatter_samples": Dataset("int64", ("shown sample",), "samples of scatter", optional=True),
    "label": Dataset(
        "float32",
        ("detailed pair", "its own, and the one that it is taken for", "sample"),
        "labels of pairs of a label and features",
        "",
        np.nan,
        True,
    ),
    "null_bits": Dataset(
        "float32", ("detailed pair", "permutation"), "KSG on permuted samples", BITS, np.nan, True
    ),
    **_curves("detailed pair"),
}
ESTIMATES = _COLUMNS | _DETAILS
"""`estimates/tile-*.h5`: a tile of pairs, estimated; all pairs are detailed."""

PARTS = ESTIMATES | {
    "detail_row": Dataset("int64", ("detailed pair",), "row of each detailed pair")
}
"""`parts/part-*.h5`: many tiles in one; some pairs are detailed."""


def _rows(declared, what):
    return {
        column.name: Dataset(column.dtype, (what,), column.description, column.unit)
        for column in declared
    }


DIRECT = _rows(columns.ASKED, "triangle")
"""`direct/part-*.h5`: triangles of significant pairs."""
SELECTION = _rows(columns.TARGETS, "selected variable")
"""`selection.h5`: variables that tell of a target."""

LAYOUTS = {
    "block": BLOCK,
    "embeddings": EMBEDDINGS,
    "estimates": ESTIMATES,
    "parts": PARTS,
    "direct": DIRECT,
    "selection": SELECTION,
}


def fill(name: str) -> Any:
    """Return what stands where a row of a dataset of pairs has no value; zero if none is declared.

    Parameters
    ----------
    name : str
    """
    declared = (PARTS | EMBEDDINGS).get(name)
    return 0 if declared is None or declared.fill is None else declared.fill


def problems(file, kind):
    """Return how an open file differs from its layout, in words; nothing where it does not.

    Parameters
    ----------
    file : h5py.File
    kind : str
        One of `LAYOUTS`.
    """
    layout, wrong = LAYOUTS[kind], []
    for name in sorted({*layout, *file}):
        if name not in layout:
            wrong.append(f"'{name}' is not declared")
            continue
        declared = layout[name]
        if name not in file:
            if not declared.optional:
                wrong.append(f"'{name}' is not there")
            continue
        data = file[name]
        if data.ndim != len(declared.shape):
            wrong.append(f"'{name}': expected the axes {declared.shape}, found {data.shape}")
        dtype = "str" if h5py.check_string_dtype(data.dtype) else str(data.dtype)
        if data.size and dtype != declared.dtype:
            wrong.append(f"'{name}': expected {declared.dtype}, found {dtype}")
    return wrong
