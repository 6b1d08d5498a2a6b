"""Variables from every form of the config, their values, and every bad one."""

import json
import math
from decimal import Decimal
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse
from lmi.base.errors import InputError
from lmi.data import matrix_values
from lmi.data.variables import Variable, count_samples, list_variables, read_matrices

DATA = Path(__file__).parents[2] / "data" / "cells"
GENES = ("CD3D", "CD3E", "MS4A1", "CD79A", "LYZ", "NKG7")
N_CELLS = 120


@pytest.fixture
def values():
    return np.random.default_rng(5).normal(size=(N_CELLS, len(GENES))).astype(np.float32)


@pytest.fixture
def cells(values, tmp_path):
    """Return a dataset of an .h5ad file, all genes as variables."""
    return dataset(save_cells(values, tmp_path / "cells.h5ad"))


def save_cells(values, path, genes=GENES):
    obs = pd.DataFrame(index=[f"c{i}" for i in range(len(values))])
    table = anndata.AnnData(scipy.sparse.csr_matrix(values), obs, pd.DataFrame(index=list(genes)))
    table.write_h5ad(path)
    return str(path)


def dataset(source, variables="each", **others):
    return {"source": source, "variables": variables, "pairs": "all", **others}


def read(dataset, **others):
    return read_matrices(dataset, list_variables(dataset), **others)


def write(path, text):
    path.write_text(text)
    return str(path)


def names(dataset):
    return [variable.name for variable in list_variables(dataset)]


# ---- the forms


def test_each_feature(cells, values):
    assert names(cells) == list(GENES)
    matrices, info = read(cells)
    np.testing.assert_array_equal(np.concatenate(matrices, axis=1), values)
    assert info["sample_names"][:2] == ("c0", "c1")
    assert info["errors"] == [None] * 6
    assert info["notes"] == [""] * 6
    assert (info["n_dropped"], info["n_unmatched"], info["time_series"]) == (0, 0, False)
    assert all(map(math.isnan, info["truth_bits"]))
    assert count_samples(cells) == N_CELLS


def test_gene_sets(cells, values, tmp_path):
    gmt = write(tmp_path / "m.gmt", "b\tB cells\tCD79A\tMS4A1\n\nt cell\t\tCD3E\tCD3D\t\n")
    cells["variables"] = {"gene_sets": gmt}
    found = list_variables(cells)
    assert found == [Variable("b", ("CD79A", "MS4A1")), Variable("t cell", ("CD3E", "CD3D"))]
    matrices, info = read(cells)
    np.testing.assert_array_equal(matrices[0], values[:, [3, 2]])
    np.testing.assert_array_equal(matrices[1], values[:, [1, 0]])
    assert info["features"] == [("CD79A", "MS4A1"), ("CD3E", "CD3D")]


@pytest.mark.parametrize("ending, split", [("tsv", "\t"), ("csv", ",")])
def test_table(cells, values, tmp_path, ending, split):
    rows = [
        ("why", "variable", "feature"),
        ("", "b", "MS4A1"),
        ("", "m", "LYZ"),
        ("", "b", "CD79A"),
    ]
    text = "\n".join(split.join(row) for row in rows)
    cells["variables"] = {"table": write(tmp_path / f"t.{ending}", text)}
    assert list_variables(cells) == [Variable("b", ("MS4A1", "CD79A")), Variable("m", ("LYZ",))]
    np.testing.assert_array_equal(read(cells)[0][0], values[:, [2, 3]])


def test_lists(cells):
    cells["variables"] = {"list": {"t": ["CD3D", "CD3E"], "m": ["LYZ"]}}
    assert list_variables(cells) == [Variable("t", ("CD3D", "CD3E")), Variable("m", ("LYZ",))]
    cells["variables"] = {"list": ["LYZ", "CD3D"]}
    assert list_variables(cells) == [Variable("LYZ", ("LYZ",)), Variable("CD3D", ("CD3D",))]


def test_files(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 3)), rng.normal(size=(100, 2))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    data = dataset([str(tmp_path / "x.npy"), str(tmp_path / "y.npy")], "files")
    assert names(data) == ["x", "y"]
    matrices, info = read(data)
    np.testing.assert_allclose(matrices[0], x, rtol=1e-6)
    np.testing.assert_allclose(matrices[1], y, rtol=1e-6)
    assert info["features"] == [("f0", "f1", "f2"), ("f0", "f1")]
    assert read_matrices(data, [Variable("y")])[0][0].shape == (100, 2)


def test_unknown_features_may_be_dropped(cells, tmp_path):
    gmt = write(tmp_path / "m.gmt", "b\t\tCD79A\tMS4A1\tCD19\nt\t\tCD3D\tCD5\n")
    cells["variables"] = {"gene_sets": gmt, "unknown_features": "drop", "min_features": 2}
    note = "1 of its 3 features are not in the data"
    assert list_variables(cells) == [Variable("b", ("CD79A", "MS4A1"), note=note, absent=("CD19",))]
    assert read(cells)[1]["notes"] == [note]


