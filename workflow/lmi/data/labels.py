"""Labels of samples, from a column of a table."""

import itertools

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.data.files import DELIMITERS, check_source, check_split, ending, text_rows, told
from lmi.data.formats.annotated import MODALITIES, is_group, modalities, open_group
from lmi.data.formats.matrices import texts, whole
from lmi.data.formats.tables import UNNAMED

ENDINGS = (".h5ad", ".zarr", ".h5mu", ".csv", ".tsv", ".parquet", ".feather")
ANNOTATED = (".h5ad", ".zarr", ".h5mu")


def read_labels(path, column):
    """Return the labels in a column of an .h5ad file's obs, or of a table, one a row.

    Parameters
    ----------
    path : str
        With one of `ENDINGS`; of an .h5mu file, obs of the whole.
    column : str

    Returns
    -------
    array of str, shape (n_rows,)

    Raises
    ------
    InputError
        No such file or column, or labels that are missing.
    """
    return labels_of(path, column, None)[0]


def labels_of(path, column, names, refuse_missing=True):
    """Return the labels of named samples: by name where the table has names, else row by row.

    Parameters
    ----------
    path, column : str
        As in `read_labels`.
    names : tuple of str or None
        None: every row is a sample.
    refuse_missing : bool
        False: samples without a label have "".

    Returns
    -------
    labels : array of str
        One a name, or one a row of the table.
    by_name : bool

    Raises
    ------
    InputError
        As `read_labels`; also samples that the table lacks, or has twice.
    """
    import pandas as pd

    check_source(path, "strata file")
    all_columns, columns = _columns(path, column)
    if column not in all_columns:
        raise InputError(
            f"strata: '{path}' has no column '{column}'{suggest(column, all_columns)}. Columns: "
            f"{some(all_columns)}"
        )
    labels = columns[column]
    if not len(labels):
        raise InputError(
            f"strata: '{path}': expected a row a sample, found headings alone. The file may have "
            "been cut short: fetch or write it again"
        )
    rows = None if names is None else _rows_of(path, column, columns, list(names))
    labels = labels if rows is None else labels[rows]
    texts_of = [
        "" if missing else str(one) for missing, one in zip(pd.isna(labels), labels, strict=True)
    ]
    absent = [i for i, label in enumerate(texts_of) if not label.strip()]
    if absent and refuse_missing:
        where = f"row {absent[0] + 1}" if rows is None else f"'{names[absent[0]]}'"
        raise InputError(
            f"strata: column '{column}' of '{path}': {len(absent)} samples have no label, the "
            f"first in {where}. Give each sample one, or leave these samples out"
        )
    return np.array(texts_of), rows is not None


def _rows_of(path, column, columns, names):
    """Return the row of each sample, or None where no column of the table has names."""
    others = [name for name in columns if name != column]
    places = {name: {} for name in others}
    for name in others:
        for row, value in enumerate(columns[name]):
            places[name].setdefault(str(value), []).append(row)
    for name in others:
        if all(one in places[name] for one in names):
            if twice := [one for one in dict.fromkeys(names) if len(places[name][one]) > 1]:
                raise InputError(
                    f"strata: '{path}': the samples {some(twice)} are more than once in the "
                    f"column '{name}'. Each sample needs one label"
                )
            return np.array([places[name][one][0] for one in names], dtype=np.intp)
    for place, name in enumerate(others):
        absent = [one for one in names if one not in places[name]]
        n_found, is_text = len(names) - len(absent), _are_names(columns[name])
        is_name = (is_text and (n_found or place == 0)) or n_found > len(names) / 2
        if is_name and len(places[name]) == len(columns[name]):
            raise InputError(
                f"strata: '{path}': {len(absent)} of the {len(names)} samples are not in its "
                f"column '{name}': {some(absent, 3)}; it has {some(columns[name], 3)}. Names must "
                "be equal, letter by letter"
            )
    return None


def _are_names(values):
    """Tell whether a column holds text and no numbers."""
    for value in values:
        try:
            float(value)
        except (TypeError, ValueError):
            return True
    return False


