"""A tile in chunks: what is finished survives, and the result is the same."""

import h5py
import numpy as np
import pytest
from lmi.embedding import canonical
from lmi.pipeline import chunks, embed, estimate
from lmi.pipeline.project import write_block
from lmi.projection import folds as split


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(chunks, "SIZE", 2)


def compute(rows):
    return {
        "row": np.array(rows),
        "name": [f"r{row}" for row in rows],
        "wide": np.ones((len(rows), max(rows))),
        "loss_train": np.ones((len(rows), max(rows))),
        "step": np.arange(max(rows)),
    }


def test_rows_come_in_order_and_are_padded(tmp_path):
    found = chunks.run(
        tmp_path / "t.h5", "k", [[1, 2, 3], [4]], compute, stage="embed", shared=["step"]
    )
    assert list(found["row"]) == [1, 2, 3, 4]
    assert list(found["name"]) == ["r1", "r2", "r3", "r4"]
    np.testing.assert_array_equal(found["wide"].sum(axis=1), [2, 2, 3, 4])
    np.testing.assert_array_equal(np.isnan(found["loss_train"]).sum(axis=1), [2, 2, 1, 0])
    assert len(found["step"]) == 4
    assert not list(tmp_path.iterdir())


def test_the_log_counts_the_pairs_that_are_done(tmp_path, caplog):
    caplog.set_level("INFO", "lmi")
    options = {"stage": "embed", "shared": ["step"], "name": "pair {}".format}
    chunks.run(tmp_path / "t.h5", "k", [[1, 2, 3], [4]], compute, **options)
    said = [message.split(",")[0] for message in caplog.messages]
    assert said[1::2] == [f"embed: {n} of 4 pairs done" for n in (2, 3, 4)]
    assert said[::2] == [f"embed: now pair {n} of 4: pair {n}" for n in (1, 3, 4)]


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


# ---- a tile whose job was killed


EMBED = {
    "preset": "default",
    "n_latent": 4,
    "train": "always",
    "checks": "quick",
    "max_steps": 15,
    "batch_size": 64,
    "learning_rate": 1e-3,
}
ESTIMATE = {
    "k": 3,
    "error_bars": True,
    "permutations": {"max": 19, "scheme": "auto", "block_length": 0, "tail_fit": True},
}


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(300, 1))
    matrices = [shared + rng.normal(size=(300, 3)) for _ in range(4)]
    path = tmp_path_factory.mktemp("block") / "block-000.h5"
    write_block(
        path,
        ["a", "b", "c", "d"],
        matrices,
        ["", "", "", "d is no good"],
        split.folds(300, seed=0, dataset="d", n_inner=canonical.N_INNER),
        dataset_name="d",
        settings={"n_components": 8, "clip": 10.0},
        seed=0,
        attributes={"key": "k", "time_series": True, "overlap": 0},
    )
    return path


def contents(path):
    with h5py.File(path) as file:
        return {name: data[()] for name, data in file.items() if name != "seconds"}


@pytest.mark.parametrize("stage", ["embed", "estimate"])
def test_a_killed_job_goes_on_where_it_was(stage, block, tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "SAVE_EVERY_S", 0)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    module = {"embed": embed, "estimate": estimate}[stage]
    inner = f"_{stage}_rows"
    compute, done = getattr(module, inner), []

    def run(folder, limit):
        def counted(*arguments):
            if len(done) == limit:
                raise KeyboardInterrupt
            done.append(arguments)
            return compute(*arguments)

        tile, out = folder / "tile-000-000.h5", folder / "out-000-000.h5"
        if not tile.exists():
            with monkeypatch.context() as patch:
                if stage == "embed":
                    patch.setattr(module, inner, counted)
                embed.embed(tile, block, block, pairs=pairs, settings=EMBED, seed=0, lags=[0, 1])
        with monkeypatch.context() as patch:
            if stage == "estimate":
                patch.setattr(module, inner, counted)
            estimate.estimate(out, tile, settings=ESTIMATE, seed=0)
        return contents(tile), contents(out)

    (tmp_path / "one").mkdir(), (tmp_path / "other").mkdir()
    undisturbed = run(tmp_path / "one", limit=None)
    assert len(done) == 6
    done.clear()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "other", limit=4)
    resumed = run(tmp_path / "other", limit=None)
    assert len(done) == 6
    for found, wanted in zip(resumed, undisturbed, strict=True):
        assert found.keys() == wanted.keys()
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values)
    assert not list(tmp_path.rglob(".unfinished-*"))
