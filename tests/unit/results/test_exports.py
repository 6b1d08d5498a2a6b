"""Files for other tools: the numbers of the table, by name, and a record that machines read."""

import json
import warnings
from pathlib import Path

import lmi
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.finished import SETS, write_run
from lmi.results import exports, listing, record


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, config, _ = write_run(tmp_path_factory.mktemp("finished"))
    files = exports.write(lmi.load(folder), folder / "exports", q=1e-4)
    return folder, config, files


def test_each_dataset_has_the_files_that_are_declared(finished):
    folder, config, files = finished
    assert [str(path.relative_to(folder / "exports")) for path in files] == [
        f"{dataset}/{name}" for dataset in config["datasets"] for name in listing.EXPORTS
    ]


def test_matrices_hold_the_numbers_of_the_table(finished):
    folder = finished[0] / "exports" / "cells"
    run = lmi.load(finished[0])
    arrays = np.load(folder / "matrices.npz", allow_pickle=False)
    assert list(arrays["variables"]) == list(SETS)
    for name in listing.MATRICES:
        wanted = run.matrix(name, "cells")
        np.testing.assert_array_equal(arrays[name], wanted)
        found = pd.read_csv(folder / f"{name}.tsv", sep="\t", index_col=0)
        assert list(found.index) == list(found.columns) == list(SETS)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_network_is_read_by_other_tools_and_equals_the_edge_list(finished):
    folder = finished[0] / "exports" / "cells"
    graph = nx.read_graphml(folder / "network.graphml")
    edges = pd.read_csv(folder / "network.tsv", sep="\t")
    assert set(graph) == set(SETS)
    ends = edges[["x", "y"]].to_numpy().tolist()
    assert sorted(map(sorted, graph.edges)) == sorted(map(sorted, ends))
    said = graph.edges[tuple(edges.loc[0, ["x", "y"]])]
    assert said["mi_bits"] == pytest.approx(edges.loc[0, "mi_bits"], rel=1e-5)
    assert (edges["q_value"] <= 1e-4).all()


def test_without_q_values_there_is_no_edge_and_no_error(finished, tmp_path):
    run = lmi.load(finished[0])
    run.table["q_value"] = np.nan
    exports.write(run, tmp_path, q=0.05)
    assert nx.read_graphml(tmp_path / "cells" / "network.graphml").number_of_edges() == 0
    assert len(pd.read_csv(tmp_path / "cells" / "network.tsv", sep="\t")) == 0


@pytest.fixture
def answered(finished):
    """A run of which b drives é, and the first two variables differ between groups."""
    run = lmi.load(finished[0])
    names = ["delta_bits", "q_delta", "xy_bits", "sd_xy_bits", "q_xy", "yx_bits", "q_yx"]
    run.table[[*names, "net_bits"]] = np.nan
    rows = run.table["dataset"] == "cells"
    run.table.loc[rows, ["delta_bits", "q_delta", "q_xy", "q_yx"]] = 0.2, 0.5, 0.9, 0.9
    for (x, y), way, back, sign in ((("b", "é"), "xy", "yx", 1), (("é", "b"), "yx", "xy", -1)):
        row = rows & (run.table["x"] == x) & (run.table["y"] == y)
        run.table.loc[row, [f"{way}_bits", f"q_{way}", f"{way}_lag"]] = 0.3, 0.001, 4
        run.table.loc[row, [f"{back}_bits", "net_bits"]] = 0.1, sign * 0.2
    return run


def test_rows_are_sources_and_columns_are_targets_of_transfer(answered):
    matrix = answered.matrix("xy_bits", "cells")
    assert (matrix.loc["b", "é"], matrix.loc["é", "b"]) == (0.3, 0.1)
    np.testing.assert_array_equal(answered.matrix("yx_bits", "cells"), matrix.T)
    net = answered.matrix("net_bits", "cells")
    assert (net.loc["b", "é"], net.loc["é", "b"]) == (0.2, -0.2)
    assert answered.matrix("delta_bits", "cells").loc["é", "b"] == 0.2


def test_what_is_asked_beside_information_is_exported(answered, tmp_path):
    asked = {"cells": ["compare", "transfer"]}
    files = exports.write(answered, tmp_path, q=0.05, asked=asked)
    own = {path.name for path in files if path.parent.name == "cells"}
    assert own == set(listing.exports_of(("compare", "transfer")))
    graph = nx.read_graphml(tmp_path / "cells" / "transfer.graphml")
    assert graph.is_directed()
    assert list(graph.edges(data=True)) == [
        ("b", "é", {"transfer_bits": 0.3, "q_value": 0.001, "lag": 4})
    ]
    found = pd.read_csv(tmp_path / "cells" / "transfer_bits.tsv", sep="\t", index_col=0)
    assert found.loc["b", "é"] == 0.3


def test_the_record_of_a_run_is_an_ro_crate_that_names_inputs_results_and_versions(finished):
    from rocrate import rocrate

    folder, config, files = finished
    out = folder / "ro-crate-metadata.json"
    record.write(out, folder / "exports" / "config.yaml", config, [folder / "mi.tsv", *files])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        crate = rocrate.ROCrate(folder)
    graph = {entity["@id"]: entity for entity in json.loads(out.read_text("utf-8"))["@graph"]}
    assert graph["ro-crate-metadata.json"]["conformsTo"]["@id"].endswith("/crate/1.1")
    for name in ("name", "description", "datePublished", "license"):
        assert crate.root_dataset[name]
    # whatever is named is there, and every file of results lies where it says
    for entity in graph.values():
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                assert not isinstance(one, dict) or one["@id"] in graph or "/crate/" in one["@id"]
    action = crate.dereference("#run")
    assert {one["name"] for one in action["result"]} == {
        "mi.tsv",
        *(str(path.relative_to(folder)) for path in files),
    }
    for one in action["result"]:
        assert (folder / one["name"]).stat().st_size == int(one["contentSize"])
    names = {one["name"] for one in action["object"]}
    assert {Path(name).name for name in names} == {
        "config.yaml",
        "cells.csv",
        "batch.csv",
        "recording.npy",
    }
    assert all(len(one["sha256"]) == 64 for one in action["object"])
    assert action["instrument"]["version"] == lmi.__version__
    assert yaml.safe_load((folder / "exports" / "config.yaml").read_text("utf-8")) == config
