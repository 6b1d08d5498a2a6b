"""Labels and counts of a dataset through the stages: what the table says of them."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from lmi import api
from lmi.data.variables import list_variables
from lmi.ksg.discrete import entropy_bits
from lmi.pipeline import embed, estimate, project
from lmi.planning import config
from lmi.results import layout

N = 300


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    """Return the label, the genes, and the files of the three stages, all pairs of 4 variables."""
    folder = tmp_path_factory.mktemp("labels")
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=N)
    genes = rng.standard_normal((N, 7)).astype(np.float32)
    genes[:, :2] += 3 * label[:, None] * [1, -0.5]
    genes[:, 6] = rng.poisson(1 + label)
    obs = pd.DataFrame(
        {"type": pd.Categorical(np.array(list("abc"))[label])}, [f"c{i}" for i in range(N)]
    )
    anndata.AnnData(genes, obs).write_h5ad(folder / "cells.h5ad")
    groups = {"wide": ["0", "1", "2", "3"], "other": ["4", "5"], "counts": ["6"]}
    loaded = config.load(
        {
            "datasets": {
                "cells": {
                    "source": str(folder / "cells.h5ad"),
                    "variables": {"list": groups, "labels": ["type"]},
                }
            }
        }
    )
    dataset = loaded["datasets"]["cells"]
    variables = list_variables(dataset)
    files = [folder / f"{stage}.h5" for stage in ("block", "embedded", "estimated")]
    project.project(
        files[0],
        dataset=dataset | {"labels": ["type"], "variables": "each"},
        dataset_name="cells",
        variables=[variable.to_params() for variable in variables],
        settings=loaded["project"],
        seed=0,
    )
    pairs = [(i, j) for j in range(4) for i in range(j)]
    embed.embed(files[1], files[0], files[0], pairs=pairs, settings=loaded["embed"], seed=0)
    loaded["estimate"]["permutations"]["max"] = 99
    estimate.estimate(files[2], files[1], settings=loaded["estimate"], seed=0)
    return label, genes, files


def rows(file):
    return {
        pair: row
        for row, pair in enumerate(zip(file["x"].asstr()[:], file["y"].asstr()[:], strict=True))
    }


def test_files_are_as_declared(tile):
    for path, kind in zip(tile[2], ("block", "embeddings", "estimates"), strict=True):
        with h5py.File(path) as file:
            assert layout.problems(file, kind) == []


def test_a_label_is_a_variable_with_all_columns_filled(tile):
    label, _, files = tile
    with h5py.File(files[2]) as file:
        row = rows(file)["wide", "type"]
        values = {name: file[name][row] for name in ("mi_bits", "sd_bits", "p_value")}
        assert np.isfinite(list(values.values())).all()
        assert 1.0 < values["mi_bits"] <= entropy_bits(label) + 1e-6
        assert values["p_value"] < 0.01
        assert file["flag"].asstr()[row] == "ok"
        assert np.mean(file["pointwise"][row]) == pytest.approx(values["mi_bits"], abs=1e-4)


def test_narrow_pairs_are_as_in_python(tile):
    label, genes, files = tile
    expected = api.estimate(label, genes[:, 6], discrete_x=True, n_permutations=0).mi_bits
    with h5py.File(files[2]) as file:
        found = file["mi_bits"][rows(file)["counts", "type"]]
    assert found == pytest.approx(expected, abs=1e-5)


def test_pairs_of_several_features_have_none_of_it(tile):
    with h5py.File(tile[2][1]) as file:
        row = rows(file)["wide", "other"]
        assert set(file["kind"].asstr()[row]) == {"wide"}
        assert np.isnan(file["value"][row]).all() and np.isnan(file["classified"][row]).all()
