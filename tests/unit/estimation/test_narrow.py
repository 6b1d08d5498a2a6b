"""Pairs of single features: known information, error bars, p values, independence of company."""

import numpy as np
import pytest
from lmi import api, tasks
from lmi.embedding.result import NARROW
from lmi.estimation import narrow, ranks
from lmi.ksg import discrete, flat
from lmi.projection import views
from scipy import stats

from tests.helpers.tiles import through

QUIET = {"n_permutations": 0}


@pytest.mark.parametrize(
    ("task", "params", "bias"),
    [
        ("gaussian_grid", {"ambient": 1, "intrinsic": 1, "mi_bits": 0.0}, 0.02),
        ("gaussian_grid", {"ambient": 1, "intrinsic": 1, "mi_bits": 0.5}, 0.04),
        ("gaussian_grid", {"ambient": 1, "intrinsic": 1, "mi_bits": 3.0}, 0.06),
        ("bmi", {"distribution": "half_cube-1v1-normal-0.75"}, 0.04),
        ("bmi", {"distribution": "student-identity-1-1-1"}, 0.04),
        ("noisy_circle", {}, 0.05),
        ("x_mixture", {}, 0.06),
        ("zero_inflated_poisson", {"zeros": 0.5}, 0.04),
        ("uniform_mixture", {"classes": 5, "dims": 1}, 0.06),
    ],
)
def test_single_features_give_the_known_information(task, params, bias):
    errors = []
    for seed in range(8):
        made = tasks.make(task, seed, n_samples=700, **params)
        found = api.estimate(made.x, made.y, error_bars=False, seed=seed, **QUIET)
        assert found.candidate == NARROW
        errors.append(found.mi_bits - made.truth_bits)
    assert abs(np.mean(errors)) < bias


def test_the_error_bar_is_of_the_size_of_the_scatter():
    values, errors = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((2, 500, 1))
        found = api.estimate(x, 0.5 * x + y, seed=seed, **QUIET)
        values.append(found.mi_bits)
        errors.append(found.sd_bits)
    assert 0.6 < np.mean(errors) / np.std(values) < 1.6


@pytest.mark.parametrize("n", [100, 700])
def test_p_values_of_independent_orders_are_uniform(n):
    rng = np.random.default_rng(n)
    p = [ranks.test(rng.permutation(n).astype(np.int32)).p_value for _ in range(3000)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(np.array(p) <= 0.01) < 0.016


def test_the_pieces_of_the_test_are_those_of_scipy():
    rng = np.random.default_rng(2)
    for n in (100, 300):
        x, y = rng.standard_normal((2, n))
        y = 0.2 * x + y
        found = ranks.of_correlation(float(stats.pearsonr(x, y).statistic), n)
        assert found == pytest.approx(stats.pearsonr(x, y).pvalue, rel=1e-9)
    for z, skew in ((-1.0, 0.4), (0.5, 0.1), (4.0, 0.64)):
        assert ranks.pearson_tail(z, skew) == pytest.approx(stats.pearson3.sf(z, skew), rel=1e-9)


def test_p_values_of_counts_are_those_of_random_orders():
    # nine of ten values are equal: their order is drawn, for each pair anew
    p = []
    for seed in range(400):
        x, y = np.random.default_rng(seed).poisson(0.1, (2, 200, 1)).astype(float)
        p.append(api.estimate(x, y, error_bars=False, n_permutations=99, seed=0).p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("task", ["noisy_circle", "x_mixture"])
def test_the_test_sees_any_shape(task):
    made = tasks.make(task, 0, n_samples=700)
    found = api.estimate(made.x, made.y, error_bars=False)
    assert found.p_value < 1e-12


def test_without_a_tail_no_p_value_is_below_one_over_the_permutations():
    same = np.arange(200, dtype=np.int32)
    assert ranks.test(same).p_value < 1e-50
    assert ranks.test(same, least=1e-4).p_value == 1e-4


def test_sides_may_be_exchanged():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 300, 1))
    one, other = (api.estimate(*sides, **QUIET) for sides in ((x, x + y), (x + y, x)))
    assert one.mi_bits == pytest.approx(other.mi_bits, abs=1e-9)


@pytest.mark.parametrize(
    "options", [{"time_series": True}, {"strata": np.repeat(["a", "b"], 150)}, {"train": "always"}]
)
def test_samples_that_cannot_be_exchanged_are_cross_fitted(options):
    x, y = np.random.default_rng(4).standard_normal((2, 300, 1))
    if options.get("train"):
        options = options | {"max_steps": 20}
    assert NARROW not in api.estimate(x, y, error_bars=False, **QUIET, **options).candidate


