"""`lmi.select`: what tells of a target, of variables whose information is known."""

import lmi
import numpy as np
import pandas as pd
import pytest

FAST = {"n_permutations": 199, "train": "never", "n_latent": 4}


@pytest.fixture(scope="module")
def found():
    """A target of two independent sources; a copy of one; a variable that is alone."""
    rng = np.random.default_rng(10_002)
    a, b, other, noise = rng.standard_normal((4, 600, 1))
    target = (a + b) / np.sqrt(2) + 0.5 * noise
    seen = {"a": a, "b": b, "other": other}
    wide = {
        name: one @ np.ones((1, 4)) + 0.1 * rng.standard_normal((600, 4))
        for name, one in seen.items()
    }
    wide["copy"] = wide["a"][:, ::-1] * np.array([1.0, -2.0, 3.0, 0.5])
    return lmi.select(target, wide, **FAST)


def test_both_sources_are_selected_and_neither_the_copy_nor_the_independent_one(found):
    assert set(found.names) in ({"a", "b"}, {"b", "copy"})
    assert "nothing" not in repr(found) and "a" in found.alone.index


def test_what_the_sources_add_sums_up_to_what_they_tell_together(found):
    # of (a + b) / sqrt(2) with noise of variance 1/4: log2(1 + 4) / 2 bits together, and
    # log2(1.25 / .75) / 2 alone, so that the second adds more than it tells alone
    assert found.total_bits == pytest.approx(0.5 * np.log2(5), abs=0.12)
    first, second = found.table.to_dict("records")
    assert first["mi_bits"] == pytest.approx(0.5 * np.log2(5 / 3), abs=0.1)
    assert second["interaction_bits"] > 0.2
    assert second["unique_bits"] == second["added_bits"]


def test_what_cannot_be_selected_from_is_refused():
    x = np.random.default_rng(0).standard_normal((300, 2))
    for arguments, message in (
        ((x, [x]), "variables: expected a dict"),
        ((x, {}), "variables: expected a dict"),
        ((x, {"flat": np.ones((300, 1))}), "variables\\['flat'\\]: "),
    ):
        with pytest.raises(lmi.InputError, match=message):
            lmi.select(*arguments, **FAST)
    for options, message in (
        ({"level": 1.5}, "level: expected a number between 0 and 1"),
        ({"max_variables": 0}, "max_variables: expected"),
        ({"n_permutations": 0}, "p values say where to stop"),
    ):
        with pytest.raises(lmi.InputError, match=message):
            lmi.select(x, {"x": x}, **FAST | options)


def test_nothing_is_selected_where_nothing_tells_of_the_target():
    rng = np.random.default_rng(10_001)
    labels = pd.Series(rng.choice(["left", "right"], 300))
    found = lmi.select(labels, {"a": rng.standard_normal((300, 2))}, **FAST)
    assert found.names == [] and found.total_bits == 0.0 and "nothing" in repr(found)
