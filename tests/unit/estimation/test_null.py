"""The permutation null: exact against brute force, uniform p values, each scheme keeps its own."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from lmi import api
from lmi.estimation import combination, null, permutations, tails
from lmi.estimation import estimate as estimation
from lmi.ksg import kernel as ksg
from scipy.signal import lfilter
from scipy.stats import kstest, norm, pearson3
from scipy.stats import t as student

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
    np.testing.assert_allclose(permutations.all_shifts(p.left, p.right), expected, atol=1e-9)


def test_critic_draws_have_the_distribution_of_random_permutations():
    rng = np.random.default_rng(1)
    p = part(rng, n=5, rho=0.9)
    every = [cross(p, list(order)) for order in itertools.permutations(range(5))]
    draws = permutations.cross_draws(p, "free", 20_000, 0, rng)
    counts = np.isclose(draws[:, None], np.array(every)[None]).sum(axis=0)
    assert counts.sum() == 20_000  # each draw is one of the 120, the identity too, equally often
    assert abs(counts - 20_000 / 120).max() < 5 * np.sqrt(20_000 / 120)
    big = part(rng, n=200)
    draws = permutations.cross_draws(big, "free", 20_000, 0, rng)
    random = np.array([cross(big, rng.permutation(200)) for _ in range(20_000)])
    np.testing.assert_allclose(draws.std(), random.std(), rtol=0.03)
    assert abs(draws.mean() - random.mean()) < 0.05 * random.std()


@pytest.mark.parametrize("scheme", ["strata", "blocks"])
def test_draws_and_orders_of_a_scheme_agree(scheme):
    rng = np.random.default_rng(2)
    p = part(rng, n=240, rho=0.3, strata=np.repeat([0, 1, 2], 80))
    draws = permutations.cross_draws(p, scheme, 4000, 10, rng)
    orders = permutations.orders(p, scheme, 4000, 10, rng)
    assert (np.sort(orders, axis=1) == np.arange(240)).all()
    slow = np.array([cross(p, order) for order in orders])
    np.testing.assert_allclose(draws.mean(), slow.mean(), atol=0.1 * slow.std())
    np.testing.assert_allclose(draws.std(), slow.std(), rtol=0.06)


def test_strata_stay_within_and_blocks_stay_whole():
    rng = np.random.default_rng(3)
    strata = rng.integers(3, size=90)
    orders = permutations.orders(part(rng, n=90, strata=strata), "strata", 50, 0, rng)
    assert (strata[orders] == strata).all()
    orders = permutations.orders(part(rng, n=90), "blocks", 50, 9, rng)
    assert (np.mod(orders, 9) == np.arange(90) % 9).all()


def test_sequential_p_values_are_right():
    rng = np.random.default_rng(4)
    dependent = part(rng, n=200, rho=0.9)
    p, n, _, values = null._sequential(dependent, "free", 99, 0, rng, 3, tail_fit=False)
    assert (p, n) == (0.01, 99)
    assert values.mean() < 0.2 < ksg.mi(dependent.x, dependent.y)
    p_values = [null._sequential(part(rng), "free", 199, 0, rng, 3) for _ in range(100)]
    assert all(n < 199 or p < 0.06 for p, n, _, _ in p_values)
    assert kstest([p for p, *_ in p_values], "uniform").pvalue > 1e-3


def test_p_values_of_the_sequential_test_are_exactly_uniform(monkeypatch):
    """KSG is replaced by normal numbers: the observed one is one of those, and cheap."""
    rng = np.random.default_rng(23)

    class Pairings:
        def __init__(self, *data, **options):
            pass

        def bits(self, orders):
            return rng.standard_normal(len(orders))

    monkeypatch.setattr(null.permuted, "Pairings", Pairings)
    monkeypatch.setattr(null.ksg, "mi", lambda *data, **options: rng.standard_normal())
    small = part(rng, n=10)
    found = [
        null._sequential(small, "free", 999, 0, rng, 3, tail_fit=False)[:2] for _ in range(20_000)
    ]
    p, n = np.array(found).T
    assert kstest(p, "uniform").pvalue > 1e-3
    for level in (0.3, 0.1, 0.05, 0.01, 0.004):
        expected = level * len(p)
        assert abs((p <= level).sum() - expected) < 4 * np.sqrt(expected) + 0.1 * expected
    assert (n == null.FIRST).mean() == pytest.approx(1 - null.FEW / (null.FIRST + 1), abs=0.02)
    assert n.mean() < 50


def test_combination_of_p_values():
    assert combination.cauchy([0.03]) == pytest.approx(0.03)
    assert combination.cauchy([0.03, 0.03]) == pytest.approx(0.03)
    assert combination.cauchy([1e-200, 0.5]) == pytest.approx(2e-200, rel=1e-6)
    assert combination.cauchy([1e-12, 1e-12]) == pytest.approx(1e-12, rel=1e-6)
    assert 0.02 < combination.cauchy([0.01, 0.9]) < 0.03


def test_a_p_value_of_one_does_not_drown_the_others():
    assert 0.02 < combination.cauchy([0.01, 1.0]) < 0.03
    assert combination.cauchy([1e-6, 1.0, 1.0, 1.0]) < 1e-5


def test_the_observed_order_is_one_of_the_permutations():
    rng = np.random.default_rng(14)
    certain = part(rng, n=200, rho=0.9)
    assert null._critic(certain, "free", 99, 0, rng, False)[:2] == (0.01, 99)
    assert null._sequential(certain, "free", 99, 0, rng, 3, tail_fit=False)[:2] == (0.01, 99)


@pytest.mark.parametrize("scheme", ["free", "strata"])
def test_small_p_values_of_the_critic_are_counted_however_heavy_the_tails(scheme):
    rng = np.random.default_rng(21)
    x, y = rng.standard_t(1.5, (2, 8, 1))
    strata = None if scheme == "free" else np.arange(8) // 4
    every = [
        order
        for order in itertools.permutations(range(8))
        if strata is None or (strata[list(order)] == strata).all()
    ]
    if scheme == "strata":  # two such sets of samples: 24^4 orders
        x, y, strata = np.tile(x, (2, 1)), np.vstack([y, y + 1]), np.arange(16) // 4
        every = [(*first, *(8 + i for i in second)) for first in every for second in every]
    sums = ((x @ y.T)[np.arange(len(x)), np.array(every)]).sum(axis=1)
    for exact in (0.2, 2e-3, 2e-4):
        place = np.argsort(-sums)[int(exact * len(sums))]
        paired = y[list(every[place])]
        p = null.Part(x, paired, x, paired, strata)
        truth = (sums >= sums[place] - 1e-9).mean()
        found, n_drawn, method = null._critic(p, scheme, 999_999, 0, rng, True)
        assert method == "permutation"
        assert found == pytest.approx(truth, rel=0.7)
        assert (n_drawn == null.BATCH) == (exact == 0.2)  # the others need more


def test_certain_pairs_need_no_more_permutations():
    rng = np.random.default_rng(22)
    p, n_drawn, method = null._critic(part(rng, 300, 0.9), "free", 999_999, 0, rng, True)
    assert p < 1e-20
    assert (n_drawn, method) == (null.BATCH, "moments")


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
    counted = null.test(strong, rng=np.random.default_rng(0), tail_fit=False, **options)
    beyond = null.test(strong, rng=np.random.default_rng(0), **options)
    assert counted.p_method == "permutation"
    assert beyond.p_method == "moments"
    assert beyond.p_value < 1e-6 < 0.001 <= counted.p_value


@pytest.mark.parametrize("scheme", ["free", "strata", "blocks"])
def test_moments_are_those_of_all_permutations(scheme):
    rng = np.random.default_rng(7)
    strata = np.array([0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0])[: 8 if scheme == "free" else 13]
    p = part(rng, n=len(strata), rho=0.5, strata=strata)
    if scheme == "blocks":
        p = part(rng, n=17, rho=0.5)
        every = [np.array(order).repeat(2) for order in itertools.permutations(range(8))]
        inside = np.tile([1, 2], 8)
        sums = np.array([cross(p, np.r_[0, 2 * order + inside]) for order in every])
        assert permutations.blocks(17, 2)[1].shape == (8, 2)
    else:
        sums = np.zeros(1)
        rows_of = (
            [np.arange(8)] if scheme == "free" else [np.flatnonzero(strata == s) for s in range(4)]
        )
        for rows in rows_of:
            own = [
                (p.left[rows] * p.right[list(order)]).sum()
                for order in itertools.permutations(rows)
            ]
            sums = (sums[:, None] + np.array(own)).ravel()
    mean, variance, third = tails.moments(p, scheme, 2)
    assert mean == pytest.approx(sums.mean())
    assert variance == pytest.approx(sums.var())
    assert third == pytest.approx(((sums - sums.mean()) ** 3).mean())
    assert tails.smallest(p, scheme, 2) == pytest.approx(1 / len(sums))


def test_the_fourth_cumulant_is_that_of_random_permutations_of_heavy_tails():
    rng = np.random.default_rng(15)
    x, y = np.clip(rng.standard_t(2, (2, 200, 1)), -15, 15)
    p = null.Part(x, y, x, y)
    draws = permutations.cross_draws(p, "free", 400_000, 0, rng)
    draws = (draws - draws.mean()) / draws.std()
    expected = (draws**4).mean() - 3
    assert expected > 0.1
    variance = tails.moments(p, "free")[1]
    assert tails.fourth_cumulant(p, "free") / variance**2 == pytest.approx(expected, rel=0.2)


def test_the_tail_of_draws_is_that_of_a_curve_with_their_mean_and_the_skewness_of_many():
    """A thousand draws of the expected skewness count beside those that were made."""
    draws = np.random.default_rng(3).gamma(4.0, 1.0, 500)
    z = (draws - draws.mean()) / draws.std(ddof=1)
    for expected_skew in (0.0, 0.1):
        skew = (500 * (z**3).mean() + 1000 * expected_skew) / 1500
        score = 3.0 / np.sqrt(1 + 1 / 500)
        expected = student.sf(norm.isf(pearson3.sf(score, skew)), 499)
        observed = draws.mean() + 3 * draws.std(ddof=1)
        found = tails.drawn_tail(draws, observed, 500, expected_skew)
        assert found == pytest.approx(expected, rel=1e-6)


def test_the_tail_has_the_moments_of_the_permutations(monkeypatch):
    """Pearson III by mean, variance and skewness; with a kurtosis, Student's t of the same."""
    p = part(np.random.default_rng(0))
    monkeypatch.setattr(tails, "moments", lambda *of: (1.0, 4.0, 8 * 0.6))
    monkeypatch.setattr(tails, "fourth_cumulant", lambda *of: -0.1)
    assert tails.cross_tail(p, "free", 0, 7.0) == pytest.approx(pearson3.sf(3.0, 0.6))
    monkeypatch.setattr(tails, "moments", lambda *of: (1.0, 4.0, 0.0))
    monkeypatch.setattr(tails, "fourth_cumulant", lambda *of: 16 * 0.5)
    freedom = 4 + 6 / 0.5  # of this excess kurtosis
    assert student.stats(freedom, moments="k") == pytest.approx(0.5)
    expected = student.sf(3.0 * np.sqrt(freedom / (freedom - 2)), freedom)
    assert tails.cross_tail(p, "free", 0, 7.0) == pytest.approx(expected)


