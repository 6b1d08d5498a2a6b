"""Conditional KSG: Frenzel and Pompe's formula, beside a slow twin and the analytic truth."""

import numpy as np
import pytest
from lmi.ksg import guided, kernel
from scipy.special import digamma


def _slow(x, y, z, k):
    """Frenzel & Pompe (2007), by all distances."""

    def distances(values):
        return np.abs(values[:, None] - values[None]).max(axis=2)

    joint = distances(np.hstack([x, y, z]))
    np.fill_diagonal(joint, np.inf)
    radius = np.sort(joint, axis=1)[:, k - 1]
    counts = []
    for values in (np.hstack([x, z]), np.hstack([y, z]), z):
        near = distances(values) < radius[:, None]
        counts.append(near.sum(axis=1) - 1)
    n_xz, n_yz, n_z = counts
    nats = digamma(k) - digamma(n_xz + 1) - digamma(n_yz + 1) + digamma(n_z + 1)
    return nats / np.log(2)


def _evaluate(x, y, z, k=3):
    d = x.shape[1]
    bits, correction, _ = guided.evaluate(x, y, np.zeros(d), 0, np.ones(d), k=k, given=z)
    assert not correction.any()
    return bits


@pytest.mark.parametrize("k", [1, 3, 7])
def test_conditional_ksg_equals_its_slow_twin(k):
    rng = np.random.default_rng(0)
    z = rng.standard_normal((200, 2))
    x, y = (z[:, :1] + rng.standard_normal((200, 1)) for _ in range(2))
    np.testing.assert_allclose(_evaluate(x, y, z, k), _slow(x, y, z, k), atol=1e-9)


def test_labels_far_apart_give_ksg_within_each():
    rng = np.random.default_rng(1)
    codes = rng.integers(3, size=600)
    x = rng.standard_normal((600, 1))
    y = 0.8 * x + 0.6 * rng.standard_normal((600, 1))
    bits = _evaluate(x, y, guided.LABEL_GAP * np.eye(3)[codes])
    for code in range(3):
        own = codes == code
        np.testing.assert_allclose(bits[own], kernel.pointwise_mi(x[own], y[own]), atol=1e-9)


@pytest.mark.parametrize(("direct", "truth"), [(0.0, 0.0), (0.8, -0.5 * np.log2(1 - 0.64))])
def test_a_common_cause_that_is_given_adds_nothing(direct, truth):
    rng = np.random.default_rng(2)
    z, e, f = rng.standard_normal((3, 3000, 1))
    x, y = z + e, z + direct * e + np.sqrt(1 - direct**2) * f
    assert kernel.mi(x, y) > truth + 0.1
    assert abs(_evaluate(x, y, z).mean() - truth) < 0.08


def test_a_sample_alone_in_its_label_has_no_bits():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 100, 1))
    codes = np.r_[0, np.ones(99, int)]
    assert _evaluate(x, y, guided.LABEL_GAP * np.eye(2)[codes])[0] == 0
