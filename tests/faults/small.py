"""A small run, made stage by stage without Snakemake: what is missing is made, as rules do.

A trial is a process of its own (a fork of one that has loaded all libraries), so that it may be
killed, filled up or shut out at any moment. It takes about a second.
"""

import contextlib
import json
import logging
import os
import pickle
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from lmi.base import disk
from lmi.base.errors import InputError
from lmi.base.files import sweep
from lmi.benchmarks import published  # noqa: F401 - loaded once, before processes fork
from lmi.data import overview
from lmi.pipeline import chunks
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import project
from lmi.planning.config import load as load_config
from lmi.planning.plan import Plan
from lmi.report import page
from lmi.results import exports, load, record
from lmi.results.collect import collect
from lmi.results.table import aggregate

from tests.helpers.children import answer

N_SAMPLES = 120
LONGEST_S = 120
RUN = "small"
CONFIG = {
    "run": RUN,
    "block_size": 2,
    "cache": "cache",
    "datasets": {
        "d": {
            "source": "d.csv",
            "variables": {"list": {"p": ["a", "b"], "q": ["c"], "r": ["d"]}},
        }
    },
    "embed": {"train": "never", "n_latent": 2, "checks": "quick"},
    "estimate": {"permutations": {"max": 19}},
}
CLOCKS = ["seconds"]
"""Columns that no two runs have in common."""


def write_source(path, seed=3):
    """Write the table of samples that the run is about."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(N_SAMPLES, 1))
    values = hidden * rng.uniform(0, 1.5, 4) + rng.normal(size=(N_SAMPLES, 4))
    names = [f"s{i}" for i in range(N_SAMPLES)]
    pd.DataFrame(values, index=names, columns=list("abcd")).to_csv(path)


def lay_out(folder):
    """Write the source and the config of the run into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_source(folder / "d.csv")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))


def made_of(plan, report=False):
    """Yield each file of a run and the function that makes it, in the order of the stages."""
    shared = plan.config["cache"]
    for dataset in plan.own:
        about = plan.job("describe", dataset=dataset.name)

        def describe(out, about=about, name=dataset.name):
            overview.write(out, overview.describe(name, about.data, about.missing, about.seed))

        yield f"{dataset.folder}/data.json", describe
        for number in range(len(dataset.blocks)):
            job = plan.job("project", dataset=dataset.name, block=str(number))

            def make_block(out, job=job, name=dataset.name):
                project(
                    out,
                    dataset=job.data,
                    dataset_name=name,
                    variables=job.variables,
                    settings=job.settings,
                    seed=job.seed,
                    shared=shared,
                )

            yield dataset.block_file(number), make_block
        for x, y in dataset.tiles:
            place = {"dataset": dataset.name, "x": str(x), "y": str(y)}
            tile = f"{dataset.folder}/embeddings/tile-{x:03d}-{y:03d}.h5"

            first, second = plan.job("embed", **place), plan.job("estimate", **place)

            def make_tile(out, job=first):
                embed(
                    out,
                    job.x,
                    job.y,
                    pairs=job.pairs,
                    names=job.names,
                    settings=job.settings,
                    seed=job.seed,
                    lags=job.lags,
                    shared=shared,
                )

            def make_estimates(out, job=second, tile=tile):
                estimate(
                    out,
                    tile,
                    settings=job.settings,
                    seed=job.seed,
                    keep_pointwise=job.keep_pointwise,
                    shared=shared,
                    given=job.given,
                    blocks=job.asked_blocks,
                    names=job.names,
                )

            yield tile, make_tile
            yield f"{dataset.folder}/estimates/tile-{x:03d}-{y:03d}.h5", make_estimates
        for number, part in enumerate(dataset.part_files()):
            job = plan.job("collect", dataset=dataset.name, part=str(number))
            blocks = job.names["blocks"]
            names = [[blocks[block] for block in tile] for tile in job.names["tiles"]]
            yield part, lambda out, job=job, names=names: collect(out, job.estimates, 3, names)
    results = Path(plan.results)
    table = results / "mi.parquet"
    yield str(table), lambda out: aggregate(plan.parts(), results / "mi.tsv", out)
    if report:
        yield (
            str(results / "report.html"),
            lambda out: page.write(
                out,
                results / "figures",
                table,
                plan.parts(),
                plan.settings,
                results / "benchmarks",
                plan.blocks(),
                plan.overviews(),
            ),
        )
    written = plan.exports()
    yield written[-1], lambda out: exports.write(load.load(results), results / "exports", 0.05)
    yield (
        str(results / "ro-crate-metadata.json"),
        lambda out: record.write(out, results / "exports/config.yaml", plan.settings, written),
    )


