"""Source files: their header, names and values, in whichever of the formats they are.

`transpose` is handled here, once, above the formats. Only `read` and `missing_samples` read data:
the rest reads headers and names, so that the workflow is planned in a moment.
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lmi.base.arrays import loses_digits
from lmi.base.errors import InputError
from lmi.base.messages import first_duplicates, some, suggest
from lmi.base.paths import check_file, stamp
from lmi.data import images
from lmi.data.chosen import Source, data_files, sources_of
from lmi.data.files import check_source, stamps, trouble_told
from lmi.data.formats import TEXT, format_of, text
from lmi.data.formats.matrices import COLUMNS, LOSS, ROWS, working_type
from lmi.data.formats.tables import check_annotations, quoted

__all__ = [
    "Header",
    "Source",
    "align",
    "check_file",
    "check_source",
    "data_files",
    "first_duplicates",
    "header",
    "missing_samples",
    "n_own_samples",
    "n_samples",
    "read",
    "sample_names",
    "some",
    "sources_of",
    "stamp",
    "suggest",
]


MAX_FEATURES = 5_000_000
"""Features that a source without names may have; each gets one."""


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
        Features that hold text, or something else that is no number.
    ids : tuple of str
        Columns of numbers that seem to name or count the samples, and no key says so.
    held : dict
        What the features in `text` hold, in words.
    """

    features: tuple
    n_samples: int | None
    text: frozenset
    ids: tuple = ()
    held: dict = field(default_factory=dict, compare=False)


# ---- what the rest of the package calls


def header(source):
    """Return the `Header` of a source.

    Raises
    ------
    InputError
        No such file, unknown format, or a file that is not what its ending says.
    """
    check_source(source.path, "source")
    return _header(source, stamps(source.path))


def sample_names(source):
    """Return the names of the samples, or None where the file has none."""
    check_source(source.path, "source")
    return _sample_names(source, stamps(source.path))


def read(source, columns=None):
    """Read features of a source.

    Parameters
    ----------
    source : Source
    columns : sequence of int, optional
        Positions of the features in `header(source).features`; all when absent.

    Returns
    -------
    float32 or float64 array, shape (n_samples, n_columns)
        float64 where the file's type holds what float32 would round: a large offset, say.

    Raises
    ------
    InputError
        Text where numbers are expected, or an unreadable file.
    """
    form = format_of(source)
    if source.transpose:
        values = _numbers(source, trouble_told(form.read, source, None))
        return np.ascontiguousarray((values if columns is None else values[columns]).T)
    columns = None if columns is None else np.asarray(columns, dtype=np.intp)
    return _numbers(source, trouble_told(form.read, source, columns))


def _numbers(source, values):
    """Return values as floats that hold them; what single precision cannot reach is infinite."""
    if loses_digits(values):
        raise InputError(f"source '{source.path}': expected numbers, found {LOSS}")
    values = values.astype(working_type(values.dtype), copy=False)
    if values.dtype == np.float64:
        too_large = np.abs(values) > np.finfo(np.float32).max
        if too_large.any():
            values = np.where(too_large, np.inf, values)
    return values


def missing_samples(source):
    """Return which samples have a NaN or infinite value in any feature that holds numbers.

    Returns
    -------
    bool array, shape (n_samples,)
    """
    known = header(source)
    numeric = [i for i, name in enumerate(known.features) if name not in known.text]
    form = format_of(source)
    if form.missing and not source.transpose:
        return trouble_told(form.missing, source)
    return ~np.isfinite(read(source, numeric)).all(axis=1)


def align(sources):
    """Find the samples that the sources share.

    Samples are matched by name, in the order of the first source; by position where no source
    has names.

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
        Names in some sources only, or in none but in a column that seems to hold them; no shared
        sample, unequal counts without names, or duplicate names.
    """
    if len(sources) == 1:
        return [None], sample_names(sources[0]), 0
    names = [sample_names(source) for source in sources]
    if any(one is None for one in names):
        _refuse_lost_names(sources, names)
        _same_counts(sources)
        return [None] * len(sources), None, 0
    if all(one == names[0] for one in names):
        return [None] * len(sources), names[0], 0
    for source, one in zip(sources, names, strict=True):
        if twice := first_duplicates(one):
            raise InputError(
                f"source '{source.shown}': sample names must be unique to align the files of a "
                f"dataset; more than once: {some(twice)}. Rename or remove them"
            )
    positions = [{name: row for row, name in enumerate(one)} for one in names]
    shared = [name for name in names[0] if all(name in one for one in positions)]
    if not shared:
        raise InputError(
            f"the sources have no sample in common: '{sources[0].shown}' has {some(names[0], 3)}; "
            f"'{sources[1].shown}' has {some(names[1], 3)}. Give the same samples the same names "
            "in every file (is a suffix or `transpose` missing?)"
        )
    rows = [np.array([one[name] for name in shared], dtype=np.intp) for one in positions]
    return rows, tuple(shared), len(names[0]) - len(shared)


