"""Source files: their header, names and values, in whichever of the formats they are.

Every format is seen as a table of rows and columns through four functions (shape, names, text
columns, read); `transpose` is handled once, above them. Only `read` and `missing_samples` read
data: the rest reads headers and names, so that the workflow is planned in a moment.
"""

import csv
import functools
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates, some, suggest
from lmi.base.paths import check_file, stamp

# Text files up to this size are read for their number of rows before any job starts.
SMALL_TEXT_BYTES = 4_000_000
ROWS_AT_A_TIME = 8192
ROWS, COLUMNS = 0, 1


@dataclass(frozen=True)
class Source:
    """One file and how to read it; the attributes are the keys of the config."""

    path: str
    layer: str | None = None
    key: str | None = None
    transpose: bool = False
    sample_column: str | None = None


@dataclass(frozen=True)
class Header:
    """What is known of a source without its data.

    Attributes
    ----------
    features : tuple of str
        Names in the order of the file; f0, f1, ... where the file has none.
    n_samples : int or None
        None for a large text file, whose rows nobody has counted.
    text : frozenset of str
        Features that hold text and no numbers.
    """

    features: tuple
    n_samples: int | None
    text: frozenset


# ---- from the config to sources


def sources_of(dataset):
    """Return the sources of a dataset of the config, in order."""
    paths = dataset["source"]
    options = {key: dataset.get(key) for key in ("layer", "key", "sample_column")}
    transpose = dataset.get("transpose", False)
    paths = [paths] if isinstance(paths, str) else paths
    return [Source(path, transpose=transpose, **options) for path in paths]


def data_files(dataset):
    """Return the paths of the files that a dataset of the config is read from, in order."""
    paths = dataset.get("spikes", dataset).get("source", [])
    paths = [paths] if isinstance(paths, str) else list(paths)
    if isinstance(dataset.get("strata"), dict):
        paths.append(dataset["strata"]["table"])
    tasks = [dataset.get("task", {}), *dataset.get("cells", {}).values()]
    return [*paths, *dict.fromkeys(task["path"] for task in tasks if task.get("path"))]


# ---- what the rest of the package calls


def header(source):
    """Return the `Header` of a source.

    Raises
    ------
    InputError
        No such file, unknown format, or a file that is not what its ending says.
    """
    check_file(source.path, "source")
    return _header(source, stamp(source.path))


def sample_names(source):
    """Return the names of the samples, or None where the file has none."""
    check_file(source.path, "source")
    return _sample_names(source, stamp(source.path))


def read(source, columns=None):
    """Read features of a source.

    Parameters
    ----------
    source : Source
    columns : sequence of int, optional
        Positions of the features in `header(source).features`; all when absent.

    Returns
    -------
    float32 array, shape (n_samples, n_columns)

    Raises
    ------
    InputError
        Text where numbers are expected, or an unreadable file.
    """
    form = _format(source)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite: a missing value
        if source.transpose:
            values = _trouble_told(form.read, source, None).astype(np.float32, copy=False)
            return np.ascontiguousarray((values if columns is None else values[columns]).T)
        columns = None if columns is None else np.asarray(columns, dtype=np.intp)
        return _trouble_told(form.read, source, columns).astype(np.float32, copy=False)


def missing_samples(source):
    """Return which samples have a NaN or infinite value in any feature that holds numbers.

    Returns
    -------
    bool array, shape (n_samples,)
    """
    known = header(source)
    numeric = [i for i, name in enumerate(known.features) if name not in known.text]
    form = _format(source)
    if form is H5AD and not source.transpose:
        return _trouble_told(_h5ad_missing, source)
    return ~np.isfinite(read(source, numeric)).all(axis=1)