def make(folder, *, report=False, cached=True, until="ro-crate-metadata.json"):
    """Make what is missing of the run in a folder; return its table.

    Parameters
    ----------
    folder : Path
    report : bool
        With the report, which takes as long as all the rest.
    cached : bool
        With the cache that runs share.
    until : str
        The last file that is made.
    """
    os.chdir(folder)
    config = yaml.safe_load(Path("config.yaml").read_text())
    return make_of(folder, config | ({} if cached else {"cache": False}), report, until)


def make_of(folder, config, report=False, until="ro-crate-metadata.json"):
    """Make what is missing of the run of a config; parameters as in `make`."""
    os.chdir(folder)
    plan = Plan(load_config(config))
    written = plan.exports()
    for path, make_it in made_of(plan, report):
        theirs = written if path == written[-1] else [path]
        if not all(Path(one).exists() for one in theirs):
            make_it(path)
        if Path(path).name == until:
            break
    return load.load(f"results/{RUN}").table


def after(folder, path):
    """Return the files of a run that are made after one of them, itself left out."""
    os.chdir(folder)
    files = [one for one, _ in made_of(Plan(load_config(CONFIG)))]
    return [Path(folder, one) for one in files[files.index(path) + 1 :]]


def started(function, *arguments, **options):
    """Start a function in a process of its own; return its number and where its answer comes."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(theirs)
        return child, ours
    try:
        os.close(ours)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        logging.disable()
        sweep.cache_clear()  # this process has not looked at any folder
        warnings.simplefilter("ignore")
        try:
            found = ("made", function(*arguments, **options))
        except InputError as error:
            found = ("refused", str(error))
        except OSError as error:  # as scripts/job.py tells it
            message = disk.told(error)
            found = ("refused", message) if message else ("traceback", repr(error))
        except BaseException as error:
            found = ("traceback", f"{type(error).__name__}: {error}"[:500])
        with contextlib.suppress(OSError), os.fdopen(theirs, "wb") as pipe:
            pickle.dump(found, pipe)
    finally:
        os._exit(0)


def ended(child, ours, kill_after_s=None):
    """Wait for a process of `started`, or kill it; return (what, value).

    Parameters
    ----------
    child, ours : int
    kill_after_s : float, optional
        When it is killed (SIGKILL), unless it has ended.

    Returns
    -------
    what : str
        made, refused, traceback, killed, hang or crash.
    value : object
        The table, or the message.
    """
    said = answer(child, ours, LONGEST_S if kill_after_s is None else kill_after_s)
    if said is None:
        return ("hang", f"over {LONGEST_S} s") if kill_after_s is None else ("killed", "")
    return said


def tried(function, *arguments, **options):
    """Call a function in a process of its own; return (what, value) as `ended` does."""
    return ended(*started(function, *arguments, **options))


def is_same(table, wanted):
    """Whether two tables hold the same rows, to the last bit, whatever the clock said."""
    if list(table.columns) != list(wanted.columns) or len(table) != len(wanted):
        return False
    return table.drop(columns=CLOCKS).equals(wanted.drop(columns=CLOCKS))


def is_named(message, *names):
    """Whether a message is one line that names a file and says what to do."""
    cures = ("run the same command again", "delete", "make room", "see to it", "wait for it")
    cures += ("copy", "mend", "name another", "install", "paths start from")
    low = message.lower()
    return (
        "\n" not in message
        and "traceback" not in low
        and any(cure in low for cure in cures)
        and (not names or any(name in message for name in names))
    )


def below(folder, pattern):
    """Yield what is below a folder and matches a pattern, while other processes make and remove.

    `Path.rglob` fails where a folder is gone before it is looked into; `os.walk` passes on.
    """
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place, name)
            if path.match(pattern):
                yield path


def remove(folder):
    """Remove a folder and all in it."""
    os.chdir(folder.parent)
    shutil.rmtree(folder)


def short_chunks():
    """Let a tile have a chunk a pair, each saved at once: what a long tile has after an hour."""
    chunks.SIZE, chunks.SAVE_EVERY_S = 1, 0


def told(trials):
    """Return the trials as rows: stage or kind, trials, same, named, else.

    Parameters
    ----------
    trials : list of (str, str, str)
        Kind, outcome (same, named, else), and what was found.
    """
    kinds = dict.fromkeys(kind for kind, _, _ in trials)
    rows = []
    for kind in kinds:
        its = [outcome for one, outcome, _ in trials if one == kind]
        counts = {name: its.count(name) for name in ("same", "named", "else")}
        rows.append({"kind": kind, "trials": len(its), **counts})
    return rows


def as_markdown(rows):
    """Return rows as a table of a page."""
    names = list(rows[0])
    lines = [
        names,
        ["---"] + ["---:"] * (len(names) - 1),
        *([row[n] for n in names] for row in rows),
    ]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def as_json(rows):
    """Return rows as JSON, a row a line."""
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
