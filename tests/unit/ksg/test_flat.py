"""KSG of two single features: as the trees have it, in parts, with a critic, on both kernels."""

import numpy as np
import pytest
from lmi.ksg import flat, guided, points
from lmi.ksg import kernel as ksg

KS = [1, 3, 12]


@pytest.fixture(params=["compiled", "fallback"])
def kernel(request, monkeypatch):
    """Every test of a result runs on both implementations, where there is a compiled one."""
    if request.param == "fallback":
        monkeypatch.setattr(points, "_kernel", None)


def draw(n, rho=0.7, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * y


@pytest.mark.parametrize("n", [14, 60, 301])
@pytest.mark.parametrize("rho", [0.0, 0.99])
def test_neighbours_are_those_of_the_tree(kernel, n, rho):
    x, y = draw(n, rho)
    pairing = flat.pair(x, y)
    found = flat.search(pairing, KS)
    for column, (radius, n_x, n_y) in enumerate(ksg.neighbours_each(x, y, KS)):
        assert (found.radius[:, column] == radius[pairing.order]).all()
        assert (found.n_x[:, column] == n_x[pairing.order]).all()
        assert (found.n_y[:, column] == n_y[pairing.order]).all()


def test_each_part_is_searched_by_itself(kernel):
    x, y = draw(200)
    part = np.random.default_rng(1).integers(3, size=200)
    pairing = flat.pair(x, y)
    found = flat.search(pairing, KS, part=part[pairing.order], n_parts=3, rho=0.5, k_guided=12)
    for number in range(3):
        own = part == number
        alone = flat.search(flat.pair(x[own], y[own]), KS, rho=0.5, k_guided=12)
        here = part[pairing.order] == number
        for name in ("radius", "n_x", "n_y", "inside"):
            assert np.allclose(getattr(found, name)[here], getattr(alone, name), rtol=1e-13)


def test_equal_values_have_no_neighbours_nearer_than_themselves(kernel):
    x, y = np.repeat([0.0, 1.0, 2.0], 20), np.repeat([5.0, 3.0, 4.0], 20)
    found = flat.search(flat.pair(x, y), [3])
    assert (found.radius == 0).all() and (found.n_x == 0).all() and (found.n_y == 0).all()


def test_both_kernels_average_the_critic_over_the_same_places(monkeypatch):
    x, y = draw(300)
    compiled = flat.search(flat.pair(x, y), KS, rho=0.7, k_guided=12)
    monkeypatch.setattr(points, "_kernel", None)
    assert np.allclose(
        flat.search(flat.pair(x, y), KS, rho=0.7, k_guided=12).inside, compiled.inside
    )


def test_the_critic_is_averaged_over_the_box(kernel):
    x, y = draw(150)
    pairing = flat.pair(x, y)
    found = flat.search(pairing, [12], rho=0.7, k_guided=12)
    radius, rho = found.radius[:, 0], 0.7
    expected = []
    for i in range(150):
        inside_x = pairing.x[np.abs(pairing.x - pairing.x[i]) < radius[i]]
        inside_y = pairing.y[np.abs(pairing.y - pairing.y[i]) < radius[i]]
        a, b = inside_x[:, None], inside_y[None]
        t = (rho * a * b - 0.5 * rho**2 * (a**2 + b**2)) / (1 - rho**2)
        expected.append(np.log(np.exp(t).mean()) - 0.5 * np.log(1 - rho**2))
    # by some places of a box, not by all samples in it
    assert np.abs(found.inside[:, 0] - expected).mean() < 0.02


def test_lonely_samples_are_those_of_the_tree(kernel):
    rng = np.random.default_rng(2)
    x, y = (rng.integers(3, size=300) + rng.normal(0, 0.02, 300) for _ in range(2))
    x, y = np.append(x, rng.uniform(0, 3, 40)), np.append(y, rng.uniform(0, 3, 40))
    pairing = flat.pair(x, y)
    radius = flat.search(pairing, [3]).radius[:, 0]
    found = flat.lonely(pairing, radius, 3, guided.LONELY)
    columns = (side[:, None] for side in (pairing.x, pairing.y))
    assert found.any()
    assert (found == guided.lonely(*columns, radius, 3)).all()
