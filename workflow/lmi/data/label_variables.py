"""Labels of the samples as variables: columns of obs, or of a table, beside those of features."""

import logging

import numpy as np

from lmi.base.errors import InputError
from lmi.data.label_joins import joined_labels
from lmi.data.sources import header, some, sources_of
from lmi.data.variable import Variable

log = logging.getLogger("lmi")

MOST_ALONE = 0.5
"""A label of which more than this share of the samples have a value of their own is none."""


def label_places(dataset):
    """Return {variable: where its labels are} of a dataset of the config.

    Returns
    -------
    dict of str to (str or dict)
        A column of obs of the first source; or a mapping with `table` and `column`.
    """
    choice = dataset.get("variables")
    listed = dataset.get("labels", choice.get("labels", []) if isinstance(choice, dict) else [])
    return {place if isinstance(place, str) else place["column"]: place for place in listed}


def label_tables(dataset):
    """Return the paths of the tables that hold labels and are no source."""
    return [place["table"] for place in label_places(dataset).values() if isinstance(place, dict)]


def without_labels(dataset):
    """Return a dataset whose variables are those of features alone: each where no key says so."""
    choice = dataset.get("variables")
    if not isinstance(choice, dict) or "labels" not in choice:
        return dataset
    others = {key: value for key, value in choice.items() if key != "labels"}
    forms = {"unknown_features", "min_features"}
    return dataset | {"variables": others if others.keys() - forms else "each"}


def list_label_variables(dataset):
    """Return the variables that are labels, in the order of the config."""
    return [Variable(name, (name,), label=name) for name in label_places(dataset)]


def placeholder(dataset):
    """Return a variable of one feature of a dataset, for what is read with any of them."""
    first = sources_of(dataset)[0]
    top = header(first)
    numeric = [name for name in top.features if name not in top.text]
    if dataset["variables"] == "files" or not numeric:
        raise InputError(
            f"variables.labels: expected a feature of numbers in '{first.path}', found none"
        )
    return Variable(numeric[0], (numeric[0],))


def read_labels_of(dataset, missing, rows=None):
    """Return the labels of a dataset's samples, and which samples have all of them.

    Parameters
    ----------
    dataset : dict
    missing : str
        The config's `project.missing`.
    rows : int array, optional
        Samples of the first source that are used, in their order; all when absent.

    Returns
    -------
    labels : dict of str to array of str
        By variable, "" where a sample has none.
    complete : bool array, shape (n_samples,)
    by_position : bool
        Whether any of them were joined to the samples row by row, without names.

    Raises
    ------
    InputError
        No such file or column, another number of samples, labels that are missing where the policy
        is not drop_samples, or that hardly any samples share.
    """
    labels_of, complete, by_position = {}, None, False
    for name, place in label_places(dataset).items():
        source = sources_of(dataset)[0]
        labels, joined = joined_labels(source, place, "variables.labels", refuse_missing=False)
        by_position |= joined == "position"
        labels = labels if rows is None else labels[rows]
        there = np.array([bool(label.strip()) for label in labels])
        complete = there if complete is None else complete & there
        if not there.all() and missing != "drop_samples":
            cure = "Give each sample one, or set project.missing to drop_samples"
            if missing == "impute_median":
                cure = f"A label has no median. {cure}"
            raise InputError(
                f"variables.labels: '{name}': expected a label for each sample, found "
                f"{int((~there).sum())} of {len(there)} without one, the first in row "
                f"{int(np.argmin(there)) + 1}. {cure}"
            )
        values, sizes = np.unique(labels[there], return_counts=True)
        if (alone := int((sizes == 1).sum())) > MOST_ALONE * len(labels):
            raise InputError(
                f"variables.labels: '{name}': expected labels that samples share, found "
                f"{alone} of {len(labels)} samples with one of their own, such as "
                f"{some(values, 3)}. Take a coarser column, or make it a feature"
            )
        labels_of[name] = labels
    return labels_of, complete, by_position


def indicators(labels, name):
    """Return the indicators of the values of a label, and the names of these features.

    Parameters
    ----------
    labels : array of str
    name : str

    Returns
    -------
    matrix : float32 array, shape (n_samples, n_values)
    features : tuple of str
    """
    values, codes = np.unique(labels, return_inverse=True)
    matrix = np.eye(len(values), dtype=np.float32)[codes]
    return matrix, tuple(f"{name}={value}" for value in values)
