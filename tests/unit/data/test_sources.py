"""Every format is written by its own library and read back; every bad file has its message."""

import bz2
import gzip
import io
import lzma
import warnings
import zipfile

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from lmi.base.errors import InputError
from lmi.data import files, sources
from lmi.data.formats import matrices, text
from lmi.data.sources import Source

N_SAMPLES, FEATURES = 7, ("gene a", "b", "c", "d")
SAMPLES = tuple(f"cell{i}" for i in range(N_SAMPLES))


@pytest.fixture
def values():
    rng = np.random.default_rng(1)
    return (rng.poisson(1.0, (N_SAMPLES, 4)) * rng.normal(size=(N_SAMPLES, 4))).astype(np.float32)


def frame(values):
    return pd.DataFrame(values, index=list(SAMPLES), columns=list(FEATURES))


def write(kind, values, folder):
    """Write the values as one kind of file; return its `Source`."""
    if kind.startswith("h5ad"):
        make = {
            "dense": np.asarray,
            "csr": scipy.sparse.csr_matrix,
            "csc": scipy.sparse.csc_matrix,
        }
        place, form = kind.split("-")[1:]
        table = anndata.AnnData(
            make[form](values) if place == "X" else np.zeros((N_SAMPLES, 4), np.float32),
            obs=pd.DataFrame(index=list(SAMPLES)),
            var=pd.DataFrame(index=list(FEATURES)),
        )
        layer = None if place == "X" else place
        if place == "counts":
            table.layers["counts"] = make[form](values)
        if place == "raw":
            whole = table.copy()
            whole.X = make[form](values)
            table.raw = whole
        table.write_h5ad(folder / "data.h5ad")
        return Source(str(folder / "data.h5ad"), layer=layer)
    path = folder / f"data.{kind}"
    match kind:
        case "csv":
            frame(values).to_csv(path)
        case "tsv":
            frame(values).to_csv(path, sep="\t", index_label="cell")
        case "parquet":
            frame(values).to_parquet(path)
        case "npz":
            np.savez(path, data=values, features=np.array(FEATURES), samples=np.array(SAMPLES))
        case "h5" | "hdf5":
            with h5py.File(path, "w") as file:
                group = file.create_group("deep/down")
                group["data"] = values
                group["features"], group["samples"] = list(FEATURES), list(SAMPLES)
    return Source(str(path))


KINDS = ["csv", "tsv", "parquet", "npz", "h5", "hdf5"]
KINDS += [f"h5ad-{place}-{form}" for place in ("X", "counts") for form in ("dense", "csr", "csc")]
KINDS += ["h5ad-raw-csr"]


