"""Numbers that stand for missing values are found, and measured ones are left alone."""

import lmi
import numpy as np
import pandas as pd
import pytest
from lmi.base import stand_ins
from lmi.base.errors import InputError
from lmi.data.variables import list_variables, read_matrices

RNG = np.random.default_rng(0)


NUMBERS = [-9999, 999, -99999, 1e20, 9.969209968386869e36]
CASES = [(number, dtype) for number in NUMBERS for dtype in ("f8", "f4")]


@pytest.mark.parametrize(("number", "dtype"), [*CASES, *((number, "i4") for number in NUMBERS[:3])])
def test_a_number_far_from_all_others_that_some_samples_have_is_found(number, dtype):
    values = (10 * RNG.normal(size=(200, 3))).astype(dtype)
    values[:7, 1] = number
    column, found, count = stand_ins.found(values)
    assert (column, count) == (1, 7) and found == pytest.approx(number, rel=1e-6)


def test_it_is_found_beside_missing_values():
    values = RNG.normal(size=(200, 3))
    values[:7, 2], values[9] = -999, np.nan
    assert stand_ins.found(values) == (2, -999.0, 7)


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(size=200),
        np.r_[RNG.normal(size=199), -9999],  # once: an outlier, not a way to write nothing
        np.r_[RNG.uniform(0, 5000, 190), [9999] * 10],  # a detector that saturates
        np.r_[RNG.uniform(18, 90, 190), [99] * 10],
        np.repeat([0.0, 999.0], 100),  # two values have no distance from each other
        np.r_[RNG.normal(size=190), [-9998.5] * 10],
    ],
)
def test_measured_values_are_left_alone(values):
    assert stand_ins.found(values[:, None]) is None


def test_they_are_refused_in_files_and_from_python_whatever_the_missing_policy(tmp_path):
    values = RNG.normal(size=(200, 4))
    values[RNG.random(200) < 0.06] = -9999  # shared by x and y: a third of a bit
    pd.DataFrame(values, columns=list("abcd")).to_csv(tmp_path / "d.csv", index=False)
    groups = {"x": ["a", "b"], "y": ["c", "d"]}
    dataset = {"source": str(tmp_path / "d.csv"), "variables": {"list": groups}}
    for missing in ("error", "drop_samples", "impute_median"):
        with pytest.raises(
            InputError, match=r"d.csv': .* 'a', found -9999 in .* samples, far from"
        ):
            read_matrices(dataset, list_variables(dataset), missing)
    with pytest.raises(InputError, match=r"^Xs: expected measured values, found in column 0 -9999"):
        lmi.estimate(values[:, :2], values[:, 2:])
