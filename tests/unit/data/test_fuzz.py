"""Every reader on files that are damaged or changed: a right table, or one message, in time.

Short by default; `make test-fuzz` (LMI_FUZZ=300) puts so many mutations to every format, and prints
a table of what came of them. The mutations are the same each time.
"""

import gzip
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from helpers import mutations
from lmi.base.paths import stamp
from lmi.data import hdf5_walk, spikes
from lmi.data.feature_groups import feature_groups
from lmi.data.labels import read_labels
from lmi.data.variables import list_variables, read_matrices
from lmi.planning.config import load

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

N_MUTATIONS = int(os.environ.get("LMI_FUZZ", 12))
N, NAMES = 120, ("a", "b", "c", "d")
SAMPLES = [f"s{i}" for i in range(N)]

CHANGE = st.tuples(
    st.sampled_from(mutations.KINDS), st.floats(0, 1), st.integers(1, 64), st.integers(0, 255)
)
CHANGES = st.lists(CHANGE, min_size=1, max_size=3)


def frame():
    return pd.DataFrame(
        np.random.default_rng(0).normal(size=(N, 4)).round(3), index=SAMPLES, columns=list(NAMES)
    )


# ---- writers of a format: (file in the folder that is changed, what the config names)


def _csv(folder):
    frame().to_csv(folder / "t.csv")
    return "t.csv", "t.csv"


def _tsv(folder):
    frame().to_csv(folder / "t.tsv", sep="\t")
    return "t.tsv", "t.tsv"


def _csv_gz(folder):
    frame().to_csv(folder / "t.csv.gz")
    return "t.csv.gz", "t.csv.gz"


def _parquet(folder):
    frame().to_parquet(folder / "t.parquet")
    return "t.parquet", "t.parquet"


def _feather(folder):
    frame().reset_index(names="sample").to_feather(folder / "t.feather")
    return "t.feather", "t.feather"


def _npy(folder):
    np.save(folder / "t.npy", frame().to_numpy())
    return "t.npy", "t.npy"


def _npz(folder):
    np.savez(folder / "t.npz", m=frame().to_numpy(), samples=SAMPLES, features=list(NAMES))
    return "t.npz", "t.npz"


def _npz_packed(folder):
    np.savez_compressed(folder / "t.npz", frame().to_numpy())
    return "t.npz", "t.npz"


def _npz_sparse(folder):
    scipy.sparse.save_npz(folder / "t.npz", scipy.sparse.csr_matrix(frame().to_numpy()))
    return "t.npz", "t.npz"


def _h5(folder):
    import h5py

    with h5py.File(folder / "t.h5", "w") as file:
        file["m"] = frame().to_numpy()
        file["samples"], file["features"] = SAMPLES, list(NAMES)
    return "t.h5", "t.h5"


def _h5ad(folder):
    import anndata

    anndata.AnnData(frame()).write_h5ad(folder / "t.h5ad")
    return "t.h5ad", "t.h5ad"


def _h5ad_sparse(folder):
    import anndata

    held = anndata.AnnData(scipy.sparse.csr_matrix(frame().to_numpy()))
    held.obs_names, held.var_names = SAMPLES, list(NAMES)
    held.write_h5ad(folder / "t.h5ad")
    return "t.h5ad", "t.h5ad"


def _zarr(folder):
    pytest.importorskip("zarr")
    import anndata

    anndata.AnnData(frame()).write_zarr(folder / "t.zarr")
    files = [path for path in (folder / "t.zarr").rglob("*") if path.is_file()]
    place = max(files, key=lambda path: ("zarray" in path.name or "zarr.json" in path.name, path))
    return str(place.relative_to(folder)), "t.zarr"


def _mtx(folder):
    import scipy.io

    (folder / "m").mkdir()
    # features x cells, as 10x Genomics writes them
    scipy.io.mmwrite(folder / "m/matrix.mtx", scipy.sparse.coo_matrix(frame().to_numpy().T))
    with gzip.open(folder / "m/matrix.mtx.gz", "wb") as file:
        file.write((folder / "m/matrix.mtx").read_bytes())
    (folder / "m/matrix.mtx").unlink()
    with gzip.open(folder / "m/barcodes.tsv.gz", "wt") as file:
        file.write("".join(f"{name}\n" for name in SAMPLES))
    with gzip.open(folder / "m/features.tsv.gz", "wt") as file:
        file.write("".join(f"{name}\t{name}\tGene Expression\n" for name in NAMES))
    return "m/matrix.mtx.gz", "m"


