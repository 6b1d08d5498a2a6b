"""`lmi.ksg.mi` and `lmi.ksg.pointwise_mi` refuse what the equation is not for."""

import lmi
import numpy as np
import pandas as pd
import pytest
import torch
from lmi import ksg
from lmi.base.errors import InputError
from lmi.ksg import kernel

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 2))
Y = X[:, 0] + RNG.standard_normal(300)


def test_the_public_functions_are_the_kernel_where_samples_are_distinct():
    np.testing.assert_array_equal(ksg.pointwise_mi(X, Y, 4), kernel.pointwise_mi(X, Y, 4))
    assert lmi.ksg.mi(torch.tensor(X), list(Y)) == kernel.mi(X, Y)


def test_samples_that_equal_k_others_are_refused_and_counted():
    x, y = X[:, 0].copy(), Y.copy()
    x[:5], y[:5] = 0, 0
    assert np.isfinite(ksg.mi(x, y, k=5))
    with pytest.raises(InputError, match=r"5 of 300 samples equal k = 4 or more.*lmi\.estimate"):
        ksg.mi(x, y, k=4)
    with pytest.raises(InputError, match="300 of 300 samples"):
        ksg.pointwise_mi(np.zeros(300), np.zeros((300, 2)))
    with pytest.raises(InputError, match="expected continuous values"):
        ksg.mi(np.round(x), np.round(y))


def test_one_side_may_repeat():
    assert np.isfinite(ksg.mi(np.arange(300) % 3, Y))


def test_masked_values_are_refused():
    with pytest.raises(InputError, match=r"y: .*masked"):
        ksg.mi(X, np.ma.masked_greater(Y, 1))


def test_rows_with_names_are_joined_by_name():
    names = [f"c{i}" for i in range(300)]
    left, right = pd.DataFrame(X, index=names), pd.Series(Y, index=names)
    with pytest.warns(UserWarning, match="y: the rows have the names of x in another order"):
        found = ksg.pointwise_mi(left, right[::-1])
    np.testing.assert_array_equal(found, kernel.pointwise_mi(X, Y))
    with pytest.raises(InputError, match="same row names"):
        ksg.mi(left, right.rename("d{}".format))
