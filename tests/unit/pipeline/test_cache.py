"""The cache: found by content, whole under concurrent writers, checked, listed and pruned."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.pipeline import cache
from lmi.pipeline.project import project

KEY = cache.key("embed", {"a": 1}, 0)
PROJECT = {"missing": "error", "n_components": 8, "clip": 10.0}


def write(path, content=b"whole"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_was_kept_is_found_by_its_key_alone(tmp_path):
    folder = tmp_path / "cache"
    assert not cache.fetch(folder, "embed", KEY, tmp_path / "before.h5")
    cache.keep(folder, "embed", KEY, write(tmp_path / "out.h5"))
    assert cache.fetch(folder, "embed", KEY, tmp_path / "deep/other.h5")
    assert (tmp_path / "deep/other.h5").read_bytes() == b"whole"
    other = cache.key("embed", {"a": 2}, 0)
    assert not cache.fetch(folder, "embed", other, tmp_path / "no.h5")
    assert not cache.fetch(None, "embed", KEY, tmp_path / "no.h5")
    assert not (tmp_path / "no.h5").exists()


def test_a_file_that_was_changed_is_removed_and_not_used(tmp_path, caplog):
    cache.keep(tmp_path / "cache", "embed", KEY, write(tmp_path / "out.h5"))
    (path,) = [entry["path"] for entry in cache.entries(tmp_path / "cache")]
    path.chmod(0o644)
    path.write_bytes(b"rot")
    assert not cache.fetch(tmp_path / "cache", "embed", KEY, tmp_path / "again.h5")
    assert not path.exists()
    assert "checksum" in caplog.text


def test_concurrent_writers_of_one_key_leave_whole_files(tmp_path):
    folder = tmp_path / "cache"
    outs = [write(tmp_path / f"{i}.h5", bytes([i % 3]) * 10_000) for i in range(24)]

    def both(out):
        cache.keep(folder, "embed", KEY, out)
        target = out.with_suffix(".again.h5")
        assert cache.fetch(folder, "embed", KEY, target)
        return target.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(both, outs))
    assert all(len(set(content)) == 1 and len(content) == 10_000 for content in found)
    assert len(cache.entries(folder)) == 3
    assert not list(folder.rglob(".placing-*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path, caplog):
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    cache.keep(folder, "embed", KEY, write(tmp_path / "out.h5"))
    assert "not kept" in caplog.text


def test_a_cache_that_is_a_file_costs_a_warning_only(tmp_path, caplog):
    folder = write(tmp_path / "cache")
    cache.keep(folder, "embed", KEY, write(tmp_path / "out.h5"))
    assert "not kept" in caplog.text
    assert not cache.fetch(folder, "embed", KEY, tmp_path / "no.h5")


def test_prune_removes_the_longest_unused(tmp_path, capsys):
    folder = tmp_path / "cache"
    now = time.time()
    for days in (1, 10, 100):
        out = write(tmp_path / f"{days}.h5", os.urandom(1000))
        cache.keep(folder, "project", cache.key("project", days), out)
        (new,) = [e for e in cache.entries(folder) if e["path"].samefile(out)]
        os.utime(new["path"], 2 * (now - 86400 * days,))
    assert len(cache.entries(folder)) == 3
    assert len(cache.prune(folder, days=50)) == 1
    cache.main(["prune", str(folder), "--gb", "1.5e-6"])
    printed = capsys.readouterr().out
    assert "removed 1 files" in printed and "project" in printed
    assert len(cache.entries(folder)) == 1
    assert (tmp_path / "100.h5").exists()


def test_listing_no_folder_says_so(tmp_path):
    with pytest.raises(InputError, match="expected a folder at"):
        cache.entries(tmp_path / "nowhere")


def project_block(out, source, folder, **changes):
    arguments = {
        "dataset": {"source": str(source), "variables": "each", "transpose": False},
        "dataset_name": "d",
        "variables": [{"name": "a", "features": ["a"]}],
        "settings": PROJECT,
        "seed": 0,
    }
    project(out, **(arguments | changes), shared=folder)


def test_a_fetched_file_is_new_and_leaves_the_time_of_the_others(tmp_path):
    folder, first, second = tmp_path / "cache", write(tmp_path / "1.h5"), tmp_path / "2.h5"
    cache.keep(folder, "embed", KEY, first)
    long_ago = time.time() - 1000
    os.utime(first, 2 * (long_ago,))
    assert cache.fetch(folder, "embed", KEY, second)
    assert first.stat().st_mtime == pytest.approx(long_ago)
    assert second.stat().st_mtime > long_ago + 900
    assert os.access(second, os.W_OK)
    (entry,) = cache.entries(folder)
    assert entry["used"] > long_ago + 900


def test_a_block_is_shared_by_content_not_by_path(tmp_path, caplog):
    caplog.set_level("INFO", logger="lmi")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    table.to_csv(tmp_path / "one.csv", index=False)
    table.to_csv(tmp_path / "two.csv", index=False)
    folder = tmp_path / "cache"
    project_block(tmp_path / "one.h5", tmp_path / "one.csv", folder)
    project_block(tmp_path / "two.h5", tmp_path / "two.csv", folder)
    assert f"{tmp_path / 'two.h5'} taken from" in caplog.text
    project_block(tmp_path / "seed.h5", tmp_path / "one.csv", folder, seed=1)
    table.iloc[0, 0] += 1
    table.to_csv(tmp_path / "two.csv", index=False)
    project_block(tmp_path / "three.h5", tmp_path / "two.csv", folder)
    keys = set()
    for name in ("one", "seed", "three"):
        with h5py.File(tmp_path / f"{name}.h5") as block:
            keys.add(block.attrs["key"])
    assert len(keys) == 3


def test_another_version_of_the_package_has_other_keys(monkeypatch):
    before = cache.key("embed", {"a": 1}, 0)
    assert before == KEY
    monkeypatch.setattr("lmi.__version__", "another")
    assert cache.key("embed", {"a": 1}, 0) != before
    monkeypatch.undo()
    monkeypatch.setattr(cache, "SCHEMA", -1)
    assert cache.key("embed", {"a": 1}, 0) != before
