"""Predictions of x and y from what is given: cross-fitted, of linear and curved dependence."""

import numpy as np
import pytest
from lmi.embedding import conditional as conditioned
from lmi.embedding import residual
from lmi.projection import folds as split
from lmi.projection import views

from benchmarks import conditional


def _designs(x, y, z, codes=None, n=800):
    fold, inner = split.folds(n, seed=0, dataset="", n_inner=3)
    made = [views.make(side, seed=0, name=name) for name, side in (("x", x), ("y", y))]
    given = residual.Given(None if z is None else views.make(z, seed=0, name="z"), codes)
    train = fold == 0
    regressors, relevant = residual.given_regressors(given, *made, train, inner, 0)
    return residual.solve(regressors, train, inner), relevant


def _told(designs, response):
    """Share of the variance of new samples that is told."""
    new = ~designs.train
    left = response - residual.predict(designs, response)
    return 1 - left[new].var(axis=0) / response[new].var(axis=0)


@pytest.fixture(scope="module")
def curved():
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((800, 2))
    functions = np.stack([latent[:, 0], latent[:, 0] ** 2, latent[:, 0] * latent[:, 1]], axis=1)
    x, y = (
        functions @ rng.standard_normal((3, 20)) + rng.standard_normal((800, 20)) for _ in range(2)
    )
    z = latent @ rng.standard_normal((2, 40)) + 0.1 * rng.standard_normal((800, 40))
    return functions, x, y, z


def test_lines_squares_and_products_of_what_is_given_are_told(curved):
    functions, x, y, z = curved
    designs, _ = _designs(x, y, z)
    assert (_told(designs, functions) > 0.95).all()


@pytest.mark.parametrize("kind", ["squares", "products", "sines"])
def test_functions_of_single_features_are_told_among_many(kind):
    # among principal components of x, each mixes all of them
    rng = np.random.default_rng(4)
    z = rng.standard_normal((800, 40))
    shape = conditional.shape_of(kind, z)
    x, y = (shape + 0.5 * rng.standard_normal(shape.shape) for _ in range(2))
    designs, _ = _designs(x, y, z)
    assert _told(designs, shape).mean() > 0.75


def test_curves_are_those_that_go_with_a_feature_without_doubt():
    rng = np.random.default_rng(5)
    z = rng.standard_normal((600, 12)).astype(np.float32)
    x = 0.7 * z @ rng.standard_normal((12, 12)) + rng.standard_normal((600, 12))
    train = np.arange(600) < 400
    # straight lines are told by other designs
    assert residual.curves(z, [x], train).shape == (600, 0)
    x[:, 0] += 2 * z[:, 3] * z[:, 5]
    found = residual.curves(z, [x], train)
    product = z[:, 3] * z[:, 5]
    assert 1 <= found.shape[1] <= 8
    correlations = [np.corrcoef(one[~train], product[~train])[0, 1] for one in found.T]
    assert max(correlations) > 0.95
    assert residual.curves(z, [np.ones((600, 2))], train).shape == (600, 0)


def test_noise_is_not_told(curved):
    _, x, y, z = curved
    designs, _ = _designs(x, y, z)
    noise = np.random.default_rng(1).standard_normal((800, 8))
    assert _told(designs, noise).max() < 0.02
    assert _told(designs, noise).mean() > -0.02


def test_a_prediction_has_not_seen_its_sample(curved):
    functions, x, y, z = curved
    designs, _ = _designs(x, y, z)
    changed = functions.copy()
    row = int(np.flatnonzero(designs.train)[0])
    changed[row] += 1e-4
    same = designs.inner == designs.inner[row]
    before, after = (residual.predict(designs, values) for values in (functions, changed))
    # of its own inner fold only what is shared, the weights of the designs, may move
    assert np.abs(after - before)[designs.train & same].max() < 1e-5
    assert np.abs(after - before)[designs.train & ~same].max() > 0


