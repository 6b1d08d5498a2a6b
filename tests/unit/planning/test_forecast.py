"""The plan: costs grow with size, sums are right, finished jobs correct what is to come."""

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from lmi.base.errors import InputError
from lmi.ksg import permuted, points
from lmi.pipeline import chunks
from lmi.planning import config as configs
from lmi.planning import costs, yaml_file
from lmi.planning import forecast as plan
from lmi.planning.plan import Plan

ROOT = Path(__file__).resolve().parents[3]

SIZE = {"n_samples": 1000, "n_features": 50, "n_variables": 16, "n_pairs": 64}


@pytest.mark.parametrize("stage", ["project", "embed", "paper", "estimate"])
@pytest.mark.parametrize("axis", ["n_samples", "n_pairs", "n_features", "n_variables"])
def test_costs_are_positive_and_never_fall_with_size(stage, axis):
    small, large = costs.of(stage, **SIZE), costs.of(stage, **SIZE | {axis: 10 * SIZE[axis]})
    for quantity in costs.QUANTITIES:
        assert 0 < small[quantity] <= large[quantity]


def test_memory_follows_the_pairs_that_are_embedded_at_once():
    assert costs.CHUNK == chunks.SIZE
    few, many = (costs.of("embed", **SIZE | {"n_pairs": n * costs.CHUNK}) for n in (1, 64))
    # what grows beyond a chunk are the coordinates, two encoders of two sides in single precision
    per_pair = (many["memory_mb"] - few["memory_mb"]) / (63 * costs.CHUNK)
    held = 2 * 2 * costs.AXES * SIZE["n_samples"] * 4 / 1e6
    assert held < per_pair < 5 * held


def test_settings_change_the_cost_of_embed():
    def seconds(**changes):
        settings = {"preset": "default", "train": "auto", "checks": "quick"} | changes
        return costs.embed(settings, **SIZE)["seconds"]

    assert seconds(train="never") < seconds() < seconds(train="always") < seconds(preset="paper")
    assert seconds(checks="thorough") > 3 * seconds()


