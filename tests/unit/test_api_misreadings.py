"""What Python callers pass that looks right, and would be read as something else."""

import numpy as np
import pandas as pd
import pytest
from lmi import ksg
from lmi.api_input import read_sides
from lmi.base.errors import InputError
from lmi.base.series import in_time

N = 60
X = np.random.default_rng(0).normal(size=(N, 2))
Y = X + 0.1
HALF = ["a", "b"] * (N // 2)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(HALF, dtype=np.dtypes.StringDType()),
        np.array(HALF, dtype="S"),
        pd.Series(HALF, dtype="string"),
    ],
)
def test_text_of_any_type_is_labels(labels):
    sides = read_sides(labels, Y, labels)
    assert sides.labels[0] == ("a", "b") and len(sides.strata_names) == 2


@pytest.mark.parametrize("pair", [(1, "1"), (1, 1.0), (True, 1)])
def test_labels_that_are_equal_or_written_alike_in_part_are_refused(pair):
    with pytest.raises(InputError, match="labels of one type"):
        read_sides(X, Y, [*pair, "x"] * (N // 3))


def test_row_numbers_and_the_same_numbers_as_text_are_not_joined_by_position():
    shuffled = np.random.default_rng(1).permutation(N)
    with pytest.raises(InputError, match="row names of one type"):
        read_sides(pd.DataFrame(X, index=shuffled.astype(str)), pd.DataFrame(Y), None)


def test_whole_numbers_that_become_equal_in_double_precision_are_refused():
    with pytest.raises(InputError, match="double precision"):
        read_sides(2**60 + np.arange(N), Y, None)
    nanoseconds = 1_700_000_000_000_000_000 + 1_000_000 * np.arange(N)
    assert len(np.unique(read_sides(nanoseconds, Y, None).x)) == N


@pytest.mark.parametrize("index", [pd.date_range("2020", periods=N), np.arange(N) * 0.5])
def test_an_index_of_times_must_rise_without_gaps_in_a_time_series(index):
    table = pd.DataFrame(X, index=index)
    assert in_time({"Xs": table, "Ys": Y}, True)
    assert not in_time({"Xs": table.iloc[::-1], "Ys": Y}, False)
    with pytest.raises(InputError, match=r"sort_index"):
        in_time({"Xs": table.iloc[::-1], "Ys": Y}, True)
    with pytest.raises(InputError, match="1 other steps"):
        in_time({"Xs": table.drop(index[7]), "Ys": Y}, True)


def test_the_kernel_refuses_rounded_values_and_copies_and_takes_ties_on_one_side():
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400)
    for wrong in ((x.round(1), y.round(1)), (np.repeat(x, 2), np.repeat(y, 2))):
        with pytest.raises(InputError, match="expected continuous values"):
            ksg.mi(*wrong)
    for sound in ((x.round(3), y.round(3)), (rng.poisson(2, 400), y)):
        assert np.isfinite(ksg.mi(*sound))
