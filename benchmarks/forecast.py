"""The forecast of `lmi plan` beside what jobs take: CPU seconds, memory and disk, by stage.

Of each config some tiles are sent through project, embed and estimate, each in a process of its
own, as a job would be; the ratio of what was expected of them to what they took holds for the run,
whose jobs are of the same sizes. Tiles of very many pairs are cut to `MOST_PAIRS`, and what is
expected is expected of as many. CPU seconds, as other work on the machine hardly changes them.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from lmi.planning import config as configs
from lmi.planning.plan import Plan

from benchmarks import measured

GENES = "tests/data/cells/pbmc68k_reduced.h5ad"
CONFIGS = {
    "demo": "config.yaml",
    # 500 gene sets of so many drawn genes: their overlaps are kept, as no pair is to be flagged
    "modules": 20,
    "large modules": 100,
    "genes": "benchmarks/genes.yaml",
}
N_MODULES = 500
MOST_TILES = 2
"""Of a dataset: evenly spread over its tiles."""
MOST_PAIRS = 64
"""Of a tile."""
NARROW = 64
"""Times as many pairs of single features, which are cheap."""


def modules(folder, n_genes):
    """Write gene sets of genes drawn from the bundled ones; return a config of all their pairs."""
    import anndata
    from lmi.base import seeds

    names = anndata.read_h5ad(GENES, backed="r").var_names
    rng = seeds.rng(0, "bench_forecast")
    path = Path(folder, "modules.gmt")
    path.write_text(
        "".join(
            "\t".join([f"m{i:03d}", "", *rng.choice(names, n_genes, replace=False)]) + "\n"
            for i in range(N_MODULES)
        )
    )
    data = {"source": GENES, "variables": {"gene_sets": str(path)}, "pairs": "all"}
    return {"run": "modules", "datasets": {"modules": data}}


def loaded(name, folder):
    """Return a config of `CONFIGS`."""
    from lmi.planning.yaml_file import read

    what = CONFIGS[name]
    return configs.load(modules(folder, what) if isinstance(what, int) else read(what))


def measure(plan, folder, most_tiles=MOST_TILES, most_pairs=MOST_PAIRS):
    """Send some tiles of each dataset of a run through the stages.

    Returns
    -------
    list of dict
        stage, dataset, and expected and taken seconds, memory_mb and disk_mb; `weight`, how many
        times as many variables, or pairs, the run has.
    """
    rows = []
    for dataset in plan.own:
        chosen = dataset.tiles[:: -(-len(dataset.tiles) // most_tiles)]
        at = Path(folder, dataset.name)
        at.mkdir()
        blocks = {}
        for number in dict.fromkeys(number for tile in chosen for number in tile):
            rows.append(_block(plan, dataset, number, at / f"block-{number}.h5"))
            blocks[number] = at / f"block-{number}.h5"
        most = most_pairs * (NARROW if dataset.is_narrow else 1)
        its = [_tile(plan, dataset, tile, blocks, at, most) for tile in chosen]
        n_pairs = sum(n for n, _ in its)
        rows += [row for _, both in its for row in both]
        for row in rows:
            if row["dataset"] == dataset.name:
                whole, part = (
                    (len(dataset.blocks), len(blocks))
                    if row["stage"] == "project"
                    else (dataset.n_pairs, n_pairs)
                )
                row["weight"] = whole / part
    return rows


def _block(plan, dataset, number, out):
    job = plan.job("project", dataset=dataset.name, block=f"{number:03d}")
    options = {"dataset": job.data, "dataset_name": dataset.name, "seed": job.seed}
    options |= {"variables": job.variables, "settings": job.settings}
    used = measured.call("lmi.pipeline.project.project", out, **options)
    return _row(job, dataset, out, used)


def _tile(plan, dataset, tile, blocks, folder, most):
    """Return how many pairs of a tile were measured, and the rows of embed and estimate."""
    pairs = dataset.list_pairs(*tile)[:most]
    # a plan whose tile has these pairs alone expects as much of it as is measured
    cut = replace(dataset, list_pairs=lambda *_: pairs)
    x, y = tile
    files = {stage: folder / f"{stage}-{x}-{y}.h5" for stage in ("embed", "estimate")}
    rows = []
    for stage, out in files.items():
        wildcards = {"dataset": dataset.name, "x": f"{x:03d}", "y": f"{y:03d}"}
        job = replace(plan.job(stage, **wildcards), dataset=cut)
        options = {"settings": job.settings, "seed": job.seed}
        if stage == "embed":
            files_in = blocks[x], blocks[y]
            options |= {"pairs": [list(pair) for pair in pairs], "lags": job.lags}
        else:
            files_in = (files["embed"],)
            options |= {"keep_pointwise": job.keep_pointwise}
        used = measured.call(f"lmi.pipeline.{stage}.{stage}", out, *files_in, **options)
        rows.append(_row(job, dataset, out, used))
    return len(pairs), rows


def _row(job, dataset, out, used):
    expected = {f"expected_{name}": value for name, value in job.cost().items()}
    taken = {"seconds": used["seconds"], "memory_mb": used["memory_mb"]}
    taken["disk_mb"] = out.stat().st_size / 1e6
    return {"stage": job.stage, "dataset": dataset.name} | expected | taken


def told(rows):
    """Return expected and taken of each stage of a run, and their ratios."""
    table = pd.DataFrame(rows)
    for name in ("seconds", "disk_mb"):
        for kind in ("", "expected_"):
            table[kind + name] *= table["weight"]
    groups = table.groupby("stage", sort=False)
    kinds = {"seconds": "sum", "memory_mb": "max", "disk_mb": "sum"}
    summed = groups.agg(
        {kind + name: how for name, how in kinds.items() for kind in ("expected_", "")}
    )
    total = {
        column: summed[column].max() if "memory" in column else summed[column].sum()
        for column in summed
    }
    summed.loc["all"] = total
    for name in kinds:
        summed[f"{name.split('_')[0]}_ratio"] = summed[f"expected_{name}"] / summed[name]
    return summed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    parser.add_argument("--tiles", type=int, default=MOST_TILES, help="of a dataset")
    parser.add_argument("--pairs", type=int, default=MOST_PAIRS, help="of a tile")
    options = parser.parse_args()
    for name in options.runs:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(Plan(loaded(name, folder)), folder, options.tiles, options.pairs)
        print(f"{name}\n{told(rows).round(2).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()
