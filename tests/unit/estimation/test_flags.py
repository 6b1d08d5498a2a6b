"""Shared features: found by names and by values, marked, left out of the false discovery rate."""

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi import api
from lmi.base.files import text
from lmi.data.variables import list_variables
from lmi.estimation import estimate as estimation
from lmi.estimation import flags
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import _named, project
from lmi.results.table import add_q_values, aggregate

EMBED = {
    "preset": "default",
    "n_latent": 16,
    "train": "never",
    "checks": "quick",
    "max_steps": 60,
    "batch_size": 256,
    "learning_rate": 1e-3,
}
NULL = {"max": 99, "scheme": "free", "block_length": 0, "tail_fit": False}
ESTIMATE = {"k": 3, "error_bars": False, "permutations": NULL, "shared_features": "flag"}
PROJECT = {"missing": "error", "n_components": 16, "clip": 10.0}


def run(folder, dataset, pairs, lags=(0,), **settings):
    """Run the stages on a dataset of the config; return the table, by pair."""
    variables = [variable.to_params() for variable in list_variables(dataset)]
    project(
        folder / "block.h5",
        dataset=dataset,
        dataset_name="d",
        variables=variables,
        settings=PROJECT,
        seed=0,
    )
    block, tile = folder / "block.h5", folder / "tile.h5"
    embed(tile, block, block, pairs=pairs, settings=EMBED, seed=0, lags=lags)
    estimate(folder / "estimates.h5", tile, settings=ESTIMATE | settings, seed=0)
    table = aggregate([folder / "estimates.h5"], folder / "mi.tsv", folder / "mi.parquet")
    return table.set_index(["x", "y", "lag"])


@pytest.fixture
def genes(tmp_path):
    """Two gene sets that overlap in g2, two that do not; h is twice the logarithm of g5."""
    rng = np.random.default_rng(0)
    values = pd.DataFrame(
        np.exp(rng.standard_normal((400, 7))), columns=[f"g{i}" for i in range(7)]
    )
    values["h"] = 2 * np.log(values["g5"])
    values.to_csv(tmp_path / "genes.csv", index=False)
    groups = {"a": ["g0", "g1", "g2"], "b": ["g2", "g3"], "c": ["g4", "g5"], "d": ["g6", "h"]}
    return {"source": str(tmp_path / "genes.csv"), "variables": {"list": groups}}


def test_overlapping_groups_fail_and_are_no_tests(genes, tmp_path):
    table = run(tmp_path, genes, [(0, 1), (0, 2), (2, 3)])
    shared = table.loc[("a", "b", 0)]
    assert shared["flag"] == "fail" and shared["reason_codes"].split()[0] == "shared_features"
    assert shared["reason"].startswith("features that are in both variables: 1 (g2); ")
    assert np.isfinite(shared["mi_bits"]) and shared["p_value"] <= 0.05
    assert np.isnan(shared["q_value"]) and not shared["significant"]
    # the same values under another name, and on another scale
    assert "(g5 = h)" in table.loc[("c", "d", 0), "reason"]
    apart = table.loc[("a", "c", 0)]
    assert apart["flag"] == "ok" and apart["q_value"] == apart["p_value"]


def test_kept_pairs_are_as_any_other(genes, tmp_path):
    row = run(tmp_path, genes, [(0, 1)], shared_features="keep").loc[("a", "b", 0)]
    assert "shared_features" not in row["reason_codes"] and row["flag"] != "fail"
    assert row["significant"]


def test_at_another_lag_a_feature_is_not_shared(genes, tmp_path):
    dataset = genes | {"time_series": True}
    table = run(tmp_path, dataset, [(0, 1)], lags=(0, 1))
    assert [
        ("shared" in codes) for codes in table["reason_codes"][[("a", "b", 0), ("a", "b", 1)]]
    ] == [
        True,
        False,
    ]


def test_files_with_the_same_header_share_nothing(tmp_path):
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{name}.csv") for name in "pq"]
    for path in paths:
        pd.DataFrame(rng.standard_normal((300, 2)), columns=["c0", "c1"]).to_csv(path, index=False)
    row = run(tmp_path, {"source": paths, "variables": "files"}, [(0, 1)]).loc[("p", "q", 0)]
    assert row["flag"] == "ok"
    with h5py.File(tmp_path / "block.h5") as file:
        assert text(file["feature_name"]).tolist() == ["p/c0", "p/c1", "q/c0", "q/c1"]


def test_columns_are_shared_whatever_their_scale_and_rare_ones_are_not():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 500, 3))
    assert flags.shared_columns(x, y) == flags.NOTHING_SHARED
    y[:, 1] = -np.exp(x[:, 2])
    assert flags.shared_columns(x, y) == (1, "column 2 of x = column 1 of y")
    assert flags.shared_columns(x.astype(np.float32), x).n == 3
    rare = np.zeros((500, 1))
    rare[: flags.MOVING - 1] = 1
    assert flags.shared_columns(rare, rare).n == 0
    rare[: flags.MOVING] = 1
    assert flags.shared_columns(rare, 3 - rare).n == 1
    many = flags.shared_columns(*[rng.standard_normal((500, 8))] * 2)
    assert many.n == 8 and many.names.endswith("column 4 of x = column 4 of y and 3 more")


def test_shared_columns_are_told_by_their_names_or_places_in_what_was_given():
    import pandas as pd

    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 300, 3))
    x[:, 0], y[:, 1] = 1.0, x[:, 2]  # a constant column comes first
    options = {"error_bars": False, "n_permutations": 0, "train": "never"}
    assert "column 2 of Xs = column 1 of Ys" in api.estimate(x, y, **options).reason
    # columns of one name, such as of two conditions, are shared where their values are
    tables = pd.DataFrame(x, columns=["a", "b", "c"]), pd.DataFrame(y, columns=["a", "b", "c"])
    found = api.estimate(*tables, **options)
    assert "1 (c of Xs = b of Ys)" in found.reason


def test_an_estimate_with_shared_features_fails_with_their_names():
    rng = np.random.default_rng(0)
    from lmi.embedding.candidates import embed_nothing

    x = rng.standard_normal((300, 2))
    shared = flags.shared_columns(x, x)
    found = estimation.estimate(
        embed_nothing(x, x), error_bars=False, samples=estimation.Samples(shared=shared)
    )
    assert found.flag == "fail" and found.reasons[0].parameters["n"] == 2
    assert "column 0 of x = column 0 of y" in found.reason


def test_rows_left_out_change_no_other_q_value():
    p = np.array([1e-9, 0.01, 0.02, 0.5])
    table, alone = pd.DataFrame({"p_value": p}), pd.DataFrame({"p_value": p[1:]})
    add_q_values(table, left_out=p < 1e-6)
    add_q_values(alone)
    assert np.isnan(table["q_value"][0]) and not table["significant"][0]
    np.testing.assert_array_equal(table["q_value"][1:], alone["q_value"])


@pytest.mark.parametrize(
    "dataset", [{"spikes": {"source": "s.npz"}}, {"task": {"name": "gaussian_grid"}}]
)
def test_windows_and_tasks_number_their_features_and_share_none_by_name(dataset):
    assert not _named(dataset | {"variables": "each"})
