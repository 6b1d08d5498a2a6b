"""Pairs with ties and labels: known truths, bounds, and what is left as it was."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.ksg.discrete import entropy_bits
from lmi.projection import ties

from benchmarks import discrete as bench

QUICK = {"error_bars": False, "n_permutations": 0}


def draw(family, seed=1, n=2000):
    kind, settings = bench.FAMILIES[family]
    return kind(np.random.default_rng(seed), n, *settings)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.random.default_rng(0).standard_normal(500), "number"),
        (np.random.default_rng(0).poisson(1.0, 500), "tied"),
        (np.maximum(np.random.default_rng(0).standard_normal(500), 0), "tied"),
        (np.r_[np.random.default_rng(0).standard_normal(480), np.zeros(20)], "number"),
        (np.random.default_rng(0).standard_normal((500, 2)), "wide"),
        (np.random.default_rng(0).poisson(2.0, (500, 3)), "counts"),
        (np.eye(4)[np.random.default_rng(0).integers(4, size=500)], "label"),
    ],
)
def test_a_variable_has_ties_where_a_tenth_of_its_samples_repeat(values, kind):
    found, coded = ties.describe(np.asarray(values, float).reshape(500, -1))
    assert found == kind
    assert coded.shape == (500,)


@pytest.mark.parametrize("family", [name for name in bench.FAMILIES if "labels" not in name])
def test_counts_and_zeros_are_as_near_as_the_samples_allow(family):
    x, y, _, pointwise, _ = draw(family)
    found = lmi.estimate(x, y, **QUICK)
    assert abs(found.mi_bits - pointwise.mean()) < 0.025
    assert found.flag == "ok", found.reason


@pytest.mark.parametrize(
    ("family", "tolerance"),
    [
        ("2 equal labels", 0.08),
        ("4 unequal labels", 0.1),
        ("6 unequal labels", 0.15),
        ("10 unequal labels, apart", 0.08),
        ("6 labels, independent", 0.06),
        ("6 labels of other scales", 0.12),  # linear discriminants alone lack .23
        ("6 labels with heavy tails", 0.18),
    ],
)
def test_labels_against_200_noisy_features(family, tolerance):
    x, label, _, pointwise, options = draw(family)
    found = lmi.estimate(x, label, **QUICK, **options)
    assert abs(found.mi_bits - pointwise.mean()) < tolerance
    assert found.mi_bits <= entropy_bits(label)


@pytest.mark.parametrize("family", ["6 unequal labels", "10 equal labels", "20 unequal labels"])
def test_what_classifiers_lack_is_added_and_no_more(family):
    """Followed on from half to five sixths of the samples, .05 too little to .05 too much."""
    errors = []
    for seed in (2, 3):
        x, label, _, pointwise, options = draw(family, seed)
        errors.append(lmi.estimate(x, label, **QUICK, **options).mi_bits - pointwise.mean())
    assert abs(np.mean(errors)) < 0.03


def test_independent_labels_share_nothing_and_no_less():
    """Classifiers lose by learning: they told -.045 bits of 500 samples, and no interval held 0."""
    off = []
    for seed in range(6):
        x, label, _, _, options = draw("6 labels, independent", seed, n=500)
        found = lmi.estimate(x, label, n_permutations=0, quiet=True, **options)
        assert found.low_bits <= 0 < found.high_bits
        assert found.flag == "ok" or "rising" in found.reason
        off.append(found.mi_bits / found.sd_bits)
    assert np.abs(off).max() < 2.5
    assert abs(np.mean(off)) < 1


def test_classes_without_a_sample_and_of_few_samples_are_told():
    rng = np.random.default_rng(4)
    label = np.repeat([0, 1, 2, 3], [300, 290, 6, 4])
    x = rng.standard_normal((600, 30))
    x[:, :4] += 4 * np.eye(4)[label]
    found = lmi.estimate(x, label, discrete_y=True, **QUICK)
    assert found.mi_bits == pytest.approx(entropy_bits(label), abs=0.12)


def test_every_value_of_a_pair_with_ties_is_filled():
    x, y, *_ = draw("counts, means 1 and 1", n=600)
    found = lmi.estimate(x, y, n_permutations=99)
    assert np.isfinite([found.mi_bits, found.sd_bits, found.mi_ksg_bits, found.p_value]).all()
    assert np.mean(found.pmis) == pytest.approx(found.mi_bits)
    assert len(found.pmis) == 600


@pytest.mark.parametrize(
    "as_given",
    [
        lambda label: pd.Series(label).astype("category"),
        lambda label: np.array(["red", "green", "blue"])[label],
        lambda label: ["one " + str(one) for one in label],
    ],
)
def test_categories_and_text_are_labels(as_given):
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=400)
    x = rng.standard_normal((400, 5))
    x[:, 0] += 4 * label
    asked = lmi.estimate(x, label, discrete_y=True, **QUICK)
    found = lmi.estimate(x, as_given(label), **QUICK)
    assert found.model.kinds == ("wide", "label")
    assert found.mi_bits == pytest.approx(asked.mi_bits, abs=0.01)
    assert found.mi_bits == pytest.approx(np.log2(3), abs=0.2)


@pytest.mark.parametrize("columns", [slice(None), slice(1, None)])
def test_indicators_of_a_label_among_features_are_that_label(columns):
    """Taken as numbers, six classes in 200 features gave 1.3 bits for 1.6."""
    x, label, _, *_ = draw("6 unequal labels", n=600)
    indicators = np.eye(6)[label][:, columns]
    found = lmi.estimate(x, indicators, **QUICK)
    assert found.model.kinds == ("wide", "label")
    asked = lmi.estimate(x, label, discrete_y=True, **QUICK)
    assert found.mi_bits == pytest.approx(asked.mi_bits, abs=0.01)
    features = np.random.default_rng(0).integers(2, size=(600, 3)).astype(float)
    assert not ties.are_indicators(features)
    assert not ties.are_indicators(indicators[:, :1])


def test_the_order_of_the_sides_does_not_matter():
    x, label, *_ = draw("4 unequal labels", n=600)
    one = lmi.estimate(x, label, discrete_y=True, **QUICK)
    other = lmi.estimate(label, x, discrete_x=True, **QUICK)
    assert one.mi_bits == pytest.approx(other.mi_bits, abs=1e-3)


def test_a_label_tells_no_more_of_itself_than_its_entropy():
    label = np.random.default_rng(0).integers(4, size=500)
    found = lmi.estimate(label, label + 7, discrete_x=True, discrete_y=True, **QUICK)
    assert found.mi_bits == pytest.approx(entropy_bits(label), abs=0.01)
    assert found.flag == "ok", found.reason


def test_missing_labels_and_ids_are_refused():
    x, labels = np.random.default_rng(0).standard_normal((100, 2)), ["a", "b"] * 50
    with pytest.raises(InputError, match="Ys: expected a label for every sample, found 1 missing"):
        lmi.estimate(x, [None, *labels[1:]])
    with pytest.raises(InputError, match="Ys: expected labels that samples share"):
        lmi.estimate(x, [f"id{i}" for i in range(100)])


def test_pairs_without_ties_keep_their_numbers(monkeypatch):
    from lmi.embedding import candidates

    x, y = np.random.default_rng(0).standard_normal((2, 400, 1))
    found = lmi.estimate(x, x + y)
    monkeypatch.setattr(candidates, "_with_ties", lambda embedding, *others: embedding)
    before = lmi.estimate(x, x + y)
    assert found.mi_bits == before.mi_bits and found.sd_bits == before.sd_bits
