"""Forward selection: what adds most comes first, and where nothing adds anything it stops."""

import numpy as np
import pytest
from lmi.base.reasons import Reason
from lmi.estimation.selection import Value, forward, rows


def _asking(answers):
    """Return a function that knows the answers; others tell nothing."""
    asked = []

    def beyond(name, given):
        asked.append((name, given))
        return answers.get((name, *sorted(given)), Value(0.0, 0.02, 0.5))

    return beyond, asked


def test_each_step_takes_what_adds_most_and_the_sum_is_the_total():
    alone = {
        "a": Value(1.0, 0.03, 1e-9),
        "copy": Value(0.9, 0.03, 1e-9),
        "b": Value(0.3, 0.04, 1e-6),
        "noise": Value(0.01, 0.02, 0.3),
    }
    beyond, asked = _asking(
        {("b", "a"): Value(0.5, 0.04, 1e-7), ("a", "b"): Value(1.2, 0.05, 1e-9)}
    )
    table = rows("t", forward(alone, beyond, most=5, level=0.05))
    assert [row["variable"] for row in table] == ["a", "b"]
    assert [row["n_candidates"] for row in table] == [4, 3]
    assert table[1]["p_added"] == pytest.approx(3e-7)
    assert [row["total_bits"] for row in table] == [1.0, 1.5]
    assert table[1]["sd_total_bits"] == pytest.approx(0.05)
    # what b adds is more than it tells alone: synergy
    assert table[1]["interaction_bits"] == pytest.approx(0.2)
    assert [row["unique_bits"] for row in table] == [1.2, 0.5]
    assert ("noise", ("a", "b")) in asked


def test_the_error_of_the_total_is_not_known_where_that_of_a_part_is_not():
    alone = {"a": Value(1.0, 0.03, 1e-9), "b": Value(0.3, 0.04, 1e-6)}
    beyond, _ = _asking({("b", "a"): Value(0.5, np.nan, 1e-7)})
    table = rows("t", forward(alone, beyond, most=5, level=0.05))
    assert table[0]["sd_total_bits"] == pytest.approx(0.03)
    assert np.isnan(table[1]["sd_total_bits"])


def test_a_p_value_counts_all_candidates():
    alone = {str(i): Value(0.1, 0.02, 0.004) for i in range(12)}
    assert len(forward(alone, _asking({})[0], most=5, level=0.05)) == 1
    alone |= {"more": Value(0.0, 0.02, 0.9)}
    assert not forward(alone, _asking({})[0], most=5, level=0.05)


def test_the_largest_value_with_a_sure_p_value_wins():
    alone = {"large": Value(0.4, 0.3, 0.04), "sure": Value(0.2, 0.01, 1e-9)}
    assert forward(alone, _asking({})[0], most=1, level=0.05)[0].name == "sure"


def test_independent_variables_are_selected_at_the_level():
    rng = np.random.default_rng(0)
    n_cases, n_found = 2000, 0
    for _ in range(n_cases):
        alone = {str(i): Value(rng.normal(), 1.0, rng.uniform()) for i in range(20)}
        n_found += bool(forward(alone, _asking({})[0], most=1, level=0.05))
    assert 0.03 < n_found / n_cases < 0.07


def test_variables_without_a_value_are_no_candidates():
    failed = Value(2.0, 0.1, 1e-9, (Reason("not_finite"),))
    alone = {"failed": failed, "gone": Value(np.nan, np.nan, np.nan), "b": Value(0.3, 0.02, 0.04)}
    (step,) = forward(alone, _asking({})[0], most=3, level=0.05)
    assert (step.name, step.n_candidates) == ("b", 1)


def test_the_last_variable_is_asked_about_once():
    alone = {"a": Value(1.0, 0.03, 1e-9), "b": Value(0.9, 0.03, 1e-9)}
    beyond, asked = _asking({("b", "a"): Value(0.5, 0.04, 1e-7)})
    forward(alone, beyond, most=2, level=0.05)
    assert asked == [("b", ("a",)), ("a", ("b",))]
