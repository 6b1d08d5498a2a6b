"""From many estimate tiles to one tidy table: a row a pair, as TSV and Parquet."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lmi.base import reasons
from lmi.base.errors import InputError
from lmi.base.files import reading, replacing, text
from lmi.results.columns import COLUMNS, FROM_ATTRIBUTES, OF_A_TILE
from lmi.results.parquet import write as write_parquet

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"

EXACT = 22
"""The largest power of ten that a float holds exactly."""

_RERUN = "run `snakemake --cores all --forcerun estimate` to write the tiles anew"


def read_tile(path: str | Path) -> dict[str, np.ndarray]:
    """Read the columns of one tile, or of a part that holds several.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to array
        All of one length.

    Raises
    ------
    InputError
        The tile is unreadable, incomplete or of another schema version.
    """
    with reading(path, "estimate") as tile:
        absent = [
            name
            for name in OF_A_TILE
            if name not in (tile.attrs if name in FROM_ATTRIBUTES else tile)
        ]
        if absent:
            raise InputError(
                f"{path}: expected {', '.join(absent)}, found no such entry: the tile is "
                f"incomplete. Delete the file, and {_RERUN}."
            )
        n_pairs = tile["x"].shape[0]
        columns = {}
        for name in OF_A_TILE:
            kind = COLUMNS[name]
            if name in FROM_ATTRIBUTES:
                value = tile.attrs[name]
                value = value.decode() if isinstance(value, bytes) else value
                columns[name] = np.full(n_pairs, value, dtype=object if kind == "str" else kind)
            elif kind == "str":
                columns[name] = text(tile[name])
            else:
                columns[name] = tile[name][()].astype(kind)
            if len(columns[name]) != n_pairs:
                raise InputError(
                    f"{path}: expected {n_pairs} rows in '{name}' as in 'x', found "
                    f"{len(columns[name])}. Delete the file, and {_RERUN}."
                )
    return columns


def _sorted(table, order):
    """Sort by dataset (in `order`), then `mi_bits` descending with NaN last, then names."""
    rank = {name: position for position, name in enumerate(order)}
    dataset = table["dataset"].map(rank).to_numpy()
    strength = -table["mi_bits"].to_numpy()  # NaN stays NaN, which lexsort puts last
    codes = [pd.factorize(table[name], sort=True)[0] for name in ("lag", "y", "x")]
    return table.iloc[np.lexsort((*codes, strength, dataset))].reset_index(drop=True)


def _six_digits(values):
    """Round to six significant digits, so that the shortest text of the float is short."""
    values = np.asarray(values, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        decimals = 5 - np.floor(np.log10(np.abs(values)))
    decimals = np.where(np.isfinite(decimals), np.maximum(decimals, 0), 0)
    # only a division by an exact power of ten rounds correctly
    small = decimals > EXACT
    scale = 10.0 ** np.minimum(decimals, EXACT)
    rounded = np.where(np.isfinite(values), np.round(values * scale) / scale, values)
    rounded[small] = [float(f"{value:.5e}") for value in values[small]]
    return rounded


FAMILIES = (("p_conditional",), ("p_delta",), ("p_xy", "p_yx"))
"""Other p values than `p_value`: those of one family are tests of one question."""


def add_q_values(
    table: pd.DataFrame, fdr: float = 0.05, method: str = "bh", left_out: np.ndarray | bool = False
) -> None:
    """Add the columns `q_value` and `significant`, and the q values of `FAMILIES`, in place.

    The q value of a pair is the false discovery rate among the pairs with p values as small as
    its own, over the whole run. Where pairs have several lags, the test of a pair is that of its
    peak, and its p value counts all of its lags (Sidak); another lag has the q value that its pair
    would have if it were the peak.

    Parameters
    ----------
    table : pandas.DataFrame
        With the column `p_value`; pairs without one get NaN and are not significant. With lags,
        also `dataset`, `x`, `y`, `lag` and `mi_bits`. Where it has columns of `FAMILIES`, which no
        dataset with lags has a value of, their q values are made too.
    fdr : float
        Level of `significant`.
    method : str
        bh (Benjamini & Hochberg 1995), or by, valid under any dependence of the tests (Benjamini &
        Yekutieli 2001).
    left_out : bool, or array of bool, shape (n_rows,)
        Rows that are no tests, whatever their p value.
    """
    from scipy.stats import false_discovery_control

    p = table["p_value"].to_numpy(float)
    q = np.full(len(p), np.nan)
    tested = np.isfinite(p) & ~np.asarray(left_out)
    if "lag" in table and table["lag"].any():
        rows = np.flatnonzero(tested)
        p, peak = _counting_lags(table.iloc[rows])
        if len(p):
            pairs = np.sort(p[peak])
            penalty = (1 / np.arange(1, len(pairs) + 1)).sum() if method == "by" else 1.0
            # the pairs up to its own p value, or those up to any beyond it
            n_up_to = np.maximum(np.searchsorted(pairs, p, side="right"), 1)
            own = np.minimum(penalty * len(pairs) * p / n_up_to, 1.0)
            of_pairs = np.append(false_discovery_control(pairs, method=method), 1.0)
            q[rows] = np.minimum(own, of_pairs[np.searchsorted(pairs, p, side="left")])
    elif tested.any():
        q[tested] = false_discovery_control(p[tested], method=method)
    table["q_value"] = q
    table["significant"] = q <= fdr
    for names in FAMILIES:
        if names[0] not in table:
            continue
        p = table[list(names)].to_numpy(float)
        q = np.full(p.shape, np.nan)
        tested = np.isfinite(p) & ~np.broadcast_to(left_out, len(p))[:, None]
        if tested.any():
            q[tested] = false_discovery_control(p[tested], method=method)
        table[[name.replace("p_", "q_") for name in names]] = q


def _counting_lags(rows):
    """Return p values that count the lags of their pair, and which rows are peaks."""
    pair = rows.groupby(["dataset", "x", "y"], sort=False).ngroup().to_numpy()
    p, n_lags = rows["p_value"].to_numpy(float), np.bincount(pair)[pair]
    with np.errstate(divide="ignore"):
        p = np.where(n_lags > 1, -np.expm1(n_lags * np.log1p(-p)), p)
    mi = rows["mi_bits"].to_numpy(float)
    by_strength = np.lexsort((-mi, pair))  # NaN last
    _, first = np.unique(pair[by_strength], return_index=True)
    return p, by_strength[first]


def _left_out(reason_codes):
    """Return which rows have a reason for which they are no tests."""
    untested = {code for code, one in reasons.DECLARED.items() if not one.tested}
    # few rows have reasons, and few of those differ
    is_left_out = {codes: not untested.isdisjoint(codes.split()) for codes in reason_codes.unique()}
    return reason_codes.map(is_left_out).to_numpy(bool)


def peaks(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a pair: that of the lag with the largest estimate.

    Parameters
    ----------
    table : pandas.DataFrame
        Table as `aggregate` returns it; without lags it is returned as it is.
    """
    if not table["lag"].any():
        return table
    # sorted by estimate within a dataset: the first row of a pair is its peak
    return table.drop_duplicates(["dataset", "x", "y"]).reset_index(drop=True)