def align(sources):
    """Find the samples that the sources share.

    Samples are matched by name where every source has names, in the order of the first source;
    else by position.

    Returns
    -------
    rows : list of (int array or None)
        For each source, the rows of the shared samples; None means all, in their order.
    names : tuple of str or None
    n_unmatched : int
        Samples of the first source that another one lacks.

    Raises
    ------
    InputError
        No shared sample, unequal counts without names, or duplicate names.
    """
    if len(sources) == 1:
        return [None], sample_names(sources[0]), 0
    names = [sample_names(source) for source in sources]
    if any(one is None for one in names):
        _same_counts(sources)
        return [None] * len(sources), next((one for one in names if one is not None), None), 0
    if all(one == names[0] for one in names):
        return [None] * len(sources), names[0], 0
    for source, one in zip(sources, names, strict=True):
        if twice := first_duplicates(one):
            raise InputError(
                f"source '{source.path}': sample names must be unique to align the files of a "
                f"dataset; more than once: {some(twice)}. Rename or remove them"
            )
    positions = [{name: row for row, name in enumerate(one)} for one in names]
    shared = [name for name in names[0] if all(name in one for one in positions)]
    if not shared:
        raise InputError(
            f"the sources have no sample in common: '{sources[0].path}' has {some(names[0], 3)}; "
            f"'{sources[1].path}' has {some(names[1], 3)}. Give the same samples the same names "
            "in every file (is a suffix or `transpose` missing?)"
        )
    rows = [np.array([one[name] for name in shared], dtype=np.intp) for one in positions]
    return rows, tuple(shared), len(names[0]) - len(shared)


def n_samples(sources):
    """Return the number of samples that the sources share, or None where it takes reading data."""
    text = [s.path for s in sources if _format(s) is TEXT]
    if len(sources) > 1 and sum(Path(path).stat().st_size for path in text) > SMALL_TEXT_BYTES:
        return None
    counts = [header(source).n_samples for source in sources]
    if None in counts:
        return None
    rows, _, _ = align(sources)
    return counts[0] if rows[0] is None else len(rows[0])


def _same_counts(sources):
    counts = {source.path: n_own_samples(source) for source in sources}
    first = sources[0].path
    for path, count in counts.items():
        if count != counts[first]:
            raise InputError(
                f"the sources have unequal numbers of samples: '{first}' has {counts[first]}, "
                f"'{path}' has {count}. Without sample names in every file they are matched by "
                "position, and need the same samples in the same order"
            )


def n_own_samples(source):
    """Return the number of samples of one source; a large text file is read for it."""
    count = header(source).n_samples
    return len(_row_names(source, stamp(source.path))) if count is None else count


@functools.lru_cache(maxsize=4096)
def _header(source, _stamp):
    form = _format(source)
    axis = ROWS if source.transpose else COLUMNS
    names = _trouble_told(form.names, source, axis)
    shape = _trouble_told(form.shape, source)
    if names is None:
        names = tuple(f"f{i}" for i in range(shape[axis]))
    if len(names) != shape[axis] and shape[axis] is not None:
        raise InputError(
            f"source '{source.path}': expected one name a feature, found {len(names)} names for "
            f"{shape[axis]} features"
        )
    if 0 in (len(names), shape[1 - axis]):
        raise InputError(
            f"source '{source.path}': expected samples and features, found {shape[1 - axis]} "
            f"samples of {len(names)} features"
        )
    text = frozenset() if source.transpose else _trouble_told(form.text_columns, source)
    return Header(names, shape[1 - axis], text)


@functools.lru_cache(maxsize=64)
def _sample_names(source, _stamp):
    return _trouble_told(_format(source).names, source, COLUMNS if source.transpose else ROWS)


def _trouble_told(function, source, *arguments):
    """Call a format's function; tell what its library says of a broken file in one message."""
    try:
        return function(source, *arguments)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"source '{source.path}': expected a readable {Path(source.path).suffix} file, "
            f"found: {reason}"
        ) from error


# ---- .csv and .tsv


def _delimiter(path):
    return "\t" if Path(path).suffix.lower() == ".tsv" else ","


def _is_text(cell):
    """Tell whether a cell is neither a number nor a missing value."""
    if cell.strip().lower() in ("", "na", "n/a", "nan", "null", "none", "true", "false"):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


@functools.lru_cache(maxsize=4096)
def _text_top(source, _stamp):
    """Return the header cells, the first data row, and the column of row names (or None)."""
    with open(source.path, newline="", encoding="utf-8-sig") as file:
        rows = (row for row in csv.reader(file, delimiter=_delimiter(source.path)) if row)
        cells, first = next(rows, None), next(rows, None)
    if cells is None or first is None:
        raise InputError(
            f"source '{source.path}': expected a header line and one row a sample, found "
            + ("an empty file" if cells is None else "a header only")
        )
    if len(cells) == 1 and (other := next((c for c in ";\t,|" if c in cells[0]), None)):
        raise InputError(
            f"source '{source.path}': expected columns split by {_delimiter(source.path)!r}, "
            f"found one column with {other!r} in it. Save commas as .csv and tabs as .tsv"
        )
    if len(first) == len(cells) + 1:  # row names without a heading, as R writes them
        cells = ["", *cells]
    if len(first) != len(cells):
        raise InputError(
            f"source '{source.path}': the header has {len(cells)} columns, the first row has "
            f"{len(first)}. Every row needs the same columns"
        )
    return tuple(cells), tuple(first), _name_column(source, cells, _is_text(first[0]))