def test_the_coordinates_that_matter_come_first(curved):
    _, x, y, z = curved
    noise = np.random.default_rng(2).standard_normal((800, 40))
    _, relevant = _designs(x, y, np.hstack([z, noise]))
    functions = curved[0]
    latent = functions[:, :1]
    base = np.hstack([np.ones((800, 1)), relevant[:, :2]])
    left = latent - base @ np.linalg.lstsq(base, latent, rcond=None)[0]
    assert left.var() < 0.05 * latent.var()


def test_a_sine_has_a_direction_beside_squares_and_products():
    """It had none, and x and y shared what was left of it: .8 bits for .5."""
    case, n = "squares, products, sines of z and 0.5 bits", 2000
    x, y, given, _ = conditional.draw(case, 101, n, 100)
    latent = given.matrix[:, :3]
    _, relevant = _designs(x, y, given.matrix, n=n)
    loadings = np.linalg.lstsq(latent, relevant, rcond=None)[0] * latent.std(axis=0)[:, None]
    share = loadings**2 / relevant.var(axis=0)
    assert (share.max(axis=1) > 0.95).all()


def test_directions_are_turned_to_where_functions_along_them_tell_most():
    rng = np.random.default_rng(1)
    n, unit = 3000, rng.standard_normal((3000, 12))
    told = np.stack([unit[:, 0] ** 2 - 1, np.sin(2 * unit[:, 1])], axis=1)
    targets = told + 0.7 * rng.standard_normal((n, 2))
    fold, inner = split.folds(n, seed=0, dataset="", n_inner=3)
    start = np.eye(12)[:, :2] + 0.07 * rng.standard_normal((12, 2))
    found = residual.refined(unit, start, targets, fold == 0, inner)
    astray = [
        np.degrees(np.arccos(np.linalg.svd(np.eye(12)[:2] @ np.linalg.qr(directions)[0])[1].min()))
        for directions in (start, found)
    ]
    assert astray[0] > 10
    assert astray[1] < 4


def test_labels_tell_the_means_of_their_samples():
    rng = np.random.default_rng(3)
    codes = rng.integers(5, size=800)
    means = rng.standard_normal((5, 6))
    x, y = rng.standard_normal((2, 800, 6))
    designs, relevant = _designs(x, y, None, codes)
    assert relevant.shape == (800, 0)
    told = residual.predict(designs, means[codes] + 0.1 * rng.standard_normal((800, 6)))
    assert np.abs(told - means[codes]).max() < 0.1


@pytest.mark.parametrize("law", [np.exp, np.abs], ids=["exp z", "|z|"])
def test_the_spread_of_an_axis_no_longer_depends_on_what_is_given(law):
    rng = np.random.default_rng(3)
    n = 1600
    z = rng.standard_normal((n, 2))
    axes = law(z[:, :1]) * rng.standard_normal((n, 4))
    designs, _ = _designs(axes[:, :2], axes[:, 2:], z, n=n)
    scaled = conditioned._rescaled(axes, designs)
    new = ~designs.train
    truth = axes / law(z[:, :1])
    for own, wanted in zip(scaled[new].T, truth[new].T, strict=True):
        # log of what is left of the scale: its spread over samples, heavy tails cut
        left = np.log(np.abs(own / wanted))
        assert np.subtract(*np.percentile(left, [75, 25])) < 0.35
        assert abs(np.corrcoef(own**2, wanted**2)[0, 1]) > 0.75


def test_heavy_tails_are_not_taken_for_a_scale():
    rng = np.random.default_rng(4)
    z, axes = rng.standard_normal((800, 2)), rng.standard_t(2, (800, 4))
    designs, _ = _designs(axes[:, :2], axes[:, 2:], z)
    scaled = conditioned._rescaled(axes, designs)
    change = np.log(np.abs(scaled / axes))  # a factor of all samples is no matter
    assert np.subtract(*np.percentile(change, [95, 5], axis=0)).max() < 0.5
