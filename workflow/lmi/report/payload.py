"""What the page's script draws: columns of all pairs, heat maps, networks, details, variables."""

import json

import numpy as np
import pandas as pd

from lmi.base import reasons
from lmi.report import figures
from lmi.report.blocks import first_axes, loadings, taken_for
from lmi.report.network import network
from lmi.report.packing import pack, scaled
from lmi.report.texts import THOROUGH
from lmi.results import direct
from lmi.results.columns import DECLARED

MAX_ROWS = 150_000
"""Rows of the table in the page; the whole table is in mi.tsv."""
MAX_SIDE = 2500
"""Variables beyond which the page has no heat map."""
MAX_SAMPLES = 1000
"""Samples of a pair that the page draws."""
MAX_VALUES = 2_000_000
"""Values of all details in the page; of many pairs fewer samples are drawn."""

HEADS = {
    "dataset": "Dataset",
    "x": "x",
    "y": "y",
    "lag": "Lag",
    "n_samples": "Samples",
    "mi_bits": "MI",
    "sd_bits": "± SD",
    "mi_ksg_bits": "Uncorrected",
    "sd_ksg_bits": "± SD (uncorr.)",
    "mi_within_bits": "Within strata",
    "sd_within_bits": "± SD (within)",
    "low_bits": "Low",
    "high_bits": "High",
    "cmi_bits": "MI given",
    "sd_cmi_bits": "± SD (given)",
    "p_conditional": "p given",
    "q_conditional": "q given",
    "groups": "Groups",
    "n_group": "Samples a group",
    "mi_first_bits": "MI first group",
    "sd_first_bits": "± SD (first)",
    "mi_second_bits": "MI second group",
    "sd_second_bits": "± SD (second)",
    "delta_bits": "Difference",
    "sd_delta_bits": "± SD (difference)",
    "p_delta": "p difference",
    "q_delta": "q difference",
    "xy_bits": "x to y",
    "sd_xy_bits": "± SD (x to y)",
    "p_xy": "p x to y",
    "q_xy": "q x to y",
    "xy_lag": "Lag x to y",
    "yx_bits": "y to x",
    "sd_yx_bits": "± SD (y to x)",
    "p_yx": "p y to x",
    "q_yx": "q y to x",
    "yx_lag": "Lag y to x",
    "net_bits": "Net x to y",
    "sd_net_bits": "± SD (net)",
    "p_value": "p",
    "q_value": "q",
    "significant": "Significant",
    "truth_bits": "Truth",
    "flag": "Flag",
    "reason": "Reason",
    **THOROUGH,
}
"""Heads of columns in the page; the others go by their names."""
SHOWN = (
    *("dataset", "x", "y", "lag", "mi_bits", "sd_bits", "mi_ksg_bits", "mi_within_bits"),
    *("cmi_bits", "q_conditional", "delta_bits", "q_delta", "xy_bits", "q_xy", "yx_bits", "q_yx"),
    *("p_value", "q_value", "truth_bits", "flag", "reason"),
)
"""Columns that the table shows before others are chosen."""
_PRECISE = tuple(one.name for one in DECLARED if one.name.startswith(("p_", "q_")))