@pytest.mark.parametrize("kind", KINDS)
def test_named_formats_read_back(kind, values, tmp_path):
    source = write(kind, values, tmp_path)
    known = sources.header(source)
    assert known.features == FEATURES
    assert known.n_samples == N_SAMPLES
    assert known.text == frozenset()
    assert sources.sample_names(source) == SAMPLES
    for columns in (None, [2, 0], [1]):
        read = sources.read(source, columns)
        assert read.dtype == (np.float64 if kind in ("csv", "tsv", "parquet") else np.float32)
        np.testing.assert_allclose(read, values if columns is None else values[:, columns], 1e-6)
    turned = Source(source.path, layer=source.layer, transpose=True)
    assert sources.header(turned) == sources.Header(SAMPLES, 4, frozenset())
    assert sources.sample_names(turned) == FEATURES
    np.testing.assert_allclose(sources.read(turned, [3, 1]), values.T[:, [3, 1]], 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_samples_are_found(kind, values, tmp_path):
    values[1, 2], values[4, 0] = np.nan, np.inf
    source = write(kind, values, tmp_path)
    assert np.flatnonzero(sources.missing_samples(source)).tolist() == [1, 4]


@pytest.mark.parametrize("kind", ["h5ad", "zarr", "h5", "npy", "npz", "parquet", "csv"])
@pytest.mark.filterwarnings("ignore:.*zarr:UserWarning")
def test_what_single_precision_cannot_reach_is_missing(kind, values, tmp_path):
    values = values.astype(float)
    values[3, 1] = -1e200
    path = tmp_path / f"data.{kind}"
    if kind in ("h5ad", "zarr"):
        table = anndata.AnnData(values)
        table.write_h5ad(path) if kind == "h5ad" else table.write_zarr(path)
    elif kind == "npy":
        np.save(path, values)
    else:
        write(kind, values, tmp_path)
    source = Source(str(path))
    assert np.flatnonzero(sources.missing_samples(source)).tolist() == [3]
    assert np.isinf(sources.read(source)).sum() == 1


def test_reading_goes_on_past_one_chunk(values, tmp_path, monkeypatch):
    monkeypatch.setattr(matrices, "ROWS_AT_A_TIME", 3)
    for form in ("dense", "csr", "csc"):
        source = write(f"h5ad-X-{form}", values, tmp_path)
        np.testing.assert_array_equal(sources.read(source, [3, 0]), values[:, [3, 0]])


@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(values, tmp_path, order):
    np.save(tmp_path / "data.npy", np.asarray(values, order=order))
    source = Source(str(tmp_path / "data.npy"))
    assert sources.header(source) == sources.Header(("f0", "f1", "f2", "f3"), 7, frozenset())
    assert sources.sample_names(source) is None
    np.testing.assert_array_equal(sources.read(source, [1]), values[:, [1]])


def test_a_vector_is_one_feature(values, tmp_path):
    np.save(tmp_path / "data.npy", values[:, 0])
    np.savez(tmp_path / "data.npz", values[:, 0])
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["only"] = values[:, 0]
    for ending in ("npy", "npz", "h5"):
        source = Source(str(tmp_path / f"data.{ending}"))
        assert sources.header(source).features == ("f0",)
        np.testing.assert_array_equal(sources.read(source), values[:, :1])


def test_key_chooses_the_matrix(values, tmp_path):
    np.savez(tmp_path / "data.npz", one=values, two=2 * values)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["one"], file["group/two"] = values, 2 * values
    for ending, key in (("npz", "two"), ("h5", "group/two"), ("h5", "/group/two")):
        source = Source(str(tmp_path / f"data.{ending}"), key=key)
        np.testing.assert_array_equal(sources.read(source), 2 * values)
    for ending in ("npz", "h5"):
        with pytest.raises(InputError, match=r"2 matrices \(.*two.*say which one with `key`"):
            sources.header(Source(str(tmp_path / f"data.{ending}")))
        with pytest.raises(InputError, match=r"called 'onn' \(did you mean 'one'\?\)"):
            sources.header(Source(str(tmp_path / f"data.{ending}"), key="onn"))


def test_no_value_is_rounded_to_single_precision_where_the_file_has_more(tmp_path):
    large = 1.7e9 + np.random.default_rng(0).normal(size=(9, 2))
    table = pd.DataFrame(large, columns=["a", "b"], index=[f"s{i}" for i in range(9)])
    table.to_csv(tmp_path / "data.csv")
    table.to_parquet(tmp_path / "data.parquet")
    np.save(tmp_path / "data.npy", large)
    np.savez(tmp_path / "data.npz", large)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["only"] = large
    for kind, make in (("d", np.asarray), ("s", scipy.sparse.csr_matrix)):
        anndata.AnnData(make(large)).write_h5ad(tmp_path / f"{kind}data.h5ad")
    for name in (
        "data.csv",
        "data.parquet",
        "data.npy",
        "data.npz",
        "data.h5",
        "ddata.h5ad",
        "sdata.h5ad",
    ):
        read = sources.read(Source(str(tmp_path / name)))
        np.testing.assert_allclose(read, large, rtol=1e-15, err_msg=name)
    np.save(tmp_path / "whole.npy", np.array([[2**30 + 1], [2**30 + 2]]))
    assert np.ptp(sources.read(Source(str(tmp_path / "whole.npy")))) == 1


def test_csv_without_sample_names_and_with_missing_cells(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2.5\n,1e-3\nNA,inf\n\n")
    source = Source(str(tmp_path / "data.csv"))
    assert sources.header(source) == sources.Header(("a", "b"), 3, frozenset())
    assert sources.sample_names(source) is None
    np.testing.assert_allclose(sources.read(source), [[1, 2.5], [np.nan, 1e-3], [np.nan, np.inf]])
    assert sources.missing_samples(source).tolist() == [False, True, True]


def test_csv_as_r_writes_it(tmp_path):
    (tmp_path / "data.tsv").write_text("a\tb\ns1\t1\t2\ns2\t3\t4\n")
    source = Source(str(tmp_path / "data.tsv"))
    assert sources.header(source).features == ("a", "b")
    assert sources.sample_names(source) == ("s1", "s2")
    np.testing.assert_array_equal(sources.read(source), [[1, 2], [3, 4]])


def test_csv_cells_in_quotes_and_byte_order_mark(tmp_path):
    (tmp_path / "data.csv").write_bytes(b'\xef\xbb\xbf"id, long",a\n"s, 1\n",1\n"s2",2\n')
    source = Source(str(tmp_path / "data.csv"))
    assert sources.header(source).features == ("a",)
    assert sources.sample_names(source) == ("s, 1\n", "s2")
    np.testing.assert_array_equal(sources.read(source), [[1], [2]])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["d.csv", "D.CSV", "d.csv.gz", "d.csv.bz2", "d.CSV.XZ"])
def test_compressed_text_and_every_byte_order_mark(tmp_path, encoding, name):
    content = "id,größe,b\ns1,1,2\ns2,3,4\n".encode(encoding)
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "XZ": lzma.compress}
    (tmp_path / name).write_bytes(pack.get(name.rpartition(".")[2], bytes)(content))
    source = Source(str(tmp_path / name))
    assert sources.header(source).features == ("größe", "b")
    assert sources.sample_names(source) == ("s1", "s2")
    np.testing.assert_array_equal(sources.read(source), [[1, 2], [3, 4]])


