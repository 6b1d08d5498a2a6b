"""Series of pynapple: joined by time, or refused."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi import api_input
from lmi.base.errors import InputError

nap = pytest.importorskip("pynapple")
N = 200
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 3))
Y = X[:, 0] + RNG.standard_normal(N)
TIMES = np.arange(N) / 20
FAST = {"n_permutations": 0, "error_bars": False}


def frame(times=TIMES):
    return nap.TsdFrame(t=times, d=X, columns=list("abc"))


def test_series_give_what_their_values_give_as_a_time_series():
    expected = lmi.estimate(X, Y, time_series=True, **FAST)
    found = lmi.estimate(frame(), nap.Tsd(t=TIMES, d=Y), time_series=True, **FAST)
    assert found.mi_bits == expected.mi_bits
    with pytest.warns(UserWarning, match="Xs, Ys: a series in time, taken with time_series=True"):
        found = lmi.estimate(frame(), nap.Tsd(t=TIMES, d=Y), **FAST)
    assert found.mi_bits == expected.mi_bits
    with pytest.warns(UserWarning, match="Xs: a series in time"):
        assert lmi.estimate(frame(), Y, **FAST).mi_bits == expected.mi_bits


@pytest.mark.parametrize("other", [TIMES + 0.01, TIMES * 2])
def test_series_of_other_times_are_refused(other):
    with pytest.raises(InputError, match=r"the same times, found 200 from 0 to 9\.95 s and 200"):
        lmi.estimate(frame(), nap.Tsd(t=other, d=Y))
    with pytest.raises(InputError, match=r"the same times, found .* and 100 from"):
        lmi.estimate(frame(), nap.Tsd(t=TIMES[:100], d=Y[:100]))


def test_a_series_and_a_table_are_joined_by_time():
    table = pd.DataFrame({"y": Y}, index=TIMES)
    with pytest.warns(UserWarning, match="aligned by name"):
        _, y, _, _ = api_input.read(frame(), table.iloc[::-1], None)
    np.testing.assert_array_equal(y.ravel(), Y)
    with pytest.raises(InputError, match="expected the same row names"):
        api_input.read(frame(), table.set_axis(TIMES + 1), None)


def test_gaps_between_epochs_are_refused():
    epochs = nap.IntervalSet(start=[0, 6], end=[4, 9])
    x, y = (one.restrict(epochs) for one in (frame(), nap.Tsd(t=TIMES, d=Y)))
    with pytest.raises(InputError, match=r"found 1 other steps than 0\.05 s, the first from 4 to"):
        lmi.estimate(x, y, time_series=True)
    assert lmi.estimate(x.to_numpy(), y.to_numpy(), **FAST).n_samples == len(x)


def test_events_are_to_be_counted_first():
    events = nap.Ts(t=TIMES)
    for value in (events, nap.TsGroup({0: events})):
        with pytest.raises(InputError, match=r"Count them in bins first: \.count\(0\.02\)"):
            lmi.estimate(value, Y)


def test_what_is_given_is_joined_by_time_too():
    other = nap.Tsd(t=TIMES + 1, d=Y)
    with pytest.raises(InputError, match="X, given: expected the same times"):
        lmi.transfer(frame(), nap.Tsd(t=TIMES, d=Y), given=other)
    with pytest.raises(InputError, match="given: expected the same row names"):
        lmi.estimate(frame(), nap.Tsd(t=TIMES, d=Y), given=other, time_series=True, **FAST)


def test_groups_of_samples_are_not_compared_in_a_series():
    groups = np.arange(N) % 2
    with pytest.raises(InputError, match=r"Xs: expected samples that do not .*\.to_numpy\(\)"):
        lmi.compare(frame(), Y, groups)
