"""Bars of calls that take a while."""

import lmi
import numpy as np
import pytest
from lmi.base import progress
from lmi.base.errors import InputError


def test_a_bar_counts_steps_and_grows(capsys):
    with progress.steps(False, 2, "lmi.select") as tell:
        for line in ("a", "b", "b beyond a"):
            tell(line)
    shown = capsys.readouterr().err
    assert "b beyond a" in shown and "3/3" in shown
    with progress.steps(True, 2, "lmi.select") as tell:
        tell("a")
    assert capsys.readouterr().err == ""


def test_questions_tell_what_they_do_where_they_are_asked_to(capsys):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 320, 2))
    fast = {"n_permutations": 9, "train": "never"}
    lmi.compare(x, y, np.arange(320) % 2, quiet=False, **fast)
    assert "exchanges of labels" in capsys.readouterr().err
    lmi.transfer(x, y, lags=[1, 2], quiet=False, **fast)
    assert "X to Y, lags 2" in capsys.readouterr().err
    lmi.select(x, {"own": x + y, "other": y}, quiet=False, **fast)
    assert "lmi.select: other" in capsys.readouterr().err
    lmi.compare(x, y, np.arange(320) % 2, **fast)
    assert capsys.readouterr().err == ""


def test_an_unknown_option_is_not_told_to_be_meant():
    x = np.random.default_rng(0).standard_normal((200, 2))
    with pytest.raises(InputError, match="expected an option of this function") as error:
        lmi.compare(x, x, np.arange(200) % 2, error_bars=False)
    assert "mean error_bars" not in str(error.value)
