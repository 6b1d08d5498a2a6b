"""How long series resemble themselves: by brute force, and by the slowest of their axes."""

import numpy as np
import pytest
from lmi.base import autocorrelation as auto
from scipy.signal import lfilter


def series(phi, n=4000, seed=0):
    return lfilter([1], [1, -phi], np.random.default_rng(seed).standard_normal(n))


def test_the_autocorrelation_is_that_of_its_definition():
    z = np.stack([series(0.8, 200), series(0.2, 200, 1)], axis=1)
    centred = z - z.mean(axis=0)
    found = auto.autocorrelation(z)
    assert found.shape == (20, 2)
    for lag in (0, 1, 7):
        products = (centred[lag:] * centred[: 200 - lag]).sum(axis=0)
        np.testing.assert_allclose(found[lag], products / (centred**2).sum(axis=0), atol=1e-12)


def test_the_slowest_axis_tells_the_time():
    fast, slow = series(0.0), series(0.9, seed=1)
    assert auto.correlation_time(fast[:, None]) == 1
    assert 15 < auto.correlation_time(slow[:, None]) < 30  # .9 to the 22nd is .1
    for axes in ([fast, slow], [slow, fast]):
        assert auto.correlation_time(np.stack(axes, 1)) == auto.correlation_time(slow[:, None])
    turning = series(-0.9)  # its autocorrelation is as often negative
    assert 15 < auto.correlation_time(turning[:, None]) < 30
    assert auto.time_of(fast[:, None], slow[:, None]) == auto.correlation_time(slow[:, None])


def test_redundancy_is_that_of_the_products_of_the_slowest_axes():
    """Bartlett: of two AR(1) series one plus twice the sum of the powers of the product."""
    fast, slow, other = series(0.0, 50_000), series(0.9, 50_000, 1), series(0.8, 50_000, 2)
    product = 0.9 * 0.8
    expected = 1 + 2 * product / (1 - product)
    pair = np.stack([fast, slow], 1), np.stack([other, fast], 1)
    assert auto.redundancy(*pair) == pytest.approx(expected, rel=0.1)
    assert auto.redundancy(fast[:, None], slow[:, None]) == pytest.approx(1, abs=0.05)
