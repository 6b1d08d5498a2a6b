"""`lmi.transfer`: transfer entropy of vector autoregressive series of known coupling."""

import lmi
import numpy as np
import pytest
from lmi.base.errors import InputError


def _series(seed, n, coupling, lag=1, driven=0.0, n_features=30):
    """Two latents a series; x drives y at a lag, and w drives both at lags 1 and 2."""
    rng = np.random.default_rng(seed)
    burn_in = 100
    x, y, w = np.zeros((3, n + burn_in, 2))
    noise = rng.standard_normal((3, n + burn_in, 2))
    for time in range(lag + 2, n + burn_in):
        w[time] = 0.6 * w[time - 1] + noise[2, time]
        x[time] = 0.6 * x[time - 1] + driven * w[time - 1] + noise[0, time]
        y[time] = 0.6 * y[time - 1] + coupling * x[time - lag] + driven * w[time - 2]
        y[time] += noise[1, time]
    return [
        side[burn_in:] @ rng.standard_normal((2, n_features))
        + 0.1 * rng.standard_normal((n, n_features))
        for side in (x, y, w)
    ]


def _truth(coupling, phi=0.6):
    """Transfer entropy of the two latents of lag 1, history 1, by the stationary covariance."""
    matrix = np.array([[phi, 0], [coupling, phi]])  # x, y
    covariance = np.linalg.solve(np.eye(4) - np.kron(matrix, matrix), np.eye(2).ravel())
    covariance = covariance.reshape(2, 2)
    given_y = covariance[0, 0] - covariance[0, 1] ** 2 / covariance[1, 1]
    return np.log2(1 + coupling**2 * given_y)  # two axes of half a log each


def test_transfer_entropy_has_its_direction_and_size():
    x, y, _ = _series(0, 1500, 0.5)
    result = lmi.transfer(x, y)
    assert abs(result.xy_bits - _truth(0.5)) < 0.08
    assert result.p_xy < 1e-4
    assert abs(result.yx_bits) < 0.05
    assert result.p_yx > 0.01
    assert result.net_bits == result.xy_bits - result.yx_bits
    assert result.net_bits > 3 * result.sd_net_bits
    assert result.by_lag[1][0] == result.xy_bits


def test_the_lag_of_the_coupling_tells_most():
    x, y, _ = _series(1, 1200, 0.6, lag=3)
    result = lmi.transfer(x, y, lags=[1, 3, 4], n_permutations=0)
    assert max(result.by_lag, key=lambda lag: result.by_lag[lag][0]) == 3
    assert result.n_samples == 1196


def test_a_common_drive_that_is_given_has_no_direction():
    x, y, w = _series(2, 1500, 0.0, driven=0.8)
    assert lmi.transfer(x, y, n_permutations=0).xy_bits > 0.15
    result = lmi.transfer(x, y, given=w, history=2)
    assert abs(result.xy_bits) < 0.05
    assert result.p_xy > 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lags": 0}, "lags: expected whole steps from 1"),
        ({"lags": [1, 2.5]}, "lags: expected whole steps"),
        ({"lags": []}, "lags: expected at least one step"),
        ({"history": 0}, "history: expected whole steps"),
        ({"lags": 150}, "X, Y: expected at least 200 times with a past of 150 steps, found 150"),
        ({"given": np.ones((5, 1))}, "given: expected as many times as X, 300, found 5"),
    ],
)
def test_what_has_no_past_is_refused(options, message):
    x, y = np.random.default_rng(0).standard_normal((2, 300, 3))
    with pytest.raises(InputError, match=message):
        lmi.transfer(x, y, **options)