def test_a_feature_twice_in_a_set_is_taken_once_and_noted(cells, values, tmp_path):
    gmt = write(tmp_path / "m.gmt", "b\tna\tCD79A\tMS4A1\tCD79A\nt\tna\tCD3D\n")
    table = write(tmp_path / "m.tsv", "feature\tvariable\nCD79A\tb\nMS4A1\tb\nCD79A\tb\nCD3D\tt\n")
    note = "listed more than once, taken once: CD79A"
    for choice in ({"gene_sets": gmt}, {"table": table}):
        for unknown in ("error", "drop"):
            cells["variables"] = choice | {"unknown_features": unknown}
            found = list_variables(cells)
            assert found[0] == Variable("b", ("CD79A", "MS4A1"), note=note)
            assert found[1] == Variable("t", ("CD3D",))
    matrices, info = read(cells)
    np.testing.assert_array_equal(matrices[0], values[:, [3, 2]])
    assert info["notes"] == [note, ""]


def test_gene_sets_without_descriptions_lose_no_feature_in_silence(cells, tmp_path):
    text = "b\tCD79A\tMS4A1\tLYZ\nt\tCD3D\tCD3E\n"
    cells["variables"] = {"gene_sets": write(tmp_path / "m.gmt", text)}
    with pytest.raises(InputError, match=r"line 1: the second column.*'CD79A'.*feature of the da"):
        list_variables(cells)


def test_every_set_with_unknown_features_is_named_and_the_key_that_drops_them(cells, tmp_path):
    text = "b\tna\tCD79A\tCD19\nt\tna\tCD3D\tCD19\nm\tna\tLYZ\n"
    cells["variables"] = {"gene_sets": write(tmp_path / "m.gmt", text)}
    with pytest.raises(
        InputError,
        match=r"'CD19' of variables 'b, t'.*concerned: 2 of 3 \(b, t\).*"
        r"`variables: \{gene_sets: ..., unknown_features: drop\}`",
    ):
        list_variables(cells)


def test_appended_variables_go_last(cells, tmp_path):
    text = "b\t\tCD79A\tMS4A1\nt\t\tCD3D\tCD3E\n"
    gmt = tmp_path / "m.gmt"
    cells["variables"] = {"gene_sets": write(gmt, text)}
    before = list_variables(cells)
    write(gmt, text + "a\t\tLYZ\n")
    assert list_variables(cells)[:2] == before


def test_features_of_several_sources_stand_side_by_side(values, tmp_path):
    one = save_cells(values, tmp_path / "one.h5ad")
    other = pd.DataFrame(
        {"protein": np.arange(50.0), "other": 1.0 + np.arange(50)},
        index=[f"c{i}" for i in reversed(range(100, 150))],
    )
    other.to_csv(tmp_path / "two.csv")
    data = dataset([one, str(tmp_path / "two.csv")], {"list": {"v": ["protein", "LYZ", "CD3D"]}})
    matrices, info = read(data, min_samples=20)
    assert info["sample_names"] == tuple(f"c{i}" for i in range(100, 120))
    assert info["n_unmatched"] == 100
    assert count_samples(data) == 20
    np.testing.assert_array_equal(matrices[0][:, 0], np.arange(49, 29, -1))
    np.testing.assert_array_equal(matrices[0][:, 1:], values[100:, [4, 0]])


