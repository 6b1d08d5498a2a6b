"""What a run does with one dataset: its blocks, tiles, data, settings and sizes.

The datasets of the config, those that the benchmark draws and those that it estimates are one
kind, `DatasetPlan`: a builder for each knows what is particular about them, and nothing else does.
Whatever takes reading a header is a function, called when it is asked for.
"""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lmi.base.paths import fingerprint
from lmi.benchmarks import plan as bench
from lmi.data.label_variables import label_places
from lmi.data.sources import data_files
from lmi.data.variable import Variable
from lmi.data.variables import count_features, count_samples, list_variables
from lmi.planning import costs, tiles
from lmi.planning.schema import defaults

Settings = dict[str, Any]
"""JSON-like, with text as keys."""

UNKNOWN_SAMPLES = 10_000
"""Taken for the size of a large text file, whose rows nobody has counted."""
TRIANGLES_PER_JOB = 250
"""Triangles asked about in a job: some minutes."""
WITHOUT_STATISTICS = {"error_bars": False, "permutations": {"max": 0}}
"""Settings of the stage estimate in the benchmark: its pairs have truths, and it shows values."""


@dataclass(frozen=True, eq=False)
class DatasetPlan:
    """A dataset, and what the rules project, embed and estimate do with it.

    Attributes
    ----------
    name : str
    folder : str
        Of its results.
    projected : str
        Folder of the dataset whose blocks it embeds: its own, but for runs of the benchmark.
    seed : int
    lags : list of int
        At which pairs are estimated.
    find_keep_pointwise : function
        Behind `keep_pointwise`.
    settings : function
        Stage -> its settings.
    data : function
        Block -> what its data are. Of the variables and pairs each job gets its own share:
        adding one leaves the others alone.
    sources : function
        Block -> the data files that it is read from.
    find_contents : function
        Behind `contents`.
    list_blocks, list_tiles : function
        Behind `blocks` and `tiles`.
    list_pairs : function
        Tile (x, y) -> its pairs, as row in block x and row in block y.
    find_n_samples, find_n_features : function
        Behind `n_samples` and `n_features`.
    find_n_pairs : function
        Behind `n_pairs`.
    given : dict, optional
        What the dataset conditions on.
    asks : dict
        Its keys `direct` and `select`, where it has them.
    target : str
        The variable of which `select` asks what others tell.
    compare, transfer : dict, optional
        These sections of the config.
    """

    name: str
    folder: str
    projected: str
    seed: int
    lags: list[int]
    find_keep_pointwise: Callable[[], bool]
    settings: Callable[[str], Settings]
    data: Callable[[int], Settings]
    sources: Callable[[int], list[str]]
    find_contents: Callable[[], dict[str, str]]
    list_blocks: Callable[[], list[list[Variable]]]
    list_tiles: Callable[[], list[tuple[int, int]]]
    list_pairs: Callable[[int, int], list[tuple[int, int]]]
    find_n_samples: Callable[[], int]
    find_n_features: Callable[[], int]
    find_n_pairs: Callable[[], int]
    given: Settings | None = None
    asks: Settings = field(default_factory=dict)
    target: str = ""
    compare: Settings | None = None
    transfer: Settings | None = None

    @functools.cached_property
    def blocks(self) -> list[list[Variable]]:
        """Its variables, in blocks."""
        return self.list_blocks()

    @functools.cached_property
    def tiles(self) -> list[tuple[int, int]]:
        """The pairs of blocks that hold a pair of variables."""
        return self.list_tiles()

    @functools.cached_property
    def variables(self) -> list[Variable]:
        """Its variables, in order."""
        return [variable for block in self.blocks for variable in block]

    @functools.cached_property
    def contents(self) -> dict[str, str]:
        """The user's data files by what they hold: a file of an old date may be another one."""
        return self.find_contents()

    @functools.cached_property
    def n_samples(self) -> int:
        """Number of samples, or a guess where headers do not tell."""
        return self.find_n_samples()

    @functools.cached_property
    def n_features(self) -> int:
        """Number of features of the widest variable."""
        return self.find_n_features()

    @functools.cached_property
    def n_pairs(self) -> int:
        """Number of pairs, counted once for all lags."""
        return self.find_n_pairs()

    @functools.cached_property
    def in_time(self) -> bool:
        """Whether its samples are consecutive in time."""
        return bool("spikes" in self.data(0) or self.data(0).get("time_series"))

    @functools.cached_property
    def is_narrow(self) -> bool:
        """Whether its variables are single features of exchangeable samples: cheap pairs."""
        settings, in_order = self.settings("embed"), self.in_time or "strata" in self.data(0)
        learned = settings["preset"] != "default" or settings["train"] == "always"
        return self.n_features == 1 and not in_order and not learned

    @functools.cached_property
    def keep_pointwise(self) -> bool:
        """Whether its estimates keep one value a sample."""
        return self.find_keep_pointwise()

    @functools.cached_property
    def n_parts(self) -> int:
        """Number of parts in which its estimates are joined."""
        return -(-len(self.tiles) // tiles.TILES_PER_PART)

    @functools.cache  # noqa: B019 - a run has one plan
    def n_rows(self, x: int, y: int) -> int:
        """Return the number of rows of a tile's table: pairs, at each of their lags."""
        return len(self.lags) * len(self.list_pairs(x, y))

    def part(self, number: int) -> list[tuple[int, int]]:
        """Return the tiles whose estimates are joined in one part."""
        first = number * tiles.TILES_PER_PART
        return self.tiles[first : first + tiles.TILES_PER_PART]

    def block_file(self, block: int) -> str:
        """Return the file of a block of the data."""
        return f"{self.projected}/variables/block-{block:03d}.h5"

    def names(self, block: int) -> list[str]:
        """Return the names of the variables of a block."""
        return [variable.name for variable in self.blocks[block]]

    def block_of(self, name: str) -> int:
        """Return the block that holds a variable."""
        return next(
            number
            for number, block in enumerate(self.blocks)
            if any(variable.name == name for variable in block)
        )

    def estimate_file(self, x: int, y: int) -> str:
        """Return the file with the estimates of a tile."""
        return f"{self.folder}/estimates/tile-{x:03d}-{y:03d}.h5"

    def estimate_files(self) -> list[str]:
        """Return the files with its estimates, one a tile."""
        return [self.estimate_file(x, y) for x, y in self.tiles]

    def block_files(self) -> list[str]:
        """Return the blocks with the variables of its pairs."""
        return [
            self.block_file(block) for block in sorted({one for tile in self.tiles for one in tile})
        ]

    @functools.cached_property
    def n_triangles(self) -> int:
        """Most triangles of significant pairs that are asked about; 0 where none is."""
        if "direct" not in self.asks:
            return 0
        possible = self.n_pairs * (len(self.variables) - 2)
        return min(self.asks["direct"]["max_triangles"], possible)

    def direct_files(self) -> list[str]:
        """Return the files with what was asked of its triangles, one a job."""
        if "direct" not in self.asks:
            return []
        n_parts = max(1, -(-self.n_triangles // TRIANGLES_PER_JOB))
        return [f"{self.folder}/direct/part-{part:03d}.h5" for part in range(n_parts)]

    def selection_files(self) -> list[str]:
        """Return the file with the variables that tell of its target, if it has one."""
        return [f"{self.folder}/selection.h5"] if "select" in self.asks else []

    def part_files(self) -> list[str]:
        """Return the files of its parts."""
        return [f"{self.folder}/parts/part-{part:03d}.h5" for part in range(self.n_parts)]


def in_order(settings: Settings) -> Settings:
    """Return settings with their keys in alphabetical order, as params show them.

    Moving lines in config.yaml then reruns nothing. Where order matters (datasets, variables),
    the config itself is used.
    """
    return json.loads(json.dumps(settings, sort_keys=True))


def of_config(config: Settings, settings: Settings, results: str) -> Iterator[DatasetPlan]:
    """Plan the datasets of the config.

    Parameters
    ----------
    config : dict
        Validated.
    settings : dict
        The same, `in_order`.
    results : str
        Folder of the run.
    """
    plans: list[DatasetPlan] = []
    kept = functools.cache(lambda: keep(config["keep"], plans))
    for name, dataset in config["datasets"].items():
        plans.append(_of_user(name, dataset, config, settings, f"{results}/{name}", kept))
    yield from plans


OF_PAIRS = ("pairs", "lags", "transfer", "direct", "select")
"""Keys of a dataset that say what becomes of its pairs, and nothing of its data."""
KEEP_MB = 1000
"""Most that embeddings, and pointwise values, of a run take where `keep` is auto."""


def keep(settings: Settings, plans: list[DatasetPlan]) -> dict[str, bool]:
    """Choose what a run keeps.

    Parameters
    ----------
    settings : dict
        The config's section `keep`.
    plans : list of DatasetPlan
        Those of the config.

    Returns
    -------
    dict of str to bool
        embeddings, pointwise.
    """
    kept = {}
    for what, wanted in settings.items():
        if wanted == "auto":
            wanted = kept_mb(what, plans) <= KEEP_MB
        kept[what] = wanted
    return kept


def kept_mb(what: str, plans: list[DatasetPlan]) -> float:
    """Return what embeddings or pointwise values of datasets take on disk, MB."""
    return sum(
        costs.kept_mb(
            what,
            plan.is_narrow,
            n_samples=plan.n_samples,
            n_features=plan.n_features,
            n_variables=0,
            n_pairs=plan.n_pairs * len(plan.lags),
        )
        for plan in plans
    )


def _of_user(name, dataset, config, settings, folder, kept):
    variables = functools.cache(lambda: list_variables(dataset))
    n_samples = functools.cache(lambda: count_samples(dataset) or UNKNOWN_SAMPLES)
    n_features = functools.cache(lambda: count_features(dataset, variables()))

    @functools.cache
    def size():
        if config["block_size"] != "auto":
            tiles.check_size(dataset, variables(), config["block_size"])
            return config["block_size"]
        return tiles.block_size(len(variables()), n_samples(), n_features())

    @functools.cache
    def data():
        later = (*OF_PAIRS, "compare")
        kept = {key: dataset[key] for key in dataset if key not in later}
        if "variable" in kept.get("given", {}):  # labels alone are kept in the blocks
            del kept["given"]
        if labels := label_places(dataset):
            kept["labels"] = list(labels.values())
        # all else that stays of `variables` here is whether each is a file
        kept["variables"] = "files" if kept["variables"] == "files" else "each"
        return in_order(kept)

    # labels of groups are read where pairs are estimated: other groups leave the blocks alone
    files = functools.cache(lambda: data_files({**dataset, "compare": None}))

    return DatasetPlan(
        name=name,
        folder=folder,
        projected=folder,
        seed=config["seed"],
        lags=dataset.get("lags", [0]),
        find_keep_pointwise=lambda: kept()["pointwise"],
        settings=settings.__getitem__,
        data=lambda block: data(),
        sources=lambda block: files(),
        find_contents=lambda: {
            path: fingerprint(path, whole=config["whole_sources"]) for path in sorted(files())
        },
        list_blocks=lambda: tiles.blocks(variables(), size()),
        list_tiles=lambda: tiles.tiles(dataset, variables(), size()),
        list_pairs=lambda x, y: tiles.tile_pairs(dataset, variables(), size(), x, y),
        find_n_samples=n_samples,
        find_n_features=n_features,
        find_n_pairs=lambda: tiles.count(dataset, variables()),
        given=dataset.get("given"),
        asks={key: dataset[key] for key in ("direct", "select") if key in dataset},
        target=dataset["pairs"]["target"] if "select" in dataset else "",
        compare=dataset.get("compare"),
        transfer=dataset.get("transfer"),
    )


def of_benchmark(benchmark: Settings, results: str) -> Iterator[DatasetPlan]:
    """Plan the datasets of the benchmark: those that it draws, then its runs on them.

    Parameters
    ----------
    benchmark : dict
        From `lmi.benchmarks.plan.plan`.
    results : str
        Folder of the run.
    """
    for name, data in benchmark["data"].items():
        drawn: dict = {"cells": set(), "settings": {}}
        yield _of_run(f"{results}/{name}", name, data, drawn, f"{results}/{name}")
    for name, job in benchmark["runs"].items():
        data = benchmark["data"][job["data"]]
        yield _of_run(f"{results}/{name}", name, data, job, f"{results}/{job['data']}")


def _of_run(folder, name, data, job, projected):
    """Plan a run of the benchmark on data that it draws; without cells they are drawn only."""

    @functools.cache
    def settings(stage):
        changes = {"embed": job["settings"], "estimate": WITHOUT_STATISTICS}
        return in_order(bench.merged(defaults(stage), changes.get(stage, {})))

    def cells(block):
        return {cell: data["cells"][cell] for cell in data["blocks"][block]}

    def variables(block):
        return [Variable(variable) for variable in bench.variables(block)]

    return DatasetPlan(
        name=name,
        folder=folder,
        projected=projected,
        seed=data["seed"],
        lags=[0],
        find_keep_pointwise=lambda: False,
        settings=settings,
        data=lambda block: {"cells": tasks_of(data, block)},
        sources=lambda block: bench.resources(cells(block).values()),
        find_contents=dict,
        list_blocks=lambda: [variables(block) for block in data["blocks"]],
        list_tiles=lambda: [(block, block) for block in bench.used_blocks(data, job)],
        list_pairs=lambda x, y: bench.pairs(data["blocks"][x], job["cells"]),
        find_n_samples=lambda: next(iter(data["cells"].values()))["n_samples"],
        find_n_features=lambda: max(cell["width"] for cell in data["cells"].values()),
        find_n_pairs=lambda: len(job["cells"]),
    )


def tasks_of(data: Settings, block: int, wanted: set[str] | None = None) -> Settings:
    """Return the cells of a block of the benchmark as tasks with their seeds.

    Parameters
    ----------
    data : dict
        A dataset of `lmi.benchmarks.plan.plan`.
    block : int
    wanted : set of str, optional
        Names of cells; all when absent.
    """
    return {
        cell: in_order(bench.task_of(data["cells"][cell], data["seed"]))
        for cell in data["blocks"][block]
        if wanted is None or cell in wanted
    }
