"""Labels joined to the samples of a source: by name, or row by row where there are no names."""

import logging
from pathlib import Path

from lmi.base.errors import InputError
from lmi.base.groups import refuse_no_groups
from lmi.data.labels import labels_of
from lmi.data.sources import n_own_samples, sample_names

log = logging.getLogger("lmi")


def joined_labels(source, place, what="strata", refuse_missing=True):
    """Return the label of each sample of a source, and how labels and samples were joined.

    Parameters
    ----------
    source : Source
    place : str or dict
        A column of the source's own; or `column`, and `table` where it is another file.
    what : str
        What the labels are for, in messages: a key of the config.
    refuse_missing : bool
        Refuse samples without a label, which else have an empty one.

    Returns
    -------
    labels : array of str, shape (n_samples,)
    joined : str
        own, for a column of the source itself; name or position for those of a table.

    Raises
    ------
    InputError
        No such file or column, missing labels, or another number of samples.
    """
    column = place if isinstance(place, str) else place["column"]
    table = source.path if isinstance(place, str) else place.get("table", source.path)
    own = Path(table) == Path(source.path) and source.modality is None
    names, expected = None if own else sample_names(source), n_own_samples(source)
    try:
        labels, by_name = labels_of(table, column, names, refuse_missing=refuse_missing)
    except InputError as error:
        if what == "strata":
            raise
        # labels are read as strata are, whatever they are for
        raise InputError(f"{what}: {str(error).removeprefix('strata: ')}") from error
    if len(labels) != expected:
        raise InputError(
            f"{what}: expected {expected} rows in '{table}', one for each sample of "
            f"'{source.path}' and in the same order, found {len(labels)}"
        )
    if what == "strata":
        refuse_no_groups(labels, f"{what}: the column '{column}' of '{table}'")
    if own or by_name:
        return labels, "own" if own else "name"
    log.warning(
        "%s: the rows of '%s' are matched to the samples of '%s' by position: %s",
        what,
        table,
        source.path,
        "the source has no names" if names is None else "the table has no column of names",
    )
    return labels, "position"