def test_blank_lines_above_the_header(tmp_path):
    (tmp_path / "d.csv").write_text("\n\na,b\n1,2\n\n3,4\n")
    np.testing.assert_array_equal(sources.read(Source(str(tmp_path / "d.csv"))), [[1, 2], [3, 4]])


def test_a_broken_compressed_file(tmp_path):
    for ending, pack in (("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)):
        for content in (b"a,b\n", pack(b"a,b\n1,2\n" * 99)[:-9]):
            (tmp_path / f"d.csv.{ending}").write_bytes(content)
            with pytest.raises(InputError, match=f"d.csv.{ending}'"):
                sources.header(Source(str(tmp_path / f"d.csv.{ending}")))


def test_sample_column_may_be_numbers(tmp_path):
    table = pd.DataFrame({"a": [1.0, 2.0], "id": [11, 12], "ok": [True, False]})
    table.to_csv(tmp_path / "data.csv", index=False)
    table.to_parquet(tmp_path / "data.parquet", index=False)
    for ending in ("csv", "parquet"):
        source = Source(str(tmp_path / f"data.{ending}"), sample_column="id")
        assert sources.header(source).features == ("a", "ok")
        assert sources.sample_names(source) == ("11", "12")
        np.testing.assert_array_equal(sources.read(source), [[1, 1], [2, 0]])
        with pytest.raises(InputError, match="sample_column 'idd' is not a column"):
            sources.header(Source(source.path, sample_column="idd"))


def test_text_columns_are_known_from_the_header_and_refused(tmp_path):
    table = pd.DataFrame({"id": ["x", "y"], "a": [1, 2], "kind": ["T", "B"]})
    table.to_csv(tmp_path / "data.csv", index=False)
    table.to_parquet(tmp_path / "data.parquet", index=False)
    for ending in ("csv", "parquet"):
        source = Source(str(tmp_path / f"data.{ending}"))
        assert sources.header(source).text == {"kind"}
        with pytest.raises(InputError, match="column 'kind': expected numbers"):
            sources.read(source)
        assert not sources.missing_samples(source).any()


def test_text_further_down_is_named_by_row(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n1,oops\n")
    with pytest.raises(
        InputError, match="column 'b': expected numbers, found 'oops' in data row 2"
    ):
        sources.read(Source(str(tmp_path / "data.csv")))


def test_parquet_with_nulls(tmp_path):
    table = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "a.b": [1.5, 2.5, None]})
    table.to_parquet(tmp_path / "data.parquet")
    read = sources.read(Source(str(tmp_path / "data.parquet")), [1, 0])
    np.testing.assert_array_equal(read, [[1.5, 1], [2.5, np.nan], [np.nan, 3]])


def test_a_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "data.npy"
    np.save(path, np.zeros((3, 2)))
    assert sources.header(Source(str(path))).n_samples == 3
    np.save(path, np.zeros((5, 2)))
    assert sources.header(Source(str(path))).n_samples == 5


def test_a_first_column_of_numbers_with_a_stray_word_is_no_column_of_names(tmp_path):
    rows = [f"{i / 7},{i}.5" for i in range(20)]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(["voltage,b", *rows[:12], "off,3.5", *rows[12:]]))
    with pytest.raises(
        InputError, match=r"column 'voltage': expected names .* 'off' in data row 13"
    ):
        sources.header(Source(str(path)))
    said = Source(str(path), sample_column="voltage")
    assert sources.header(said).features == ("b",)
    for heading in ("", "cell", "sample_id"):  # columns that are called like names hold names
        path.write_text("\n".join([f"{heading},b", *rows[:12], "off,3.5", *rows[12:]]))
        assert sources.sample_names(Source(str(path)))[12] == "off"


