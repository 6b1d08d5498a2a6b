"""Labels of samples for the report: which columns, and whose values."""

import anndata
import numpy as np
import pandas as pd
import pytest
from lmi.base.arrays import shown_samples
from lmi.data import overview
from lmi.data.sample_labels import MOST_GROUPS, Label
from lmi.planning.config import load


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def labels(**dataset):
    loaded = load({"datasets": {"d": {"variables": "each"} | dataset}})["datasets"]["d"]
    found = overview.describe("d", loaded, missing="drop_samples")
    overview.write("data.json", found)
    assert overview.load("data.json") == found
    return found.label_rows, {one.name: one for one in found.labels}


def annotated(n=160):
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(n)])
    obs["type"] = pd.Categorical(np.where(np.arange(n) % 4, "B & T", "NK"))
    obs.loc[obs.index[3], "type"] = None
    obs["cluster"] = np.arange(n) % 3
    obs["depth"] = np.linspace(0.125, 9.0, n)
    obs["barcode"] = [f"b{i}" for i in range(n)]
    obs["same"] = "one"
    return anndata.AnnData(rng.standard_normal((n, 2)).astype(np.float32), obs=obs)


def test_columns_of_obs_are_groups_or_numbers():
    annotated().write_h5ad("a.h5ad")
    rows, found = labels(source="a.h5ad")
    assert rows == list(range(160)) and MOST_GROUPS < 160
    assert list(found) == ["type", "cluster", "depth"]  # names of samples and constants are none
    assert found["type"].groups == ["B & T", "NK"]
    assert found["type"].values[:5] == [1, 0, 0, None, 1]
    assert found["cluster"].groups == ["0", "1", "2"] and found["cluster"].values[:4] == [
        0,
        1,
        2,
        0,
    ]
    assert found["depth"] == Label("depth", [], found["depth"].values)
    assert found["depth"].values[0] == 0.125


def test_samples_that_are_left_out_have_no_label():
    annotated().write_h5ad("a.h5ad")
    rows, found = labels(source="a.h5ad", where="cluster > 0")
    assert rows == [i for i in range(160) if i % 3]
    assert found["cluster"].values == [i % 3 - 1 for i in range(160) if i % 3]


def test_a_table_has_those_columns_that_are_no_features_and_those_of_its_strata():
    n = 120
    held = pd.DataFrame({"cell": [f"c{i}" for i in range(n)], "a": np.arange(n) ** 1.5})
    held["b"], held["site"], held["age"] = np.sin(held["a"]), "left", np.arange(n) + 0.5
    held.loc[::2, "site"] = "right"
    held.to_csv("t.csv", index=False)
    backwards = pd.DataFrame({"cell": held["cell"], "batch": np.where(np.arange(n) < 10, "u", "v")})
    backwards[::-1].to_csv("batch.csv", index=False)
    _, found = labels(
        source="t.csv",
        drop_columns=["site", "age"],
        strata={"table": "batch.csv", "column": "batch"},
    )
    assert set(found) == {"site", "age", "batch"}
    assert found["site"].values[:2] == [1, 0] and found["age"].values[:2] == [0.5, 1.5]
    assert found["batch"].values == [0] * 10 + [1] * 110  # joined by name


def test_of_very_many_samples_those_that_the_report_shows_have_labels():
    shown = shown_samples(10_001)
    assert len(shown) == 2000 and shown[0] == 0 and shown[-1] == 10_000
    np.testing.assert_array_equal(shown_samples(3), [0, 1, 2])
    np.save("x.npy", np.random.default_rng(0).standard_normal((3000, 2)))
    assert labels(source="x.npy") == ([], {})
