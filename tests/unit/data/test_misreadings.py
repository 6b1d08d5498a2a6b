"""Files that people have, of which what they do not hold might be read: told, or refused."""

import signal

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from lmi.base.errors import InputError
from lmi.data import hdf5_walk
from lmi.data.files import open_hdf5
from lmi.data.overview import describe
from lmi.data.sources import header, read, sources_of
from lmi.data.variables import list_variables, read_matrices
from lmi.planning.config import load

N = 400
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(N, 3)).round(4)
NAMES = [f"s{i}" for i in range(N)]
TABLE = pd.DataFrame(VALUES, index=NAMES, columns=list("abc"))


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def loaded(**dataset):
    return load({"datasets": {"d": dataset}})["datasets"]["d"]


def matrices_of(**dataset):
    dataset = loaded(**dataset)
    return read_matrices(dataset, list_variables(dataset))


def refused(*words, **dataset):
    with pytest.raises(InputError) as caught:
        matrices_of(**dataset)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


def saved(table, name="t.csv", **options):
    table.to_csv(name, **options)
    return name


# ---- columns that measure nothing


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".feather"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("time", np.arange(N) * 0.1),
        ("x7", 5.5 + np.arange(N) * 0.04),
        ("Time (s)", np.cumsum(RNG.uniform(0.5, 1.5, N))),
        ("RID", RNG.permutation(N) * 3 + 5),
    ],
)
def test_a_clock_and_a_first_column_of_other_whole_numbers_are_no_features(name, values, ending):
    table = pd.DataFrame({name: values, "a": VALUES[:, 0], "b": VALUES[:, 1]})
    table.to_csv("t.csv", index=False)
    table.to_parquet("t.parquet", index=False)
    table.to_feather("t.feather")
    refused(name, "sample_column", "drop_columns", source=f"t{ending}")
    matrices, _ = matrices_of(source=f"t{ending}", drop_columns=[name])
    assert len(matrices) == 2


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(RNG.poisson(50_000, (N, 3)), columns=list("abc")),  # counts
        pd.DataFrame({name: RNG.permutation(N) for name in "abc"}),  # ranks
        pd.DataFrame({"t": VALUES[:, 0], "reaction time": VALUES[:, 1]}),
    ],
)
def test_measurements_stay_features(table):
    assert len(matrices_of(source=saved(table, index=False))[0]) == table.shape[1]


def test_a_first_row_that_is_taken_for_headings_is_refused():
    refused("first row", source=saved(TABLE, header=False))
    spectrum = pd.DataFrame(RNG.normal(size=(N, 5)), NAMES, [0.5, 1.0, 1.5, 2.0, 2.5])
    assert len(matrices_of(source=saved(spectrum))[0]) == 5


def test_a_byte_that_is_no_text_is_refused():
    with open(saved(TABLE), "rb+") as file:
        content = file.read().replace(b"\ns9,", b"\n\x009,")
        file.seek(0)
        file.write(content)
    refused("byte 0", "line 11", source="t.csv")


# ---- time


def in_time(times, **options):
    table = TABLE.iloc[: len(times)].reset_index(drop=True)
    table.insert(0, "time", times)
    saved(table, index=False)
    return {"source": "t.csv", "sample_column": "time", "time_series": True, **options}


def test_samples_that_are_named_by_times_end_an_interval_where_one_is_missing():
    times = np.delete(np.arange(N) / 10, [150])
    _, info = matrices_of(**in_time(times, lags=[0, 5]))
    assert (info["interval"] == (np.arange(N - 1) >= 150)).all()
    dates = pd.date_range("2020", periods=N, freq="h").delete([150])
    _, info = matrices_of(**in_time(dates.astype(str)))
    assert (info["interval"] == (np.arange(N - 1) >= 150)).all()


def test_a_series_that_is_not_in_the_order_of_time_is_refused():
    refused("must rise", "Sort", **in_time(np.arange(N)[::-1] / 10))
    refused(
        "must rise", **in_time(pd.date_range("2020", periods=N)[RNG.permutation(N)].astype(str))
    )
    refused("steps", **in_time(np.sort(RNG.uniform(0, 60, N))))


def test_samples_without_an_interval_are_refused():
    labels = pd.DataFrame({"trial": ["x"] * 200 + [""] * 50 + ["y"] * 150})
    dataset = in_time(np.arange(N) / 10)
    place = {"table": saved(labels, "e.csv", index=False), "column": "trial"}
    refused("50 of 400", "trial", intervals=place, **dataset)


# ---- values


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npy"])
def test_whole_numbers_that_become_equal_in_double_precision_are_refused(ending):
    table = TABLE.assign(a=2**60 + np.arange(N))
    table.to_csv("t.csv")
    table.to_parquet("t.parquet")
    np.save("t.npy", 2**60 + RNG.integers(0, 100, (N, 2)))
    refused("double precision", source=f"t{ending}")