def test_a_small_file_that_unpacks_to_a_large_text_is_not_counted_for_its_header(
    tmp_path, monkeypatch
):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0.5,1.5\n" * 20_000))
    monkeypatch.setattr(text, "SMALL_TEXT_BYTES", 50_000)
    assert sources.header(Source(str(path))).n_samples is None


def test_a_text_that_memory_does_not_hold_once_it_is_unpacked_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0.5,1.5\n" * 20_000))
    monkeypatch.setattr(files.memory, "total_mb", lambda: 0.4)
    with pytest.raises(InputError, match=r"a quarter of the memory .* once it is unpacked"):
        sources.read(Source(str(path)))
    monkeypatch.setattr(files.memory, "total_mb", lambda: 4.0)
    assert sources.read(Source(str(path))).shape == (20_000, 2)


def test_an_array_that_an_archive_holds_twice_is_refused(tmp_path):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, of a name that is there
        for number in (1.0, 2.0):
            content = io.BytesIO()
            np.save(content, np.full((5, 2), number))
            archive.writestr("X.npy", content.getvalue())
    with pytest.raises(InputError, match=r"'X.npy' more than once"):
        sources.header(Source(str(path)))


def test_parts_of_an_hdf5_matrix_that_were_never_written_are_no_zeros(tmp_path):
    for fill, wanted in ((0.0, "2 of its 4 parts"), (np.nan, None)):
        path = tmp_path / f"{wanted is None}.h5"
        with h5py.File(path, "w") as file:
            options = {"chunks": (5, 2), "fillvalue": fill}
            file.create_dataset("X", shape=(20, 2), dtype="f8", **options)[:10] = 1.5
        for look in (sources.read, sources.missing_samples):
            if wanted:
                with pytest.raises(InputError, match=f"{wanted} .* never written"):
                    look(Source(str(path)))
            else:  # they say that they are missing
                assert np.isnan(sources.read(Source(str(path)))[10:]).all()
                assert sources.missing_samples(Source(str(path))).sum() == 10


