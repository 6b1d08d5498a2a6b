"""A tile in chunks: what is finished survives, and the result is the same."""

import numpy as np
import pytest
from lmi import chunks


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(chunks, "SIZE", 2)


def compute(rows):
    return {
        "row": np.array(rows),
        "name": [f"r{row}" for row in rows],
        "wide": np.ones((len(rows), max(rows))),
        "loss": np.ones((len(rows), max(rows))),
        "step": np.arange(max(rows)),
    }


def test_rows_come_in_order_and_are_padded(tmp_path):
    found = chunks.run(
        tmp_path / "t.h5", "k", [[1, 2, 3], [4]], compute, stage="embed", shared=["step"]
    )
    assert list(found["row"]) == [1, 2, 3, 4]
    assert list(found["name"]) == ["r1", "r2", "r3", "r4"]
    np.testing.assert_array_equal(found["wide"].sum(axis=1), [2, 2, 3, 4])
    np.testing.assert_array_equal(np.isnan(found["loss"]).sum(axis=1), [2, 2, 1, 0])
    assert len(found["step"]) == 4
    assert not list(tmp_path.iterdir())


def test_finished_chunks_survive_and_other_keys_do_not_meet(tmp_path):
    seen = []

    def dies_at(limit):
        def one(rows):
            if rows[-1] > limit:
                raise KeyboardInterrupt
            seen.append(rows)
            return compute(rows)

        return one

    groups = [list(range(1, 8))]
    options = {"stage": "embed", "shared": ["step"], "save_every_s": 0}
    with pytest.raises(KeyboardInterrupt):
        chunks.run(tmp_path / "t.h5", "k", groups, dies_at(4), **options)
    found = chunks.run(tmp_path / "t.h5", "k", groups, dies_at(9), **options)
    assert seen == [[1, 2], [3, 4], [5, 6], [7]]
    undisturbed = chunks.run(tmp_path / "other.h5", "k", groups, compute, **options)
    for name, values in undisturbed.items():
        np.testing.assert_array_equal(found[name], values)
    seen.clear()
    chunks.run(tmp_path / "t.h5", "other key", groups, dies_at(9), **options)
    assert len(seen) == 4
    chunks.clear(tmp_path / "t.h5")
    chunks.clear(tmp_path / "other.h5")
    assert not list(tmp_path.iterdir())


def test_a_broken_chunk_is_computed_again(tmp_path):
    options = {"stage": "embed", "shared": ["step"], "save_every_s": 0}
    wanted = chunks.run(tmp_path / "t.h5", "k", [[1, 2, 3]], compute, **options)
    (saved,) = tmp_path.rglob("*.h5")
    saved.write_bytes(b"half")
    found = chunks.run(tmp_path / "t.h5", "k", [[1, 2, 3]], compute, **options)
    np.testing.assert_array_equal(found["row"], wanted["row"])
