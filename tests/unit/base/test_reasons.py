"""Reasons of flags: declared once, stored as codes and parameters, told from them."""

import pytest
from lmi.base import reasons
from lmi.base.reasons import Reason

EXAMPLES = {"n": 180, "floor": 200, "message": "no luck; at all", "shared": "a, b"}


def example(declared):
    return Reason(
        declared.code, {name: EXAMPLES.get(name, 0.123456) for name in declared.parameters}
    )


@pytest.mark.parametrize("declared", reasons.DECLARED.values(), ids=reasons.DECLARED)
def test_each_reason_has_a_meaning_and_comes_back_from_the_table(declared):
    assert declared.flag in reasons.FLAGS and declared.code.isidentifier()
    assert reasons.MEANINGS[declared.kind]
    why = [example(declared), Reason("not_converged")]
    back = reasons.from_table(reasons.codes(why), reasons.parameters(why))
    assert back == why and reasons.sentence(back) == reasons.sentence(why)
    assert reasons.merged([why[0], why[0]]) == str(why[0])


def test_stored_numbers_have_six_digits():
    why = [Reason("near_ceiling", {"ceiling": 3.14159265})]
    assert reasons.parameters(why) == '[{"ceiling": 3.14159}]'


def test_each_meaning_has_a_reason():
    assert {one.kind for one in reasons.DECLARED.values()} == set(reasons.MEANINGS)


def test_a_pair_has_the_flag_of_its_worst_reason():
    failed, warned = Reason("not_finite"), Reason("not_converged")
    assert [reasons.flag(why) for why in ([], [warned], [warned, failed])] == ["ok", "warn", "fail"]
    assert reasons.from_table("", "") == []


def test_a_reason_needs_its_parameters():
    with pytest.raises(TypeError, match=r"few_samples: expected the parameters \['floor', 'n'\]"):
        Reason("few_samples", {"n": 3})


def test_reasons_of_one_code_tell_the_range_of_their_numbers_and_how_many_texts():
    numbers = [Reason("duplicates", {"percent": percent}) for percent in (62.4, 93.0, 70.0)]
    assert reasons.merged(numbers).startswith("62\N{EN DASH}93 % of the samples are duplicates")
    texts = [Reason("embedding_failed", {"message": text}) for text in ("one", "two", "one", "3")]
    assert reasons.merged(texts) == "embedding failed: one (and 2 others of the kind)"