def test_features_in_the_order_of_the_variable_over_several_sources(values, tmp_path):
    np.savez(tmp_path / "a.npz", values, features=np.array(GENES))
    np.savez(tmp_path / "b.npz", 10 * values, features=np.array([f"{g}+" for g in GENES]))
    paths = [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    data = dataset(paths, {"list": {"v": ["LYZ+", "CD3D", "CD3D+"]}})
    matrices, info = read(data)
    expected = np.stack([10 * values[:, 4], values[:, 0], 10 * values[:, 0]], axis=1)
    np.testing.assert_array_equal(matrices[0], expected)
    assert info["features"] == [("LYZ+", "CD3D", "CD3D+")]


def test_params_survive_json(cells):
    for one in (Variable("a", ("b", "c")), Variable("u@+10s", ("u",), 10.0, "note"), Variable("x")):
        assert Variable.from_params(json.loads(json.dumps(one.to_params()))) == one


def test_blocks_do_not_depend_on_one_another(cells, values, tmp_path):
    values[3, 5] = np.nan
    save_cells(values, cells["source"])
    every = list_variables(cells)
    for missing in ("drop_samples", "impute_median"):
        whole, _ = read_matrices(cells, every, missing)
        for index, one in enumerate(every):
            alone, _ = read_matrices(cells, [one], missing)
            np.testing.assert_array_equal(alone[0], whole[index])


def test_the_bundled_modules():
    data = dataset(str(DATA / "pbmc68k_reduced.h5ad"))
    data["variables"] = {"gene_sets": str(DATA / "modules.gmt")}
    found = list_variables(data)
    features = [feature for variable in found for feature in variable.features]
    assert len(found) == 17
    assert len(features) == len(set(features))
    assert min(len(variable.features) for variable in found) >= 4
    matrices, info = read(data)
    assert {len(matrix) for matrix in matrices} == {700}
    assert info["errors"] == [None] * 17
    assert all(matrix.min() == 0 and matrix.max() < 10 for matrix in matrices)


# ---- missing values


@pytest.fixture
def holes(values, tmp_path):
    values[7, 0], values[9, 4], values[9, 5] = np.nan, np.inf, -np.inf
    np.savez(tmp_path / "holes.npz", values, features=np.array(GENES))
    return dataset(str(tmp_path / "holes.npz"), {"list": {"t": ["CD3D", "CD3E"], "b": ["MS4A1"]}})


def test_missing_values_are_an_error(holes):
    message = (
        r"1 missing values \(NaN or infinite\) in 1 features and 1 samples.*'CD3D' of sample 8"
    )
    with pytest.raises(InputError, match=message + ".*drop_samples or impute_median"):
        read(holes)
    assert read_matrices(holes, [Variable("b", ("MS4A1",))])[0][0].shape == (N_CELLS, 1)


def test_drop_samples_looks_at_every_feature_of_the_source(holes, values):
    matrices, info = read(holes, missing="drop_samples")
    keep = np.setdiff1d(np.arange(N_CELLS), [7, 9])
    np.testing.assert_array_equal(matrices[0], values[keep][:, :2])
    assert info["n_dropped"] == 2


def test_drop_samples_drops_their_names(cells, values):
    values[1, 1] = np.nan
    save_cells(values, cells["source"])
    assert read(cells, missing="drop_samples")[1]["sample_names"][:2] == ("c0", "c2")


def test_impute_median(holes, values):
    matrices, info = read(holes, missing="impute_median")
    expected = values[:, 0].copy()
    expected[7] = np.median(np.delete(values[:, 0], 7))
    np.testing.assert_array_equal(matrices[0][:, 0], expected)
    assert info["notes"] == ["1 missing values set to the median", ""]


def test_values_too_large_for_single_precision_are_missing(tmp_path):
    np.save(tmp_path / "a.npy", np.full((100, 2), 1e300))
    with pytest.raises(InputError, match="200 missing values"):
        read(dataset(str(tmp_path / "a.npy")))


def test_samples_left_out_of_a_time_series_end_an_interval(tmp_path):
    values = np.random.default_rng(0).standard_normal((300, 3))
    values[:20] = values[-10:] = np.nan
    path = str(tmp_path / "a.npy")
    np.save(path, values)
    series = {**dataset(path), "time_series": True}
    matrices, info = read(series, missing="drop_samples")
    assert len(matrices[0]) == 270 and info["interval"] is None
    values[150, 1] = np.nan
    np.save(path, values)
    assert read(dataset(path), missing="drop_samples")[1]["interval"] is None
    info = read(series, missing="drop_samples")[1]
    assert np.bincount(info["interval"]).tolist() == [130, 139]
    values[50:250:4, 1] = np.nan
    np.save(path, values)
    with pytest.raises(InputError, match=r"in 51 stretches \(left out: 80 samples, missing"):
        read(series, missing="drop_samples")


def test_drop_samples_that_leaves_none(values, tmp_path):
    values[:, 3] = np.nan
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match="every sample has a missing value"):
        read(dataset(str(tmp_path / "a.npy")), missing="drop_samples")


def test_drop_samples_that_leaves_too_few(values, tmp_path):
    values[:30, 3] = np.nan
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(InputError, match="at least 100 samples, found 90 after 30 with missing"):
        read(dataset(str(tmp_path / "a.npy")), missing="drop_samples")


def test_unknown_policy(cells):
    with pytest.raises(InputError, match=r"project.missing: expected one of error, drop_samples"):
        read(cells, missing="ignore")


# ---- strata


@pytest.fixture
def labelled(values, tmp_path):
    """Return a dataset with strata in a table of its own, in another order; and the labels."""
    labels = {f"c{i}": f"batch {i % 3}" for i in range(N_CELLS)}
    order = np.random.default_rng(3).permutation(N_CELLS)
    table = pd.DataFrame({"cell": [f"c{i}" for i in order]})
    table["site"] = [labels[cell] for cell in table["cell"]]
    path = str(tmp_path / "meta.csv")
    table.to_csv(path, index=False)
    data = dataset(save_cells(values, tmp_path / "cells.h5ad"))
    return data | {"strata": {"table": path, "column": "site"}}, labels, table


def assert_strata(data, labels, **others):
    info = read(data, **others)[1]
    assert info["strata"].tolist() == [labels[name] for name in info["sample_names"]]
    return info


def test_strata_are_joined_by_name_whatever_the_order_of_the_table(labelled, caplog):
    data, labels, table = labelled
    path = data["strata"]["table"]
    assert_strata(data, labels)
    extra = pd.DataFrame({"cell": ["other"], "site": [""]})  # of no sample: not judged
    pd.concat([extra, table]).to_csv(path, index=False)
    assert_strata(data, labels)
    table[["site", "cell"]].to_csv(path, index=False)
    assert_strata(data, labels)
    table.set_index("cell").rename_axis(None).to_csv(path)
    assert_strata(data, labels)
    data["strata"]["table"] = path.replace(".csv", ".parquet")
    table.set_index("cell").to_parquet(data["strata"]["table"])
    assert_strata(data, labels)
    data["strata"]["table"] = path.replace(".csv", ".h5ad")
    obs = table.set_index("cell").rename_axis(None)
    anndata.AnnData(np.zeros((N_CELLS, 1)), obs).write_h5ad(data["strata"]["table"])
    assert_strata(data, labels)
    assert "by position" not in caplog.text


