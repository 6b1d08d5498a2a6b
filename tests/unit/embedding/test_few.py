"""A dependence of odd shape in few features among many that have no part in it."""

import numpy as np
import pytest
from lmi import api, api_compare, tasks
from lmi.embedding import few
from lmi.embedding.result import FEW, WHOLE
from lmi.projection import views

QUIET = {"n_permutations": 0, "error_bars": False, "train": "never"}


def waves(seed, n_samples=1500, n_others=6):
    """y follows one feature of x, and waves along another one."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n_samples, 2 + n_others)), rng.standard_normal((n_samples, 4))
    y[:, 2] = x[:, 1] + np.sin(6 * x[:, 4]) + 0.2 * rng.standard_normal(n_samples)
    return x, y


def scores(*sides):
    return [views.normal_scores(side) for side in sides]


def test_features_join_that_say_nothing_alone():
    x, y = waves(0)
    assert few.columns(*scores(x, y)) == ([1, 4], [2])
    assert few.columns(*scores(y, x)) == ([2], [1, 4])
    # where they are all that there is, the whole variables are searched anyway
    assert few.columns(*scores(x[:, [1, 4]], y[:, [2]])) is None


def test_independent_features_are_not_searched():
    for seed in range(100):
        x, y = np.random.default_rng(seed).standard_normal((2, 300, 10))
        assert few.columns(*scores(x, y)) is None


def test_what_irrelevant_features_hid_is_found():
    x, y = waves(1)
    found = api.estimate(x, y, **QUIET)
    alone = api.estimate(x[:, [1, 4]], y[:, [2]], **QUIET)
    assert found.candidate == WHOLE + FEW
    assert found.mi_bits == pytest.approx(alone.mi_bits, abs=0.25) and found.mi_bits > 1.2
    shuffled = api.estimate(x, y[::-1], **QUIET)
    assert abs(shuffled.mi_bits) < 0.1


@pytest.mark.parametrize(("shape", "least"), [("waves", 0.7), ("galaxy", 0.6), ("concentric", 0.4)])
def test_mixtures_among_irrelevant_features(shape, least):
    drawn = tasks.make("gaussian_mixture", 7, shape=shape, exclusive=5)
    found = api.estimate(drawn.x, drawn.y, n_permutations=0, train="never")
    assert found.mi_bits > least
    assert found.low_bits < drawn.truth_bits
    assert found.high_bits > drawn.truth_bits or found.flag != "ok"


def test_many_irrelevant_features_do_not_hide_it_either():
    drawn = tasks.make("gaussian_mixture", 60001, shape="galaxy", exclusive=80)
    assert api.estimate(drawn.x, drawn.y, **QUIET).mi_bits == pytest.approx(0.71, abs=0.1)


def test_straight_dependence_keeps_its_critic():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((2, 1500, 12))
    y[:, :2] = 0.8 * x[:, 3:5] + 0.6 * y[:, :2]
    found = api.estimate(x, y, **QUIET)
    assert FEW not in found.candidate
    assert found.mi_bits == pytest.approx(-np.log2(1 - 0.8**2), abs=0.1)


def test_series_are_not_screened():
    x, y = waves(3)
    assert FEW not in api.estimate(x, y, time_series=True, **QUIET).candidate


@pytest.mark.filterwarnings("error")
def test_groups_are_compared_by_few_features_too():
    x, y = waves(6, 1200)
    group = np.arange(1200) % 2
    y[group == 1, 2] = np.random.default_rng(6).standard_normal(600)
    found = api_compare.compare(x, y, group, n_permutations=99, train="never")
    assert found.mi_bits[0] > 1.0 and abs(found.mi_bits[1]) < 0.1
    assert found.p_value < 0.05


def test_its_model_takes_new_samples(tmp_path):
    x, y = waves(4, 2500)
    found = api.estimate(x[:2000], y[:2000], **QUIET)
    assert found.candidate == WHOLE + FEW
    model = found.model
    assert np.array_equal(model.transform(x[:2000]), found.embedding[0])
    assert np.array_equal(model.pointwise(x[:2000], y[:2000]), found.pmis)
    assert model.pointwise(x[2000:], y[2000:]).mean() == pytest.approx(found.mi_bits, abs=0.2)
    loadings = np.abs(model.loadings("x")).to_numpy()
    assert set(np.flatnonzero(loadings.max(axis=1) > 0.5)) >= {1, 4}
    model.save(tmp_path / "model.h5")


def test_features_that_tell_something_together_alone_are_found():
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((1500, 8)), rng.standard_normal((1500, 4))
    y[:, 3] = np.sign(x[:, 2] * x[:, 6]) * np.abs(y[:, 3])  # one bit, none of either feature
    assert few.columns(*scores(x, y)) == ([2, 6], [3])
    assert few.columns(*scores(y, x)) == ([3], [2, 6])
    assert 0.75 < api.estimate(x, y, **QUIET).mi_bits < 1.1
