"""The benchmark: cells and plan, one small run of it, and what a failing estimator leaves."""

import types

import numpy as np
import pandas as pd
import pytest
from lmi import tasks
from lmi.base.errors import InputError
from lmi.benchmarks import page as benchmark_page
from lmi.benchmarks import plan as benchmark
from lmi.benchmarks import published
from lmi.benchmarks.estimators import ESTIMATORS
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import project
from lmi.planning import config

SMOKE = {"scale": "smoke", "figures": [], "estimators": [], "seeds": [0]}


@pytest.mark.parametrize("scale", ["smoke", "quick", "full"])
def test_every_cell_is_a_valid_task_and_none_comes_twice(scale, tmp_path):
    images = tmp_path / "images.csv"
    images.touch()
    for figure, module in published.FIGURES.items():
        cells = published.cells(figure, scale)
        assert len(cells) == len(module.cells(scale))
        for cell in cells.values():
            params = dict(cell["params"])
            if "path" in params:  # a rule makes it
                assert params["path"] in np.atleast_1d(module.RESOURCE)
                params["path"] = str(images)
            assert tasks.check(cell["task"], **params)["n_samples"] == cell["n_samples"]


def test_full_scale_is_the_published_design():
    sizes = {figure: len(published.cells(figure, "full")) for figure in published.FIGURES}
    assert sizes["gaussian_grid"] == 1350
    assert sizes["sample_complexity"] == 1500
    assert sizes["mnist"] == 200
    assert sizes["symmetries"] == 100
    assert sizes["regularisers"] == 100
    assert sizes["transforms"] == 135


def test_a_quick_grid_is_balanced_and_cells_share_no_random_numbers():
    cells = published.cells("gaussian_grid", "quick").values()
    for axis, n_levels in (("intrinsic", 9), ("mi_bits", 10)):
        counts = pd.Series([cell["params"][axis] for cell in cells]).value_counts()
        assert len(counts) == n_levels
        assert counts.max() <= 1.6 * len(cells) / n_levels
    assert len({cell["draw"] for cell in cells}) == len(cells)


def test_balanced_takes_from_each_group_and_repeats_itself():
    everything = [(group, i) for group in "abc" for i in range(10)]
    chosen = published.balanced(everything, 6, lambda pair: pair[0])
    assert [group for group, _ in chosen] == list("aabbcc")
    assert chosen == published.balanced(everything, 6, lambda pair: pair[0])
    assert chosen != published.balanced(everything, 6, lambda pair: pair[0], seed=1)
    assert published.balanced(everything, 99, lambda pair: pair[0]) == everything


def test_plan_holds_every_row_once_in_blocks_of_limited_size():
    settings = SMOKE | {"scale": "full", "figures": ["gaussian_grid"], "seeds": [0, 1]}
    plan = benchmark.plan(settings)
    assert set(plan["data"]) == {f"benchmark/gaussian_grid/n-2000/seed-{s}" for s in (0, 1)}
    for data in plan["data"].values():
        flat = [name for block in data["blocks"] for name in block]
        assert sorted(flat) == sorted(data["cells"])
        for block in data["blocks"]:
            values = sum(4000 * data["cells"][name]["width"] for name in block)
            assert len(block) == 1 or values <= benchmark.BLOCK_VALUES
    n_estimators = len(benchmark.estimators_of("gaussian_grid", settings))
    assert len(plan["rows"]) == 2 * 1350 * n_estimators
    assert not any(name.endswith("conservative") for name in plan["runs"])


def test_variants_with_equal_settings_are_computed_once():
    plan = benchmark.plan(SMOKE | {"scale": "smoke"})
    name = "benchmark/smoke/n-1000/seed-0/paper-paper-n_latent-2"
    figures = {row[0] for row in plan["rows"] if row[1] == "paper_2"}
    assert figures == {"latent_dimension", "loss_vs_estimate"}
    assert len(plan["runs"][name]["cells"]) == 2
    settings = plan["runs"][name]["settings"]
    assert settings["paper"] == {
        "regulariser": "cross",
        "min_features": 50,
        "n_latent": 2,
        **ESTIMATORS["paper"].SMOKE["paper"],
    }


def test_costly_estimators_get_the_same_part_of_the_cells_at_quick():
    parts = [
        benchmark.cells_for("gaussian_grid", name, {"estimator": name}, "quick")
        for name in ("mine", "latentmi", "default")
    ]
    assert set(parts[1]) < set(parts[0]) < set(parts[2])
    assert len(parts[0]) == len(parts[2]) // ESTIMATORS["mine"].SHARE
    spec = {"estimator": "paper"}
    assert len(benchmark.cells_for("mnist", "paper", spec, "quick")) == ESTIMATORS["paper"].LEAST


def test_very_costly_estimators_are_in_few_figures_at_quick_but_as_variants():
    def names(figure, scale):
        return set(benchmark.estimators_of(figure, SMOKE | {"scale": scale, "estimators": []}))

    assert "nwj" in names("symmetries", "quick")
    assert "nwj" not in names("proteins", "quick")
    assert "nwj" in names("proteins", "full")
    assert "infonce" not in names("proteins", "quick")
    assert "infonce_16" in names("critic_size", "quick")


def test_default_is_the_default_preset_whatever_the_config_has():
    plan = benchmark.plan(SMOKE | {"estimators": ["default", "conservative"]})
    assert {job["settings"].get("preset") for job in plan["runs"].values()} == {"default"}


