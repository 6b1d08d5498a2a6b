"""Arrays and tables that a caller passes: their numbers, and the names of their rows.

Rows that carry names (the index of a DataFrame, Series or DataArray, `obs_names` of an AnnData
object, the times of a pynapple series) are joined by name, never by position, where both sides
have names.
"""

from __future__ import annotations

import numbers
import warnings
from decimal import Decimal
from typing import Any

import numpy as np

from lmi.base import stand_ins
from lmi.base.errors import InputError
from lmi.base.series import times

MOST_SHOWN = 2000
"""Samples of a pair whose details are kept for the report."""


def shown_samples(n_samples: int, most: int = MOST_SHOWN) -> np.ndarray:
    """Return the samples, of so many, that the report shows: all, or some at equal distances."""
    return np.unique(np.linspace(0, n_samples - 1, most).round().astype(int))


EXACT, EXACT_BYTES = 2**53, 8
"""Up to here doubles hold all whole numbers; types of fewer bytes have no larger ones."""

# ---- matrices


def matrix(name: str, values: Any) -> np.ndarray:
    """Return a finite float64 matrix, one row a sample.

    Parameters
    ----------
    name : str
        Of the argument, for messages.
    values : array, DataFrame, Series, tensor, sparse matrix or AnnData

    Raises
    ------
    InputError
        Masked values, values that are not real numbers or not finite, more than two axes.
    """
    refuse_masked(name, values)
    try:
        found = _floats(dense(values))
    except Exception as error:  # whatever the conversion of a foreign object raises
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"{name}: expected an array of numbers, found {type(values).__name__} ({reason}). "
            "Pass an array, DataFrame or tensor of shape (n_samples, n_features)."
        ) from error
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2:
        raise InputError(
            f"{name}: expected shape (n_samples, n_features), found {found.shape}. "
            "Flatten what belongs to one sample: x.reshape(len(x), -1)."
        )
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise InputError(
            f"{name}: expected finite values, found {np.sum(~np.isfinite(found))} NaN or infinite "
            f"ones, the first at row {row}, column {column}. Drop these samples or impute them."
        )
    if stand_in := stand_ins.found(found):
        column, number, count = stand_in
        raise InputError(
            f"{name}: expected measured values, found in column {column} "
            f"{stand_ins.told(number, count)}. Drop these samples or impute them; if they were "
            "measured, clip them to what the others reach."
        )
    return found


def refuse_masked(name: str, values: Any) -> None:
    """Raise InputError for masked values: what lies under a mask is no number."""
    parts = values if isinstance(values, list | tuple) else [values]
    masks = [np.ma.getmaskarray(part) for part in parts if np.ma.isMaskedArray(part)]
    if count := sum(int(mask.sum()) for mask in masks):
        raise InputError(
            f"{name}: expected values for all samples, found {count} masked ones. Drop these "
            "samples from all arguments alike, or fill in values by a method of your choice."
        )


def dense(values: Any) -> np.ndarray:
    """Return the values of any array-like as a numpy array."""
    if hasattr(values, "obs_names") and hasattr(values, "X"):  # AnnData
        values = values.to_memory().X if getattr(values, "isbacked", False) else values.X
    if hasattr(values, "detach"):  # torch: sparse layouts, bfloat16 and the like
        values = values.detach()
        values = values.dequantize() if values.is_quantized else values
        values = values if str(values.layout) == "torch.strided" else values.to_dense()
        if values.is_complex():
            raise TypeError("complex numbers: pass real and imaginary parts as two features")
        return values.cpu().double().numpy()
    for method in ("compute", "toarray", "todense"):  # dask, scipy.sparse, sparse
        if callable(getattr(values, method, None)):
            values = getattr(values, method)()
    if isinstance(values, list | tuple):
        values = [dense(v) if hasattr(v, "detach") else v for v in values]
    return np.asarray(values)


def _floats(values: np.ndarray) -> np.ndarray:
    """Return float64 values; raises TypeError for what is no real number."""
    if values.dtype.kind == "c":
        raise TypeError("complex numbers: pass real and imaginary parts as two features")
    if values.dtype.kind in "mM":
        raise TypeError("dates or durations: convert them to numbers of a unit of your choice")
    if values.dtype.kind in "UST":
        raise TypeError("text: convert it first, x.astype(float), where it stands for quantities")
    if values.dtype.kind == "O":
        import pandas as pd

        values = np.where(pd.isna(values), np.nan, values)
        real = (numbers.Real, Decimal, np.bool_)
        kinds = dict.fromkeys(map(type, values.ravel()))
        if odd := [kind.__name__ for kind in kinds if not issubclass(kind, real)]:
            raise TypeError(f"entries of the type {', '.join(odd[:3])}")
    if values.ndim in (1, 2) and loses_digits(values):
        raise TypeError(
            "numbers of so many digits that different ones become equal in double precision: take "
            "what they have in common off"
        )
    return values.astype(np.float64)