def test_strata_follow_samples_that_are_aligned_and_dropped(labelled, values, tmp_path):
    data, labels, _ = labelled
    values[[4, 9], 2] = np.nan
    one = save_cells(values, tmp_path / "cells.h5ad")
    order = np.random.default_rng(4).permutation(N_CELLS)[:-3]
    other = pd.DataFrame({"protein": np.random.default_rng(5).normal(size=len(order))})
    other.index = [f"c{i}" for i in order]
    other.iloc[7] = np.nan
    other.to_csv(tmp_path / "two.csv")
    for files in ([one, str(tmp_path / "two.csv")], [str(tmp_path / "two.csv"), one]):
        info = assert_strata(data | {"source": files}, labels, missing="drop_samples")
        left = set(other.index[other["protein"].notna()]) - {"c4", "c9"}
        assert set(info["sample_names"]) == left
        assert info["n_dropped"] == len(order) - len(left)


def test_samples_that_the_table_of_strata_lacks_or_has_twice_are_named(labelled):
    data, _, table = labelled
    path = data["strata"]["table"]
    table.replace("c7", "C7").to_csv(path, index=False)
    with pytest.raises(InputError, match=r"1 of the 120 samples are not in its column 'cell': c7"):
        read(data)
    table.assign(cell="x" + table["cell"]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"120 of the 120 samples are not in its column 'cell'"):
        read(data)
    pd.concat([table, table[:2]]).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"are more than once in the column 'cell'"):
        read(data)


@pytest.mark.parametrize("empty", ["", " "])
def test_a_sample_without_a_label_is_refused(labelled, empty):
    data, _, table = labelled
    table.loc[table["cell"] == "c7", "site"] = empty
    table.to_csv(data["strata"]["table"], index=False)
    with pytest.raises(InputError, match="1 samples have no label, the first in 'c7'"):
        read(data)


def test_an_unlabelled_cell_joins_no_category(labelled, values, tmp_path):
    data, labels, _ = labelled
    obs = pd.DataFrame({"site": pd.Categorical(labels.values())}, index=list(labels))
    data["strata"] = "site"
    anndata.AnnData(values, obs, pd.DataFrame(index=list(GENES))).write_h5ad(data["source"])
    assert_strata(data, labels)
    obs.loc["c5", "site"] = None
    anndata.AnnData(values, obs, pd.DataFrame(index=list(GENES))).write_h5ad(data["source"])
    with pytest.raises(InputError, match=r"1 samples have no label, the first in row 6"):
        read(data)


def test_categories_as_anndata_07_wrote_them(labelled):
    data, labels, _ = labelled
    data["strata"] = "site"
    names = sorted(set(labels.values()))
    with h5py.File(data["source"], "a") as file:
        file["obs/__categories/site"] = names
        file["obs/site"] = np.array([names.index(label) for label in labels.values()], np.int8)
        file["obs/site"].attrs["categories"] = file["obs/__categories/site"].ref
    assert_strata(data, labels)


