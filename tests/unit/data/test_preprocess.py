"""Preprocessing: what each step does to known values, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data import preprocess, steps
from lmi.data.variables import count_samples, list_variables, read_matrices
from lmi.planning import check
from lmi.planning.config import load

N = 240


@pytest.fixture(autouse=True)
def counts(tmp_path, monkeypatch):
    """Return counts; they lie in counts.csv, with a drift and a name a sample."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    held = rng.poisson(20, size=(N, 4)).astype(float)
    table = pd.DataFrame(held, columns=list("abcd"), index=[f"c{i}" for i in range(N)])
    table.to_csv("counts.csv")
    return held


def read(steps, missing="error", **more):
    raw = {"source": "counts.csv", "variables": {"list": {"v": ["a", "c"], "w": ["b"]}}}
    dataset = load({"datasets": {"d": raw | {"preprocess": steps} | more}})["datasets"]["d"]
    matrices, info = read_matrices(dataset, list_variables(dataset), missing)
    assert count_samples(dataset) == len(matrices[0]) + info["n_dropped"]
    return matrices[0], info


def test_counts_are_normalised_by_all_features_of_the_file(counts):
    values, _ = read([{"normalise": {"target": 100}}])
    np.testing.assert_allclose(values, 100 * counts[:, [0, 2]] / counts.sum(1)[:, None])


def test_without_a_target_counts_add_up_to_their_median(counts):
    values, _ = read(["normalise", "log1p"])
    scale = np.median(counts.sum(1)) / counts.sum(1)
    np.testing.assert_allclose(values, np.log1p(counts[:, [0, 2]] * scale[:, None]))


def test_scores_are_standard(counts):
    values, _ = read(["zscore"])
    np.testing.assert_allclose([values.mean(0), values.std(0)], [[0, 0], [1, 1]], atol=1e-9)
    scores, _ = read(["normal_scores"])
    assert (
        np.argsort(scores[:, 0], kind="stable") == np.argsort(counts[:, 0], kind="stable")
    ).all()
    assert abs(scores.mean()) < 0.01 and scores.std() == pytest.approx(1, abs=0.05)


def test_smoothing_is_a_mean_around_each_sample_and_makes_neighbours_overlap(counts):
    values, info = read([{"smooth": {"samples": 3}}], time_series=True)
    np.testing.assert_allclose(values[1:-1, 0], (counts[:-2] + counts[1:-1] + counts[2:])[:, 0] / 3)
    np.testing.assert_allclose(values[0, 0], counts[:2, 0].mean())
    assert info["overlap"] == 2


def test_a_line_is_taken_off(counts):
    table = pd.read_csv("counts.csv", index_col=0)
    (table + 5.0 * np.arange(N)[:, None]).to_csv("counts.csv")
    values, _ = read(["detrend"], time_series=True)
    assert np.abs(np.polyfit(np.arange(N), values, 1)).max() < 1e-9


def test_bins_join_samples_and_keep_the_name_of_the_first(counts):
    values, info = read([{"bin": {"samples": 2, "by": "sum"}}], time_series=True)
    np.testing.assert_allclose(values[:, 1], counts.reshape(-1, 2, 4).sum(1)[:, 2])
    assert info["sample_names"][:2] == ("c0", "c2") and len(info["sample_names"]) == N // 2


def test_steps_in_time_work_within_stretches():
    block = np.concatenate([np.zeros((5, 1)), np.full((4, 1), 9.0)])
    stretches = [slice(0, 5), slice(5, 9)]
    for chosen in ([("smooth", {"samples": 3})], [("detrend", {})]):
        done = preprocess.apply(block, chosen, None, None, stretches)
        assert np.abs(done - (block if chosen[0][0] == "smooth" else 0)).max() < 1e-9
    done = preprocess.apply(block, [("bin", {"samples": 2, "by": "mean"})], None, None, stretches)
    assert done.ravel().tolist() == [0, 0, 9, 9]


def test_a_line_is_taken_off_each_stretch_of_a_series_by_itself(counts):
    table = pd.read_csv("counts.csv", index_col=0)
    (table + np.where(np.arange(N) < 110, 0.0, 500.0)[:, None]).to_csv("counts.csv")
    pd.DataFrame({"n": np.arange(N)}, index=table.index).to_csv("n.csv")
    where = {"table": "n.csv", "condition": "n < 100 or n >= 130"}
    values, _ = read(["detrend"], time_series=True, where=where)
    assert len(values) == 210
    for rows, kept in ((slice(0, 100), counts[:100]), (slice(100, 210), counts[130:])):
        expected = kept[:, [0, 2]]
        t = np.arange(len(expected))
        line = np.polyfit(t, expected, 1)
        np.testing.assert_allclose(values[rows], expected - (np.outer(t, line[0]) + line[1]))


