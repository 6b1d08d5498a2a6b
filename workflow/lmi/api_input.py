"""What `lmi.estimate` is given, read right or refused: options, samples, strata."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np

from lmi.base.arrays import counts_rows, dense, matrix, order, refuse_masked, row_names
from lmi.base.errors import InputError
from lmi.base.groups import MAX_SHARE, refuse_no_groups
from lmi.embedding import published

LEAST_SAMPLES_OF_ESTIMATE = 50
"""Fewest samples that `lmi.estimate` takes: each of the two halves then holds 25, as few as a part
of an error bar may (`MIN_PART` of `lmi.estimation.error_bars`)."""
NO_LABEL = ("nan", "<na>", "nat", "none", "inf", "-inf")
"""What is no label, where it is an object or a number: NaN, NA, NaT, None, an infinite value."""
NO_TEXT_LABEL = ("", "nan")
"""What is no label, where it is text: nothing, and what numpy makes of NaN among text."""


@dataclass(frozen=True)
class DefaultSettings:
    """Settings of the preset default, with the names of the section `embed` of the config.

    Attributes
    ----------
    n_latent : int
        Dimensions of the latent space, for each of the two variables.
    train : str
        Train networks where they may help (auto), always or never.
    max_steps : int
        Most training steps of a network.
    batch_size : int
    learning_rate : float
    """

    n_latent: int = 16
    train: str = "auto"
    max_steps: int = 300
    batch_size: int = 256
    learning_rate: float = 1e-3


PaperSettings = published.Settings
"""Settings of the preset paper, with the names of the section `embed.paper` of the config."""
PRESETS = {"default": DefaultSettings, "paper": PaperSettings}
DOCUMENTED = {"N_dims": "n_latent", "epochs": "max_epochs", "lr": "learning_rate"}
"""The names of the method's documentation, and those of the config."""


class Limit(NamedTuple):
    """What an option may be: of a kind, and from `low` to `high`, or one of `choices`."""

    kind: str
    low: float = 0
    high: float = math.inf
    open: bool = False
    choices: tuple = ()


LIMITS = {
    "seed": Limit("integer", 0, 2**64 - 1),
    "k": Limit("integer", 1, 10**6),
    "n_permutations": Limit("integer", 0, 10**7),
    "threads": Limit("integer", 1, 1024),
    "quiet": Limit("boolean"),
    "discrete_x": Limit("boolean"),
    "discrete_y": Limit("boolean"),
    "error_bars": Limit("boolean"),
    "time_series": Limit("boolean"),
    "n_latent": Limit("integer", 1, 10**4),
    "max_steps": Limit("integer", 1, 10**7),
    "batch_size": Limit("integer", 1, 10**7),
    "max_epochs": Limit("integer", 1, 10**7),
    "patience": Limit("integer", 0, 10**7),
    "min_features": Limit("integer", 1, 10**5),
    "learning_rate": Limit("number", 0, 10, open=True),
    "alpha": Limit("number", 0, 10**6),
    "lam": Limit("number", 0, 10**6),
    "validation_split": Limit("number", 0.01, 0.99),
    "train": Limit("text", choices=("auto", "always", "never")),
    "regulariser": Limit("text", choices=published.REGULARISERS),
}
"""The options of `lmi.estimate`, by their names in the config; no use is near an upper limit."""
KINDS = {
    "integer": (int, np.integer),
    "number": (int, float, np.integer, np.floating),
    "boolean": (bool, np.bool_),
    "text": (str,),
}


# ---- options


def check_run(**options: Any) -> None:
    """Check options that questions have in common, by name, as `check`."""
    for option, value in options.items():
        check(option, value)


def permutations(most: int) -> dict[str, Any]:
    """Return the permutations of an estimate, at most so many, as the config has them."""
    return {"max": most, "scheme": "auto", "block_length": 0, "tail_fit": True}


def check(name: str, value: Any) -> None:
    """Raise InputError for an option that is out of range; `name` is the one that was given."""
    limit = LIMITS[DOCUMENTED.get(name, name)]
    kind = "an integer" if limit.kind == "integer" else f"a {limit.kind}"
    expected = {"boolean": "True or False", "text": "one of " + ", ".join(limit.choices)}.get(
        limit.kind, f"{kind} {'above' if limit.open else 'of at least'} {limit.low}"
    )
    if math.isfinite(limit.high):
        expected += f" and at most {limit.high}"
    good = isinstance(value, KINDS[limit.kind])
    if good and limit.kind in ("integer", "number"):
        above = value > limit.low if limit.open else value >= limit.low
        good = not isinstance(value, bool) and above and value <= limit.high and value < math.inf
    elif good and limit.kind == "text":
        good = value in limit.choices
    if not good:
        raise InputError(f"{name}: expected {expected}, found {_short(value)}.")