def _name_column(source, columns, first_is_text):
    """Return the position of the column that holds the row names, or None."""
    if source.sample_column is None:
        return 0 if first_is_text or columns[0] == "" else None
    if source.sample_column not in columns:
        raise InputError(
            f"source '{source.path}': sample_column '{source.sample_column}' is not a column"
            f"{suggest(source.sample_column, columns)}. Columns: {some(columns)}"
        )
    return columns.index(source.sample_column)


@functools.lru_cache(maxsize=4)
def _row_names(source, _stamp):
    """Return one name a row (empty where there are none), reading all of the file."""
    _, _, column = _text_top(source, _stamp)
    with open(source.path, newline="", encoding="utf-8-sig") as file:
        rows = (row for row in csv.reader(file, delimiter=_delimiter(source.path)) if row)
        next(rows)
        return tuple(row[column] if column is not None else "" for row in rows)


def _text_columns_kept(source):
    cells, _, column = _text_top(source, stamp(source.path))
    return [i for i in range(len(cells)) if i != column]


def _text_shape(source):
    small = Path(source.path).stat().st_size <= SMALL_TEXT_BYTES
    n_rows = len(_row_names(source, stamp(source.path))) if small or source.transpose else None
    return n_rows, len(_text_columns_kept(source))


def _text_names(source, axis):
    cells, _, column = _text_top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(cells[i] for i in _text_columns_kept(source))
    return None if column is None else _row_names(source, stamp(source.path))


def _text_text(source):
    cells, first, column = _text_top(source, stamp(source.path))
    return frozenset(c for i, c in enumerate(cells) if i != column and _is_text(first[i]))


def _text_read(source, columns):
    import pandas as pd

    cells, _, _ = _text_top(source, stamp(source.path))
    kept = _text_columns_kept(source)
    wanted = kept if columns is None else [kept[i] for i in columns]
    # All columns are parsed: with `usecols`, pandas is silent about rows that are too long.
    table = pd.read_csv(
        source.path,
        sep=_delimiter(source.path),
        header=None,
        skiprows=1,
        names=range(len(cells)),
        index_col=False,
        low_memory=False,
        encoding="utf-8-sig",
    )
    for i in wanted:
        if table[i].dtype.kind not in "biuf":
            table[i] = _numbers(source, cells[i], table[i])
    return table[wanted].to_numpy(dtype=np.float64)


def _numbers(source, name, values):
    """Return a column of mixed types as numbers; raise where one of its values is text."""
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    odd = np.flatnonzero(numbers.isna() & values.notna())
    if not len(odd):
        return numbers.astype(np.float64)
    raise InputError(
        f"source '{source.path}', column '{name}': expected numbers, found "
        f"'{values.iloc[odd[0]]}' in data row {odd[0] + 1}. Mend the value, or leave the column "
        "out of the variables"
    )


# ---- .parquet


