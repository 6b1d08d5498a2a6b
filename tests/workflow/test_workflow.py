"""The workflow end to end: results, what reruns when, messages, targets."""

import re

import anndata
import h5py
import pandas as pd
import pytest
import yaml
from conftest import ROOT, SHORT

LAST = {"aggregate": 1, "report": 1, "export": 1, "run_record": 1}
LATER = {"collect": 5, **LAST}


def table(project):
    return pd.read_csv(project.folder / "results/short/mi.tsv", sep="\t", keep_default_na=True)


# ---- a run


def test_run_says_what_it_does_and_where_results_lie(project):
    said = [line for line in project.first_output.splitlines() if line.startswith("lmi-workflow")]
    assert len(said) == 2
    assert "run short: 5 datasets, 16 variables, 10 tiles" in said[0]
    assert "results/short/mi.tsv" in said[1]
    assert "results/short/report.html" in said[1]


def test_every_pair_has_a_row(project):
    counts = table(project)["dataset"].value_counts(sort=False)
    assert dict(counts) == {
        "cells": 6,
        "neurons": 3,
        "neurons_shifted": 2,
        "documented_example": 1,
        "table": 3,
    }


def test_known_truth_is_met(project):
    row = table(project).set_index("dataset").loc["documented_example"]
    assert row["truth_bits"] == pytest.approx(0.4037, abs=1e-3)
    assert row["mi_bits"] == pytest.approx(row["truth_bits"], abs=0.15)


def test_every_job_has_its_log_and_benchmark_file(project):
    results = project.folder / "results/short"
    for kind, suffix in (("logs", ".log"), ("benchmarks", ".tsv")):
        for rule, n in (
            ("describe", 5),
            ("project", 9),
            ("embed", 10),
            ("estimate", 10),
            ("collect", 5),
        ):
            assert len(list((results / kind / rule).rglob(f"*{suffix}"))) == n
        assert (results / kind / f"aggregate{suffix}").exists()
        assert (results / kind / f"report{suffix}").exists()
        assert (results / kind / f"export{suffix}").exists()
        assert (results / kind / f"run_record{suffix}").exists()


def test_bad_pair_has_a_reason_and_the_others_a_value(project):
    rows = table(project).query("dataset == 'table'")
    bad = (rows["x"] == "constant") | (rows["y"] == "constant")
    assert bad.sum() == 2
    assert rows["mi_bits"].isna().equals(bad)
    assert (rows.loc[bad, "flag"] == "fail").all()
    assert rows.loc[bad, "reason"].str.contains("constant").all()


def test_second_run_has_nothing_to_do(project):
    output = project.snakemake("--cores", "2", *project.configs)
    assert "Nothing to be done" in output


# ---- what reruns


def test_estimate_setting_reruns_estimate_and_later(project):
    extra = project.config("k.yaml", {"estimate": {"k": 5}})
    assert project.plan(*project.configs, extra) == {"estimate": 10, **LATER}


def test_embed_setting_reruns_embed_and_later(project):
    extra = project.config("steps.yaml", {"embed": {"max_steps": 61}})
    assert project.plan(*project.configs, extra) == {"embed": 10, "estimate": 10, **LATER}


def test_project_setting_reruns_everything(project):
    extra = project.config("clip.yaml", {"project": {"clip": 9.0}})
    everything = {"project": 9, "embed": 10, "estimate": 10, **LATER}
    assert project.plan(*project.configs, extra) == everything


def test_seed_reruns_everything(project):
    everything = {"project": 9, "embed": 10, "estimate": 10, **LATER}
    assert project.plan(*project.configs, "--config", "seed=1") == everything


def test_report_setting_reruns_tables_and_report(project):
    extra = project.config("top.yaml", {"report": {"top_pairs": 3}})
    assert project.plan(*project.configs, extra) == LATER