def settings(preset: Any, options: Mapping[str, Any]) -> DefaultSettings | PaperSettings:
    """Return the settings of a preset, with the options in place of its defaults.

    Parameters
    ----------
    preset : str, DefaultSettings or PaperSettings
        A name of `PRESETS`, or settings to start from.
    options : dict
        By the names of the config or of the method's documentation; None is the default. Options
        that are of the other preset alone are checked, and change nothing.

    Raises
    ------
    InputError
        Unknown preset or option, one of the wrong type, or out of range.
    """
    if isinstance(preset, str) and preset in PRESETS:
        base = PRESETS[preset]()
    elif isinstance(preset, tuple(PRESETS.values())):
        base = preset
    else:
        raise InputError(f"preset: expected one of {', '.join(PRESETS)}, found {_short(preset)}.")
    own = {field.name for field in fields(base)}
    field_names = {field.name for one in PRESETS.values() for field in fields(one)}
    given: dict[str, Any] = {}
    for name, value in options.items():
        target = DOCUMENTED.get(name, name)
        if target not in field_names:
            known = {*field_names, *DOCUMENTED, *LIMITS} - {name}
            near = get_close_matches(name, sorted(known), 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise InputError(
                f"{name}: expected an option of this function, found an unknown one. {hint}"
                f"Options: {', '.join(sorted({*field_names, *DOCUMENTED}))}."
            )
        if value is None:
            continue
        check(name, value)
        if target in given:
            raise InputError(f"{name}: expected once, found it as {target} too. Remove one.")
        given[target] = value
    share = given.get("validation_split", 0.5)
    if isinstance(base, DefaultSettings) and share != 0.5:
        raise InputError(
            f"validation_split: expected 0.5 in the default preset, which holds out each half of "
            f"the samples in turn, found {share}. Use preset='paper' for another split."
        )
    settled = replace(base, **{name: value for name, value in given.items() if name in own})
    for name in own - given.keys():  # of settings that were passed whole
        check(name, getattr(settled, name))
    return settled


def default_settings(options: Mapping[str, Any]) -> DefaultSettings:
    """Return the settings of the preset default, with the options in place of its own."""
    chosen = settings("default", options)
    if not isinstance(chosen, DefaultSettings):  # what `settings` returns for this preset
        raise TypeError(type(chosen))
    return chosen


def _short(value: Any) -> str:
    """Return a value as text that fits into a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:50]}… ({type(value).__name__})"


# ---- strata


def strata(labels: Any, n_samples: int, name: str = "strata") -> tuple[list, np.ndarray | None]:
    """Return the names of the strata and the stratum of each sample, nothing for None.

    `name` is that of the argument, for messages.

    Raises
    ------
    InputError
        Not a label for each sample; missing labels; labels that are no groups.
    """
    if labels is None:
        return [], None
    text = _labels(name, labels, n_samples)
    refuse_no_groups(text, name)
    names, codes = np.unique(text, return_inverse=True)
    return list(names), codes


def _labels(name: str, labels: Any, n_samples: int) -> np.ndarray:
    """Return labels as text; raises InputError as `strata`."""
    refuse_masked(name, labels)
    try:
        if hasattr(labels, "detach"):
            values = dense(labels)
            values = values.astype(int) if (values == values.round()).all() else values
        elif isinstance(labels, list | tuple):
            values = np.array(labels, dtype=object)
        else:
            values = np.asarray(labels)
    except Exception as error:  # whatever the conversion of a foreign object raises
        raise InputError(
            f"{name}: expected a label for each of the {n_samples} samples, found "
            f"{type(labels).__name__} ({' '.join(str(error).split())})."
        ) from error
    if values.shape != (n_samples,):
        raise InputError(
            f"{name}: expected a label for each of the {n_samples} samples, "
            f"found shape {values.shape}."
        )
    return _label_text(values, name)


def _label_text(values: np.ndarray, name: str) -> np.ndarray:
    """Return the labels as text; raises InputError for those that are missing or no labels."""
    listed = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values.tolist()]
    if odd := [v for v in listed if isinstance(v, list | tuple | set | dict | np.ndarray)]:
        raise InputError(
            f"{name}: expected one label a sample, text or a number, found {_short(odd[0])}. Join "
            "several columns into one label."
        )
    text = np.array([str(v) for v in listed], dtype=str)
    if values.dtype.kind not in "OST":
        text = values.astype(str)
    is_text = np.array([isinstance(v, str) for v in listed])
    missing = np.where(
        is_text,
        np.isin(np.char.strip(text), NO_TEXT_LABEL),
        np.isin(np.char.lower(text), NO_LABEL),
    )
    if missing.any():
        raise InputError(
            f"{name}: expected a label for every sample, found {missing.sum()} missing ones (NaN, "
            f"None or empty), the first at row {np.argmax(missing)}. Drop these samples, or give "
            "them a label of their own, such as 'unknown'."
        )
    # after the missing ones: several NaN are written alike and not equal
    written = set(text.tolist())
    if values.dtype.kind in "OST" and (
        len(set(listed)) != len(written) or len({(v, str(v)) for v in listed}) != len(set(listed))
    ):
        odd = next(v for v in listed if not isinstance(v, str))
        raise InputError(
            f"{name}: expected labels of one type, found some that are equal and written "
            f"differently, or written alike and not equal, such as {_short(odd)}. Make them text, "
            "or numbers, of one form."
        )
    return text


# ---- labels as variables


def are_labels(values: Any) -> bool:
    """Whether values are categories, or one column of text that is no text of numbers."""
    if hasattr(values, "iloc") and getattr(values, "ndim", 2) == 2 and values.shape[1] == 1:
        values = values.iloc[:, 0]
    kind = getattr(values, "dtype", None)
    if type(kind).__name__ == "CategoricalDtype":
        return True
    if hasattr(values, "detach") or hasattr(values, "obs_names") or hasattr(values, "toarray"):
        return False
    is_list = isinstance(values, list | tuple)
    if not is_list and not (
        getattr(kind, "kind", "") in "OUST" and getattr(values, "ndim", 2) == 1
    ):
        return False
    texts = [v for v in values if isinstance(v, str | bytes)]
    return bool(texts) and not all(_is_number(v) for v in texts)


def _is_number(text: str | bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def label_texts(name: str, values: Any) -> np.ndarray:
    """Return labels, one a sample, as text.

    Raises
    ------
    InputError
        Missing labels; more than one a sample.
    """
    if getattr(values, "ndim", 1) == 2 and values.shape[1] == 1:
        values = values.iloc[:, 0] if hasattr(values, "iloc") else values[:, 0]
    n_samples = np.shape(values)[0] if np.ndim(values) else 0
    return _labels(name, values, n_samples)


def _side(name: str, values: Any, discrete: bool | None) -> tuple[np.ndarray, tuple | None]:
    """Return a matrix; and the labels that its features are the indicators of, None of quantities.

    Raises
    ------
    InputError
        What cannot be read; missing labels, or labels that hardly any samples share.
    """
    if not (are_labels(values) if discrete is None else discrete):
        return matrix(name, values), None
    asked = f"discrete_{name[0].lower()}"
    text = label_texts(name, values)
    n_samples = len(text)
    names, codes, sizes = np.unique(text, return_inverse=True, return_counts=True)
    if (alone := int((sizes == 1).sum())) > MAX_SHARE * n_samples:
        raise InputError(
            f"{name if discrete is None else asked}: expected labels that samples share, found "
            f"{len(names)} labels for {n_samples} samples, {alone} of them of one sample. Pass "
            "coarser labels, or numbers where the values are quantities."
        )
    return np.eye(len(names))[codes], tuple(names.tolist())


# ---- all together


class Read(NamedTuple):
    """Matrices, the labels that they are indicators of, strata: in the order of Xs."""

    x: np.ndarray
    y: np.ndarray
    labels: tuple[tuple | None, tuple | None]
    strata_names: list
    strata: np.ndarray | None


def read(
    Xs: Any, Ys: Any, labels: Any, name: str = "strata"
) -> tuple[np.ndarray, np.ndarray, list, np.ndarray | None]:
    """Return x, y, the names of the strata and their codes, as `read_sides` does, of numbers."""
    sides = read_sides(Xs, Ys, labels, False, False, name)
    return sides.x, sides.y, sides.strata_names, sides.strata


def read_sides(
    Xs: Any,
    Ys: Any,
    labels: Any,
    discrete_x: bool | None = None,
    discrete_y: bool | None = None,
    name: str = "strata",
) -> Read:
    """Return both sides and the strata, all in the order of Xs.

    Raises
    ------
    InputError
        What cannot be read, or cannot be joined.
    """
    for side, values in (("Xs", Xs), ("Ys", Ys)):
        if type(values).__name__ in ("Ts", "TsGroup"):
            raise InputError(
                f"{side}: expected numbers in time, found times of events ({type(values).__name__}"
                "). Count them in bins first: .count(0.02) of a Ts or TsGroup."
            )
    (x, labels_x), (y, labels_y) = _side("Xs", Xs, discrete_x), _side("Ys", Ys, discrete_y)
    names_x, names_y, names_labels = row_names(Xs), row_names(Ys), row_names(labels)
    rows = order(names_x, names_y, "Xs", "Ys")
    if rows is not None:
        y = y[rows]
    if len(x) != len(y):
        raise InputError(
            f"Xs, Ys: expected the same number of samples, found {len(x)} and {len(y)}. "
            "Row i of Xs and row i of Ys must be the same cell, trial or time."
        )
    if len(x) < LEAST_SAMPLES_OF_ESTIMATE:
        raise InputError(
            f"Xs, Ys: expected at least {LEAST_SAMPLES_OF_ESTIMATE} samples, found {len(x)}."
        )
    # names that count the rows give way to real ones beside which they were ignored
    counted = names_y is not None and rows is None and names_x is not None and counts_rows(names_x)
    target, of_target = (names_y, "Ys") if names_x is None or counted else (names_x, "Xs")
    rows = order(target, names_labels, of_target, name)
    if rows is not None:
        labels = labels.iloc[rows] if hasattr(labels, "iloc") else np.asarray(labels)[rows]
    return Read(x, y, (labels_x, labels_y), *strata(labels, len(x), name))