@functools.lru_cache(maxsize=256)
def _parquet_top(source, _stamp):
    """Return all columns, the position of the row names (or None), text columns and row count."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source.path)
    except pa.ArrowInvalid as error:
        raise InputError(f"source '{source.path}': expected a parquet file: {error}") from error
    schema = file.schema_arrow
    columns = list(schema.names)
    if not columns:
        raise InputError(f"source '{source.path}': expected columns, found none")
    pandas = schema.pandas_metadata or {}
    index = [c for c in pandas.get("index_columns", []) if isinstance(c, str) and c in columns]
    is_number = [
        pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t)
        for t in schema.types
    ]
    if source.sample_column is None and index:
        column = columns.index(index[0])
    else:
        column = _name_column(source, columns, not is_number[0])
    text = frozenset(
        c for i, c in enumerate(columns) if i != column and c not in index and not is_number[i]
    )
    kept = tuple(i for i, c in enumerate(columns) if i != column and c not in index)
    return tuple(columns), column, text, kept, file.metadata.num_rows


def _parquet_shape(source):
    _, _, _, kept, n_rows = _parquet_top(source, stamp(source.path))
    return n_rows, len(kept)


def _parquet_names(source, axis):
    import pyarrow.parquet as pq

    columns, column, _, kept, _ = _parquet_top(source, stamp(source.path))
    if axis == COLUMNS:
        return tuple(columns[i] for i in kept)
    if column is None:
        return None
    table = pq.ParquetFile(source.path).read(columns=[columns[column]])
    return tuple(str(name) for name in table.column(columns[column]).to_pylist())


def _parquet_text(source):
    return _parquet_top(source, stamp(source.path))[2]


def _parquet_read(source, columns):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, _, text, kept, n_rows = _parquet_top(source, stamp(source.path))
    wanted = [names[i] for i in (kept if columns is None else [kept[i] for i in columns])]
    for name in wanted:
        if name in text:
            raise InputError(f"source '{source.path}', column '{name}': expected numbers")
    table = pq.ParquetFile(source.path).read(columns=wanted)
    values = np.empty((n_rows, len(wanted)), dtype=np.float64)
    for i, name in enumerate(wanted):
        values[:, i] = table.column(name).cast(pa.float64()).to_numpy()
    return values


# ---- .npy and .npz


def _npy_header(file):
    """Return the shape and type of the array in an open .npy file, without reading it."""
    version = np.lib.format.read_magic(file)
    reader = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
    shape, _, dtype = getattr(np.lib.format, reader)(file)
    return shape, dtype


def _npz_arrays(source):
    """Return {name: (shape, dtype)} of an .npz file, from the headers alone."""
    arrays = {}
    with zipfile.ZipFile(source.path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                arrays[member.removesuffix(".npy")] = _npy_header(file)
    return arrays


def _choose_key(source, matrices):
    """Return the name of the matrix to read: the config's key, or the only one there is."""
    if source.key is None and len(matrices) == 1:
        return next(iter(matrices))
    if source.key is None:
        raise InputError(
            f"source '{source.path}': it holds {len(matrices)} matrices ({some(matrices)}); "
            "say which one with `key`"
        )
    if source.key.strip("/") not in matrices:
        raise InputError(
            f"source '{source.path}': it has no matrix of numbers called '{source.key}'"
            f"{suggest(source.key, matrices)}. It has: {some(matrices) or 'none'}"
        )
    return source.key.strip("/")


def _as_matrix_shape(source, shape, dtype):
    """Return (rows, columns) of an array; a vector is a single column."""
    if dtype.kind not in "biuf":
        raise InputError(
            f"source '{source.path}': expected an array of real numbers, found type {dtype}"
            + (" (pickled objects are never loaded)" if dtype.hasobject else "")
        )
    if len(shape) not in (1, 2):
        raise InputError(
            f"source '{source.path}': expected two dimensions (samples, features), found the "
            f"shape {tuple(shape)}. Reshape it to {shape[0] if shape else 1} rows"
        )
    return tuple(int(n) for n in shape) if len(shape) == 2 else (int(shape[0]), 1)


def _npy_shape(source):
    with open(source.path, "rb") as file:
        return _as_matrix_shape(source, *_npy_header(file))


def _npy_read(source, columns):
    matrix = np.load(source.path, mmap_mode="r", allow_pickle=False)
    matrix = matrix.reshape(_npy_shape(source))
    return np.array(matrix if columns is None else matrix[:, columns])


@functools.lru_cache(maxsize=4096)
def _npz_top(source, _stamp):
    arrays = _npz_arrays(source)
    matrices = [n for n, (s, d) in arrays.items() if d.kind in "biuf" and len(s) in (1, 2)]
    key = _choose_key(source, matrices if source.key else _two_dimensional(arrays, matrices))
    return key, _as_matrix_shape(source, *arrays[key]), arrays


def _two_dimensional(arrays, matrices):
    """Return the matrices proper where there are any, else the vectors too."""
    return [name for name in matrices if len(arrays[name][0]) == 2] or matrices


def _npz_shape(source):
    return _npz_top(source, stamp(source.path))[1]