def test_added_variables_run_their_block_and_tiles(project):
    # 4 variables fill 2 blocks; 2 more are block 2, which meets blocks 0, 1 and itself.
    more = {"interferon": ["IFITM1", "IFITM2", "IRF7"], "ap1": ["FOS", "JUNB", "EGR1"]}
    extra = project.config("more.yaml", {"datasets": {"cells": {"variables": {"list": more}}}})
    plan = project.plan(*project.configs, extra)
    assert plan == {"describe": 1, "project": 1, "embed": 3, "estimate": 3, "collect": 1, **LAST}


def test_fewer_pairs_leave_other_tiles_alone(project):
    pairs = {"between": [["b_cell"], ["cytotoxic"]]}
    extra = project.config("pairs.yaml", {"datasets": {"cells": {"pairs": pairs}}})
    # The pair is all that tile 0-0 holds; the other two tiles are wanted no more.
    assert project.plan(*project.configs, extra) == {"collect": 1, **LAST}


def test_a_deleted_tile_is_made_again_and_nothing_else(project):
    tile = project.folder / "results/short/cells/estimates/tile-000-001.h5"
    there = tile.read_bytes()
    tile.unlink()
    plan = project.plan(*project.configs)
    tile.write_bytes(there)
    assert plan == {"estimate": 1, "collect": 1, **LAST}
    project.snakemake("--cores", "1", "--touch", *project.configs)


def test_order_of_keys_reruns_nothing(project):
    config = yaml.safe_load((project.folder / SHORT).read_text())
    config["datasets"]["table"] = {"pairs": "all", "source": "table.csv"}
    config["datasets"]["neurons"] = dict(reversed(config["datasets"]["neurons"].items()))
    moved = {key: config[key] for key in reversed(config)}
    output = project.snakemake("-n", "--configfile", project.config("moved.yaml", moved))
    assert "Nothing to be done" in output


# ---- messages


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blok_size": 4}, ["blok_size", "block_size"]),
        ({"estimate": {"k": "3"}}, ["estimate.k", "whole number"]),
        ({"datasets": {"table": {"source": "tabel.csv"}}}, ["tabel.csv", "table.csv"]),
        ({"datasets": {"table": {"variables": {"list": ["goood"]}}}}, ["goood", "good"]),
    ],
)
def test_bad_config_ends_in_one_message(project, change, words):
    extra = project.config("bad.yaml", change)
    output = project.snakemake("--cores", "1", *project.configs, extra, fails=True)
    assert "Traceback" not in output
    messages = re.findall(r"^lmi-workflow: .*$", output, re.MULTILINE)
    assert len(messages) == 1
    for word in words:
        assert word in messages[0]


def test_bad_data_end_in_a_message_on_the_screen_and_in_the_log(fresh):
    rows = "\n".join(f"{i % 7},{i % 11}" for i in range(150))
    (fresh.folder / "holes.csv").write_text(f"a,b\n{rows}\n,3\n")
    config = {"run": "holes", "datasets": {"holes": {"source": "holes.csv"}}}
    config = fresh.config("holes.yaml", config)
    output = fresh.snakemake("--cores", "1", "--configfile", config, fails=True)
    assert "Traceback" not in output
    assert "project: " in output
    log = (fresh.folder / "results/holes/logs/project/holes/block-000.log").read_text()
    for text in (output, log):
        assert "1 missing values" in text
        assert "drop_samples" in text


# ---- the cache


def taken(results):
    """Return how many files of each stage came from the cache, by the logs of the jobs."""
    stages = ("project", "embed", "estimate")
    logs = {stage: list((results / "logs" / stage).rglob("*.log")) for stage in stages}
    return {s: sum("taken from" in log.read_text() for log in logs[s]) for s in stages}


