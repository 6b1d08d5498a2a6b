"""The permutation null: exact against brute force, uniform p values, each scheme keeps its own."""

import itertools

import numpy as np
import pytest
from lmi import api
from lmi.estimation import null
from lmi.ksg import kernel as ksg
from scipy.stats import kstest

from benchmarks.statistics import autoregressive, pair


def part(rng, n=60, rho=0.0, strata=None):
    x = rng.standard_normal((n, 2))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n, 2))
    return null.Part(x, y, x * [0.8, 0.3], y, strata)


def cross(p, order):
    return (p.left * p.right[order]).sum()


def test_all_shifts_are_the_sums_over_each_shift():
    p = part(np.random.default_rng(0))
    n = len(p.x)
    expected = [cross(p, (np.arange(n) + shift) % n) for shift in range(n)]
    np.testing.assert_allclose(null._all_shifts(p.left, p.right), expected, atol=1e-9)


def test_critic_draws_have_the_distribution_of_random_permutations():
    rng = np.random.default_rng(1)
    p = part(rng, n=5, rho=0.9)
    every = [cross(p, list(order)) for order in itertools.permutations(range(5))][1:]
    draws = null._critic_draws(p, "free", 20_000, 0, rng)
    # shifts along random orders are the permutations of one cycle: all values are among them
    assert np.isclose(draws[:, None], np.array(every)[None]).any(axis=1).all()
    big = part(rng, n=200)
    draws = null._critic_draws(big, "free", 20_000, 0, rng)
    random = np.array([cross(big, rng.permutation(200)) for _ in range(20_000)])
    np.testing.assert_allclose(draws.std(), random.std(), rtol=0.03)
    assert abs(draws.mean() - random.mean()) < 0.05 * random.std()


@pytest.mark.parametrize("scheme", ["strata", "blocks"])
def test_draws_and_orders_of_a_scheme_agree(scheme):
    rng = np.random.default_rng(2)
    p = part(rng, n=240, rho=0.3, strata=np.repeat([0, 1, 2], 80))
    draws = null._critic_draws(p, scheme, 4000, 10, rng)
    orders = null._orders(p, scheme, 4000, 10, rng)
    assert (np.sort(orders, axis=1) == np.arange(240)).all()
    slow = np.array([cross(p, order) for order in orders])
    np.testing.assert_allclose(draws.mean(), slow.mean(), atol=0.1 * slow.std())
    np.testing.assert_allclose(draws.std(), slow.std(), rtol=0.06)


def test_strata_stay_within_and_blocks_stay_whole():
    rng = np.random.default_rng(3)
    strata = rng.integers(3, size=90)
    orders = null._orders(part(rng, n=90, strata=strata), "strata", 50, 0, rng)
    assert (strata[orders] == strata).all()
    orders = null._orders(part(rng, n=90), "blocks", 50, 9, rng)
    assert (np.mod(orders, 9) == np.arange(90) % 9).all()


def test_sequential_p_values_are_right():
    rng = np.random.default_rng(4)
    dependent = part(rng, n=200, rho=0.9)
    p, n, values = null._sequential(dependent, "free", 99, 0, rng, 3)
    assert (p, n) == (0.01, 99)
    assert values.mean() < 0.2 < ksg.mi(dependent.x, dependent.y)
    p_values = [null._sequential(part(rng), "free", 199, 0, rng, 3) for _ in range(100)]
    assert all(n < 199 or p < 0.06 for p, n, _ in p_values)
    assert kstest([p for p, _, _ in p_values], "uniform").pvalue > 1e-3


def test_combination_of_p_values():
    assert null.combine([0.03]) == pytest.approx(0.03)
    assert null.combine([0.03, 0.03]) == pytest.approx(0.03)
    assert null.combine([1e-200, 0.5]) == pytest.approx(2e-200, rel=1e-6)
    assert null.combine([1e-12, 1e-12]) == pytest.approx(1e-12, rel=1e-6)
    assert 0.02 < null.combine([0.01, 0.9]) < 0.03


def test_correlation_time():
    rng = np.random.default_rng(5)
    assert null.correlation_time(rng.standard_normal((2000, 3))) == 1
    found = null.correlation_time(autoregressive(rng, 20_000, 1, phi=0.9))
    assert 15 < found < 30  # 0.9^22 = 0.1


@pytest.mark.parametrize("kind", ["white", "autoregressive", "strata"])
def test_p_values_of_independent_pairs_are_uniform_and_of_dependent_ones_small(kind):
    def p_value(seed, dependence, n_samples=1000):
        x, y, options = pair(kind, seed, n_samples, dependence)
        return api.estimate(x, y, seed=seed, error_bars=False, train="never", **options).p_value

    independent = [p_value(seed, 0.0) for seed in range(25)]
    assert kstest(independent, "uniform").pvalue > 1e-3
    assert np.median([p_value(seed, 0.7, 4000) for seed in range(5)]) < 0.01


def test_a_batch_effect_is_significant_without_strata_and_not_within():
    x, y, options = pair("strata", 1, 2000)
    free = api.estimate(x, y, train="never")
    within = api.estimate(x, y, train="never", **options)
    assert free.p_value < 1e-3 < 0.01 < within.p_value
    assert within.mi_ksg_bits > 0.3 > 0.1 > abs(within.mi_within_bits)
    assert within.within_strata.count("(n ") == 4


def test_a_tail_takes_over_where_no_permutation_reaches():
    rng = np.random.default_rng(6)
    strong = [part(rng, n=400, rho=0.4) for _ in range(2)]
    options = {"scheme": "free", "n_permutations": 999}
    counted = null.test(strong, rng=np.random.default_rng(0), **options)
    fitted = null.test(strong, rng=np.random.default_rng(0), tail_fit=True, **options)
    assert counted.p_method == "permutation"
    assert fitted.p_method == "tail"
    assert fitted.p_value < 1e-6 < 0.001 <= counted.p_value


def test_the_result_depends_on_the_seed_alone():
    x, y, _ = pair("white", 0, 400, 0.2)
    runs = [api.estimate(x, y, seed=3, threads=threads).p_value for threads in (1, 2)]
    assert runs[0] == runs[1]