def _columns(path, column):
    """Return the columns that may hold labels, and {column: values}, the names' column first."""
    kind = ending(path)
    if kind in ANNOTATED:
        return _obs_columns(path, column)
    if kind in (".parquet", ".feather"):
        import pandas as pd

        try:
            table = pd.read_parquet(path) if kind == ".parquet" else pd.read_feather(path)
        except (OSError, ValueError) as error:
            raise InputError(
                f"strata: '{path}': expected a {kind[1:]} file: {told(error)}"
            ) from error
        if not isinstance(table.index, pd.RangeIndex):
            table = table.reset_index(names="" if table.index.name is None else table.index.name)
        columns = {str(name): table[name].to_numpy(object) for name in table}
        return list(columns), columns
    if kind not in DELIMITERS:
        raise InputError(
            f"strata: '{path}': the ending '{kind}' is unknown. Expected one of "
            f"{', '.join(ENDINGS)}"
        )
    _refuse_repeated(path, column)
    columns = _text_columns(path, DELIMITERS[kind])
    return list(columns), columns


def _refuse_repeated(path, column):
    """Refuse a column of a text table that it has twice: which one is meant cannot be told."""
    cells, _ = _text_head(path, DELIMITERS[ending(path)])
    if cells.count(column) > 1:
        raise InputError(
            f"strata: '{path}' has {cells.count(column)} columns called '{column}'. Rename the "
            "others"
        )


def _text_head(path, delimiter):
    """Return the headings of a text table, and its other rows as (line, cells)."""
    rows = text_rows(path, "strata", delimiter)
    cells = next(rows, (0, []))[1]
    check_split(path, "strata", cells, delimiter)
    first = list(itertools.islice(rows, 1))
    if first and len(first[0][1]) == len(cells) + 1:  # names without a heading, as R writes them
        cells = ["", *cells]
    cells = [UNNAMED if i == 0 and not cell.strip() else cell for i, cell in enumerate(cells)]
    return cells, itertools.chain(first, rows)


def _text_columns(path, delimiter):
    """Return {column: cells} of a text table, all of them text: None and NA are labels."""
    cells, rows = _text_head(path, delimiter)
    lines = list(rows)
    for line, row in lines:
        if len(row) != len(cells):
            raise InputError(
                f"strata '{path}', line {line}: expected {len(cells)} cells, found {len(row)}. "
                "Every row needs the same columns"
            )
    return {cell: np.array([row[i] for _, row in lines], object) for i, cell in enumerate(cells)}


def _obs_columns(path, column):
    """Return the columns of obs; of MuData those of the modalities too, as <modality>:<column>."""
    try:
        with open_group(path) as file:
            tables = {"": file["obs"]}
            tables |= {f"{one}:": file[MODALITIES][one]["obs"] for one in modalities(path)}
            all_columns = {
                prefix + name: (obs, name)
                for prefix, obs in tables.items()
                for name in obs
                if name not in (obs.attrs.get("_index"), "__categories")
            }
            bare = [name for name in all_columns if name.partition(":")[2] == column]
            if column not in all_columns and len(bare) > 1:
                raise InputError(
                    f"strata: '{path}': several modalities have a column '{column}'. Write "
                    f"{' or '.join(bare)}"
                )
            if column not in all_columns and bare:
                all_columns[column] = all_columns[bare[0]]
            obs, name = all_columns.get(column, (file["obs"], None))
            index = obs.attrs.get("_index")
            columns = {"": _obs_column(obs[index], file)} if index in obs else {}
            if name is not None:
                columns[column] = _obs_column(obs[name], file)
    except InputError:
        raise
    except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"strata: '{path}': expected a readable {ending(path)} file: {told(error)}"
        ) from error
    return list(all_columns), columns


def _obs_column(item, file):
    """Return a column of obs: categories and codes, texts with a mask, or plain values."""
    if is_group(item) and "categories" in item:
        categories, codes = _texts_or_values(item["categories"]), whole(item["codes"])
        return np.array([None if code < 0 else categories[code] for code in codes], object)
    if "categories" in item.attrs:  # as anndata 0.7 writes them: codes, and where the texts are
        categories, codes = _texts_or_values(file[item.attrs["categories"]]), whole(item)
        return np.array([None if code < 0 else categories[code] for code in codes], object)
    if is_group(item):
        values = _texts_or_values(item["values"]).astype(object)
        values[item["mask"][:]] = None
        return values
    return _texts_or_values(item)


