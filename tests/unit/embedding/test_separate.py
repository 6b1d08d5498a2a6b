"""Separated pairs of axes: the test of Gaussian axes, the rotation, mixtures and their critic."""

import dataclasses

import lmi
import numpy as np
import pytest
from lmi import tasks
from lmi.base import mardia
from lmi.embedding import canonical, separate
from lmi.ksg import guided, mixture
from lmi.tasks import copulas
from scipy import stats

MIXED = np.array(
    [
        [0.5, -0.5, -0.4, 0.6, 0.4, 0.7],
        [0.3, 0.8, 0.7, 1.2, -0.3, 0.9],
        [0.2, 0.1, 0.3, 0.5, 0.2, 1],
    ]
)


def pairs(rng, n, n_pairs, correlation=0.8):
    a, noise = rng.standard_normal((2, n, n_pairs))
    return a, correlation * a + np.sqrt(1 - correlation**2) * noise


def clayton(rng, n, n_pairs):
    return [
        copulas._with_margin(side, "normal") for side in copulas.draw(rng, "clayton", n, n_pairs)
    ]


def test_gaussian_axes_are_told_from_others():
    rng = np.random.default_rng(0)
    found = [mardia.is_gaussian(*pairs(rng, n, d)) for n in (200, 1000) for d in (1, 3, 8)]
    assert all(found)
    assert not any(mardia.is_gaussian(*clayton(rng, 1000, d)) for d in (1, 3))


def test_the_rotation_of_independent_pairs_is_found():
    rng = np.random.default_rng(1)
    a, b = clayton(rng, 2000, 3)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    found = separate.rotation(a @ turn, b @ turn)
    assert found.T @ found == pytest.approx(np.eye(3))
    # each axis is one of the pairs, whichever and with either sign
    assert (np.abs(turn @ found).max(axis=0) > 0.98).all()


def test_the_log_ratio_of_a_mixture_is_that_of_its_densities():
    a, b = np.random.default_rng(2).standard_normal((2, 50))
    joint, of_a, of_b = 0.0, 0.0, 0.0
    for share, mean_a, mean_b, var_a, cov, var_b in MIXED:
        both = stats.multivariate_normal([mean_a, mean_b], [[var_a, cov], [cov, var_b]])
        joint = joint + share * both.pdf(np.stack([a, b], axis=1))
        of_a = of_a + share * stats.norm.pdf(a, mean_a, np.sqrt(var_a))
        of_b = of_b + share * stats.norm.pdf(b, mean_b, np.sqrt(var_b))
    assert mixture.log_ratio(MIXED, a, b) == pytest.approx(np.log(joint / (of_a * of_b)))
    padded = np.vstack([MIXED, np.zeros((1, 6))])
    assert np.array_equal(mixture.log_ratio(padded, a, b), mixture.log_ratio(MIXED, a, b))


def test_factors_of_a_mixture_give_its_log_ratio_for_all_pairs_of_samples():
    a, b = np.random.default_rng(3).standard_normal((2, 200, 2))
    mixtures = np.stack([MIXED, separate._gaussian(0.9)])
    left, right = mixture.factors(a, b, mixtures, 0.5)
    wanted = sum(mixture.log_ratio(one, a[:, i, None], b[:, i]) for i, one in enumerate(mixtures))
    gap = np.abs(left @ right.T - wanted / 2)
    assert np.quantile(gap, 0.99) < 0.05 and np.median(gap) < 0.01


def test_a_mixture_of_one_component_is_the_gaussian_critic():
    rng = np.random.default_rng(4)
    a, b = pairs(rng, 500, 2)
    s, weight = np.full(2, 0.8), np.full(2, 0.8)
    mixtures = np.stack([separate._gaussian(0.8)] * 2)
    values = [
        guided.evaluate(a, b, s, 2, weight, 1.0, mixtures=one)[1].mean() for one in (None, mixtures)
    ]
    assert values[0] == pytest.approx(values[1], abs=0.01)


def test_a_mixture_is_fitted_to_the_density_that_samples_come_from():
    rng = np.random.default_rng(5)
    a, b = (side[:, 0] for side in clayton(rng, 4000, 1))
    new = [side[:, 0] for side in clayton(rng, 4000, 1)]
    bits = mixture.log_ratio(separate.fit_mixture(a, b), *new).mean() / np.log(2)
    truth = copulas.copula_mi_bits("clayton")
    gaussian = mixture.log_ratio(separate._gaussian(np.corrcoef(a, b)[0, 1]), *new).mean()
    assert truth - 0.1 < bits < truth + 0.03
    assert bits > gaussian / np.log(2) + 0.1


def fitted(a, b, n_train):
    """Return canonical axes of the first samples, and those separated."""
    train = np.arange(len(a)) < n_train
    inner = np.arange(n_train) % canonical.N_INNER
    sides = [canonical.whiten(side, train, inner) for side in (a, b)]
    axes = canonical.fit(*sides)
    return axes, separate.fit(axes, train, inner)


def test_gaussian_pairs_are_left_alone():
    rng = np.random.default_rng(6)
    axes, separated = fitted(*pairs(rng, 2000, 3), 1000)
    assert axes.rank == 3 and separated is None
    axes, separated = fitted(*rng.standard_normal((2, 2000, 3)), 1000)
    assert axes.rank == 0 and separated is None


def test_separated_axes_find_more_of_copulas():
    task = tasks.make("copula_pairs", 50, n_samples=2000, ambient=20)
    result = lmi.estimate(task.x, task.y, n_permutations=0, error_bars=False, train="never")
    assert all(name.startswith("separated_") for name in result.candidate.split("+"))
    others = [v for name, v in result.model.scores.items() if not name.startswith("separated_")]
    assert result.mi_bits > max(others) + 0.15
    assert result.mi_bits < task.oracle_bits + 0.05


def test_a_mixture_that_is_wrong_does_not_invent_information():
    a, b = np.random.default_rng(7).standard_normal((2, 1000, 1))
    for temperature in (0.5, 1.0):
        bits, correction, _ = guided.evaluate(
            a, b, np.array([0.5]), 1, np.ones(1), temperature, mixtures=MIXED[None]
        )
        assert (bits + correction).mean() < 0.05
    assert guided.best_temperature(a, b, np.array([0.5]), 1, mixtures=MIXED[None]) == 0


def test_an_embedding_without_mixtures_has_none():
    axes, _ = fitted(*pairs(np.random.default_rng(8), 600, 1), 300)
    assert separate.stacked([axes, axes], 4) is None
    one = dataclasses.replace(axes, mixture=MIXED[None])
    both = separate.stacked([axes, one], 4)
    assert both.shape == (2, 4, separate.N_COMPONENTS, 6)
    assert not both[0].any() and np.array_equal(both[1, 0], MIXED) and not both[1, 1:].any()
