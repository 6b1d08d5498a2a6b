"""Samples in time: correlation times, effective samples, trends, blocks, and the flags of all."""

import numpy as np
import pytest
from lmi import api
from lmi.base.autocorrelation import correlation_time
from lmi.estimation import error_bars, flags, series

from benchmarks.statistics import autoregressive


def embedding(x, y):
    """Return what stands for an embedding of two series by two encoders."""
    made = type("E", (), {})()
    made.zx, made.zy, made.fold = np.stack([x, x]), np.stack([y, y]), np.zeros(len(x))
    return made


def test_correlation_time():
    rng = np.random.default_rng(5)
    assert correlation_time(rng.standard_normal((2000, 3))) == 1
    found = correlation_time(autoregressive(rng, 20_000, 1, phi=0.9))
    assert 15 < found < 30  # 0.9^22 = 0.1


@pytest.mark.parametrize(("phi", "factor"), [(0.0, 1.0), (0.5, 5 / 3), (0.9, 1.81 / 0.19)])
def test_effective_samples_are_those_of_autoregressive_series(phi, factor):
    rng = np.random.default_rng(6)
    pair = embedding(*(autoregressive(rng, 40_000, 1, phi) for _ in range(2)))
    assert series.effective_samples(pair, 40_000) == pytest.approx(40_000 / factor, rel=0.1)


def test_trends_are_seen_and_slow_stationary_series_have_none():
    slopes = []
    for seed in range(200):
        slopes.append(series.trend(autoregressive(np.random.default_rng(seed), 1000, 2, 0.9)))
    assert np.mean(np.array(slopes) > series.TREND_SD) <= 0.02
    rng = np.random.default_rng(7)
    time = np.linspace(-1, 1, 1000)[:, None]
    assert series.trend(rng.standard_normal((1000, 2)) + 0.5 * time) > series.TREND_SD
    assert series.trend(autoregressive(rng, 1000, 1, 0.5) - 0.8 * time) > series.TREND_SD


def test_parts_of_a_series_are_whole_blocks_and_others_are_as_before():
    rows = np.arange(100, 400)
    parts = error_bars._parts(rows, 3, np.random.default_rng(8), 20)
    assert sorted(np.concatenate(parts)) == rows.tolist()
    assert [len(part) for part in parts] == [100, 100, 100]
    assert sum((np.diff(part) != 1).sum() for part in parts) <= 12
    one_by_one = error_bars._parts(rows, 3, np.random.default_rng(9), 1)
    expected = np.array_split(rows[np.random.default_rng(9).permutation(300)], 3)
    assert all((a == b).all() for a, b in zip(one_by_one, expected, strict=True))


@pytest.mark.parametrize("kind", ["line", "noisy line", "walk with drift"])
def test_series_with_trends_are_never_silently_significant(kind):
    rng = np.random.default_rng(10)
    time = np.linspace(-1, 1, 1500)[:, None]
    noise = rng.standard_normal((2, 1500, 2))
    if kind == "line":
        x, y = 4 * time + noise
    elif kind == "noisy line":
        x, y = 0.6 * time + noise
    else:
        x, y = np.cumsum(0.1 * noise + 0.01, axis=1)
    found = api.estimate(x, y, time_series=True, train="never")
    assert found.flag == "warn"
    assert "non-stationary" in found.reason


def test_slow_independent_series_share_nothing():
    """With neighbours in time these are 1.5 bits."""
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = (autoregressive(rng, 1000, 5, 0.9) for _ in range(2))
        options = {"time_series": True, "train": "never", "n_permutations": 0}
        found.append(api.estimate(x, y, seed=seed, **options))
    assert np.mean([one.mi_bits for one in found]) == pytest.approx(0, abs=0.1)
    assert all(one.low_bits < 0 < one.high_bits for one in found)


def test_few_effective_samples_and_bits_by_chance_are_flagged():
    rng = np.random.default_rng(11)
    x, y = (autoregressive(rng, 1000, 5, 0.9) for _ in range(2))
    options = {"time_series": True, "train": "never", "error_bars": False, "n_permutations": 0}
    found = api.estimate(x, y, **options)
    assert "few effective samples" in found.reason
    shared = {"n_effective": 500, "trends": False, "mi": 0.4, "others": []}
    assert [why.code for why in flags.of_series(by_chance=0.1, **shared)] == ["bits_by_chance"]
    assert not flags.of_series(by_chance=0.05, **shared)
    x, y = (autoregressive(rng, 1000, 1, 0.5) for _ in range(2))
    found = api.estimate(x, x + y, time_series=True, train="never", error_bars=False)
    assert found.flag == "ok", found.reason