def payload(table, details, blocks, sections, fdr, edges):
    """Return what the page's script draws, as `lmi.report.packing.pack` writes it.

    Parameters
    ----------
    table : pandas.DataFrame
        All rows of the run: every lag is one.
    details : dict
        From `lmi.report.details.read_details`, by the labels of `table`.
    blocks : dict
        From `lmi.report.blocks.read_blocks`.
    sections : list of dict
        For each dataset name, control (whether it is a negative one), summary (sentences) and
        selected (from `lmi.results.targets.read`, or None).
    fdr : float
        Level of `significant`.
    edges : dict of str to pandas.DataFrame
        For each dataset, from `lmi.results.direct.network`.

    Returns
    -------
    light, heavy : str
        What is drawn at once, and what is drawn of single pairs and variables.
    n_rows : int
        Rows in the page.
    """
    names = [section["name"] for section in sections]
    is_peak = ~table.duplicated(["dataset", "x", "y"]).to_numpy()
    shown = _chosen(table, is_peak)
    rows = table.loc[shown]
    variables = pd.Index(pd.unique(pd.concat([rows["x"], rows["y"]])))
    columns, arrays = _columns(rows, variables)
    arrays["peak"] = is_peak[shown].astype(np.uint8)
    arrays["explained"] = _explained(rows, edges)
    datasets = []
    for number, name in enumerate(names):
        part = table[is_peak & (table["dataset"] == name).to_numpy()]
        words, its = _dataset(part, number, variables, len(part) > (rows["dataset"] == name).sum())
        texts_of = {"control": sections[number]["control"]}
        texts_of["explained_by"] = _explained_by(edges[name])
        texts_of["summary"] = " ".join(sections[number]["summary"])
        texts_of["selected"] = _selected(sections[number]["selected"])
        datasets.append({"name": name} | texts_of | words)
        arrays |= its
    words = {
        "variables": list(variables),
        "columns": columns,
        "datasets": datasets,
        "fdr": fdr,
        "kinds": {code: one.kind for code, one in reasons.DECLARED.items()},
        "meanings": reasons.MEANINGS,
        "checks": list(THOROUGH),
    }
    place = pd.Series(np.arange(len(rows)), index=rows.index)
    return pack(words, arrays), _heavy(names, details, blocks, place, variables), len(rows)


def _selected(table):
    """Return a record for each variable that was selected; a value that is not there is None."""
    return [] if table is None else json.loads(table.to_json(orient="records"))


def _explained_by(edges):
    """Return how the page tells that a third variable explains a pair; empty where it does not."""
    if (edges["direct_conditional"] != direct.NOT_ASKED).any():
        return "conditional information"
    return "" if edges["direct_dpi"].all() else "data processing inequality"


def _explained(rows, edges):
    """Return which rows are significant pairs that a third variable explains."""
    found = set()
    for name, its in edges.items():
        asked = (its["direct_conditional"] != direct.NOT_ASKED).any()
        indirect = its["direct_conditional"] == direct.NO if asked else ~its["direct_dpi"]
        gone = its[indirect]
        found |= {(name, x, y) for x, y in zip(gone["x"], gone["y"], strict=True)}
    ends = zip(rows["dataset"], rows["x"], rows["y"], strict=True)
    return np.array([one in found for one in ends], np.uint8)


def _chosen(table, is_peak):
    """Return the labels of the rows in the page: all, or the strongest pairs of every dataset."""
    if len(table) <= MAX_ROWS:
        return table.index
    pairs = table[is_peak]
    sizes = pairs.groupby("dataset", sort=False).size().to_numpy()
    low, high = 0, MAX_ROWS
    while low < high:  # the largest share that all datasets can have
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if np.minimum(sizes, middle).sum() <= MAX_ROWS else (low, middle - 1)
        )
    return pairs.groupby("dataset", sort=False).head(max(low, 1)).index


