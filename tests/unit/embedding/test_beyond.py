"""What a label shares with a variable beyond others: against truths that are known."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi.embedding import beyond
from lmi.estimation import conditional
from lmi.projection import folds as split
from lmi.projection import ties, views
from scipy.stats import kstest

from benchmarks import conditional as conditional_benchmark

N, WIDTH = 800, 12


def _seen(rng, label, apart=3.0):
    """Return features of a label: class means, and noise."""
    means = apart * rng.standard_normal((label.max() + 1, WIDTH))
    return means[label] + rng.standard_normal((len(label), WIDTH))


def _text(label):
    return pd.Series([f"class {code}" for code in label])


@pytest.fixture(scope="module")
def halves():
    """Return two independent halves of a label of four classes, and the features of each."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 2, (2, N))
    return first, second, _seen(rng, first), _seen(rng, second)


def test_each_half_of_a_label_is_told_beyond_the_other(halves):
    first, second, x_first, x_second = halves
    result = lmi.estimate(x_second, _text(2 * first + second), given=x_first)
    assert result.cmi_bits == pytest.approx(1.0, abs=0.06)
    assert result.p_conditional < 1e-50
    assert result.flag == "ok"
    turned = lmi.estimate(_text(2 * first + second), x_second, given=x_first)
    assert turned.cmi_bits == pytest.approx(result.cmi_bits, abs=0.03)


def test_a_repetition_adds_nothing(halves):
    first, second, x_first, _ = halves
    again = x_first @ np.random.default_rng(1).standard_normal((WIDTH, WIDTH))
    result = lmi.estimate(again, _text(2 * first + second), given=x_first)
    assert result.cmi_bits == pytest.approx(0.0, abs=0.02)
    assert result.p_conditional > 0.01


def test_labels_that_are_given_count_beside_quantities(halves):
    first, second, x_first, x_second = halves
    third = np.random.default_rng(2).integers(0, 2, N)
    x = x_second + _seen(np.random.default_rng(3), third)
    given = {"quantities": x_first, "labels": _text(third)}
    result = lmi.estimate(x, _text(2 * first + second), given=given)
    assert result.cmi_bits == pytest.approx(1.0, abs=0.1)


def test_what_given_labels_explain_is_nothing():
    rng = np.random.default_rng(4)
    given = rng.integers(0, 3, N)
    label = np.where(rng.random(N) < 0.8, given, rng.integers(0, 3, N))
    result = lmi.estimate(_seen(rng, given), _text(label), given=_text(given))
    assert result.mi_bits > 0.5
    assert abs(result.cmi_bits) < min(0.04, 2 * result.sd_cmi_bits)
    assert result.p_conditional > 0.05


def test_two_halves_that_tell_only_together_are_told_beyond_each_other(halves):
    first, second, x_first, x_second = halves
    result = lmi.estimate(x_second, _text(first ^ second), given=x_first)
    assert result.mi_bits == pytest.approx(0.0, abs=0.02)
    assert result.cmi_bits > 0.9


def test_without_anything_given_it_is_what_the_classifiers_tell(halves):
    first, second, _, x_second = halves
    fold, inner = split.folds(N, seed=0, dataset="", n_inner=3)
    made = views.make(x_second, seed=0, name="x")
    found = beyond.of_label(2 * first + second, made, None, None, fold, inner, seed=0, name="both")
    assert found.few.mean() == pytest.approx(1.0, abs=0.05)
    assert found.many.mean() == pytest.approx(1.0, abs=0.05)
    assert found.every.mean() <= found.most.mean() + 0.01


@pytest.mark.parametrize("given", ["labels", "quantities"])
@pytest.mark.parametrize("dependent", [True, False])
def test_two_labels_are_told_as_their_table_says(given, dependent):
    rng = np.random.default_rng(5)
    group = rng.integers(0, 2, 2000)
    other = (rng.random(2000) < np.array([0.3, 0.7])[group]).astype(int)
    label = np.where(rng.random(2000) < 0.9, other, 1 - other)
    if not dependent:
        label = (rng.random(2000) < np.array([0.2, 0.8])[group]).astype(int)
    z = _seen(rng, group) if given == "quantities" else _text(group)
    result = lmi.estimate(_text(label), _text(other), given=z)

    def entropy(p):
        return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))

    truth = entropy(0.3 * 0.9 + 0.7 * 0.1) - entropy(0.1) if dependent else 0.0
    assert result.cmi_bits == pytest.approx(truth, abs=0.05)
    assert result.p_conditional < 1e-20 if dependent else result.p_conditional > 0.01


def test_p_values_of_tables_are_those_of_independent_labels():
    rng = np.random.default_rng(16)
    shares = np.array([0.2, 0.5, 0.8])
    found = []
    for _ in range(150):
        given = rng.integers(0, 3, 300)
        one, other = (rng.random((2, 300)) < shares[given]).astype(int)
        found.append(conditional.p_of_table(one, other, given, rng))
    assert kstest(found, "uniform").pvalue > 0.01
    constant = np.zeros(300, int)
    assert conditional.p_of_table(one, constant, given, rng) == 1.0