@pytest.mark.parametrize("shift", [5, -1])
def test_sparse_entries_that_lie_outside_of_the_matrix_are_refused(shift):
    matrix = scipy.sparse.csr_matrix(VALUES)
    parts = {"data": matrix.data, "indices": matrix.indices + shift, "indptr": matrix.indptr}
    np.savez("t.npz", format=b"csr", shape=matrix.shape, **parts)
    refused("t.npz", source="t.npz")
    anndata.AnnData(matrix).write_h5ad("t.h5ad")
    with h5py.File("t.h5ad", "r+") as file:
        file["X/indices"][0] = shift
    refused("outside", source="t.h5ad")
    anndata.AnnData(matrix).write_h5ad("t.h5ad")
    with h5py.File("t.h5ad", "r+") as file:
        file["X/indptr"][-1] -= 7
    refused("do not fit", source="t.h5ad")


# ---- names


def test_names_that_are_fewer_than_the_samples_are_refused():
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    with h5py.File("t.h5ad", "r+") as file:
        del file["obs/_index"]
        file["obs/_index"] = NAMES[:-1]
    refused("399 names for 400 samples", source="t.h5ad")


def test_names_beside_a_matrix_that_are_called_otherwise_are_not_lost():
    np.savez("t.npz", x=VALUES, var_names=np.array(list("abc")))
    refused("var_names", "features", source="t.npz")
    np.savez("t.npz", x=VALUES, cell_type=np.array(["B", "T"] * (N // 2)))
    assert len(matrices_of(source="t.npz")[0]) == 3
    with h5py.File("t.h5", "w") as file:
        file["p/m"], file["p/features"], file["samples"] = VALUES, list("abc"), NAMES
    (source,) = sources_of(loaded(source="t.h5"))
    assert header(source).features == tuple("abc")
    assert matrices_of(source="t.h5")[1]["sample_names"] == tuple(NAMES)
    with h5py.File("t.h5", "a") as file:
        file["p/obs_names"] = file.pop("samples")[:]
    refused("obs_names", "samples", source="t.h5")


def test_a_heading_that_is_there_twice_is_refused_where_it_is_used():
    source = saved(TABLE)
    with open("s.csv", "w") as file:
        file.write("cell,batch,batch\n" + "".join(f"s{i},x{i % 2},y\n" for i in range(N)))
    refused("2 columns", source=source, strata={"table": "s.csv", "column": "batch"})
    with open("v.tsv", "w") as file:
        file.write("feature\tvariable\tvariable\na\tv\tq\nb\tw\tq\n")
    refused("found 2", source=source, variables={"table": "v.tsv"})
    with open("k.csv", "w") as file:
        file.write("times,units,units\n" + "".join(f"{i / 7},{i % 2},9\n" for i in range(N)))
    with pytest.raises(InputError, match="found 2"):
        loaded(spikes={"source": "k.csv"})


@pytest.mark.parametrize("labels", [range(N), VALUES[:, 0]])
def test_strata_that_are_no_groups_are_refused(labels):
    table = saved(pd.DataFrame({"cell": NAMES, "batch": labels}), "s.csv", index=False)
    refused("groups", source=saved(TABLE), strata={"table": table, "column": "batch"})


# ---- what to look at


def test_the_overview_tells_what_looks_like_a_slip():
    labels = np.array(["A", "A ", "1", "1.0"])[np.arange(N) % 4]
    table = saved(pd.DataFrame({"cell": NAMES, "batch": labels}), "s.csv", index=False)
    strata = {"table": table, "column": "batch"}
    told = describe("d", loaded(source=saved(TABLE), strata=strata)).warnings
    assert any("'A' and 'A '" in one or "'A ' and 'A'" in one for one in told)
    np.save("t.npy", np.column_stack([np.arange(N), VALUES]))
    told = describe("d", loaded(source="t.npy")).warnings
    assert any("f0 rises or falls by equal steps" in one for one in told)
    times = np.sort(RNG.uniform(0, 60, 4000)) * 1000
    np.savez("k.npz", times=times, units=np.arange(4000) % 200)
    told = describe("d", loaded(spikes={"source": "k.npz"})).warnings
    assert any("milliseconds" in one for one in told)


# ---- files on which a library hangs or crashes


def walker(tmp_path, monkeypatch, body):
    """Let another program walk, as the HDF5 library does on a damaged file."""
    (tmp_path / "walk.py").write_text(
        f"import os, signal, sys\nfor line in sys.stdin:\n    {body}\n    print(1, flush=True)\n"
    )
    monkeypatch.setattr(hdf5_walk, "__file__", str(tmp_path / "walk.py"))
    hdf5_walk._walker.clear()
    hdf5_walk.trouble.cache_clear()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("signal.setitimer(signal.ITIMER_PROF, 0.05)\n    while True: pass", "without end"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ],
)
def test_a_file_on_which_hdf5_hangs_or_crashes_is_refused(tmp_path, monkeypatch, body, word):
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    walker(tmp_path, monkeypatch, body)
    refused("t.h5ad", word, source="t.h5ad")
    hdf5_walk.trouble.cache_clear()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_who_ends_the_process_that_walks_says_nothing_of_the_file(tmp_path, monkeypatch, name):
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    walker(tmp_path, monkeypatch, f"os.kill(os.getpid(), signal.{name})")
    assert hdf5_walk.trouble("t.h5ad", (1,)) == ""
    hdf5_walk.trouble.cache_clear()


def test_another_process_walks_where_the_first_was_ended():
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    assert hdf5_walk.trouble("t.h5ad", (2,)) == ""
    first = hdf5_walk._walker[0]
    first.kill()
    first.wait()
    assert hdf5_walk.trouble("t.h5ad", (3,)) == ""
    assert hdf5_walk._walker[0] is not first and hdf5_walk._walker[0].poll() is None


def test_an_interrupt_leaves_no_answer_for_the_next_file(tmp_path, monkeypatch):
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    walker(tmp_path, monkeypatch, "import time; time.sleep(60)")
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            hdf5_walk.trouble("t.h5ad", (4,))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not hdf5_walk._walker


def test_without_a_program_for_python_files_are_read_unwalked(monkeypatch):
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    monkeypatch.setattr(hdf5_walk.sys, "executable", "/no/such/python")
    hdf5_walk._walker.clear()
    assert hdf5_walk.trouble("t.h5ad", (5,)) == ""


def test_zeros_that_take_little_room_are_not_read_as_a_whole_before(monkeypatch):
    with h5py.File("t.h5", "w") as file:
        file.create_dataset("zeros", (10**6, 10**6), "f4", chunks=(1000, 1000), compression="gzip")
    item = h5py.File("t.h5")["zeros"]
    monkeypatch.setattr(type(item), "__getitem__", lambda *_: pytest.fail("read"))
    hdf5_walk._data(item, True, h5py)


def test_files_are_walked_from_any_folder(tmp_path, monkeypatch):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        anndata.AnnData(TABLE).write_h5ad(f"{place}.h5ad")
        assert not hdf5_walk.trouble(f"{place}.h5ad", (0,))
        assert hdf5_walk._walker[0].poll() is None


def test_a_sound_file_is_walked_once_and_read(monkeypatch):
    anndata.AnnData(TABLE).write_h5ad("t.h5ad")
    hdf5_walk.trouble.cache_clear()
    for _ in range(3):
        with open_hdf5("t.h5ad") as file:
            assert "X" in file
    assert hdf5_walk.trouble.cache_info().misses == 1
    (source,) = sources_of(loaded(source="t.h5ad"))
    assert np.array_equal(read(source), VALUES)


# ---- columns that are measured


def test_what_a_source_holds_alone_is_measured_and_its_first_number_no_heading():
    even = np.linspace(0, 1, N)
    pd.DataFrame({"x": even}).to_csv("x.csv", index=False)
    pd.DataFrame({"y": np.sin(9 * even)}).to_csv("y.csv", index=False)
    (x, _), _ = matrices_of(source=["x.csv", "y.csv"], variables="files")
    assert np.allclose(x[:, 0], even)
    np.savetxt("z.csv", even)
    refused("z.csv", "first row of the data", source="z.csv")


def test_an_even_column_that_was_measured_is_read_where_variables_name_it():
    even = np.linspace(0, 1, N)
    pd.DataFrame({"x": even, "y": np.sin(9 * even)}).to_csv("t.csv", index=False)
    refused("t.csv", "if it was measured, name the features", source="t.csv")
    (x, _), _ = matrices_of(source="t.csv", variables={"list": {"a": ["x"], "b": ["y"]}})
    assert np.allclose(x[:, 0], even)


@pytest.mark.parametrize("doubled", ["day", "dose"])
def test_a_column_of_conditions_that_is_there_twice_is_refused(doubled):
    TABLE.to_csv("t.csv")
    held = pd.DataFrame({"day": np.arange(N) % 3, "dose": np.arange(N) % 2}, index=NAMES)
    held.insert(2, doubled, 0, allow_duplicates=True)
    held.to_csv("samples.csv")
    where = {"table": "samples.csv", "condition": "day == 1 and dose == 1"}
    refused("samples.csv", f"2 columns called '{doubled}'", source="t.csv", where=where)


def test_headings_beside_a_corner_for_names_may_be_any_numbers():
    table = TABLE.set_axis(["450.5", "600.1", "512.3"], axis=1)
    for corner in ("", "sample_id"):
        table.to_csv("t.csv", index_label=corner)
        (source,) = sources_of(loaded(source="t.csv"))
        assert header(source).features == ("450.5", "600.1", "512.3")


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_an_array_of_groups_is_not_taken_for_names_of_samples(ending):
    for name, values in (("donor_id", [f"d{i % 4}" for i in range(N)]), ("cell_id", NAMES)):
        arrays = {"X": VALUES, name: np.array(values, "S")}
        if ending == "npz":
            np.savez("t.npz", **arrays)
        else:
            with h5py.File("t.h5", "w") as file:
                file.update(arrays)
        if name == "cell_id":
            refused("seems to hold the names of the samples", source=f"t.{ending}")
        else:
            assert len(matrices_of(source=f"t.{ending}")[0]) == 3