def test_strata_without_names_are_taken_by_position_and_the_log_says_so(labelled, caplog):
    data, _, _ = labelled
    path = data["strata"]["table"]
    sites = ["None", "NA", "nan", "drug"] * 30
    pd.DataFrame({"site": sites}).to_csv(path, index=False)
    assert read(data)[1]["strata"].tolist() == sites
    assert "matched to the samples" in caplog.text
    assert "by position: the table has no column of names" in caplog.text
    pd.DataFrame({"site": sites[:-1]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="expected 120 rows"):
        read(data)


def test_tables_of_strata_in_every_encoding_and_spelling_of_the_ending(labelled, tmp_path):
    data, labels, table = labelled
    for name, encoding, split in (
        ("META.CSV", "utf-8", ","),
        ("m.TSV", "utf-16", "\t"),
        ("m.csv.gz", "utf-8-sig", ","),
    ):
        table.to_csv(tmp_path / name, index=False, sep=split, encoding=encoding)
        data["strata"]["table"] = str(tmp_path / name)
        assert_strata(data, labels)


@pytest.mark.parametrize(
    "content, message",
    [
        ("cell,site\nc0,Z\xfcrich\n", "expected text in UTF-8, found the byte 0xfc"),
        ('cell,site\nc0,"p\nc1,q\n', "quote"),
        ("cell;site\nc0;p\n", "split by ',', found one column with ';'"),
        ("cell,site\nc0,p,q,r\n", "line 2: expected 2 cells, found 4"),
        ("", "has no column 'site'"),
    ],
)
def test_broken_tables_of_strata_are_one_message(labelled, content, message):
    data, _, _ = labelled
    Path(data["strata"]["table"]).write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read(data)


@pytest.mark.parametrize(
    "row, message", [("c0,Z\xfcrich", "expected text in UTF-8"), ('c0,"p', "quote")]
)
def test_broken_tables_of_variables_are_one_message(cells, tmp_path, row, message):
    (tmp_path / "t.csv").write_bytes(f"feature,variable\n{row}\n".encode("latin-1"))
    cells["variables"] = {"table": str(tmp_path / "t.csv")}
    with pytest.raises(InputError, match=message):
        read(cells)


# ---- columns that are no data


IDS = {"cell_id": 7, "Index": 3, "Unnamed: 0": 0, "sampleID": 9, "barcode": 5, "": 0, "t": 0}


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "csv.gz"])
@pytest.mark.parametrize("choice", ["each", "files"])
def test_numbers_that_name_or_count_the_samples_are_no_feature_in_silence(
    tmp_path, name, ending, choice
):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 2)), columns=["a", "b"])
    order = range(120) if name == "t" else np.random.default_rng(1).permutation(120)
    table.insert(1 if name in ("t", "cell_id") else 0, name, IDS[name] + np.array(order))
    path = save_table(table, tmp_path / f"data.{ending}")
    if ending != "parquet":
        name = name or "Unnamed: 0"
    with pytest.raises(
        InputError, match=f"column .*{name}.* seems to name .*sample_column.*drop_col"
    ):
        list_variables(dataset(path, choice))
    data = dataset(path, drop_columns=[name])
    assert names(data) == ["a", "b"]
    data = dataset(path, sample_column=name)
    assert names(data) == ["a", "b"]
    assert sorted(map(int, read(data)[1]["sample_names"])) == sorted(
        table.drop(columns=["a", "b"]).iloc[:, 0]
    )
    assert names(dataset(path, {"list": ["a", "b"]})) == ["a", "b"]


def save_table(table, path):
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")
    return str(path)


def test_measurements_are_not_taken_for_ids(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"lipid": rng.normal(size=120), "count": rng.poisson(2, 120)})
    table["rank"] = rng.permutation(120)
    table["cell_id"] = rng.integers(0, 5, 120)  # not one a sample: a group, and a number
    for ending in ("csv", "parquet"):
        found = names(dataset(save_table(table, tmp_path / f"d.{ending}")))
        assert found == ["lipid", "count", "rank", "cell_id"]


def test_files_are_joined_by_position_only_where_none_has_names_and_the_log_says_so(
    tmp_path, caplog
):
    rng = np.random.default_rng(0)
    paths = [str(tmp_path / f"{name}.csv") for name in "xy"]
    for path in paths:
        table = pd.DataFrame(rng.normal(size=(120, 2)), columns=[path[-5] + "0", path[-5] + "1"])
        table.to_csv(path, index=False)
    assert read(dataset(paths))[1]["sample_names"] is None
    assert "matched by position: no file names them" in caplog.text
    table.insert(0, "cell_id", rng.permutation(120))
    table.to_csv(paths[1], index=False)
    for choice in ("each", "files", {"list": ["x0", "y0"]}):
        with pytest.raises(InputError, match=r"y.csv': the column cell_id seems to name"):
            read(dataset(paths, choice))
    table["cell_id"] = [f"c{i}" for i in range(120)]
    table.to_csv(paths[1], index=False)
    with pytest.raises(InputError, match=r"y.csv' has names \(c0, c1.*x.csv' has none"):
        read(dataset(paths))
    assert read(dataset(paths, drop_columns=["cell_id"]))[1]["sample_names"] is None


def test_files_with_numeric_names_are_joined_by_them_once_they_are_said(tmp_path):
    rng = np.random.default_rng(0)
    values, order = rng.normal(size=120), rng.permutation(120)
    paths = [str(tmp_path / f"{name}.csv") for name in "xy"]
    pd.DataFrame({"cell_id": range(120), "x": values}).to_csv(paths[0], index=False)
    pd.DataFrame({"cell_id": order, "y": values[order]}).to_csv(paths[1], index=False)
    matrices, _ = read(dataset(paths, sample_column="cell_id"))
    np.testing.assert_array_equal(matrices[0], matrices[1])


def test_columns_that_describe_features_are_no_samples(tmp_path):
    rng = np.random.default_rng(0)
    genes = pd.DataFrame(rng.normal(size=(2, 120)), index=["G1", "G2"]).add_prefix("s")
    genes.index.name = "Geneid"
    for column, cells in (
        ("Length", [1200, 5400]),
        ("Description", ["TP53", "MYC"]),
        ("Start", [1, 2]),
        ("gene_name", ["a", "b"]),
        ("notes", ["x", "y"]),
    ):
        table = genes.copy()
        table.insert(0, column, cells)
        for ending in ("csv", "parquet"):
            path = save_table(table.reset_index(), tmp_path / f"d.{ending}")
            data = dataset(path, transpose=True)
            with pytest.raises(InputError, match=rf"{column} seem to .*drop_columns: \[{column}\]"):
                list_variables(data)
            matrices, info = read(data | {"drop_columns": [f"{column[:-1]}*"]})
            assert info["sample_names"] == tuple(f"s{i}" for i in range(120))
            np.testing.assert_allclose(matrices[1][:, 0], genes.loc["G2"], rtol=1e-12)
    entrez = genes.reset_index(drop=True)
    entrez.insert(0, "GeneID", [7157, 4609])
    path = save_table(entrez, tmp_path / "e.csv")
    with pytest.raises(InputError, match="GeneID seem to describe"):
        list_variables(dataset(path, transpose=True))
    assert names(dataset(path, transpose=True, sample_column="GeneID")) == ["7157", "4609"]