def aggregate(
    estimates: Sequence[str | Path],
    tsv: str | Path,
    parquet: str | Path,
    order: Sequence[str] | None = None,
    fdr: float = 0.05,
    fdr_method: str = "bh",
) -> pd.DataFrame:
    """Gather estimate tiles, or parts of them, into one table; write it as TSV and Parquet.

    Rows are sorted by dataset, then by `mi_bits` from the strongest to the weakest, pairs without
    a value last, ties by name; the order of the files does not matter within a dataset. The TSV
    has six significant digits and writes missing numbers as ``NaN`` (an empty cell reads as zero
    in some tools); Parquet has full precision. Both files are replaced whole or not at all.

    Parameters
    ----------
    estimates : sequence of str or Path
        Estimate tiles, or what `collect` made of them.
    tsv, parquet : str or Path
        Files to write.
    order : sequence of str, optional
        Names of the datasets in the order wanted. Others follow in the order of their files.
    fdr, fdr_method
        As in `add_q_values`.

    Returns
    -------
    pandas.DataFrame
        The table with the columns `COLUMNS`.

    Raises
    ------
    InputError
        When there is no tile, a tile is unreadable, incomplete or of another schema version, or a
        pair comes twice.
    """
    parts = [read_tile(path) for path in estimates]
    if not parts:
        raise InputError(
            "estimates: expected at least one tile, found none. Check that the datasets of the "
            "config have pairs."
        )
    table = pd.DataFrame(
        {name: np.concatenate([part.pop(name) for part in parts]) for name in OF_A_TILE},
        copy=False,
    )
    add_q_values(table, fdr, fdr_method, _left_out(table["reason_codes"]))
    table = table[list(COLUMNS)]
    twice = table.duplicated(["dataset", "x", "y", "lag"])
    if twice.any():
        row = table[twice].iloc[0]
        raise InputError(
            f"estimates of dataset '{row['dataset']}': expected each pair once, found "
            f"'{row['x']}' with '{row['y']}' in two tiles, {int(twice.sum())} such pairs in all. "
            f"Tiles of an older config may be left over: delete the estimates folder of the "
            f"dataset, and {_RERUN}."
        )
    found = list(dict.fromkeys(table["dataset"]))
    table = _sorted(table, [*(order or []), *(name for name in found if name not in (order or []))])
    write_parquet(table, parquet)
    write_tsv(table, tsv)
    return table


def write_tsv(table: pd.DataFrame, path: str | Path) -> None:
    """Write the table as TSV: six significant digits, ``NaN`` for missing numbers.

    Parameters
    ----------
    table : pandas.DataFrame
    path : str or Path
    """
    floats = table.select_dtypes("float")
    short = table.assign(**{name: _six_digits(floats[name].to_numpy()) for name in floats})
    with replacing(path) as name:
        short.to_csv(
            name,
            sep="\t",
            index=False,
            na_rep="NaN",
            lineterminator="\n",
            quoting=csv.QUOTE_MINIMAL,
            chunksize=100_000,
        )