def _npz_names(source, axis):
    _, shape, arrays = _npz_top(source, stamp(source.path))
    name = ("samples", "features")[axis]
    if name not in arrays or arrays[name][0] != (shape[axis],) or arrays[name][1].kind != "U":
        return None
    with np.load(source.path, allow_pickle=False) as file:
        return tuple(file[name].tolist())


def _npz_read(source, columns):
    key, shape, _ = _npz_top(source, stamp(source.path))
    with np.load(source.path, allow_pickle=False) as file:
        matrix = file[key].reshape(shape)
    return matrix if columns is None else matrix[:, columns]


# ---- .h5 and .hdf5


def _texts(values):
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)


@functools.lru_cache(maxsize=4096)
def _hdf5_top(source, _stamp):
    """Return the path of the matrix in the file and its shape."""
    import h5py

    from lmi.base.files import refuse_foreign

    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf" and item.ndim in (1, 2):
            found[name] = item.shape, item.dtype

    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        if source.key is not None and isinstance(item := file.get(source.key), h5py.Dataset):
            return source.key.strip("/"), _as_matrix_shape(source, item.shape, item.dtype)
        file.visititems(note)
    key = _choose_key(source, list(found) if source.key else _two_dimensional(found, list(found)))
    return key, _as_matrix_shape(source, *found[key])


def _hdf5_shape(source):
    return _hdf5_top(source, stamp(source.path))[1]


def _hdf5_names(source, axis):
    import h5py

    from lmi.base.files import refuse_foreign

    key, shape = _hdf5_top(source, stamp(source.path))
    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        names = file[key].parent.get(("samples", "features")[axis])
        is_text = isinstance(names, h5py.Dataset) and names.dtype.kind in "SO"
        return _texts(names[:]) if is_text and names.shape == (shape[axis],) else None


def _hdf5_read(source, columns):
    import h5py

    from lmi.base.files import refuse_foreign

    key, shape = _hdf5_top(source, stamp(source.path))
    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        return _dense_rows(file[key], shape, columns)


