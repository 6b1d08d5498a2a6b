"""Series of different rates on common steps of real time."""

import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data.overview import describe
from lmi.data.overview_text import text
from lmi.data.variables import count_samples, list_variables, read_matrices
from lmi.planning.config import load

FAST = np.arange(0, 60, 0.01) + 3.0  # 100 Hz, from 3 s
SLOW = np.arange(0, 61, 1 / 30) + 2.5
STEP = 0.1


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def series(name, times, seed=0):
    """Write a series that holds its times and noise, so that means can be told."""
    noise = np.random.default_rng(seed).normal(size=len(times))
    squares = noise if isinstance(times, list) else np.asarray(times, float) ** 2
    columns = {"time": times, f"{name}0": squares, f"{name}1": noise}
    pd.DataFrame(columns).to_csv(f"{name}.csv", index=False)
    return f"{name}.csv"


def dataset_of(names=("a.csv", "b.csv"), resample=None, missing="error", **more):
    raw = {
        "source": list(names),
        "sample_column": "time",
        "variables": "files",
        "time_series": True,
        "resample": resample or {"step": STEP},
    } | more
    raw = {"datasets": {"d": raw}, "project": {"missing": missing}}
    return load(raw)["datasets"]["d"]


def read(*arguments, missing="error", **more):
    dataset = dataset_of(*arguments, missing=missing, **more)
    matrices, info = read_matrices(dataset, list_variables(dataset), missing)
    return *matrices, info, dataset


def means(times, start, number):
    """Return the mean of the squared times in a step, by brute force."""
    inside = (times >= start + number * STEP - 1e-9) & (times < start + (number + 1) * STEP - 1e-9)
    return np.mean(times[inside] ** 2)


def test_a_sample_is_the_mean_of_what_each_series_has_in_a_step():
    series("a", FAST), series("b", SLOW)
    x, y, info, dataset = read()
    assert len(x) == len(y) == count_samples(dataset) == 600
    start = 3.0  # the later of both begins
    for number in (0, 1, 7, 300, 599):
        assert x[number, 0] == pytest.approx(means(FAST, start, number), rel=1e-5)
        assert y[number, 0] == pytest.approx(means(SLOW, start, number), rel=1e-5)
    assert info["interval"] is None and info["sample_names"][7] == "3.700000"
    assert info["dropped_samples"] == describe("d", dataset).left_out == []
    said = text(describe("d", dataset))
    assert "resampled   steps of 0.1 s, with usually 10 of 'a.csv' and 3 of 'b.csv' in each" in said


def test_dates_are_times_and_rates_stand_for_them():
    origin = pd.Timestamp("2024-03-01T10:00:00Z")
    for name, times in (("a", FAST), ("b", SLOW)):
        series(name, times)
        table = pd.read_csv(f"{name}.csv")
        table["time"] = [str(origin + pd.Timedelta(t, unit="s").round("us")) for t in times]
        table.to_csv(f"{name}.csv", index=False)
    x, y, _, _ = read()
    assert y[7, 0] == pytest.approx(means(SLOW, 3.0, 7), rel=1e-5)
    assert len(x) == len(y) == 600


@pytest.mark.parametrize(("rate", "step"), [(100, 0.01), (1000, 0.001), (1000, 0.02)])
def test_steps_as_short_as_those_of_dates_hold_each_sample(rate, step):
    origin = pd.Timestamp("2024-03-01T10:00:00.123Z")
    times = np.arange(3_000) / rate
    for name in "ab":
        series(name, [str(origin + pd.Timedelta(t, unit="s").round("us")) for t in times])
    x, y, info, _ = read(resample={"step": step})
    assert len(x) == len(y) == 3_000 / (rate * step) and info["interval"] is None


def test_a_missing_value_is_told_with_the_sample_of_its_own_source():
    series("a", FAST), series("b", SLOW)
    table = pd.read_csv("a.csv")
    table.loc[5000, "a1"] = np.nan
    table.to_csv("a.csv", index=False)
    with pytest.raises(InputError, match=r"feature 'a1' of sample '53\.0'"):
        read()


def test_rates_stand_for_times_where_series_begin_together():
    np.save("a.npy", FAST[:, None] ** 2 * [1, -1])
    np.save("b.npy", np.arange(0, 60, 1 / 30)[:, None] * [1, -1])
    dataset = {
        "source": ["a.npy", "b.npy"],
        "variables": "files",
        "time_series": True,
        "resample": {"step": STEP, "sampling_rates": [100, 30]},
    }
    dataset = load({"datasets": {"d": dataset}})["datasets"]["d"]
    (x, y), _ = read_matrices(dataset, list_variables(dataset))
    assert len(x) == 600
    assert x[7, 0] == pytest.approx(np.mean(FAST[70:80] ** 2), rel=1e-6)
    assert y[7, 0] == pytest.approx(22 / 30, rel=1e-6)


def test_a_gap_in_one_series_ends_an_interval_of_both():
    series("a", FAST), series("b", SLOW[(SLOW < 30) | (SLOW >= 32)])
    x, y, info, _ = read(lags=[-2, 0, 2])
    times = np.array(info["sample_names"], float)
    assert ((times < 30) | (times > 31.9)).all() and len(x) == 580
    assert (info["interval"] == (times > 31)).all()
    assert np.abs(x[:, 0] - y[:, 0]).max() < 10  # the same times: squares differ by a step at most


def test_missing_values_are_left_out_of_the_means():
    series("a", FAST), series("b", SLOW)
    table = pd.read_csv("a.csv")
    table.loc[12, "a1"] = np.nan
    table.loc[100:109, "a1"] = np.nan  # a whole step
    table.to_csv("a.csv", index=False)
    x, _, info, _ = read(missing="drop_samples")
    assert len(x) == 599 and "4.000000" not in info["sample_names"]
    left = np.delete(np.arange(10, 20), 2)
    assert x[1, 0] == pytest.approx(np.mean(FAST[left] ** 2), rel=1e-6)


def test_without_the_key_other_rates_are_refused_and_the_key_is_named():
    series("a", FAST), series("b", SLOW)
    dataset = {"source": ["a.csv", "b.csv"], "sample_column": "time", "time_series": True}
    with pytest.raises(InputError, match="resample"):
        load({"datasets": {"d": dataset | {"variables": "files"}}})


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"resample": {"step": 0.02}}, "at least 0.0333"),
        ({"time_series": False}, "time_series: true"),
        ({"strata": {"table": "a.csv", "column": "a0"}}, "strata"),
        ({"preprocess": ["normalise"]}, "normalise"),
        ({"resample": {"step": STEP, "sampling_rates": [100]}}, "one for each of 2"),
        ({"pairing": {"keys": ["a", "b"]}}, "pairing"),
    ],
)
def test_what_cannot_be_resampled_is_refused(more, word):
    series("a", FAST), series("b", SLOW)
    with pytest.raises(InputError) as caught:
        dataset_of(**more)
    assert word in str(caught.value), caught.value


def test_times_that_do_not_rise_or_share_nothing_are_refused():
    series("a", FAST), series("b", SLOW[::-1])
    with pytest.raises(InputError, match="rise"):
        dataset_of()
    series("b", SLOW + 1000)
    with pytest.raises(InputError, match="no time in common"):
        dataset_of()