@pytest.mark.skipif(not points.compiled(), reason="there is no compiled kernel")
@pytest.mark.parametrize("n_samples", [1000, 4096])
def test_a_thread_more_has_memory_for_tables_of_distances_of_its_own(n_samples):
    size = SIZE | {"n_samples": n_samples}
    one, four = (costs.estimate(threads=n, **size)["memory_mb"] for n in (1, 4))
    x = np.random.default_rng(0).standard_normal((n_samples // 2, 3))
    tables = permuted._Tables(x, x, 3, np.arange(len(x)), 1)
    held = tables.near.nbytes + sum(gaps.nbytes for gaps in tables.gaps)
    assert four - one >= 3 * held / 1e6
    pair = SIZE | {"n_pairs": 1}
    assert costs.estimate(threads=4, **pair) == costs.estimate(**pair)
    assert costs.estimate(True, threads=4, **SIZE) == costs.estimate(True, **SIZE)


JOBS = pd.DataFrame(
    {
        "stage": ["project", "embed", "embed"],
        "seconds": [10, 60, 100],
        "gpus": [0, 1, 0],
        "memory_mb": [500, 900, 1200],
        "disk_mb": [5, 10, 2000],
    }
)


def test_jobs_are_summed_by_stage():
    stages = plan.by_stage(JOBS)
    assert stages.loc["embed"].to_dict() == {
        "jobs": 2,
        "seconds": 160,
        "gpu_seconds": 60,
        "memory_mb": 1200,
        "disk_mb": 2010,
    }
    text = plan.told(plan.corrected(stages, stages, {}), n_others=3)
    assert "embed       2     3 min      60 s  1.2 GB  2.0 GB" in text
    assert "corrected" not in text and "3 more jobs" in text


def test_finished_jobs_correct_the_jobs_to_come():
    stages = plan.by_stage(JOBS)
    found = plan.corrected(stages, stages, {"embed": (4, 640.0), "report": (1, 5.0)})
    assert found.loc["embed", "seconds"] == 320
    assert found.loc["embed", "gpu_seconds"] == 120
    assert found.loc["project", "seconds"] == 10
    assert "corrected by the finished jobs" in plan.told(found)


def test_check_puts_expected_beside_measured():
    text = plan.check(plan.by_stage(JOBS), {"embed": (2, 80.0), "calibrate": (1, 1.0)})
    assert text.splitlines()[1].split() == ["embed", "2", "160", "s", "80", "s", "2.00"]
    assert "calibrate" not in text


@pytest.mark.parametrize(
    "arguments, visible, gpus",
    [([], "", 0), ([], "0", 1), (["--profile=slurm"], "", 1), (["-e", "slurm"], "", 1)],
)
def test_no_gpu_is_planned_where_there_is_none(monkeypatch, arguments, visible, gpus):
    said = "Job 1: embed d, tile 000-000 (about 9 s, up to 1 GPU, 900 MB, 2 MB on disk)\ntotal  1\n"
    done = subprocess.CompletedProcess([], 0, said, "")
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: done)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    jobs, n_others, _ = plan.dry_run(arguments)
    assert jobs["gpus"].tolist() == [gpus] and n_others == 0
    stages = plan.corrected(plan.by_stage(jobs), plan.by_stage(jobs), {})
    assert ("   -  " in plan.told(stages)) == (gpus == 0)
    assert ("GPU time:" in plan.told(stages)) == (gpus == 1)


QUESTIONS = {
    "run": "questions",
    "datasets": {
        "cells": {
            "source": "tests/data/cells/pbmc68k_reduced.h5ad",
            "variables": {"gene_sets": "tests/data/cells/modules.gmt", "unknown_features": "drop"},
            "pairs": "all",
            "direct": {"max_triangles": 5000},
        },
        "target": {
            "source": "tests/data/cells/pbmc68k_reduced.h5ad",
            "variables": {"gene_sets": "tests/data/cells/modules.gmt", "unknown_features": "drop"},
            "pairs": {"target": "b_cell"},
            "select": {"max_variables": 3},
        },
    },
}


@pytest.mark.parametrize("content", [None, QUESTIONS], ids=["demo", "questions"])
def test_a_run_without_results_is_planned_as_snakemake_plans_it(tmp_path, monkeypatch, content):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "config.yaml"
    demo = yaml.safe_load((ROOT / "config.yaml").read_text())
    path.write_text(yaml.safe_dump((content or demo) | {"run": "never_run"}))
    options = ["--configfile", str(path), "--cores", "all", "--quiet", "host"]
    jobs, n_others, _ = plan.dry_run(options)
    assert n_others == 0
    found = plan.from_nothing(Plan(configs.load(yaml_file.read(str(path)))))
    expected = plan.corrected(plan.by_stage(jobs), plan.by_stage(jobs), {})
    pd.testing.assert_frame_equal(found.sort_index(), expected.sort_index())


def test_many_single_genes_are_planned_in_few_steps_whatever_the_size_of_blocks(tmp_path):
    names = [f"g{i}" for i in range(2000)]
    path = tmp_path / "genes.csv"
    path.write_text(",".join(names) + "\n" + (",".join(["1.5"] * 2000) + "\n") * 120)
    data = {"source": str(path), "variables": "each", "pairs": "all"}
    for size in ("auto", 16, 256):
        config = configs.load({"block_size": size, "datasets": {"d": data}})
        stages = plan.from_nothing(Plan(config))
        assert stages.loc["embed", "jobs"] == stages.loc["estimate", "jobs"]
    with pytest.raises(InputError, match="block_size: expected auto, or at least 11"):
        plan.from_nothing(Plan(configs.load({"block_size": 8, "datasets": {"d": data}})))


def test_a_target_of_unknown_cost_says_so(monkeypatch, capsys):
    monkeypatch.setattr(plan, "dry_run", lambda arguments: (JOBS.iloc[:0], 3, ""))
    monkeypatch.setattr("sys.argv", ["plan", "accuracy"])
    plan.main()
    assert capsys.readouterr().out == "3 jobs whose cost is not known\n"


def test_a_failing_dry_run_ends_in_its_message(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="Snakefile"):
        plan.dry_run([])
