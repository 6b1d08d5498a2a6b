"""Whatever bytes change in a file, it is read or refused in one message."""

import random

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.io
import scipy.sparse
from anndata.io import write_elem
from lmi.base.errors import InputError
from lmi.data import sources, spikes
from lmi.data.labels import labels_of
from lmi.data.sources import Source

N_MUTATIONS = 60
TABLES = ("csv", "tsv", "csv.gz", "parquet", "h5ad")


def write(ending, path):
    values = np.random.default_rng(0).normal(size=(20, 3))
    table = pd.DataFrame(values, columns=list("abc"), index=[f"s{i}" for i in range(20)])
    match ending:
        case "csv" | "tsv" | "csv.gz":
            table.to_csv(path, sep="\t" if ending == "tsv" else ",")
        case "parquet":
            table.to_parquet(path)
        case "csv.zst":
            path.write_bytes(pa.Codec("zstd").compress(table.to_csv().encode(), asbytes=True))
        case "feather":
            table.reset_index(names="cell").to_feather(path)
        case "mtx":
            scipy.io.mmwrite(path, scipy.sparse.coo_matrix(values))
        case "loom":
            with h5py.File(path, "w") as file:
                file["matrix"] = values.T
                file["row_attrs/Gene"], file["col_attrs/CellID"] = list("abc"), list(table.index)
        case "h5mu":
            obs, var = pd.DataFrame(index=table.index), pd.DataFrame(index=list("abc"))
            with h5py.File(path, "w") as file:
                write_elem(file, "mod/rna", anndata.AnnData(values, obs, var))
                file["mod"].attrs["mod-order"] = ["rna"]
        case "npy":
            np.save(path, values)
        case "npz":
            np.savez(path, X=values, features=list("abc"))
        case "sparse.npz":
            scipy.sparse.save_npz(path, scipy.sparse.csr_matrix(values))
        case "h5":
            with h5py.File(path, "w") as file:
                file["X"], file["features"] = values, list("abc")
        case "h5ad":
            obs = pd.DataFrame({"a": pd.Categorical(["p", "q"] * 10)}, index=table.index)
            var = pd.DataFrame(index=list("abc"))
            anndata.AnnData(scipy.sparse.csr_matrix(values), obs, var).write_h5ad(path)


def mutated(content, draw):
    content = bytearray(content)
    for _ in range(draw.choice([1, 1, 3, 10])):
        place = draw.randrange(len(content))
        match draw.choice("rrrdi"):
            case "r":
                content[place] = draw.randrange(256)
            case "d":
                del content[place : place + draw.randrange(1, 40)]
            case "i":
                content[place:place] = draw.randbytes(3)
        content = content or bytearray(b"x")
    return bytes(content)


