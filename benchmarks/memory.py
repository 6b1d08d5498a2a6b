"""Benchmark of memory: the projection of gene sets of a large sparse .h5ad file.

The file has 50,000 cells and 20,000 genes, 5 % of them counted; 200 gene sets of 10 to 200 genes
are its variables. Each stage runs in a process of its own, as the jobs of the workflow do; what
counts is the most memory that any of them takes.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from lmi.base import seeds
from lmi.planning.schema import defaults

from benchmarks import measured

N_CELLS, N_GENES, SHARE = 50_000, 20_000, 0.05
N_SETS, SMALLEST, LARGEST = 200, 10, 200
LIMIT_MB = 4000
CELLS_AT_A_TIME = 5000


def write(path, n_cells, n_genes):
    """Write a sparse .h5ad file of counts."""
    import anndata
    import pandas as pd
    import scipy.sparse

    rng, parts = seeds.rng(0, "bench_memory"), []
    for start in range(0, n_cells, CELLS_AT_A_TIME):
        n = min(CELLS_AT_A_TIME, n_cells - start)
        # what lies between two counts of a matrix in which every entry has the same chance
        steps = rng.geometric(SHARE, int(n * n_genes * SHARE * 1.1) + 100)
        places = np.cumsum(steps) - 1
        places = places[places < n * n_genes]
        counts = rng.poisson(1.0, len(places)).astype(np.float32) + 1
        rows, columns = np.divmod(places, n_genes)
        indptr = np.searchsorted(rows, np.arange(n + 1))
        parts.append(scipy.sparse.csr_matrix((counts, columns.astype(np.int32), indptr)))
        parts[-1].resize((n, n_genes))
    table = anndata.AnnData(
        scipy.sparse.vstack(parts, format="csr"),
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(n_cells)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(n_genes)]),
    )
    table.write_h5ad(path)


def write_sets(path, n_genes):
    """Write gene sets of random genes."""
    rng = seeds.rng(1, "bench_memory")
    lines = []
    for i in range(N_SETS):
        genes = rng.choice(n_genes, rng.integers(SMALLEST, LARGEST + 1), replace=False)
        lines.append("\t".join([f"set{i}", "na", *(f"gene{gene}" for gene in genes)]))
    Path(path).write_text("\n".join(lines) + "\n")


def plan(dataset):
    """List the variables and count the samples, as the planning of a run does."""
    from lmi.data.variables import count_samples, list_variables

    return list_variables(dataset), count_samples(dataset)


def project(out, dataset, start, stop, missing):
    """Project some of the variables, as a job does."""
    from lmi.pipeline.project import project

    variables, _ = plan(dataset)
    project(
        out,
        dataset=dataset | {"variables": "each"},
        dataset_name="cells",
        variables=[variable.to_params() for variable in variables[start:stop]],
        settings=defaults("project") | {"missing": missing},
        seed=0,
    )


def main(arguments=None):
    """Measure, print a line a stage, and fail where the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.memory")
    parser.add_argument("--cells", type=int, default=N_CELLS)
    parser.add_argument("--genes", type=int, default=N_GENES)
    parser.add_argument("--block", type=int, default=8, help="variables a job (block_size)")
    chosen = parser.parse_args(arguments)
    most = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path, sets = f"{folder}/cells.h5ad", f"{folder}/sets.gmt"
        measured.call("benchmarks.memory.write", path, chosen.cells, chosen.genes)
        write_sets(sets, chosen.genes)
        size = os.path.getsize(path) / 1e6
        print(f"{chosen.cells} cells, {chosen.genes} genes, {N_SETS} gene sets: {size:.0f} MB")
        dataset = {"source": path, "variables": {"gene_sets": sets}}
        stages = {"plan": ("plan", dataset)}
        for first in (0, N_SETS - chosen.block):
            name = f"project, sets {first} to {first + chosen.block - 1}"
            part = dataset, first, first + chosen.block, "error"
            stages[name] = "project", f"{folder}/block-{first}.h5", *part
        part = dataset, 0, chosen.block, "drop_samples"
        stages["project, drop_samples"] = "project", f"{folder}/dropped.h5", *part
        for name, (function, *options) in stages.items():
            used = measured.call(f"benchmarks.memory.{function}", *options)
            most = max(most, used["memory_mb"])
            print(f"{name:30} {used['wall_s']:7.1f} s {used['memory_mb']:7.0f} MB", flush=True)
    print(f"most: {most:.0f} MB, limit {LIMIT_MB} MB")
    return int(most > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
