"""Samples that are no independent ones although nobody said so: copies, and series."""

import numpy as np
import pytest
from lmi import api
from scipy.signal import lfilter

QUIET = {"n_permutations": 0, "train": "never", "error_bars": False}


def series(phi, n_features, seed=0, n_samples=1500):
    noise = np.random.default_rng(seed).standard_normal((2, n_samples, n_features))
    return [lfilter([1.0], [1.0, -phi], side, axis=0) for side in noise]


@pytest.mark.parametrize("n_features", [1, 5])
@pytest.mark.parametrize("phi", [0.6, 0.95, 1.0])
def test_series_that_nobody_called_so_are_told(phi, n_features):
    found = api.estimate(*series(phi, n_features), **QUIET)
    assert found.flag == "warn" and "time_series: true" in found.reason
    declared = api.estimate(*series(phi, n_features), time_series=True, **QUIET)
    assert "time_series: true" not in declared.reason


def test_samples_that_are_sorted_by_group_or_depend_in_one_variable_alone_are_fine():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(10), 100)
    x, y = (3 * rng.standard_normal((10, 4))[group] + rng.standard_normal((1000, 4)) for _ in "xy")
    assert "series" not in api.estimate(x, y, **QUIET).reason
    walk, _ = series(1.0, 4, n_samples=1000)
    assert "series" not in api.estimate(walk, y, **QUIET).reason


def test_independent_samples_are_never_called_a_series():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.standard_t(3, (300, 3))
        found = api.estimate(x, x + rng.standard_normal((300, 3)), seed=seed, **QUIET)
        assert "series" not in found.reason


@pytest.mark.parametrize("n_features", [1, 3, 30])
@pytest.mark.parametrize("again", [lambda z: np.repeat(z, 2, axis=0), lambda z: np.tile(z, (3, 1))])
def test_copies_of_samples_are_told(again, n_features):
    x, y = np.random.default_rng(2).standard_normal((2, 300, n_features))
    found = api.estimate(again(x), again(y), **QUIET)
    assert found.flag == "warn" and "100 % of the samples are copies" in found.reason


def test_replicates_are_told():
    rng = np.random.default_rng(4)
    x, y = (np.repeat(z, 2, axis=0) for z in rng.standard_normal((2, 300, 30)))
    order = rng.permutation(600)
    x, y = (z[order] + 1e-4 * rng.standard_normal(z.shape) for z in (x, y))
    assert "copies" in api.estimate(x, y, **QUIET).reason


@pytest.mark.parametrize("n_features", [1, 3, 30])
def test_samples_along_a_curve_are_no_copies(n_features):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        t = rng.standard_normal((300, 1))
        x = t * np.ones(n_features) + 1e-6 * rng.standard_normal((300, n_features))
        found = api.estimate(x, np.tanh(t) + 1e-6 * rng.standard_normal((300, 1)), **QUIET)
        assert "copies" not in found.reason


def test_values_that_repeat_by_nature_are_no_copies():
    rng = np.random.default_rng(3)
    for n_features in (1, 3):
        x, y = rng.poisson(0.7, (2, 600, n_features)).astype(float)
        assert "copies" not in api.estimate(x, y, **QUIET).reason
    x = np.round(rng.standard_normal((600, 3)), 1)
    y = np.round(x + rng.standard_normal((600, 3)), 1)
    assert "copies" not in api.estimate(x, y, **QUIET).reason
    label = rng.integers(4, size=600)
    assert "copies" not in api.estimate(label, y, discrete_x=True, **QUIET).reason