def test_a_pattern_of_no_column_is_told(tmp_path):
    path = save_table(pd.DataFrame({"abc": [1.5], "b": [2.5]}), tmp_path / "d.csv")
    with pytest.raises(InputError, match=r"no column is called 'abd' \(did you mean 'abc'\?\)"):
        list_variables(dataset(path, drop_columns=["abd"]))


def test_an_unused_column_of_text_makes_nothing_fail(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 2)), columns=["x", "y"])
    table.loc[5, "x"] = np.nan
    table["drug"] = [""] * 100 + ["aspirin"] * 100
    path = save_table(table, tmp_path / "d.csv")
    matrices, info = read(dataset(path, {"list": ["x", "y"]}), missing="drop_samples")
    assert info["n_dropped"] == 1
    np.testing.assert_allclose(matrices[1][:, 0], table["y"].drop(5), rtol=1e-12)
    with pytest.raises(InputError, match=r"'drug' of .*, which holds text.*drop_columns"):
        list_variables(dataset(path))


def test_decimals_are_numbers_and_other_types_are_called_what_they_are(tmp_path):
    values = [Decimal(f"{v:.3f}") for v in np.random.default_rng(0).normal(size=120)]
    path = str(tmp_path / "d.parquet")
    columns = {"a": pa.array(values), "b": [float(v) for v in values]}
    pq.write_table(pa.table(columns), path)
    matrices, _ = read(dataset(path))
    np.testing.assert_allclose(matrices[0], matrices[1], rtol=1e-14)
    for what, odd in (
        ("lists", [[1.0, 2.0]] * 120),
        ("times", pd.date_range("2020", periods=120)),
        ("text", ["x"] * 120),
    ):
        pq.write_table(pa.table(columns | {"odd": odd}), path)
        with pytest.raises(InputError, match=f"column 'odd' .* which holds {what}"):
            list_variables(dataset(path))
        assert names(dataset(path, drop_columns=["o*"])) == ["a", "b"]


# ---- constant and empty variables


def test_constant_features_are_left_out(cells, values):
    values[:, 1] = 3.0
    save_cells(values, cells["source"])
    cells["variables"] = {"list": {"t": ["CD3D", "CD3E"], "b": ["MS4A1"]}}
    matrices, info = read(cells)
    np.testing.assert_array_equal(matrices[0], values[:, :1])
    assert info["notes"] == ["constant features left out: CD3E", ""]
    assert info["features"][0] == ("CD3D",)
    assert info["errors"] == [None, None]


def test_a_large_offset_makes_no_feature_constant(tmp_path):
    rng = np.random.default_rng(0)
    one, two = 1.7e9 + rng.normal(size=120), rng.normal(size=120)
    pd.DataFrame({"a": one, "b": two}).to_csv(tmp_path / "data.csv", index=False)
    matrices, info = read(dataset(str(tmp_path / "data.csv")))
    assert info["errors"] == [None, None]
    np.testing.assert_allclose(matrices[0][:, 0], one, rtol=1e-15)


def test_a_constant_variable_is_bad_and_the_others_are_not(cells, values):
    values[:, :2] = [0.0, -1.0]
    save_cells(values, cells["source"])
    cells["variables"] = {"list": {"t": ["CD3D", "CD3E"], "b": ["MS4A1"]}}
    matrices, info = read(cells)
    assert matrices[0].shape == (N_CELLS, 0)
    assert matrices[1].shape == (N_CELLS, 1)
    assert info["errors"] == ["all of its 2 features are constant: CD3D, CD3E", None]


def test_a_variable_of_missing_values_alone_is_bad(cells, values):
    values[:, 0] = np.nan
    save_cells(values, cells["source"])
    _, info = read(cells, missing="impute_median")
    assert info["errors"][0] == "all of its 1 features are constant: CD3D"


def test_a_file_without_features_or_samples(tmp_path):
    for shape, found in (((100, 0), "100 samples of 0 features"), ((0, 3), "0 samples of 3 feat")):
        np.save(tmp_path / "x.npy", np.zeros(shape))
        with pytest.raises(
            InputError, match=f"x.npy': expected samples and features, found {found}"
        ):
            list_variables(dataset(str(tmp_path / "x.npy")))


# ---- names that are wrong


def test_unknown_genes_are_named_and_counted(cells, tmp_path):
    gmt = write(tmp_path / "m.gmt", "t\t\tCD3D\tcd3e\tCD5\nb\t\tMS4A2\tCD79A\n")
    cells["variables"] = {"gene_sets": gmt}
    message = (
        r"m.gmt': 3 of its 5 features are not in .*cells.h5ad': 'cd3e' of variable 't' \(did you "
        r"mean 'CD3E'\?\), 'CD5' of variable 't'.*, 'MS4A2' of variable 'b' \(did you mean 'MS4A1'"
    )
    with pytest.raises(InputError, match=message):
        list_variables(cells)


