"""A finished run, read back by names: `lmi.load`."""

import shutil
import sys

import lmi
import numpy as np
import pandas as pd
import pytest
from helpers.finished import SETS, N, write_run
from lmi.base.errors import InputError
from lmi.base.files import reading


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("finished"))


@pytest.fixture(scope="module")
def run(finished):
    return lmi.load(finished[0])


def test_the_files_hold_names_of_samples_and_features_and_what_was_dropped(run):
    samples = run.samples("cells")
    assert len(samples) == N - 2
    assert list(samples.index[6:8]) == ["cell6", "cell8"]
    assert list(samples["row"][6:8]) == [6, 8]
    assert list(samples["stratum"][:4]) == ["two", "one", "one", "two"]
    assert run.dropped_samples("cells").to_numpy().tolist() == [
        ["cell7", "missing values"],
        ["cell30", "missing values"],
    ]
    assert run.features("cells") == {
        "G2/M <phase>": ("a0", "a1"),
        "b": ("b0", "b1"),
        "é": ("c0",),
    }
    assert run.dropped_features("cells").to_numpy().tolist() == [
        ["G2/M <phase>", "absent", "not in the data"],
        ["é", "flat", "constant"],
    ]


def test_samples_without_names_are_called_by_their_rows(run):
    assert list(run.samples("recording").index) == [str(row) for row in range(N)]


def test_pointwise_values_come_by_sample_name_and_average_to_the_table(run):
    for row in run.table.itertuples():
        values = run.pointwise(row.dataset, row.x, row.y, row.lag)
        assert values.mean() == pytest.approx(row.mi_bits, abs=1e-6)
        assert values.index.equals(run.samples(row.dataset).index)
    assert run.pointwise("cells", "b", "é").equals(run.pointwise("cells", "é", "b"))


def test_embeddings_come_by_sample_name_and_turn_with_the_pair(run):
    one, other = (run.embedding("cells", *pair) for pair in (("b", "é"), ("é", "b")))
    assert one.x.equals(other.y) and one.y.equals(other.x)
    assert one.x.index.equals(run.samples("cells").index)
    hidden = run.embedding("cells", "G2/M <phase>", "b")
    assert abs(np.corrcoef(hidden.x["axis0"], hidden.y["axis0"])[0, 1]) > 0.6


def test_a_matrix_is_square_and_has_the_names_in_the_order_of_the_config(run):
    matrix = run.matrix("mi_bits", "cells")
    assert list(matrix.index) == list(matrix.columns) == list(SETS)
    assert np.isnan(np.diag(matrix)).all()
    row = run.table.iloc[0]
    assert matrix.loc[row["x"], row["y"]] == matrix.loc[row["y"], row["x"]] == row["mi_bits"]
    assert run.matrix("flag", "cells").loc["b", "é"] in ("ok", "warn")


def test_at_a_lag_the_rows_of_a_matrix_come_before_its_columns(run):
    rows = run.table.query("dataset == 'recording' and lag == 1").set_index(["x", "y"])["mi_bits"]
    matrix = run.matrix("mi_bits", "recording", lag=1)
    assert matrix.loc["f0", "f1"] == rows["f0", "f1"]
    assert np.isnan(matrix.loc["f1", "f0"])
    assert run.matrix("mi_bits", "recording", lag=-1).loc["f1", "f0"] == rows["f0", "f1"]
    # f1 is f0 a sample later: the peak is there
    assert run.matrix("mi_bits", "recording").loc["f0", "f1"] == rows["f0", "f1"]


def test_the_network_has_the_significant_pairs_with_their_numbers(run):
    rows = run.table.query("dataset == 'cells' and q_value <= 1e-4")
    graph = run.network(1e-4, "cells")
    assert list(graph) == list(SETS)
    assert list(map(set, graph.edges)) == [set(pair) for pair in rows[["x", "y"]].to_numpy()]
    assert len(rows) == 1
    row = run.table.iloc[0]
    edge = graph.edges["G2/M <phase>", "b"]
    assert {name: edge[name] for name in ("mi_bits", "sd_bits", "q_value")} == {
        name: row[name] for name in ("mi_bits", "sd_bits", "q_value")
    }
    assert graph.nodes["é"]["n_features"] == 1


def test_results_stand_beside_the_cells_of_an_anndata_file(run, finished, tmp_path):
    import anndata

    data = anndata.AnnData(finished[2].fillna(0).iloc[::-1])
    data.write_h5ad(tmp_path / "cells.h5ad")
    pair = ("G2/M <phase>", "b")
    annotated = run.to_anndata(tmp_path / "cells.h5ad", "cells", [pair])
    annotated.write_h5ad(tmp_path / "annotated.h5ad")
    back = anndata.read_h5ad(tmp_path / "annotated.h5ad")
    values = run.pointwise("cells", *pair)
    key = "lmi G2-M <phase> | b"
    np.testing.assert_allclose(back.obs[key].loc[values.index], values)
    assert back.obs[key].loc[["cell7", "cell30"]].isna().all()
    place = back.obs_names.get_loc("cell3")
    np.testing.assert_allclose(
        back.obsm[f"{key}: x"][place], run.embedding("cells", *pair).x.loc["cell3"]
    )
    assert list(back.varm["lmi"]["b"]) == [name in SETS["b"] for name in back.var_names]
    np.testing.assert_array_equal(
        back.uns["lmi"]["cells"]["mi_bits"], run.matrix("mi_bits", "cells")
    )
    assert list(back.uns["lmi"]["cells"]["variables"]) == list(SETS)


