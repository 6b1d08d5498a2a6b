"""Soak: small tiles again and again in one process, which must leak neither memory nor files.

    python -m benchmarks.soak --minutes 120

Each round draws variables of every kind (single features, counts, a label's indicators, wide ones,
a series), takes all their pairs through project, embed and estimate, estimates one pair from
Python, and saves and loads its model. Every few minutes the table has the resident memory, open
files, threads, and what is left in the temporary folder and in the folder of the run. After a
tenth of the time, in which libraries are loaded and pools fill, memory may grow by
`MOST_MB_AN_HOUR`, by a robust slope, and nothing else may: otherwise the exit code is 1.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from lmi import api
from lmi.base import seeds
from lmi.model.fitted import load_model
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.planning.schema import defaults
from lmi.projection import folds as split
from scipy.stats import theilslopes

from benchmarks.rows import show

MOST_MB_AN_HOUR = 20.0
N_SAMPLES = 300


def variables(rng):
    """Return matrices of every kind, some of which share something."""
    shared = rng.standard_normal((N_SAMPLES, 2))
    wide = shared @ rng.standard_normal((2, 30)) + rng.standard_normal((N_SAMPLES, 30))
    return [
        shared[:, :1] + rng.standard_normal((N_SAMPLES, 1)),
        rng.poisson(np.exp(shared[:, 1:])) * 1.0,
        wide,
        np.cumsum(rng.standard_normal((N_SAMPLES, 3)), axis=0),
        np.eye(3)[(shared[:, 0] > 0).astype(int) + (shared[:, 1] > 1)],
        np.sin(3 * shared[:, :1]) + 0.3 * rng.standard_normal((N_SAMPLES, 8)),
    ]


def one_round(folder, number):
    """Take one tile through the stages, and one pair through `lmi.estimate`."""
    rng = seeds.rng(number, "bench_soak")
    matrices = variables(rng)
    names = [f"v{i}" for i in range(len(matrices))]
    block, tile, out, model = (
        folder / f"{name}.h5" for name in ("block", "tile", "estimates", "model")
    )
    write_block(
        block,
        names,
        matrices,
        [""] * len(names),
        split.folds(N_SAMPLES, seed=number, dataset="d", n_inner=3),
        dataset_name="d",
        settings={"n_components": 64, "clip": 10.0},
        seed=number,
        attributes={"key": "", "time_series": False, "overlap": 0},
    )
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    settings = defaults("embed") | {"max_steps": 50}
    embed(tile, block, block, pairs=pairs, settings=settings, seed=number)
    estimate(out, tile, settings=defaults("estimate"), seed=number)
    x, y = (matrices[i] for i in rng.choice(len(matrices), 2, replace=False))
    result = api.estimate(x, y, seed=number, max_steps=50)
    result.model.save(model)
    load_model(model)
    for path in (block, tile, out, model):
        path.unlink()


def state(folder):
    """Return what this process holds: MB of memory, open files, threads, files left."""
    process = psutil.Process()
    return {
        "rss_mb": process.memory_info().rss / 2**20,
        "open_files": process.num_fds(),
        "threads": threading.active_count(),
        "left_in_temp": len(os.listdir(tempfile.gettempdir())),
        "left_in_run": sum(1 for _ in folder.rglob("*")),
    }


def grows(rows):
    """Return what grew after the first tenth of the time, as sentences."""
    settled = [row for row in rows if row["minutes"] >= rows[-1]["minutes"] / 10]
    minutes = np.array([row["minutes"] for row in settled])
    found = []
    slope = 60 * theilslopes([row["rss_mb"] for row in settled], minutes).slope
    print(f"memory: {slope:+.1f} MB an hour")
    if slope > MOST_MB_AN_HOUR:
        found.append(f"memory grows by {slope:.1f} MB an hour")
    for name in ("open_files", "threads", "left_in_temp", "left_in_run"):
        if settled[-1][name] > settled[0][name]:
            found.append(f"{name}: {settled[0][name]} at first, {settled[-1][name]} at the end")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=5, help="minutes between rows of the table")
    parser.add_argument("--out", default="results/bench_soak.tsv")
    options = parser.parse_args()
    temporary = tempfile.mkdtemp(prefix="lmi_soak_")
    tempfile.tempdir = temporary  # so that nobody else's files count
    folder = Path(temporary) / "run"
    folder.mkdir()
    start, rows, number = time.monotonic(), [], 0
    try:
        while True:
            minutes = (time.monotonic() - start) / 60
            if not rows or minutes >= len(rows) * options.every or minutes >= options.minutes:
                rows.append({"minutes": round(minutes, 1), "rounds": number} | state(folder))
                show(rows, options.out)
            if minutes >= options.minutes:
                break
            one_round(folder, number)
            number += 1
    finally:
        shutil.rmtree(temporary)
    if found := grows(rows):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
