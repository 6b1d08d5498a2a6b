"""Files that say which features make up which variable: gene sets, tables, lists."""

import re

from lmi.base.errors import InputError
from lmi.data import images
from lmi.data.files import DELIMITERS, ending, open_text, text_rows, told
from lmi.data.labels import var_labels
from lmi.data.sources import check_file, first_duplicates, header, some, suggest

FORMS = ("gene_sets", "table", "list", "regex", "var_column", "tiles")
"""Keys of `variables` in the config, one of which says what the variables are."""


def feature_groups(choice, sources=()):
    """Return {variable: features} of the config, a file or the features, and where it stands.

    Parameters
    ----------
    choice : dict
        The config's `variables`.
    sources : list of Source
        Whose features `regex` and `var_column` choose from.
    """
    if "regex" in choice:
        return _matching(choice["regex"], sources), "variables: regex"
    if "tiles" in choice:
        return images.tiles(choice["tiles"], sources), "variables: tiles"
    if "var_column" in choice:
        return _labelled(choice["var_column"], sources), "variables: var_column"
    if "gene_sets" in choice:
        return _read_gmt(choice["gene_sets"]), f"gene_sets '{choice['gene_sets']}'"
    if "table" in choice:
        return _read_groups(choice["table"]), f"variables table '{choice['table']}'"
    groups = choice["list"]
    if isinstance(groups, list):
        if repeated := first_duplicates(map(str, groups)):
            raise InputError(f"variables: list names {some(repeated)} twice. List it once")
        return {str(name): (str(name),) for name in groups}, "variables: list"
    return {name: tuple(map(str, features)) for name, features in groups.items()}, "variables: list"


def _matching(patterns, sources):
    """Return {variable: features} of the features in whose names a pattern is found."""
    features = list(dict.fromkeys(name for one in sources for name in header(one).features))
    groups = {}
    for variable, pattern in patterns.items():
        try:
            compiled = re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise InputError(
                f"variables: regex: expected a regular expression for '{variable}', found "
                f"'{pattern}' ({error}). A literal point, bracket or plus needs a backslash"
            ) from error
        groups[variable] = tuple(name for name in features if compiled.search(name))
        if not groups[variable]:
            raise InputError(
                f"variables: regex: no feature fits '{pattern}' of '{variable}'. The data have "
                f"{some(features)}"
            )
    return groups


def _labelled(column, sources):
    """Return {label: features} of a column of var of .h5ad sources; missing labels are none."""
    groups = {}
    for source in sources:
        features = header(source).features
        for name, label in zip(features, var_labels(source, column, len(features)), strict=True):
            if label:
                groups.setdefault(label, []).append(name)
    if not groups:
        raise InputError(f"variables: var_column: '{column}' has no label for any feature")
    return {label: tuple(features) for label, features in groups.items()}


def _read_gmt(path):
    """Return {set: features} of a GMT file: name, description, features, split by tabs."""
    return {name: features for _, name, _, features in _gmt_lines(path)}


def check_descriptions(path, where):
    """Refuse a GMT file without descriptions: the first feature of each set would be lost."""
    for number, name, description, _ in _gmt_lines(path):
        if description in where:
            raise InputError(
                f"gene_sets '{path}', line {number}: the second column, the description of "
                f"'{name}', is '{description}', which is a feature of the data; features start in "
                "the third column. Put a description, or na, into the second column of every line"
            )


def _gmt_lines(path):
    """Return (line, set, description, features) of the lines of a GMT file."""
    check_file(path, "gene_sets")
    sets, names = [], set()
    for number, line in enumerate(_lines(path, "gene_sets"), 1):
        if not line.strip():
            continue
        name, *rest = [cell.strip() for cell in line.split("\t")]
        features = tuple(filter(None, rest[1:]))
        if not features:
            raise InputError(
                f"gene_sets '{path}', line {number}: expected a name, a description and at least "
                f"one feature, split by tabs; found '{line[:60]}'"
            )
        if name in names:
            raise InputError(
                f"gene_sets '{path}', line {number}: the name '{name}' is there twice. Rename one"
            )
        names.add(name)
        sets.append((number, name, rest[0], features))
    if not sets:
        raise InputError(f"gene_sets '{path}': expected one variable a line, found an empty file")
    return sets


def _read_groups(path):
    """Return {variable: features} of a table with the columns feature and variable."""
    groups = {}
    for _, (feature, variable) in read_columns(path, ("feature", "variable"), "variables table"):
        groups.setdefault(variable, []).append(feature)
    return {name: tuple(features) for name, features in groups.items()}


def _lines(path, what):
    try:
        with open_text(path) as file:
            return file.read().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{what} '{path}': expected text in UTF-8: {error}") from error
    except (OSError, EOFError) as error:
        raise InputError(
            f"{what} '{path}': expected a readable file, found: {told(error)}"
        ) from error


def read_columns(path, names, what):
    """Return [(line, values)] of the named columns of a small .tsv or .csv table.

    Raises
    ------
    InputError
        No such file or column, an empty cell, or no rows.
    """
    check_file(path, what)
    delimiter = DELIMITERS.get(ending(path), "\t")
    rows = text_rows(path, what, delimiter)
    top = [cell.strip() for cell in next(rows, (0, []))[1]]
    for name in names:
        if name not in top:
            raise InputError(
                f"{what} '{path}': expected the columns {' and '.join(names)}, split by "
                f"{'commas' if delimiter == ',' else 'tabs'}; found {some(top) or 'nothing'}"
                f"{suggest(name, top)}"
            )
    if repeated := [name for name in names if top.count(name) > 1]:
        raise InputError(
            f"{what} '{path}': expected one column '{repeated[0]}', found "
            f"{top.count(repeated[0])}. Rename the others"
        )
    places, cells = [top.index(name) for name in names], []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        values = tuple(row[i].strip() if i < len(row) else "" for i in places)
        if "" in values:
            raise InputError(
                f"{what} '{path}', line {line}: the column "
                f"'{names[values.index('')]}' is empty. Every row needs both"
            )
        cells.append((line, values))
    if not cells:
        raise InputError(f"{what} '{path}': expected at least one row below the header, found none")
    return cells