def test_many_unknown_genes_are_not_all_named(cells):
    cells["variables"] = {"list": {"v": ["LYZ", *(f"Q{i}" for i in range(500))]}}
    with pytest.raises(
        InputError, match=r"500 of its 501 features .*Q4' of variable 'v' and 495 more"
    ):
        list_variables(cells)


def test_no_gene_in_common(cells):
    cells["variables"] = {"list": {"v": ["ENSG1", "ENSG2"]}}
    with pytest.raises(InputError, match=r"none of its 2 features .*data have CD3D, CD3E, MS4A1"):
        list_variables(cells)
    cells["variables"] |= {"unknown_features": "drop"}
    with pytest.raises(InputError, match="none of its 1 variables has at least 1 features"):
        list_variables(cells)


def test_duplicate_features_in_the_file(values, tmp_path):
    genes = ("CD3D", "CD3D", "MS4A1", "CD79A", "LYZ", "NKG7")
    np.savez(tmp_path / "a.npz", values, features=np.array(genes))
    data = dataset(str(tmp_path / "a.npz"))
    with pytest.raises(InputError, match=r"'CD3D' of variable 'CD3D' is twice in .*unique names"):
        list_variables(data)
    assert names(data | {"variables": {"list": ["LYZ", "NKG7"]}}) == ["LYZ", "NKG7"]


def test_features_of_two_files_that_clash(values, tmp_path):
    np.save(tmp_path / "a.npy", values)
    np.save(tmp_path / "b.npy", values)
    data = dataset([str(tmp_path / "a.npy"), str(tmp_path / "b.npy")])
    with pytest.raises(InputError, match=r"'f0'.*a.npy' and in '.*b.npy' \(and 5 more.*files`"):
        list_variables(data)


def test_duplicate_variables(cells, tmp_path):
    cells["variables"] = {"gene_sets": write(tmp_path / "m.gmt", "t\t\tLYZ\nt\t\tCD3D\n")}
    with pytest.raises(InputError, match="line 2: the name 't' is there twice"):
        list_variables(cells)
    cells["variables"] = {"list": ["LYZ", "CD3D", "LYZ"]}
    with pytest.raises(InputError, match="list names LYZ twice"):
        list_variables(cells)
    cells["variables"] = {"list": {"v": ["LYZ", "LYZ"]}}
    with pytest.raises(InputError, match="variable 'v' lists a feature twice: LYZ"):
        list_variables(cells)


def test_files_of_the_same_name(values, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "x.npy", values)
    paths = [str(tmp_path / folder / "x.npy") for folder in ("one", "two")]
    with pytest.raises(InputError, match="names must be unique; more than once: x"):
        list_variables(dataset(paths, "files"))


def test_names_with_line_breaks(values, tmp_path):
    np.savez(tmp_path / "a.npz", values[:, :2], features=np.array(["a\tb", "c"]))
    with pytest.raises(InputError, match=r"name 'a\\tb' is empty or holds a tab"):
        list_variables(dataset(str(tmp_path / "a.npz")))


def test_text_columns(tmp_path):
    table = pd.DataFrame({"a": range(3), "kind": list("xyz")})
    table.to_csv(tmp_path / "a.csv", index=False)
    data = dataset(str(tmp_path / "a.csv"))
    with pytest.raises(InputError, match=r"uses the column 'kind' of .* which holds text"):
        list_variables(data)
    with pytest.raises(InputError, match=r"hold no numbers: kind \(text\).*drop_columns"):
        list_variables(data | {"variables": "files"})


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "found an empty file"),
        ("t\tdescription\n", "line 1: expected a name, a description and at least one feature"),
        ("t CD3D LYZ\n", "line 1: .* split by tabs; found 't CD3D LYZ'"),
    ],
)
def test_bad_gmt(cells, tmp_path, text, message):
    cells["variables"] = {"gene_sets": write(tmp_path / "m.gmt", text)}
    with pytest.raises(InputError, match=message):
        list_variables(cells)


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "gene\tvariable\nLYZ\tm\n",
            "columns feature and variable, split by tabs; found gene, var",
        ),
        ("feature,variable\nLYZ,m\n", "split by tabs; found feature,variable"),
        ("feature\tvariable\nLYZ\t\n", "line 2: the column 'variable' is empty"),
        ("feature\tvariable\n", "at least one row below the header"),
        ("", "found nothing"),
    ],
)
def test_bad_table(cells, tmp_path, text, message):
    cells["variables"] = {"table": write(tmp_path / "t.tsv", text)}
    with pytest.raises(InputError, match=message):
        list_variables(cells)


