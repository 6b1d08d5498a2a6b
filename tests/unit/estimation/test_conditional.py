"""Reasons of conditional values: what is given was not learned, or reaches as much by itself."""

from dataclasses import replace

import numpy as np
import pytest
from lmi.base.reasons import Reason
from lmi.embedding.candidates import embed_nothing
from lmi.estimation import conditional
from lmi.estimation.estimate import Samples

NULLS = {"max": 199, "scheme": "auto", "block_length": 0, "tail_fit": True}


def _embedding(x, y, feigned):
    n = len(x)
    return replace(
        embed_nothing(x, y),
        given=np.zeros((1, n, 0), np.float32),
        neighbourhood=(np.arange(n) // 10)[None],
        feigned_bits=np.array([feigned]),
    )


def _estimate(x, y, feigned=0.0, permutations=NULLS):
    return conditional.estimate(
        _embedding(x, y, feigned),
        error_bars=True,
        permutations=permutations,
        samples=Samples(),
        seed=0,
        name="x/y/0",
    )


@pytest.fixture(scope="module")
def independent():
    return np.random.default_rng(0).standard_normal((2, 600, 1))


def test_bits_that_were_feigned_are_told(independent):
    codes = [
        [reason.code for reason in _estimate(*independent, feigned, None).reasons]
        for feigned in (0.0, 0.3)
    ]
    assert codes[0] == []
    assert codes[1] == ["given_not_learned"]


def test_what_permutations_near_z_keep_is_taken_off_and_told():
    # x and y share the neighbourhood's mean and nothing else, and z was not learned
    rng = np.random.default_rng(1)
    means = np.repeat(rng.standard_normal((60, 1)), 10, axis=0)
    x, y = (means + 0.3 * rng.standard_normal((600, 1)) for _ in range(2))
    result = _estimate(x, y)
    assert result.null_cmi_bits > 0.5
    assert abs(result.cmi_bits) < 0.1
    assert result.p_conditional > 0.01
    told = [reason for reason in result.reasons if reason.code == "given_not_learned"]
    assert dict(told[0].parameters)["feigned"] == pytest.approx(result.null_cmi_bits)
    # the value does not depend on whether it is tested
    assert _estimate(x, y, permutations=None).cmi_bits == result.cmi_bits


def test_what_they_lose_stays():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((600, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((600, 1))
    result = _estimate(x, y)
    assert result.cmi_bits == pytest.approx(-0.5 * np.log2(1 - 0.64), abs=0.15)
    assert abs(result.null_cmi_bits) < 0.05
    assert result.p_conditional < 1e-4


def test_without_dependence_the_null_is_about_zero(independent):
    result = _estimate(*independent)
    assert abs(result.cmi_bits) < 0.1
    assert abs(result.null_cmi_bits) < 0.05
    assert result.p_conditional > 0.01


def test_the_reasons_of_both_values_are_told_once_each():
    few = Reason("few_samples", {"n": 100, "floor": 200})
    ceiling = Reason("near_ceiling", {"ceiling": 5.0})
    both = conditional.all_reasons((few,), (few, ceiling))
    assert [reason.code for reason in both] == ["few_samples", "conditional"]
    assert "near the ceiling" in str(both[1])
