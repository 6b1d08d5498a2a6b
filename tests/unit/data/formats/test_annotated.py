"""Annotated matrices in .h5ad, .zarr and .h5mu files, as anndata and mudata write them."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from anndata.io import write_elem
from lmi.base.errors import InputError
from lmi.base.paths import fingerprint
from lmi.data import sources
from lmi.data.matrix_values import read_strata
from lmi.data.sources import Source
from lmi.data.variables import list_variables, read_matrices

pytestmark = pytest.mark.filterwarnings("ignore:.*zarr:UserWarning", "ignore:Consolidated")
N_CELLS = 30
RNA = ("GAPDH", "CD4", "CD8A", "MS4A1")
PROTEINS = ("CD4", "CD19")


def cells(start=0, stop=N_CELLS):
    return [f"cell{i}" for i in range(start, stop)]


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (N_CELLS, 4)).astype(np.float32)
    table = anndata.AnnData(
        scipy.sparse.csr_matrix(counts),
        obs=pd.DataFrame({"type": pd.Categorical(["B", "T"] * 15)}, index=cells()),
        var=pd.DataFrame(index=list(RNA)),
    )
    table.raw = table
    table.layers["log"] = np.log1p(counts)
    table.layers["csc"] = scipy.sparse.csc_matrix(counts)
    table.obsm["X_pca"] = rng.normal(size=(N_CELLS, 3))
    table.obsm["X_umap"] = rng.normal(size=(N_CELLS, 2))
    table.obsm["scores"] = pd.DataFrame(
        {"S": rng.normal(size=N_CELLS), "n": np.arange(N_CELLS), "phase": ["G1", "S"] * 15},
        index=cells(),
    )
    return table


@pytest.fixture
def proteins():
    values = np.random.default_rng(1).normal(size=(N_CELLS - 4, 2))
    obs, var = pd.DataFrame(index=cells(2, N_CELLS - 2)), pd.DataFrame(index=list(PROTEINS))
    return anndata.AnnData(values, obs=obs, var=var)


def write(table, path):
    if path.suffix == ".zarr":
        pytest.importorskip("zarr")
        with anndata.settings.override(zarr_write_format=3 if path.stem.endswith("3") else 2):
            table.write_zarr(path)
    else:
        table.write_h5ad(path)
    return str(path)


def write_h5mu(path, modalities, axis=0):
    """Write a file as mudata does, as far as it is read here."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "MuData", "axis": axis})
        for name, table in modalities.items():
            write_elem(file, f"mod/{name}", table)
        file["mod"].attrs["mod-order"] = list(modalities)
        write_elem(file, "obs", next(iter(modalities.values())).obs)
    return str(path)


def values_of(dataset):
    variables = list_variables(dataset)
    matrices, info = read_matrices(dataset, variables, min_samples=2)
    found = zip(variables, matrices, info["features"], strict=True)
    return {variable.name: (matrix, names) for variable, matrix, names in found}, info


@pytest.mark.parametrize("name", ["cells.h5ad", "cells2.zarr", "cells3.zarr"])
@pytest.mark.parametrize("layer", [None, "raw", "log", "csc"])
def test_every_matrix_of_an_anndata_file_is_read(table, tmp_path, name, layer):
    source = Source(write(table, tmp_path / name), layer=layer)
    top = sources.header(source)
    assert (top.features, top.n_samples) == (RNA, N_CELLS)
    assert sources.sample_names(source) == tuple(cells())
    expected = table.X if layer in (None, "raw") else table.layers[layer]
    expected = expected if isinstance(expected, np.ndarray) else expected.toarray()
    np.testing.assert_array_equal(sources.read(source), expected)
    np.testing.assert_array_equal(sources.read(source, [2, 0]), expected[:, [2, 0]])
    assert not sources.missing_samples(source).any()


@pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
def test_a_matrix_of_obsm_is_read_and_its_columns_have_names(table, tmp_path, ending):
    path = write(table, tmp_path / f"cells{ending}")
    source = Source(path, obsm="X_pca")
    assert sources.header(source).features == ("X_pca-0", "X_pca-1", "X_pca-2")
    np.testing.assert_array_equal(sources.read(source, [1, 2]), table.obsm["X_pca"][:, 1:])
    assert sources.sample_names(source) == tuple(cells())
    scores = Source(path, obsm="scores")
    assert sources.header(scores).features == ("S", "n", "phase")
    assert sources.header(scores).text == {"phase"}
    expected = table.obsm["scores"][["n", "S"]].to_numpy()
    np.testing.assert_array_equal(sources.read(scores, [1, 0]), expected)
    assert not sources.missing_samples(scores).any()
    with pytest.raises(InputError, match="column 'phase': expected numbers"):
        sources.read(scores)


def test_several_matrices_of_obsm_are_variables(table, tmp_path):
    path = write(table, tmp_path / "cells.h5ad")
    dataset = {"source": path, "obsm": ["X_pca", "X_umap"], "variables": "files"}
    values, _ = values_of(dataset)
    assert list(values) == ["X_pca", "X_umap"]
    np.testing.assert_array_equal(values["X_umap"][0], table.obsm["X_umap"])
    groups = {"list": {"one": ["X_pca-2", "X_umap-0"]}}
    values, _ = values_of(dataset | {"variables": groups})
    expected = np.column_stack([table.obsm["X_pca"][:, 2], table.obsm["X_umap"][:, 0]])
    np.testing.assert_array_equal(values["one"][0], expected)


@pytest.mark.parametrize("name", ["cells.h5ad", "cells2.zarr", "cells3.zarr"])
def test_a_column_of_obs_gives_the_strata(table, tmp_path, name):
    table.obs["batch"] = pd.array(["a", "b", "c"] * 10, dtype="string")
    dataset = {"source": write(table, tmp_path / name), "variables": "files"}
    for column in ("type", "batch"):
        labels = read_strata(dataset | {"strata": column})
        assert labels.tolist() == table.obs[column].tolist()


def test_strata_of_modalities_are_found_by_the_names_of_cells(table, proteins, tmp_path):
    path = write_h5mu(tmp_path / "cite.h5mu", {"prot": proteins, "rna": table})
    with h5py.File(path, "a") as file:
        del file["obs"]
        write_elem(file, "obs", table.obs.iloc[::-1])
    dataset = {"source": path, "variables": "files"}
    expected = table.obs["type"][proteins.obs_names].tolist()
    assert read_strata(dataset | {"strata": "type"}).tolist() == expected
    with h5py.File(path, "a") as file:
        del file["obs"]
        write_elem(file, "obs", pd.DataFrame(index=cells()))  # as mudata writes it by itself
    for column in ("type", "rna:type"):
        assert read_strata(dataset | {"strata": column}).tolist() == expected
    with h5py.File(path, "a") as file:
        del file["mod/prot/obs"]
        write_elem(file, "mod/prot/obs", table.obs.loc[proteins.obs_names])
    with pytest.raises(InputError, match="Write prot:type or rna:type"):
        read_strata(dataset | {"strata": "type"})


def test_what_obsm_lacks_is_named(table, tmp_path):
    path = write(table, tmp_path / "cells.h5ad")
    with pytest.raises(InputError, match=r"no obsm 'X_pcs' \(did you mean 'X_pca'\?\)"):
        sources.header(Source(path, obsm="X_pcs"))
    with pytest.raises(InputError, match="expected one of `layer` and `obsm`, found both"):
        sources.header(Source(path, obsm="X_pca", layer="log"))
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(InputError, match=r"`obsm` means nothing to a \.csv file"):
        sources.header(Source(str(tmp_path / "a.csv"), obsm="X_pca"))


def test_features_of_two_modalities_pair_up(table, proteins, tmp_path):
    path = write_h5mu(tmp_path / "cite.h5mu", {"rna": table, "prot": proteins})
    values, info = values_of({"source": path, "variables": "files"})
    assert list(values) == ["rna", "prot"]
    both = tuple(cells(2, N_CELLS - 2))
    assert info["sample_names"] == both
    assert info["n_unmatched"] == 4
    np.testing.assert_array_equal(values["rna"][0], table[list(both)].X.toarray())
    np.testing.assert_array_equal(values["prot"][0], proteins.X)
    assert values["rna"][1] == ("GAPDH", "rna:CD4", "CD8A", "MS4A1")
    assert values["prot"][1] == ("prot:CD4", "CD19")


