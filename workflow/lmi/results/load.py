"""A finished run, read back: `lmi.load("results/demo")`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmi.base.errors import InputError
from lmi.base.messages import some, suggest
from lmi.results import direct, matrices, names, pairs, parquet, targets
from lmi.results.columns import COLUMNS
from lmi.results.listing import TABLE

if TYPE_CHECKING:
    import anndata
    import mudata
    import networkx

    from lmi.model.fitted import Model


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A finished run: its table, and its files by names of samples and variables.

    Where a run has one dataset, `dataset` may be left out everywhere.

    Attributes
    ----------
    folder : Path
    table : pandas.DataFrame
        A row a pair and lag; the columns of `mi.tsv`, in full precision.
    """

    folder: Path
    table: pd.DataFrame

    def __repr__(self) -> str:
        n_pairs = f"{len(self.table):,} rows"
        return f"<lmi.Run {self.folder}: {n_pairs}, datasets: {some(self.datasets)}>"

    def _repr_html_(self) -> str:
        from html import escape

        from lmi.results.table import strongest

        shown = ["dataset", "x", "y", "lag", "mi_bits", "sd_bits", "q_value", "flag"]
        top = strongest(self.table, 10)[shown].to_html(index=False, escape=True)
        return f"<p>{escape(repr(self))}; the strongest:</p>{top}"

    def to_dict(self) -> dict[str, Any]:
        """Return the folder and the rows of the table as plain Python values."""
        return {"folder": str(self.folder), "table": self.table.to_dict("records")}

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets, in the order of the config."""
        return list(dict.fromkeys(self.table["dataset"]))

    # ---- names

    def _dataset(self, dataset: str | None) -> str:
        if dataset is None and len(self.datasets) == 1:
            return self.datasets[0]
        if dataset not in self.datasets:
            found = "none" if dataset is None else f"'{dataset}'{suggest(dataset, self.datasets)}"
            raise InputError(
                f"dataset: expected one of {some(self.datasets, 20)} of the run {self.folder}, "
                f"found {found}."
            )
        return dataset

    def _rows(self, dataset: str) -> pd.DataFrame:
        return self.table[self.table["dataset"] == dataset]

    @functools.cache  # noqa: B019 - a run is read once
    def _places(self, dataset: str) -> dict[str, names.Block]:
        """Return the block of each variable that the table has, in their order."""
        rows = self._rows(dataset)
        used = {*rows["x"], *rows["y"]}
        block_of: dict[str, names.Block] = {}
        for block in names.blocks(self.folder / dataset):
            for name in block.variables:
                if name in used:
                    block_of.setdefault(name, block)
        if absent := used - block_of.keys():
            raise InputError(
                f"{self.folder / dataset / 'variables'}: expected the variables of the table, "
                f"found no {some(sorted(absent), 3)}. Run the same command again: what is missing "
                "is made anew"
            )
        return block_of

    def variables(self, dataset: str | None = None) -> list[str]:
        """Return the names of the variables of a dataset, in the order of the config."""
        return list(self._places(self._dataset(dataset)))

    def features(self, dataset: str | None = None) -> dict[str, tuple[str, ...]]:
        """Return the features that each variable was made of: members of gene sets, say."""
        places = self._places(self._dataset(dataset))
        return {name: block.features[name] for name, block in places.items()}

    def dropped_features(self, dataset: str | None = None) -> pd.DataFrame:
        """Return the features that were left out: variable, feature, reason."""
        places = self._places(self._dataset(dataset))
        every = {block.number: block for block in places.values()}
        parts = [block.dropped[block.dropped["variable"].isin(places)] for block in every.values()]
        return pd.concat(parts, ignore_index=True)

    @functools.cache  # noqa: B019 - a run is read once
    def _samples(self, dataset: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        return names.samples(self.folder / dataset)

    def samples(self, dataset: str | None = None) -> pd.DataFrame:
        """Return the samples by name: row in the first source, fold, stratum where it has any."""
        return self._samples(self._dataset(dataset))[0].copy()

    def dropped_samples(self, dataset: str | None = None) -> pd.DataFrame:
        """Return the samples that were left out: sample, reason."""
        return self._samples(self._dataset(dataset))[1].copy()

    # ---- numbers

    def matrix(
        self, column: str = "mi_bits", dataset: str | None = None, lag: int | None = None
    ) -> pd.DataFrame:
        """Return a column of the table as a square matrix, by the names of the variables.

        Parameters
        ----------
        column : str
            mi_bits, q_value, flag, or another column of pairs.
        dataset : str, optional
        lag : int, optional
            None takes of each pair the lag with the largest mi_bits; otherwise rows are x, and
            columns y, `lag` samples later.
        """
        dataset = self._dataset(dataset)
        return matrices.square(self._rows(dataset), column, self.variables(dataset), lag)

    def edges(self, q: float = 0.05, dataset: str | None = None) -> pd.DataFrame:
        """Return the pairs with a q value of at most `q`, and whether each is direct.

        Of a pair with lags, the one with the largest mi_bits counts. By the data processing
        inequality (`direct_dpi`) every edge is judged; by conditional information
        (`direct_conditional`) those that the run was to ask about (`direct` in its config), which
        are significant at its `report.fdr`.

        Parameters
        ----------
        q : float
        dataset : str, optional

        Returns
        -------
        pandas.DataFrame
            The columns of `network.tsv`; no rows where the dataset has no q values.
        """
        dataset = self._dataset(dataset)
        return direct.of_dataset(self.folder / dataset, self._rows(dataset), q)

    def targets(self, dataset: str | None = None) -> pd.DataFrame | None:
        """Return which variables tell of the target of a dataset, and what each adds.

        Returns
        -------
        pandas.DataFrame or None
            The columns of `targets.tsv`; None where nothing was selected by its pairs.
        """
        dataset = self._dataset(dataset)
        return targets.read(self.folder / dataset / "selection.h5", self._rows(dataset))

    def network(
        self,
        q: float = 0.05,
        dataset: str | None = None,
        untested: str = "error",
        direct_by: str | None = None,
    ) -> networkx.Graph:
        """Return the pairs with a q value of at most `q` as a graph.

        Edges have the columns of `edges`; nodes n_features. Of a pair with lags, the one with the
        largest mi_bits counts.

        Parameters
        ----------
        q : float
        dataset : str, optional
        untested : str
            What follows where the dataset has no q value: an error, or a graph without edges
            (empty).
        direct_by : str, optional
            Direct edges alone: dpi, by the data processing inequality; conditional, those that no
            third variable explains.

        Raises
        ------
        InputError
            The dataset has no q values, or its triangles were not asked about.
        """
        dataset = self._dataset(dataset)
        if untested == "error" and not self._rows(dataset)["q_value"].notna().any():
            raise InputError(
                f"{self.folder}: expected q values, found none for the dataset '{dataset}'. Set "
                "estimate.permutations.max above 0 and run the same command again"
            )
        edges = self.edges(q, dataset)
        if direct_by is not None:
            edges = edges[self._is_direct(edges, dataset, direct_by)]
        graph = matrices.network(
            edges, self.variables(dataset), q=q, dataset=dataset, run=self.folder.name
        )
        for name, features in self.features(dataset).items():
            graph.nodes[name]["n_features"] = len(features)
        return graph

    def _is_direct(self, edges: pd.DataFrame, dataset: str, direct_by: str) -> pd.Series:
        """Return which edges are direct by one of the two ways."""
        if direct_by == "dpi":
            return edges["direct_dpi"]
        if direct_by != "conditional":
            raise InputError(f"direct_by: expected dpi or conditional, found {direct_by!r}.")
        if (edges["direct_conditional"] == direct.NOT_ASKED).any():
            raise InputError(
                f"{self.folder}: expected answers for the triangles of the dataset '{dataset}', "
                "found none. Give the dataset the key `direct` and run the same command again"
            )
        return edges["direct_conditional"] == direct.YES

    def transfer_network(self, q: float = 0.05, dataset: str | None = None) -> networkx.DiGraph:
        """Return the directions of transfer with a q value of at most `q` as a directed graph.

        Edges run from source to target and have transfer_bits, sd_bits, q_value and lag, the one
        that tells most by itself; nodes are the variables.

        Parameters
        ----------
        q : float
        dataset : str, optional
            One with the key `transfer` in the config; of others there are no edges.
        """
        dataset = self._dataset(dataset)
        return matrices.transfer_network(
            self._rows(dataset), self.variables(dataset), q, dataset=dataset, run=self.folder.name
        )

    def _place(self, dataset: str, x: str, y: str, lag: int) -> pairs.Place:
        """Return where a pair lies."""
        places = self._places(dataset)
        for name, argument in ((x, "x"), (y, "y")):
            if name not in places:
                raise InputError(
                    f"{argument}: expected a variable of the dataset '{dataset}', found "
                    f"'{name}'{suggest(name, places)}. It has {some(places)}."
                )
        numbers = places[x].number, places[y].number
        return pairs.find(self.folder / dataset, self._rows(dataset), x, y, lag, numbers)

    def pointwise(
        self, dataset: str | None = None, x: str = "", y: str = "", lag: int = 0
    ) -> pd.Series:
        """Return the pointwise mutual information of a pair, bits, by sample name.

        Its mean is `mi_bits`. At a lag the sample is that of x; samples without a partner are NaN.

        Raises
        ------
        InputError
            No such dataset, variable or pair; pointwise values that were not kept.
        """
        dataset = self._dataset(dataset)
        values = pairs.pointwise(self._place(dataset, x, y, lag))
        index = self._index(dataset, len(values))
        return pd.Series(values, index=index, name="pointwise_bits")

    def embedding(
        self, dataset: str | None = None, x: str = "", y: str = "", lag: int = 0
    ) -> pairs.Coordinates:
        """Return the latent coordinates of a pair, by sample name: `.x` and `.y`.

        Each sample is encoded by an encoder that was not trained on it, where there is one.

        Raises
        ------
        InputError
            No such dataset, variable or pair; embeddings that were not kept.
        """
        dataset = self._dataset(dataset)
        place = self._place(dataset, x, y, lag)
        sides = pairs.coordinates(place)
        index = self._index(dataset, len(sides[0]))
        frames = [
            pd.DataFrame(z, index=index, columns=[f"axis{i}" for i in range(z.shape[1])])
            for z in (sides[::-1] if place.exchanged else sides)
        ]
        return pairs.Coordinates(*frames)

    def model(self, dataset: str | None = None, x: str = "", y: str = "") -> Model:
        """Return the encoders of a pair, for new samples: see `lmi.Model`.

        Samples of the run are known by their values, to the last digit that the data have.

        Raises
        ------
        InputError
            No such dataset, variable or pair; pairs at lags; what was not kept.
        """
        from lmi.results.embeddings import pair_model

        dataset = self._dataset(dataset)
        place = self._place(dataset, x, y, 0)
        first, second = (y, x) if place.exchanged else (x, y)
        if place.exchanged:
            raise InputError(
                f"x, y: expected the pair as the table has it, x = '{first}' and y = '{second}', "
                "found the other way round: a model has sides."
            )
        blocks = self._places(dataset)
        paths = [
            self.folder / dataset / "variables" / f"block-{blocks[name].number:03d}.h5"
            for name in (x, y)
        ]
        return pair_model(place, list(zip(paths, (x, y), strict=True)))

    def _index(self, dataset: str, n_samples: int) -> pd.Index:
        index = self._samples(dataset)[0].index
        if len(index) != n_samples:
            raise InputError(
                f"{self.folder / dataset}: expected {n_samples} sample names, as the pair has "
                f"samples, found {len(index)}. The run is not finished: run the same command again"
            )
        return index

    # ---- other libraries

    def to_anndata(
        self,
        source: str | Path | anndata.AnnData,
        dataset: str | None = None,
        of: Sequence[tuple[str, str]] = (),
    ) -> anndata.AnnData:
        """Return a copy of an AnnData object with the results of a dataset; see `annotate`.

        Parameters
        ----------
        source : str, Path or AnnData
            The data, or where they lie; joined by `obs_names`.
        dataset : str, optional
        of : sequence of (x, y), optional
            Whose pointwise values (`obs`) and embeddings (`obsm`) are added.
        """
        from lmi.results.annotate import annotated

        return annotated(self, source, self._dataset(dataset), of)

    def to_mudata(
        self,
        source: str | Path | mudata.MuData,
        dataset: str | None = None,
        of: Sequence[tuple[str, str]] = (),
    ) -> mudata.MuData:
        """Return a copy of a MuData object with the results, as `to_anndata` does.

        What belongs to samples stands in the `obs` and `obsm` that the modalities share.
        """
        from lmi.results.annotate import annotated_mudata

        return annotated_mudata(self, source, self._dataset(dataset), of)


def load(folder: str | Path) -> Run:
    """Read a finished run back, by names of samples and variables.

    Parameters
    ----------
    folder : str or Path
        `results/<run>`.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The folder is no finished run, or one of another version.

    Examples
    --------
    >>> import lmi
    >>> run = lmi.load("results/tiny")
    >>> run.datasets
    ['cells', 'recording']
    >>> run.matrix("mi_bits", "cells").shape
    (3, 3)
    >>> run.pointwise("recording", "f0", "f1", lag=1).index.name
    'sample'
    >>> run.network(q=1e-4, dataset="cells").number_of_edges()
    1
    """
    folder = Path(folder)
    table = folder / TABLE
    if not table.exists():
        raise InputError(_no_run(folder))
    rows = parquet.read(table)
    if absent := [name for name in COLUMNS if name not in rows]:
        raise InputError(
            f"{table}: expected the columns of this version, found no {some(absent)}: the run was "
            "made by another version of lmi-workflow. Run the same command again"
        )
    return Run(folder, rows)


def _no_run(folder: Path) -> str:
    """Return why a folder is no run, and which ones lie near it."""
    near = folder if folder.is_dir() else folder.parent
    runs = sorted(str(path.parent) for path in near.glob(f"*/{TABLE}")) if near.is_dir() else []
    hint = suggest(folder, runs) or (f" Finished runs there: {some(runs)}." if runs else "")
    what = f"no file {TABLE} in it" if folder.is_dir() else "no such folder"
    return (
        f"{folder}: expected the folder of a finished run, results/<run>, found {what}.{hint} "
        "Where it was stopped, run the same command again: it goes on"
    )
