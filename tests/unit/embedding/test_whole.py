"""Variables of few features whose dependence no canonical axis shows."""

import numpy as np
import pytest
from lmi import api, tasks
from lmi.embedding import whole
from lmi.ksg import kernel as ksg

from tests.helpers.tiles import through

QUIET = {"n_permutations": 0}


def waves(seed, n_samples=1500):
    """y follows the first feature of x, and waves along the second."""
    rng = np.random.default_rng(seed)
    x, noise = rng.standard_normal((n_samples, 2)), rng.standard_normal(n_samples)
    return x, (x[:, 0] + np.sin(6 * x[:, 1]) + 0.2 * noise)[:, None]


def test_few_features_give_what_plain_ksg_finds(monkeypatch):
    x, y = waves(0)
    found = api.estimate(x, y, **QUIET)
    z = [(side - side.mean(axis=0)) / side.std(axis=0) for side in (x, y)]
    assert found.candidate.startswith(whole.WHOLE)
    assert found.mi_bits == pytest.approx(ksg.mi(*z), abs=0.1)
    monkeypatch.setattr(whole, "MOST_FEATURES", 0)
    assert api.estimate(x, y, **QUIET).mi_bits < found.mi_bits - 0.5


def test_what_is_still_too_low_is_flagged():
    drawn = tasks.make("gaussian_mixture", 5, shape="waves")
    found = api.estimate(drawn.x, drawn.y, **QUIET)
    assert found.mi_bits > 0.7  # canonical axes find 0.3 of 1.89
    assert found.flag == "warn" and "still rising" in found.reason


@pytest.mark.parametrize("options", [{}, {"time_series": True}, {"strata": np.arange(400) % 2}])
def test_independent_features_keep_their_encoders(options):
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((400, 2)), rng.standard_normal((400, 1))
        found = api.estimate(x, y, error_bars=False, seed=seed, **QUIET, **options)
        assert not found.candidate.startswith(whole.WHOLE)
        values.append(found.mi_bits)
    assert abs(np.mean(values)) < 0.02


def test_series_and_strata_have_it_too_with_p_values():
    x, y = waves(1)
    for options in ({"time_series": True}, {"strata": np.arange(len(x)) % 3}):
        found = api.estimate(x, y, n_permutations=99, **options)
        assert found.candidate.startswith(whole.WHOLE)
        assert found.mi_bits > 1.2 and found.p_value < 1e-4
        shuffled = api.estimate(x, y[::-1], n_permutations=99, **options)
        assert abs(shuffled.mi_bits) < 0.1 and shuffled.p_value > 0.01


def test_its_model_takes_new_samples(tmp_path):
    x, y = waves(2, 2000)
    found = api.estimate(x[:1500], y[:1500], error_bars=False, **QUIET)
    model = found.model
    assert np.array_equal(model.transform(x[:1500]), found.embedding[0])
    assert np.array_equal(model.pointwise(x[:1500], y[:1500]), found.pmis)
    assert model.pointwise(x[1500:], y[1500:]).mean() == pytest.approx(found.mi_bits, abs=0.2)
    model.save(tmp_path / "model.h5")


def test_it_does_not_depend_on_what_else_is_in_the_tile(tmp_path):
    x, y = waves(3, 600)
    rng = np.random.default_rng(3)
    wide = x[:, :1] + rng.standard_normal((600, 20))
    columns = ("candidate", "mi_bits", "mi_ksg_bits", "sd_bits", "p_value", "low_bits")
    options = {"columns": columns, "train": "never"}
    alone = through(tmp_path / "alone", [x, y], [(0, 1)], **options)
    every = [x, y, wide, y + 1.0 * rng.random((600, 1))]
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    beside = through(tmp_path / "beside", every, pairs, **options)
    assert alone["v0", "v1"][0].startswith(whole.WHOLE)
    # one encoder here, two there, single features
    assert len({candidate for candidate, *_ in beside.values()}) > 2
    assert alone["v0", "v1"] == beside["v0", "v1"]
