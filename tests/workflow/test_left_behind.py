"""Jobs that a killed Snakemake left in a queue are cancelled before it is planned what to do."""

import os

import pytest

BLOCK = "results/left/d/variables/block-000.h5"
SQUEUE = """#!/bin/sh
test -e {queue} && cat {queue}
echo "$@" >> {asked}
"""
# A cancelled job takes its output with it, be it finished.
SCANCEL = """#!/bin/sh
rm -f {queue} {block}
"""


@pytest.fixture
def left(fresh, monkeypatch):
    """Return the project with a finished block, whose job still stands in the queue."""
    task = {"task": {"name": "projected_gaussian", "n_samples": 300, "ambient": 3}}
    fresh.config("left.yaml", {"run": "left", "datasets": {"d": task}})
    fresh.snakemake(BLOCK, "--cores", "1", "--configfile", "left.yaml")
    places = {"queue": fresh.folder / "queue", "asked": fresh.folder / "asked"}
    places["block"] = fresh.folder / BLOCK
    places["queue"].write_text("7\n")
    (fresh.folder / "bin").mkdir()
    for name, script in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        path = fresh.folder / "bin" / name
        path.write_text(script.format(**places))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fresh.folder / 'bin'}:{os.environ['PATH']}")
    (fresh.folder / "results/left/.running").write_text("killed")
    return fresh


def test_what_was_left_behind_is_cancelled_before_planning(left):
    output = left.snakemake(BLOCK, "--cores", "1", "--configfile", "left.yaml")
    assert "--name killed" in (left.folder / "asked").read_text()
    assert not (left.folder / "queue").exists()
    # the block was there when Snakemake began, and is made again
    assert "project d, block 000" in output
    assert "Nothing to be done" not in output
    assert (left.folder / BLOCK).exists()


@pytest.mark.parametrize("look", ["--dry-run", "--lint", "--list-rules", "--summary"])
def test_a_look_at_the_workflow_cancels_nothing(left, look):
    left.snakemake(*([] if look == "--lint" else [BLOCK]), look, "--configfile", "left.yaml")
    assert not (left.folder / "asked").exists()
    assert (left.folder / BLOCK).exists()
    assert (left.folder / "results/left/.running").read_text() == "killed"
