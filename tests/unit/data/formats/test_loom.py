"""Loom files, as loompy writes them and as the specification has them."""

import h5py
import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.data import sources
from lmi.data.formats import loom
from lmi.data.sources import Source

N_GENES, N_CELLS = 7, 5
VALUES = np.random.default_rng(0).poisson(2, (N_GENES, N_CELLS)).astype(np.float32)
GENES = ["a", "b", "b", *"cdef"]
NAMES = ("a", "E1", "E2", *"cdef")  # b, of which there are two, by its accession
CELLS = tuple(f"c{i}" for i in range(N_CELLS))


def write(path, rows, columns, layers=(), values=VALUES):
    with h5py.File(path, "w") as file:
        file["matrix"] = values
        for group, attributes in (("row_attrs", rows), ("col_attrs", columns)):
            file.create_group(group)
            for name, attribute in attributes.items():
                file[f"{group}/{name}"] = attribute
        for name, layer in dict(layers).items():
            file[f"layers/{name}"] = layer
    return str(path)


@pytest.fixture
def path(tmp_path):
    rows = {"Gene": GENES, "Accession": [f"E{i}" for i in range(N_GENES)]}
    columns = {"CellID": list(CELLS), "Sample": [f"s{i}" for i in range(N_CELLS)]}
    return write(tmp_path / "cells.loom", rows, columns, {"spliced": VALUES * 2})


@pytest.mark.parametrize("rows_at_a_time", [2, 256])
def test_cells_are_samples_and_genes_features(path, rows_at_a_time, monkeypatch):
    monkeypatch.setattr(loom, "ROWS_AT_A_TIME", rows_at_a_time)
    top = sources.header(Source(path))
    assert (top.features, top.n_samples) == (NAMES, N_CELLS)
    assert sources.sample_names(Source(path)) == CELLS
    np.testing.assert_array_equal(sources.read(Source(path)), VALUES.T)
    np.testing.assert_array_equal(sources.read(Source(path), [5, 1]), VALUES.T[:, [5, 1]])
    np.testing.assert_array_equal(
        sources.read(Source(path, layer="spliced"), [0]), VALUES[:1].T * 2
    )
    assert not sources.missing_samples(Source(path)).any()


def test_missing_values_are_found_in_their_cell(tmp_path):
    values = VALUES.copy()
    values[3, 2] = np.nan
    path = write(tmp_path / "a.loom", {"Gene": list("abcdefg")}, {"CellID": CELLS}, values=values)
    assert sources.missing_samples(Source(path)).tolist() == [False, False, True, False, False]


def test_another_attribute_names_the_cells_where_the_config_says_so(path):
    assert sources.sample_names(Source(path, sample_column="Sample"))[0] == "s0"
    with pytest.raises(InputError, match=r"'Samples' is no attribute .*did you mean 'Sample'"):
        sources.sample_names(Source(path, sample_column="Samples"))


def test_genes_without_names_and_layers_that_are_not_there_are_told(tmp_path, path):
    other = write(tmp_path / "b.loom", {"Chromosome": list("abcdefg")}, {"CellID": CELLS})
    with pytest.raises(InputError, match="row attribute Gene or var_names, found Chromosome"):
        sources.header(Source(other))
    with pytest.raises(InputError, match=r"no layer 'splice' \(did you mean 'spliced'\?\)"):
        sources.header(Source(path, layer="splice"))


@pytest.mark.filterwarnings("ignore")
def test_what_loompy_and_anndata_write_is_read(tmp_path):
    loompy = pytest.importorskip("loompy")
    path = str(tmp_path / "a.loom")
    rows = {"Gene": np.array(GENES), "Accession": np.array([f"E{i}" for i in range(N_GENES)])}
    loompy.create(path, VALUES, rows, {"CellID": np.array(CELLS)})
    with loompy.connect(path) as file:
        file.layers["unspliced"] = VALUES + 1
    assert sources.header(Source(path)).features == NAMES
    assert sources.sample_names(Source(path)) == CELLS
    np.testing.assert_array_equal(sources.read(Source(path)), VALUES.T)
    np.testing.assert_array_equal(sources.read(Source(path, layer="unspliced")), VALUES.T + 1)