def _columns(rows, variables):
    """Return what the columns are, and their arrays; columns without any value are left out."""
    words, arrays = [], {}
    shown = set(SHOWN)
    if rows["dataset"].nunique() == 1:
        shown.remove("dataset")
    if np.isfinite(rows["truth_bits"]).mean() < 0.5:
        shown.remove("truth_bits")
    # an error next to its value, and the flag where it is seen without scrolling
    after = {"sd_bits": "mi_bits", "flag": "sd_bits", "sd_ksg_bits": "mi_ksg_bits"}
    ordered = [column for column in DECLARED if column.name not in after]
    for column in DECLARED:
        if column.name in after:
            value = next(one for one in ordered if one.name == after[column.name])
            ordered.insert(ordered.index(value) + 1, column)
    for column in ordered:
        values = rows[column.name]
        entry = {
            "name": column.name,
            "head": HEADS.get(column.name, column.name),
            "text": column.description,
            "unit": column.unit,
            "shown": column.name in shown,
        }
        if column.name in ("x", "y"):
            entry["kind"] = "variable"
            arrays[column.name] = variables.get_indexer(values).astype(np.uint32)
        elif column.dtype == "str":
            codes, texts = pd.factorize(values)
            if column.name not in ("dataset", "flag") and not any(texts):
                continue
            entry |= {"kind": "text", "texts": [str(text) for text in texts]}
            arrays[column.name] = codes.astype(_smallest(len(texts)))
        elif column.dtype == "bool":
            entry["kind"] = "bool"
            arrays[column.name] = values.to_numpy().astype(np.uint8)
        elif column.dtype == "float64":
            if not np.isfinite(values).any():
                continue
            entry["kind"] = "probability" if column.name in _PRECISE else "number"
            array = values.to_numpy(float)
            arrays[column.name] = array if column.name in _PRECISE else array.astype(np.float32)
        else:
            if column.name in ("lag", "n_group", "xy_lag", "yx_lag") and not values.any():
                continue
            entry["kind"] = "count"
            arrays[column.name] = values.to_numpy().astype(np.int32)
        words.append(entry)
    return words, arrays


def _smallest(n):
    return np.uint8 if n < 2**8 else np.uint16 if n < 2**16 else np.uint32


def _dataset(part, number, variables, incomplete):
    """Return the heat map and the network of a dataset."""
    words, arrays = {"pairs": len(part)}, {}
    try:
        side = max(part["x"].nunique(), part["y"].nunique())
        if side > MAX_SIDE:
            raise figures.NothingToShow(
                f"{side:,} variables are more than a heat map in a page shows well: the figure "
                "beside this page, figures/heatmap-<dataset>.png, has them all."
            )
        grid = figures.clustered(part)
    except figures.NothingToShow as reason:
        words["note"] = str(reason)
    else:
        words["symmetric"] = grid.symmetric
        for side in ("rows", "columns"):
            codes = variables.get_indexer(getattr(grid, side))
            keep = codes >= 0  # of a dataset too large for the page, those that it names
            arrays[f"{side}-{number}"] = codes[keep].astype(np.uint32)
            if incomplete:
                axis = 0 if side == "rows" else 1
                grid = grid._replace(values=np.compress(keep, grid.values, axis=axis))
        if incomplete:
            # what the rows in the page lack is drawn in steps of a 254th of the range
            matrix = scaled(grid.values, "uint8")
            arrays[f"matrix-{number}"] = matrix | {"array": matrix["array"].ravel()}
    its = network(part)
    codes = variables.get_indexer(its.index)
    its, codes = its[codes >= 0], codes[codes >= 0]
    arrays |= {
        f"nodes-{number}": codes.astype(np.uint32),
        f"community-{number}": its["community"].to_numpy(np.uint32),
        f"degree-{number}": its["degree"].to_numpy(np.uint32),
        f"hub-{number}": its["hub"].to_numpy(np.float32),
        f"place_x-{number}": its["place_x"].to_numpy(np.float32),
        f"place_y-{number}": its["place_y"].to_numpy(np.float32),
    }
    return words, arrays


def _labels(known, samples):
    """Return what the labels of some samples are, and their arrays.

    Parameters
    ----------
    known : dict
        Of one dataset, as `lmi.report.blocks.read_blocks` returns it, with `labels` and
        `label_rows` of `lmi.data.overview.Overview`.
    samples : int array

    Returns
    -------
    list of dict, list of array or dict
        name and groups of each: codes of groups, one more where there is none, or numbers.
    """
    words, arrays = [], []
    if known["strata_names"]:
        words.append({"name": "stratum", "groups": known["strata_names"]})
        arrays.append(np.asarray(known["strata"])[samples].astype(np.uint16))
    if not known.get("labels"):
        return words, arrays
    place = {row: i for i, row in enumerate(known["label_rows"])}
    at = [place.get(int(row)) for row in known["rows"][samples]]
    for one in known["labels"]:
        if one.groups and sorted(one.groups) == sorted(known["strata_names"]):
            continue  # the strata themselves
        values = [None if i is None else one.values[i] for i in at]
        words.append({"name": one.name, "groups": one.groups})
        if one.groups:
            codes = [len(one.groups) if code is None else code for code in values]
            arrays.append(np.array(codes, np.uint16))
        else:
            arrays.append(scaled([np.nan if v is None else v for v in values], "uint16"))
    return words, arrays