def test_nothing_to_estimate_is_told():
    settings = SMOKE | {"figures": ["assumptions"], "estimators": ["ksg"]}
    with pytest.raises(InputError, match="nothing to estimate"):
        benchmark.plan(settings)


def test_a_key_that_means_nothing_is_told(monkeypatch):
    bad = types.SimpleNamespace(
        cells=lambda scale: [{"task": "noisy_circle", "n_samples": 200, "nois": 0.5}]
    )
    monkeypatch.setitem(published.FIGURES, "bad", bad)
    with pytest.raises(InputError, match=r"'bad'.*found 'nois'"):
        published.cells("bad", "smoke")


def test_a_failing_estimator_leaves_a_row_with_its_reason(tmp_path, monkeypatch):
    def estimate(x, y, seed):
        if len(x) > 150:
            raise MemoryError("too\nlarge")
        return {"mi_bits": 0.5}

    monkeypatch.setitem(ESTIMATORS, "broken", types.SimpleNamespace(estimate=estimate))
    cells = {n: {"name": "noisy_circle", "n_samples": n, "seed": 3} for n in (120, 200)}
    benchmark.call(tmp_path / "t.tsv", estimator="broken", tasks=cells, settings={})
    rows = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    assert rows["mi_bits"][0] == 0.5
    assert np.isnan(rows["mi_bits"][1])
    assert rows["reason"][1] == "MemoryError: too large"
    assert rows["truth_bits"].nunique() == 1


TINY = types.SimpleNamespace(
    __doc__="Tiny.\n\nTwo `tasks`, x < y.",
    TITLE="Tiny",
    SOURCE="figure 0",
    ESTIMATORS=["default", "conservative", "cca"],
    cells=lambda scale: [
        {"task": "projected_gaussian", "n_samples": 200, "ambient": 3, "covariance": 4.0},
        {"task": "noisy_circle", "n_samples": 200, "draw": 1},
    ],
)


def run(folder, settings):
    """Run the stages of a plan, as the rules do."""
    defaults = config.load({"datasets": {"d": {"task": {"name": "noisy_circle"}}}})
    plan = benchmark.plan(settings)
    for name, data in plan["data"].items():
        for b, block in enumerate(data["blocks"]):
            cells = {c: benchmark.task_of(data["cells"][c], data["seed"]) for c in block}
            project(
                folder / name / f"block-{b}.h5",
                dataset={"cells": cells},
                dataset_name=name,
                variables=[{"name": v, "features": []} for v in benchmark.variables(block)],
                settings=defaults["project"],
                seed=data["seed"],
            )
    for name, job in plan["runs"].items():
        data = plan["data"][job["data"]]
        for b in benchmark.used_blocks(data, job):
            block = folder / job["data"] / f"block-{b}.h5"
            tile = f"tile-{b:03d}-{b:03d}.h5"
            embed(
                folder / name / tile,
                block,
                block,
                pairs=benchmark.pairs(data["blocks"][b], job["cells"]),
                settings=benchmark.merged(defaults["embed"], job["settings"]),
                seed=data["seed"],
            )
            estimate(
                folder / name / "estimates" / tile,
                folder / name / tile,
                settings=defaults["estimate"] | {"error_bars": False, "permutations": NO_P},
                seed=data["seed"],
                keep_pointwise=False,
            )
    for name, job in plan["functions"].items():
        data = plan["data"][job["data"]]
        for b in benchmark.used_blocks(data, job):
            cells = {c: benchmark.task_of(data["cells"][c], data["seed"]) for c in job["cells"]}
            benchmark.call(
                folder / name / f"block-{b:03d}.tsv",
                estimator=job["estimator"],
                tasks=cells,
                settings=job["settings"],
            )


NO_P = {"max": 0, "scheme": "auto", "block_length": 0, "tail_fit": True}


def test_a_small_benchmark_twice_gives_the_same_files_but_for_times(tmp_path, monkeypatch):
    monkeypatch.setitem(published.FIGURES, "tiny", TINY)
    settings = {
        "scale": "smoke",
        "figures": ["tiny"],
        "estimators": ["default", "conservative", "cca"],
        "seeds": [0, 1],
    }
    tables = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        run(folder, settings)
        benchmark_page.write(settings, folder, folder)
        for name in ("benchmark.tsv", "benchmark_verdict.tsv"):
            table = pd.read_csv(folder / name, sep="\t")
            tables.append(table.drop(columns=[c for c in benchmark_page.TIMES if c in table]))
    pd.testing.assert_frame_equal(tables[0], tables[2], check_exact=True)
    pd.testing.assert_frame_equal(tables[1], tables[3], check_exact=True)
    rows = tables[0]
    assert len(rows) == 2 * 2 * 3
    # truth is the pair's own, in one block
    truths = rows.groupby("cell")["truth_bits"].unique()
    assert sorted(round(float(t[0]), 2) for t in truths) == [0.71, 1.04]
    assert not rows["mi_bits"].isna().any(), rows[["cell", "estimator", "reason"]].to_string()
    page = (tmp_path / "one/benchmark.html").read_text()
    assert "Two <code>tasks</code>, x &lt; y." in page and "seeds 0, 1" in page
    assert "http://" not in page and 'src="data:image/png' in page
    assert (tmp_path / "one/benchmark/tiny.svg").exists()


def test_times_are_the_only_columns_that_may_differ():
    assert set(benchmark_page.TIMES) <= {*benchmark.COLUMNS, "median_seconds"}
