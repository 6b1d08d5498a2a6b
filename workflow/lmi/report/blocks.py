"""What the blocks of a run's variables tell the report: sizes, what was left out, first axes."""

from collections import Counter
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
        By dataset: samples (names), dropped (how many were left out, by reason), strata (of each
        sample) and strata_names; variables, by name: n_features, missing (share), error, features
        (the first names), dropped (features by reason), place (path of the block, row in it).
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
                    "samples": text(block["sample_name"]),
                    "dropped": Counter(map(str, text(block["dropped_sample_reason"]))),
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
            columns = (text(block[f"dropped_feature{what}"]) for what in ("", "_reason"))
            left_out = list(zip(block["dropped_feature_variable"][()], *columns, strict=True))
            for row, variable in enumerate(map(str, text(block["name"]))):
                first = features[ends[row] - n_features[row] : ends[row]][:MAX_FEATURES]
                # features without names of their own are called by their variable and place
                prefix = "" if block.attrs["named_features"] else f"{variable}/"
                dropped = {}
                for its_row, feature, reason in left_out:
                    if its_row == row:
                        dropped.setdefault(reason, []).append(feature)
                its["variables"][variable] = {
                    "n_features": int(n_features[row]),
                    "missing": float(block["missing"][row]),
                    "error": str(block["error"].asstr()[row]),
                    "features": [str(one).removeprefix(prefix) for one in first],
                    "dropped": [
                        [reason, len(names), [str(one) for one in names[:MAX_FEATURES]]]
                        for reason, names in dropped.items()
                    ],
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
