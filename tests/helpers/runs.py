"""Synthetic runs: estimate tiles as the estimate stage writes them."""

import itertools
import json

import h5py
import numpy as np
from lmi.base import reasons
from lmi.base.files import SCHEMA
from lmi.base.reasons import Reason

MODULES = (
    "ribosomal",
    "MHC class II",
    "interferon response",
    "cytotoxic",
    "B cell",
    "naive T cell",
    "CD14 monocyte",
    "FCGR3A monocyte",
    "dendritic",
    "megakaryocyte",
    "S phase",
    "G2/M phase",
    "proteasome",
    "oxidative phosphorylation",
)


ASKED = (
    *("mi_first_bits", "sd_first_bits", "mi_second_bits", "sd_second_bits"),
    *("delta_bits", "sd_delta_bits", "p_delta"),
    *("xy_bits", "sd_xy_bits", "p_xy", "yx_bits", "sd_yx_bits", "p_yx", "net_bits", "sd_net_bits"),
)
"""Columns of what datasets ask beside information."""


def columns_of(why):
    """Return the columns of a tile, or a table, that tell the reasons of its rows."""
    return {
        "flag": [reasons.flag(row) for row in why],
        "reason": [reasons.sentence(row) for row in why],
        "reason_codes": [reasons.codes(row) for row in why],
        "reason_parameters": [reasons.parameters(row) for row in why],
    }


def write_tile(path, dataset, pairs, mi_bits, truth_bits=np.nan, n_samples=700, keep=True, seed=0):
    """Write one estimate tile as the estimate stage does. NaN in `mi_bits` is a failed pair."""
    rng = np.random.default_rng(seed)
    mi_bits = np.asarray(mi_bits, float)
    n_pairs = len(pairs)
    failed = np.isnan(mi_bits)
    weak = ~failed & (rng.random(n_pairs) < 0.08)
    sd = np.where(
        failed, np.nan, 0.018 + 0.025 * rng.random(n_pairs) + 0.02 * np.nan_to_num(mi_bits)
    )
    why = [
        [Reason("unusable_data", {"message": "y has no feature that varies"})]
        if bad
        else [Reason("few_samples", {"n": 180, "floor": 200})] * int(few)
        for bad, few in zip(failed, weak, strict=True)
    ]
    strings = {
        "x": [x for x, _ in pairs],
        "y": [y for _, y in pairs],
        **columns_of(why),
        "candidate": np.where(rng.random(n_pairs) < 0.7, "canonical", "pca").tolist(),
        "p_method": ["permutation"] * n_pairs,
        "groups": [""] * n_pairs,
        "within_strata": [""] * n_pairs,
    }
    p_value = np.clip(np.exp(-20 * np.nan_to_num(mi_bits)), 1e-4, 1)
    unknown = np.full(n_pairs, np.nan)
    numbers = {
        "lag": np.zeros(n_pairs, int),
        "p_value": np.where(failed, np.nan, p_value),
        "n_permutations": np.full(n_pairs, 9999),
        "null_mean_bits": np.where(failed, np.nan, 0.0),
        "null_sd_bits": np.where(failed, np.nan, 0.02),
        "mi_within_bits": unknown,
        "sd_within_bits": unknown,
        "cmi_bits": unknown,
        "sd_cmi_bits": unknown,
        "p_conditional": unknown,
        "null_cmi_bits": unknown,
        **{name: unknown for name in ASKED},
        **{name: np.zeros(n_pairs, int) for name in ("n_group", "xy_lag", "yx_lag")},
        "drift_bits": np.where(failed, np.nan, 0.01),
        "split_sd_bits": unknown,
        "half_samples_bits": unknown,
        "half_latent_bits": unknown,
        "double_latent_bits": unknown,
        "swapped_bits": unknown,
        "truth_bits": np.full(n_pairs, float(truth_bits)),
        "n_samples": np.full(n_pairs, n_samples),
        "n_features_x": rng.integers(5, 80, n_pairs),
        "n_features_y": np.where(failed, 0, rng.integers(5, 80, n_pairs)),
        "mi_bits": mi_bits,
        "mi_ksg_bits": mi_bits - 0.12 * np.clip(np.nan_to_num(mi_bits), 0, None),
        "sd_bits": sd,
        "sd_ksg_bits": 0.8 * sd,
        "low_bits": mi_bits - 2 * sd,
        "high_bits": mi_bits + 2 * sd + 0.01,
        "converged": ~failed,
        "seconds": np.where(failed, np.nan, 1 + rng.random(n_pairs)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as tile:
        tile.attrs.update(
            schema=SCHEMA,
            dataset=dataset,
            seed=seed,
            key="0123abcd",
            versions=json.dumps({"lmi": "0.1.0", "numpy": np.__version__}),
            units="bits",
            preset="default",
            k=3,
        )
        for name, values in strings.items():
            tile.create_dataset(name, data=values, dtype=h5py.string_dtype())
        for name, values in numbers.items():
            tile[name] = values
        steps = np.arange(0, 301, 10, dtype=float)
        decay = np.exp(-steps / 60)
        level = rng.uniform(0.4, 0.8, (n_pairs, 4, 1))
        noise = 0.01 * rng.standard_normal((n_pairs, 4, len(steps)))
        train = (level + (2 - level) * decay + noise).astype("f4")
        train[failed] = np.nan
        tile["loss_train"] = train
        tile["loss_validation"] = train + np.float32(0.08) * (1 - decay).astype("f4")
        tile["loss_step"] = steps
        if keep:
            shown = np.sort(rng.choice(n_samples, min(n_samples, 2000), replace=False))
            rho = np.sqrt(1 - 2.0 ** (-2 * np.clip(np.nan_to_num(mi_bits), 0, None)))[:, None]
            x = rng.standard_normal((n_pairs, n_samples))
            y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n_pairs, n_samples))
            pointwise = (
                -np.log(1 - rho**2) / 2
                - (rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * (1 - rho**2))
            ) / np.log(2)
            pointwise[failed] = np.nan
            scatter = np.stack([x[:, shown], y[:, shown]], axis=2)
            scatter[failed] = np.nan
            tile["pointwise"] = pointwise.astype("f4")
            tile["scatter"] = scatter.astype("f4")
            tile["scatter_samples"] = shown


