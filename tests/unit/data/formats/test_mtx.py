"""Matrix Market: folders as 10x Genomics writes them, prefixed files, and matrices on their own."""

import gzip
import shutil

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from lmi.base.errors import InputError
from lmi.data import sources
from lmi.data.sources import Source, data_files

VALUES = np.random.default_rng(0).poisson(0.5, (6, 5))  # features x cells
BARCODES = tuple(f"AAC{i}-1" for i in range(5))
FEATURES = ("GAPDH", "ENSG1", "ENSG2", "CD4", "CD8A", "CD19")


def write(folder, start="", packed=True, features="features", values=VALUES, barcodes=BARCODES):
    folder.mkdir(exist_ok=True)
    end, opener = (".gz", gzip.open) if packed else ("", open)
    plain = folder / f"{start}matrix.mtx"
    scipy.io.mmwrite(plain, scipy.sparse.coo_matrix(values))
    if packed:
        with open(plain, "rb") as file, gzip.open(f"{plain}.gz", "wb") as out:
            shutil.copyfileobj(file, out)
        plain.unlink()
    names = ["GAPDH", "HLA", "HLA", "CD4", "CD8A", "CD19"]
    with opener(folder / f"{start}{features}.tsv{end}", "wt") as file:
        for i, name in enumerate(names):
            kind = "\tGene Expression" if features == "features" else ""
            file.write(f"ENSG{i}\t{name}{kind}\n")
    with opener(folder / f"{start}barcodes.tsv{end}", "wt") as file:
        file.write("\n".join(barcodes) + "\n")
    return folder


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("features", ["features", "genes"])
def test_a_folder_of_10x_genomics_is_read_as_cells_and_features(tmp_path, packed, features):
    folder = write(tmp_path / "filtered.v1", packed=packed, features=features)
    source = Source(str(folder))
    top = sources.header(source)
    assert (top.features, top.n_samples) == (FEATURES, 5)
    assert sources.sample_names(source) == BARCODES
    np.testing.assert_array_equal(sources.read(source), VALUES.T)
    np.testing.assert_array_equal(sources.read(source, [4, 1]), VALUES.T[:, [4, 1]])
    assert not sources.missing_samples(source).any()
    assert len(data_files({"source": str(folder)})) == 3


def test_files_of_several_samples_in_a_folder_are_named_one_by_one(tmp_path):
    folder = write(tmp_path / "geo", start="GSM1_")
    assert sources.header(Source(str(folder))).features == FEATURES
    write(folder, start="GSM2_", values=VALUES + 1)
    with pytest.raises(InputError, match=r"expected one matrix\.mtx .* Name one of the files"):
        sources.header(Source(str(folder)))
    second = Source(str(folder / "GSM2_matrix.mtx.gz"))
    np.testing.assert_array_equal(sources.read(second), VALUES.T + 1)
    assert sources.sample_names(second) == BARCODES


def test_names_that_lack_or_do_not_fit_are_refused(tmp_path):
    folder = write(tmp_path / "a", packed=False)
    (folder / "features.tsv").rename(folder / "features.txt")
    with pytest.raises(InputError, match=r"one barcodes\.tsv .*found barcodes\.tsv\. A matrix"):
        sources.header(Source(str(folder)))
    folder = write(tmp_path / "b", barcodes=BARCODES[:4])
    with pytest.raises(InputError, match=r"expected 5 lines in 'barcodes\.tsv\.gz'.*found 4"):
        sources.sample_names(Source(str(folder)))


def test_a_matrix_on_its_own_has_a_row_a_sample(tmp_path):
    scipy.io.mmwrite(tmp_path / "counts.mtx", scipy.sparse.coo_matrix(VALUES / 2))
    source = Source(str(tmp_path / "counts.mtx"))
    top = sources.header(source)
    assert (top.features[:2], top.n_samples) == (("f0", "f1"), 6)
    assert sources.sample_names(source) is None
    np.testing.assert_array_equal(sources.read(source, [3]), VALUES[:, [3]] / 2)


def test_a_broken_matrix_has_one_message(tmp_path):
    (tmp_path / "counts.mtx").write_text("%%MatrixMarket matrix coordinate real general\n2 2 9\n")
    with pytest.raises(InputError, match=r"counts\.mtx"):
        sources.read(Source(str(tmp_path / "counts.mtx")))
    (tmp_path / "empty.mtx").write_text("")
    with pytest.raises(InputError, match=r"expected a readable \.mtx file"):
        sources.header(Source(str(tmp_path / "empty.mtx")))