def n_samples(sources):
    """Return the number of samples that the sources share, or None where it takes reading data."""
    tables = [s.path for s in sources if format_of(s) is TEXT]
    if (
        len(sources) > 1
        and sum(Path(path).stat().st_size for path in tables) > text.SMALL_TEXT_BYTES
    ):
        return None
    counts = [header(source).n_samples for source in sources]
    if None in counts:
        return None
    rows, _, _ = align(sources)
    return counts[0] if rows[0] is None else len(rows[0])


def _refuse_lost_names(sources, names):
    """Refuse to match samples by position where some source has, or seems to have, their names."""
    for source, one in zip(sources, names, strict=True):
        if one is None and not source.transpose and (ids := header(source).ids):
            raise InputError(id_message(source, ids))
    named = [s.shown for s, one in zip(sources, names, strict=True) if one is not None]
    bare = [s.shown for s, one in zip(sources, names, strict=True) if one is None]
    if named:
        raise InputError(
            f"the sources cannot be matched by sample name: '{named[0]}' has names "
            f"({some(next(filter(None, names)), 3)}), '{bare[0]}' has none. Give every file the "
            "names (`sample_column`; an array `samples` beside the matrix), or, if the samples "
            "are in the same order, leave them out of all (`drop_columns`)"
        )


def id_message(source, ids):
    """Return what is wrong with columns of numbers that seem to name or count the samples."""
    return (
        f"source '{source.path}': the column {some(ids, show=quoted)} seems to name or count "
        "the samples, or to be their time, and would be read as a measurement. If it names them, "
        f"say so with `sample_column: {quoted(ids[0])}`; if it means nothing, leave it out with "
        f"`drop_columns: [{', '.join(map(quoted, ids[:5]))}]`; if it was measured, name the "
        "features of each variable, this one too: `variables: {list: {name: [feature, ...]}}`"
    )


def _same_counts(sources):
    counts = {source.shown: n_own_samples(source) for source in sources}
    first = sources[0].shown
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
    return len(text.row_names(source, stamp(source.path))) if count is None else count


@functools.lru_cache(maxsize=4096)
def _header(source, _stamp):
    form = format_of(source)
    axis = ROWS if source.transpose else COLUMNS
    names = trouble_told(form.names, source, axis)
    shape = trouble_told(form.shape, source)
    if source.images:
        images.check_shape(source, shape[axis])
        names = images.pixel_names(source.images)
    if names is None:
        if shape[axis] > MAX_FEATURES:
            raise InputError(
                f"source '{source.path}': expected at most {MAX_FEATURES:,} features, found "
                f"{shape[axis]:,} (and {shape[1 - axis]} samples). Where rows are features, set "
                "`transpose: true`; or select features before"
            )
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
    odd = trouble_told(form.text_columns, source)
    ids = trouble_told(form.ids, source) if form.ids else ()
    if source.transpose:
        if form.ids:
            check_annotations(source, form.names(source, COLUMNS), odd, ids)
        return Header(names, shape[1 - axis], frozenset())
    held = odd if isinstance(odd, dict) else dict.fromkeys(odd, "text")
    return Header(names, shape[1 - axis], frozenset(held), ids, held)


@functools.lru_cache(maxsize=64)
def _sample_names(source, _stamp):
    form, axis = format_of(source), COLUMNS if source.transpose else ROWS
    names, n_samples = (
        trouble_told(form.names, source, axis),
        trouble_told(form.shape, source)[axis],
    )
    if names is not None and n_samples is not None and len(names) != n_samples:
        raise InputError(
            f"source '{source.path}': expected one name a sample, found {len(names)} names for "
            f"{n_samples} samples"
        )
    return names
