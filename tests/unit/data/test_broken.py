"""Whatever bytes change in a file, it is read or refused in one message."""

import random

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from lmi.base.errors import InputError
from lmi.data import sources
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
    "ending", ["csv", "tsv", "csv.gz", "parquet", "npy", "npz", "sparse.npz", "h5", "h5ad"]
)
@pytest.mark.filterwarnings("ignore")
def test_a_file_with_other_bytes_is_read_or_refused(ending, tmp_path):
    write(ending, tmp_path / f"whole.{ending}")
    whole, draw = (tmp_path / f"whole.{ending}").read_bytes(), random.Random(ending)
    source = Source(str(tmp_path / f"data.{ending}"))
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
