"""The published figures, a module a figure: what is estimated, with what, and how it is drawn.

A module of this folder is a figure, found by its name; a new file is a new figure. It has

TITLE, SOURCE : str
    What the figure shows, and where it stands in the paper.
cells(scale) : function
    Tasks of known mutual information at a scale (smoke, quick, full): a list of flat dicts with
    `task` (a key of `lmi.tasks.TASKS`), parameters of the task, `n_samples` among them, `draw`
    (repeats a cell with other random numbers) and the columns named in CONDITIONS.
draw(table) : function, optional
    A matplotlib figure beside the original's design, from the figure's rows of benchmark.tsv with
    the cell's parameters as columns; `lmi.benchmarks.figures.scatter` where it is absent.
ESTIMATORS : list of str, optional
    Estimators that make sense here; all where it is absent.
VARIANTS : dict, optional
    Name -> {estimator: a key of `lmi.benchmarks.estimators.ESTIMATORS`, settings: {...},
    published: name}:
    an estimator with other settings, which this figure alone has.
SMOKE, QUICK : tuple of str, optional
    The variants of these scales; all where it is absent.
CONDITIONS : tuple of str, optional
    Columns of the cells that are no parameters of the task.
RESOURCE : str or tuple of str, optional
    Data file that a rule makes; a cell that needs it has it as its parameter `path`.
WIDTH : int, optional
    Features of a variable, where no parameter `ambient` or `dims` says so: for the size of jobs.

`lmi.benchmarks.plan` turns cells into the jobs of the workflow.
"""

import functools
import importlib
import math
import pkgutil
from pathlib import Path

from lmi import tasks
from lmi.base.errors import InputError

VALUES = Path(__file__).with_name("published.tsv")
"""Published values: figure, estimator, conditions of the cells, error."""


def _found():
    modules = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            modules[module.name] = importlib.import_module(f"{__name__}.{module.name}")

    def place(name):
        return not modules[name].SOURCE.startswith("figure"), modules[name].SOURCE, name

    return {name: modules[name] for name in sorted(modules, key=place)}


def name_of(cell):
    """Return the name of a cell: its task and parameters, so that it is the same in every scale."""
    kept = {k: v for k, v in cell["params"].items() if k != "path"}
    parts = [cell["task"], *(f"{key}={value}" for key, value in sorted(kept.items()))]
    return " ".join([*parts, f"draw={cell['draw']}"])


@functools.cache
def cells(figure, scale):
    """Return the cells of a figure at a scale, by name.

    Parameters
    ----------
    figure : str
        A key of `FIGURES`.
    scale : str
        smoke, quick or full.

    Returns
    -------
    dict of str to dict
        With the keys task, params (of the task), draw, n_samples, width (features) and conditions.

    Raises
    ------
    InputError
        A key of a cell that is neither a parameter of its task nor one of CONDITIONS.
    """
    module = FIGURES[figure]
    conditions = getattr(module, "CONDITIONS", ())
    named = {}
    for flat in module.cells(scale):
        rest = {key: value for key, value in flat.items() if key not in ("task", "draw")}
        of_task = tasks.parameters(flat["task"])
        stray = [key for key in rest if key not in of_task and key not in conditions]
        if stray or "n_samples" not in rest:
            what = f"'{stray[0]}'" if stray else "no n_samples"
            raise InputError(
                f"figure '{figure}': expected n_samples, parameters of the task '{flat['task']}' "
                f"({', '.join(of_task)}) and {', '.join(conditions) or 'no'} conditions, found "
                f"{what}. Correct the cells of the figure"
            )
        params = {key: value for key, value in rest.items() if key in of_task}
        cell = {
            "task": flat["task"],
            "params": params,
            "draw": flat.get("draw", 0),
            "n_samples": params["n_samples"],
            "width": params.get("ambient", params.get("dims", getattr(module, "WIDTH", 100))),
            "conditions": {key: rest[key] for key in conditions if key in rest},
        }
        named[name_of(cell)] = cell
    return named


@functools.cache
def compared():
    """Return the figures that have published values of estimators."""
    lines = VALUES.read_text(encoding="utf-8").splitlines()[1:]
    return {line.partition("\t")[0] for line in lines}


def balanced(everything, n, key, seed=0):
    """Choose about `n` of a list at random, as equally as possible from the groups of `key`.

    Parameters
    ----------
    everything : list
    n : int
    key : callable
        From an element to its group.
    seed : int

    Returns
    -------
    list
        In the order of `everything`; the same one each time.
    """
    from lmi.base.seeds import rng

    chance = rng(seed, "cells of the benchmark")
    groups = {}
    for index in chance.permutation(len(everything)):
        groups.setdefault(key(everything[index]), []).append(int(index))
    order = [groups[name] for name in sorted(groups, key=str)]
    rounds = [
        [members[i] for members in order if i < len(members)]
        for i in range(max(map(len, order), default=0))
    ]
    chosen = []
    for members in rounds:
        room = n - len(chosen)
        picked = members if len(members) <= room else list(chance.permutation(members)[:room])
        chosen += [int(i) for i in picked]
        if len(chosen) >= n:
            break
    return [everything[i] for i in sorted(chosen)]


def rounded(value, digits=4):
    """Return a float that prints short: it stands in the names of cells."""
    return math.floor(value * 10**digits + 0.5) / 10**digits


FIGURES = _found()
"""Name -> module, in the order of the paper."""
