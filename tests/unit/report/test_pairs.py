"""What the page tells of single pairs: features on their axes, labels of their samples."""

import h5py
import lmi
import numpy as np
import pandas as pd
import pytest
from helpers.finished import write_run
from helpers.runs import write_tile
from lmi.data.sample_labels import Label
from lmi.estimation import null
from lmi.report import payload
from lmi.report.blocks import loadings, read_blocks, taken_for
from lmi.report.details import read_details
from lmi.results.table import aggregate

from tests.helpers.tiles import through


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("pairs"))[0]


def panels_of(run, dataset):
    """Return the panels of a dataset, their samples and its variables."""
    details, _ = read_details(pd.read_parquet(run / "mi.parquet"), run.glob("*/parts/*.h5"))
    known = read_blocks(sorted(run.glob("*/variables/*.h5")))[dataset]
    return details[dataset]["panels"], details[dataset]["samples"], known


def test_the_page_has_the_permuted_values_of_a_pair(run):
    panels, _, _ = panels_of(run, "cells")
    table = pd.read_parquet(run / "mi.parquet")
    seen = 0
    for panel in panels:
        row, drawn = table.loc[panel["row"]], panel["null"][np.isfinite(panel["null"])]
        if drawn.size:
            seen += 1
            few = drawn.size < null.KEPT  # all that were drawn
            assert drawn.size <= row["n_permutations"] or row["p_method"] != "permutation"
            if few:
                assert drawn.mean() == pytest.approx(row["null_mean_bits"], abs=1e-5)
                assert drawn.std(ddof=1) == pytest.approx(row["null_sd_bits"], abs=1e-5)
    assert seen


def test_any_pair_of_the_detail_file_has_its_samples_however_weak_it_is(tmp_path):
    path = tmp_path / "part-000.h5"
    pairs = [(f"a{i}", "b") for i in range(30)]
    write_tile(path, "d", pairs, np.linspace(1, 0.01, 30))
    with h5py.File(path, "a") as tile:  # a part: details of two strong pairs and of the weakest
        rows = [0, 1, 29]
        for name in ("pointwise", "scatter", "loss_train", "loss_validation"):
            values = tile[name][rows]
            del tile[name]
            tile[name] = values
        tile["detail_row"] = rows
    table = aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    for n_pairs, expected in ((1000, ["a0", "a1", "a29"]), (2, ["a0", "a1"])):
        details, _ = read_details(table, [path], n_pairs)
        assert [panel["x"] for panel in details["d"]["panels"]] == expected


def test_loadings_of_the_page_are_those_of_the_model(run):
    panels, samples, known = panels_of(run, "cells")
    found, compared = loadings(known["variables"], panels, samples), 0
    for panel, sides in zip(panels, found, strict=True):
        model = lmi.load(run).model("cells", panel["x"], panel["y"])
        for side, (names, values) in zip("xy", sides, strict=True):
            expected = model.loadings(side)["axis0"]
            if len(expected) < 2:
                assert names == []
                continue
            assert set(names) == set(expected.index)
            np.testing.assert_allclose(values, expected[names], atol=1e-3)
            assert list(np.abs(values)) == sorted(np.abs(values), reverse=True)
            compared += 1
    assert compared >= 3


def test_at_a_lag_features_of_y_are_taken_as_much_later():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((100, 2)).astype(np.float32)
    axis = np.roll(z[:, 1], -3)  # what y is, three samples later
    pointwise = np.where(np.arange(100) < 97, 0.1, np.nan)
    panel = {"x": "gone", "y": "v", "lag": 3, "pointwise": pointwise}
    panel["scatter"] = np.stack([axis, axis], axis=1)

    def features(variable):
        return ([], None) if variable is None else (["a", "b"], z)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lmi.report.blocks._features", features)
        ((x, y),) = loadings({"v": {}}, [panel], np.arange(100))
    assert x == [[], []]
    assert y[0][0] == "b" and y[1][0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("turned", [False, True])
def test_the_page_tells_what_samples_of_each_label_are_taken_for(tmp_path, turned):
    """Labels 0 and 1 are told from 2, and hardly from each other."""
    rng = np.random.default_rng(5)
    label = np.repeat([0, 1, 2], [150, 120, 90])
    x = rng.standard_normal((360, 6)) + 5.0 * (label == 2)[:, None]
    y = np.eye(3)[label]
    matrices = [y, x] if turned else [x, y]
    found = through(tmp_path, matrices, [(0, 1)], ("label",), n_latent=4)["v0", "v1"][0]
    known = read_blocks([tmp_path / "block.h5"])["d"]["variables"]
    panel = {"x": "v0", "y": "v1", "label": found}
    told = taken_for(known, [panel | {"label": None}, panel])[1]
    counts = np.array(told["counts"])
    assert told["labels"] == ["0", "1", "2"] and told["others"] == 0
    assert counts.sum(axis=1).tolist() == [150, 120, 90]
    assert counts[2, 2] >= 88 and counts[:2, 2].sum() <= 3
    assert 0 < counts[:2, 1].sum() < counts[:2, 0].sum()  # the commoner one


def test_labels_find_their_samples_by_row_and_strata_are_not_shown_twice():
    known = {
        "strata_names": ["one", "two"],
        "strata": np.array([0, 1, 1, 0]),
        "rows": np.array([5, 6, 8, 9]),
        "label_rows": [5, 6, 9],
        "labels": [
            Label("batch", ["one", "two"], [0, 1, 0]),
            Label("donor", ["d1", "d2"], [1, None, 0]),
            Label("depth", [], [2.0, 4.0, None]),
        ],
    }
    words, arrays = payload._labels(known, np.array([0, 1, 2, 3]))
    assert [one["name"] for one in words] == ["stratum", "donor", "depth"]
    np.testing.assert_array_equal(arrays[0], [0, 1, 1, 0])
    np.testing.assert_array_equal(arrays[1], [1, 2, 2, 0])  # 2: none, or not among those kept
    depth = arrays[2]["low"] + arrays[2]["step"] * arrays[2]["array"].astype(float)
    np.testing.assert_allclose(depth[:2], [2, 4])
    assert (arrays[2]["array"][2:] == 65535).all()
    words, _ = payload._labels(known | {"strata_names": []}, np.array([0, 1]))
    assert [one["name"] for one in words] == ["batch", "donor", "depth"]
