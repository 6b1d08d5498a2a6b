"""Benchmark of the workflow's overhead: all pairs of 64 variables, and where the time goes.

Work is what the table's column `seconds` says of training and KSG; all else is overhead: starting
Python and loading libraries in every job, reading and writing files, projection, tables, figures
and the report, Snakemake itself, and cores that wait for the last job.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from lmi.base import seeds
from lmi.results.stage_times import stage_times

from benchmarks import measured

ROOT = Path(__file__).resolve().parents[1]
N_VARIABLES, N_SAMPLES, N_FEATURES = 64, 2000, 100


def run(cores, block_size, folder):
    """Run the workflow on all pairs; return what it took.

    Parameters
    ----------
    cores, block_size : int
    folder : Path
        Where it may write.

    Returns
    -------
    DataFrame
        Core seconds and their share of the wall time of all cores, a row each for work and the
        parts of the overhead.
    """
    rng = seeds.rng(0, "bench_overhead")
    latent = rng.standard_normal((N_SAMPLES, 8))
    names = [f"v{number:02d}" for number in range(N_VARIABLES)]
    for number, name in enumerate(names):
        own = latent[:, [number % 8]] + 0.7 * rng.standard_normal((N_SAMPLES, 1))
        values = own * rng.standard_normal((1, N_FEATURES))
        values += 0.05 * rng.standard_normal(values.shape)
        np.save(folder / f"{name}.npy", values.astype(np.float32))
    config = {"run": "overhead", "block_size": block_size}
    sources = [f"{name}.npy" for name in names]
    config["datasets"] = {"d": {"source": sources, "variables": "files", "pairs": "all"}}
    (folder / "overhead.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), "--cores", str(cores)]
    command += ["--configfile", "overhead.yaml"]
    used = measured.command(command, folder)
    results = folder / "results/overhead"
    work = pd.read_csv(results / "mi.tsv", sep="\t")["seconds"].sum()
    stages = {row["stage"]: row["seconds"] for row in stage_times(results / "benchmarks")}
    pairs = stages.pop("embed") + stages.pop("estimate")
    everything = used["wall_s"] * cores
    parts = {
        "training and KSG": work,
        "embed and estimate: start, files": pairs - work,
        **stages,
        "Snakemake, and cores that wait": everything - pairs - sum(stages.values()),
        "all": everything,
    }
    table = pd.DataFrame({"part": list(parts), "core_s": list(parts.values())})
    table["share"] = table["core_s"] / everything
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count()))
    parser.add_argument("--block-size", type=int, default=16)
    parser.add_argument("--out", default="results/bench_overhead.tsv")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = run(options.cores, options.block_size, Path(folder))
    print(table.to_string(index=False, float_format="%.3f"))
    print(f"overhead: {1 - table['share'][0]:.1%} of the time of {options.cores} cores")
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out, sep="\t", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
