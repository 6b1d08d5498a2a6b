"""The combination of a pair's p values: uniform where tests hang together, small where one is."""

import numpy as np
import pytest
from lmi.estimation import combination
from scipy.special import ndtr
from scipy.stats import kstest

LINKED = (np.ones((1, 1)), -np.ones((1, 1)))


def of_one_axis(rng, count):
    """Return p values of both critics of one feature a side: each has the other one's sign."""
    first, second = rng.standard_normal((2, count))
    return ndtr(-np.array([np.sign(first) * second, np.sign(second) * first]))


def of_many_axes(rng, count):
    shared = rng.random(count)
    return np.array([shared, shared])


@pytest.mark.parametrize(
    ("critics", "links"),
    [
        (of_one_axis, LINKED),
        (of_many_axes, (np.eye(2), np.eye(2))),
        (lambda rng, count: rng.random((2, count)), None),
        (lambda rng, count: rng.random((2, count)), (np.zeros((1, 1)), np.zeros((1, 1)))),
    ],
)
def test_the_combination_is_uniform_however_the_halves_hang_together(critics, links):
    rng = np.random.default_rng(0)
    p = np.vstack([critics(rng, 1500), rng.random((2, 1500))])
    combined = np.array([combination.p_value(column, rng, 2, links) for column in p.T])
    assert kstest(combined, "uniform").pvalue > 0.01
    assert 0.075 < (combined > 0.9).mean() < 0.125


def test_draws_of_critics_of_one_shared_axis_have_one_sign():
    both = combination._critics(*LINKED, np.random.default_rng(1))
    assert ((both[0] < 0.5) == (both[1] < 0.5)).all()
    assert abs(np.corrcoef(np.abs(both - 0.5))[0, 1]) < 0.1
    assert kstest(both[0], "uniform").pvalue > 1e-3


def test_draws_of_critics_hang_together_as_the_axes_of_either_variable_do():
    """Encoders that share the axis of x alone: neither tells the other's sign."""
    shared, none = np.eye(1), np.zeros((1, 1))
    for links, alike in (
        ((shared, shared), True),
        ((shared, none), False),
        ((none, shared), False),
    ):
        both = combination._critics(*links, np.random.default_rng(1))
        assert (((both[0] < 0.5) == (both[1] < 0.5)).mean() > 0.99) == alike
    first = combination._critics(
        np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]]), np.random.default_rng(1)
    )
    other = combination._critics(
        np.array([[1.0, 0.0], [0.0, 0.0]]), np.eye(2), np.random.default_rng(1)
    )
    same = [np.mean((one[0] < 0.5) == (one[1] < 0.5)) for one in (first, other)]
    assert same[0] == pytest.approx(same[1], abs=0.05)


def test_links_are_the_correlations_of_the_axes():
    rng = np.random.default_rng(2)
    axes = rng.standard_normal((500, 3))
    found = combination.links(axes, np.column_stack([-axes[:, 1], 3 * axes[:, 0] + 1]))
    np.testing.assert_allclose(found, [[0, 1], [-1, 0], [0, 0]], atol=0.15)


def test_small_p_values_are_those_of_the_cauchy_combination():
    rng = np.random.default_rng(3)
    assert combination.p_value([0.01, 0.02], rng, 2, LINKED) == combination.cauchy([0.01, 0.02])
    assert combination.p_value([1e-30, 1.0], rng, 2, LINKED) == pytest.approx(2e-30)
    assert combination.cauchy([0.0, 0.5]) == pytest.approx(2e-300)
    # however large the others are
    assert combination.p_value([1e-3, 1.0, 1.0, 1.0], rng, 2, LINKED) < 0.005
