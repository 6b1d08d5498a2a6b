"""The critic that guides KSG, against its definition."""

import numpy as np
import pytest
from lmi.ksg import guided
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm


def pair(n=400, s=(0.9, 0.4), seed=0):
    """Return correlated normal axes: a, b and their correlations."""
    rng, s = np.random.default_rng(seed), np.array(s)
    a = rng.standard_normal((n, len(s)))
    return a, a * s + np.sqrt(1 - s**2) * rng.standard_normal((n, len(s))), s


def log_ratio(a, b, s):
    """Return log p(a, b) / (p(a) p(b)) of normal axes, nats."""
    return sum(
        multivariate_normal([0, 0], [[1, r], [r, 1]]).logpdf(np.stack([one, other], axis=-1))
        - norm.logpdf(one)
        - norm.logpdf(other)
        for one, other, r in zip(a.T, b.T, s, strict=True)
    )


@pytest.mark.parametrize("temperature", guided.TEMPERATURES[1:])
def test_the_critic_is_the_log_ratio_of_normal_densities_times_a_temperature(temperature):
    a, b, s = pair()
    left, right = guided.factors(a, b, s, temperature)
    expected = temperature * log_ratio(a, b, s)
    np.testing.assert_allclose((left * right).sum(axis=1), expected, atol=1e-4)
    others = temperature * log_ratio(a, b[::-1], s)
    np.testing.assert_allclose((left * right[::-1]).sum(axis=1), others, atol=1e-4)


def test_samples_far_out_are_taken_at_the_bound():
    a, b, s = pair()
    far = a.copy()
    far[0] *= 1e3
    bounded = np.clip(far, -guided.CRITIC_BOUND_SD, guided.CRITIC_BOUND_SD)
    for side in (0, 1):
        found, expected = (guided.factors(one, b, s, 1.0)[side] for one in (far, bounded))
        np.testing.assert_array_equal(found, expected)


def test_the_temperature_is_that_of_the_largest_bound():
    a, b, s = pair(n=300)
    for wrong in (1.0, 0.5, 1.09):
        claimed = np.minimum(s * wrong, 0.99)
        t = log_ratio(np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1)), claimed)
        t = t.reshape(len(a), len(b))
        others = np.linspace(0, len(a) - 1, 100).astype(int)
        bounds = [0.0]
        for temperature in guided.TEMPERATURES[1:]:
            of_others = logsumexp(temperature * t[:, others], axis=1) - np.log(len(others))
            own = guided.mixed(temperature * np.diag(t))
            bounds.append((own - guided.mixed(of_others)).mean())
        found = guided.best_temperature(a, b, claimed, 2, n_others=100)
        assert found == int(np.argmax(bounds))
    assert guided.best_temperature(a, b, s, 0) == 0


def test_the_correction_of_a_sample_is_what_its_definition_says():
    a, b, s = pair()
    left, right = guided.factors(a, b, s, 1.0)
    inside_x, inside_y = np.array([3, 5, 8]), np.array([1, 5, 9, 12])
    t = log_ratio(np.repeat(a[inside_x], 4, axis=0), np.tile(b[inside_y], (3, 1)), s)
    mean = logsumexp(t) - np.log(12)
    at_sample = log_ratio(a[[5]], b[[5]], s)[0]
    expected = (guided.mixed(at_sample) - guided.mixed(mean)) / np.log(2)
    found = guided.correction_at(left, right, 5, inside_x, inside_y)
    assert found == pytest.approx(expected, abs=1e-4)
    by_rows = guided._correction(
        left[[5]],
        right,
        np.array([at_sample]),
        np.array([[0, 0, 0]]),  # of one row: box of the sample itself
        inside_y[None],
    )
    t = log_ratio(np.repeat(a[[5]], 4, axis=0), b[inside_y], s)
    expected = guided.mixed(at_sample) - guided.mixed(logsumexp(t) - np.log(4))
    assert by_rows[0] == pytest.approx(expected / np.log(2), abs=1e-4)


def test_a_trusted_critic_is_taken_as_it_is():
    assert guided.TEMPERATURES[guided.TRUSTED] == 1.0


def test_samples_that_others_equal_on_both_sides_are_counted():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 300, 1))
    a[:100], b[:60] = 0.0, 1.0  # equal on one side, or on both
    *_, n_tied = guided.evaluate(a, b, np.array([0.5]), 1, np.ones(1))
    assert n_tied == 60


def test_strangers_bound_what_a_sample_may_lack():
    share = guided.ASTRAY
    assert guided.mixed(np.array(-1e3)) == pytest.approx(np.log(share))
    assert guided.mixed(np.array(2.0)) == pytest.approx(np.log((1 - share) * np.exp(2.0) + share))
