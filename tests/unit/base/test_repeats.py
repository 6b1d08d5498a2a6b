"""Rows that equal each other are counted."""

import numpy as np
import pytest
from lmi.base.repeats import codes, copies


@pytest.mark.parametrize("n_columns", [1, 2, 3, 7])
@pytest.mark.parametrize("kind", ["ties", "none", "all", "zeros of either sign"])
def test_copies_are_those_of_comparing_every_row_with_every_other(n_columns, kind):
    rng = np.random.default_rng(n_columns)
    z = {
        "ties": rng.integers(3, size=(60, n_columns)).astype(float),
        "none": rng.standard_normal((60, n_columns)),
        "all": np.ones((60, n_columns)),
        "zeros of either sign": rng.choice([0.0, -0.0, 1.0], (60, n_columns)),
    }[kind]
    equal = (z[:, None] == z[None]).all(axis=2)
    assert copies(z).tolist() == equal.sum(axis=1).tolist()
    numbers = codes(z)
    assert ((numbers[:, None] == numbers[None]) == equal).all()
    assert set(numbers) == set(range(numbers.max() + 1))
