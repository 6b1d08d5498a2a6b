"""What the figures need beyond the table, read from estimate tiles or parts."""

import numpy as np

from lmi.base.files import reading
from lmi.results.table import strongest

MAX_CURVES = 500
"""Pairs of a dataset whose training curves enter the median."""
MAX_PANELS = 20
"""Pairs in the embedding figure."""


def read_details(table, estimates, n_top):
    """Read what the figures need beyond the table: rows of the strongest pairs, training curves.

    Returns
    -------
    details : dict of str to dict
        For each dataset ``panels`` and ``top`` (strongest first), ``step``, ``train``,
        ``validation``.
    origin : dict of str to list of str
        Seeds, versions, presets, k and keys that the tiles name.
    """
    paths = {name: [] for name in table["dataset"].unique()}
    origin = {"seed": {}, "preset": {}, "k": {}, "key": {}, "versions": {}}
    for path in estimates:
        with reading(path, "estimate") as tile:
            for key, values in origin.items():
                if key in tile.attrs:
                    value = tile.attrs[key]
                    values[value.decode() if isinstance(value, bytes) else str(value)] = None
            name = tile.attrs["dataset"]
            paths.setdefault(name.decode() if isinstance(name, bytes) else name, []).append(path)
    details = {
        name: _read_dataset(strongest(table[table["dataset"] == name], n_top), its_paths)
        for name, its_paths in paths.items()
    }
    return details, {key: list(values) for key, values in origin.items()}


def _read_dataset(top, paths):
    wanted = {(row.x, row.y, row.lag): rank for rank, row in enumerate(top.itertuples())}
    rows = list(top.itertuples())
    panels, curves, all_train, all_validation, step = {}, {}, [], [], np.zeros(1)
    per_tile = -(-MAX_CURVES // max(len(paths), 1))
    for path in paths:
        with reading(path, "estimate") as tile:
            # a part has details of these rows only, a tile of all
            detailed = tile["detail_row"][()] if "detail_row" in tile else slice(None)
            names = (tile[name].asstr()[detailed] for name in ("x", "y"))
            pairs = zip(*names, tile["lag"][detailed].tolist(), strict=True)
            found = [(row, wanted[pair]) for row, pair in enumerate(pairs) if pair in wanted]
            for row, rank in found:
                panel = _read_panel(tile, row)
                if panel is not None:
                    of_table = rows[rank]
                    panels[rank] = panel | {
                        name: getattr(of_table, name)
                        for name in ("x", "y", "lag", "mi_bits", "sd_bits")
                    }
            if "loss_train" not in tile:
                continue
            losses = {
                name: _mean_over_models(tile[f"loss_{name}"][()])
                for name in ("train", "validation")
            }
            trained = np.isfinite(np.hstack(list(losses.values()))).any(axis=1)
            if not trained.any():
                continue
            if all_train and tile["loss_step"].shape != step.shape:
                continue  # other settings, hence other steps: not on one axis
            step = tile["loss_step"][()]
            sample = np.flatnonzero(trained)
            sample = sample[:: -(-len(sample) // per_tile)]
            all_train.append(losses["train"][sample])
            all_validation.append(losses["validation"][sample])
            for row, rank in found:
                curves[rank] = {"x": rows[rank].x, "y": rows[rank].y} | {
                    name: curve[row] for name, curve in losses.items()
                }
    nothing = np.full((1, step.size), np.nan)
    return {
        "panels": [panels[rank] for rank in sorted(panels)[:MAX_PANELS]],
        "top": [curves[rank] for rank in sorted(curves)],
        "step": step,
        "train": np.concatenate(all_train) if all_train else nothing,
        "validation": np.concatenate(all_validation) if all_validation else nothing,
    }


def _mean_over_models(losses):
    """Mean over the models of each pair, (n_pairs, n_models, n_points), NaN where all are."""
    seen = np.isfinite(losses)
    total = np.where(seen, losses, 0).sum(axis=1, dtype=float)
    count = seen.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _read_panel(tile, row):
    if not {"scatter", "scatter_samples", "pointwise"} <= tile.keys():
        return None
    scatter = tile["scatter"][row]
    if not np.isfinite(scatter).any():
        return None
    return {"scatter": scatter, "pointwise": tile["pointwise"][row][tile["scatter_samples"][()]]}