def test_runs_share_blocks_embeddings_and_estimates(fresh):
    config = yaml.safe_load((fresh.folder / SHORT).read_text())
    config["datasets"] = {"cells": config["datasets"]["cells"]}
    config |= {"run": "one", "cache": "shared"}

    def run(name, *targets, cores="2", **changes):
        made = fresh.config(f"{name}.yaml", config | changes)
        fresh.snakemake("--cores", cores, "--configfile", made, "--", *targets)
        return fresh.folder / "results" / name

    def table(name, **changes):
        return run(name, f"results/{name}/mi.tsv", run=name, **changes)

    one = run("one")
    assert taken(one) == {"project": 0, "embed": 0, "estimate": 0}
    # the same data and settings: nothing is computed
    two = table("two")
    assert taken(two) == {"project": 2, "embed": 3, "estimate": 3}
    assert (two / "mi.tsv").read_bytes() == (one / "mi.tsv").read_bytes()
    # another k: embeddings are shared, estimates are not
    three = table("three", estimate={"k": 4})
    assert taken(three) == {"project": 2, "embed": 3, "estimate": 0}
    # one core gives what two did, one thread what two did
    alone = table("alone", cores="1", cache=False)
    tables = [
        pd.read_csv(made / "mi.tsv", sep="\t").drop(columns="seconds") for made in (one, alone)
    ]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    # switching the cache on or off reruns nothing but the report, which shows the config
    off = fresh.config("off.yaml", config | {"cache": False})
    assert fresh.plan("--configfile", off) == {"report": 1, "run_record": 1}


# ---- targets and other ways to run


def test_snakemake_report(project):
    project.snakemake(*project.configs, "--report", "all.html")
    page = (project.folder / "all.html").read_text()
    assert "heatmap-cells.png" in page
    assert "mi.tsv" in page


def test_benchmark_target(project):
    project.snakemake("benchmark", "--cores", "2", *project.configs)
    results = project.folder / "results/short"
    rows = pd.read_csv(results / "benchmark.tsv", sep="\t")
    assert set(rows["figure"]) == {"gaussian_grid"}
    assert dict(rows["estimator"].value_counts()) == {"default": 3, "cca": 3}
    assert rows["error_bits"].abs().max() < 0.2
    judged = pd.read_csv(results / "benchmark_verdict.tsv", sep="\t")
    assert list(judged["estimator"]) == ["default", "cca"]
    for suffix in ("tsv", "png", "svg"):
        assert (results / f"benchmark/gaussian_grid.{suffix}").exists()
    assert "gaussian grid" in (results / "benchmark.html").read_text()
    again = project.snakemake("benchmark", "--cores", "2", *project.configs)
    assert "Nothing to be done" in again


def test_a_figure_and_an_estimator_are_one_file_each_as_the_readme_shows(fresh):
    readme = (ROOT / "docs/benchmarks.md").read_text()
    files = re.findall(r"```python\n# (workflow/lmi/\S+)\n(.*?)```", readme, re.DOTALL)
    assert len(files) == 2
    for path, content in files:
        (fresh.folder / path).write_text(content)
    command = re.search(r"--config '(benchmark=\{figures: \[echo\].*?\})'", readme).group(1)
    own = {"run": "own", "datasets": {"d": {"task": {"name": "noisy_circle"}}}}
    config = fresh.config("own.yaml", own)
    fresh.snakemake("benchmark", "--cores", "2", "--configfile", config, "--config", command)
    rows = pd.read_csv(fresh.folder / "results/own/benchmark.tsv", sep="\t")
    assert dict(rows["estimator"].value_counts()) == {"default": 3, "correlation": 3}
    assert rows["error_bits"].abs().max() < 0.15
    assert (fresh.folder / "results/own/benchmark/echo.png").exists()


def test_anndata_target(project):
    output = project.snakemake("anndata", "--cores", "2", *project.configs)
    assert "annotate cells" in output
    exports = project.folder / "results/short/exports"
    assert [path.parent.name for path in exports.glob("*/annotated.h5ad")] == ["cells"]
    copy = anndata.read_h5ad(exports / "cells/annotated.h5ad")
    rows = pd.read_csv(project.folder / "results/short/mi.tsv", sep="\t")
    pairs = rows[(rows["dataset"] == "cells") & rows["significant"]]
    bits = {f"lmi {row.x} | {row.y}": row.mi_bits for row in pairs.itertuples()}
    found = {name: copy.obs[name].mean() for name in copy.obs if name in bits}
    assert found == pytest.approx(bits, rel=1e-5)
    said = project.snakemake("anndata", "--cores", "1", "--configfile", "table.yaml", fails=True)
    assert "expected a dataset whose source is one .h5ad file, found none among table" in said


