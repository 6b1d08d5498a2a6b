"""Tables with named columns: which column names the rows, which are left out, which are no data."""

import fnmatch
import json
import re

import numpy as np

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest

# What a column without a heading is called, as pandas calls it.
UNNAMED = "Unnamed: 0"
# Headings of columns that name or count the rows, when their values are whole and all different.
ID_NAMES = re.compile(
    r"(unnamed: ?\d+|__index_level_\d+__|level_\d+|index|idx|ids?|names?|rows?|nr|number|barcodes?"
    r"|obs|cells?|samples?|subjects?|patients?|donors?|participants?|individuals?"
    r"|(row|obs|cell|sample|subject|patient|donor|participant|individual|case|record|gene|spot)"
    r"(id|name|nr|no|number|index|idx|barcode)s?"
    r"|.+[_ .-](ids?|idx|index|barcodes?|names?|nr|number))"
)
# Headings of columns that say when a row was measured, when their values rise from row to row.
TIME_NAMES = re.compile(
    r"(t|times?|timestamps?|date|datetime|clock|seconds?|secs?|msecs?|ms|minutes?|hours?|elapsed"
    r"|frames?|(time|elapsed|frame)[_ .(-].*|.*[_ .](time|timestamp|seconds?|secs?|ms))"
)
CAMEL_ID = re.compile(r".*[a-z](ID|Id)")
# Columns that describe a feature, in tables of one row a feature.
ANNOTATIONS = """
length start end stop width chr chrom chromosome seqname seqnames strand description biotype
class type gc gc_content symbol gene genes geneid gene_id gene_ids gene_name gene_symbol
gene_type gene_biotype gene_description gene_length hugo_symbol hgnc_id hgnc_symbol entrez
entrezid entrez_id entrezgene entrez_gene_id ensembl ensembl_id ensembl_gene_id transcript
transcript_id effective_length exon exons exon_count probe probeid probe_id id_ref feature
feature_id feature_type protein protein_id uniprot accession locus cytoband map pos position
"""
FEWEST_COUNTED = 10  # a column of equal steps is taken for a count of rows from here on
FEWEST_NAMED = 3  # a first column of different whole numbers beside fractions names rows from here
EQUAL = 1e-3  # of a step: steps that differ by less are equal, but for their decimals


def quoted(name):
    """Return a name as YAML takes it for text."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)


def dropped_columns(source, columns):
    """Return the positions of the columns that `drop_columns` leaves out.

    Raises
    ------
    InputError
        A name or pattern that no column has, where the dataset is a single source.
    """
    out = set()
    for pattern in source.drop_columns or ():
        matching = {i for i, name in enumerate(columns) if fnmatch.fnmatchcase(name, pattern)}
        matching |= {i for i, name in enumerate(columns) if name == pattern}
        if not matching and not source.shared:
            raise InputError(
                f"source '{source.path}': drop_columns: no column is called '{pattern}'"
                f"{suggest(pattern, columns)}. Columns: {some(columns)}"
            )
        out |= matching
    return out


def name_column(source, columns, dropped, text):
    """Return the position of the column that holds the row names, or None."""
    if source.sample_column is None:
        first = next((i for i in range(len(columns)) if i not in dropped), None)
        return first if first in text else None
    if source.sample_column not in columns:
        raise InputError(
            f"source '{source.path}': sample_column '{source.sample_column}' is not a column"
            f"{suggest(source.sample_column, columns)}. Columns: {some(columns)}"
        )
    return columns.index(source.sample_column)


def named_like_ids(name):
    """Tell whether a heading is one of columns that name or count the rows."""
    return not name.strip() or bool(ID_NAMES.fullmatch(name.casefold()) or CAMEL_ID.fullmatch(name))


def are_ids(name, values):
    """Tell whether a column of numbers names, counts or times the rows, and measures nothing."""
    if not name.strip() or name.startswith("Unnamed: "):
        return True
    values = np.asarray(values)
    if len(values) < 2 or values.dtype.kind not in "iuf":
        return False
    if (values[0] in (0, 1) and values[1] == values[0] + 1 and may_count(values)) or _is_clock(
        name, values
    ):
        return True
    if not _are_whole(values):
        return False
    return named_like_ids(name) and len(np.unique(values)) == len(values)


def may_count(values):
    """Tell whether numbers rise or fall by equal steps, as a count of the rows or a clock does."""
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or len(values) < FEWEST_COUNTED:
        return False
    steps = np.diff(values.astype(float))
    return bool(steps[0] and (np.abs(steps - steps[0]) <= EQUAL * abs(steps[0])).all())


def may_rise(name):
    """Tell whether a heading is one of columns of times."""
    return bool(TIME_NAMES.fullmatch(name.strip().casefold()))


def _is_clock(name, values):
    """Tell whether a column is called like a time, and rises from row to row."""
    if not may_rise(name) or len(values) < FEWEST_COUNTED:
        return False
    return bool((np.diff(values.astype(float)) > 0).all())


def ids_of(names, columns, first):
    """Return the positions of columns of numbers that name, count or time the rows.

    Parameters
    ----------
    names : list of str
        Of the columns of numbers.
    columns : list of array
    first : bool
        Whether the first of them is the first of all, and nothing names the rows.
    """
    ids = [i for i, name in enumerate(names) if are_ids(name, columns[i])]
    even = [i for i, values in enumerate(columns) if i not in ids and may_count(values)]
    # what a source holds alone is measured
    ids += even if len(even) == 1 < len(columns) else []
    return sorted(ids) or ([0] if first and may_name([one for one in columns if len(one)]) else [])


def may_name(columns):
    """Tell whether the first of columns of numbers alone has whole numbers that all differ.

    Parameters
    ----------
    columns : list of array
        Of the data, in their order; numbers alone.
    """
    if len(columns) < 2 or len(columns[0]) < FEWEST_NAMED:
        return False
    few = len(columns[0]) < FEWEST_COUNTED
    alike = [_are_whole(one) and (few or _differ(one)) for one in columns[1:]]
    return _are_whole(columns[0]) and _differ(columns[0]) and not any(alike)


def _are_whole(values):
    values = np.asarray(values)
    if values.dtype.kind not in "iuf":
        return False
    return bool((np.isfinite(values) & (values == np.rint(values))).all())


def _differ(values):
    return len(np.unique(values)) == len(values)


def check_annotations(source, columns, text, ids):
    """Refuse columns of a transposed table that describe the features and would become samples."""
    named = [name for name in columns if name.strip().casefold() in ANNOTATIONS.split()]
    odd = list(dict.fromkeys([*[name for name in columns if name in text], *named, *ids]))
    if odd:
        listed = ", ".join(quoted(name) for name in odd[:5])
        raise InputError(
            f"source '{source.path}': with `transpose` every column is a sample, but "
            f"{some(odd)} seem to describe the features ({'text' if odd[0] in text else 'numbers'}"
            f"). Leave them out with `drop_columns: [{listed}]`, or say which one names the "
            "features with `sample_column`"
        )
