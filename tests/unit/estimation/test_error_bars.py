"""Error bars are as wide as estimates scatter, and intervals hold the truth."""

from types import SimpleNamespace

import numpy as np
import pytest
from lmi import api, tasks
from lmi.embedding.result import NARROW, Embedding
from lmi.estimation import error_bars, series
from lmi.estimation import estimate as estimation
from lmi.estimation.error_bars import variance
from lmi.estimation.evaluate import Neighbours
from lmi.estimation.intervals import interval
from lmi.ksg import guided

from benchmarks.statistics import autoregressive

DRAWS, N, RHO = 400, 400, 0.8


def known_axes(rng):
    """Return what stands for an embedding of two correlated normal features, axes known."""
    x = rng.standard_normal((N, 1))
    y = RHO * x + np.sqrt(1 - RHO**2) * rng.standard_normal((N, 1))
    return SimpleNamespace(
        zx=np.stack([x, x]).astype(np.float32),
        zy=np.stack([y, y]).astype(np.float32),
        s=np.full((2, 1), RHO),
        weight=np.ones((2, 1)),
        rank=np.ones(2, int),
        n_parameters=np.zeros(2),
        temperature=np.zeros(2, int),
        fold=(np.arange(N) % 2).astype(np.int8),
        converged=True,
        given=None,
        candidate=("linear", "linear"),
        values=None,
        kinds=("wide", "wide"),
        weak_bits=None,
        mixture=None,
    )


def test_error_bars_are_as_wide_as_estimates_scatter():
    """Error bars a fifth too small or too large fail here."""
    found = [
        estimation.estimate(known_axes(np.random.default_rng(seed)), seed=seed)
        for seed in range(DRAWS)
    ]
    scatter = np.std([one.mi_bits for one in found], ddof=1)
    assert np.mean([one.sd_bits for one in found]) == pytest.approx(scatter, rel=0.12)
    truth = -0.5 * np.log2(1 - RHO**2)
    inside = [one.low_bits <= truth <= one.high_bits for one in found]
    assert np.mean(inside) > 0.93


def test_the_variance_is_that_of_disjoint_parts_scaled_to_the_whole(monkeypatch):
    """Of 400 samples there are 3, 6 and 10 parts, with weights of one less."""
    rng, given = np.random.default_rng(1), []

    def evaluated(embedding, t, part, *others, **options):
        given.append(rng.standard_normal(2))
        return np.full(len(part), given[-1][0]), np.full(len(part), given[-1][1]), None

    monkeypatch.setattr(error_bars, "evaluate", evaluated)
    neighbours = Neighbours(3, 12)
    found, third = variance(None, 0, np.arange(400), neighbours, np.random.default_rng(0), 1)
    values = np.array(given)
    assert len(values) == 3 + 6 + 10
    parts = np.split(values, [3, 9])
    weights = np.array([2, 5, 9])
    of_each = [np.var(own, axis=0, ddof=1) / len(own) for own in parts]
    np.testing.assert_allclose(found, weights @ of_each / weights.sum())
    assert third == pytest.approx(parts[0][:, 1].mean())


def test_parts_have_enough_samples_for_the_neighbours_of_either_estimate():
    assert error_bars.affordable(250, Neighbours(3, 3)) == [3, 6, 10]
    assert error_bars.affordable(249, Neighbours(3, 3)) == [3, 6]  # 24 are too few
    assert error_bars.affordable(250, Neighbours(3, 24)) == [3]  # 50 are needed
    assert error_bars.affordable(149, Neighbours(24, 3)) == []


def narrow_pair(rng):
    """Return the same as a pair of single features, of which nothing is learned."""
    both = known_axes(rng)
    both.zx, both.zy, both.s, both.weight = both.zx[:1], both.zy[:1], both.s[:1], both.weight[:1]
    both.rank, both.temperature = both.rank[:1], np.full(1, guided.TRUSTED)
    both.fold, both.candidate = np.ones(N, np.int8), (NARROW,)
    return both


