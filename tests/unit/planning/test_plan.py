"""The plan: datasets, jobs, files and resources, as plain values and without Snakemake."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lmi.benchmarks import peers
from lmi.planning import costs, datasets
from lmi.planning.config import load
from lmi.planning.plan import Plan
from lmi.planning.schema import defaults
from lmi.planning.tiles import TILES_PER_PART

NAMES = ("a", "b", "c", "d", "e")
SMOKE = {"figures": ["gaussian_grid"], "estimators": ["default", "paper", "cca"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder of its own, with a table of five features."""
    monkeypatch.chdir(tmp_path)
    write(NAMES)
    return tmp_path


def write(names, n_samples=200):
    values = np.random.default_rng(0).normal(size=(n_samples, len(names)))
    np.savetxt("table.csv", values, delimiter=",", header=",".join(names), comments="")


def plan(dataset=None, **sections):
    """Return the plan of a dataset called `d`, and of the benchmark."""
    d = {"source": "table.csv"} | (dataset or {})
    raw = {"run": "r", "block_size": 2, "datasets": {"d": d}, "benchmark": SMOKE} | sections
    return Plan(load(raw))


# ---- datasets of the config


def test_a_dataset_is_cut_into_blocks_and_tiles():
    d = plan().datasets["d"]
    assert [[variable.name for variable in block] for block in d.blocks] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
    ]
    # the last block holds one variable, so that it makes no pair with itself
    assert d.tiles == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
    assert d.estimate_files()[2] == "results/r/d/estimates/tile-000-002.h5"
    assert d.part_files() == ["results/r/d/parts/part-000.h5"]
    assert (d.n_samples, d.n_features, d.n_rows(0, 1)) == (200, 1, 4)


def test_other_groups_leave_the_blocks_alone_and_change_the_estimates():
    Path("groups.csv").write_text("c\n" + "a\n" * 160 + "b\n" * 160 + "d\n" * 160)
    write(NAMES, n_samples=480)
    compare = {"column": "c", "table": "groups.csv", "groups": ["a", "b"]}
    plans = [plan({"compare": compare | {"groups": ["a", one]}}) for one in "bd"] + [plan()]
    tile = {"dataset": "d", "x": "000", "y": "001"}
    for stage, wildcards in (("project", {"dataset": "d", "block": "000"}), ("embed", tile)):
        jobs = [one.job(stage, **wildcards) for one in plans]
        assert all(job.settings == jobs[0].settings for job in jobs)
        assert all(job.data == jobs[0].data for job in jobs)
    estimates = [one.job("estimate", **tile) for one in plans]
    assert [job.group_files for job in estimates] == [["groups.csv"], ["groups.csv"], []]
    assert estimates[0].compare != estimates[1].compare
    assert estimates[2].compare is None
    assert estimates[0].asked_blocks == [estimates[0].x, estimates[0].y]
    assert estimates[0].cost()["seconds"] > estimates[2].cost()["seconds"] + 4
    assert "groups.csv" not in plans[0].job("project", dataset="d", block="000").sources
    assert "groups.csv" in plans[0].job("describe", dataset="d").sources
    assert "results/r/exports/d/delta_bits.tsv" in plans[0].exports()


def test_what_is_asked_of_pairs_in_time_leaves_the_description_of_the_data_alone():
    write(NAMES, n_samples=480)
    asked = ({}, {"lags": [0, 1]}, {"transfer": {"lags": [1], "history": 1}})
    plans = [plan({"time_series": True} | one) for one in asked]
    described = [one.job("describe", dataset="d").data for one in plans]
    assert described[1] == described[2] == described[0]


def test_transfer_is_told_with_its_cost_and_the_block_of_what_is_given():
    write(NAMES, n_samples=480)
    series = {"time_series": True, "transfer": {"lags": [3, 1], "history": 2}}
    one, given = plan(series), plan(series | {"given": {"variable": "e"}})
    jobs = [its.job("estimate", dataset="d", x="000", y="001") for its in (one, given)]
    assert jobs[0].transfer["lags"] == [1, 3]
    assert jobs[0].transfer["variable"] is None
    assert jobs[1].transfer["variable"] == "e"
    assert jobs[1].asked_blocks[2] == "results/r/d/variables/block-002.h5"
    alone = plan({"time_series": True}).job("estimate", dataset="d", x="000", y="001")
    assert jobs[0].cost()["seconds"] > alone.cost()["seconds"] + 6 * 4
    assert one.asked() == {"d": ["transfer"]}
    assert "results/r/exports/d/transfer.graphml" in one.exports()


