"""Columns that describe the samples of a source, and which samples fulfil a condition on them."""

from lmi.base.errors import InputError
from lmi.data import where
from lmi.data.labels import values_of
from lmi.data.sources import n_own_samples, sample_names


def table_columns(place, wanted, source):
    """Return columns that describe the samples of a source, and whether they fit by position.

    Parameters
    ----------
    place : dict
        `table`, where the columns are not the source's own.
    wanted : list of str
    source : Source
    """
    path = place.get("table", source.path)
    own = path == source.path
    names = None if own else sample_names(source)
    columns, by_name = values_of(path, wanted, names)
    n_rows, expected = len(next(iter(columns.values()))), n_own_samples(source)
    if n_rows != expected:
        raise InputError(
            f"expected {expected} rows in '{path}', one for each sample of '{source.path}' and in "
            f"the same order, found {n_rows}"
        )
    return columns, not own and not by_name


def fulfil(place, source):
    """Return which samples of a source fulfil a condition, and whether rows fit by position."""
    place = {"condition": place} if isinstance(place, str) else place
    try:
        columns, by_position = table_columns(place, where.columns_of(place["condition"]), source)
    except InputError as error:
        raise InputError(f"where: {str(error).removeprefix('where: ')}") from error
    path = place.get("table", source.path)
    keep = where.fulfilled(place["condition"], columns, path)
    if not keep.any():
        raise InputError(
            f"where: no sample of '{source.path}' fulfils '{place['condition']}'. Values of the "
            f"columns stand in '{path}'"
        )
    return keep, by_position
