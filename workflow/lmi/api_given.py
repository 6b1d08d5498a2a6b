"""Conditional information of two matrices: reads what is given, embeds the residuals, estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lmi import api_input
from lmi.api_input import DefaultSettings
from lmi.base import seeds
from lmi.base.arrays import counts_rows, matrix, order, row_names
from lmi.base.errors import InputError
from lmi.base.reasons import Reason
from lmi.data import intervals
from lmi.embedding import beyond, canonical, residual
from lmi.embedding import conditional as embed
from lmi.estimation import conditional as estimation
from lmi.estimation import flags
from lmi.estimation.conditional import MIN_LABEL
from lmi.estimation.estimate import Samples
from lmi.ksg import discrete
from lmi.projection import folds as split
from lmi.projection import ties, views


@dataclass(frozen=True)
class Given:
    """What is conditioned on, read.

    Attributes
    ----------
    matrix : array, shape (n_samples, n_features), or None
        Quantities.
    codes : int array, shape (n_samples,), or None
        Labels; of several, their combinations.
    """

    matrix: np.ndarray | None
    codes: np.ndarray | None


def read(given: Any, Xs: Any, Ys: Any, n_samples: int) -> Given:
    """Return what is given, its rows in the order of those of Xs.

    Parameters
    ----------
    given : array, DataFrame, Series, AnnData, list or dict
        Text, categorical or boolean values are labels, all others quantities. Several are a list,
        tuple or dict of such; a DataFrame may have columns of both kinds.
    Xs, Ys
        As they were passed: their row names.
    n_samples : int

    Raises
    ------
    InputError
        What cannot be read or joined; nothing that varies.
    """
    names_x, names_y = row_names(Xs), row_names(Ys)
    counted = names_x is not None and counts_rows(names_x) and names_y is not None
    target, of_target = (names_y, "Ys") if names_x is None or counted else (names_x, "Xs")
    matrices: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for name, one in _several(given, n_samples):
        rows = order(target, row_names(one), of_target, name)
        for part_name, part in _columns(name, one):
            if _is_label(part):
                _, codes = api_input.strata(part, len(part), part_name)
                values: np.ndarray = np.asarray(codes)
                kind = labels
            else:
                values, kind = matrix(part_name, part), matrices
            if len(values) != n_samples:
                raise InputError(
                    f"{part_name}: expected a row for each of the {n_samples} samples, found "
                    f"{len(values)}."
                )
            kind.append(values if rows is None else values[rows])
    quantities = None
    if matrices:
        quantities = views.drop_constant(np.hstack(matrices))
        quantities = quantities if quantities.shape[1] else None
    codes = None
    if labels:
        codes = np.unique(np.stack(labels, axis=1), axis=0, return_inverse=True)[1].ravel()
        codes = codes if codes.max() else None
    if quantities is None and codes is None:
        raise InputError(
            "given: expected a feature that varies or different labels, found constant ones only. "
            "Leave given out: the conditional information is then that without it."
        )
    return Given(quantities, codes)


def _several(given: Any, n_samples: int) -> list[tuple[str, Any]]:
    """Return the variables that are given, with their names in messages."""
    if isinstance(given, Mapping):
        if not given:
            raise InputError("given: expected at least one variable, found an empty mapping.")
        return [(f"given[{key!r}]", value) for key, value in given.items()]
    listed = isinstance(given, list | tuple) and given and len(given) != n_samples
    if listed and all(hasattr(one, "__len__") and not isinstance(one, str) for one in given):
        return [(f"given[{i}]", one) for i, one in enumerate(given)]
    return [("given", given)]


def _columns(name: str, one: Any) -> list[tuple[str, Any]]:
    """Return a table's label columns one by one and its other ones together; others as they are."""
    if not (hasattr(one, "columns") and hasattr(one, "iloc")):
        return [(name, one)]
    label_columns = [i for i in range(one.shape[1]) if _is_label(one.iloc[:, i])]
    others = [i for i in range(one.shape[1]) if i not in label_columns]
    parts = [(f"{name}, column {one.columns[i]!r}", one.iloc[:, i]) for i in label_columns]
    return parts + ([(name, one.iloc[:, others])] if others else [])


def _is_label(values: Any) -> bool:
    """Whether values are text, categories or truth values, of one axis."""
    if isinstance(values, list | tuple):
        return bool(values) and all(isinstance(v, str | bool | bytes) for v in values)
    kind = getattr(values, "dtype", None)
    if kind is None or len(getattr(values, "shape", ())) != 1:
        return False
    if getattr(kind, "name", "") in ("category", "string", "str", "bool", "boolean"):
        return True
    if getattr(kind, "kind", "") == "O":
        return any(isinstance(v, str | bytes) for v in values)
    return getattr(kind, "kind", "") in "USTb"


