"""The benchmark's plan, from the published figures to jobs, and its table, from jobs to rows.

The cells of a figure with the same number of samples are one dataset of many small tasks, for
each seed; at scale smoke, where a job costs more than its cells, those of all figures are. A
dataset is projected once, in blocks of several cells; estimators that the workflow's own stages
make (a *run*: embed settings and what follows from them) share its blocks, and are datasets below
it. An estimator that is a function draws the same cells itself, a job a block.
"""

import functools
import json
import re

from lmi.base.errors import InputError
from lmi.base.seeds import stable_hash
from lmi.benchmarks import published
from lmi.benchmarks.estimators import ESTIMATORS, SMOKE

BLOCK_VALUES = 16e6
"""Most values of a block: samples times features of all its variables."""
BLOCK_CELLS = 24
FOLDER = "benchmark"


def estimators_of(figure, benchmark):
    """Return the estimators of a figure: name -> {estimator, settings, published}.

    Parameters
    ----------
    figure : str
    benchmark : dict
        The config's section.
    """
    module = published.FIGURES[figure]
    asked = benchmark["estimators"] or (SMOKE if benchmark["scale"] == "smoke" else ESTIMATORS)
    named = {
        name: {
            "estimator": name,
            "settings": {},
            "published": getattr(ESTIMATORS[name], "PUBLISHED", ""),
        }
        for name in asked
        if _belongs(name, figure, benchmark["scale"])
    }
    variants = getattr(module, "VARIANTS", {})
    kept = getattr(module, benchmark["scale"].upper(), variants)
    for name, variant in variants.items():
        if name in kept and variant["estimator"] in asked:
            named[name] = {"settings": {}, "published": ""} | variant
    return named


def _belongs(name, figure, scale):
    """Return whether an estimator, not a variant of it, is in a figure."""
    module = ESTIMATORS[name]
    if scale == "quick" and figure not in getattr(module, "QUICK", [figure]):
        return False
    fitting = getattr(published.FIGURES[figure], "ESTIMATORS", None)
    named = name in fitting if fitting is not None else not hasattr(module, "FIGURES")
    return named or figure in getattr(module, "FIGURES", ())