def test_the_tail_of_blocks_counts_whole_blocks(monkeypatch):
    counted, drawn_tail = [], tails.drawn_tail

    def recording(values, observed, independent, *more):
        counted.append(independent)
        return drawn_tail(values, observed, independent, *more)

    monkeypatch.setattr(null.tails, "drawn_tail", recording)
    rng = np.random.default_rng(22)
    null._sequential(part(rng, n=60, rho=0.99), "blocks", 24, 7, rng, 3)
    assert set(counted) == {60 // 7}
    lengths = {asked: permutations.clipped_length(60, asked) for asked in (0, 1, 5, 7, 50)}
    assert lengths == {0: 1, 1: 1, 5: 5, 7: 7, 50: 7}  # eight blocks at least


def test_moments_of_large_strata_by_tensors_and_by_matrices_agree():
    rng = np.random.default_rng(8)
    p = part(rng, n=90, rho=0.5, strata=np.repeat([0, 1], 45))
    left, right = (side.reshape(2, 45, 2) for side in (p.left, p.right))
    expected = tails._of_cross(left @ right.transpose(0, 2, 1))
    np.testing.assert_allclose(tails._of_strata(left, right), expected)


@pytest.mark.parametrize("size", [2, 3, 4, 10])
def test_p_values_within_small_strata_are_uniform(size):
    n = 120 // size * size
    p_values = []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        p = part(rng, n=n, strata=np.arange(n) // size)
        p_values.append(null._critic(p, "strata", 499, 0, rng, True)[0])
    assert kstest(p_values, "uniform").pvalue > 1e-3
    ksg_p = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        p = part(rng, n=n, strata=np.arange(n) // size)
        ksg_p.append(null._sequential(p, "strata", 199, 0, rng, 3)[0])
    assert kstest(ksg_p, "uniform").pvalue > 1e-3


def test_where_nothing_can_be_exchanged_there_is_no_p_value():
    rng = np.random.default_rng(9)
    p = part(rng, n=60, rho=0.9, strata=np.arange(60))
    assert null.test([p, p], scheme="strata", n_permutations=99, rng=rng) == null.NOT_TESTED


def test_a_feature_that_varies_in_one_fold_alone_has_an_estimate():
    rng = np.random.default_rng(21)
    y = rng.standard_normal((120, 2))
    found = api.estimate(np.eye(120)[:, :1], y, train="never", n_permutations=19)
    assert found.p_value > 0.01 and abs(found.mi_bits) < 0.2
    halves = [part(rng, n=60), part(rng, n=60)]
    bare = replace(halves[1], left=np.zeros((60, 0)), right=np.zeros((60, 0)))
    tested = null.test([halves[0], bare], scheme="free", n_permutations=99, rng=rng)
    assert 0 < tested.p_value <= 1


def test_without_a_p_value_the_reason_says_so():
    x = np.random.default_rng(16).standard_normal((300, 2))
    e = api.estimate(x, x**2 + x, train="never", n_permutations=0).model
    samples = estimation.Samples(strata=np.arange(300), strata_names=["s"] * 300)
    wanted = {"max": 99, "scheme": "auto", "block_length": 0, "tail_fit": True}
    found = estimation.estimate(e, error_bars=False, permutations=wanted, samples=samples)
    assert np.isnan(found.null.p_value)
    assert "no p value: the strata leave" in found.reason
    assert found.flag != "ok"


def test_the_p_value_is_never_below_one_over_the_pairings():
    rng = np.random.default_rng(10)
    x = np.arange(60.0)[:, None]
    strata = np.r_[np.arange(57), 57, 57, 57]  # six pairings in all
    p = null.Part(x, x, x, x, strata)
    tested = null.test([p, p], scheme="strata", n_permutations=999, rng=rng)
    assert tested.p_value > 0.1


def test_tied_permutations_count_as_reaching():
    y = np.repeat([0.0, 1.0], 30)[:, None]
    p = null.Part(y, y, y, y, strata=np.repeat([0, 1], 30))
    rng = np.random.default_rng(11)
    assert null._critic(p, "strata", 99, 0, rng, True)[0] == 1.0


def test_many_small_strata_cost_no_loop_over_them():
    rng = np.random.default_rng(12)
    p = part(rng, n=10_000, strata=np.arange(10_000) // 2)
    orders = permutations.orders(p, "strata", 5, 0, rng)
    assert (orders // 2 == np.arange(10_000) // 2).all()
    assert [rows.shape for rows in permutations.groups(p, "strata")] == [(5000, 2)]


def test_the_result_depends_on_the_seed_alone():
    x, y, _ = pair("white", 0, 400, 0.2)
    runs = [api.estimate(x, y, seed=3, threads=threads).p_value for threads in (1, 2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("seed", [0, 1])
def test_independent_random_walks_are_flagged_and_not_significant(seed):
    rng = np.random.default_rng(seed)
    walks = rng.standard_normal((2, 1000, 3)).cumsum(axis=1)
    found = api.estimate(*walks, time_series=True, seed=seed, train="never")
    assert found.flag == "warn"
    assert "non-stationary" in found.reason
    assert "too low" not in found.reason
    assert found.p_value > 0.001  # shifts are no exact null of walks, which is why they are flagged


def test_a_certain_pair_is_significant_among_thousands():
    rng = np.random.default_rng(13)
    x = rng.standard_normal((600, 3))
    y = 0.9 * x + np.sqrt(1 - 0.9**2) * rng.standard_normal((600, 3))
    linear = api.estimate(x, y, train="never").p_value
    angle = rng.uniform(0, 2 * np.pi, 600)
    noise = 0.1 * rng.standard_normal((2, 600))
    circle = api.estimate(np.cos(angle) + noise[0], np.sin(angle) + noise[1], train="never").p_value
    assert max(linear, circle) * 300_000 < 0.05


def test_a_shift_null_finds_certain_series_among_thousands():
    rng = np.random.default_rng(14)
    x = autoregressive(rng, 1200, 3, phi=0.8)
    y = x + rng.standard_normal((1200, 3))
    found = api.estimate(x, y, time_series=True, train="never")
    assert found.p_value * 11_175 < 0.05


# ---- intervals


def intervals_part(sizes, seed=0):
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    x, y = rng.normal(size=(2, n, 1))
    interval = np.repeat(np.arange(len(sizes)), sizes)
    return null.Part(x, y, x, y, interval=interval, trials=n < 100 * len(sizes))


def test_long_intervals_are_shifted_within_themselves():
    part = intervals_part([120, 150, 130])
    assert [rows.shape for rows in permutations.cycles(part)] == [(120, 1), (150, 1), (130, 1)]
    orders = permutations.orders(part, "shift", 20, 0, np.random.default_rng(1))
    assert (np.sort(orders, axis=1) == np.arange(400)).all()
    assert (part.interval[orders] == part.interval).all()
    steps = np.diff(orders[:, :120], axis=1)
    assert ((steps == 1) | (steps == -119)).all()


def test_trials_of_equal_length_are_shifted_as_a_whole():
    part = intervals_part([10] * 30 + [7])
    assert [rows.shape for rows in permutations.cycles(part)] == [(30, 10), (1, 7)]
    orders = permutations.orders(part, "shift", 20, 0, np.random.default_rng(1))
    assert (orders[:, 300:] == np.arange(300, 307)).all()
    assert (orders[:, :300].reshape(20, 30, 10) % 10 == np.arange(10)).all()


def test_the_cross_term_of_drawn_shifts_is_that_of_their_orders():
    for sizes in ([120, 150, 130], [10] * 30 + [7]):
        part = intervals_part(sizes)
        draws = permutations.cross_draws(part, "shift", 500, 0, np.random.default_rng(1))
        orders = permutations.orders(part, "shift", 500, 0, np.random.default_rng(1))
        sums = (part.left * part.right[orders]).sum(axis=(1, 2))
        np.testing.assert_allclose(draws, sums, atol=1e-9)


def test_one_interval_is_the_whole_recording():
    part = intervals_part([300])
    whole = null.Part(part.x, part.y, part.left, part.right)
    for one in (part, whole):
        assert permutations.log_count(one, "shift") == pytest.approx(np.log(300))
    rng = np.random.default_rng
    draws = [permutations.cross_draws(one, "shift", 99, 0, rng(0)) for one in (part, whole)]
    np.testing.assert_array_equal(*draws)


def test_intervals_that_nothing_can_be_exchanged_with_have_no_p_value():
    part = intervals_part(list(range(5, 25)))
    found = null.test([part], scheme="shift", n_permutations=99, rng=np.random.default_rng(0))
    assert np.isnan(found.p_value)


@pytest.mark.parametrize("sizes", [[150] * 3, [15] * 30])
def test_p_values_of_slow_independent_series_in_intervals_are_uniform(sizes):
    p_values = []
    for seed in range(60):
        part = intervals_part(sizes, seed)
        slow = [lfilter([1], [1, -0.8], side, axis=0) for side in (part.x, part.y)]
        slow = null.Part(*slow, *slow, interval=part.interval, trials=part.trials)
        found = null.test([slow], scheme="shift", n_permutations=99, rng=np.random.default_rng(0))
        p_values.append(found.p_value)
    assert np.mean(np.array(p_values) <= 0.1) < 0.25


def test_blocks_of_slow_or_periodic_series_are_not_too_often_significant():
    p_values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        time = np.arange(150)[:, None]
        sides = []
        for _ in "xy":
            phase = rng.uniform(0, 7) + np.cumsum(0.05 * rng.standard_normal((150, 1)), axis=0)
            wave = np.sin(time / 4 + phase) + 0.5 * rng.standard_normal((150, 1))
            sides.append((wave - wave.mean()) / wave.std())
        x, y = sides
        its = null.Part(x, y, x, y)
        found = null.test([its], scheme="blocks", n_permutations=199, rng=rng)
        p_values.append(found.p_value)
    # by blocks alone, nearly half of these independent pairs
    assert np.mean(np.array(p_values) <= 0.05) <= 0.1