def estimate(
    x: np.ndarray,
    y: np.ndarray,
    given: Given,
    *,
    settings: DefaultSettings,
    seed: int,
    k: int,
    error_bars: bool,
    permutations: dict,
    samples: Samples,
    threads: int,
    name: str = "x/y/0",
) -> estimation.Conditional:
    """Return the information of x and y beyond what is given.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
        Without constant features.
    given : Given
    settings, seed, k, error_bars, threads
        As in `lmi.estimate`.
    permutations : dict
        As in `lmi.estimation.estimate.estimate`.
    samples : Samples
    name : str
        Of the pair: draws of parts and permutations depend on it.
    """
    why: list[Reason] = []
    if given.codes is not None:
        sizes = np.bincount(given.codes)
        rare = sizes[given.codes] < MIN_LABEL
        if rare.any():
            if (sizes >= MIN_LABEL).sum() == 0:
                raise InputError(
                    f"given: expected labels of at least {MIN_LABEL} samples, found none so large "
                    f"among {len(sizes)}. Give coarser labels."
                )
            why.append(Reason("given_rare_labels", {"n": int(rare.sum()), "floor": MIN_LABEL}))
            rows = np.flatnonzero(~rare)
            x, y = (views.drop_constant(side[rows]) for side in (x, y))
            if samples.strata is not None:
                samples = replace(samples, strata=samples.strata[rows])
            codes = np.unique(given.codes[rows], return_inverse=True)[1]
            z = None if given.matrix is None else views.drop_constant(given.matrix[rows])
            given = Given(z, codes)
    if given.matrix is not None:
        x, y = (_without(side, given.matrix) for side in (x, y))
    for side_name, side in (("x", x), ("y", y)):
        if not side.shape[1]:
            why.append(Reason("given_tells_all", {"side": side_name}))
            return replace(estimation.NOT_ASKED, reasons=tuple(why))
    fold, inner = split.folds(
        len(x), seed=seed, dataset="", n_inner=canonical.N_INNER, time_series=samples.time_series
    )
    given_views = (
        None if given.matrix is None else views.make(given.matrix, seed=seed, name="given")
    )
    conditions = residual.Given(given_views, given.codes)
    labels = ties.classes([ties.describe(side) for side in (x, y)])
    as_labels = any(label is not None for label in labels)
    sides = []
    for label, side_name, side in zip(labels, "xy", (x, y), strict=True):
        if label is None and not as_labels:
            side = ties.broken(side, seeds.rng(seed, "given", "ties", side_name))
        sides.append(views.make(side, seed=seed, name=side_name) if label is None else label)
    return of_sides(
        sides,
        conditions,
        (fold, inner),
        settings=asdict(settings),
        seed=seed,
        threads=threads,
        why=why,
        k=k,
        error_bars=error_bars,
        permutations=permutations,
        samples=samples,
        name=name,
    )


def of_sides(
    sides: Sequence[Any],
    given: residual.Given,
    folds: tuple[np.ndarray, np.ndarray],
    *,
    settings: dict,
    seed: int,
    threads: int,
    why: Sequence[Reason],
    samples: Samples,
    **options: Any,
) -> estimation.Conditional:
    """Return the conditional information of two variables, labels or views.

    Parameters
    ----------
    sides : (int array or dict, int array or dict)
        Labels, shape (n_samples,); or views, from `lmi.projection.views.make`.
    given : residual.Given
    folds : (int array, int array), each of shape (n_samples,)
        Fold and inner fold of each sample.
    settings : dict
        The config's section `embed`.
    seed, threads : int
    why : sequence of Reason
        What is wrong with the samples; it comes before what is wrong with the estimate.
    samples : Samples
    **options
        As of `lmi.estimation.conditional.estimate`: k, error_bars, permutations, name.
    """
    if all(isinstance(side, dict) for side in sides):
        own = {"seed": seed, "threads": threads}
        times = intervals.times(len(folds[0]), samples.interval) if samples.time_series else None
        embedding = embed.embed(*sides, given, *folds, settings=settings, times=times, **own)
        result = estimation.estimate(embedding, samples=samples, **own, **options)
    else:
        result = _of_labels(sides, given, folds, seed=seed, samples=samples, **options)
    return replace(result, reasons=(*why, *result.reasons))


def _of_labels(sides, given, folds, *, seed, samples, name, error_bars, permutations, k):
    """Return the conditional information of two variables, one or both of which are labels.

    Without neighbours, whose number `k` does not matter.
    """
    label, other = sides if isinstance(sides[1], dict) else sides[::-1]
    found = beyond.of_label(
        label,
        other,
        given.views,
        given.codes,
        *folds,
        seed=seed,
        name=f"{name}/both",
        time_series=samples.time_series,
    )
    tested, p_value = bool(permutations and permutations["max"]), None
    if tested and given.views is None and not isinstance(other, dict):
        rng = seeds.rng(seed, "null", name)
        p_value = estimation.p_of_table(label, other, given.codes, rng)
    return estimation.of_labels(
        found,
        folds[0],
        tested=tested,
        error_bars=error_bars,
        p_value=p_value,
        missing=samples.missing,
        most=min(discrete.entropy_bits(one) for one in sides if not isinstance(one, dict)),
    )


def _without(side: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Return the features of `side` that are not among those given, or a function of one."""
    likely = np.flatnonzero(np.isin(flags._rises(side), flags._rises(given)))
    if not len(likely):
        return side
    keys, others = flags.column_keys(side[:, likely]), flags.column_keys(given)
    return np.delete(side, likely[(keys > 0) & np.isin(keys, others)], axis=1)
