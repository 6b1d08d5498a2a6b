"""Lineage-traced blood progenitors (LARRY; Weinreb et al., Science 367, eaaw3381, 2020)."""

import gzip
import json

import numpy as np
import pandas as pd
from scipy import sparse

from lmi.base import files
from lmi.base.errors import InputError
from lmi.benchmarks.real_data.download import sha256

N_GENES = 1000
TOTAL = 1e4
CLIP = 10.0
N_BINS = 20
ROWS_AT_A_TIME = 5_000_000


def read_matrix(path, keep=None):
    """Read a sparse Matrix Market file, or some of its rows, piece by piece.

    Parameters
    ----------
    path : str or Path
        Coordinate format, plain or gzip.
    keep : bool array, shape (n_rows,), optional
        Rows to keep.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_kept, n_columns)

    Raises
    ------
    InputError
        Not in coordinate format, other than `len(keep)` rows, or fewer entries than announced.
    """
    opened = gzip.open if str(path).endswith(".gz") else open
    mend = "Delete it to download it again"
    try:
        with opened(path, "rt", encoding="ascii") as file:
            head = file.readline().split()
            if [word.lower() for word in head[:3]] != ["%%matrixmarket", "matrix", "coordinate"]:
                raise InputError(
                    f"{path}: expected a Matrix Market file in coordinate format, found "
                    f"{' '.join(head[:5]) or 'an empty file'}. {mend}"
                )
            line = file.readline()
            while line.startswith("%"):
                line = file.readline()
            n_rows, n_columns, n_entries = map(int, line.split())
            if keep is not None and len(keep) != n_rows:
                raise InputError(
                    f"{path}: expected {len(keep)} rows, one a cell, found {n_rows}. "
                    f"Take all files from the same experiment. {mend}"
                )
            new_row = np.cumsum(keep) - 1 if keep is not None else np.arange(n_rows)
            parts, seen = [], 0
            values = {0: np.int32, 1: np.int32} | ({} if head[3] == "pattern" else {2: np.float32})
            table = pd.read_csv(
                file, sep=r"\s+", header=None, dtype=values, chunksize=ROWS_AT_A_TIME, engine="c"
            )
            for chunk in table if n_entries else ():
                seen += len(chunk)
                row, column = chunk[0].to_numpy() - 1, chunk[1].to_numpy() - 1
                value = chunk[2].to_numpy() if 2 in chunk else np.ones(len(row), np.float32)
                if keep is not None:
                    wanted = keep[row]
                    row, column, value = row[wanted], column[wanted], value[wanted]
                parts.append((value, new_row[row].astype(np.int32), column))
    except (ValueError, EOFError, OSError, pd.errors.ParserError) as error:
        raise InputError(
            f"{path}: expected a Matrix Market file, cannot read it ({error}). {mend}"
        ) from error
    if seen != n_entries:
        raise InputError(f"{path}: expected {n_entries} entries, found {seen}. {mend}")
    n_kept = n_rows if keep is None else int(keep.sum())
    if not parts:
        return sparse.csr_matrix((n_kept, n_columns), dtype=np.float32)
    value, row, column = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sparse.csr_matrix((value, (row, column)), shape=(n_kept, n_columns))


def _table(path, columns):
    """Read a tab-separated table and check that it has these columns."""
    table = pd.read_csv(path, sep="\t")
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(
            f"{path}: expected a tab-separated table with the columns {', '.join(columns)}, found "
            f"{', '.join(map(str, table.columns[:8]))}. Delete it to download it again"
        )
    return table


def variable_genes(counts, n_genes=N_GENES):
    """Choose the genes with the largest normalised dispersion.

    The dispersion (variance over mean) of each gene, on a log scale, in units of its mean and sd
    over the genes of similar mean: 20 bins of the log mean of equal width. A gene alone in its bin
    counts as one sd.

    Parameters
    ----------
    counts : scipy.sparse matrix, shape (n_cells, n_genes)
        Counts of equal totals, not logarithms.
    n_genes : int

    Returns
    -------
    int array, shape (<= n_genes,)
        Columns, in order.

    References
    ----------
    Satija et al., Nature Biotechnology 33, 495 (2015); the default of scanpy's
    `highly_variable_genes`.
    """
    n = counts.shape[0]
    mean = np.asarray(counts.mean(axis=0), dtype=np.float64).ravel()
    square = np.asarray(counts.astype(np.float64).power(2).mean(axis=0)).ravel()
    variance = (square - mean**2) * n / (n - 1)
    mean[mean == 0] = 1e-12
    dispersion = variance / mean
    dispersion[dispersion == 0] = np.nan
    genes = pd.DataFrame({"mean": np.log1p(mean), "dispersion": np.log(dispersion)})
    groups = genes.groupby(pd.cut(genes["mean"], N_BINS), observed=True)["dispersion"]
    centre, spread = groups.transform("mean"), groups.transform("std")
    alone = spread.isna()
    spread[alone], centre[alone] = centre[alone], 0.0
    score = ((genes["dispersion"] - centre) / spread).to_numpy()
    order = np.argsort(np.where(np.isnan(score), -np.inf, score), kind="stable")[::-1]
    usable = order[: min(n_genes, int(np.isfinite(score).sum()))]
    return np.sort(usable)


