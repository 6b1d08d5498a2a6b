"""KSG with ties: known truths, scikit-learn, brute force."""

import numpy as np
import pytest
from lmi.ksg import discrete, flat, guided
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif


def brute_force(x, label, k):
    """Ross 2014 by all distances: k neighbours of the same label."""
    total = 0.0
    for i in range(len(x)):
        distance = np.delete(np.abs(x - x[i]), i)
        same = np.delete(label == label[i], i)
        radius = np.sort(distance[same])[k - 1]
        n_near = 1 + (distance < radius).sum()
        total += digamma(len(x)) + digamma(k) - digamma(same.sum() + 1) - digamma(n_near)
    return total / len(x) / np.log(2)


def test_labels_against_a_number_are_as_by_brute_force_and_as_scikit_learn_says():
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=300)
    x = label + rng.standard_normal(300)
    found = discrete.labelled(x, label, 3).mean()
    assert found == pytest.approx(brute_force(x, label, 3), abs=1e-12)
    sklearn = mutual_info_classif(x[:, None], label, n_neighbors=3, random_state=0)[0] / np.log(2)
    assert found == pytest.approx(sklearn, abs=0.02)


def test_a_table_of_common_values_is_its_plug_in_estimate():
    """With 10,000 samples in 4 cells hardly anything is left to correct."""
    table = np.array([[4000, 1000], [2000, 3000]])
    one, other = np.repeat(np.indices((2, 2)).reshape(2, -1), table.ravel(), axis=1)
    share = table / table.sum()
    expected = np.outer(share.sum(1), share.sum(0))
    truth = (share * np.log2(share / expected)).sum()
    found = discrete.table(one, other)
    assert found.shape == (10_000,)
    assert found.mean() == pytest.approx(truth, abs=2e-4)


@pytest.mark.parametrize("n", [300, 2000])
def test_values_not_seen_count(n):
    """Two independent labels of 30 values: the plug-in estimate is far above zero."""
    found = []
    for seed in range(20):
        one, other = np.random.default_rng(seed).integers(30, size=(2, n))
        found.append(discrete.table(one, other).mean())
    plug_in = 29**2 / (2 * n * np.log(2))
    assert abs(np.mean(found)) < 0.15 * plug_in


@pytest.mark.parametrize(("share", "n"), [(0.5, 100), (0.01, 100), (1e-6, 1000), (0.02, 5000)])
def test_the_rest_of_the_series_is_what_its_first_terms_leave(share, n):
    r = np.arange(1, n)
    power = (1 - share) ** r
    expected = (-np.log(share) - (power / r).sum()) * (1 - share) ** (1 - n)
    if (1 - share) ** n > 1e-8:  # else nothing is left of the difference but rounding
        assert discrete._rest(share, n) == pytest.approx(expected, rel=1e-6)
    else:
        assert 0 < discrete._rest(share, n) < (1 - share) / n / share


def test_values_not_seen_are_those_of_chao_wang_and_jost():
    """Their equation: once / n (1 - A)^(1 - n) [-log A - sum of (1 - A)^r / r]."""
    assert discrete._unseen(np.array([0, 0, 0, 1])) == 0.0  # one alone: as good as all were seen
    for label in ([0, 0, 0, 1, 2, 3], [0, 0, 1, 1, 2, 3, 4]):
        n, counts = len(label), np.bincount(label)
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        share = (
            2 * twice / ((n - 1) * once + 2 * twice) if twice else 2 / ((n - 1) * (once - 1) + 2)
        )
        r = np.arange(1, n)
        expected = once / n * (1 - share) ** (1.0 - n)
        expected *= -np.log(share) - ((1 - share) ** r / r).sum()
        assert discrete._unseen(np.array(label)) == pytest.approx(expected, rel=2e-3, abs=1e-12)


def test_the_entropy_of_equal_labels():
    assert discrete.entropy_bits(np.arange(64) % 8) == pytest.approx(3)


def test_numbers_without_ties_are_as_ksg_has_them():
    from lmi.ksg import kernel

    x, y = np.random.default_rng(0).standard_normal((2, 500))
    assert np.array_equal(discrete.mixed(x, y, 5), kernel.pointwise_mi(x, y, 5))


def test_a_rare_label_has_as_many_neighbours_as_there_are():
    x = np.random.default_rng(0).standard_normal(100)
    label = np.r_[np.zeros(97, int), 1, 2, 2]
    assert np.isfinite(discrete.labelled(x, label, 12)).all()


def test_a_label_of_one_sample_tells_which_sample_it_is():
    x = np.random.default_rng(0).standard_normal(60)
    x[-1] = 9.0  # alone there
    label = np.r_[np.arange(59) % 2, 2]
    found = discrete.labelled(x, label, 3)
    assert found[-1] == pytest.approx((digamma(60) - digamma(1)) / np.log(2))


def test_parts_of_a_pairing_are_estimated_as_if_each_stood_alone():
    rng = np.random.default_rng(1)
    x = rng.poisson(1.0, 400).astype(float)
    y = np.where(rng.random(400) < 0.5, x, rng.poisson(1.0, 400))
    part = rng.integers(2, size=400)
    pairing = flat.pair(*(guided.untie(z[:, None], side)[:, 0] for side, z in enumerate((x, y))))
    groups, part = discrete.equals(x, y)[:, pairing.order], part[pairing.order]
    found = discrete.mixed_in_order(pairing, groups, 5, part, 2)
    for one in (0, 1):
        rows = part == one
        alone = flat.pair(pairing.x[rows], pairing.y[rows])
        expected = discrete.mixed_in_order(alone, groups[:, rows][:, alone.order], 5)
        np.testing.assert_allclose(found[rows][alone.order], expected, atol=1e-12)