def test_a_narrow_pair_does_not_depend_on_its_tile_its_order_or_the_threads(tmp_path):
    rng = np.random.default_rng(5)
    shared = rng.standard_normal((250, 1))
    matrices = [shared * (i % 2) + rng.standard_normal((250, 1)) for i in range(12)]
    matrices[3] = rng.poisson(1.0, (250, 1)).astype(float)
    matrices[5] = rng.standard_normal((250, 4))  # pairs with it are wide
    pairs = [(i, j) for i in range(12) for j in range(i + 1, 12)]
    columns = ("mi_bits", "mi_ksg_bits", "sd_bits", "p_value", "pointwise")
    whole = through(tmp_path / "all", matrices, pairs, columns)
    turned = through(tmp_path / "turned", matrices, pairs[::-1], columns, threads=2)
    few = through(tmp_path / "few", matrices, [(0, 1), (3, 4), (3, 5)], columns)
    assert len(whole) == 66 and len(few) == 3
    for other in (turned, few):
        for key, values in other.items():
            for one, same in zip(values, whole[key], strict=True):
                assert np.array_equal(one, same, equal_nan=True), key


def test_the_model_of_a_narrow_pair_takes_new_samples(tmp_path):
    rng = np.random.default_rng(6)
    x, noise = rng.standard_normal((2, 900, 1))
    y = x + 0.5 * noise
    found = api.estimate(x[:500], y[:500], error_bars=False, **QUIET)
    model = found.model
    assert np.array_equal(model.transform(x[:500]), found.embedding[0])
    assert np.array_equal(model.pointwise(x[:500], y[:500]), found.pmis)
    assert model.pointwise(x[500:], y[500:]).mean() == pytest.approx(found.mi_bits, abs=0.15)
    model.save(tmp_path / "model.h5")


@pytest.mark.parametrize("seed", range(4))
def test_pairs_with_ties_are_those_of_the_mixed_estimator(seed):
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal(600)
    x = rng.poisson(np.exp(hidden)).astype(float)[:, None]
    y = (hidden * (rng.random(600) > 0.4) + 0.3 * rng.standard_normal(600) * (seed % 2))[:, None]
    found = api.estimate(x, y, seed=seed, **QUIET)
    scores = (views.normal_scores(side)[:, 0].astype(float) for side in (x, y))
    # ties are spread apart by other random numbers
    assert found.mi_bits == pytest.approx(discrete.mixed(*scores, 12).mean(), abs=0.02)
    turned = api.estimate(y, x, seed=seed, **QUIET)
    assert found.mi_bits == pytest.approx(turned.mi_bits, abs=0.02)


def test_parts_of_a_pair_with_ties_are_estimated_by_themselves():
    rng = np.random.default_rng(9)
    hidden, other = rng.standard_normal((2, 900))
    x, y = np.maximum(hidden, 0.3), np.maximum(0.8 * hidden + 0.6 * other, 0.0)
    codes = [np.unique(side, return_inverse=True)[1] for side in (x, y)]
    codes.append(codes[0] * 900 + codes[1])
    pairing = flat.pair(*(side + 1e-4 * rng.uniform(size=900) for side in (x, y)))
    pair = narrow.Pair(pairing, np.argsort(pairing.order), 0.0, np.stack(codes)[:, pairing.order])
    whole, thirds = narrow.with_ties(pair, 12, np.random.default_rng(1))
    assert whole.mean() == pytest.approx(discrete.mixed(x, y, 12).mean(), abs=0.01)
    own = np.mean([discrete.mixed(x[i::3], y[i::3], 12).mean() for i in range(3)])
    assert thirds == pytest.approx(own, abs=0.05)


def test_more_neighbours_are_searched_where_the_critic_is_not_used():
    x, y = np.random.default_rng(8).standard_normal((2, 10_000))
    pairing = flat.pair(x, y)
    groups = np.tile(np.arange(10_000), (3, 1))
    pair = narrow.Pair(pairing, np.argsort(pairing.order), -0.6, groups)
    _, _, neighbours = narrow.search(pair, 3)
    assert not neighbours.k_guided  # samples without dependence refute it
    assert set(pair.counts) == {3, 6, 12, 24}