def test_tables_that_are_not_text(cells, tmp_path):
    (tmp_path / "m.gmt").write_bytes(b"\xff\xfe\x00")
    for key in ("gene_sets", "table"):
        cells["variables"] = {key: str(tmp_path / "m.gmt")}
        with pytest.raises(InputError, match="expected text in UTF-8"):
            list_variables(cells)
        cells["variables"] = {key: str(tmp_path / "n.gmt")}
        with pytest.raises(InputError, match=r"no such file .did you mean 'm.gmt'"):
            list_variables(cells)


# ---- units and tasks


@pytest.fixture
def neurons(tmp_path):
    rng = np.random.default_rng(2)
    times, units = rng.uniform(0, 20, 900), np.repeat([2, 5, 30], [600, 290, 10])
    np.savez(tmp_path / "s.npz", times=times, units=units, interval_s=np.array([0.0, 20.0]))
    spikes = {"source": str(tmp_path / "s.npz"), "bin_ms": 20, "n_lags": 5, "stride_ms": 100}
    return {"spikes": spikes, "variables": "each", "pairs": "all"}


def test_each_unit(neurons):
    assert names(neurons) == ["unit2", "unit5", "unit30"]
    matrices, info = read(neurons)
    assert [matrix.shape for matrix in matrices[:2]] == [(200, 5), (200, 5)]
    assert info["time_series"]
    assert info["sample_names"] is None
    assert count_samples(neurons) == 200


def test_units_that_seldom_fire_are_left_out(neurons):
    neurons["spikes"]["min_rate_hz"] = 1
    assert names(neurons) == ["unit2", "unit5"]
    neurons["spikes"]["min_rate_hz"] = 1000
    with pytest.raises(InputError, match=r"min_rate_hz: no unit .* fires 1000 times a second"):
        list_variables(neurons)


def test_listed_units_by_name_or_id(neurons):
    neurons["variables"] = {"list": ["unit30", 2]}
    assert names(neurons) == ["unit30", "unit2"]


def test_shifted_units_stand_beside_their_originals(neurons):
    neurons["spikes"]["shift_s"] = 10
    neurons["variables"] = {"list": [2, 5]}
    assert names(neurons) == ["unit2", "unit2@+10s", "unit5", "unit5@+10s"]
    matrices, _ = read(neurons)
    plain, _ = read_matrices(
        neurons | {"spikes": neurons["spikes"] | {"shift_s": 0}}, [Variable("unit2", ("unit2",))]
    )
    np.testing.assert_array_equal(matrices[0], plain[0][:100])
    np.testing.assert_array_equal(matrices[1], plain[0][100:])


def test_overlapping_windows_are_noted(neurons):
    neurons["spikes"]["stride_ms"] = 60
    assert read(neurons)[1]["notes"][0] == "windows overlap by 40 ms"


def test_a_silent_unit_is_bad(neurons):
    neurons["spikes"]["shift_s"] = 10
    silent = Variable("unit99", ("unit99",))
    _, info = read_matrices(neurons, [silent, Variable("unit2", ("unit2",))])
    assert info["errors"] == [
        "all of its 5 features are constant: bin0, bin1, bin2 and 2 more",
        None,
    ]


@pytest.mark.parametrize(
    "choice, message",
    [
        ({"list": ["unit20", 5]}, r"1 of 2 units are not in .*'unit20' \(did you mean 'unit2'\?\)"),
        ({"list": [2, "unit2"]}, "list names unit2 twice"),
        ({"list": {"a": ["unit2"]}}, "for spikes expected `each` or"),
        ({"gene_sets": "m.gmt"}, "for spikes expected `each` or"),
        ("files", "for spikes expected `each` or"),
        ({"list": [2], "unknown_features": "drop"}, "no meaning for a list of units"),
    ],
)
def test_bad_lists_of_units(neurons, choice, message):
    with pytest.raises(InputError, match=message):
        list_variables(neurons | {"variables": choice})


def test_too_few_windows(neurons):
    with pytest.raises(InputError, match="at least 300 samples, found 200"):
        read(neurons, min_samples=300)


def test_task():
    task = {"name": "projected_gaussian", "n_samples": 150, "ambient": 7}
    data = {"task": task, "variables": "each", "pairs": "all"}
    assert names(data) == ["x", "y"]
    assert count_samples(data) == 150
    (x, y), info = read(data, seed=3)
    assert x.shape == y.shape == (150, 7)
    assert info["truth_bits"] == pytest.approx([0.4037, 0.4037], abs=1e-4)
    assert not info["time_series"]
    alone, _ = read_matrices(data, [Variable("y")], seed=3)
    np.testing.assert_array_equal(alone[0], y)
    own_seed, _ = read(data | {"task": task | {"seed": 3}}, seed=8)
    np.testing.assert_array_equal(own_seed[0], x)
    assert not np.array_equal(read(data, seed=8)[0][0], x)


def test_unknown_task():
    with pytest.raises(InputError, match="did you mean 'projected_gaussian'"):
        count_samples({"task": {"name": "projected_gausian"}})


def test_imputing_by_hand():
    block = np.array([[1, np.nan], [2, np.inf], [6, np.nan], [np.nan, np.nan]], dtype=np.float32)
    assert matrix_values.impute_median(block).tolist() == [1, 4]
    assert block.tolist() == [[1, 0], [2, 0], [6, 0], [2, 0]]