def test_a_name_in_two_modalities_needs_the_modality(table, proteins, tmp_path):
    path = write_h5mu(tmp_path / "cite.h5mu", {"rna": table, "prot": proteins})
    groups = {"T": ["rna:CD4", "rna:GAPDH"], "B": ["prot:CD19", "prot:CD4"]}
    values, _ = values_of({"source": path, "variables": {"list": groups}})
    assert values["T"][1] == ("rna:CD4", "GAPDH")
    np.testing.assert_array_equal(values["B"][0], proteins.X[:, ::-1])
    for unknown in ("error", "drop"):
        choice = {"list": {"T": ["CD4", "GAPDH"]}, "unknown_features": unknown}
        with pytest.raises(InputError, match="Write rna:CD4 or prot:CD4, or choose one with"):
            list_variables({"source": path, "variables": choice})
    each = list_variables({"source": path, "variables": "each"})
    assert [one.name for one in each] == [
        *("GAPDH", "rna:CD4", "CD8A", "MS4A1"),
        *("prot:CD4", "CD19"),
    ]


def test_one_modality_is_read_on_its_own(table, proteins, tmp_path):
    path = write_h5mu(tmp_path / "cite.h5mu", {"rna": table, "prot": proteins})
    dataset = {"source": path, "modality": "rna", "variables": "each"}
    assert [one.name for one in list_variables(dataset)] == list(RNA)
    log = dataset | {"layer": "log", "variables": "files"}
    values, info = values_of(log)
    np.testing.assert_array_equal(values["cite"][0], table.layers["log"])
    assert info["n_unmatched"] == 0
    with pytest.raises(InputError, match=r"no modality 'rnaa' \(did you mean 'rna'\?\)"):
        list_variables(dataset | {"modality": "rnaa"})


def test_modalities_of_different_samples_are_not_joined(table, proteins, tmp_path):
    path = write_h5mu(tmp_path / "a.h5mu", {"one": table, "other": proteins}, axis=1)
    with pytest.raises(InputError, match="have features in common and not samples"):
        list_variables({"source": path, "variables": "each"})
    assert list_variables({"source": path, "variables": "each", "modality": "one"})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", [".h5mu", ".zarr"])
def test_what_mudata_writes_is_read(table, proteins, tmp_path, ending):
    mudata = pytest.importorskip("mudata")
    path = tmp_path / f"cite{ending}"
    both = mudata.MuData({"rna": table, "prot": proteins})
    both.write(path) if ending == ".h5mu" else both.write_zarr(path)
    groups = {"list": {"T": ["rna:CD4", "GAPDH"], "B": ["CD19", "prot:CD4"]}}
    values, info = values_of({"source": str(path), "variables": groups})
    assert info["sample_names"] == tuple(cells(2, N_CELLS - 2))
    expected = table[cells(2, N_CELLS - 2), ["CD4", "GAPDH"]].X.toarray()
    np.testing.assert_array_equal(values["T"][0], expected)
    np.testing.assert_array_equal(values["B"][0], proteins.X[:, ::-1])


def test_another_content_of_a_folder_is_another_source(table, tmp_path):
    path = write(table, tmp_path / "cells.zarr")
    before = fingerprint(path), sources.stamp(path)
    table.layers["log"] = table.layers["log"] + 1
    write(table, tmp_path / "cells.zarr")
    assert before[0] != fingerprint(path)
    assert before[1] != sources.stamp(path)


def test_pickled_objects_of_a_zarr_folder_are_refused(table, tmp_path):
    path = write(table, tmp_path / "cells.zarr")
    place = next((tmp_path / "cells.zarr" / "layers" / "log").glob(".zarray"), None)
    if place is None:
        pytest.skip("this version of anndata writes another version of Zarr")
    place.write_text(place.read_text().replace('"filters": null', '"filters": [{"id": "pickle"}]'))
    with pytest.raises(InputError, match="pickled objects, which are never loaded"):
        sources.header(Source(path))


def test_a_folder_that_is_no_zarr_is_told(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(InputError, match=r"expected a readable \.zarr file"):
        sources.header(Source(str(tmp_path / "a.zarr")))
