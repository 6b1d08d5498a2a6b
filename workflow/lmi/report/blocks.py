"""What the blocks of a run's variables tell the report: sizes, what was left out, first axes."""

from pathlib import Path

import numpy as np

from lmi.base.files import reading, text

MAX_FEATURES = 60
"""Names of features that the page lists of a variable."""


def read_blocks(paths):
    """Read the blocks of a run; those that are not there any more are left out.

    Parameters
    ----------
    paths : sequence of str or Path
        `variables/block-*.h5` of all datasets.

    Returns
    -------
    dict of str to dict
        By dataset: samples, dropped (samples with missing values), strata (of each sample) and
        strata_names; variables, by name: n_features, missing (share), error, features (the first
        names), place (path of the block, row in it).
    """
    datasets = {}
    for path in map(Path, paths):
        if not path.exists():
            continue
        with reading(path, "project") as block:
            name = block.attrs["dataset"]
            name = name.decode() if isinstance(name, bytes) else str(name)
            its = datasets.setdefault(
                name,
                {
                    "samples": len(block["strata"]),
                    "dropped": int(block.attrs.get("n_dropped", 0)),
                    "strata": block["strata"][()],
                    "strata_names": [str(one) for one in block["strata_names"].asstr()]
                    if len(block["strata_names"])
                    else [],
                    "variables": {},
                },
            )
            n_features = block["n_features"][()]
            ends = np.cumsum(n_features)
            features = text(block["feature_name"])
            # features that do not vary may be listed nowhere: then no name is known by its place
            listed = len(features) == (ends[-1] if len(ends) else 0)
            for row, variable in enumerate(text(block["name"])):
                start = ends[row] - n_features[row]
                first = features[start : min(start + MAX_FEATURES, ends[row])] if listed else []
                its["variables"][str(variable)] = {
                    "n_features": int(n_features[row]),
                    "missing": float(block["missing"][row]),
                    "error": str(block["error"].asstr()[row]),
                    "features": [str(one) for one in first],
                    "place": (path, row),
                }
    return datasets


def first_axes(variables, names, samples):
    """Return the first two principal components of some variables.

    Parameters
    ----------
    variables : dict
        Of one dataset, as `read_blocks` returns them.
    names : sequence of str
    samples : array of int
        The samples that are wanted.

    Returns
    -------
    float array, shape (n_names, n_samples, 2)
        NaN where a variable has no such component.
    """
    axes = np.full((len(names), len(samples), 2), np.nan, np.float32)
    by_path = {}
    for place, name in enumerate(names):
        if name in variables:
            path, row = variables[name]["place"]
            by_path.setdefault(path, []).append((place, row))
    for path, its in by_path.items():
        with reading(path, "project") as block:
            for place, row in its:
                n = min(2, int(block["n_scores"][row, 0]))
                axes[place, :, :n] = block["linear"][row][samples, :n]
    return axes