def write_results(folder, keep=True):
    """Write a whole run: cells (all pairs), neurons, their shifted control, a task with truth.

    Returns the tiles, and the config that they could have come from.
    """
    rng = np.random.default_rng(7)
    tiles = []

    def tile(dataset, number, *arguments, **options):
        path = folder / dataset / "estimates" / f"tile-000-{number:03d}.h5"
        write_tile(path, dataset, *arguments, keep=keep, seed=number, **options)
        tiles.append(path)

    hidden = rng.standard_normal((len(MODULES), 3)) * [1.2, 0.7, 0.4]
    pairs = list(itertools.combinations(range(len(MODULES)), 2))
    mi = np.array([0.35 * abs(hidden[i] @ hidden[j]) ** 1.2 for i, j in pairs])
    mi += 0.03 * rng.standard_normal(len(mi))
    mi[[5, 40]] = np.nan
    names = [(MODULES[i], MODULES[j]) for i, j in pairs]
    tile("cells", 0, names[:50], mi[:50])
    tile("cells", 1, names[50:], mi[50:])

    units = [f"unit {number}" for number in rng.choice(289, 24, replace=False)]
    rate = rng.gamma(1.0, 0.35, 24)
    pairs = list(itertools.combinations(range(24), 2))
    mi = np.array([0.25 * rate[i] * rate[j] for i, j in pairs])
    mi += 0.02 * rng.standard_normal(len(mi))
    names = [(units[i], units[j]) for i, j in pairs]
    tile("neurons", 0, names[:150], mi[:150], n_samples=1190)
    tile("neurons", 1, names[150:], mi[150:], n_samples=1190)

    shifted = [(unit, f"{unit}@+10s") for unit in units]
    tile("neurons_shifted", 0, shifted, 0.018 * rng.standard_normal(24), n_samples=1090)
    truth = 0.4037
    tile("documented_example", 0, [("x", "y")], [0.389], truth_bits=truth, n_samples=10_000)
    spikes = {
        "source": "tests/data/neurons/spikes.npz",
        "bin_ms": 20,
        "n_lags": 5,
        "stride_ms": 100,
    }
    config = {
        "run": "demo",
        "seed": 0,
        "block_size": 8,
        "datasets": {
            "cells": {
                "source": "tests/data/cells/pbmc68k_reduced.h5ad",
                "variables": {"gene_sets": "tests/data/cells/modules.gmt"},
                "pairs": "all",
            },
            "neurons": {"spikes": spikes, "variables": "each", "pairs": "all"},
            "neurons_shifted": {
                "spikes": {**spikes, "shift_s": 10},
                "variables": "each",
                "pairs": "shifted",
            },
            "documented_example": {
                "task": {"name": "projected_gaussian", "n_samples": 10_000, "ambient": 100}
            },
        },
        "embed": {"preset": "default", "n_latent": 16},
        "estimate": {"k": 3, "error_bars": True},
        "report": {"top_pairs": 10},
        "keep": {"embeddings": True, "pointwise": True},
    }
    return tiles, config