def test_calibrate_target(project):
    few = {"calibrate": {"levels_bits": [0, 1.0], "n_pairs": 2}}
    configs = (*project.configs, project.config("few.yaml", few))
    plan = {"calibrate_dataset": 4, "calibrate": 1}
    assert project.plan("calibrate", *configs) == plan
    output = project.snakemake("calibrate", "--cores", "2", *configs)
    assert "neurons: " in output
    assert "time series re-paired" in output
    results = project.folder / "results/short"
    rows = pd.read_csv(results / "calibration.tsv", sep="\t")
    # tasks are left out; of the three pairs of `table`, those with the constant
    assert dict(rows["dataset"].value_counts()) == dict.fromkeys(
        ("cells", "neurons", "neurons_shifted", "table"), 4
    )
    summary = pd.read_csv(results / "calibration_summary.tsv", sep="\t")
    assert (summary.loc[summary["truth_bits"] == 1.0, "power"] == 1.0).all()
    assert (results / "figures/calibration.svg").exists()
    steps = project.config("steps.yaml", {"embed": {"max_steps": 61}})
    assert project.plan("calibrate", *configs, steps) == plan


def test_embeddings_are_temporary_when_not_kept(fresh):
    task = {"task": {"name": "projected_gaussian", "n_samples": 300, "ambient": 3}}
    keep = {"embeddings": False, "pointwise": False}
    config = {"run": "thin", "datasets": {"d": task}, "keep": keep, "embed": {"max_steps": 5}}
    fresh.snakemake("--cores", "1", "--configfile", fresh.config("thin.yaml", config))
    results = fresh.folder / "results/thin/d"
    assert not list(results.rglob("embeddings/*.h5"))
    with h5py.File(results / "estimates/tile-000-000.h5") as estimates:
        assert "pointwise" not in estimates
    again = fresh.snakemake("--cores", "1", "--configfile", "thin.yaml")
    assert "Nothing to be done" in again


def test_own_config_stands_alone_and_a_shorter_one_changes_the_demo(fresh):
    own = {"run": "own", "datasets": {"d": {"task": {"name": "projected_gaussian"}}}}
    assert fresh.plan("--configfile", fresh.config("own.yaml", own))["project"] == 1
    demo = fresh.plan()
    assert demo["project"] > 1
    assert fresh.plan("--config", "run=other") == demo
    # nested values have the types of a file, and change single keys of it
    assert fresh.plan("--config", "estimate={k: 5}", "keep={embeddings: false}") == demo
    shifts = "datasets={documented_example: {task: {n_samples: 500}}}"
    assert fresh.plan("--config", shifts) == demo


def test_slurm_profile_plans_the_same_jobs_with_a_gpu_for_embed_alone(fresh):
    local = fresh.plan("--configfile", SHORT)
    assert fresh.plan("--profile", "slurm", "--configfile", SHORT) == local
    profile = yaml.safe_load((fresh.folder / "slurm/profile.yaml").read_text())
    assert profile["executor"] == "slurm"
    assert [rule for rule, own in profile["set-resources"].items() if "gpu" in own] == ["embed"]


def test_workflow_is_usable_as_a_module(fresh):
    (fresh.folder / "outer.smk").write_text(
        "import yaml\n"
        "module lmi:\n"
        '    snakefile: "workflow/Snakefile"\n'
        f'    config: yaml.safe_load(open("{SHORT}"))\n'
        "use rule * from lmi as lmi_*\n"
        "rule mine:\n"
        "    default_target: True\n"
        "    input: rules.lmi_all.input\n"
    )
    plan = fresh.plan("--snakefile", "outer.smk")
    assert plan["lmi_embed"] == 8
