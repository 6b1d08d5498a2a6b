"""The accuracy benchmark: cells, rows, failures, summary."""

import pandas as pd
import pytest
from lmi import tasks
from lmi.base.errors import InputError
from lmi.benchmarks import accuracy
from lmi.benchmarks.estimators import ESTIMATORS


def test_all_cells_are_valid_tasks(tmp_path):
    images = tmp_path / "images.csv"
    images.touch()
    for cells in accuracy.FAMILIES.values():
        for task, parameters in cells:
            settings = {k: v for k, v in parameters.items() if k != "draw"}
            if "path" in settings:  # the benchmark downloads it first
                settings["path"] = str(images)
            tasks.check(task, **settings)
    assert len(accuracy.FAMILIES["gaussian_grid"]) == 1350
    assert len(accuracy.FAMILIES["gaussian_grid_tenth"]) == 135
    assert len(accuracy.FAMILIES["sample_complexity_high"]) == 50


def test_a_family_becomes_a_table_a_summary_and_a_figure(tmp_path, monkeypatch):
    cells = [("noisy_circle", {"n_samples": 300, "draw": d}) for d in (0, 1)]
    monkeypatch.setitem(accuracy.FAMILIES, "noisy_circle", cells)
    paths = []
    for estimator in ("ksg", "default"):
        paths.append(tmp_path / f"{estimator}.tsv")
        accuracy.run("noisy_circle", estimator, 1, paths[-1])
    out = [tmp_path / name for name in ("table.tsv", "summary.tsv", "figure.png")]
    accuracy.collect(paths, *out)
    table = pd.read_csv(out[0], sep="\t")
    assert len(table) == 4
    assert (table["error_bits"] - (table["mi_bits"] - table["truth_bits"])).abs().max() < 1e-4
    summary = pd.read_csv(out[1], sep="\t").set_index("estimator")
    assert summary.loc["default", "n"] == 2
    mine = table[table["estimator"] == "default"]
    z = (mine["mi_ksg_bits"] - mine["truth_bits"]) / mine["sd_ksg_bits"]
    assert abs(summary.loc["default", "worst_ksg_z"] - z.max()) < 0.01
    assert pd.isna(summary.loc["ksg", "worst_ksg_z"])
    # both estimators had the same samples, whose draw is not their error
    assert table["oracle_bits"].nunique() == 2
    assert summary["oracle_mae_bits"].nunique() == 1
    off = mine["mi_bits"] - mine["oracle_bits"]
    assert abs(summary.loc["default", "off_oracle_bits"] - off.abs().mean()) < 1e-3
    assert abs(summary.loc["default", "worst_over_oracle_bits"] - off.max()) < 1e-3
    assert summary.loc["ksg", "mae_bits"] < 0.2
    assert out[2].stat().st_size > 1000


def test_a_failing_cell_leaves_a_row_with_its_reason(tmp_path, monkeypatch):
    def broken(x, y, seed):
        raise ValueError("no luck")

    monkeypatch.setattr(ESTIMATORS["ksg"], "estimate", broken)
    monkeypatch.setitem(accuracy.FAMILIES, "noisy_circle", [("noisy_circle", {"n_samples": 100})])
    accuracy.run("noisy_circle", "ksg", 0, tmp_path / "t.tsv")
    row = pd.read_csv(tmp_path / "t.tsv", sep="\t").iloc[0]
    assert pd.isna(row["mi_bits"])
    assert "no luck" in row["reason"]


def test_unknown_family(tmp_path):
    with pytest.raises(InputError, match="expected one of"):
        accuracy.run("everything", "ksg", 0, tmp_path / "t.tsv")