def test_parts_that_were_never_written_are_no_zeros_whatever_the_file_is_for(tmp_path):
    """Dense and sparse matrices of annotated files, and an array a sample."""
    annotated = anndata.AnnData(np.ones((20, 3), np.float32))
    annotated.write_h5ad(tmp_path / "dense.h5ad")
    annotated.X = scipy.sparse.csr_matrix(annotated.X)
    annotated.write_h5ad(tmp_path / "sparse.h5ad")
    with h5py.File(tmp_path / "samples.h5", "w") as file:
        for number in range(20):
            file[f"m/s{number}"] = np.ones(3)
    with h5py.File(tmp_path / "genes.loom", "w") as file:
        file["matrix"] = np.ones((3, 20))
        file.create_group("row_attrs")["Gene"] = [b"a", b"b", b"c"]
        file.create_group("col_attrs")["CellID"] = [f"c{i}".encode() for i in range(20)]
    places = {
        "dense.h5ad": "X",
        "sparse.h5ad": "X/data",
        "samples.h5": "m/s7",
        "genes.loom": "matrix",
    }
    for name, place in places.items():
        path = tmp_path / name
        source = Source(str(path), key="/m" if name == "samples.h5" else None)
        assert sources.read(source).all()
        with h5py.File(path, "a") as file:
            old, shape = file[place], file[place].shape
            attributes, dtype = dict(old.attrs), old.dtype
            del file[place]
            chunks = (2, *shape[1:])
            new = file.create_dataset(place, shape=shape, dtype=dtype, chunks=chunks)
            new[:2] = 1
            new.attrs.update(attributes)
        for look in (sources.read, sources.missing_samples):
            with pytest.raises(InputError, match=f"'/{place}' .* never written"):
                look(source)


@pytest.mark.parametrize("attribute", ["_FillValue", "missing_value"])
@pytest.mark.parametrize("dtype", ["i2", "f8"])
def test_what_an_hdf5_matrix_says_is_no_value_is_missing(tmp_path, attribute, dtype):
    values = np.arange(24).reshape(8, 3).astype(dtype)
    values[2, 1] = -32768
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["X"] = values
        file["X"].attrs[attribute] = np.array([-32768], dtype)
    source = Source(str(tmp_path / "data.h5"))
    for columns in (None, [1, 2]):
        read = sources.read(source, columns)
        assert np.isnan(read[2, 1 if columns is None else 0]) and np.isnan(read).sum() == 1
    assert sources.missing_samples(source).tolist() == [row == 2 for row in range(8)]


def test_a_large_text_file_is_not_read_for_its_header(tmp_path, monkeypatch):
    (tmp_path / "data.csv").write_text("a\n1\n2\n")
    monkeypatch.setattr(text, "SMALL_TEXT_BYTES", 1)
    assert sources.header(Source(str(tmp_path / "data.csv"))).n_samples is None


# ---- bad files


