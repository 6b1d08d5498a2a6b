"""CPU seconds, memory and disk of the workflow's stages by size, for `lmi.planning.costs`.

Synthetic variables of several sizes go through the stages, each in a process of its own, as a job
would. The coefficients of `lmi.planning.costs` are fitted to what they took.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from lmi.base import seeds
from lmi.planning import config, costs

from benchmarks import measured

SIZES = (
    (200, 5, 8),
    (500, 100, 8),
    (1000, 20, 16),
    (2000, 100, 8),
    (2000, 100, 16),
    (2000, 1000, 6),
    (5000, 400, 6),
    (10000, 20, 6),
    (10000, 50, 4),
)
"""Samples, features of a variable, variables; all pairs of them are one tile."""
NARROW_SIZES = ((300, 1, 40), (700, 1, 64), (2000, 1, 40), (8000, 1, 16))
PAPER_SIZES = ((1000, 20, 2), (1000, 20, 3), (2000, 100, 2), (2000, 1000, 2))


def measure(n_samples, n_features, n_variables, kinds, folder):
    """Send one tile through the stages; return a row for each.

    Parameters
    ----------
    n_samples, n_features, n_variables : int
    kinds : sequence of str
        never, always: the default preset with networks for no pair or for all; paper.
    folder : Path
        Where files may be written.

    Returns
    -------
    list of dict
        rule, kind, sizes, seconds (of CPU), memory_mb, disk_mb.
    """
    rng = seeds.rng(0, "bench_costs", n_samples, n_features)
    # as many axes as real variables share, since most of the time goes with their number
    shared = rng.standard_normal((n_samples, min(n_features, costs.AXES)))
    paths = [str(folder / f"v{number}.npy") for number in range(n_variables)]
    for path in paths:
        own = shared @ rng.uniform(-0.5, 0.5, (shared.shape[1], n_features))
        np.save(path, (own + rng.standard_normal((n_samples, n_features))).astype(np.float32))
    loaded = config.load({"datasets": {"d": {"source": paths, "variables": "files"}}})
    pairs = [(i, j) for i in range(n_variables) for j in range(i + 1, n_variables)]
    size = {"n_samples": n_samples, "n_features": n_features, "n_variables": n_variables}
    size["n_pairs"] = len(pairs)
    rows = []

    def add(rule, kind, out, used):
        disk = {"disk_mb": out.stat().st_size / 1e6}
        rows.append({"rule": rule, "kind": kind} | size | used | disk)

    block, tile, estimates = (folder / f"{name}.h5" for name in ("block", "tile", "estimates"))
    used = measured.call(
        "lmi.pipeline.project.project",
        block,
        dataset=loaded["datasets"]["d"],
        dataset_name="d",
        variables=[{"name": Path(path).stem, "features": []} for path in paths],
        settings=loaded["project"],
        seed=0,
    )
    add("project", "never", block, used)
    for kind in kinds:
        changes = {"preset": "paper"} if kind == "paper" else {"train": kind}
        settings = loaded["embed"] | changes
        used = measured.call(
            "lmi.pipeline.embed.embed", tile, block, block, pairs=pairs, settings=settings, seed=0
        )
        add("embed", kind, tile, used)
        if kind == "never":
            used = measured.call(
                "lmi.pipeline.estimate.estimate",
                estimates,
                tile,
                settings=loaded["estimate"],
                seed=0,
            )
            add("estimate", kind, estimates, used)
    return rows


def fit(table):
    """Fit the coefficients of `costs` to measured jobs.

    Parameters
    ----------
    table : DataFrame
        Rows of `measure`.

    Returns
    -------
    dict of str to dict of str to list of float
        As `costs.COEFFICIENTS`.
    """
    from scipy.optimize import nnls

    sizes = ["n_samples", "n_features", "n_variables", "n_pairs"]
    fitted = {}
    for rule, terms in costs.TERMS.items():
        kind = {"train": "always", "paper": "paper"}.get(rule, "never")
        stage = "embed" if rule in ("train", "paper") else rule.removesuffix("_narrow")
        of_rule = table[table["rule"] == stage]
        if stage != "project":
            of_rule = of_rule[(of_rule["n_features"] == 1) == rule.endswith("_narrow")]
        if of_rule.empty:
            continue  # the last stages are measured by bench_scale
        mine = of_rule[of_rule["kind"] == kind].set_index(sizes)
        if rule == "train":
            # what training adds is the difference of two runs
            without = of_rule[of_rule["kind"] == "never"].set_index(sizes)
            mine = mine[list(costs.QUANTITIES)] - without[list(costs.QUANTITIES)]
        design = np.array([terms(**dict(zip(sizes, row, strict=True))) for row in mine.index])
        fitted[rule] = {}
        for quantity in costs.QUANTITIES:
            taken = np.maximum(mine[quantity].to_numpy(), 0.0)
            # an absolute error of a second, 20 MB or 1 MB on disk is of no matter for a small job
            weight = 1 / (taken + {"seconds": 1, "memory_mb": 20, "disk_mb": 1}[quantity])
            solved = nnls(design * weight[:, None], taken * weight)[0]
            fitted[rule][quantity] = [float(f"{value:.3g}") for value in solved]
    return fitted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="results/bench_costs.tsv")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = []
    work = [(size, ("never", "always")) for size in SIZES]
    work += [(size, ("never",)) for size in NARROW_SIZES]
    for size, kinds in [*work, *((size, ("paper",)) for size in PAPER_SIZES)]:
        with tempfile.TemporaryDirectory() as folder:
            new = measure(*size, kinds, Path(folder))
        print(pd.DataFrame(new).to_string(index=False, header=not rows), flush=True)
        rows += new
    table = pd.DataFrame(rows)
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out, sep="\t", index=False, float_format="%.6g")
    print("COEFFICIENTS of lmi/costs.py:")
    print(yaml.safe_dump(fit(table), sort_keys=False, default_flow_style=None))


if __name__ == "__main__":
    main()
