"""What was read of a dataset: the numbers, the words, and the file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lmi.data import file_overview, overview, overview_text
from lmi.planning import check
from lmi.planning.config import load


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table(n=120, **more):
    rng = np.random.default_rng(0)
    columns = {"cell": [f"c{i}" for i in range(n)], "a": rng.normal(size=n)}
    columns |= {"b": rng.poisson(3.0, n), "same": np.ones(n)} | more
    return pd.DataFrame(columns)


def described(dataset, **sections):
    config = load({"datasets": {"d": dataset}} | sections)
    return check.overviews(config)[0]


def test_a_table_is_counted():
    held = table()
    held["copy"] = held["a"]
    held["note"] = "good"
    held.loc[3, "b"] = np.nan
    held.iloc[7, 1:] = held.iloc[8, 1:]
    held.to_csv("t.csv", index=False)
    one = described({"source": "t.csv", "variables": {"list": ["a", "b"]}})
    (file,) = one.files
    assert (one.n_samples, one.n_variables, one.variables) == (120, 2, ["a", "b"])
    assert (file.n_samples, file.n_features, file.samples[0]) == (120, 5, "c0")
    assert file.features == ["a", "b", "same", "copy", "note"]
    assert (file.n_no_numbers, file.no_numbers) == (1, {"note": "text"})
    assert (file.n_missing, file.n_missing_features, file.n_missing_samples) == (1, 1, 1)
    assert (file.n_constant, file.constant) == (1, ["same"])
    assert (file.n_duplicate_features, file.duplicate_features) == (1, ["copy = a"])
    assert file.n_duplicate_samples == 1
    assert not file.whole and file.minimum < 0
    assert "1 missing values" in one.problems[0]


def test_what_stops_the_run_is_told_and_what_does_not_is_not():
    held = table()
    held.loc[3, "b"] = np.nan
    held.to_csv("t.csv", index=False)
    assert described({"source": "t.csv"}).problems
    dropped = described({"source": "t.csv"}, project={"missing": "drop_samples"})
    assert not dropped.problems
    assert dropped.n_samples == 119
    assert dropped.left_out == [[1, "missing values"]]


def test_files_joined_by_position_are_told():
    values = np.random.default_rng(0).normal(size=(120, 2))
    np.save("x.npy", values)
    np.save("y.npy", values + 1)
    one = described({"source": ["x.npy", "y.npy"], "variables": "files"})
    assert one.joined == "position" and one.n_features == [2, 2]
    assert any("joined by position" in warning for warning in one.warnings)
    assert any("names no features" in warning for warning in one.warnings)


def test_files_joined_by_name_say_how_many_samples_are_left_out():
    table().to_csv("x.csv", index=False)
    table()[10:].rename(columns={"a": "c", "b": "d", "same": "e"}).to_csv("y.csv", index=False)
    one = described({"source": ["x.csv", "y.csv"], "variables": {"list": ["a", "c"]}})
    assert one.joined == "name" and one.n_samples == 110
    assert one.left_out == [[10, "not in the other files"]]


def test_strata_are_counted_and_small_ones_told():
    batch = np.array(["one"] * 70 + ["two"] * 47 + ["three"] * 3)
    table(batch=batch).to_csv("t.csv", index=False)
    strata = {"table": "t.csv", "column": "batch"}
    dataset = {"source": "t.csv", "drop_columns": ["batch", "same"], "strata": strata}
    one = described(dataset)
    assert one.strata == {"one": 70, "two": 47, "three": 3}
    assert any("1 of 3 have fewer than 20" in warning for warning in one.warnings)
    assert one.files[0].left_out == ["batch", "same"]


def test_groups_that_are_compared_are_counted_without_the_samples_left_out():
    batch = np.array(["one"] * 200 + ["two"] * 170 + ["three"] * 30)
    table(400, batch=batch, good=np.arange(400) >= 30).to_csv("t.csv", index=False)
    compare = {"table": "t.csv", "column": "batch", "groups": ["two", "one"]}
    dataset = {"source": "t.csv", "drop_columns": ["batch", "same", "good"], "compare": compare}
    one = described(dataset)
    assert list(one.groups.items()) == [("two", 170), ("one", 200)]
    assert "compare     two 170 against one 200" in overview_text.text(one)
    where = {"table": "t.csv", "condition": 'good == "True"'}
    assert described(dataset | {"where": where}).groups == {"two": 170, "one": 170}


def test_a_recording_has_its_length_rates_and_windows():
    times = np.sort(np.random.default_rng(0).uniform(0, 100, 2000))
    units = np.arange(2000) % 2
    np.savez("s.npz", times=times, units=units, interval_s=[[0.0, 60.0], [70.0, 100.0]])
    one = described({"spikes": {"source": "s.npz"}})
    recording = one.recording
    assert (recording.recorded_s, recording.n_intervals, recording.n_units) == (90.0, 2, 2)
    assert one.n_samples == 900 and one.time_series
    assert recording.rates_hz == pytest.approx([1000 / 90] * 3, rel=0.05)
    assert "90 s in 2 stretches: 0 to 60 s, 70 to 100 s" in overview_text.text(one)


def test_a_task_is_described():
    one = described({"task": {"name": "projected_gaussian", "n_samples": 500, "ambient": 5}})
    assert (one.kind, one.n_samples, one.variables) == ("task", 500, ["x", "y"])


def test_a_large_matrix_is_looked_at_in_part(monkeypatch):
    monkeypatch.setattr(file_overview, "MAX_VALUES", 600)
    monkeypatch.setattr(file_overview, "VALUES_AT_ONCE", 250)
    np.save("m.npy", np.random.default_rng(0).normal(size=(120, 20)))
    (file,) = described({"source": "m.npy"}).files
    assert (file.n_looked_at, file.n_duplicate_samples) == (5, None)
    assert "5 of the features" in overview_text.text(described({"source": "m.npy"}))


def test_parts_of_a_matrix_count_as_the_whole(monkeypatch):
    values = np.random.default_rng(0).integers(0, 2, size=(120, 6)).astype(float)
    np.save("m.npy", values)
    whole = described({"source": "m.npy"}).files
    monkeypatch.setattr(file_overview, "VALUES_AT_ONCE", 250)
    assert described({"source": "m.npy"}).files == whole
    expected = 120 - len(np.unique(values, axis=0))
    assert whole[0].n_duplicate_samples == expected and whole[0].whole


def test_the_file_holds_it_all():
    table().to_csv("t.csv", index=False)
    one = described({"source": "t.csv"})
    overview.write("data.json", one)
    assert overview.load("data.json") == one
    assert json.loads(Path("data.json").read_text())["files"][0]["path"] == "t.csv"


def test_check_prints_every_dataset_and_exits_1_for_a_problem(capsys, monkeypatch):
    held = table()
    held.to_csv("t.csv", index=False)
    held.loc[3, "b"] = np.nan
    held.to_csv("u.csv", index=False)
    Path("c.yaml").write_text("datasets:\n  good: {source: t.csv}\n  bad: {source: u.csv}\n")
    monkeypatch.setattr("sys.argv", ["check", "--configfile", "c.yaml"])
    with pytest.raises(SystemExit, match="1 of 2 datasets must be mended"):
        check.main()
    printed = capsys.readouterr().out
    assert "good: 120 samples" in printed and "MEND" in printed


def test_a_short_file_changes_single_keys_of_the_first():
    changed = check.merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4}})
    assert changed == {"a": {"b": 1, "c": 4}, "d": 3}


def test_shares_of_few_features_are_told():
    counts = np.random.default_rng(0).poisson(9, size=(120, 4)) + 1
    pd.DataFrame(counts, columns=list("abcd")).to_csv("n.csv", index=False)
    one = described({"source": "n.csv", "preprocess": ["normalise"]})
    assert any("add up to the same" in warning for warning in one.warnings)
    assert one.steps == ["normalise"]


def test_logarithms_of_negative_values_are_told_before_the_run():
    values = np.random.default_rng(0).standard_normal((120, 3))
    pd.DataFrame(values, columns=list("abc")).to_csv("g.csv", index=False)
    one = described({"source": "g.csv", "preprocess": ["log1p"]})
    assert any("log1p of 'g.csv': values from -" in warning for warning in one.warnings)
    one = described({"source": "g.csv", "preprocess": ["normal_scores"]})
    assert not any("log1p" in warning for warning in one.warnings)


def test_counts_divided_by_the_total_of_their_sample_are_told(tmp_path):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.5, (200, 40)).astype(float)
    table = pd.DataFrame(counts, columns=[f"g{i}" for i in range(40)])
    scaled = np.log1p(table.div(table.sum(axis=1), axis=0) * 1e4)
    plain = np.log1p(rng.gamma(1, 1, (200, 40)) * (counts > 0))
    told = "divided by the total of their sample"
    for values, expected in ((table, False), (scaled, True), (table * 0 + plain, False)):
        values.to_csv(tmp_path / "t.csv", index=False)
        single = {"source": str(tmp_path / "t.csv"), "variables": "each"}
        found = overview.describe("d", single)
        assert any(told in one for one in found.warnings) == expected
        groups = single | {"variables": {"list": {"a": ["g0", "g1"], "b": ["g2", "g3", "g4"]}}}
        assert not any(told in one for one in overview.describe("d", groups).warnings)