def _dense_rows(matrix, shape, columns):
    """Read columns of an HDF5 matrix, some rows at a time: reading by column is slow."""
    if matrix.ndim == 1:
        return matrix[:].reshape(shape)[:, slice(None) if columns is None else columns]
    if columns is None:
        return matrix[:]
    values = np.empty((shape[0], len(columns)), dtype=matrix.dtype)
    for start in range(0, shape[0], ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        values[rows] = matrix[rows][:, columns]
    return values


# ---- .h5ad


def _h5ad_place(source):
    """Return the names, in the file, of the matrix and of the tables of its rows and columns."""
    if source.layer == "raw":
        return "raw/X", "obs", "raw/var"
    return (f"layers/{source.layer}" if source.layer else "X"), "obs", "var"


def _h5ad_matrix(source, file):
    import h5py

    place = _h5ad_place(source)[0]
    matrix = file.get(place)
    if matrix is None:
        layers = ["raw"] * ("raw" in file) + list(file.get("layers", ()))
        what = f"layer '{source.layer}'" if source.layer else "matrix X"
        raise InputError(
            f"source '{source.path}': it has no {what}{suggest(source.layer or '', layers)}. "
            f"Its layers: {some(layers) or 'none'}"
        )
    kind = "dense" if isinstance(matrix, h5py.Dataset) else matrix.attrs.get("encoding-type", "")
    if kind not in ("dense", "csr_matrix", "csc_matrix"):
        raise InputError(
            f"source '{source.path}': {place} is stored as {kind or 'an unknown kind'}; expected "
            "a dense, CSR or CSC matrix. Write the file again with anndata 0.8 or later"
        )
    return matrix, kind


def _h5ad_shape(source):
    import h5py

    from lmi.base.files import refuse_foreign

    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            return _as_matrix_shape(source, matrix.shape, matrix.dtype)
        return _as_matrix_shape(source, matrix.attrs["shape"], matrix["data"].dtype)


def _h5ad_names(source, axis):
    import h5py

    from lmi.base.files import refuse_foreign

    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        name = _h5ad_place(source)[1 + axis]
        table = file.get(name)
        if not isinstance(table, h5py.Group) or "_index" not in table.attrs:
            raise InputError(
                f"source '{source.path}': expected a table '{name}' with an index, as anndata "
                "0.7 or later writes it. Read and write the file with a recent anndata"
            )
        index = table[table.attrs["_index"]]
        # Recent versions store texts that may be missing as a group of values and a mask.
        return _texts((index["values"] if isinstance(index, h5py.Group) else index)[:])


def _sparse_chunks(matrix, shape, kind):
    """Yield (rows, columns, values) of a sparse matrix, a bounded part at a time."""
    indptr = matrix["indptr"][:]
    for start in range(0, len(indptr) - 1, ROWS_AT_A_TIME):
        stop = min(start + ROWS_AT_A_TIME, len(indptr) - 1)
        part = slice(int(indptr[start]), int(indptr[stop]))
        outer = np.repeat(np.arange(start, stop), np.diff(indptr[start : stop + 1]))
        inner, values = matrix["indices"][part], matrix["data"][part]
        yield (outer, inner, values) if kind == "csr_matrix" else (inner, outer, values)


def _h5ad_read(source, columns):
    import h5py

    from lmi.base.files import refuse_foreign

    shape = _h5ad_shape(source)
    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            return _dense_rows(matrix, shape, columns)
        columns = np.arange(shape[1]) if columns is None else columns
        place = np.full(shape[1], -1, dtype=np.intp)
        place[columns] = np.arange(len(columns))
        dense = np.zeros((shape[0], len(columns)), dtype=np.float32)
        for row, column, values in _sparse_chunks(matrix, shape, kind):
            wanted = place[column] >= 0
            # Duplicate entries of a sparse matrix add up, by definition.
            np.add.at(dense, (row[wanted], place[column[wanted]]), values[wanted])
        return dense


def _h5ad_missing(source):
    import h5py

    from lmi.base.files import refuse_foreign

    shape = _h5ad_shape(source)
    missing = np.zeros(shape[0], dtype=bool)
    with h5py.File(source.path, "r") as file:
        refuse_foreign(file)
        matrix, kind = _h5ad_matrix(source, file)
        if kind == "dense":
            for start in range(0, shape[0], ROWS_AT_A_TIME):
                rows = slice(start, start + ROWS_AT_A_TIME)
                missing[rows] = ~np.isfinite(matrix[rows].reshape(-1, shape[1])).all(axis=1)
        else:
            for row, _, values in _sparse_chunks(matrix, shape, kind):
                missing[row[~np.isfinite(values)]] = True
    return missing


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

        from lmi.base.files import refuse_foreign

        with h5py.File(path, "r") as file:
            refuse_foreign(file)
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
    return np.array(_texts(values), object) if values.dtype.kind in "OSU" else values


# ---- the formats


@dataclass(frozen=True)
class Format:
    """The four functions of a format, and the keys of the config that mean something to it."""

    shape: object
    names: object
    text_columns: object
    read: object
    keys: tuple


def _no_text(source):
    return frozenset()


def _no_names(source, axis):
    return None


TEXT = Format(_text_shape, _text_names, _text_text, _text_read, ("sample_column",))
PARQUET = Format(_parquet_shape, _parquet_names, _parquet_text, _parquet_read, ("sample_column",))
NPY = Format(_npy_shape, _no_names, _no_text, _npy_read, ())
NPZ = Format(_npz_shape, _npz_names, _no_text, _npz_read, ("key",))
HDF5 = Format(_hdf5_shape, _hdf5_names, _no_text, _hdf5_read, ("key",))
H5AD = Format(_h5ad_shape, _h5ad_names, _no_text, _h5ad_read, ("layer",))
FORMATS = {
    ".h5ad": H5AD,
    ".csv": TEXT,
    ".tsv": TEXT,
    ".parquet": PARQUET,
    ".npy": NPY,
    ".npz": NPZ,
    ".h5": HDF5,
    ".hdf5": HDF5,
}


def _format(source):
    """Return the format of a source, by the ending of its file's name."""
    ending = Path(source.path).suffix.lower()
    if ending not in FORMATS:
        raise InputError(
            f"source '{source.path}': the ending '{ending}' is unknown. "
            f"Expected one of {', '.join(FORMATS)}"
        )
    form = FORMATS[ending]
    for key in ("layer", "key", "sample_column"):
        if getattr(source, key) is not None and key not in form.keys:
            raise InputError(
                f"source '{source.path}': `{key}` means nothing to a {ending} file. Remove it"
            )
    return form
