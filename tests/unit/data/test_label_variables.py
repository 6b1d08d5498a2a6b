"""Columns of labels as variables beside those of features."""

import anndata
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data.sources import data_files
from lmi.data.variables import list_variables, read_matrices
from lmi.planning import config

N = 120
TYPES = np.array(["B", "NK", "T"])[np.arange(N) % 3]
VALUES = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)


@pytest.fixture
def cells(tmp_path):
    """Return a function from columns of obs, and keys of the dataset, to a dataset."""

    def save(obs=None, **keys):
        obs = {"type": TYPES, "batch": np.arange(N) // 60} if obs is None else obs
        index = [f"c{i}" for i in range(N)]
        table = anndata.AnnData(VALUES, pd.DataFrame(obs, index=index))
        table.write_h5ad(tmp_path / "cells.h5ad")
        choice = {"labels": ["type", "batch"]}
        return {"source": str(tmp_path / "cells.h5ad"), "variables": choice, "pairs": "all"} | keys

    return save


def read(dataset, names=None, **options):
    """Return matrices and information of the variables of these names."""
    variables = [one for one in list_variables(dataset) if names is None or one.name in names]
    return read_matrices(dataset, variables, min_samples=1, **options)


def test_labels_stand_after_the_features_each_of_which_is_a_variable(cells):
    assert [one.name for one in list_variables(cells())] == ["0", "1", "2", "3", "type", "batch"]
    groups = {"list": {"pair": ["0", "1"]}, "labels": ["type"]}
    dataset = cells(variables=groups)
    assert [(v.name, v.label) for v in list_variables(dataset)] == [("pair", ""), ("type", "type")]
    matrices, info = read(dataset)
    assert np.array_equal(matrices[0], VALUES[:, :2])
    assert np.array_equal(matrices[1], TYPES[:, None] == np.array(["B", "NK", "T"]))
    assert info["features"][1] == ("type=B", "type=NK", "type=T")


def test_a_block_of_labels_alone_is_read(cells):
    matrices, _ = read(cells(), ["type", "batch"])
    assert [matrix.shape for matrix in matrices] == [(N, 3), (N, 2)]


def test_a_table_of_labels_is_joined_by_name_and_is_a_file_of_the_dataset(cells, tmp_path):
    order = np.random.default_rng(1).permutation(N)
    table = pd.DataFrame({"cell": [f"c{i}" for i in order], "stimulus": TYPES[order]})
    table.to_csv(tmp_path / "labels.csv", index=False)
    place = {"table": str(tmp_path / "labels.csv"), "column": "stimulus"}
    dataset = cells(variables={"labels": [place]})
    matrices, _ = read(dataset, ["stimulus"])
    assert np.array_equal(matrices[0], TYPES[:, None] == np.array(["B", "NK", "T"]))
    assert place["table"] in data_files(dataset)


def test_a_missing_label_is_no_category(cells):
    labels = TYPES.astype(object)
    labels[[3, 50]] = None
    dataset = cells(obs={"type": pd.Categorical(labels)}, variables={"labels": ["type"]})
    for missing, words in (("error", "drop_samples"), ("impute_median", "no median")):
        with pytest.raises(InputError, match=f"2 of {N} without one, .*row 4. .*{words}"):
            read(dataset, missing=missing)
    kept = np.setdiff1d(np.arange(N), [3, 50])
    for names in (["type"], ["0", "2"], ["0", "type"]):
        matrices, info = read(dataset, names, missing="drop_samples")
        assert [len(matrix) for matrix in matrices] == [N - 2] * len(names)
        assert info["n_dropped"] == 2 and info["sample_names"][3] == "c4"
    assert np.array_equal(matrices[0][:, 0], VALUES[kept, 0])
    assert np.array_equal(matrices[1].argmax(axis=1), np.arange(N)[kept] % 3)


def test_a_column_of_ids_is_no_label(cells):
    dataset = cells(obs={"id": [f"id{i}" for i in range(N)]}, variables={"labels": ["id"]})
    with pytest.raises(InputError, match=r"variables.labels: 'id': .*samples share"):
        read(dataset)


def test_an_unknown_column_is_one_message(cells):
    with pytest.raises(InputError, match=r"variables.labels: .*no column 'typ'.*type"):
        read(cells(variables={"labels": ["typ"]}))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"variables": {"labels": ["type", "type"]}}, "more than once: type"),
        ({"source": "cells.csv"}, "expected a mapping with `table` and `column`"),
        ({"variables": {"labels": ["type"], "list": ["0"], "table": "t.tsv"}}, "exactly one of"),
    ],
)
def test_labels_that_cannot_be_found_are_refused_by_the_config(cells, keys, words):
    with pytest.raises(InputError, match=words):
        config.load({"datasets": {"cells": cells() | keys}})
    assert config.load({"datasets": {"cells": cells()}})


def test_labels_that_are_joined_row_by_row_say_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.standard_normal((120, 2)), columns=["a", "b"])
    values.to_csv("plain.csv", index=False)
    names = [f"s{i}" for i in range(120)]
    values.set_axis(names, axis=0).to_csv("named.csv", index_label="cell")
    kinds = pd.DataFrame({"kind": np.arange(120) % 3})
    kinds.to_csv("kinds.csv", index=False)
    kinds.set_axis(names, axis=0).to_csv("named_kinds.csv", index_label="cell")
    for source, table, by_position in (
        ("plain.csv", "kinds.csv", True),
        ("named.csv", "named_kinds.csv", False),
    ):
        place = {"table": table, "column": "kind"}
        for how in ({"variables": {"labels": [place]}}, {"variables": "each", "given": place}):
            dataset = config.load({"datasets": {"d": {"source": source} | how}})["datasets"]["d"]
            _, info = read_matrices(dataset, list_variables(dataset))
            assert info["by_position"] is by_position
