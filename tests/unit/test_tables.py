"""The table of all pairs, from synthetic estimate tiles. The generator here serves other tests."""

import itertools
import json

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.errors import InputError
from lmi.files import SCHEMA, replacing
from lmi.tables import (
    COLUMNS,
    aggregate,
    bits,
    printable,
    probability,
    signed,
    strongest,
    top_pairs_text,
    write_tsv,
)

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
    reason = np.where(weak, "few samples: 700 for 120 features", "").astype(object)
    reason[failed] = "y has no feature that varies"
    strings = {
        "x": [x for x, _ in pairs],
        "y": [y for _, y in pairs],
        "flag": np.where(failed, "fail", np.where(weak, "warn", "ok")).tolist(),
        "reason": reason.tolist(),
        "candidate": np.where(rng.random(n_pairs) < 0.7, "canonical", "pca").tolist(),
        "p_method": ["permutation"] * n_pairs,
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
        "converged": ~failed,
        "seconds": np.where(failed, np.nan, 1 + rng.random(n_pairs)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as tile:
        tile.attrs.update(
            schema=SCHEMA,
            dataset=dataset,
            seed=seed,
            config_hash="0123abcd",
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


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    tiles, config = write_results(folder)
    table = aggregate(tiles, folder / "mi.tsv", folder / "mi.parquet", order=config["datasets"])
    return folder, tiles, config, table


def test_columns_and_types(run):
    folder, _, _, table = run
    assert list(table) == list(COLUMNS)
    assert len(table) == 91 + 276 + 24 + 1
    assert table["converged"].dtype == bool
    assert table["n_samples"].dtype == "int64"
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "mi.parquet"), table)


def test_sorted_by_dataset_then_strength_with_nan_last(run):
    _, _, config, table = run
    assert list(dict.fromkeys(table["dataset"])) == list(config["datasets"])
    for _, part in table.groupby("dataset"):
        mi = part["mi_bits"].to_numpy()
        n_good = np.isfinite(mi).sum()
        assert np.all(np.diff(mi[:n_good]) <= 0)
        assert np.all(np.isnan(mi[n_good:]))
    assert table["mi_bits"].min() < 0


def test_tsv_has_six_digits_and_says_nan(run):
    folder, _, _, table = run
    back = pd.read_csv(
        folder / "mi.tsv", sep="\t", keep_default_na=False, na_values={"mi_bits": "NaN"}
    )
    np.testing.assert_allclose(back["mi_bits"], table["mi_bits"], rtol=5.1e-6)
    assert back["reason"].tolist() == table["reason"].tolist()
    lines = (folder / "mi.tsv").read_text().splitlines()
    failed = next(line for line in lines if "\tfail\t" in line)
    first = lines[0].split("\t").index("mi_bits")
    assert failed.split("\t")[first] == "NaN"
    cells = [cell for line in lines[1:] for cell in line.split("\t")[first : first + 4]]
    digits = [cell.split("e")[0].replace(".", "").lstrip("-0") for cell in cells]
    assert max(len(cell) for cell in digits) <= 6


def test_order_of_files_does_not_matter(run, tmp_path):
    _, tiles, config, table = run
    other = aggregate(
        tiles[::-1], tmp_path / "mi.tsv", tmp_path / "mi.parquet", order=list(config["datasets"])
    )
    pd.testing.assert_frame_equal(other, table)


def test_order_defaults_to_that_of_the_files(run, tmp_path):
    _, tiles, _, _ = run
    table = aggregate(tiles[::-1], tmp_path / "mi.tsv", tmp_path / "mi.parquet", order=["neurons"])
    assert list(dict.fromkeys(table["dataset"])) == [
        "neurons",
        "documented_example",
        "neurons_shifted",
        "cells",
    ]


def test_hostile_names_survive_the_tsv(tmp_path):
    names = [
        ("tab\there", 'quote"d'),
        ("line\nbreak", "<script>alert(1)</script>"),
        ("NaN", "ü—漢"),
    ]
    write_tile(tmp_path / "tile-000-000.h5", "d", names, [0.3, 0.2, 0.1])
    table = aggregate([tmp_path / "tile-000-000.h5"], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    back = pd.read_csv(tmp_path / "mi.tsv", sep="\t", keep_default_na=False)
    assert back["x"].tolist() == table["x"].tolist() == [x for x, _ in names]
    assert back["y"].tolist() == [y for _, y in names]


@pytest.mark.parametrize(
    "value, expected",
    [
        (0.123456789, "0.123457"),
        (-0.0123456789, "-0.0123457"),
        (1234567.0, "1234567.0"),
        (1e-9, "1e-09"),
        (0.3, "0.3"),
        (np.nan, "NaN"),
        (np.inf, "inf"),
        (0.0, "0.0"),
    ],
)
def test_six_digits(tmp_path, value, expected):
    write_tsv(pd.DataFrame({"mi_bits": [value]}), tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == f"mi_bits\n{expected}\n"


def test_a_tile_without_pairs_adds_nothing(run, tmp_path):
    _, tiles, config, table = run
    write_tile(tmp_path / "empty.h5", "cells", [], [])
    other = aggregate(
        [*tiles, tmp_path / "empty.h5"],
        tmp_path / "mi.tsv",
        tmp_path / "mi.parquet",
        config["datasets"],
    )
    assert len(other) == len(table)


def edit(path, action):
    with h5py.File(path, "a") as tile:
        action(tile)


@pytest.mark.parametrize(
    "action, message",
    [
        (
            lambda tile: tile.attrs.modify("schema", 99),
            "expected schema version 2, found 99.*--forcerun",
        ),
        (lambda tile: tile.attrs.pop("schema"), "expected schema version 2, found none"),
        (lambda tile: tile.pop("sd_bits"), "expected sd_bits, found no such entry"),
        (lambda tile: tile.pop("truth_bits"), "expected truth_bits, found no such entry"),
        (
            lambda tile: (tile.pop("sd_bits"), tile.create_dataset("sd_bits", data=[0.1])),
            "expected 2 rows in 'sd_bits' as in 'x', found 1",
        ),
    ],
)
def test_a_bad_tile_is_one_clear_message(tmp_path, action, message):
    path = tmp_path / "tile-000-000.h5"
    write_tile(path, "d", [("a", "b"), ("a", "c")], [0.1, 0.2])
    edit(path, action)
    with pytest.raises(InputError, match=message) as error:
        aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    assert str(path) in str(error.value)
    assert not (tmp_path / "mi.tsv").exists()


def test_no_tile_missing_tile_and_not_hdf5(tmp_path):
    targets = tmp_path / "mi.tsv", tmp_path / "mi.parquet"
    with pytest.raises(InputError, match="at least one tile, found none"):
        aggregate([], *targets)
    with pytest.raises(
        InputError, match=r"nowhere.h5: expected an HDF5 file of the stage estimate"
    ):
        aggregate([tmp_path / "nowhere.h5"], *targets)
    (tmp_path / "half.h5").write_bytes(b"\x89HDF\r\n")
    with pytest.raises(InputError, match=r"half.h5: expected an HDF5 file of the stage estimate"):
        aggregate([tmp_path / "half.h5"], *targets)


def test_a_pair_in_two_tiles_is_refused(tmp_path):
    for number in range(2):
        write_tile(tmp_path / f"{number}.h5", "d", [("a", "b")], [0.1])
    with pytest.raises(InputError, match="each pair once, found 'a' with 'b'"):
        aggregate(
            [tmp_path / "0.h5", tmp_path / "1.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet"
        )


def test_replacing_keeps_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "sub" / "file.txt"
    with replacing(path) as name:
        name.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as name:
        name.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_strongest_leaves_out_failed_pairs(run):
    table = run[3]
    top = strongest(table, 5)
    assert len(top) == 5
    assert np.all(np.isfinite(top["mi_bits"])) and not (top["flag"] == "fail").any()
    assert top["mi_bits"].is_monotonic_decreasing
    assert len(strongest(table)) == 91 + 276 + 24 + 1 - 2


def test_top_pairs_text(run):
    table = run[3]
    lines = top_pairs_text(
        table, 10, {"table": "results/demo/mi.tsv", "report": "r.html"}
    ).splitlines()
    assert lines[0] == (
        "Strongest 10 pairs of 392 (bits ± one standard deviation); "
        f"{table['significant'].sum()} significant (*)"
    )
    assert " lag " not in lines[1] and lines[1].split()[-3:] == ["p", "q", "flag"]
    assert " 1e-4  " in lines[2] and " *  " in lines[2]
    assert [line.split()[0] for line in lines[2:12]] == [str(rank) for rank in range(1, 11)]
    assert lines[-2:] == ["table   results/demo/mi.tsv", "report  r.html"]


def test_top_pairs_text_when_all_failed_or_names_are_hostile(tmp_path):
    write_tile(tmp_path / "t.h5", "d", [("a", "b")], [np.nan])
    table = aggregate([tmp_path / "t.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet")
    assert top_pairs_text(table).startswith("No pair of 1 has an estimate")
    write_tile(tmp_path / "t.h5", "d", [("\x1b[31mred\n", "b")], [0.5])
    table = aggregate([tmp_path / "t.h5"], tmp_path / "t.tsv", tmp_path / "t.parquet")
    text = top_pairs_text(table)
    assert "\x1b" not in text and len(text.splitlines()) == 3


def test_top_pairs_text_shows_peaks_and_leaves_out_what_is_not_there(run):
    table = run[3].head(3)
    lagged = pd.concat([table, table.assign(lag=-2, mi_bits=table["mi_bits"] - 0.01)])
    lines = top_pairs_text(lagged).splitlines()
    assert lines[0].startswith("Strongest 3 pairs of 3 ")
    assert lines[1].split()[2] == "lag" and " 0 " in lines[2]
    untested = table.assign(p_value=np.nan, q_value=np.nan, significant=False)
    lines = top_pairs_text(untested).splitlines()
    assert "significant" not in lines[0] and lines[1].split()[-2:] == ["uncorrected", "flag"]


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.nan, "\N{EN DASH}"),
        (1.0, "1"),
        (0.2134, "0.21"),
        (0.05, "0.05"),
        (0.00996, "0.01"),
        (0.0098, "1e-2"),
        (2e-4, "2e-4"),
        (1e-300, "1e-300"),
        (0.0, "0"),
    ],
)
def test_probability(value, expected):
    assert probability(value) == expected


def test_signed():
    assert [signed(lag) for lag in (2, 0, -1)] == ["+2", "0", "\N{MINUS SIGN}1"]


@pytest.mark.parametrize(
    "value, sd, expected",
    [
        (1.2345, 0.0456, "1.23 ± 0.05"),
        (0.4037, 0.0061, "0.404 ± 0.006"),
        (-0.0123, 0.02, "\N{MINUS SIGN}0.01 ± 0.02"),
        (-0.0001, 0.02, "0.00 ± 0.02"),
        (0.5, np.nan, "0.500"),
        (np.nan, np.nan, "\N{EN DASH}"),
    ],
)
def test_bits(value, sd, expected):
    assert bits(value, sd) == expected


def test_printable():
    assert printable("abc") == "abc"
    assert printable("a\x00b\nc") == "a\ufffdb\ufffdc"
    long = "gene set alpha of many words, variant 7"
    assert len(printable(long, 20)) == 20
    assert printable(long, 20).startswith("gene set") and printable(long, 20).endswith("variant 7")