def prepare(counts, clones, metadata, genes, pseudotime, out, truth=None, n_genes=N_GENES):
    """Preprocess the files of the in vitro experiment as published, for the task `lineages`.

    1. Cells without a clone are left out; of several clones a cell has the first.
    2. Counts are scaled to a total of 10,000 a cell over all genes, then log(1 + x).
    3. The 1,000 genes of `variable_genes` are kept.
    4. Each gene is centred, divided by its sd (n - 1) and clipped at 10 sd.

    The published code also drops the cells of the first clone, which it takes for cells without
    one. It was run with some version of scanpy of 2024; later ones clip below -10 sd as well, as
    here.

    Parameters
    ----------
    counts, clones, metadata, genes, pseudotime : str or Path
        The files stateFate_inVitro_*: normalised counts (cells by genes) and clones (cells by
        clones) as Matrix Market, table of cells, list of genes, neutrophil pseudotime by cell.
    out : str or Path
        HDF5: `expression` (n_cells, n_genes) float32, `gene`, `clone`, `day`, `well`, `type`, and
        `pseudotime`, NaN outside of the neutrophil trajectory.
    truth : str or Path, optional
        JSON file of a stand-in with the planted mutual information, in bits.
    n_genes : int

    Raises
    ------
    InputError
        A file of another format, or files that do not belong together.
    """
    cells = _table(metadata, ["Time point", "Well", "Cell type annotation"])
    membership = read_matrix(clones)
    if membership.shape[0] != len(cells):
        raise InputError(
            f"{clones}: expected {len(cells)} rows, one for each cell of {metadata}, found "
            f"{membership.shape[0]}. Take all files from the same experiment"
        )
    keep = np.diff(membership.indptr) > 0
    membership.sort_indices()
    first = membership.indices[membership.indptr[:-1][keep]]
    expression = read_matrix(counts, keep)
    names = pd.read_csv(genes, header=None, sep="\t")[0].astype(str).str.upper().to_numpy()
    if expression.shape[1] != len(names):
        raise InputError(
            f"{genes}: expected {expression.shape[1]} genes, one for each column of {counts}, "
            f"found {len(names)}. Take all files from the same experiment"
        )
    along = pd.read_csv(pseudotime, sep="\t", index_col=0).iloc[:, 0]
    if len(along) and not 0 <= along.index.min() <= along.index.max() < len(cells):
        raise InputError(
            f"{pseudotime}: expected cells from 0 to {len(cells) - 1}, found {along.index.min()} "
            f"to {along.index.max()}. Take all files from the same experiment"
        )
    time = np.full(len(cells), np.nan)
    time[along.index.to_numpy()] = along.to_numpy()

    total = np.asarray(expression.sum(axis=1), dtype=np.float64).ravel()
    expression = sparse.diags(TOTAL / np.where(total > 0, total, 1)) @ expression.astype(np.float64)
    chosen = variable_genes(expression, n_genes)
    values = np.log1p(expression.tocsc()[:, chosen].toarray())
    values -= values.mean(axis=0)
    sd = values.std(axis=0, ddof=1)
    values = np.clip(values / np.where(sd > 0, sd, 1), -CLIP, CLIP)

    attributes = {
        "stage": "lineages",
        "standin": truth is not None,
        "truth_bits": "{}",
        "sha256": [sha256(path) for path in (counts, clones, metadata, genes, pseudotime)],
    }
    if truth is not None:
        with open(truth, encoding="utf-8") as file:
            attributes["truth_bits"] = json.dumps(json.load(file)["lineages"], sort_keys=True)
    arrays = {
        "expression": values.astype(np.float32),
        "gene": list(names[chosen]),
        "clone": first.astype(np.int32),
        "day": cells["Time point"].to_numpy(np.float32)[keep],
        "well": cells["Well"].to_numpy(np.int32)[keep],
        "type": list(cells["Cell type annotation"].astype(str)[keep]),
        "pseudotime": time[keep],
    }
    files.write(out, arrays, attributes)
