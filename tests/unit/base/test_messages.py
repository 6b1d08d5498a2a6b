"""What base gives to everything else: words of messages, and checks of files."""

import os

import pytest
from lmi.base import messages, paths
from lmi.base.errors import InputError


def test_suggestions_ignore_case_and_stay_silent_when_nothing_is_near():
    assert messages.suggest("cd3e", ["CD3E", "CD4"]) == " (did you mean 'CD3E'?)"
    assert messages.suggest("xyz", ["CD3E"]) == ""


def test_long_lists_are_cut():
    assert messages.some("abcdefg", 3) == "a, b, c and 4 more"
    assert messages.first_duplicates("abcbca") == ["b", "c", "a"]


def test_a_missing_file_is_told_with_the_name_that_is_most_like_it(tmp_path):
    (tmp_path / "cells.csv").write_text("a\n1\n")
    paths.check_file(tmp_path / "cells.csv")
    with pytest.raises(InputError, match=r"did you mean 'cells\.csv'"):
        paths.check_file(tmp_path / "cell.csv")
    with pytest.raises(InputError, match="it is a folder"):
        paths.check_file(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        paths.check_file(tmp_path / "nowhere" / "cells.csv")


def test_the_stamp_of_a_file_changes_with_its_size_and_its_time(tmp_path):
    path = tmp_path / "a"
    path.write_text("1")
    first = paths.stamp(path)
    os.utime(path, ns=(1, 1))
    second = paths.stamp(path)
    path.write_text("12")
    assert len({first, second, paths.stamp(path)}) == 3
