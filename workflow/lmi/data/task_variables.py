"""Variables of a task: its two sides, drawn anew."""

import numpy as np


def task_params(dataset):
    """Return the parameters of a dataset's task, without its seed."""
    return {key: value for key, value in dataset["task"].items() if key != "seed"}


def read_tasks(dataset, variables, seed, info):
    """Draw a task, whose variables are x and y, or several by name: name.x and name.y."""
    from lmi import tasks

    cells = dataset.get("cells") or {"": dataset["task"]}
    wanted = {}
    for place, variable in enumerate(variables):
        cell, _, side = variable.name.rpartition(".")
        wanted.setdefault(cell, []).append((place, side))
    matrices, features = [None] * len(variables), [None] * len(variables)
    for cell, places in wanted.items():
        params = {key: value for key, value in cells[cell].items() if key != "seed"}
        drawn = tasks.make(seed=cells[cell].get("seed", seed), **params)
        for place, side in places:
            matrices[place] = np.asarray({"x": drawn.x, "y": drawn.y}[side], dtype=np.float32)
            features[place] = tuple(f"{side}{i}" for i in range(matrices[place].shape[1]))
            info["truth_bits"][place] = float(drawn.truth_bits)
    return matrices, features, [""] * len(variables)
