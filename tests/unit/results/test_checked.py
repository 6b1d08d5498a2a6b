"""A table that was damaged, and a whole file in another's place, are told and set aside."""

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from lmi.base.errors import InputError
from lmi.data import overview
from lmi.results import parquet, places, record

TABLE = pd.DataFrame({"x": ["a", "b"], "mi_bits": [0.5, np.nan], "n": [1, 2], "ok": [True, False]})


def test_a_table_comes_back_and_any_reader_reads_it(tmp_path):
    parquet.write(TABLE, tmp_path / "mi.parquet")
    pd.testing.assert_frame_equal(parquet.read(tmp_path / "mi.parquet"), TABLE)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "mi.parquet"), TABLE)


def test_no_bit_of_a_table_changes_a_number(tmp_path):
    path = tmp_path / "mi.parquet"
    parquet.write(TABLE, path)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        try:
            pd.testing.assert_frame_equal(parquet.read(path), TABLE)
        except InputError as error:
            assert "set aside as mi.parquet.damaged" in str(error)


def test_another_number_in_a_sound_file_is_told(tmp_path):
    path = tmp_path / "mi.parquet"
    parquet.write(TABLE, path)
    held = pyarrow.parquet.read_table(path)
    about = held.schema.metadata
    changed = pyarrow.Table.from_pandas(TABLE.assign(mi_bits=[0.6, np.nan]), preserve_index=False)
    pyarrow.parquet.write_table(changed.replace_schema_metadata(about), path)
    with pytest.raises(InputError, match="checksum"):
        parquet.read(path)


def test_files_of_other_variables_are_set_aside(tmp_path):
    path = tmp_path / "tile.h5"
    path.touch()
    places.check_block(path, ["a", "b"], ["a", "b"])
    places.check_tile(path, "embed", ["a"], ["b"], (["a", "c"], ["b"]))
    with pytest.raises(InputError, match=r"variables a, expected b.*set aside"):
        places.check_tile(path, "embed", ["b"], ["a"], (["b"], ["b"]))
    assert not path.exists()


@pytest.mark.parametrize("read", [parquet.read, overview.load, record._content])
def test_a_file_that_vanished_after_it_was_looked_for_is_one_message(read, tmp_path):
    with pytest.raises(InputError, match=r"gone: expected .+, found no such file.+ same command"):
        read(tmp_path / "gone")
