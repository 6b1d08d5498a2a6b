"""Feather files, and text of Zstandard: by Arrow, which is always there."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
from lmi.base.errors import InputError
from lmi.data import sources
from lmi.data.labels import read_labels
from lmi.data.sources import Source

TABLE = pd.DataFrame(
    {"cell": [f"c{i}" for i in range(20)], "a": np.arange(20) / 4, "b": np.arange(20) * 2}
)
VALUES = TABLE[["a", "b"]].to_numpy()


def check(path, **keys):
    source = Source(str(path), **keys)
    top = sources.header(source)
    assert (top.features, top.n_samples) == (("a", "b"), 20)
    assert sources.sample_names(source) == tuple(TABLE["cell"])
    np.testing.assert_array_equal(sources.read(source), VALUES)
    np.testing.assert_array_equal(sources.read(source, [1]), VALUES[:, 1:])


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_a_feather_file_is_read(tmp_path, compression):
    TABLE.to_feather(tmp_path / "a.feather", compression=compression)
    check(tmp_path / "a.feather")


@pytest.mark.filterwarnings("ignore")
def test_a_feather_file_of_the_first_version_is_read(tmp_path):
    pa.feather.write_feather(TABLE, str(tmp_path / "a.FEATHER"), version=1)
    check(tmp_path / "a.FEATHER")


def test_tables_of_arrow_have_the_same_keys(tmp_path):
    table = TABLE.assign(cell=np.arange(20), note="x")
    table.to_feather(tmp_path / "a.feather")
    assert sources.header(Source(str(tmp_path / "a.feather"))).ids == ("cell",)
    source = Source(str(tmp_path / "a.feather"), sample_column="cell", drop_columns=("note",))
    assert sources.header(source).features == ("a", "b")
    (tmp_path / "b.feather").write_bytes(b"ARROW1 and then nothing")
    with pytest.raises(InputError, match="expected a feather file"):
        sources.header(Source(str(tmp_path / "b.feather")))


def write_zst(path, parts, pack):
    path.write_bytes(b"".join(map(pack, parts)))


def by_arrow(part):
    return pa.Codec("zstd").compress(part, asbytes=True)


@pytest.fixture(params=["arrow", "zstandard"])
def pack(request):
    if request.param == "arrow":
        return by_arrow
    return pytest.importorskip("zstandard").ZstdCompressor().compress


def test_text_of_zstandard_is_read_whole(tmp_path, pack):
    text = TABLE.to_csv(index=False).encode()
    write_zst(tmp_path / "a.csv.zst", [text], pack)
    check(tmp_path / "a.csv.zst")
    write_zst(tmp_path / "b.csv.zst", [text[:100], text[100:]], pack)  # as `cat` joins two files
    check(tmp_path / "b.csv.zst")
    assert read_labels(str(tmp_path / "b.csv.zst"), "cell")[-1] == "c19"


def test_text_of_zstandard_that_is_cut_off_is_refused(tmp_path, pack):
    text = TABLE.to_csv(index=False).encode()
    for n_lost in (1, 20, 100):
        (tmp_path / "a.csv.zst").write_bytes(pack(text)[:-n_lost])
        with pytest.raises(InputError, match="expected a readable"):
            sources.header(Source(str(tmp_path / "a.csv.zst")))