def test_the_features_that_vary_most_stay():
    table = pd.read_csv("counts.csv", index_col=0)
    table["a"] *= 10
    table["d"] *= 100
    table.to_csv("counts.csv")
    groups = {"v": ["a", "b"], "w": ["c"], "all": ["a", "b", "c", "d"]}
    raw = {"source": "counts.csv", "variables": {"list": groups}}
    raw["preprocess"] = ["log1p", {"highly_variable": {"n": 2}}]
    assert np.log1p(table).var().nlargest(2).index.tolist() != ["d", "a"]  # not of the raw values
    raw["preprocess"] = [{"highly_variable": {"n": 2}}, "log1p"]
    dataset = load({"datasets": {"d": raw}})["datasets"]["d"]
    matrices, info = read_matrices(dataset, list_variables(dataset))
    assert info["features"] == [("a",), (), ("a", "d")]
    np.testing.assert_allclose(matrices[0][:, 0], np.log1p(table["a"]))
    assert "none of its features is among the most variable" in info["errors"][1]
    assert info["notes"][2] == "2 of its features vary too little"


def test_each_source_may_have_its_own():
    raw = {"source": ["counts.csv", "z.csv"], "preprocess": {"counts.csv": ["log1p"]}}
    z = pd.read_csv("counts.csv", index_col=0).rename(columns=str.upper) - 30
    z.to_csv("z.csv")
    dataset = load({"datasets": {"d": raw}})["datasets"]["d"]
    matrices, _ = read_matrices(dataset, list_variables(dataset))
    assert matrices[4].min() < 0 < matrices[0].min()
    assert check.overviews(load({"datasets": {"d": raw}}))[0].steps == ["counts.csv: log1p"]


def test_nothing_is_changed_without_steps(counts):
    values, info = read([])
    assert (values == counts[:, [0, 2]]).all() and info["overlap"] == 0


@pytest.mark.parametrize(
    ("steps", "more", "words"),
    [
        (["log1p", "normalise"], {}, "normalise needs counts and must come first"),
        (["detrend"], {}, "needs samples in time"),
        ([{"bin": {"samples": 2}}], {}, "needs samples in time"),
        ([{"smooth": {}}], {"time_series": True}, "the key 'samples' is missing"),
        (["smooth"], {"time_series": True}, "the key 'samples' is missing"),
        (["log2p"], {}, "did you mean 'log1p'"),
        (["highly_variable"], {}, "the key 'n' is missing"),
        (["zscore", {"highly_variable": {"n": 2}}], {}, "vary as much"),
        ([{"highly_variable": {"n": 2}}], {"variables": "each"}, "every feature is a variable"),
        ([{"log1p": {}, "zscore": {}}], {}, "expected one step an entry"),
        ({"other.csv": ["log1p"]}, {}, "is no source of the dataset"),
        (["zscore", "log1p"], {}, "expected no values below 0"),
    ],
)
def test_steps_that_mean_nothing_are_refused(steps, more, words):
    with pytest.raises(InputError) as error:
        read(steps, **more)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("value", "words"), [(0.5, "found 0.5"), (-1, "found -1"), (None, "nan")])
def test_what_are_no_counts_cannot_be_normalised(value, words):
    table = pd.read_csv("counts.csv", index_col=0)
    table.loc["c3", "d"] = value
    table.to_csv("counts.csv")
    with pytest.raises(InputError, match="expected counts") as error:
        read(["normalise"])
    assert words in str(error.value) and "'d'" in str(error.value)


def test_a_sample_without_counts_cannot_be_normalised():
    table = pd.read_csv("counts.csv", index_col=0)
    table.loc["c3"] = 0
    table.to_csv("counts.csv")
    with pytest.raises(InputError, match="1 samples have no counts"):
        read(["normalise"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e250, 1e-250])
def test_z_scores_do_not_depend_on_the_size_of_the_values(size):
    values = np.random.default_rng(0).standard_normal((50, 3))
    scores = steps.zscore(values * size, None)
    np.testing.assert_allclose(scores, steps.zscore(values, None), atol=1e-9)
