"""Labels of samples, from a column of a table."""

from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.data.files import check_file, some, suggest
from lmi.data.formats.matrices import texts


def read_labels(path, column):
    """Return the labels of the samples from a column of an .h5ad file's obs, or of a table.

    Parameters
    ----------
    path : str
        .h5ad, .csv, .tsv or .parquet.
    column : str

    Returns
    -------
    array of str, shape (n_samples,)

    Raises
    ------
    InputError
        No such file or column, or labels that are missing.
    """
    check_file(path, "strata file")
    if Path(path).suffix == ".h5ad":
        import h5py

        with h5py.File(path, "r") as file:
            obs = file["obs"]
            known = [name for name in obs if name != obs.attrs.get("_index")]
            labels = _h5ad_column(obs[column]) if column in known else None
    else:
        import pandas as pd

        read_table = {".parquet": pd.read_parquet, ".csv": pd.read_csv}.get(Path(path).suffix)
        table = read_table(path) if read_table else pd.read_csv(path, sep="\t")
        known = list(table.columns)
        labels = table[column].to_numpy(object) if column in known else None
    if labels is None:
        raise InputError(
            f"strata: '{path}' has no column '{column}'{suggest(column, known)}. Columns: "
            f"{some(known)}"
        )
    absent = [i for i, label in enumerate(labels) if label is None or label != label]
    if absent:
        raise InputError(
            f"strata: column '{column}' of '{path}': {len(absent)} samples have no label, the "
            f"first in row {absent[0] + 1}. Give each sample one, or leave these samples out"
        )
    return np.array([str(label) for label in labels])


def _h5ad_column(item):
    """Return a column of obs: categories and codes, texts with a mask, or plain values."""
    import h5py

    if isinstance(item, h5py.Group) and "categories" in item:
        categories, codes = _texts_or_values(item["categories"]), item["codes"][:]
        return np.array([None if code < 0 else categories[code] for code in codes], object)
    if isinstance(item, h5py.Group):
        values = _texts_or_values(item["values"]).astype(object)
        values[item["mask"][:]] = None
        return values
    return _texts_or_values(item)


def _texts_or_values(dataset):
    values = dataset[:]
    return np.array(texts(values), object) if values.dtype.kind in "OSU" else values
