"""Groups of samples between which pairs are compared: the labels of a column."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmi.data.label_joins import joined_labels
from lmi.data.samples import choose_samples
from lmi.data.sources import sources_of


def read_groups(dataset: dict[str, Any]) -> tuple[np.ndarray, str]:
    """Return the label of each row of a dataset's first source, and how labels were joined.

    Parameters
    ----------
    dataset : dict
        With the key `compare`; only the column is read.

    Returns
    -------
    labels : array of str, shape (n_rows,)
        Empty for rows without a label, which are in no group.
    joined : str
        As of `lmi.data.label_joins.joined_labels`.

    Raises
    ------
    InputError
        No such file or column, or another number of samples.
    """
    place = {key: dataset["compare"][key] for key in dataset["compare"] if key != "groups"}
    return joined_labels(sources_of(dataset)[0], place, "compare", refuse_missing=False)


def group_sizes(dataset: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """Return the samples of either group that is compared, and all labels that there are.

    Samples that are left out by `where` do not count; those that will be left out for missing
    values do, for that takes reading all of the data.
    """
    labels, _ = read_groups(dataset)
    rows = choose_samples(dataset, sources_of(dataset)).rows[0]
    if rows is not None:
        labels = labels[rows]
    return sizes_of(dataset["compare"]["groups"], labels), sorted(set(labels) - {""})


def sizes_of(groups: list[Any], labels: np.ndarray) -> dict[str, int]:
    """Return how many of some labels are in either group."""
    return {str(one): int((labels == str(one)).sum()) for one in groups}
