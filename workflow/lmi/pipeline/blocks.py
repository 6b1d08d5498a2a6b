"""Blocks of variables, read for the pairs of a job, and the embedding of those pairs by preset."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmi.base.files import reading, text
from lmi.base.sizes import KEPT_VALUES
from lmi.data import intervals
from lmi.embedding import candidates as embed
from lmi.embedding import published as paper
from lmi.projection import views

log = logging.getLogger("lmi")


class _Features(Mapping):
    """The standardised features of the wanted rows of a block file, each read when asked for."""

    def __init__(self, path, rows, starts):
        self.path, self.rows, self.starts = path, rows, starts

    def __getitem__(self, row):
        if row not in self.rows:
            raise KeyError(row)
        with reading(self.path, "project") as file:
            return file["zscores"][:, self.starts[row] : self.starts[row + 1]]

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


class Block:
    """The variables of a block file; of the wanted rows the views as well.

    Parameters
    ----------
    path : str or Path
        File of `project.project`.
    wanted : callable
        From the names of the variables to the rows to read.
    """

    def __init__(self, path, wanted):
        with reading(path, "project") as file:
            self.name = text(file["name"])
            self.error = text(file["error"])
            self.n_features = file["n_features"][()]
            self.fold, self.inner = file["fold"][()], file["inner"][()]
            self.sample_row = file["sample_row"][()]
            self.strata, self.strata_names = file["strata"][()], text(file["strata_names"])
            self.kind, self.values = text(file["kind"]), {}
            self.interval = file["interval"][()] if "interval" in file else None
            self.missing, self.truth_bits = file["missing"][()], file["truth_bits"][()]
            self.attributes = dict(file.attrs)
            names, keys = text(file["feature_name"]), file["feature_key"][()]
            ends = np.cumsum(self.n_features)[:-1]
            self.features = list(zip(np.split(names, ends), np.split(keys, ends), strict=True))
            n_scores = file["n_scores"][()]
            self.views = {view: {} for view in views.VIEWS}
            rows = sorted(wanted(self.name))
            self.z = _Features(path, rows, np.concatenate([[0], np.cumsum(self.n_features)]))
            if len(self.fold) * self.n_features[rows].sum() <= KEPT_VALUES:
                self.z = dict(self.z)
            for row in rows:
                self.values[row] = file["value"][row]
                for column, view in enumerate(views.VIEWS):
                    width = n_scores[row, column]
                    self.views[view][row] = file[view][row, :, :width].astype(np.float64)


def keys_of(blocks):
    """Return the key of each block file, which says what it was made from."""
    keys = []
    for path in blocks:
        with reading(path, "project") as file:
            keys.append(file.attrs["key"])
    return keys


def of_tile(blocks, pairs):
    """Return the blocks of x and of y, with the variables of a tile's pairs; one where both are.

    Parameters
    ----------
    blocks : list of str or Path
        Files of `project.project`, those of x and of y first.
    pairs : list of (int, int)
        Rows in the two blocks.
    """
    rows_x, rows_y = {i for i, _ in pairs}, {j for _, j in pairs}
    if blocks[0] == blocks[1]:
        both = Block(blocks[0], lambda names: rows_x | rows_y)
        return both, both
    return Block(blocks[0], lambda names: rows_x), Block(blocks[1], lambda names: rows_y)


@dataclass(frozen=True)
class Side:
    """One variable of a pair.

    Attributes
    ----------
    block : Block
    row : int
        A good one.
    order : int array, shape (n_samples,), optional
        Its samples in another order: shifted in time, or planted.
    label : str
        What that order is; random draws depend on the name with it.
    """

    block: Block
    row: int
    order: np.ndarray | None = None
    label: str = ""

    @property
    def name(self):
        """Name of the variable, with the label."""
        return f"{self.block.name[self.row]}{self.label}"

    def _ordered(self, matrix):
        return matrix if self.order is None else matrix[self.order]

    @property
    def zscores(self):
        """Standardised features, shape (n_samples, n_features)."""
        return self._ordered(self.block.z[self.row])

    def prepare(self, fold, inner, narrow=False):
        """Return `embed.Variable`; with `narrow`, of half of the scores of each view."""
        made = {view: self.block.views[view][self.row] for view in views.VIEWS}
        if narrow:
            made = {view: scores[:, : -(-scores.shape[1] // 2)] for view, scores in made.items()}
        made["features"] = views.normal_scores(self.block.z[self.row]).astype(np.float32)
        made["values"] = self.block.values[self.row]
        made = {view: self._ordered(matrix) for view, matrix in made.items()}
        made["kind"] = str(self.block.kind[self.row])
        return embed.prepare(self.name, made, fold, inner)


def embed_sides(pairs, fold, inner, *, settings, seed, threads=1, narrow=False, prepared=None):
    """Embed pairs by the preset of the settings.

    Parameters
    ----------
    pairs : list of (Side, Side)
        The same object for the same variable: it is prepared once.
    fold, inner : int arrays, shape (n_samples,)
        From `split.folds`; the default preset alone uses them.
    settings : dict
        The config's section `embed`.
    seed : int
    threads : int
    narrow : bool
        Default preset: half of the scores of each view.
    prepared : dict, optional
        Keeps the prepared sides, for more pairs of the same ones on the same folds.

    Returns
    -------
    list of embed.Embedding, or of Exception for a pair that failed
    """
    if settings["preset"] == "ksg":
        return [embed.embed_nothing(x.zscores, y.zscores) for x, y in pairs]
    if settings["preset"] == "paper":
        options = paper.Settings(**settings["paper"])
        return [
            embed.embed_paper(
                x.zscores, y.zscores, settings=options, seed=seed, names=(x.name, y.name)
            )
            for x, y in pairs
        ]
    prepared = {} if prepared is None else prepared
    for side in (side for pair in pairs for side in pair):
        if id(side) not in prepared:
            prepared[id(side)] = side.prepare(fold, inner, narrow)
    return embed.embed_pairs(
        [(prepared[id(x)], prepared[id(y)]) for x, y in pairs],
        fold,
        inner,
        settings=settings,
        seed=seed,
        threads=threads,
        exchangeable=not any(
            side.block.attributes["time_series"] or len(side.block.strata_names)
            for side in pairs[0]
        )
        if pairs
        else False,
        times=intervals.times(len(fold), pairs[0][0].block.interval)
        if pairs and pairs[0][0].block.attributes["time_series"]
        else None,
        tell=lambda line: log.info("%s of %d pairs", line, len(pairs)),
    )