def _texts_or_values(dataset):
    values = whole(dataset)
    return np.array(texts(values), object) if values.dtype.kind in "OSTU" else values


def column_names(path):
    """Return the columns of obs of an annotated file, or of a table; none where it has no obs.

    Raises
    ------
    InputError
        An unreadable table.
    """
    if ending(path) in DELIMITERS:
        return _text_head(path, DELIMITERS[ending(path)])[0]
    if ending(path) not in ANNOTATED:
        return _columns(path, "")[0]
    with open_group(path) as file:
        obs = file.get("obs")
        if not is_group(obs) or "column-order" not in obs.attrs:
            return []
        return texts(obs.attrs["column-order"])


def values_of(path, wanted, names):
    """Return columns of a table or of an .h5ad file's obs, one value a sample.

    Parameters
    ----------
    path : str
        As in `read_labels`.
    wanted : list of str
        Names of columns.
    names : tuple of str or None
        Of the samples: they are found by name where the table has names, else row by row.

    Returns
    -------
    columns : dict of str to array
        Truth values, numbers where all values that are there are numbers, else objects; missing
        ones are NaN. Texts that look like numbers are numbers in .csv and .tsv files alone.
    by_name : bool

    Raises
    ------
    InputError
        No such file or column; samples that the table lacks, or has twice.
    """
    import pandas as pd

    check_source(path, "samples table")
    found, rows, table = {}, None, None
    for column in wanted:
        if table is not None and ending(path) in DELIMITERS:
            _refuse_repeated(path, column)
        if table is None or ending(path) in ANNOTATED:  # of these, one column is read at a time
            table = _columns(path, column)
        all_columns, columns = table
        if column not in all_columns:
            raise InputError(
                f"'{path}' has no column '{column}'{suggest(column, all_columns)}. Columns: "
                f"{some(all_columns)}"
            )
        try:
            rows = None if names is None else _rows_of(path, column, columns, list(names))
        except InputError as error:  # of strata, whose tables are joined in the same way
            raise InputError(str(error).removeprefix("strata: ")) from error
        values = pd.Series(columns[column] if rows is None else columns[column][rows], dtype=object)
        values = values.where(values.map(lambda one: not isinstance(one, str) or one.strip() != ""))
        numbers = pd.to_numeric(values, errors="coerce")
        is_text = (numbers.isna() & values.notna()).any()
        if ending(path) not in DELIMITERS:
            is_text = is_text or values.map(lambda one: isinstance(one, str)).any()
        if values.map(lambda one: isinstance(one, bool | np.bool_)).all():
            found[column] = values.to_numpy(bool)
        else:
            found[column] = values.to_numpy(object) if is_text else numbers.to_numpy(float)
    return found, rows is not None


def var_labels(source, column, n_features):
    """Return the label of each feature in a column of var of an annotated source, "" where missing.

    Raises
    ------
    InputError
        Another format, no such column, or one that does not fit the features.
    """
    import pandas as pd

    path = source.path
    if ending(path) not in ANNOTATED:
        raise InputError(
            f"variables: var_column: '{path}' is no {', '.join(ANNOTATED)} file, which alone have "
            "columns of var. Use `table`"
        )
    try:
        with open_group(path) as file:
            top = file[MODALITIES][source.modality] if source.modality else file
            tables = [top[name] for name in ("var", "raw/var") if name in top]
            all_columns = [name for table in tables for name in table if name != "__categories"]
            if column not in all_columns:
                raise InputError(
                    f"variables: var_column: '{path}' has no column '{column}' of var"
                    f"{suggest(column, all_columns)}. Columns: {some(all_columns)}"
                )
            columns = [_obs_column(table[column], file) for table in tables if column in table]
    except InputError:
        raise
    except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"source '{path}': expected a readable {ending(path)} file: {told(error)}"
        ) from error
    labels = next((one for one in columns if len(one) == n_features), None)
    if labels is None:
        raise InputError(
            f"variables: var_column: '{path}': expected {n_features} labels in '{column}', one a "
            f"feature, found {len(columns[0])}"
        )
    missing = pd.isna(np.asarray(labels, object))
    return ["" if no else str(one).strip() for no, one in zip(missing, labels, strict=True)]
