"""No reader of a user's HDF5 file looks into another file for it."""

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data import labels as strata
from lmi.data import sources, spikes

MATRIX = np.random.default_rng(0).normal(size=(30, 3))


def linked(path, inner, other):
    """Make a file whose dataset or group `inner` is a link to that of another one."""
    with h5py.File(path, "r+" if path.exists() else "w") as file:
        if inner in file:
            del file[inner]
        file[inner] = h5py.ExternalLink(str(other), inner)


def hdf5(folder):
    with h5py.File(folder / "other.h5", "w") as file:
        file["m"] = MATRIX
    linked(folder / "data.h5", "m", folder / "other.h5")
    return lambda: sources.header(sources.Source(str(folder / "data.h5")))


def anndata(folder, inner="X"):
    ad = pytest.importorskip("anndata")
    table = ad.AnnData(MATRIX, obs=pd.DataFrame({"type": ["a"] * 30}, index=map(str, range(30))))
    for name in ("data", "other"):
        table.write_h5ad(folder / f"{name}.h5ad")
    linked(folder / "data.h5ad", inner, folder / "other.h5ad")
    return lambda: sources.header(sources.Source(str(folder / "data.h5ad")))


def labels(folder):
    anndata(folder, "obs")
    return lambda: strata.read_labels(str(folder / "data.h5ad"), "type")


def recording(folder):
    with h5py.File(folder / "other.h5", "w") as file:
        file["times"], file["units"] = np.arange(30.0), np.arange(30) % 3
    for name in ("times", "units"):
        linked(folder / "data.h5", name, folder / "other.h5")
    return lambda: spikes.recording({"source": str(folder / "data.h5")})


@pytest.mark.parametrize("make", [hdf5, anndata, labels, recording])
def test_a_link_to_another_file_is_refused(make, tmp_path):
    with pytest.raises(InputError, match="found a link to another file at '/"):
        make(tmp_path)()