def test_series_count_as_the_independent_samples_that_they_are_worth():
    rng = np.random.default_rng(7)
    slow = np.repeat(rng.normal(0, 1, (2, 100)), 10, axis=1)
    label, other = (slow[0] > 0).astype(int), (slow.sum(axis=0) > 0).astype(int)
    fold, inner = split.folds(1000, seed=0, dataset="", n_inner=3, time_series=True)

    def found(time_series):
        of = beyond.of_label(
            label, other, None, None, fold, inner, seed=0, name="b", time_series=time_series
        )
        return conditional.of_labels(of, fold, tested=True)

    alone, series = found(False), found(True)
    assert series.cmi_bits == pytest.approx(alone.cmi_bits, abs=0.05)
    assert 2.5 < series.sd_cmi_bits / alone.sd_cmi_bits < 4.5
    assert series.p_conditional > alone.p_conditional


def test_nothing_found_has_an_error_bar():
    """0.000 +- 0.000 would say that a few hundredths of a bit cannot be there."""
    rng = np.random.default_rng(8)
    z, x = rng.standard_normal((2, 400, 6))
    label = _text((z[:, 0] + rng.standard_normal(400) > 0).astype(int))
    result = lmi.estimate(x, label, given=z)
    assert abs(result.cmi_bits) < 2 * result.sd_cmi_bits
    assert 0.005 < result.sd_cmi_bits < 0.05
    weak = lmi.estimate(x + 0.25 * (label == "class 1").to_numpy()[:, None], label, given=z)
    assert abs(weak.cmi_bits - 0.05) < 2 * weak.sd_cmi_bits


BENT = {"exp": np.exp, "square": np.square, "product": lambda z: z * np.roll(z, 1, axis=1)}


@pytest.mark.parametrize("bent", BENT)
def test_bent_functions_of_what_is_given_tell_nothing_beyond_it(bent):
    rng = np.random.default_rng(9)
    z = rng.standard_normal((1000, 6))
    x = BENT[bent](z) + 0.3 * rng.standard_normal(z.shape)
    score = 2 * BENT[bent](z)[:, 0] + rng.logistic(size=1000)
    label = _text(np.digitize(score, np.quantile(score, [0.4, 0.7, 0.9])))
    result = lmi.estimate(x, label, given=z)
    assert result.mi_bits > 0.15
    assert abs(result.cmi_bits) < 0.04


@pytest.mark.parametrize("kind", ["squares", "sines"])
def test_bent_functions_of_many_features_tell_nothing_or_are_flagged(kind):
    rng = np.random.default_rng(3)
    x, label, z = conditional_benchmark.bent(f"label by {kind}", rng, 600, 50)
    result = lmi.estimate(x, _text(label.argmax(axis=1)), given=z)
    is_flagged = "still goes with functions of what is given" in result.reason
    assert is_flagged or result.cmi_bits < 2 * result.sd_cmi_bits


def test_a_label_of_one_value_shares_nothing(halves):
    _, _, x_first, x_second = halves
    named = {"x": x_first, "z": x_second}
    sides = [views.make(side, seed=0, name=name) for name, side in named.items()]
    number = np.arange(len(x_first))
    told = beyond.of_label(0 * number, *sides, None, number % 2, number % 3, seed=0, name="x/y")
    assert told.most.mean() == 0
    assert not told.goes_on


def test_of_itself_nothing_is_left_whatever_its_values_are_called(halves):
    first, second, x_first, _ = halves
    label = 2 * first + second
    names = np.array([2, 0, 3, 1])[label]
    assert (beyond._combined(label, names) == beyond._combined(names)).all()
    result = lmi.estimate(x_first, _text(label), given=_text(names), error_bars=False)
    assert result.cmi_bits == 0.0
    assert result.p_conditional == 1.0
    assert np.isnan(result.sd_cmi_bits)


@pytest.mark.parametrize("values", [[0, 1, 2, 3], [0, 1, 1, 2], [2, 0, 3, 1]])
def test_a_number_of_few_values_is_told_as_its_values_are(halves, values):
    first, second, x_first, x_second = halves
    number = np.array(values, float)[2 * first + second][:, None]
    result = lmi.estimate(x_second, number, given=x_first)
    assert result.cmi_bits == pytest.approx(1.0, abs=0.08)


def test_of_two_counts_neither_is_joined_to_classes():
    rng = np.random.default_rng(8)
    counts = [ties.describe(rng.poisson(1, (500, 1)).astype(float)) for _ in range(2)]
    label = ("label", np.zeros(500))
    assert ties.classes(counts) == [None, None]
    assert [own is None for own in ties.classes([counts[0], label])] == [True, False]
    alone = ties.classes([counts[0], ("wide", np.zeros(500))])[0]
    assert np.bincount(alone).min() >= 0.06 * 500
    # classes keep the order of the values
    values = counts[0][1]
    order = np.argsort(values, kind="stable")
    assert (np.diff(alone[order]) >= 0).all()
    assert len(set(zip(values.tolist(), alone.tolist(), strict=True))) == len(np.unique(values))
    constant_but_few = np.r_[np.zeros(490), np.arange(10)]
    for kind, values in (("tied", constant_but_few), ("number", rng.standard_normal(500))):
        assert ties.classes([(kind, values), ("wide", np.zeros(500))]) == [None, None]
