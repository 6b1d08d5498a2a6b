"""Series: neighbours in time are no neighbours, against all pairwise distances."""

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.ksg import guided, kernel, permuted, points
from lmi.ksg.apart import Apart
from scipy.special import digamma

from benchmarks.statistics import autoregressive


@pytest.fixture(params=["compiled", "fallback"])
def both_kernels(request, monkeypatch):
    """Every test of a result runs on both implementations, where there is a compiled one."""
    if request.param == "fallback":
        monkeypatch.setattr(points, "_kernel", None)


def drawn(n, d_x, d_y, seed=0):
    rng = np.random.default_rng(seed)
    return autoregressive(rng, n, d_x, 0.9), autoregressive(rng, n, d_y, 0.9)


def of_trials(n):
    """Return times of two recordings, one after the other, with samples left out of either."""
    time = np.arange(2 * n)[np.random.default_rng(1).permutation(2 * n)[:n]]
    time.sort()
    return np.where(time < n, time, time + 10**6)


def slow(x, y, k, apart, given=None):
    """Return pointwise bits from all pairwise distances, and who may be neighbours in x."""
    far = np.abs(apart.time[:, None] - apart.time[None]) > apart.window
    d_x, d_y, d_z = (
        np.where(far, np.abs(side[:, None] - side[None]).max(axis=2), np.inf)
        for side in (x, y, x[:, :0].sum(axis=1, keepdims=True) if given is None else given)
    )
    radius = np.sort(np.maximum(np.maximum(d_x, d_y), d_z), axis=1)[:, k - 1, None]
    if given is None:
        inside = [far.sum(axis=1), *((d < radius).sum(axis=1) for d in (d_x, d_y))]
    else:
        inside = [
            (d < radius).sum(axis=1) for d in (d_z, np.maximum(d_x, d_z), np.maximum(d_y, d_z))
        ]
    whole, n_x, n_y = (digamma(count + 1) for count in inside)
    return (digamma(k) + whole - n_x - n_y) / np.log(2), far & (d_x < radius)


@pytest.mark.parametrize(
    ("n", "d_x", "d_y", "k", "window"),
    [(60, 1, 1, 3, 5), (300, 1, 2, 1, 40), (300, 4, 5, 12, 1), (301, 9, 2, 3, 22)],
)
@pytest.mark.parametrize("times", [np.arange, of_trials])
def test_neighbours_are_those_of_all_pairwise_distances(
    both_kernels, n, d_x, d_y, k, window, times
):
    x, y = drawn(n, d_x, d_y)
    apart = Apart(times(n), window)
    expected, _ = slow(x, y, k, apart)
    np.testing.assert_allclose(kernel.pointwise_mi(x, y, k, apart=apart), expected, atol=1e-9)
    orders = [np.roll(np.arange(n), shift) for shift in (0, 7, n // 2)]
    found = permuted.null(x, y, orders, k, apart=apart)
    expected = [slow(x, y[order], k, apart)[0].mean() for order in orders]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_what_is_given_has_no_neighbours_in_time_either(both_kernels):
    x, y = drawn(200, 2, 2)
    z, _ = drawn(200, 2, 1, seed=1)
    apart = Apart(np.arange(200), 15)
    options = {"s": np.zeros(2), "rank": 0, "weight": np.ones(2), "given": z, "apart": apart}
    bits, correction, _ = guided.evaluate(x, y, **options)
    np.testing.assert_allclose(bits, slow(x, y, 3, apart, z)[0], atol=1e-9)
    assert not correction.any()


def test_samples_inside_a_box_are_apart_in_time(both_kernels):
    x, y = drawn(200, 3, 3)
    apart = Apart(np.arange(200), 15)
    radius, n_x, _ = kernel.neighbours(x, y, 8, apart=apart)
    inside, count = kernel.marginal_neighbours(x, radius, 200, apart=apart)
    _, expected = slow(x, y, 8, apart)
    assert (count == n_x + 1).all()
    for row in range(200):
        assert set(inside[row]) == {row, *np.flatnonzero(expected[row])}


def test_both_kernels_draw_the_same_of_them(monkeypatch):
    x, _ = drawn(300, 2, 1)
    apart, radius = Apart(np.arange(300), 9), np.full(300, 0.8)
    if not points.compiled():
        pytest.skip("no compiled kernel")
    one = kernel.marginal_neighbours(x, radius, 6, 5, apart=apart)
    monkeypatch.setattr(points, "_kernel", None)
    other = kernel.marginal_neighbours(x, radius, 6, 5, apart=apart)
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_window_of_nothing_changes_nothing(both_kernels):
    x, y = drawn(400, 2, 3)
    nothing = Apart(np.arange(400), 0)
    assert (kernel.pointwise_mi(x, y, apart=nothing) == kernel.pointwise_mi(x, y)).all()


def test_samples_with_too_few_neighbours_are_refused():
    x, y = drawn(40, 1, 1)
    with pytest.raises(InputError, match="more than 18 apart in time"):
        kernel.pointwise_mi(x, y, 9, apart=Apart(np.arange(40), 18))