def cells_for(figure, name, spec, scale):
    """Return the names of the cells that an estimator gets; costly ones get a share of them."""
    cells = list(published.cells(figure, scale))
    share = getattr(ESTIMATORS[spec["estimator"]], "SHARE", 1)
    if scale == "full" or share == 1:
        return cells
    # a variant is one of many, and is not what a verdict is about
    judged = name == spec["estimator"] and figure in published.compared() and scale == "quick"
    least = getattr(ESTIMATORS[spec["estimator"]], "LEAST", 1) if judged else 1
    # one order for all, so that costly estimators are compared on the same cells
    order = sorted(cells, key=lambda cell: stable_hash(f"share of {cell}"))
    return sorted(order[: max(least, len(cells) // share)], key=cells.index)


def label_of(spec):
    """Return the name of the results that an estimator reads: its own, or those of another one.

    Variants are named after their settings: the same ones are computed once, whatever figures
    call them.
    """
    name = getattr(ESTIMATORS[spec["estimator"]], "RUN", spec["estimator"])
    text = json.dumps(spec["settings"], sort_keys=True) if spec["settings"] else ""
    return "-".join([name, *re.findall(r"[\w.]+", text)])


def merged(settings, changes):
    """Return nested settings with some keys changed."""
    result = dict(settings)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if nested else value
    return result


@functools.lru_cache(maxsize=4)
def _plan(scale, figures, estimators, seeds):
    benchmark = {"scale": scale, "figures": figures, "estimators": estimators, "seeds": seeds}
    data, rows, specs = {}, [], {}
    for figure in figures or published.FIGURES:
        cells = published.cells(figure, scale)
        specs[figure] = estimators_of(figure, benchmark)
        for seed in seeds:
            for name, spec in specs[figure].items():
                for cell in cells_for(figure, name, spec, scale):
                    group = "smoke" if scale == "smoke" else figure
                    n_samples = cells[cell]["n_samples"]
                    dataset = f"{FOLDER}/{group}/n-{n_samples}/seed-{seed}"
                    entry = data.setdefault(dataset, {"seed": seed, "cells": {}, "figures": {}})
                    entry["cells"][cell] = cells[cell]
                    rows.append((figure, name, dataset, cell))
    if not rows:
        raise InputError(
            f"config: benchmark: nothing to estimate: at scale {scale}, none of the estimators "
            f"({', '.join(estimators) or 'those of the scale'}) is one of the figures "
            f"({', '.join(figures) or 'all'}). Name others, or choose a larger scale"
        )
    for entry in data.values():
        entry["blocks"] = _blocks(entry["cells"])
    runs, functions = {}, {}
    label = functools.cache(lambda figure, name: label_of(specs[figure][name]))
    for figure, name, dataset, cell in rows:
        key = f"{dataset}/{label(figure, name)}"
        job = runs.get(key) or functions.get(key)
        if job is None:
            spec = specs[figure][name]
            module = ESTIMATORS[spec["estimator"]]
            kind = functions if hasattr(module, "estimate") else runs
            short = getattr(module, "SMOKE", {}) if scale == "smoke" else {}
            job = kind[key] = {
                "data": dataset,
                "estimator": spec["estimator"],
                "settings": merged(merged(getattr(module, "EMBED", {}), short), spec["settings"]),
                "cells": set(),
            }
        job["cells"].add(cell)
    return {"data": data, "runs": runs, "functions": functions, "rows": rows}


def plan(benchmark):
    """Return what the benchmark computes: a pure function of the config, without reading data.

    Parameters
    ----------
    benchmark : dict
        The config's section.

    Returns
    -------
    dict
        data : name of a dataset -> {seed, cells: {name: cell}, blocks: [[name, ...], ...]};
        runs : name of a dataset -> {data, estimator, settings (of embed), cells: set of names};
        functions : the same for estimators that are functions;
        rows : list of (figure, estimator, data, cell).
    """
    lists = (tuple(benchmark[key]) for key in ("figures", "estimators", "seeds"))
    return _plan(benchmark["scale"], *lists)


def _blocks(cells):
    """Cut cells into blocks of several, narrow ones first, so that no job is large or long."""
    blocks, size = [], 0.0
    for name in sorted(cells, key=lambda name: (cells[name]["width"], name)):
        values = 2 * cells[name]["n_samples"] * cells[name]["width"]
        if not blocks or size + values > BLOCK_VALUES or len(blocks[-1]) == BLOCK_CELLS:
            blocks.append([])
            size = 0.0
        blocks[-1].append(name)
        size += values
    return blocks


def task_of(cell, seed):
    """Return a cell as `lmi.tasks.make` and the stage project take it."""
    return {"name": cell["task"], **cell["params"], "seed": 1000 * seed + cell["draw"]}


def variables(names):
    """Return the names of the variables of cells, in their order in a block."""
    return [f"{name}.{side}" for name in names for side in "xy"]


def pairs(block, wanted):
    """Return the rows of x and y of the wanted cells of a block."""
    return [[2 * i, 2 * i + 1] for i, name in enumerate(block) if name in wanted]


def used_blocks(data, job):
    """Return the numbers of the blocks of a dataset that hold a cell of a job."""
    return [i for i, block in enumerate(data["blocks"]) if job["cells"] & set(block)]


def resources(cells):
    """Return the data files that cells need."""
    return sorted({cell["params"]["path"] for cell in cells if cell["params"].get("path")})


def stamp_of(job):
    """Return the file that tells that a function's environment is there, or [] if it needs none."""
    folder = getattr(ESTIMATORS[job["estimator"]], "ENVIRONMENT", None)
    return f".{folder}/.installed" if folder else []


def call(out, *, estimator, tasks, settings):
    """Estimate cells by an estimator that is a function, and write a row each.

    Parameters
    ----------
    out : str or Path
        Table with cell, truth_bits, mi_bits, seconds, n_features_x, n_features_y and reason.
    estimator : str
    tasks : dict of str to dict
        Cells by name, from `task_of`.
    settings : dict
        Of the function.
    """
    import time

    import numpy as np
    import pandas as pd

    from lmi import tasks as known
    from lmi.base.files import replacing
    from lmi.benchmarks import estimators

    rows = []
    for name, task in tasks.items():
        drawn = known.make(**task)
        start = time.perf_counter()
        try:
            result = estimators.run(estimator, drawn.x, drawn.y, task["seed"], **settings)
        except InputError:
            raise
        except Exception as error:  # whatever a released package raises is the row's reason
            result = {"mi_bits": np.nan, "reason": f"{type(error).__name__}: {error}"}
        rows.append(
            {
                "cell": name,
                "n_samples": len(drawn.x),
                "n_features_x": drawn.x.shape[1],
                "n_features_y": drawn.y.shape[1],
                "truth_bits": drawn.truth_bits,
                "mi_bits": result["mi_bits"],
                DETAIL: json.dumps(result[DETAIL]) if DETAIL in result else "",
                "seconds": result.get("seconds", time.perf_counter() - start),
                "reason": " ".join(str(result["reason"]).split()),
            }
        )
    with replacing(out) as path:
        pd.DataFrame(rows).to_csv(path, sep="\t", index=False, na_rep="NaN")


def _estimates(path):
    """Return the rows of an estimates tile, with the smallest validation loss of the training."""
    import numpy as np
    import pandas as pd

    from lmi.base.files import reading, text

    with reading(path, "estimate") as tile:
        numbers = ("truth_bits", "mi_bits", "mi_ksg_bits", "n_samples", "n_features_x")
        numbers += ("n_features_y", "seconds")
        rows = {name: tile[name][()] for name in numbers}
        rows["cell"] = [name.rpartition(".")[0] for name in text(tile["x"])]
        rows["reason"] = text(tile["reason"])
        if "loss_validation" in tile:
            loss = tile["loss_validation"][()].astype(float).reshape(len(rows["cell"]), -1)
            rows["validation_loss"] = np.nanmin(np.where(np.isnan(loss), np.inf, loss), axis=1)
    return pd.DataFrame(rows)


COLUMNS = ("figure", "estimator", "seed", "cell", "n_samples", "n_features_x", "n_features_y")
COLUMNS += ("truth_bits", "mi_bits", "error_bits", "validation_loss", "seconds", "reason")
DETAIL = "detail"
"""What an estimator tells beside its value, as JSON: in the tables of figures alone."""


def table(benchmark, results):
    """Return all rows of the benchmark.

    Parameters
    ----------
    benchmark : dict
        The config's section.
    results : Path
        Folder of the run.

    Returns
    -------
    pandas.DataFrame
        COLUMNS and DETAIL, in the order of the plan. `mi_bits` is the estimator's value; NaN with
        a reason where it failed.
    """
    import numpy as np
    import pandas as pd

    planned = plan(benchmark)
    estimates = {}
    for kind in ("runs", "functions"):
        for key, job in planned[kind].items():
            blocks = used_blocks(planned["data"][job["data"]], job)
            if kind == "runs":
                parts = [
                    _estimates(results / key / f"estimates/tile-{b:03d}-{b:03d}.h5") for b in blocks
                ]
            else:
                parts = [
                    pd.read_csv(results / key / f"block-{b:03d}.tsv", sep="\t") for b in blocks
                ]
            estimates[key] = pd.concat(parts, ignore_index=True).set_index("cell")
    rows, specs = [], {figure: estimators_of(figure, benchmark) for figure, *_ in planned["rows"]}
    for figure, name, dataset, cell in planned["rows"]:
        spec = specs[figure][name]
        row = estimates[f"{dataset}/{label_of(spec)}"].loc[cell].to_dict()
        value = getattr(ESTIMATORS[spec["estimator"]], "VALUE", "mi_bits")
        rows.append(
            row
            | {
                "figure": figure,
                "estimator": name,
                "seed": planned["data"][dataset]["seed"],
                "cell": cell,
                "mi_bits": row[value],
                "validation_loss": row.get("validation_loss", np.nan),
                "reason": row["reason"] if isinstance(row["reason"], str) else "",
                DETAIL: row[DETAIL] if isinstance(row.get(DETAIL), str) else "",
            }
        )
    rows = pd.DataFrame(rows)
    rows["error_bits"] = rows["mi_bits"] - rows["truth_bits"]
    for name in ("n_samples", "n_features_x", "n_features_y"):
        rows[name] = rows[name].astype(int)
    return rows[[*COLUMNS, DETAIL]]


def of_figure(rows, figure, scale):
    """Return the rows of a figure with the parameters and conditions of its cells as columns."""
    import pandas as pd

    cells = published.cells(figure, scale)
    rows = rows[rows["figure"] == figure].reset_index(drop=True)
    described = pd.DataFrame(
        [cells[cell]["params"] | cells[cell]["conditions"] for cell in rows["cell"]]
    )
    if not rows[DETAIL].any():
        rows = rows.drop(columns=DETAIL)
    new = [name for name in described if name not in rows and name != "path"]
    return pd.concat([rows, described[new]], axis=1)
