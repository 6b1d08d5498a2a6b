"""Benchmark of load: the memory of the largest job of runs that are large in each direction.

    python -m benchmarks.load                      all three, hours
    python -m benchmarks.load wide --scale 0.5     one, of half as many samples and features

`wide`: two variables of 10,000 features, 100,000 samples. `many`: 500 variables of 100 features,
1,000 samples: all blocks, and of the 124,750 pairs one tile of 256 (all would take 30 hours of a
core; every tile takes as much memory, and tables of 10^6 rows are those of `make bench-scale`).
`narrow`: all 300,700 pairs of 776 single features, 700 samples. Each is a run of Snakemake with one
core; what counts are the benchmark files of its jobs. The exit code is 1 where a job took more than
`LIMIT_MB`.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from lmi.base import seeds

from benchmarks import measured
from benchmarks.rows import show

ROOT = Path(__file__).resolve().parents[1]
LIMIT_MB = 24 * 2**30 / 1e6
ROWS_AT_ONCE = 2000
CASES = {"wide": (100_000, 2, 10_000), "many": (1_000, 500, 100), "narrow": (700, 776, 1)}
"""Samples, variables, features of each."""
BLOCK_SIZE = {"many": 16}
TARGETS = {
    "many": [
        *(f"results/load/d/variables/block-{i:03d}.h5" for i in range(32)),
        "results/load/d/estimates/tile-000-001.h5",
    ]
}
"""What is made of a case that is not run whole."""


def write(path, n_samples, n_variables, n_features):
    """Write single-precision numbers; variables share one of five factors with every fifth."""
    rng = seeds.rng(0, "bench_load")
    n_columns = n_variables * n_features
    shape = n_samples, n_columns
    out = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    factor = np.arange(n_columns) // n_features % 5
    loading = np.where(rng.random(n_columns) < 0.1, 0.3, 0.0).astype(np.float32)
    for start in range(0, n_samples, ROWS_AT_ONCE):
        n = min(ROWS_AT_ONCE, n_samples - start)
        hidden = rng.standard_normal((n, 5), np.float32)
        noise = rng.standard_normal((n, n_columns), np.float32)
        out[start : start + n] = hidden[:, factor] * loading + noise
    out.flush()


def scaled(case, scale):
    """Return the sizes of a case at a scale of its samples and its features or variables."""
    n_samples, n_variables, n_features = CASES[case]
    if n_features > 1:
        n_features = math.ceil(n_features * scale)
    else:
        n_variables = math.ceil(n_variables * scale)
    return math.ceil(n_samples * scale), n_variables, n_features


def run(case, scale, folder):
    """Run a case; return a row a stage: jobs, the largest memory and the longest time of one."""
    n_samples, n_variables, n_features = scaled(case, scale)
    write(folder / "data.npy", n_samples, n_variables, n_features)
    groups = {
        f"v{i}": [f"f{column}" for column in range(i * n_features, (i + 1) * n_features)]
        for i in range(n_variables)
    }
    variables = {"list": groups} if n_features > 1 else "each"
    config = {"run": "load", "datasets": {"d": {"source": "data.npy", "variables": variables}}}
    config["block_size"] = BLOCK_SIZE.get(case, "auto")
    (folder / "load.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    profile = ["--workflow-profile", str(ROOT / "profiles/default")]
    start = time.perf_counter()
    command += [*profile, "--configfile", "load.yaml", "--cores", "1", "--", *TARGETS.get(case, [])]
    measured.command(command, folder)
    wall = time.perf_counter() - start
    jobs = []
    for path in sorted((folder / "results/load/benchmarks").rglob("*.tsv")):
        used = pd.read_csv(path, sep="\t", na_values="-")
        stage = path.relative_to(folder / "results/load/benchmarks").parts[0].removesuffix(".tsv")
        jobs.append({"stage": stage, "mb": used["max_rss"].max(), "cpu_s": used["cpu_time"].max()})
    table = pd.DataFrame(jobs).groupby("stage", sort=False)
    print(f"{case}: {n_samples} samples, {n_variables} variables of {n_features}: {wall:.0f} s")
    sizes = {"case": case, "samples": n_samples, "variables": n_variables, "features": n_features}
    return [
        sizes
        | {
            "stage": stage,
            "jobs": len(own),
            "largest_gb": own["mb"].max() * 2**20 / 1e9,
            "longest_cpu_s": own["cpu_s"].max(),
        }
        for stage, own in table
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}")
    parser.add_argument("--scale", type=float, default=1.0, help="of samples and features")
    parser.add_argument("--out", default="results/bench_load.tsv")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    for case in options.cases or CASES:
        with tempfile.TemporaryDirectory(prefix="lmi-load-") as folder:
            for row in run(case, options.scale, Path(folder)):
                rows.append(row)
                show(rows, options.out)
    most = max(row["largest_gb"] for row in rows)
    print(f"most: {most:.2f} GB, limit {LIMIT_MB / 1e3:.1f} GB")
    sys.exit(most > LIMIT_MB / 1e3)


if __name__ == "__main__":
    main()
