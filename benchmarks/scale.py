"""Benchmark of scale: from 10^2 to 10^6 pairs, what planning and gathering take.

For each number of pairs: a dry run of Snakemake on as many variables, its jobs and files; then
synthetic estimates in as many tiles go through collect, aggregate and report.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from lmi.base import seeds
from lmi.base.files import write
from lmi.data.variable import Variable
from lmi.planning.tiles import TILES_PER_PART, tile_pairs, tiles
from lmi.results.columns import COLUMNS, FROM_ATTRIBUTES

from benchmarks import measured

ROOT = Path(__file__).resolve().parents[1]
SCALES = ((15, 8), (142, 16), (1414, 32))
"""Variables and block size."""
N_SAMPLES, N_TOP = 200, 10


def planning(n_variables, block_size, folder):
    """Measure parsing and a dry run.

    Returns
    -------
    dict
        parse_s, dry_run_s, dry_run_cpu_s, dry_run_mb, jobs, files.
    """
    values = seeds.rng(0, "bench_scale").standard_normal((N_SAMPLES, n_variables))
    np.save(folder / "data.npy", values.astype(np.float32))
    config = {"run": "scale", "block_size": block_size}
    config["datasets"] = {"d": {"source": "data.npy", "variables": "each"}}
    (folder / "scale.yaml").write_text(yaml.safe_dump(config))
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    snakemake += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile"]
    snakemake += ["scale.yaml", "--cores", "1"]
    # what comes before the Snakefile is no concern of ours
    start = measured.command([*snakemake[:3], "--version"], folder)
    parse = measured.command([*snakemake, "--list-rules"], folder)
    dry = measured.command([*snakemake, "--dry-run", "--quiet", "rules"], folder)
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", dry["output"], re.MULTILINE))
    n_jobs = int(jobs["total"]) - 1
    return {
        "parse_s": parse["wall_s"] - start["wall_s"],
        "dry_run_s": dry["wall_s"],
        "dry_run_cpu_s": dry["seconds"],
        "dry_run_mb": dry["memory_mb"],
        "jobs": n_jobs,
        # an output, a log and a benchmark file each
        "files": 3 * n_jobs,
    }


def gathering(n_variables, block_size, folder):
    """Measure collect, aggregate and report on synthetic estimates.

    Returns
    -------
    list of dict
        One for each of the three: stage, n_rows, wall_s, seconds, memory_mb, disk_mb.
    """
    variables = [Variable(f"gene{number:04d}") for number in range(n_variables)]
    paths, n_rows = [], 0
    for x, y in tiles({"pairs": "all"}, variables, block_size):
        pairs = tile_pairs({"pairs": "all"}, variables, block_size, x, y)
        names = [
            [variables[block * block_size + row].name for row in rows]
            for block, rows in zip((x, y), zip(*pairs, strict=True), strict=True)
        ]
        paths.append(folder / f"tile-{x:03d}-{y:03d}.h5")
        _write_tile(paths[-1], *names, seeds.rng(0, "bench_scale", x, y))
        n_rows += len(pairs)
    rows, parts, collected = [], [], []
    for first in range(0, len(paths), TILES_PER_PART):
        parts.append(folder / f"part-{len(parts):03d}.h5")
        its = paths[first : first + TILES_PER_PART]
        collected.append(measured.call("lmi.results.collect.collect", parts[-1], its, N_TOP))
    largest = max(collected, key=lambda used: used["wall_s"])
    share = min(1.0, TILES_PER_PART / len(paths))
    size = sum(path.stat().st_size for path in parts) / 1e6 / len(parts)
    rows.append({"stage": "collect", "n_rows": n_rows * share} | largest | {"disk_mb": size})
    tables = [folder / "mi.tsv", folder / "mi.parquet"]
    used = measured.call("lmi.results.table.aggregate", parts, *tables)
    size = sum(path.stat().st_size for path in tables) / 1e6
    rows.append({"stage": "aggregate", "n_rows": n_rows} | used | {"disk_mb": size})
    page, figures = folder / "report.html", folder / "figures"
    config = {"run": "scale", "datasets": {"d": {}}, "report": {"top_pairs": N_TOP}}
    used = measured.call("lmi.report.page.write", page, figures, tables[1], parts, config, folder)
    size = sum(path.stat().st_size for path in (page, *figures.iterdir())) / 1e6
    rows.append({"stage": "report", "n_rows": n_rows} | used | {"disk_mb": size})
    return rows


def _write_tile(path, x, y, rng):
    """Write an estimate tile of random numbers, such as the stage estimate writes."""
    n = len(x)
    mi = rng.gamma(0.3, 0.3, n) - 0.02
    given = {
        "x": x,
        "truth_bits": np.full(n, np.nan),
        "y": y,
        "mi_bits": mi,
        "mi_ksg_bits": 0.9 * mi,
        "p_value": np.clip(np.exp(-60 * mi) * rng.random(n), 2e-4, 1),
        "flag": ["ok"] * n,
        "candidate": ["linear"] * n,
        "p_method": ["permutation"] * n,
        "n_samples": np.full(n, N_SAMPLES),
        "loss_step": np.arange(0, 315, 15),
        "loss_train": np.full((n, 2, 21), np.nan, np.float32),
        "loss_validation": np.full((n, 2, 21), np.nan, np.float32),
        "pointwise": rng.standard_normal((n, N_SAMPLES)).astype(np.float32),
        "scatter": rng.standard_normal((n, N_SAMPLES, 2)).astype(np.float32),
        "scatter_samples": np.arange(N_SAMPLES),
    }
    empty = {
        "str": lambda: [""] * n,
        "int64": lambda: np.zeros(n, int),
        "bool": lambda: np.ones(n, bool),
        "float64": lambda: rng.random(n),
    }
    columns = [name for name in COLUMNS if name not in FROM_ATTRIBUTES]
    arrays = {name: empty[COLUMNS[name]]() for name in columns} | given
    attributes = {"dataset": "d", "seed": 0, "preset": "default", "k": 3}
    write(path, arrays, attributes | {"key": ""})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="results/bench_scale.tsv")
    options = parser.parse_args()
    rows = []
    for n_variables, block_size in SCALES:
        with tempfile.TemporaryDirectory() as name:
            row = {"pairs": n_variables * (n_variables - 1) // 2, "block_size": block_size}
            row |= planning(n_variables, block_size, Path(name))
            for used in gathering(n_variables, block_size, Path(name)):
                stage = used.pop("stage")
                row |= {f"{stage}_{key}": value for key, value in used.items()}
        rows.append(row)
        print(pd.Series(row).to_string(float_format="%.6g"), flush=True)
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out, sep="\t", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