def test_missing_file_names_its_folder_and_the_nearest_name(tmp_path):
    (tmp_path / "counts.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"no such file \(did you mean 'counts.csv'\?\)"):
        sources.header(Source(str(tmp_path / "count.csv")))
    with pytest.raises(InputError, match=r"its folder .* does not exist"):
        sources.header(Source(str(tmp_path / "no" / "count.csv")))
    with pytest.raises(InputError, match=r"found a folder with counts\.csv in it"):
        sources.header(Source(str(tmp_path)))


def test_unknown_ending(tmp_path):
    (tmp_path / "data.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"the ending '.xlsx' is unknown. Expected one of .h5ad"):
        sources.header(Source(str(tmp_path / "data.xlsx")))


@pytest.mark.parametrize("ending", ["npy", "npz", "h5", "h5ad", "parquet", "csv"])
def test_broken_file(tmp_path, ending):
    (tmp_path / f"data.{ending}").write_bytes(
        b"\x93no such \xff format" if ending != "csv" else b""
    )
    with pytest.raises(InputError, match=f"data.{ending}'.*(expected|found)"):
        sources.header(Source(str(tmp_path / f"data.{ending}")))


@pytest.mark.parametrize(
    "content, message",
    [
        ("a,b\n", "found a header only"),
        ("a;b\n1;2\n", "split by ',', found one column with ';'"),
        ("a,b,c\n1,2\n", "the header has 3 columns, the first row has 2"),
        ("id,a\ns1,1,\ns2,2,\n", "its last one is empty"),
        ("a,b\n1,2,3\n4,5,6\n", "its first cell is no name"),
        ("a,b\n1,2\n3\n", "line 3: expected 2 cells"),
        ('a,"b,c\n1,2,3\n', "line 2: .*quote"),
        ('a,"b,c\n1,"2,3\n', "quote"),
        ("a,b\n1,caf\xe9\n", None),
        ("# made by\na,b\n1,2\n", "Lines above the header must go"),
    ],
)
def test_malformed_csv(tmp_path, content, message):
    (tmp_path / "data.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=message or "expected text in UTF-8, found the byte 0xe9"):
        sources.header(Source(str(tmp_path / "data.csv")))


def test_csv_with_a_longer_row(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(InputError, match=r"data.csv'.*line 3"):
        sources.read(Source(str(tmp_path / "data.csv")))


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "data.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects are never loaded"):
        sources.header(Source(str(tmp_path / "data.npy")))


def test_arrays_that_are_no_matrices(tmp_path):
    np.save(tmp_path / "deep.npy", np.zeros((3, 2, 2)))
    with pytest.raises(InputError, match=r"shape \(3, 2, 2\). Reshape it to 3 rows"):
        sources.header(Source(str(tmp_path / "deep.npy")))
    np.save(tmp_path / "complex.npy", np.zeros((3, 2), complex))
    with pytest.raises(InputError, match="real numbers, found type complex128"):
        sources.header(Source(str(tmp_path / "complex.npy")))


def test_unknown_layer(values, tmp_path):
    source = write("h5ad-counts-csr", values, tmp_path)
    with pytest.raises(InputError, match=r"no layer 'count' \(did you mean 'counts'\?\)"):
        sources.header(Source(source.path, layer="count"))


def test_a_layer_called_raw_goes_before_the_raw_part_and_both_are_asked_about(values, tmp_path):
    table = anndata.AnnData(np.zeros((N_SAMPLES, 4), np.float32))
    table.var_names = list(FEATURES)
    table.layers["raw"], table.layers["X"] = values, 3 * values
    table.write_h5ad(tmp_path / "layer.h5ad")
    for layer in ("raw", "layers/raw"):
        read = sources.read(Source(str(tmp_path / "layer.h5ad"), layer=layer))
        np.testing.assert_array_equal(read, values)
    read = sources.read(Source(str(tmp_path / "layer.h5ad"), layer="X"))
    np.testing.assert_array_equal(read, 3 * values)
    other = table.copy()
    other.X = 2 * values
    table.raw = other
    table.write_h5ad(tmp_path / "both.h5ad")
    with pytest.raises(InputError, match="`layer: layers/raw` or `layer: raw/X`"):
        sources.header(Source(str(tmp_path / "both.h5ad"), layer="raw"))
    for layer, factor in (("layers/raw", 1), ("raw/X", 2)):
        source = Source(str(tmp_path / "both.h5ad"), layer=layer)
        assert sources.header(source).features == FEATURES
        np.testing.assert_array_equal(sources.read(source), factor * values)


@pytest.mark.parametrize("kind", ["U", "S", "i"])
@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_names_beside_a_matrix_may_be_of_any_text_type(values, tmp_path, kind, ending):
    own = np.arange(20, 27) if kind == "i" else np.array(SAMPLES, kind)
    features = np.array([3, 1, 4, 2]) if kind == "i" else np.array(FEATURES, kind)
    if ending == "npz":
        np.savez(tmp_path / "d.npz", X=values, features=features, samples=own)
    else:
        with h5py.File(tmp_path / "d.h5", "w") as file:
            as_text = h5py.string_dtype() if kind == "U" else features.dtype
            file["X"], file["features"] = values, features.astype(as_text)
            file["samples"] = own.astype(h5py.string_dtype() if kind == "U" else own.dtype)
    source = Source(str(tmp_path / f"d.{ending}"))
    expected = (("3", "1", "4", "2"), tuple(map(str, own))) if kind == "i" else (FEATURES, SAMPLES)
    assert (sources.header(source).features, sources.sample_names(source)) == expected


def test_names_that_cannot_be_read_are_not_replaced(values, tmp_path):
    np.savez(tmp_path / "o.npz", X=values, features=np.array(FEATURES, object))
    with pytest.raises(InputError, match=r"Python objects.*features.astype\(str\)"):
        sources.header(Source(str(tmp_path / "o.npz")))
    np.savez(tmp_path / "n.npz", X=values, features=np.array(FEATURES[:3]))
    with h5py.File(tmp_path / "n.h5", "w") as file:
        file["X"], file["features"] = values, list(FEATURES[:3])
    for ending in ("npz", "h5"):
        with pytest.raises(InputError, match=r"expected 4 names in 'features'.*shape \(3,\)"):
            sources.header(Source(str(tmp_path / f"n.{ending}")))


def write_10x(path, counts, names, version=3):
    """Write features x cells by columns, as Cell Ranger does."""
    counts = scipy.sparse.csc_matrix(counts.T)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        for part in ("data", "indices", "indptr", "shape"):
            group[part] = getattr(counts, part)
        group["barcodes"] = np.array(SAMPLES, "S")
        place = ("features/name", "features/id") if version == 3 else ("gene_names", "genes")
        group[place[0]] = np.array(names, "S")
        group[place[1]] = np.array([f"ENSG{i}" for i in range(len(names))], "S")


@pytest.mark.parametrize("version", [2, 3])
def test_counts_of_10x(values, tmp_path, version):
    write_10x(tmp_path / "d.h5", values, FEATURES, version)
    source = Source(str(tmp_path / "d.h5"))
    assert sources.header(source) == sources.Header(FEATURES, N_SAMPLES, frozenset())
    assert sources.sample_names(source) == SAMPLES
    np.testing.assert_array_equal(sources.read(source), values)
    np.testing.assert_array_equal(sources.read(source, [2, 0]), values[:, [2, 0]])
    write_10x(tmp_path / "twice.h5", values, ("A", "B", "A", "C"), version)
    features = sources.header(Source(str(tmp_path / "twice.h5"))).features
    assert features == ("ENSG0", "B", "ENSG2", "C")


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_sparse_matrices_of_scipy(values, tmp_path, form):
    scipy.sparse.save_npz(tmp_path / "d.npz", scipy.sparse.csr_matrix(values).asformat(form))
    source = Source(str(tmp_path / "d.npz"))
    assert sources.header(source).n_samples == N_SAMPLES
    np.testing.assert_array_equal(sources.read(source), values)
    np.testing.assert_array_equal(sources.read(source, [3, 1]), values[:, [3, 1]])


def test_sparse_groups_of_hdf5(values, tmp_path):
    matrix = scipy.sparse.csc_matrix(values)
    with h5py.File(tmp_path / "d.h5", "w") as file:
        group = file.create_group("counts")
        for part in ("data", "indices", "indptr"):
            group[part] = getattr(matrix, part)
        group.attrs["shape"] = matrix.shape
    for key in (None, "counts"):
        np.testing.assert_array_equal(
            sources.read(Source(str(tmp_path / "d.h5"), key=key), [2, 1]), values[:, [2, 1]]
        )


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_entries_that_a_sparse_matrix_has_twice_add_up(tmp_path, form):
    make = {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix}[form]
    twice = make((np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 2, 3])), (2, 2))
    expected = [[0, 3], [4, 0]] if form == "csr" else [[0, 4], [3, 0]]
    with h5py.File(tmp_path / "d.h5ad", "w") as file:
        for place in ("obs", "var"):
            table = file.create_group(place)
            table["_index"], table.attrs["_index"] = ["a", "b"], "_index"
        group = file.create_group("X")
        group.attrs["encoding-type"], group.attrs["shape"] = f"{form}_matrix", (2, 2)
        for part in ("data", "indices", "indptr"):
            group[part] = getattr(twice, part)
    np.testing.assert_array_equal(sources.read(Source(str(tmp_path / "d.h5ad"))), expected)


def test_the_first_row_of_a_matrix_is_read(values, tmp_path):
    values[0] = [11, 12, 13, 14]
    for kind in ("npz", "h5", "h5ad-X-dense", "h5ad-X-csr"):
        source = write(kind, values, tmp_path)
        np.testing.assert_array_equal(sources.read(source)[0], [11, 12, 13, 14])
        np.testing.assert_array_equal(sources.read(source, [3, 0])[0], [14, 11])


def test_files_without_a_matrix_say_what_they_hold(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["t"] = np.rec.fromarrays(np.zeros((2, 9)), names="a,b")
    for key in (None, "t"):
        with pytest.raises(InputError, match=r"'t'.* table with|table 't' with the columns a, b"):
            sources.header(Source(str(tmp_path / "d.h5"), key=key))
    np.savez(tmp_path / "d.npz", names=np.array(["a", "b"]))
    with pytest.raises(InputError, match=r"found none. It holds: 'names' \(type <U1"):
        sources.header(Source(str(tmp_path / "d.npz")))


def test_keys_of_another_format(values, tmp_path):
    source = write("csv", values, tmp_path)
    with pytest.raises(InputError, match=r"`layer` means nothing to a .csv file"):
        sources.header(Source(source.path, layer="raw"))


# ---- several sources


def named(folder, name, samples, column):
    table = pd.DataFrame({column: range(len(samples))}, index=list(samples))
    table.to_csv(folder / f"{name}.csv")
    return Source(str(folder / f"{name}.csv"))


def test_samples_are_aligned_by_name(tmp_path):
    pair = [named(tmp_path, "one", "abcd", "u"), named(tmp_path, "two", "dbxa", "v")]
    rows, names, n_unmatched = sources.align(pair)
    assert names == ("a", "b", "d")
    assert [one.tolist() for one in rows] == [[0, 1, 3], [3, 1, 0]]
    assert n_unmatched == 1
    assert sources.n_samples(pair) == 3


def test_samples_without_names_are_aligned_by_position(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros((4, 2)))
    np.save(tmp_path / "two.npy", np.zeros((4, 3)))
    pair = [Source(str(tmp_path / f"{name}.npy")) for name in ("one", "two")]
    assert sources.align(pair) == ([None, None], None, 0)
    assert sources.n_samples(pair) == 4
    with pytest.raises(InputError, match=r"two.csv' has names \(a, b, c.*one.npy' has none"):
        sources.align([pair[0], named(tmp_path, "two", "abcd", "v")])


def test_no_overlap(tmp_path):
    pair = [named(tmp_path, "one", "abc", "u"), named(tmp_path, "two", "xyz", "v")]
    with pytest.raises(InputError, match=r"no sample in common: .*one.csv' has a, b, c; .*x, y, z"):
        sources.align(pair)


def test_unequal_counts(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros((4, 2)))
    np.save(tmp_path / "two.npy", np.zeros((5, 2)))
    pair = [Source(str(tmp_path / name)) for name in ("one.npy", "two.npy")]
    with pytest.raises(InputError, match=r"one.npy' has 4, '.*two.npy' has 5"):
        sources.n_samples(pair)


def test_duplicate_sample_names(tmp_path):
    pair = [named(tmp_path, "one", "abb", "u"), named(tmp_path, "two", "abc", "v")]
    with pytest.raises(InputError, match=r"one.csv': sample names must be unique.*: b"):
        sources.align(pair)


def test_equal_names_in_both_files_need_not_be_unique(tmp_path):
    pair = [named(tmp_path, "one", "abb", "u"), named(tmp_path, "two", "abb", "v")]
    assert sources.align(pair) == ([None, None], ("a", "b", "b"), 0)
