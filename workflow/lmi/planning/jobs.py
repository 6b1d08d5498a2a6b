"""The jobs of a run: the inputs and params of each, and the resources that it asks for.

What a rule shows Snakemake is an attribute here, and what grows with the attempt a method.
"""

import functools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmi.base import memory
from lmi.benchmarks import peers
from lmi.benchmarks import plan as bench
from lmi.data import formats
from lmi.data.file_overview import VALUES_AT_ONCE
from lmi.planning import costs
from lmi.planning.datasets import DatasetPlan, Settings, in_order, tasks_of

MAX_THREADS = 4
SECONDS_A_THREAD = 600
"""A job on a tile gets a thread for each ten minutes that one would take."""


class CostedJob(ABC):
    """A job whose cost is expected: what it asks for, see `lmi.planning.costs`."""

    @abstractmethod
    def cost(self, threads: int = 1) -> dict[str, float]:
        """Return the expected cost: seconds, memory_mb, disk_mb."""

    def read_whole(self) -> list[str]:
        """Return the files that the job reads whole, which takes a few times their size."""
        return []

    @property
    def expected_s(self) -> int:
        """Seconds that it should take."""
        return math.ceil(self.cost()["seconds"])

    @property
    def expected_mb(self) -> int:
        """MB on disk that it should take."""
        return math.ceil(self.cost()["disk_mb"])

    def mem_mb(self, attempt: int, threads: int) -> int:
        """Return the memory: half as much again as expected, and more each attempt."""
        needed = 300 + memory.HEADROOM * self.cost(threads)["memory_mb"]
        needed += 6 * sum(Path(path).stat().st_size for path in self.read_whole()) / 1e6
        return int(needed) * attempt

    def runtime(self, attempt: int, threads: int) -> int:
        """Return the minutes: five times as long as expected, and more each attempt."""
        return (10 + math.ceil(self.cost()["seconds"] / 12)) * attempt


