"""A finished run of two small datasets, written by the stages themselves."""

import numpy as np
import pandas as pd
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import project
from lmi.planning.config import load as load_config
from lmi.planning.plan import Plan
from lmi.results.collect import collect
from lmi.results.table import aggregate

N = 240
SETS = {"G2/M <phase>": ["a0", "a1", "absent"], "b": ["b0", "b1"], "é": ["c0", "flat"]}


def write_data(folder):
    """Write cells with names, two of them with missing values, and a recording without names."""
    rng = np.random.default_rng(3)
    hidden = rng.standard_normal(N)
    values = {
        "a0": hidden + 0.5 * rng.standard_normal(N),
        "a1": rng.standard_normal(N),
        "b0": hidden + 0.5 * rng.standard_normal(N),
        "b1": rng.standard_normal(N),
        "c0": rng.standard_normal(N),
        "flat": np.ones(N),
    }
    cells = pd.DataFrame(values, index=pd.Index([f"cell{i}" for i in range(N)], name="cell"))
    cells.loc[["cell7", "cell30"], "a1"] = np.nan
    cells.to_csv(folder / "cells.csv")
    labels = pd.DataFrame({"cell": cells.index, "batch": np.where(np.arange(N) % 3, "one", "two")})
    labels.to_csv(folder / "batch.csv", index=False)
    np.save(folder / "recording.npy", np.stack([hidden, np.roll(hidden, 1), values["c0"]], axis=1))
    return cells


def write_run(folder, keep=None):
    """Run the stages on what `write_data` wrote; return the folder of the run and the config."""
    cells = write_data(folder)
    config = load_config(
        {
            "run": "tiny",
            "block_size": 2,
            "datasets": {
                "cells": {
                    "source": str(folder / "cells.csv"),
                    "variables": {"list": SETS, "unknown_features": "drop"},
                    "strata": {"table": str(folder / "batch.csv"), "column": "batch"},
                },
                "recording": {
                    "source": str(folder / "recording.npy"),
                    "time_series": True,
                    "lags": [0, 1],
                },
            },
            "project": {"missing": "drop_samples", "n_components": 8},
            "embed": {"train": "never", "n_latent": 4},
            "estimate": {"permutations": {"max": 99}},
            "keep": keep or {},
        }
    )
    results, parts = folder / "results" / "tiny", []
    for dataset in Plan(config).own:
        its = results / dataset.name
        blocks = [its / "variables" / f"block-{i:03d}.h5" for i in range(len(dataset.blocks))]
        for number, (path, block) in enumerate(zip(blocks, dataset.blocks, strict=True)):
            project(
                path,
                dataset=dataset.data(number),
                dataset_name=dataset.name,
                variables=[variable.to_params() for variable in block],
                settings=config["project"],
                seed=0,
            )
        estimates = []
        for i, j in dataset.tiles:
            tile = its / "embeddings" / f"tile-{i:03d}-{j:03d}.h5"
            embed(
                tile,
                blocks[i],
                blocks[j],
                pairs=dataset.list_pairs(i, j),
                settings=config["embed"],
                seed=0,
                lags=dataset.lags,
            )
            estimates.append(its / "estimates" / tile.name)
            estimate(
                estimates[-1],
                tile,
                settings=config["estimate"],
                seed=0,
                keep_pointwise=dataset.keep_pointwise,
            )
            if not config["keep"]["embeddings"]:
                tile.unlink()
        parts.append(its / "parts" / "part-000.h5")
        collect(parts[-1], estimates, n_top=3)
    aggregate(parts, results / "mi.tsv", results / "mi.parquet", list(config["datasets"]))
    return results, config, cells