def loses_digits(values: np.ndarray) -> bool:
    """Tell whether different numbers of a column become equal as floats of double precision.

    Whole numbers beyond 2 ** 53 may, such as nanoseconds since 1970.

    Parameters
    ----------
    values : array, shape (n_samples,) or (n_samples, n_features)
    """
    is_long = values.dtype.kind == "f" and values.dtype.itemsize > np.dtype(np.float64).itemsize
    is_wide = values.dtype.kind in "iu" and values.dtype.itemsize >= EXACT_BYTES
    if not values.size or not (is_long or is_wide):
        return False
    if is_wide and max(abs(int(values.min())), int(values.max())) <= EXACT:
        return False
    for column in values.reshape(len(values), -1).T:
        own = np.unique(column)
        if len(np.unique(own.astype(np.float64))) < len(own):
            return True
    return False


# ---- row names


def row_names(values: Any) -> Any:
    """Return the names of the rows as an index of objects, or None where there are none."""
    if hasattr(values, "obs_names") and hasattr(values, "X"):
        names = values.obs_names
    elif hasattr(values, "iloc"):
        names = values.index
    elif hasattr(values, "indexes") and getattr(values, "dims", None):
        names = values.indexes.get(values.dims[0])
    elif (own := times(values)) is not None:
        names = own.tolist()
    else:
        return None
    if names is None:
        return None
    import pandas as pd

    flat = [name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names]
    return pd.Index(flat, dtype=object, tupleize_cols=False)


def order(
    target: Any, names: Any, of_target: str, of_names: str, stacklevel: int = 4
) -> np.ndarray | None:
    """Return the rows that bring `names` into the order of `target`, None where they are in it.

    An index 0 … n - 1 is what a DataFrame gets that was given none: against names that are no
    integers it counts as none, and rows are paired by position.

    Raises
    ------
    InputError
        The names differ, or one stands twice and the two sides are not the same.
    """
    if target is None or names is None or target.equals(names):
        return None
    plain = [counts_rows(one) for one in (target, names)]
    if all(plain):
        return None
    named = [one for one, count in zip((target, names), plain, strict=True) if not count]
    if any(plain) and not all(isinstance(name, int | np.integer) for name in named[0]):
        if named[0].isin([str(row) for row in range(len(named[0]))]).all():
            raise InputError(
                f"{of_target}, {of_names}: expected row names of one type, found numbers and the "
                "same numbers as text. Make both text, .index.astype(str), or pass both without "
                "names, .to_numpy()."
            )
        return None
    cure = (
        "Select the same samples on both sides, or, where row i of one belongs to row i of the "
        "other, pass them without names: .to_numpy()."
    )
    for one, where in ((target, of_target), (names, of_names)):
        if not one.is_unique:
            twice = one[one.duplicated()].unique()
            raise InputError(
                f"{of_target}, {of_names}: expected each row name once, since the names differ in "
                f"order; found {len(twice)} names several times in {where}, such as "
                f"{_some(twice)}. {cure}"
            )
    rows = names.get_indexer(target)
    only_target, only_names = target[rows < 0], names[~names.isin(target)]
    if len(only_target) or len(only_names):
        found = [
            f"{len(only)} that only {where} has ({_some(only)})"
            for only, where in ((only_target, of_target), (only_names, of_names))
            if len(only)
        ]
        raise InputError(
            f"{of_target}, {of_names}: expected the same row names, found {' and '.join(found)}. "
            f"{cure}"
        )
    warnings.warn(
        f"{of_names}: the rows have the names of {of_target} in another order; they are aligned "
        f"by name, and results are in the order of {of_target}",
        UserWarning,
        stacklevel=stacklevel,
    )
    return rows


def counts_rows(names: Any) -> bool:
    """Whether the names are 0 … n - 1 in this order."""
    return all(isinstance(name, int | np.integer) and name == row for row, name in enumerate(names))


def _some(names: Any) -> str:
    shown = ", ".join(repr(name) for name in list(names[:3]))
    return f"{shown}, …" if len(names) > 3 else shown


def spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each feature, also where squares of it are no numbers.

    Parameters
    ----------
    values : array, shape (n_samples, n_features)
    """
    size = np.abs(values).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    return size * (values / size).std(axis=0)