MATRICES = {
    one.__name__.strip("_"): one
    for one in (
        *(_csv, _tsv, _csv_gz, _parquet, _feather, _npy, _npz, _npz_packed, _npz_sparse),
        *(_h5, _h5ad, _h5ad_sparse, _zarr, _mtx),
    )
}


def read_table(path):
    """Return the table that a config with this source reads: names and values of the samples."""
    dataset = load({"datasets": {"d": {"source": path}}})["datasets"]["d"]
    variables = list_variables(dataset)
    matrices, info = read_matrices(dataset, variables, min_samples=1)
    columns = {
        one.name: matrix[:, 0].astype(float)
        for one, matrix in zip(variables, matrices, strict=True)
        if matrix.shape[1]
    }
    return pd.DataFrame(columns, index=list(info["sample_names"] or map(str, info["sample_rows"])))


def references(path):
    """Yield what the field's own libraries read of the changed file, those that can."""
    for read in (_by_library, _by_h5py):
        try:
            yield read(path)
        except Exception:
            continue


def _by_library(path):
    """Return the table by the library that such files are made for."""
    if ".csv" in path or ".tsv" in path:
        sign = "\t" if ".tsv" in path else ","
        raw = Path(path).read_bytes()
        content = gzip.decompress(raw) if path.endswith(".gz") else raw
        table = pd.read_csv(io.BytesIO(content), sep=sign, index_col=0, keep_default_na=True)
        # pandas calls a second heading a another name, a.1
        return table.rename(columns=lambda name: str(name).removesuffix(".1"))
    if path.endswith(".parquet"):
        return pd.read_parquet(path)
    if path.endswith(".feather"):
        return pd.read_feather(path).set_index("sample")
    if path.endswith(".npy"):
        return pd.DataFrame(np.load(path), columns=_made_up(np.load(path)))
    import anndata

    return (anndata.read_zarr if path.endswith(".zarr") else anndata.read_h5ad)(path).to_df()


def _by_h5py(path):
    """Return the table of an HDF5 file that is damaged where the numbers are not."""
    import h5py

    with h5py.File(path) as file:
        if path.endswith(".h5ad"):
            names = [file[f"{axis}/_index"].asstr()[:] for axis in ("obs", "var")]
            return pd.DataFrame(file["X"][:], *names)
        # whose names are damaged are other arrays, or none
        (values,) = [one[:] for one in file.values() if one.ndim == 2]
        made_up = {"samples": [str(i) for i in range(len(values))], "features": _made_up(values)}
        names = [
            file[name].asstr()[:] if name in file else made_up[name]
            for name in ("samples", "features")
        ]
        return pd.DataFrame(values, *names)


def _made_up(values):
    return [f"f{i}" for i in range(values.shape[1])]


def same(table, other):
    """Whether two tables hold the same, constant columns and types aside."""
    other = other.loc[:, [name for name in other if other[name].nunique(dropna=False) > 1]]
    other = other.rename(columns=str).rename(index=str)
    if list(table.columns) != list(other.columns) or len(table) != len(other):
        return False
    named = list(table.index) == list(other.index)
    numbered = list(table.index) == [str(i) for i in range(len(table))]
    try:
        values = other.to_numpy(float)
    except (TypeError, ValueError):
        return False
    return (named or numbered) and bool(np.allclose(table, values, rtol=1e-6, atol=0))


# ---- the tests

COUNTS = {}


@pytest.fixture(scope="module", autouse=True)
def told(request):
    """Print the table at the end, where the run is a long one."""
    yield
    if "LMI_FUZZ" in os.environ:
        rows = pd.DataFrame(COUNTS).T
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line("\n" + rows.to_string())


