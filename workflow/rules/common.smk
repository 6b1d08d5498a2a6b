# Everything the rules share: the validated config, and pure functions from wildcards to inputs,
# params and resources. No rule stands here.
import functools
import json
import math
import re
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW))

import lmi
from lmi.base.errors import InputError
from lmi.benchmarks import peers
from lmi.benchmarks import plan as bench
from lmi.benchmarks.real_data import catalogue
from lmi.data.sources import data_files
from lmi.data.variables import Variable, count_features, count_samples, list_variables
from lmi.planning import costs, guard, tiles
from lmi.planning.config import defaults, load


def stop_on_bad_input(function, *arguments):
    """Return what `function` returns; end Snakemake in the one message of an InputError."""
    try:
        return function(*arguments)
    except InputError as error:
        sys.exit(f"lmi-workflow: bad input: {error}")


loaded = stop_on_bad_input(load, dict(config))
config.clear()
config.update(loaded)

RESULTS = f"results/{config['run']}"
# Where lmi.benchmarks.accuracy looks for the images.
MNIST = "resources/mnist_train.csv"
# Where the prepared data of the published figures lie, or their stand-ins.
REAL = catalogue.STANDIN if config["resources"]["standin"] else catalogue.FOLDER


def in_order(settings):
    """Return settings with their keys in alphabetical order, as params show them.

    Moving lines in config.yaml then reruns nothing. Where order matters (datasets, variables),
    `config` itself is used.
    """
    return json.loads(json.dumps(settings, sort_keys=True))


SETTINGS = in_order(config)


# What the benchmark computes (lmi.benchmarks.plan): its datasets and runs are datasets as well.
BENCHMARK = stop_on_bad_input(bench.plan, config["benchmark"])
DATASETS = config["datasets"] | BENCHMARK["data"] | BENCHMARK["runs"]


@functools.cache
def variables_of(dataset):
    """Return the variables of a dataset, in order; only headers of files are read."""
    if dataset in BENCHMARK["data"]:
        return [variable for block in blocks_of(dataset) for variable in block]
    return stop_on_bad_input(list_variables, DATASETS[dataset])


@functools.cache
def blocks_of(dataset):
    """Return the blocks of a dataset, lists of variables."""
    if dataset in BENCHMARK["data"]:
        blocks = BENCHMARK["data"][dataset]["blocks"]
        return [[Variable(name) for name in bench.variables(block)] for block in blocks]
    return tiles.blocks(variables_of(dataset), config["block_size"])


@functools.cache
def tile_estimates(dataset):
    """Return the estimate files of a dataset, one a tile."""
    pairs_of_blocks = stop_on_bad_input(
        tiles.tiles, DATASETS[dataset], variables_of(dataset), config["block_size"]
    )
    return [f"{RESULTS}/{dataset}/estimates/tile-{x:03d}-{y:03d}.h5" for x, y in pairs_of_blocks]


def estimates_of(datasets):
    """Return the estimate files of several datasets, in their order."""
    return [path for dataset in datasets for path in tile_estimates(dataset)]


def part_estimates(wildcards):
    """Return the estimate files that are joined in one part."""
    first = int(wildcards.part) * tiles.TILES_PER_PART
    return tile_estimates(wildcards.dataset)[first : first + tiles.TILES_PER_PART]