@pytest.mark.parametrize(
    "ending",
    [
        *("csv", "tsv", "csv.gz", "csv.zst", "parquet", "feather", "npy", "npz", "sparse.npz"),
        *("h5", "h5ad", "h5mu", "loom", "mtx"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_file_with_other_bytes_is_read_or_refused(ending, tmp_path):
    write(ending, tmp_path / f"whole.{ending}")
    whole, draw = (tmp_path / f"whole.{ending}").read_bytes(), random.Random(ending)
    modality = "rna" if ending == "h5mu" else None
    source = Source(str(tmp_path / f"data.{ending}"), modality=modality)
    calls = [sources.header, sources.sample_names, sources.read, sources.missing_samples]
    if ending in TABLES:
        calls.append(lambda source: labels_of(source.path, "a", tuple(f"s{i}" for i in range(20))))
    for _ in range(N_MUTATIONS):
        (tmp_path / f"data.{ending}").unlink(missing_ok=True)
        (tmp_path / f"data.{ending}").write_bytes(mutated(whole, draw))
        for call in calls:
            try:
                call(source)
            except InputError as error:
                assert "data." in str(error)
                assert len(str(error).splitlines()) == 1


def write_folder(kind, folder):
    values = np.random.default_rng(0).poisson(1.0, (20, 3))
    match kind:
        case "zarr":
            pytest.importorskip("zarr")
            var = pd.DataFrame(index=list("abc"))
            anndata.AnnData(values.astype(float), None, var).write_zarr(folder)
        case "mtx":
            folder.mkdir()
            scipy.io.mmwrite(folder / "matrix.mtx", scipy.sparse.coo_matrix(values.T))
            (folder / "features.tsv").write_text("E1\ta\nE2\tb\nE3\tc\n")
            (folder / "barcodes.tsv").write_text("".join(f"cell{i}\n" for i in range(20)))
        case "phy":
            folder.mkdir()
            np.save(folder / "spike_times.npy", np.arange(200) * 3000)
            np.save(folder / "spike_clusters.npy", np.arange(200) % 3)
            (folder / "params.py").write_text("dtype = 'int16'\nsample_rate = 30000.\n")
            (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n1\tmua\n")


@pytest.mark.parametrize("kind", ["zarr", "mtx", "phy"])
@pytest.mark.filterwarnings("ignore")
def test_a_folder_with_other_bytes_is_read_or_refused(kind, tmp_path):
    folder, draw = tmp_path / f"data.{kind}", random.Random(kind)
    write_folder(kind, folder)
    whole = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    source = Source(str(folder))
    settings = {"source": str(folder), "bin_ms": 20, "n_lags": 3, "stride_ms": 100}
    if kind == "phy":
        calls = [spikes.recording, lambda one: spikes.count_windows(one, [("unit0", 0)])]
    else:
        calls = [sources.header, sources.sample_names, sources.read, sources.missing_samples]
    for _ in range(N_MUTATIONS):
        path = draw.choice(list(whole))
        path.write_bytes(mutated(whole[path], draw))
        for call in calls:
            try:
                call(settings if kind == "phy" else source)
            except InputError as error:
                assert "data." in str(error)
                assert len(str(error).splitlines()) == 1
        path.write_bytes(whole[path])


SPOILED = {
    "a negative index": lambda parts: parts["indices"].__setitem__(5, -1),
    "an index beyond": lambda parts: parts["indices"].__setitem__(5, 3),
    "pointers that fall": lambda parts: parts["indptr"].__setitem__(7, 0),
    "pointers that end early": lambda parts: parts["indptr"].__setitem__(-1, 100),
    "pointers that are too few": lambda parts: parts.update(indptr=parts["indptr"][:60]),
    "indices that are too few": lambda parts: parts.update(indices=parts["indices"][:60]),
    "data that are too few": lambda parts: parts.update(data=parts["data"][:60]),
}


@pytest.mark.parametrize("kind", ["h5ad", "h5", "npz"])
@pytest.mark.parametrize("what", SPOILED)
def test_a_sparse_matrix_whose_parts_do_not_fit_is_refused(what, kind, tmp_path):
    rng = np.random.default_rng(1)
    matrix = scipy.sparse.csr_matrix((np.ones(120), rng.integers(3, size=120), np.arange(121)))
    path = tmp_path / f"spoiled.{kind}"
    if kind == "npz":
        scipy.sparse.save_npz(path, matrix)
        parts = dict(np.load(path))
        SPOILED[what](parts)
        np.savez(path, **parts)
    else:
        anndata.AnnData(matrix).write_h5ad(path)
        with h5py.File(path, "r+") as file:
            parts = {name: file["X"][name][()] for name in ("indptr", "indices", "data")}
            SPOILED[what](parts)
            for name, values in parts.items():
                del file["X"][name]
                file["X"][name] = values
            if kind == "h5":
                for name in ("obs", "var"):
                    del file[name]
    with pytest.raises(InputError):
        source = sources.Source(str(path))
        sources.header(source)
        sources.read(source, [0, 2])