def strongest(table: pd.DataFrame, n: int | None = None) -> pd.DataFrame:
    """Return the `n` strongest pairs that have a value and are not flagged ``fail``.

    Parameters
    ----------
    table : pandas.DataFrame
        Table as `aggregate` returns it, or a part of it.
    n : int, optional
        How many; all when left out.
    """
    good = table[np.isfinite(table["mi_bits"]) & (table["flag"] != "fail")]
    return good.sort_values("mi_bits", ascending=False, kind="stable").head(
        len(good) if n is None else n
    )


def printable(name: str, width: int | None = None) -> str:
    """Return a name that is safe on one line of a terminal or a figure.

    Control characters, line breaks included, become ``�``; names longer than `width` lose their
    middle, because related names tend to differ at their ends.
    """
    name = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    if width is None or len(name) <= width:
        return name
    head = width // 2
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"


def bits(value: float, sd: float = np.nan) -> str:
    """Return ``1.23 ± 0.04``: as many decimals (2 or 3) as the error bar deserves.

    Parameters
    ----------
    value, sd : float
        Bits. Without a finite `sd` the value stands alone.
    """
    if not np.isfinite(value):
        return DASH
    decimals = 2 if np.isfinite(sd) and sd >= 0.0095 else 3
    number = f"{value:.{decimals}f}"
    if float(number) == 0:
        number = number.lstrip("-")
    number = number.replace("-", MINUS)
    return f"{number} ± {sd:.{decimals}f}" if np.isfinite(sd) else number


def probability(value: float) -> str:
    """Return a p or q value in as few letters as tell it: ``0.21``, ``2e-4``.

    Parameters
    ----------
    value : float
    """
    if not np.isfinite(value):
        return DASH
    if value >= 0.00995 or value == 0:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def signed(lag: int) -> str:
    """Return a lag with its sign: ``+2``, ``0``, ``−1``."""
    return f"{lag:+d}".replace("-", MINUS) if lag else "0"


def top_pairs_text(
    table: pd.DataFrame, n: int = 10, files: Mapping[str, str | Path] | None = None
) -> str:
    """Return the `n` strongest pairs as text for a terminal, and where the results lie.

    Parameters
    ----------
    table : pandas.DataFrame
        Table as `aggregate` returns it; of a pair with lags the peak is shown.
    n : int
        How many pairs.
    files : dict of str to str or Path, optional
        What to name below the pairs: ``{"table": ..., "report": ...}``.

    Returns
    -------
    str
        Several lines without a final line break.
    """
    has_lags = table["lag"].any()
    table = peaks(table)
    top = strongest(table, n)
    lines = []
    if len(top):
        pairs = "pair" if len(top) == 1 else f"{len(top)} pairs"
        n_significant = int(table["significant"].sum())
        tested = table["q_value"].notna().any()
        lines.append(
            f"Strongest {pairs} of {len(table):,} (bits ± one standard deviation)"
            + (f"; {n_significant:,} significant (*)" if tested else "")
        )
        cells_of = {
            "": [str(rank) for rank in range(1, len(top) + 1)],
            "pair": [
                f"{printable(x, 28)} {DASH} {printable(y, 28)}"
                for x, y in zip(top["x"], top["y"], strict=True)
            ],
            "dataset": [printable(name, 24) for name in top["dataset"]],
            "lag": [signed(lag) for lag in top["lag"]],
            "MI": [bits(*both) for both in zip(top["mi_bits"], top["sd_bits"], strict=True)],
            "MI uncorrected": [
                bits(*both) for both in zip(top["mi_ksg_bits"], top["sd_ksg_bits"], strict=True)
            ],
            "p": [probability(value) for value in top["p_value"]],
            "q": [
                probability(value) + (" *" if sure else "  ")
                for value, sure in zip(top["q_value"], top["significant"], strict=True)
            ],
            "flag": top["flag"].tolist(),
        }
        left_out = ([] if has_lags else ["lag"]) + ([] if tested else ["p", "q"])
        columns = []
        for name, cells in cells_of.items():
            if name in left_out:
                continue
            title = "q  " if name == "q" else name
            width = max(map(len, [title, *cells]))
            to_left = name in ("pair", "dataset", "flag")
            columns.append(
                [cell.ljust(width) if to_left else cell.rjust(width) for cell in (title, *cells)]
            )
        lines += [("  " + "  ".join(cells)).rstrip() for cells in zip(*columns, strict=True)]
    else:
        lines.append(f"No pair of {len(table):,} has an estimate; the column 'reason' says why.")
    files = files or {}
    if files:
        width = max(len(name) for name in files)
        lines += ["", *(f"{name.ljust(width)}  {path}" for name, path in files.items())]
    return "\n".join(lines)
