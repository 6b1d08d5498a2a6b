"""Critics on axes that they do not describe: intervals that reach further, and a flag."""

import numpy as np
import pytest
from lmi import api, tasks
from lmi.base import mardia

QUIET = {"n_permutations": 0}


def test_mardias_statistics_of_known_axes():
    rng = np.random.default_rng(0)
    gaussian, other = rng.standard_normal((2, 20_000, 3))
    distance, skewness = mardia.shape(gaussian, other)
    assert distance < 3 and skewness < 0.02
    skewed, others = rng.exponential(size=(2, 20_000, 3))
    distance, skewness = mardia.shape(skewed, others)
    assert distance > 100 and skewness == pytest.approx(4, rel=0.1)
    # samples that are worth fewer tell less
    assert mardia.shape(skewed, others, 10.0)[0] < distance / 5


def test_skewed_axes_are_flagged():
    drawn = tasks.make("copula_pairs", 4, margin="exponential", n_pairs=2, n_samples=1500)
    found = api.estimate(drawn.x, drawn.y, train="never", **QUIET)
    assert found.mi_bits < drawn.truth_bits - 0.3
    assert found.flag == "warn" and "skewed axes" in found.reason


def test_gaussian_axes_are_not_flagged_and_their_interval_is_short():
    drawn = tasks.make("gaussian_grid", 4, ambient=50, intrinsic=3)
    found = api.estimate(drawn.x, drawn.y, **QUIET)
    assert found.flag == "ok"
    assert found.low_bits < drawn.truth_bits < found.high_bits < 1.2 * drawn.truth_bits


@pytest.mark.parametrize("n_pairs", [2, 4])
def test_intervals_reach_what_strangers_hide(n_pairs):
    drawn = tasks.make("contaminated_pairs", 4, n_pairs=n_pairs, share=0.2, exclusive=5)
    found = api.estimate(drawn.x, drawn.y, train="never", **QUIET)
    assert found.low_bits < drawn.truth_bits < found.high_bits