def series_of_pairs(rng):
    """Return the same of AR(1) series, whose neighbours in time are alike."""
    both = known_axes(rng)
    x, y = (autoregressive(rng, N, 1, 0.6) for _ in range(2))
    y = RHO * x + np.sqrt(1 - RHO**2) * y
    both.zx, both.zy = (np.stack([side, side]).astype(np.float32) for side in (x, y))
    both.fold = (np.arange(N) >= N // 2).astype(np.int8)
    return Embedding(
        **vars(both), scores={}, loss_step=[], loss_train=[], loss_validation=[], seconds=0.0
    )


@pytest.mark.parametrize(
    ("made", "samples", "least", "most"),
    [
        (narrow_pair, estimation.Samples(), 0.9, 1.1),
        (series_of_pairs, estimation.Samples(time_series=True), 0.9, 1.5),
    ],
)
def test_error_bars_of_single_features_and_of_series_are_no_smaller_than_the_scatter(
    made, samples, least, most
):
    """Of series they may be larger: there are few blocks."""
    found = [
        estimation.estimate(made(np.random.default_rng(seed)), samples=samples, seed=seed)
        for seed in range(300)
    ]
    ratio = np.mean([one.sd_bits for one in found]) / np.std([one.mi_bits for one in found])
    assert least < ratio < most
    truth = -0.5 * np.log2(1 - RHO**2)
    assert np.mean([one.low_bits <= truth <= one.high_bits for one in found]) > 0.9


def test_an_interval_reaches_up_where_the_estimate_may_be_too_low():
    low, high = interval(1.0, 1.0, 0.05, 0.0, 1.0)
    assert (low, high) == pytest.approx((0.885, 1.125))
    assert interval(1.0, 1.0, 0.05, 0.2, 1.0)[1] == pytest.approx(1.325)  # still rising
    assert interval(1.0, 1.0, 0.05, 0.0, 0.0)[1] == pytest.approx(1.375)  # no correction
    assert interval(1.0, 1.0, 0.05, 0.0, 1.0, optimism=0.2)[1] == pytest.approx(1.325)  # few
    assert interval(1.0, 1.0, 0.05, 0.0, 1.0, True)[1] == pytest.approx(1.475)  # counts
    weak = {"weak_bits": (1.4, 0.1)}
    assert interval(1.0, 1.0, 0.05, 0.0, 1.0, **weak)[1] == pytest.approx(1.63)
    assert interval(1.0, 1.0, 0.05, 0.0, 1.0, weak_bits=(0.2, 0.1)) == interval(
        1.0, 1.0, 0.05, 0.0, 1.0
    )
    assert interval(1.0, 0.4, 0.05, 0.0, 1.0)[1] == pytest.approx(1.185)  # a large one
    assert interval(1.0, 1.0, 0.05, -0.2, 1.0)[0] == pytest.approx(0.785)  # falling
    assert interval(-0.01, -0.01, 0.02, 0.0, 0.0)[1] == pytest.approx(0.046)
    assert np.isnan(interval(1.0, 1.0, np.nan, np.nan, 1.0)).all()


@pytest.mark.parametrize("name", ["gaussian_grid", "clusters", "noisy_circle"])
def test_the_interval_holds_the_truth(name):
    made = tasks.make(name, 3)
    found = api.estimate(made.x, made.y, n_permutations=0, train="never")
    assert found.low_bits < found.mi_bits < found.high_bits
    assert found.low_bits <= made.truth_bits <= found.high_bits


def test_without_error_bars_there_is_no_interval():
    made = tasks.make("gaussian_grid", 3, n_samples=400)
    found = api.estimate(made.x, made.y, n_permutations=0, train="never", error_bars=False)
    assert np.isnan([found.sd_bits, found.low_bits, found.high_bits]).all()


def test_parts_whose_samples_are_too_near_in_time_are_left_out():
    """A short series failed where a part had fewer samples apart than neighbours."""
    rng = np.random.default_rng(0)
    its = known_axes(rng)
    rows = np.flatnonzero(its.fold == 1)[:80]
    for at, has_parts in ((np.arange(N), True), (np.arange(N) // 16, False)):
        times = series.Times(at, [6, 6])
        found, third = variance(its, 0, rows, Neighbours(12, 0), rng, 1, 12, times)
        assert np.isfinite(found).all() == has_parts == np.isfinite(third)
