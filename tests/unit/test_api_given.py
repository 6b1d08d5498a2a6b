"""`lmi.estimate(x, y, given=z)`: what is shared beyond z, read from many kinds of z."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi import api_given
from lmi.base.errors import InputError

QUIET = {"error_bars": False, "n_permutations": 0}


def _features(rng, latent, n_features):
    loading = rng.standard_normal((latent.shape[1], n_features))
    return latent @ loading + 0.1 * rng.standard_normal((len(latent), n_features))


@pytest.fixture(scope="module")
def fork():
    """A common cause of one bit; what x and y share beyond it is drawn apart."""
    rng = np.random.default_rng(0)
    z, e, f = rng.standard_normal((3, 1200, 2))
    a = np.sqrt(np.sqrt(0.5))
    x = a * z + np.sqrt(1 - a**2) * e
    independent = a * z + np.sqrt(1 - a**2) * f
    rho = np.sqrt(0.5)  # half a bit an axis
    direct = a * z + np.sqrt(1 - a**2) * (rho * e + np.sqrt(1 - rho**2) * f)
    return {
        "x": _features(rng, x, 60),
        "independent": _features(rng, independent, 60),
        "direct": _features(rng, direct, 60),
        "z": _features(rng, z, 60),
    }


def test_a_common_cause_is_taken_off(fork):
    result = lmi.estimate(fork["x"], fork["independent"], given=fork["z"], n_permutations=999)
    assert result.mi_bits > 0.8
    assert abs(result.cmi_bits) < 0.05
    assert result.p_conditional > 0.01
    assert abs(result.null_cmi_bits) < 0.05
    assert 0 < result.sd_cmi_bits < 0.1


def test_what_is_shared_beyond_a_common_cause_stays(fork):
    result = lmi.estimate(fork["x"], fork["direct"], given=fork["z"], n_permutations=999)
    assert abs(result.cmi_bits - 1.0) < 0.12
    assert result.p_conditional < 1e-6


def test_a_common_effect_shows_what_its_causes_share_given_it():
    rng = np.random.default_rng(1)
    x, y, noise = rng.standard_normal((3, 1200, 1))
    z = x + y + noise
    result = lmi.estimate(*(_features(rng, v, 40) for v in (x, y)), given=_features(rng, z, 40))
    assert abs(result.mi_bits) < 0.05
    assert abs(result.cmi_bits - 0.2075) < 0.06  # 0.5 log2(4 / 3)
    assert result.p_conditional < 1e-6


def test_labels_that_are_given_agree_with_strata():
    rng = np.random.default_rng(2)
    codes = rng.integers(3, size=1500)
    e = rng.standard_normal((1500, 1))
    f = 0.8 * e + 0.6 * rng.standard_normal((1500, 1))
    means = 3 * rng.standard_normal((2, 3, 1))
    x, y = (_features(rng, s + m[codes], 30) for s, m in zip((e, f), means, strict=True))
    names = np.array(["a", "b", "c"])[codes]
    result = lmi.estimate(x, y, given=names, strata=names, n_permutations=0)
    assert abs(result.cmi_bits - 0.737) < 0.08
    assert abs(result.cmi_bits - result.mi_within_bits) < 0.08


def test_the_marginal_values_do_not_depend_on_what_is_given(fork):
    x, y = fork["x"][:300], fork["direct"][:300]
    alone, with_given = (
        lmi.estimate(x, y, given=given, n_permutations=99) for given in (None, fork["z"][:300])
    )
    assert np.isnan([alone.cmi_bits, alone.sd_cmi_bits, alone.p_conditional]).all()
    for name in ("mi_bits", "mi_ksg_bits", "sd_bits", "p_value"):
        assert getattr(alone, name) == getattr(with_given, name)


def test_features_that_are_given_too_tell_nothing(fork):
    x = fork["x"][:400, :5]
    result = lmi.estimate(x, fork["direct"][:400], given=fork["x"][:400], **QUIET)
    assert np.isnan(result.cmi_bits)
    assert "x holds nothing beyond what is given" in result.reason


def test_rare_labels_are_left_out_and_told(fork):
    labels = np.array(["a"] * 190 + ["b"] * 200 + ["c"] * 10)
    result = lmi.estimate(fork["x"][:400], fork["direct"][:400], given=labels, **QUIET)
    assert "10 samples left out" in result.reason
    assert np.isfinite(result.cmi_bits)


@pytest.mark.parametrize(
    ("given", "width", "n_labels"),
    [
        (np.arange(60.0), 1, 0),
        (np.arange(60), 1, 0),
        (list(range(60)), 1, 0),
        (["a", "b"] * 30, 0, 2),
        (np.array([True, False] * 30), 0, 2),
        (pd.Series(["a", "b", "c"] * 20, dtype="category"), 0, 3),
        ([np.ones((60, 2)) * np.arange(60.0)[:, None], ["a", "b"] * 30], 2, 2),
        ({"q": np.arange(60.0), "l": ["a", "b"] * 30, "m": ["u", "u", "v"] * 20}, 1, 4),
        (pd.DataFrame({"q": np.arange(60.0), "l": ["a", "b"] * 30}), 1, 2),
    ],
)
def test_quantities_and_labels_are_told_apart(given, width, n_labels):
    x = np.random.default_rng(0).standard_normal((60, 2))
    read = api_given.read(given, x, x, 60)
    assert (0 if read.matrix is None else read.matrix.shape[1]) == width
    assert (0 if read.codes is None else read.codes.max() + 1) == n_labels


def test_what_is_given_is_joined_by_row_names():
    names = [f"cell {i}" for i in range(60)]
    x = pd.DataFrame(np.random.default_rng(0).standard_normal((60, 2)), index=names)
    given = pd.Series(np.arange(60.0), index=names)[::-1]
    with pytest.warns(UserWarning, match="aligned"):
        read = api_given.read(given, x, x, 60)
    np.testing.assert_array_equal(read.matrix[:, 0], np.arange(60.0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.arange(50.0), "given: expected a row for each of the 60 samples, found 50"),
        (np.ones(60), "given: expected a feature that varies"),
        ([f"id {i}" for i in range(60)], "given: expected groups of samples"),
        (["a", None] * 30, "given"),
        ({}, "given: expected at least one variable"),
        ({"q": np.full(60, np.nan)}, r"given\['q'\]: expected finite values"),
    ],
)
def test_what_cannot_be_given_is_refused(given, message):
    x = np.random.default_rng(0).standard_normal((60, 2))
    with pytest.raises(InputError, match=message):
        lmi.estimate(x, x[:, ::-1] + 1, given=given, **QUIET)


def test_the_published_method_has_no_conditional_value(fork):
    with pytest.raises(InputError, match="given: expected the preset default"):
        lmi.estimate(fork["x"], fork["direct"], given=fork["z"], preset="paper")


@pytest.mark.parametrize("kinds", [("count", "count"), ("label", "label"), ("label", "count")])
def test_counts_and_labels_that_z_alone_connects_share_nothing_beyond_it(kinds):
    # their residuals would be functions of z, where ties are left: 1 to 4 bits, p < 1e-10
    rng = np.random.default_rng(5)
    z = rng.standard_normal(600)
    sides = [
        rng.poisson(np.exp(0.7 * z))
        if kind == "count"
        else np.where(z + 0.7 * rng.standard_normal(600) > 0, "up", "down")
        for kind in kinds
    ]
    result = lmi.estimate(*sides, given=z, n_permutations=199)
    assert abs(result.cmi_bits) < 0.08
    assert result.p_conditional > 0.005


def test_counts_keep_what_they_share_beyond_z():
    rng = np.random.default_rng(6)
    common, label = rng.poisson(1.0, 800), rng.choice(["a", "b"], 800)
    x, y = (common + rng.poisson(1.0, 800) for _ in range(2))
    result = lmi.estimate(x, y, given=label, n_permutations=199)
    assert abs(result.cmi_bits - result.mi_bits) < 0.1
    assert result.p_conditional < 1e-4
