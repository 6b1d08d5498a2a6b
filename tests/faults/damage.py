"""Damaged files of every kind; then the same command: the same table, or one message before it."""

import os
import shutil
from pathlib import Path

import lmi
import numpy as np
from lmi.data import overview

from tests.faults import small

DAMAGES = ("bit", "bit", "bit", "page", "truncated", "empty", "swapped", "text")
PAGE = 4096
TEXT = b"<!doctype html><html>Please log in</html>"
KINDS = {
    "block": "results/small/d/variables/block-*.h5",
    "embeddings": "results/small/d/embeddings/tile-*.h5",
    "estimates": "results/small/d/estimates/tile-*.h5",
    "part": "results/small/d/parts/part-*.h5",
    "table": "results/small/mi.parquet",
    "overview": "results/small/d/data.json",
    "cache": "cache/*/*/*.h5",
    "checkpoint": "results/small/d/*/.unfinished-*/*.h5",
    "model": "model.h5",
}


def damaged(content, how, rng, other=b""):
    """Return the content of a file with one damage."""
    content = bytearray(content)
    # HDF5's own tables and the checksum stand first: a third of the trials is there
    place = int(rng.integers(min(3000, len(content)) if rng.random() < 1 / 3 else len(content)))
    match how:
        case "bit":
            content[place] ^= 1 << int(rng.integers(8))
        case "page":
            content[place : place + PAGE] = bytes(len(content[place : place + PAGE]))
        case "truncated":
            del content[place:]
        case "empty":
            content.clear()
        case "swapped":
            return other
        case "text":
            return TEXT
    return bytes(content)


def finished(folder):
    """Make the run, its model, and checkpoints as a killed job leaves them; return its table."""
    small.lay_out(folder)
    table = small.make(folder)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 2))
    estimate = lmi.estimate(x, x + rng.normal(size=(60, 2)), train="never", n_permutations=0)
    estimate.model.save(folder / "model.h5")
    return table


def read_model(path):
    """Return what a model says of new samples."""
    x = np.random.default_rng(6).normal(size=(20, 2))
    return [lmi.load_model(path).transform(x, side) for side in "xy"]


def read_overview(path):
    """Return what was read of a dataset."""
    return overview.load(path)


def judged(its, path, kind, wanted):
    """Run the command after a damage; return (outcome, what was found)."""
    if kind in ("model", "overview"):
        return _read_again(its / path, kind, wanted[kind])
    if kind == "cache":
        shutil.rmtree(its / "results")
    elif kind != "checkpoint":
        for later in small.after(its, path):
            later.unlink(missing_ok=True)
    options = {"cached": kind in ("cache", "checkpoint"), "until": "mi.parquet"}
    what, value = small.tried(small.make, its, **options)
    if what == "made":
        return ("same", "") if small.is_same(value, wanted["table"]) else ("else", "another table")
    if what != "refused" or not small.is_named(value, Path(path).name):
        return "else", f"{what}: {value}"
    again, table = small.tried(small.make, its, **options)
    if again == "made" and small.is_same(table, wanted["table"]):
        return "named", value
    return "else", f"{value} Then {again}: {table}"


def _read_again(path, kind, wanted):
    reader = {"model": read_model, "overview": read_overview}[kind]
    what, value = small.tried(reader, path)
    if what == "made":
        is_same = value == wanted if kind == "overview" else all(map(np.array_equal, value, wanted))
        return ("same" if is_same else "else"), "other numbers"
    return ("named" if what == "refused" and small.is_named(value, path.name) else "else"), value


def with_checkpoints(folder, base):
    """Copy a finished run, and kill it where checkpoints are on disk."""
    from tests.faults import kills

    shutil.copytree(base, folder)
    shutil.rmtree(folder / "results")
    shutil.rmtree(folder / "cache", ignore_errors=True)
    rng = np.random.default_rng(0)
    while not any(small.below(folder, ".unfinished-*/*.h5")):
        kills.kill(folder, rng, ".unfinished-*/*.h5", 0.1)
        if any(folder.glob("results/small/d/estimates/tile-000-001.h5")):
            shutil.rmtree(folder / "results")


def trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n damages; parameters as in `kills.trials`."""
    base, stopped = folder / "base", folder / "stopped"
    finished(base)
    with_checkpoints(stopped, base)
    known = {
        "table": wanted,
        "model": read_model(base / "model.h5"),
        "overview": read_overview(base / "results/small/d/data.json"),
    }
    names = list(KINDS)
    for trial in range(n):
        kind = names[trial % len(names)]
        its = folder / f"damage-{trial}"
        shutil.copytree(stopped if kind == "checkpoint" else base, its)
        files = sorted(its.glob(KINDS[kind]))
        path = files[int(rng.integers(len(files)))]
        how = DAMAGES[int(rng.integers(len(DAMAGES)))]
        others = [one for one in files if one != path] or [its / "d.csv"]
        content = path.read_bytes()
        after = damaged(content, how, rng, others[int(rng.integers(len(others)))].read_bytes())
        times = os.stat(path)
        path.chmod(0o644)
        path.unlink()  # a hard link may be the cache's
        path.write_bytes(after)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        outcome, found = judged(its, path.relative_to(its).as_posix(), kind, known)
        yield f"{kind}: {how}", outcome, "" if outcome == "same" else f"{path.name}: {found}"
        small.remove(its)