def test_results_stand_beside_the_cells_of_a_mudata_object(run, finished):
    mudata = pytest.importorskip("mudata")
    import anndata

    data = mudata.MuData({"rna": anndata.AnnData(finished[2].fillna(0))})
    annotated = run.to_mudata(data, "cells", [("b", "é")])
    assert annotated.obs["lmi b | é"].notna().sum() == N - 2
    assert "lmi b | é" not in data.obs


def test_without_mudata_one_sentence_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "mudata", None)
    with pytest.raises(InputError, match="pip install mudata"):
        run.to_mudata("cells.h5mu", "cells")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: lmi.load(run.folder.with_name("tny")), "no such folder.*did you mean.*tiny"),
        (lambda run: lmi.load(run.folder.parent), "no file mi.parquet.*tiny"),
        (lambda run: run.matrix("mi_bits", "cell"), "found 'cell' .did you mean 'cells'"),
        (lambda run: run.matrix("mi_bits"), "expected one of cells, recording.*found none"),
        (lambda run: run.matrix("mi_bit", "cells"), "did you mean 'mi_bits'"),
        (lambda run: run.matrix("n_features_x", "cells"), "expected a column of pairs"),
        (lambda run: run.matrix("mi_bits", "cells", 3), "lag: expected one of 0, found 3"),
        (lambda run: run.pointwise("cells", "B", "é"), "x: .*did you mean 'b'"),
        (lambda run: run.pointwise("recording", "f1", "f0", 1), "x = 'f0' with y = 'f1'.*0, 1"),
        (lambda run: run.to_anndata("none.h5ad", "cells"), "expected a file at none.h5ad"),
        (lambda run: run.to_anndata(3, "cells"), "found int"),
    ],
)
def test_a_mistake_is_told_in_one_message(run, call, message):
    with pytest.raises(InputError, match=message):
        call(run)


def test_data_with_other_samples_are_refused(run):
    import anndata

    other = anndata.AnnData(pd.DataFrame({"a": [1.0, 2.0]}, index=["cell0", "x"]))
    with pytest.raises(InputError, match="237 of 238 of them missing, such as cell1"):
        run.to_anndata(other, "cells")


def test_what_was_not_kept_is_told_with_the_key_that_keeps_it(tmp_path):
    folder, _, _ = write_run(tmp_path, keep={"pointwise": False, "embeddings": False})
    run = lmi.load(folder)
    with pytest.raises(InputError, match="pointwise: false"):
        run.pointwise("cells", "b", "é")
    with pytest.raises(InputError, match="embeddings: false"):
        run.embedding("cells", "b", "é")


def test_a_tile_of_another_run_is_refused(finished, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(finished[0], folder)
    estimates = folder / "cells" / "estimates"
    with reading(estimates / "tile-000-000.h5", "estimate") as file:
        names = list(file["x"].asstr())
    assert "G2/M <phase>" in names
    run = lmi.load(folder)
    run.table.loc[run.table["x"] == "G2/M <phase>", "mi_bits"] += 0.1
    with pytest.raises(InputError, match="as it is in the table, found none"):
        run.pointwise("cells", "G2/M <phase>", "b")
    tile = folder / "recording" / "embeddings" / "tile-000-000.h5"
    shutil.copy(folder / "cells" / "embeddings" / "tile-000-000.h5", tile)
    with pytest.raises(InputError, match="found others"):
        run.embedding("recording", "f0", "f1")


def test_a_run_prints_in_one_line_and_as_a_table(run):
    assert "\n" not in repr(run)
    html = run._repr_html_()
    assert "<table" in html and "G2/M &lt;phase&gt;" in html
    assert len(run.to_dict()["table"]) == len(run.table)


def test_a_pair_of_a_run_has_its_model(run, finished):
    pair = ("G2/M <phase>", "b")
    model = run.model("cells", *pair)
    kept = finished[2].drop(index=["cell7", "cell30"])
    x, y = kept[["a1", "a0"]], kept[["b0", "b1"]]
    coordinates = run.embedding("cells", *pair)
    np.testing.assert_array_equal(model.transform(x), coordinates.x)
    np.testing.assert_array_equal(model.transform(y, side="y"), coordinates.y)
    np.testing.assert_allclose(model.pointwise(x, y), run.pointwise("cells", *pair))
    assert list(model.loadings().index) == ["a0", "a1"]
    for t, values in enumerate(model._encoded(1, y.to_numpy())):
        np.testing.assert_allclose(values, model.zy[t], atol=0.02)
    assert np.isfinite(model.pointwise(x + 0.01, y)).all()
    with pytest.raises(InputError, match="a model has sides"):
        run.model("cells", *pair[::-1])