def parts_of(datasets):
    """Return the parts of several datasets, in their order."""
    return [
        f"{RESULTS}/{dataset}/parts/part-{part:03d}.h5"
        for dataset in datasets
        for part in range(-(-len(tile_estimates(dataset)) // tiles.TILES_PER_PART))
    ]


@functools.cache
def clear_up():
    """Cancel what a killed Snakemake left behind, while the DAG is built; see lmi.planning.guard."""
    if workflow.is_main_process and workflow.executor_plugin and not workflow.dryrun:
        guard.clear_up(RESULTS)


def sources(wildcards):
    """Return the data files of a dataset."""
    clear_up()
    if wildcards.dataset in BENCHMARK["data"]:
        return bench.resources(cells_of(wildcards.dataset, wildcards.block).values())
    return data_files(DATASETS[wildcards.dataset])


def data_of(wildcards):
    """Return the part of a dataset that says what its data are.

    Of the variables and pairs each job gets its own share: adding one leaves the others alone.
    All that stays of `variables` here is whether each is a file.
    """
    if wildcards.dataset in BENCHMARK["data"]:
        return {"cells": tasks_of(wildcards.dataset, wildcards.block)}
    dataset = DATASETS[wildcards.dataset]
    data = {key: dataset[key] for key in dataset if key not in ("pairs", "lags")}
    if data["variables"] != "files":
        data["variables"] = "each"
    return in_order(data)


def block_variables(wildcards):
    """Return the variables of a block, JSON-like."""
    block = blocks_of(wildcards.dataset)[int(wildcards.block)]
    return [variable.to_params() for variable in block]


def pairs_of(wildcards):
    """Return the pairs of a tile: [row in block x, row in block y]."""
    if wildcards.dataset in BENCHMARK["runs"]:
        job = BENCHMARK["runs"][wildcards.dataset]
        block = BENCHMARK["data"][job["data"]]["blocks"][int(wildcards.x)]
        return bench.pairs(block, job["cells"])
    pairs = tiles.tile_pairs(
        DATASETS[wildcards.dataset],
        variables_of(wildcards.dataset),
        config["block_size"],
        int(wildcards.x),
        int(wildcards.y),
    )
    return [[int(x), int(y)] for x, y in pairs]


def lags_of(wildcards):
    """Return the lags at which the pairs of a dataset are estimated."""
    return DATASETS[wildcards.dataset].get("lags", [0])


def seed_of(wildcards):
    """Return the seed: the run's, or that of a dataset of the benchmark."""
    return BENCHMARK["data"].get(projected(wildcards.dataset), config)["seed"]


def projected(dataset):
    """Return the dataset whose blocks a dataset embeds: its own but for runs of the benchmark."""
    return BENCHMARK["runs"][dataset]["data"] if dataset in BENCHMARK["runs"] else dataset


def block_x(wildcards):
    """Return the file of the block of x."""
    return f"{RESULTS}/{projected(wildcards.dataset)}/variables/block-{wildcards.x}.h5"


def block_y(wildcards):
    """Return the file of the block of y."""
    return f"{RESULTS}/{projected(wildcards.dataset)}/variables/block-{wildcards.y}.h5"


def project_settings(wildcards):
    """Return the settings of the project stage; the benchmark has the defaults in all stages."""
    if wildcards.dataset not in BENCHMARK["data"]:
        return SETTINGS["project"]
    return in_order(defaults("project"))


def embed_settings(wildcards):
    """Return the settings of the embed stage; a run of the benchmark changes some defaults."""
    if wildcards.dataset not in BENCHMARK["runs"]:
        return SETTINGS["embed"]
    changes = BENCHMARK["runs"][wildcards.dataset]["settings"]
    return in_order(bench.merged(defaults("embed"), changes))


def estimate_settings(wildcards):
    """Return the settings of the estimate stage; the benchmark takes no error bars, no p values."""
    if wildcards.dataset not in BENCHMARK["runs"]:
        return SETTINGS["estimate"]
    changes = {"error_bars": False, "permutations": {"max": 0}}
    return in_order(bench.merged(defaults("estimate"), changes))


def keeps_pointwise(wildcards):
    """Return whether the estimates keep pointwise values; those of the benchmark do not."""
    return wildcards.dataset not in BENCHMARK["runs"] and config["keep"]["pointwise"]


@functools.cache
def cells_of(dataset, block):
    """Return the cells of a block of the benchmark, by name."""
    data = BENCHMARK["data"][dataset]
    return {name: data["cells"][name] for name in data["blocks"][int(block)]}


def tasks_of(dataset, block, wanted=None):
    """Return the cells of a block as tasks with their seeds, all or those wanted."""
    seed = BENCHMARK["data"][dataset]["seed"]
    return {
        name: in_order(bench.task_of(cell, seed))
        for name, cell in cells_of(dataset, block).items()
        if wanted is None or name in wanted
    }


def function_tasks(wildcards):
    """Return the cells that a function estimates in a block, as tasks."""
    job = BENCHMARK["functions"][wildcards.function]
    return tasks_of(job["data"], wildcards.block, job["cells"])


def function_data(wildcards):
    """Return the data files that these cells need."""
    job = BENCHMARK["functions"][wildcards.function]
    return bench.resources(
        cell
        for name, cell in cells_of(job["data"], wildcards.block).items()
        if name in job["cells"]
    )


def function_environment(wildcards):
    """Return what tells that the environment of the function is there, if it needs one."""
    return bench.stamp_of(BENCHMARK["functions"][wildcards.function])


def function_mem_mb(wildcards, attempt):
    """Return the memory of a function's job: the libraries, and its widest cell many times over."""
    job = BENCHMARK["functions"][wildcards.function]
    cells = cells_of(job["data"], wildcards.block).values()
    widest = max(cell["n_samples"] * cell["width"] for cell in cells)
    return int(2000 + 1e-4 * widest) * attempt


def function_runtime(wildcards, attempt):
    """Return the minutes of a function's job: four hours, or what released packages may take."""
    longest_s = len(function_tasks(wildcards)) * peers.TIMEOUT_S
    return max(240, 30 + math.ceil(longest_s / 60)) * attempt


def benchmark_estimates():
    """Return the estimate files of all runs of the benchmark."""
    return [
        f"{RESULTS}/{name}/estimates/tile-{block:03d}-{block:03d}.h5"
        for name, job in BENCHMARK["runs"].items()
        for block in bench.used_blocks(BENCHMARK["data"][job["data"]], job)
    ]


def benchmark_functions():
    """Return the tables of all functions of the benchmark."""
    return [
        f"{RESULTS}/{name}/block-{block:03d}.tsv"
        for name, job in BENCHMARK["functions"].items()
        for block in bench.used_blocks(BENCHMARK["data"][job["data"]], job)
    ]


def benchmark_files(suffix):
    """Return the files that the benchmark writes for each figure."""
    figures = dict.fromkeys(row[0] for row in BENCHMARK["rows"])
    return [f"{RESULTS}/benchmark/{name}.{suffix}" for name in figures]


def images_of(wildcards):
    """Return the file that a family of the accuracy benchmark needs."""
    return MNIST if wildcards.family in ("mnist", "mnist_tiles") else []


def url_of(wildcards):
    """Return the address of a file to download."""
    base = config["resources"][wildcards.source]
    return catalogue.url(wildcards.source, wildcards.file, base)


def is_standin(wildcards):
    """Return whether a prepared file is that of the stand-in."""
    return wildcards.root == catalogue.STANDIN


def truth_of(source):
    """Return the function from wildcards to the planted truth of a stand-in, if it is one."""

    def planted(wildcards):
        truth = f"{catalogue.STANDIN}/{source}/truth.json"
        return {"truth": truth} if is_standin(wildcards) else {}

    return planted


@functools.cache
def calibrated(dataset):
    """Return the pairs of a dataset in which information is planted, and their blocks."""
    return stop_on_bad_input(
        functools.partial(tiles.choose, seed=config["seed"], name=dataset),
        DATASETS[dataset],
        variables_of(dataset),
        config["block_size"],
        config["calibrate"]["n_pairs"],
    )


def calibrated_pairs(wildcards):
    """Return the pairs in which information is planted: names of x and y."""
    return [list(pair) for pair in calibrated(wildcards.dataset)[0]]


def calibrated_blocks(wildcards):
    """Return the block files with the variables of these pairs."""
    return [
        f"{RESULTS}/{wildcards.dataset}/variables/block-{block:03d}.h5"
        for block in calibrated(wildcards.dataset)[1]
    ]


def keep_embeddings(path):
    """Mark the embeddings as temporary unless the config keeps them."""
    return path if config["keep"]["embeddings"] else temp(path)


def figure(kind, dataset=None):
    """Return a figure of the report (PNG), with its place in `snakemake --report`."""
    stem = kind if dataset is None else f"{kind}-{dataset}"
    return report(
        f"{RESULTS}/figures/{stem}.png",
        caption=f"../report/{kind}.rst",
        category="Figures",
        subcategory=dataset or "all datasets",
        labels={"figure": kind.replace("_", " ")},
    )


def figures(kind, key=None):
    """Return the figures of one kind, one a dataset of the config; with `key`, that has it."""
    return [
        figure(kind, dataset)
        for dataset, settings in config["datasets"].items()
        if key is None or key in settings
    ]


def vector_figures():
    """Return the same figures as `figure` and `figures` mark, as SVG."""
    each = ("heatmap", "top_pairs", "embedding", "training")
    stems = [
        f"{kind}-{dataset}"
        for dataset, settings in config["datasets"].items()
        for kind in (*each, *(key for key in ("lags", "strata") if key in settings))
    ]
    run = ("distribution", "volcano", "truth")
    return [f"{RESULTS}/figures/{stem}.svg" for stem in (*stems, *run)]


@functools.cache
def n_samples_of(dataset):
    """Return the number of samples of a dataset, or 10,000 where headers do not tell."""
    if cells := BENCHMARK["data"].get(projected(dataset), {}).get("cells"):
        return next(iter(cells.values()))["n_samples"]
    return stop_on_bad_input(count_samples, DATASETS[dataset]) or 10_000


@functools.cache
def n_features_of(dataset):
    """Return the number of features of the widest variable of a dataset."""
    if cells := BENCHMARK["data"].get(projected(dataset), {}).get("cells"):
        return max(cell["width"] for cell in cells.values())
    return stop_on_bad_input(count_features, DATASETS[dataset], variables_of(dataset))


@functools.cache
def n_rows_of(dataset, x, y):
    """Return the number of rows of a tile's table: pairs, at each of their lags."""
    lags = len(DATASETS[dataset].get("lags", [0]))
    return lags * len(
        tiles.tile_pairs(DATASETS[dataset], variables_of(dataset), config["block_size"], x, y)
    )


def sizes_of(wildcards):
    """Return the sizes of a job on a block or a tile, as lmi.planning.costs takes them."""
    dataset = wildcards.dataset
    numbers = [wildcards.get(name) for name in ("block", "x", "y")]
    of_blocks = {int(number) for number in numbers if number is not None}
    n_pairs = 0
    if dataset in BENCHMARK["runs"]:
        n_pairs = len(pairs_of(wildcards))
    elif wildcards.get("x") is not None:
        n_pairs = n_rows_of(dataset, int(wildcards.x), int(wildcards.y))
    return {
        "n_samples": n_samples_of(dataset),
        "n_features": n_features_of(dataset),
        "n_variables": sum(len(blocks_of(projected(dataset))[number]) for number in of_blocks),
        "n_pairs": n_pairs,
    }


def rows_of_part(wildcards):
    """Return the rows of one part, or of all parts of the run."""
    dataset = wildcards.get("dataset")
    paths = part_estimates(wildcards) if dataset else estimates_of(config["datasets"])
    pattern = re.compile(rf"{re.escape(RESULTS)}/(.+)/estimates/tile-(\d+)-(\d+)\.h5")
    found = [pattern.fullmatch(path).groups() for path in paths]
    return {"n_rows": sum(n_rows_of(name, int(x), int(y)) for name, x, y in found)}


def cost_of(stage, wildcards, threads=1):
    """Return the cost of a job, see lmi.planning.costs."""
    if stage == "embed":
        return costs.embed(embed_settings(wildcards), threads, **sizes_of(wildcards))
    known = sizes_of if stage in ("project", "estimate") else rows_of_part
    return costs.of(stage, **known(wildcards))


def expected(stage, quantity):
    """Return a resource: what a job should take, in seconds or MB on disk; `make plan` sums them."""
    return lambda wildcards: math.ceil(cost_of(stage, wildcards)[quantity])


def mem_mb(stage):
    """Return the memory a job asks for: half as much again as expected, and more each attempt."""

    def resource(wildcards, attempt, threads):
        needed = 300 + 1.5 * cost_of(stage, wildcards, threads)["memory_mb"]
        if stage == "project":
            # the source is read whole, a few times its size on disk
            needed += 6 * sum(Path(path).stat().st_size for path in sources(wildcards)) / 1e6
        return int(needed) * attempt

    return resource


def threads_of(stage):
    """Return the threads of a job on a tile: one for each ten minutes that one would take, to 4.

    The preset paper trains pair by pair, with one.
    """

    def threads(wildcards):
        if embed_settings(wildcards)["preset"] == "paper":
            return 1
        return min(4, 1 + int(cost_of(stage, wildcards)["seconds"] // 600))

    return threads


def runtime(stage):
    """Return the minutes a job asks for: five times as long as expected, and more each attempt."""
    return (
        lambda wildcards, attempt: (10 + math.ceil(cost_of(stage, wildcards)["seconds"] / 12))
        * attempt
    )


def calibration_mem_mb(wildcards, attempt, threads):
    """Return the memory of a calibration: the libraries, and for each thread a pair's levels."""
    n_values = n_samples_of(wildcards.dataset) * config["project"]["n_components"]
    variables = len(calibrated_pairs(wildcards)) + threads * len(config["calibrate"]["levels_bits"])
    return int(1500 + variables * n_values * 1e-4) * attempt


def minutes(base):
    """Return a runtime that grows with the attempt: `base` minutes, then twice, three times."""
    return lambda wildcards, attempt: base * attempt


def hold_run():
    """Stop where another Snakemake is at work on this run; see lmi.planning.guard."""
    executor = getattr(workflow.scheduler, "_executor", None)
    slurm_run = getattr(executor, "run_uuid", None)
    globals()["held"] = stop_on_bad_input(guard.begin, RESULTS, slurm_run)
    if slurm_run:
        guard.keep_jobs(executor)


def what_will_run():
    """Return a line on what the config asks for."""
    n_tiles = sum(len(tile_estimates(dataset)) for dataset in config["datasets"])
    n_variables = sum(len(variables_of(dataset)) for dataset in config["datasets"])
    return (
        f"lmi-workflow {lmi.__version__}: run {config['run']}: {len(config['datasets'])} datasets, "
        f"{n_variables} variables, {n_tiles} tiles -> {RESULTS}"
    )


def where_results_lie():
    """Return a line on the results that are there."""
    names = {"table": "mi.tsv", "report": "report.html", "benchmark": "benchmark.tsv"}
    names["calibration"] = "calibration_summary.tsv"
    paths = {what: Path(RESULTS, name) for what, name in names.items()}
    found = [f"{what}: {path}" for what, path in paths.items() if path.exists()]
    return "lmi-workflow: done. " + ", ".join(found)