def _heavy(names, details, blocks, place, variables):
    """Return what is drawn of single pairs and variables."""
    n_pairs = sum(len(details[name]["panels"]) for name in names if name in details)
    n_samples = int(np.clip(MAX_VALUES // max(3 * n_pairs, 1), 50, MAX_SAMPLES))
    words, arrays = [], {}
    for number, name in enumerate(names):
        its = {"pairs": [], "trained": [], "features": {}, "labels": [], "taken": {}}
        words.append(its)
        known = blocks.get(name, {"variables": {}, "strata_names": [], "samples": ()})
        codes = {one: code for code, one in enumerate(variables)}
        its["features"] = {
            codes[one]: {key: value for key, value in told.items() if key != "place"}
            for one, told in known["variables"].items()
            if one in codes
        }
        detail = details.get(name)
        if detail is None:
            continue
        panels = [
            panel
            for panel in detail["panels"]
            if panel["row"] in place.index and len(panel["scatter"]) == len(detail["samples"])
        ]
        curves = [curve for curve in detail["top"] if curve["row"] in place.index]
        its["trained"] = [int(place[curve["row"]]) for curve in curves]
        if curves:
            arrays[f"step-{number}"] = np.asarray(detail["step"], np.float32)
            for curve in ("train", "validation"):
                values = np.concatenate([one[curve] for one in curves])
                arrays[f"{curve}-{number}"] = scaled(values, "uint16")
        if not panels:
            continue
        its["pairs"] = [int(place[panel["row"]]) for panel in panels]
        every = np.unique(np.linspace(0, len(detail["samples"]) - 1, n_samples).round().astype(int))
        samples = np.asarray(detail["samples"])[every]
        its["samples"] = len(samples)
        its["of"] = len(panels[0]["pointwise"])
        for what, values in (
            ("scatter_x", [panel["scatter"][every, 0] for panel in panels]),
            ("scatter_y", [panel["scatter"][every, 1] for panel in panels]),
            ("pointwise", [panel["pointwise"][every] for panel in panels]),
        ):
            arrays[f"{what}-{number}"] = scaled(np.concatenate(values), "uint16")
        its["null"] = max(len(panel["null"]) for panel in panels)
        if its["null"]:
            null = np.full((len(panels), its["null"]), np.nan)
            for line, panel in zip(null, panels, strict=True):
                line[: len(panel["null"])] = panel["null"]
            arrays[f"null-{number}"] = scaled(null.ravel(), "uint16")
        if len(known["samples"]):
            its["names"] = [str(one) for one in known["samples"][samples]]
        its["labels"], of_labels = _labels(known, samples)
        arrays |= {f"label_{i}-{number}": array for i, array in enumerate(of_labels)}
        its["loadings"] = loadings(known["variables"], panels, np.asarray(detail["samples"]))
        its["taken"] = taken_for(known["variables"], panels)
        ends = list(dict.fromkeys(panel[side] for panel in panels for side in ("x", "y")))
        ends = [one for one in ends if one in known["variables"]]
        its["embedded"] = [codes[one] for one in ends]
        if ends:
            axes = first_axes(known["variables"], ends, samples)
            arrays[f"axis_1-{number}"] = scaled(axes[..., 0].ravel(), "uint8")
            arrays[f"axis_2-{number}"] = scaled(axes[..., 1].ravel(), "uint8")
    return pack({"details": words}, arrays)
