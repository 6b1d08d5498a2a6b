"""Seeded damage to every kind of file between the stages: the same numbers, or one message."""

import shutil
import zlib

import h5py
import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.embedding import canonical
from lmi.pipeline import chunks
from lmi.pipeline.blocks import Block
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.projection import folds as split
from lmi.results import embeddings
from lmi.results.collect import collect
from lmi.results.table import read_tile

TRIALS = 120  # of each kind
KINDS = ("block", "tile", "chunk", "estimate", "part")
EMBED = {"preset": "ksg", "checks": "quick"}
ESTIMATE = {
    "k": 3,
    "error_bars": True,
    "permutations": {"max": 19, "scheme": "auto", "block_length": 0, "tail_fit": False},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("made")
    paths = {kind: folder / f"{kind}.h5" for kind in KINDS}
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(200, 1))
    write_block(
        paths["block"],
        ["a", "b", "c"],
        [shared + rng.normal(size=(200, 2)) for _ in range(3)],
        ["", "", "c is no good"],
        split.folds(200, seed=0, dataset="d", n_inner=canonical.N_INNER),
        dataset_name="d",
        settings={"n_components": 4, "clip": 10.0},
        seed=0,
        attributes={"key": "k", "time_series": False, "overlap": 0},
    )
    block = paths["block"]
    embed(paths["tile"], block, block, pairs=[(0, 1), (0, 2)], settings=EMBED, seed=0)
    estimate(paths["estimate"], paths["tile"], settings=ESTIMATE, seed=0)
    collect(paths["part"], [paths["estimate"]], 5)
    with h5py.File(paths["estimate"]) as file:
        arrays = {name: chunk_array(data) for name, data in file.items()}
    chunks.write(paths["chunk"], arrays, {})
    return paths


def chunk_array(data):
    return data.asstr()[()] if h5py.check_string_dtype(data.dtype) else data[()]


def flat(block):
    arrays = {name: getattr(block, name) for name in ("name", "error", "fold", "inner", "strata")}
    arrays |= {f"z{row}": z for row, z in block.z.items()}
    for view, scores in block.views.items():
        arrays |= {f"{view}{row}": values for row, values in scores.items()}
    return arrays | {name: np.array(value) for name, value in block.attributes.items()}


def read_embeddings(path):
    with chunks.reading(path, "embed") as file:
        found = embeddings.read_embeddings(file, range(2), [True, True])
    return {f"{name}{row}": getattr(e, name) for row, e in enumerate(found) for name in ("zx", "s")}


def read_chunk(path):
    found = chunks._saved(path, "estimate")
    if found is None:
        raise InputError("it is computed again")
    return found


READERS = {
    "block": lambda path: flat(Block(path, lambda names: range(len(names)))),
    "tile": read_embeddings,
    "chunk": read_chunk,
    "estimate": read_tile,
    "part": read_tile,
}


def damage(content, rng, trial):
    """Return the content with a bit turned, a byte changed, a page zeroed, or the end missing."""
    damaged = bytearray(content)
    # the first bytes have the checksum and HDF5's own tables: a third of the trials is there
    place = int(rng.integers(min(3000, len(content)) if trial % 3 == 0 else len(content)))
    match trial % 8:
        case 6:
            damaged[place : place + 4096] = bytes(len(damaged[place : place + 4096]))
        case 7:
            del damaged[place:]
        case 5:
            damaged[place] = int(rng.integers(256))
        case _:
            damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_gives_the_same_numbers_or_one_message(kind, made, tmp_path):
    content, path = made[kind].read_bytes(), tmp_path / f"{kind}.h5"
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    shutil.copy(made[kind], path)
    wanted = READERS[kind](path)
    refused = 0
    for trial in range(TRIALS):
        damaged = damage(content, rng, trial)
        path.write_bytes(damaged)
        try:
            found = READERS[kind](path)
        except InputError:
            refused += 1
            assert damaged != content
            continue
        assert damaged == content
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values)
    assert refused > 0.9 * TRIALS


def test_a_damaged_checkpoint_is_computed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "SIZE", 2)

    def compute(rows):
        return {"row": np.array(rows), "value": np.sqrt(rows), "name": [f"r{row}" for row in rows]}

    options = {"stage": "embed", "save_every_s": 0}
    rows = list(range(7))
    wanted = chunks.run(tmp_path / "t.h5", "k", [rows], compute, **options)
    rng = np.random.default_rng(0)
    for trial in range(TRIALS // 4):
        saved = sorted(tmp_path.rglob("k-*.h5"))
        assert len(saved) == 3
        victim = saved[trial % 3]
        victim.write_bytes(damage(victim.read_bytes(), rng, trial))
        found = chunks.run(tmp_path / "t.h5", "k", [rows], compute, **options)
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values)
    chunks.clear(tmp_path / "t.h5")
    assert not list(tmp_path.iterdir())
