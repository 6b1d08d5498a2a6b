"""Directions of many coordinates along which targets bend, and conditional values given them."""

import numpy as np
import pytest
from lmi import estimate
from lmi.embedding import bends
from scipy.signal import lfilter

N, WIDTH = 1800, 40
FUNCTIONS = {
    "squares": lambda h: h**2 - 1,
    "products": lambda h: h * np.roll(h, 1, axis=1) * 1.4,
    "sines": lambda h: 2 * np.sin(1.5 * h),
}


def _rotation(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def _draw(kind, rng, n=N, width=WIDTH):
    """Return z, three directions of it, and functions along them."""
    z = rng.standard_normal((n, width))
    directions = _rotation(rng, width)[:, :3]
    return z, directions, FUNCTIONS[kind](z @ directions)


@pytest.mark.parametrize("kind", list(FUNCTIONS))
def test_the_directions_are_found_and_functions_along_them_tell_the_targets(kind):
    rng = np.random.default_rng(0)
    z, directions, shape = _draw(kind, rng)
    train, inner = np.arange(N) < 1500, np.arange(N) % 3
    linear = z @ np.linalg.lstsq(z[train], shape[train], rcond=None)[0]
    targets = shape - linear + 0.5 * rng.standard_normal(shape.shape)
    found, functions = bends.find(z, targets, linear, train, inner, 0)
    told = np.linalg.lstsq(np.c_[np.ones(N), z], found, rcond=None)[0][1:]
    within = np.linalg.norm(directions.T @ told, axis=0) / np.linalg.norm(told, axis=0)
    assert found.shape[1] >= 3
    assert (np.sort(within)[-3:] > 0.95).all()
    design = np.c_[np.ones(N), functions[0], linear]
    slopes = np.linalg.lstsq(design[train], shape[train], rcond=None)[0]
    left = (shape - design @ slopes)[~train]
    assert (left.var(axis=0) < 0.25 * shape.var(axis=0)).all()


@pytest.mark.parametrize("decay", [0.0, 0.95])
def test_targets_that_do_not_bend_have_no_directions_in_series_neither(decay):
    rng = np.random.default_rng(1)
    train, inner = np.arange(N) < 800, np.arange(N) * 6 // N % 3
    found = []
    for seed in range(20):
        values = lfilter([1], [1, -decay], rng.standard_normal((N, WIDTH + 3)), axis=0)
        z, targets = values[:, 3:], values[:, :3]
        found.append(bends.find(z, targets, z[:, :3], train, inner, seed)[0].shape[1] > 0)
    assert np.mean(found) <= 0.05


def _hidden(rng, latent, width=WIDTH):
    noise = rng.standard_normal((len(latent), width - latent.shape[1]))
    return np.hstack([latent, noise]) @ _rotation(rng, width)


def _features(kind, seed, n):
    """Return x, y and z: x and y of functions along directions of z, each under its own noise."""
    rng = np.random.default_rng(seed)
    z, _, shape = _draw(kind, rng, n)
    x, y = (_hidden(rng, shape + 0.5 * rng.standard_normal(shape.shape)) for _ in "xy")
    return x, y, z


def _label(kind, seed, n):
    """Return x and a label, both of functions along directions of z, and z."""
    rng = np.random.default_rng(seed)
    z, _, shape = _draw(kind, rng, n)
    label = (shape @ rng.standard_normal((3, 3)) + rng.standard_normal((n, 3))).argmax(axis=1)
    x = _hidden(rng, shape + 0.5 * rng.standard_normal(shape.shape))
    return x, [f"label {one}" for one in label], z


def test_what_bends_along_directions_of_z_is_not_shared_beyond_it():
    x, y, z = _features("squares", 2, 2000)
    result = estimate(x, y, given=z, n_permutations=0, seed=0)
    assert result.mi_bits > 1
    assert abs(result.cmi_bits) < 0.05


def test_too_few_samples_to_learn_it_raise_a_flag():
    x, y, z = _features("products", 3, 400)
    result = estimate(x, y, given=z, n_permutations=0, seed=0)
    assert result.cmi_bits > 0.2
    assert "may be of what is given alone" in result.reason


def test_they_do_of_a_label_too():
    x, label, z = _label("squares", 6, 500)
    result = estimate(x, label, given=z, n_permutations=0, seed=0)
    assert result.cmi_bits > 0.1
    assert "still goes with functions of what is given" in result.reason


def test_what_is_shared_beside_it_stays():
    rng = np.random.default_rng(4)
    z, _, shape = _draw("squares", rng, 2000)
    own = rng.standard_normal((2000, 3))
    x = _hidden(rng, shape + own)
    y = _hidden(rng, shape + 0.8 * own + 0.6 * rng.standard_normal(own.shape))
    result = estimate(x, y, given=z, n_permutations=0, seed=0)
    truth = -1.5 * np.log2(1 - 0.64)
    # directions that are learned with an error leave noise in both
    assert truth - 0.3 < result.cmi_bits < truth + 0.05


def test_a_label_that_bends_along_them_shares_nothing_beyond_it():
    x, label, z = _label("products", 5, 2000)
    result = estimate(x, label, given=z, n_permutations=0, seed=0)
    assert abs(result.cmi_bits) < 0.06