@dataclass(frozen=True)
class StageJob(CostedJob):
    """A job of project, embed or estimate.

    Attributes
    ----------
    stage : str
    dataset : DatasetPlan
    blocks : tuple of int
        The block of a job of project, the blocks x and y of the others.
    """

    stage: str
    dataset: DatasetPlan
    blocks: tuple[int, ...]

    @property
    def settings(self) -> Settings:
        """Of its stage."""
        return self.dataset.settings(self.stage)

    @property
    def seed(self) -> int:
        """Of its dataset."""
        return self.dataset.seed

    @property
    def sources(self) -> list[str]:
        """The data files of a block."""
        return self.dataset.sources(self.blocks[0])

    @property
    def contents(self) -> dict[str, str]:
        """The user's data files of its dataset, by what they hold."""
        return self.dataset.contents

    def read_whole(self) -> list[str]:
        """Return the files that the job reads whole, which takes a few times their size."""
        return _held_whole(self.data, self.sources) if self.stage == "project" else []

    @property
    def data(self) -> Settings:
        """What the data of a block are."""
        return self.dataset.data(self.blocks[0])

    @property
    def variables(self) -> list[Settings]:
        """The variables of a block, JSON-like."""
        return [variable.to_params() for variable in self.dataset.blocks[self.blocks[0]]]

    @property
    def x(self) -> str:
        """The file of the block of x."""
        return self.dataset.block_file(self.blocks[0])

    @property
    def y(self) -> str:
        """The file of the block of y."""
        return self.dataset.block_file(self.blocks[-1])

    @property
    def names(self) -> list[list[str]]:
        """The variables of the blocks of x and of y."""
        return [self.dataset.names(block) for block in (self.blocks[0], self.blocks[-1])]

    @property
    def pairs(self) -> list[list[int]]:
        """The pairs of a tile: row in block x, row in block y."""
        return list(map(list, self.dataset.list_pairs(*self.blocks)))

    @property
    def lags(self) -> list[int]:
        """The lags at which the pairs are estimated."""
        return self.dataset.lags

    @property
    def asked_blocks(self) -> list[str]:
        """The blocks of x, y and of the variable that is given, for what is asked of them.

        None without `given`, `compare` and `transfer`: estimates are made of embeddings alone.
        """
        given, own = self.dataset.given or {}, self.dataset
        if own.given is own.compare is own.transfer is None:
            return []
        paths = [self.x, self.y]
        if "variable" in given:
            paths.append(self.dataset.block_file(self.dataset.block_of(given["variable"])))
        return paths

    @property
    def group_files(self) -> list[str]:
        """The files with the labels of the groups that are compared."""
        return groups_of(self.dataset)

    @property
    def given(self) -> Settings | None:
        """What the conditional estimate needs beside the files; None without `given`."""
        given = self.dataset.given
        if given is None:
            return None
        return {
            "pairs": self.pairs,
            "variable": given.get("variable"),
            "settings": self.dataset.settings("embed"),
        }

    @property
    def compare(self) -> Settings | None:
        """What the comparison of groups needs beside the files; None without `compare`."""
        if self.dataset.compare is None:
            return None
        return {
            "pairs": self.pairs,
            "data": self.data | {"compare": in_order(self.dataset.compare)},
            "settings": self.dataset.settings("embed"),
        }

    @property
    def transfer(self) -> Settings | None:
        """What transfer needs beside the files; None without `transfer`."""
        if self.dataset.transfer is None:
            return None
        return {
            "pairs": self.pairs,
            "variable": (self.dataset.given or {}).get("variable"),
            "lags": sorted(self.dataset.transfer["lags"]),
            "history": self.dataset.transfer["history"],
            "settings": self.dataset.settings("embed"),
        }

    @property
    def keep_pointwise(self) -> bool:
        """Whether the estimates keep pointwise values."""
        return self.dataset.keep_pointwise

    @property
    def sizes(self) -> dict[str, int]:
        """Its sizes, as `lmi.planning.costs` takes them."""
        of_blocks = self.dataset.blocks
        return {
            "n_samples": self.dataset.n_samples,
            "n_features": self.dataset.n_features,
            "n_variables": sum(len(of_blocks[block]) for block in set(self.blocks)),
            "n_pairs": 0 if self.stage == "project" else self.dataset.n_rows(*self.blocks),
        }

    def cost(self, threads: int = 1) -> dict[str, float]:
        """Return the expected cost: seconds, memory_mb, disk_mb."""
        if self.stage == "embed":
            return costs.embed(self.settings, threads, self.dataset.is_narrow, **self.sizes)
        if self.stage == "estimate":
            own = self.dataset
            kinds = own.is_narrow, self.keep_pointwise, own.in_time
            cost = costs.estimate(*kinds, threads, **self.sizes)
            for asked, more in (
                (own.given, costs.conditional),
                (own.compare, costs.comparison),
                (own.transfer, functools.partial(costs.transfer, asked=own.transfer)),
            ):
                if asked is not None:
                    cost = costs.added(cost, more(**self.sizes))
            return cost
        return costs.of("project", **self.sizes)

    @property
    def threads(self) -> int:
        """Threads, the more the longer one would take; the preset paper trains with one."""
        if self.dataset.settings("embed")["preset"] == "paper":
            return 1
        return min(MAX_THREADS, 1 + int(self.cost()["seconds"] // SECONDS_A_THREAD))


def groups_of(dataset: DatasetPlan) -> list[str]:
    """Return the files with the labels of the groups that a dataset compares; none without."""
    if dataset.compare is None:
        return []
    table = dataset.compare.get("table")
    return [table] if table else dataset.sources(0)


def _held_whole(data: Settings, sources: list[str]) -> list[str]:
    """Return the source files of a dataset that are held in memory as a whole."""
    if "spikes" in data or data.get("transpose"):
        return sources
    return [path for path in sources if formats.read_whole(path)]


@dataclass(frozen=True)
class DescribeJob(CostedJob):
    """A job that reads a dataset and says what there is in it.

    Attributes
    ----------
    dataset : DatasetPlan
    data : dict
        The dataset of the config, without what says which pairs are estimated.
    missing : str
        The config's `project.missing`.
    """

    dataset: DatasetPlan
    data: Settings
    missing: str

    @property
    def seed(self) -> int:
        """Of its dataset, where samples are drawn; else 0, so that another one reruns nothing."""
        return self.dataset.seed if {"downsample", "pairing"} & self.data.keys() else 0

    @property
    def sources(self) -> list[str]:
        """The data files of its dataset."""
        return list(dict.fromkeys([*self.dataset.sources(0), *groups_of(self.dataset)]))

    @property
    def contents(self) -> dict[str, str]:
        """The same, by what they hold."""
        return self.dataset.contents

    def read_whole(self) -> list[str]:
        """Return the files that the job reads whole, which takes a few times their size."""
        return _held_whole(self.data, self.sources)

    def cost(self, threads: int = 1) -> dict[str, float]:
        """Return the expected cost: seconds, memory_mb, disk_mb."""
        n_bytes = sum(Path(path).stat().st_size for path in self.sources)
        # a part of a matrix at a time, its mask and its hashes
        at_once = 32e-6 * min(4 * n_bytes, VALUES_AT_ONCE)
        return {"seconds": 1 + n_bytes / 2e7, "memory_mb": 250 + at_once, "disk_mb": 0.1}


@dataclass(frozen=True)
class TableJob(CostedJob):
    """A job of collect, aggregate, report, export or run_record: tables of many tiles.

    Attributes
    ----------
    stage : str
    tiles : list of (DatasetPlan, int, int)
    """

    stage: str
    tiles: list[tuple[DatasetPlan, int, int]]

    @property
    def estimates(self) -> list[str]:
        """The estimate files of its tiles."""
        return [dataset.estimate_file(x, y) for dataset, x, y in self.tiles]

    @property
    def names(self) -> Settings:
        """The variables of the blocks of its tiles, and each tile's two blocks."""
        dataset = self.tiles[0][0]
        tiles = [[str(x), str(y)] for _, x, y in self.tiles]
        used = sorted({int(block) for tile in tiles for block in tile})
        return {"tiles": tiles, "blocks": {str(block): dataset.names(block) for block in used}}

    def cost(self, threads: int = 1) -> dict[str, float]:
        """Return the expected cost: seconds, memory_mb, disk_mb."""
        n_rows = sum(dataset.n_rows(x, y) for dataset, x, y in self.tiles)
        return costs.of(self.stage, n_rows=n_rows)


@dataclass(frozen=True)
class CalibrationJob:
    """Known information planted in a dataset.

    Attributes
    ----------
    dataset : DatasetPlan
    settings, project : dict
        Of these sections of the config.
    pairs : list of [str, str]
        Names of the variables in which information is planted.
    numbers : list of int
        The blocks that hold them.
    """

    dataset: DatasetPlan
    settings: Settings
    project: Settings
    pairs: list[list[str]]
    numbers: list[int]

    @property
    def seed(self) -> int:
        """Of its dataset."""
        return self.dataset.seed

    @property
    def blocks(self) -> list[str]:
        """The block files with its variables."""
        return [self.dataset.block_file(block) for block in self.numbers]

    def mem_mb(self, attempt: int, threads: int) -> int:
        """Return the memory: the libraries, and for each thread a pair's levels."""
        n_values = self.dataset.n_samples * self.project["n_components"]
        variables = len(self.pairs) + threads * len(self.settings["levels_bits"])
        return int(1500 + variables * n_values * 1e-4) * attempt


@dataclass(frozen=True)
class FunctionPlan:
    """An estimator of the benchmark that is a function, on data that the benchmark draws.

    Attributes
    ----------
    folder : str
        Of its results.
    data, job : dict
        From `lmi.benchmarks.plan.plan`.
    """

    folder: str
    data: Settings
    job: Settings

    def tables(self) -> list[str]:
        """Return the tables of its jobs, one a block."""
        blocks = bench.used_blocks(self.data, self.job)
        return [f"{self.folder}/block-{block:03d}.tsv" for block in blocks]


@dataclass(frozen=True)
class FunctionJob:
    """A job of such an estimator.

    Attributes
    ----------
    function : FunctionPlan
    block : int
    """

    function: FunctionPlan
    block: int

    @property
    def estimator(self) -> str:
        """Its name."""
        return self.function.job["estimator"]

    @property
    def settings(self) -> Settings:
        """Of the function."""
        return in_order(self.function.job["settings"])

    @property
    def tasks(self) -> Settings:
        """The cells of the block that it estimates, as tasks."""
        return tasks_of(self.function.data, self.block, self.function.job["cells"])

    @property
    def sources(self) -> list[str]:
        """The data files that these cells need."""
        return bench.resources(self.function.data["cells"][cell] for cell in self.tasks)

    @property
    def environment(self) -> str | list[Any]:
        """What tells that the environment of the function is there, if it needs one."""
        return bench.stamp_of(self.function.job)

    def mem_mb(self, attempt: int, threads: int) -> int:
        """Return the memory: the libraries, and the widest cell of the block many times over."""
        cells = [self.function.data["cells"][c] for c in self.function.data["blocks"][self.block]]
        widest = max(cell["n_samples"] * cell["width"] for cell in cells)
        return int(2000 + 1e-4 * widest) * attempt

    def runtime(self, attempt: int, threads: int) -> int:
        """Return the minutes: four hours, or what released packages may take."""
        longest_s = len(self.tasks) * peers.TIMEOUT_S
        return max(240, 30 + math.ceil(longest_s / 60)) * attempt