def fuzz(name, read, judge, folder, changed, path):
    """Put mutations to a reader; fail with all of those that it takes the wrong way."""
    sound = (folder / changed).read_bytes()
    counts = {"mutations": 0, "right": 0, "refused": 0, "else": 0, "slowest_s": 0.0}
    wrong = []

    @hypothesis.settings(
        max_examples=N_MUTATIONS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(CHANGES)
    def put(changes):
        content = mutations.mutated(sound, changes)
        (folder / changed).write_bytes(content)
        # the readers keep what they know of a file by its date and size
        os.utime(folder / changed, ns=(0, counts["mutations"] * 10**9))
        if "h5" in name:  # walked here, where one process walks all of them
            hdf5_walk.trouble(path, stamp(path))
        kind, value, seconds = mutations.outcome(read, path)
        counts["mutations"] += 1
        counts["slowest_s"] = max(counts["slowest_s"], round(seconds, 1))
        if kind == "refused":
            counts["refused"] += 1
        elif kind == "read" and judge(value, path):
            counts["right"] += 1
        else:
            counts["else"] += 1
            wrong.append((kind, changes, value if kind != "read" else "a wrong table"))

    put()
    COUNTS[name] = counts
    assert not wrong, f"{len(wrong)} of {counts['mutations']}: {wrong[:5]}"


@pytest.mark.parametrize("form", MATRICES)
def test_a_changed_matrix_is_read_right_or_refused(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changed, path = MATRICES[form](tmp_path)
    sound = read_table(path)
    held = frame() if sound.columns[0] == "a" else frame().set_axis(_made_up(frame()), axis=1)
    assert same(sound, held)

    def is_right(table, path):
        return same(table, held) or any(same(table, one) for one in references(path))

    fuzz(form, read_table, is_right, tmp_path, changed, path)


def _spikes(path):
    settings = {"source": path, "bin_ms": 20, "n_lags": 2, "stride_ms": 100}
    return spikes.count_windows(settings, [("unit0", 0), ("unit1", 0)])


@pytest.mark.parametrize("form", ["npz", "csv", "h5"])
def test_changed_spikes_are_read_or_refused(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.uniform(0, 30, 400)).round(4), np.arange(400) % 2
    path = f"s.{form}"
    if form == "npz":
        np.savez(path, times=times, units=units)
    elif form == "csv":
        pd.DataFrame({"times": times, "units": units}).to_csv(path, index=False)
    else:
        import h5py

        with h5py.File(path, "w") as file:
            file["times"], file["units"] = times, units

    def counts_are_whole(counts, path):
        # what a changed number means cannot be told; that windows fit together can
        return all(np.isfinite(one).all() and len(one) == len(counts[0]) for one in counts)

    fuzz(f"spikes {form}", _spikes, counts_are_whole, tmp_path, path, path)


def _groups(path):
    key = "gene_sets" if path.endswith(".gmt") else "table"
    return feature_groups({key: path})[0]


@pytest.mark.parametrize("path", ["sets.gmt", "table.tsv"])
def test_changed_variables_are_read_or_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if path.endswith(".gmt"):
        text = "".join(f"set{i}\tna\t" + "\t".join(NAMES[: 1 + i % 4]) + "\n" for i in range(20))
    else:
        text = "feature\tvariable\n" + "".join(f"{n}\tv{i}\n" for i in range(9) for n in NAMES)
    (tmp_path / path).write_text(text)

    def are_groups(groups, path):
        names = [name for name, features in groups.items() for name in (name, *features)]
        return bool(groups) and all(name.strip() for name in names)

    fuzz(f"variables {path}", _groups, are_groups, tmp_path, path, path)


def _labels(path):
    return read_labels(path, "batch")


@pytest.mark.parametrize("path", ["l.csv", "l.parquet", "l.h5ad"])
def test_changed_labels_are_read_or_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"batch": [f"b{i % 3}" for i in range(N)]}, index=SAMPLES)
    if path.endswith(".csv"):
        table.to_csv(path)
    elif path.endswith(".parquet"):
        table.to_parquet(path)
    else:
        import anndata

        anndata.AnnData(frame(), table).write_h5ad(path)

    def are_labels(labels, path):
        return len(labels) > 0 and all(label.strip() for label in labels)

    fuzz(f"labels {path}", _labels, are_labels, tmp_path, path, path)
