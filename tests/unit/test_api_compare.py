"""`lmi.compare`: mutual information of two groups, with encoders that they share."""

import lmi
import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.estimation import difference, error_bars


def _group(rng, n, correlation):
    """A pair of 2 latents of this correlation, seen in 20 features each."""
    e, f = rng.standard_normal((2, n, 2))
    latents = e, correlation * e + np.sqrt(1 - correlation**2) * f
    loadings = np.random.default_rng(99).standard_normal((2, 2, 20))
    return [
        z @ loading + 0.1 * rng.standard_normal((n, 20))
        for z, loading in zip(latents, loadings, strict=True)
    ]


def _two(seed, first, second, n=(300, 300)):
    rng = np.random.default_rng(seed)
    pairs = [_group(rng, size, r) for size, r in zip(n, (first, second), strict=True)]
    x, y = (np.vstack(sides) for sides in zip(*pairs, strict=True))
    return x, y, np.repeat(["treated", "control"], n)


def test_a_difference_is_found_with_its_sign_and_error():
    x, y, groups = _two(0, 0.3, 0.8)
    result = lmi.compare(x, y, groups)
    assert result.groups == ("control", "treated")
    truth = -np.log2(1 - 0.64) + np.log2(1 - 0.09)
    assert abs(result.delta_bits - truth) < 3 * result.sd_bits
    assert result.p_value < 1e-3
    assert result.delta_bits == result.mi_bits[0] - result.mi_bits[1]
    turned = lmi.compare(x, y, groups, between=("treated", "control"), n_permutations=0)
    assert turned.groups == ("treated", "control")
    assert turned.delta_bits < 0
    assert np.isnan(turned.p_value)


def test_groups_that_differ_in_margins_alone_have_the_same_result_as_equal_ones():
    x, y, groups = _two(1, 0.7, 0.7)
    plain = lmi.compare(x, y, groups, n_permutations=99)
    own = groups == "treated"
    x[own], y[own] = np.exp(3 * x[own]), 5 * y[own] + 7
    changed = lmi.compare(x, y, groups, n_permutations=99)
    assert (changed.delta_bits, changed.p_value) == (plain.delta_bits, plain.p_value)
    assert plain.p_value > 0.01
    assert abs(plain.delta_bits) < 3 * plain.sd_bits


def test_groups_are_matched_in_size_within_strata():
    x, y, groups = _two(2, 0.7, 0.7, n=(400, 200))
    result = lmi.compare(x, y, groups, n_permutations=0)
    assert result.n_samples == 200
    batch = np.arange(600) % 2
    batch[groups == "control"] = 0
    matched = lmi.compare(x, y, groups, strata=batch, n_permutations=0)
    assert matched.n_samples == 200


def test_dependence_of_another_shape_in_one_group_is_flagged():
    x, y, groups = _two(3, 0.8, -0.8)
    result = lmi.compare(x, y, groups, n_permutations=0)
    assert result.flag != "ok"
    assert "depend in different ways" in result.reason
    assert min(result.mi_bits) > 1.0  # by encoders of their own
    assert abs(result.delta_bits) < 3 * result.sd_bits


def test_a_factor_of_one_group_alone_is_no_difference():
    """What hides the latents of x in one group is learned there, and not in the other."""
    x, y, groups = _two(5, 0.7, 0.7)
    own = groups == "treated"
    rng = np.random.default_rng(6)
    x[own] += 2 * rng.standard_normal((300, 1)) * rng.standard_normal(20)
    result = lmi.compare(x, y, groups, n_permutations=199)
    assert result.p_value > 0.05
    assert abs(result.delta_bits) < 2 * result.sd_bits


@pytest.mark.parametrize(
    ("delta", "sd", "n_parts", "p"),
    [
        (1.96, 1.0, 10, 0.0577),  # Student's t of 36 degrees of freedom
        (1.96, 1.0, 3, 0.0857),  # of 8
        (-2.0, 0.0, 3, np.nan),
        (np.nan, np.nan, 0, np.nan),
    ],
)
def test_a_difference_is_told_from_its_error_by_students_t(delta, sd, n_parts, p):
    found = difference.p_of_errors(delta, sd, n_parts)
    assert found == pytest.approx(p, abs=2e-4, nan_ok=True)


def test_degrees_of_freedom_are_those_of_the_parts_that_error_bars_have(monkeypatch):
    x, y, groups = _two(0, 0.8, 0.8)
    made, taken = [], []
    split, p_of_errors = error_bars._parts, difference.p_of_errors
    monkeypatch.setattr(error_bars, "_parts", lambda *args: made.append(args[1]) or split(*args))
    monkeypatch.setattr(
        difference, "p_of_errors", lambda *args: taken.append(args[2]) or p_of_errors(*args)
    )
    lmi.compare(x, y, groups, n_permutations=19)
    # boxes of 12 neighbours want parts of 26 samples, of which a half of 150 has not six
    assert taken == [max(made)] == [3]


@pytest.mark.parametrize(
    ("groups", "between", "message"),
    [
        (["a", "b", "c"] * 200, None, "groups: expected two different labels, found 3"),
        (["a"] * 600, None, "groups: expected two different labels, found 1"),
        (["a", "b"] * 300, ("a", "z"), "between: expected two different labels"),
        (["a"] * 550 + ["b"] * 50, None, "groups: expected at least 150 samples"),
        (["a", "b"] * 20, None, "groups: expected a label for each of the 600 samples"),
        (["a", ""] * 300, None, "groups: expected a label for every sample"),
    ],
)
def test_what_are_no_two_groups_is_refused(groups, between, message):
    x, y, _ = _two(4, 0.5, 0.5)
    with pytest.raises(InputError, match=message):
        lmi.compare(x, y, groups, between=between)


@pytest.mark.parametrize("how", ["text", "numbers", "indicators"])
def test_labels_are_refused_with_what_to_do_instead(how):
    rng = np.random.default_rng(4)
    codes, groups = rng.integers(3, size=300), np.array(["a", "b"])[rng.integers(2, size=300)]
    labels = {"text": np.array(["u", "v", "w"])[codes], "indicators": np.eye(3)[codes]}
    options = {"discrete_y": True} if how == "numbers" else {}
    with pytest.raises(InputError, match=r"found labels.*lmi\.estimate.*discrete_y=True"):
        lmi.compare(rng.standard_normal((300, 2)), labels.get(how, codes), groups, **options)


def test_an_error_that_few_parts_tell_is_as_wide_as_students_t():
    assert difference.for_normal(3) * 1.95996 == pytest.approx(2.306, abs=1e-3)  # 8 degrees
    assert difference.for_normal(10) * 1.95996 == pytest.approx(2.028, abs=1e-3)  # 36
    assert difference.for_normal(0) == 1.0
    rng = np.random.default_rng(5)
    x = rng.standard_normal((600, 5))
    y = x + rng.standard_normal((600, 5))
    found = lmi.compare(x, y, np.repeat(["a", "b"], 300), n_permutations=0)
    assert found.sd_bits > 1.02 * np.hypot(*found.sd_mi_bits)
