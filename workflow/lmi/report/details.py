"""What the report needs beyond the table, read from estimate tiles or parts."""

import numpy as np

from lmi.base.files import reading
from lmi.results.table import strongest

MAX_CURVES = 500
"""Pairs of a dataset whose training curves enter the median."""
MAX_PAIRS = 1000
"""Pairs of a dataset whose details are read: the strongest of those that the files have."""
MAX_RANKED = 150_000
"""Strongest pairs of a dataset among which these are looked for."""


def read_details(table, estimates, n_pairs=MAX_PAIRS):
    """Read what the report needs beyond the table: rows of the strongest pairs, training curves.

    Returns
    -------
    details : dict of str to dict
        For each dataset ``panels`` and ``top`` (strongest first; ``row`` is their label in the
        table, ``rank`` counts from the strongest), ``samples`` (those of the panels), ``step``,
        ``train``, ``validation``.
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
        name: _read_dataset(table[table["dataset"] == name], its_paths, n_pairs)
        for name, its_paths in paths.items()
    }
    return details, {key: list(values) for key, values in origin.items()}


def _read_dataset(table, paths, n_pairs):
    top = strongest(table, MAX_RANKED)[["x", "y", "lag", "mi_bits", "sd_bits"]]
    rows = list(top.itertuples())
    wanted = {(row.x, row.y, row.lag): rank for rank, row in enumerate(rows)}
    panels, curves, all_train, all_validation, step = {}, {}, [], [], np.zeros(1)
    samples = np.zeros(0, int)
    last = _last_rank(paths, wanted, n_pairs)
    per_tile = -(-MAX_CURVES // max(len(paths), 1))
    for path in paths:
        with reading(path, "estimate") as tile:
            of_pairs = [(row, rank) for row, rank in _ranks(tile, wanted) if rank <= last]
            if "scatter_samples" in tile:
                samples = tile["scatter_samples"][()]
            for row, rank in of_pairs:
                panel = _read_panel(tile, row, samples)
                if panel is not None:
                    panels[rank] = panel | {"rank": rank} | _of_table(rows[rank])
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
            for row, rank in of_pairs:
                if trained[row]:
                    curves[rank] = (
                        {"rank": rank}
                        | _of_table(rows[rank])
                        | {name: curve[row] for name, curve in losses.items()}
                    )
    nothing = np.full((1, step.size), np.nan)
    return {
        "panels": [panels[rank] for rank in sorted(panels)],
        "samples": samples,
        "top": [curves[rank] for rank in sorted(curves)],
        "step": step,
        "train": np.concatenate(all_train) if all_train else nothing,
        "validation": np.concatenate(all_validation) if all_validation else nothing,
    }


def _ranks(tile, wanted):
    """Return the detailed rows of an open file that are wanted, and the rank of each."""
    # a part has details of these rows only, a tile of all
    detailed = tile["detail_row"][()] if "detail_row" in tile else slice(None)
    names = (tile[name].asstr()[detailed] for name in ("x", "y"))
    pairs = zip(*names, tile["lag"][detailed].tolist(), strict=True)
    return [(row, wanted[pair]) for row, pair in enumerate(pairs) if pair in wanted]


def _last_rank(paths, wanted, n_pairs):
    """Return the rank of the last of the strongest pairs that the files have details of."""
    ranks = []
    for path in paths:
        with reading(path, "estimate") as tile:
            ranks += [rank for _, rank in _ranks(tile, wanted)]
    return sorted(ranks)[:n_pairs][-1] if ranks else -1


def _mean_over_models(losses):
    """Mean over the models of each pair, (n_pairs, n_models, n_points), NaN where all are."""
    seen = np.isfinite(losses)
    total = np.where(seen, losses, 0).sum(axis=1, dtype=float)
    count = seen.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _of_table(row):
    names = ("x", "y", "lag", "mi_bits", "sd_bits")
    return {"row": row.Index} | {name: getattr(row, name) for name in names}


def _read_panel(tile, row, samples):
    if not {"scatter", "pointwise"} <= tile.keys() or not len(samples):
        return None
    scatter = tile["scatter"][row]
    if not np.isfinite(scatter).any():
        return None
    null = tile["null_bits"][row] if "null_bits" in tile else np.zeros(0)
    labels = tile["label"][row] if "label" in tile else np.full((2, 1), np.nan)
    return {
        "scatter": scatter,
        "pointwise": tile["pointwise"][row][samples],
        "null": null,
        "label": labels if np.isfinite(labels).any() else None,
    }
