"""What the blocks of a run's variables tell the report: sizes, what was left out, first axes."""

from collections import Counter
from pathlib import Path

import numpy as np

from lmi.base.files import reading, text

MAX_FEATURES = 60
"""Names of features that the page lists of a variable."""
MAX_LOADINGS = 12
"""Features that the page lists of an axis."""
MAX_LABELS = 30
"""Labels of which the page shows what they are taken for."""


def read_blocks(paths):
    """Read the blocks of a run; those that are not there any more are left out.

    Parameters
    ----------
    paths : sequence of str or Path
        `variables/block-*.h5` of all datasets.

    Returns
    -------
    dict of str to dict
        By dataset: samples (names), rows (theirs in the first source), dropped (how many were left
        out, by reason), strata (of each sample) and strata_names; variables, by name: n_features,
        missing (share), error, features (the first names), dropped (features by reason), place
        (path of the block, row in it).
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
                    "rows": block["sample_row"][()],
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


def loadings(variables, panels, samples):
    """Return which features go with the first learned axes of some pairs.

    Parameters
    ----------
    variables : dict
        Of one dataset, as `read_blocks` returns them.
    panels : list of dict
        x, y, lag, scatter and pointwise, as `lmi.report.details` reads them.
    samples : array of int
        Those of the panels.

    Returns
    -------
    list of list of [list of str, list of float]
        For each pair and side the names of the features with the largest correlations with the
        axis, and the correlations: over samples that have a partner, each encoded by an encoder
        that has not seen it, as `lmi.Model.loadings` has them over all samples. None of a variable
        of a single feature.
    """
    held, found = {}, []
    for panel in panels:
        sides = []
        for axis, side in enumerate(("x", "y")):
            name = panel[side]
            if name not in held:
                held[name] = _features(variables.get(name))
            names, z = held[name]
            if len(names) < 2:
                sides.append([[], []])
                continue
            # a partner at a lag lies that many samples later
            partners = (samples + (panel["lag"] if side == "y" else 0)) % len(z)
            good = np.isfinite(panel["pointwise"])
            values = _correlations(z[partners[good]], panel["scatter"][good, axis])
            first = np.argsort(-np.abs(values), kind="stable")[:MAX_LOADINGS]
            sides.append([[names[i] for i in first], [float(f"{values[i]:.3f}") for i in first]])
        found.append(sides)
    return found


def taken_for(variables, panels):
    """Return how many samples of each label classifiers take for each, of pairs with a label.

    Parameters
    ----------
    variables : dict
        Of one dataset, as `read_blocks` returns them.
    panels : list of dict
        x, y, and label: of each sample its own, and the one that it is taken for, or None.

    Returns
    -------
    dict of int to dict
        By the place of a panel ``labels``: the commonest `MAX_LABELS` first, by name; ``counts``: a
        row a label, a column each that samples of it are taken for; ``others``: how many samples
        have labels not shown.
    """
    held, found = {}, {}
    for place, panel in enumerate(panels):
        if panel["label"] is None:
            continue
        for name in (panel["x"], panel["y"]):
            if name not in held:
                held[name] = _label_names(name, variables.get(name))
        names = held[panel["x"]] or held[panel["y"]]
        own, taken = panel["label"][:, np.isfinite(panel["label"]).all(axis=0)].astype(int)
        codes, sizes = np.unique(own, return_counts=True)
        shown = codes[np.argsort(-sizes, kind="stable")][:MAX_LABELS]
        pairs = (own == shown[:, None])[:, None] & (taken == shown[:, None])
        found[place] = {
            "labels": [names.get(code, f"label {code}") for code in shown.tolist()],
            "counts": pairs.sum(axis=2).tolist(),
            "others": int((~np.isin(own, shown)).sum()),
        }
    return found


def _label_names(name, variable):
    """Return the name of each code of a label: of the feature that indicates it, if one does."""
    names, z = _features(variable)
    if not names:
        return {}
    path, row = variable["place"]
    with reading(path, "project") as block:
        if text(block["kind"])[row] != "label":
            return {}
        codes = block["value"][row].astype(int)
    # standardised indicators are above zero where their label is
    told = {}
    for code in np.unique(codes).tolist():
        indicated = np.flatnonzero((z[codes == code] > 0).all(axis=0))
        if len(indicated) == 1:
            told[code] = names[indicated[0]].removeprefix(f"{name}=")
    return told


def _features(variable):
    """Return the names of the features of a variable, and their values, a row a sample."""
    if variable is None or variable["n_features"] < 2:
        return [], None
    path, row = variable["place"]
    with reading(path, "project") as block:
        first = int(block["n_features"][:row].sum())
        own = slice(first, first + variable["n_features"])
        names = text(block["feature_name"])[own]
        prefix = "" if block.attrs["named_features"] else f"{text(block['name'])[row]}/"
        return [str(one).removeprefix(prefix) for one in names], block["zscores"][:, own]


def _correlations(features, axis):
    """Return the correlation of each feature with an axis; 0 where one does not vary."""
    features, axis = (one - one.mean(axis=0, dtype=float) for one in (features, axis))
    scale = np.sqrt((features**2).sum(axis=0) * (axis**2).sum())
    return np.divide(axis @ features, scale, out=np.zeros(len(scale)), where=scale > 0)


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