def test_nothing_is_read_until_it_is_asked_for(monkeypatch):
    config = load({"block_size": 2, "datasets": {"d": {"source": "table.csv"}}})
    read = []
    monkeypatch.setattr(datasets, "list_variables", lambda d: read.append("variables") or [])
    monkeypatch.setattr(datasets, "count_samples", lambda d: read.append("samples"))
    d = Plan(config).datasets["d"]
    assert read == []
    assert (d.blocks, d.blocks, d.variables, read) == ([], [], [], ["variables"])
    assert (d.n_samples, d.n_samples, read) == (10_000, 10_000, ["variables", "samples"])


def test_planning_loads_neither_torch_nor_matplotlib_nor_snakemake():
    heavy = ("torch", "matplotlib", "snakemake", "scipy", "pandas", "sklearn")
    code = f"import sys, lmi.planning.plan; print([m for m in {heavy} if m in sys.modules])"
    environment = {"PYTHONPATH": str(Path(datasets.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.stdout.split() == [b"[]"], done.stderr


# ---- jobs of the three stages


def test_a_job_on_a_block_gets_its_own_variables_and_the_data():
    job = plan().job("project", dataset="d", block="001")
    assert job.sources == ["table.csv"]
    assert [variable["name"] for variable in job.variables] == ["c", "d"]
    assert job.data["variables"] == "each"
    assert job.settings == defaults("project")
    assert list(job.settings) == sorted(job.settings)
    assert job.seed == 0


def test_pairs_lags_and_other_variables_leave_a_block_alone():
    def params(dataset):
        job = plan(dataset).job("project", dataset="d", block="000")
        return job.data, job.variables, job.settings, job.seed

    series = {"time_series": True, "variables": {"list": ["a", "b", "c"]}}
    before = params(series)
    assert params(series | {"lags": [0, 1], "pairs": {"between": [["a"], ["*"]]}}) == before
    assert params(dict(reversed((series | {"variables": {"list": list(NAMES)}}).items()))) == before


def test_variables_that_are_files_say_so():
    Path("other.csv").write_text(Path("table.csv").read_text())
    d = {"source": ["table.csv", "other.csv"], "variables": "files"}
    job = plan(d).job("project", dataset="d", block="000")
    assert job.data["variables"] == "files"
    assert job.sources == ["table.csv", "other.csv"]


def test_a_job_on_a_tile_gets_two_blocks_and_its_pairs():
    job = plan().job("embed", dataset="d", x="000", y="001")
    assert job.x == "results/r/d/variables/block-000.h5"
    assert job.y == "results/r/d/variables/block-001.h5"
    assert job.pairs == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert job.lags == [0]
    assert job.sizes == {"n_samples": 200, "n_features": 1, "n_variables": 4, "n_pairs": 4}


def test_a_tile_on_the_diagonal_counts_its_variables_once_and_lags_multiply_its_rows():
    d = {"time_series": True, "lags": [-1, 0, 1]}
    job = plan(d).job("estimate", dataset="d", x="000", y="000")
    assert (job.pairs, job.lags) == ([[0, 1]], [-1, 0, 1])
    assert (job.sizes["n_variables"], job.sizes["n_pairs"]) == (2, 3)


def test_pointwise_values_are_kept_as_the_config_says():
    for kept in (True, False):
        keep = {"pointwise": kept, "embeddings": True}
        job = plan(keep=keep).job("estimate", dataset="d", x="000", y="000")
        assert job.keep_pointwise is kept


def test_what_many_pairs_would_take_is_not_kept_and_the_run_says_so(monkeypatch):
    few = plan()
    assert few.kept == {"embeddings": True, "pointwise": True}
    assert "keep" not in few.asks_for()
    monkeypatch.setattr(datasets, "KEEP_MB", 1e-3)
    many = plan()
    assert many.kept == {"embeddings": False, "pointwise": False}
    assert not many.job("estimate", dataset="d", x="000", y="000").keep_pointwise
    assert "keep.pointwise is auto" in many.asks_for()
    asked = plan(keep={"pointwise": True, "embeddings": False})
    assert asked.kept == {"embeddings": False, "pointwise": True}
    assert "keep" not in asked.asks_for()


@pytest.mark.parametrize(
    ("dataset", "sections", "narrow"),
    [
        ({}, {}, True),
        ({"time_series": True}, {}, False),
        ({"variables": {"list": {"ab": ["a", "b"], "c": ["c"]}}}, {}, False),
        ({}, {"embed": {"train": "always"}}, False),
        ({}, {"embed": {"preset": "ksg"}}, False),
    ],
)
def test_pairs_of_single_features_are_planned_as_cheap_ones(dataset, sections, narrow):
    d = plan(dataset, **sections).datasets["d"]
    assert d.is_narrow is narrow


def test_blocks_of_no_named_size_follow_from_the_number_of_variables():
    raw = {"datasets": {"d": {"source": "table.csv"}}}
    write([f"v{number}" for number in range(140)])
    assert [len(block) for block in Plan(load(raw)).datasets["d"].blocks] == [32] * 4 + [12]


# ---- resources


@pytest.mark.parametrize(
    "rule",
    ["project", "embed", "estimate", "collect", "aggregate", "report", "export", "run_record"],
)
def test_resources_are_whole_numbers_that_grow_with_the_attempt(rule):
    numbers = {"project": {"block": "000"}, "collect": {"part": "000"}}
    numbers |= {stage: {"x": "000", "y": "001"} for stage in ("embed", "estimate")}
    own = {"dataset": "d", **numbers[rule]} if rule in numbers else {}
    job = plan().job(rule, **own)
    for first, second in (
        (job.mem_mb(1, 1), job.mem_mb(2, 1)),
        (job.runtime(1, 1), job.runtime(2, 1)),
    ):
        assert type(first) is int
        assert 0 < 2 * first == second
    assert type(job.expected_s) is int
    assert job.expected_s >= 1
    assert job.expected_mb >= 1


def test_a_source_that_is_read_in_parts_needs_no_memory_of_its_size():
    def needed(n_samples, **keys):
        np.save("wide.npy", np.random.default_rng(0).normal(size=(n_samples, n_samples)))
        made = plan({"source": "wide.npy", "variables": {"list": ["f0", "f1"]}} | keys)
        return made.job("project", dataset="d", block="000").mem_mb(1, 1)

    megabytes = (900**2 - 300**2) * 8 / 1e6
    assert needed(900) - needed(300) < megabytes
    turned = needed(900, transpose=True) - needed(300, transpose=True)
    assert turned >= 6 * megabytes - 1


def test_a_source_is_read_whole():
    before = plan().job("project", dataset="d", block="000").mem_mb(1, 1)
    more = 3_000_000  # still small enough for its rows to be counted
    with open("table.csv", "ab") as file:
        file.write(b"\n" * more)
    after = plan().job("project", dataset="d", block="000").mem_mb(1, 1)
    assert after - before == pytest.approx(6 * more / 1e6, abs=2)


def test_longer_jobs_get_more_threads_but_those_of_paper(monkeypatch):
    def threads(seconds, **embed):
        cost = dict.fromkeys(costs.QUANTITIES, seconds)
        monkeypatch.setattr(costs, "embed", lambda *settings, **sizes: cost)
        return plan(embed=embed).job("embed", dataset="d", x="000", y="001").threads

    assert [threads(seconds) for seconds in (5, 600, 1300, 9999)] == [1, 2, 3, 4]
    assert threads(9999, preset="paper") == 1


# ---- tables


def test_parts_hold_every_tile_once():
    write([f"v{number}" for number in range(24)])
    big = plan(block_size=1)
    d = big.datasets["d"]
    assert len(d.tiles) == 276 > TILES_PER_PART
    assert big.parts() == [f"results/r/d/parts/part-{part:03d}.h5" for part in (0, 1)]
    parts = [big.job("collect", dataset="d", part=f"{part:03d}") for part in (0, 1)]
    assert [len(part.estimates) for part in parts] == [TILES_PER_PART, 26]
    assert parts[0].estimates + parts[1].estimates == big.estimates() == d.estimate_files()
    rows = [sum(dataset.n_rows(x, y) for dataset, x, y in part.tiles) for part in parts]
    assert sum(rows) == 24 * 23 // 2
    assert big.job("aggregate").cost() == costs.of("aggregate", n_rows=sum(rows))


# ---- the benchmark


def test_the_benchmark_and_the_user_have_datasets_of_one_kind():
    both = plan()
    benchmark = [name for name in both.datasets if name != "d"]
    assert benchmark
    assert both.own == [both.datasets["d"]]
    drawn = {both.datasets[name].folder: both.datasets[name] for name in both.benchmark["data"]}
    for name in benchmark:
        dataset = both.datasets[name]
        assert all(both.job("project", dataset=name, block="000").data["cells"])
        for x, y in dataset.tiles:
            job = both.job("embed", dataset=name, x=f"{x:03d}", y=f"{y:03d}")
            block = drawn[dataset.projected].blocks[x]
            assert [block[i].name.rpartition(".")[0] for i, _ in job.pairs] == [
                block[j].name.rpartition(".")[0] for _, j in job.pairs
            ]
            assert job.x == job.y == f"{dataset.projected}/variables/block-{x:03d}.h5"
            assert job.sizes["n_pairs"] == len(job.pairs) > 0


def test_what_is_drawn_has_no_estimates_and_each_run_estimates_it():
    both = plan()
    for name in both.benchmark["data"]:
        assert both.datasets[name].estimate_files() == []
    runs = [both.datasets[name] for name in both.benchmark["runs"]]
    assert [path for run in runs for path in run.estimate_files()] == both.benchmark_estimates()
    assert not set(both.benchmark_estimates()) & set(both.estimates())


def test_the_benchmark_has_default_settings_whatever_the_user_sets():
    own = plan(seed=5, embed={"n_latent": 3}, estimate={"k": 7}, project={"clip": 4.0})
    run = next(name for name in own.benchmark["runs"] if name.endswith("/default"))
    job = own.job("estimate", dataset=run, x="000", y="000")
    expected = defaults("estimate") | {"error_bars": False}
    expected["permutations"] = expected["permutations"] | {"max": 0}
    assert job.settings == expected
    assert (job.seed, job.keep_pointwise) == (0, False)
    embed = own.job("embed", dataset=run, x="000", y="000").settings
    assert embed["n_latent"] == defaults("embed")["n_latent"]
    assert own.job("project", dataset=run, block="000").settings == defaults("project")
    assert own.job("estimate", dataset="d", x="000", y="000").settings["k"] == 7
    assert own.job("estimate", dataset="d", x="000", y="000").seed == 5


def test_a_run_changes_the_settings_that_its_estimator_names():
    both = plan()
    run = next(name for name in both.benchmark["runs"] if name.endswith("/paper"))
    assert both.job("embed", dataset=run, x="000", y="000").settings["preset"] == "paper"


def test_a_function_estimates_its_cells_as_tasks():
    both = plan()
    assert both.functions
    for name, function in both.functions.items():
        assert function.tables() == [f"results/r/{name}/block-000.tsv"]
        job = both.job("benchmark_function", function=name, block="000")
        assert set(job.tasks) == function.job["cells"]
        assert (job.estimator, job.sources, job.environment) == ("cca", [], [])
        assert job.settings == {}
        assert job.runtime(1, 1) == 240
        assert job.mem_mb(2, 1) == 2 * job.mem_mb(1, 1) > 4000


def test_a_released_package_gets_its_timeout_for_each_cell():
    both = plan(benchmark={"figures": ["gaussian_grid"], "estimators": ["latentmi"]})
    (name,) = both.functions
    job = both.job("benchmark_function", function=name, block="000")
    assert job.environment == ".latentmi/.installed"
    assert job.runtime(1, 1) == max(240, 30 + len(job.tasks) * peers.TIMEOUT_S // 60)


# ---- calibration


def test_a_calibration_takes_chosen_pairs_and_their_blocks():
    task = {"task": {"name": "projected_gaussian", "n_samples": 500, "ambient": 4}}
    both = plan(calibrate={"n_pairs": 2}, datasets={"d": {"source": "table.csv"}, "t": task})
    assert both.calibrations() == ["results/r/calibration/d.tsv"]
    job = both.job("calibrate_dataset", dataset="d")
    assert len(job.pairs) == 2
    held = [v.name for number in job.numbers for v in both.datasets["d"].blocks[number]]
    assert {name for pair in job.pairs for name in pair} <= set(held)
    assert job.blocks == [f"results/r/d/variables/block-{n:03d}.h5" for n in job.numbers]
    assert both.job("calibrate_dataset", dataset="d") is job
    assert job.mem_mb(1, 4) > job.mem_mb(1, 1)
    assert job.seed == 0


# ---- figures and words


def test_figures_of_a_key_are_those_of_datasets_that_have_it():
    d = {"source": "table.csv", "time_series": True}
    both = plan(datasets={"plain": d, "lagged": d | {"lags": [0, 1]}})
    assert both.with_figure("heatmap") == ["plain", "lagged"]
    assert both.with_figure("lags") == ["lagged"]
    assert both.with_figure("strata") == []
    names = [Path(path).stem for path in both.vector_figures()]
    assert len(names) == len(set(names)) == 4 + 5 + 3
    assert "lags-lagged" in names
    assert names[-3:] == ["distribution", "volcano", "truth"]


def test_a_plan_says_what_it_asks_for_and_where_results_lie(folder):
    both = plan()
    assert "run r: 1 datasets, 5 variables, 5 tiles -> results/r" in both.asks_for()
    (folder / "results/r").mkdir(parents=True)
    (folder / "results/r/mi.tsv").touch()
    assert both.done() == "lmi-workflow: done. table: results/r/mi.tsv"


def test_a_rule_that_the_plan_does_not_know_is_an_error():
    with pytest.raises(KeyError, match="projekt"):
        plan().job("projekt", dataset="d", block="000")


# ---- direct pairs and targets


def test_direct_pairs_are_asked_in_jobs_that_follow_from_the_config():
    d = plan({"direct": {}}).datasets["d"]
    # ten pairs, each with three others
    assert d.n_triangles == 30
    assert d.direct_files() == ["results/r/d/direct/part-000.h5"]
    assert plan().datasets["d"].direct_files() == []
    few = plan({"direct": {"max_triangles": 7}})
    assert few.datasets["d"].n_triangles == 7
    job = few.job("direct", dataset="d", part="000")
    assert job.asks == {"part": 0, "n_parts": 1, "most": 7}
    assert job.level == 0.05 and set(job.settings) == {"embed", "estimate"}
    assert job.blocks == [f"results/r/d/variables/block-00{i}.h5" for i in range(3)]
    assert job.cost()["seconds"] > 0.7 * 7


def test_many_triangles_are_shared_among_jobs(monkeypatch):
    monkeypatch.setattr(datasets, "TRIANGLES_PER_JOB", 8)
    its = plan({"direct": {}})
    assert len(its.datasets["d"].direct_files()) == 4
    assert its.job("direct", dataset="d", part="003").asks["part"] == 3


def test_a_target_is_paired_with_every_other_variable_and_has_a_table():
    its = plan({"pairs": {"target": "c"}, "select": {"max_variables": 2}})
    d = its.datasets["d"]
    pairs = {
        (d.blocks[i][a].name, d.blocks[j][b].name)
        for i, j in d.tiles
        for a, b in d.list_pairs(i, j)
    }
    assert pairs == {("a", "c"), ("b", "c"), ("c", "d"), ("c", "e")}
    assert d.n_pairs == 4
    assert its.job("select", dataset="d").asks == {"target": "c", "most": 2}
    assert its.answers() == ["results/r/d/selection.h5"]
    assert "results/r/exports/d/targets.tsv" in its.exports()
    assert its.with_figure("select") == ["d"]
    assert "results/r/exports/d/targets.tsv" not in plan().exports()


def test_questions_about_pairs_read_no_data_anew():
    asking = plan({"pairs": {"target": "c"}, "select": {}}).job("project", dataset="d", block="000")
    assert asking.data == plan().job("project", dataset="d", block="000").data
