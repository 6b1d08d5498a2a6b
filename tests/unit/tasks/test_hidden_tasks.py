"""The truths of copulas, mixtures, products, images, networks and cell states, written anew."""

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.tasks import cells, copulas, hidden, make, mixtures
from scipy import stats


def bits_of_pairs(x, y, correlation):
    """Return the pointwise information of pairs of unit variance, summed over them."""
    joint = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
    columns = zip(x.T, y.T, strict=True)
    both = sum(joint.logpdf(np.stack(pair, axis=1)) for pair in columns)
    return (both - stats.norm.logpdf(x).sum(1) - stats.norm.logpdf(y).sum(1)) / np.log(2)


def copula_function(name, u, v):
    """Return C(u, v), the distribution function, as textbooks have it."""
    theta = copulas.PARAMETERS[name]
    if name == "clayton":
        return (u**-theta + v**-theta - 1) ** (-1 / theta)
    if name == "gumbel":
        return np.exp(-(((-np.log(u)) ** theta + (-np.log(v)) ** theta) ** (1 / theta)))
    if name == "joe":
        a, b = (1 - u) ** theta, (1 - v) ** theta
        return 1 - (a + b - a * b) ** (1 / theta)
    product = np.expm1(-theta * u) * np.expm1(-theta * v)
    return -np.log1p(product / np.expm1(-theta)) / theta


ARCHIMEDEAN = [name for name in copulas.PARAMETERS if name != "student"]


@pytest.mark.parametrize("name", ARCHIMEDEAN)
def test_the_density_of_a_copula_is_the_mixed_difference_of_its_distribution(name):
    u, v = np.random.default_rng(0).uniform(0.03, 0.97, (2, 300))
    h = 1e-4
    corners = [
        i * j * copula_function(name, u + i * h, v + j * h) for i in (-1, 1) for j in (-1, 1)
    ]
    density = sum(corners) / (2 * h) ** 2
    found = np.exp(copulas.log_density(name, (u, 1 - u), (v, 1 - v)))
    assert found == pytest.approx(density, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", ARCHIMEDEAN)
def test_samples_of_a_copula_have_its_distribution_and_uniform_margins(name):
    n = 40_000
    sides = copulas.draw(np.random.default_rng(1), name, n, 1)
    for side, rest in sides:
        assert stats.kstest(side[:, 0], "uniform").pvalue > 1e-3
        assert side + rest == pytest.approx(np.ones((n, 1)))
    (u, _), (v, _) = sides
    for place in [(0.1, 0.1), (0.9, 0.9), (0.2, 0.6), (0.5, 0.5)]:
        share = ((u <= place[0]) & (v <= place[1])).mean()
        wanted = copula_function(name, *place)
        assert abs(share - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / n)


@pytest.mark.parametrize("name", ARCHIMEDEAN)
def test_the_quadrature_of_a_copula_has_converged(name):
    fine = copulas.copula_mi_bits(name, 1601)
    assert copulas.copula_mi_bits(name, 1001) == pytest.approx(fine, abs=1e-4)


@pytest.mark.parametrize("name", list(copulas.PARAMETERS))
def test_pointwise_values_of_copulas_have_their_truth_as_mean(name):
    drawn = make("copula_pairs", 2, copula=name, n_samples=20_000, n_pairs=2, ambient=2)
    error = drawn.pointwise_bits.std() / np.sqrt(20_000)
    assert drawn.truth_bits == pytest.approx(2 * copulas.copula_mi_bits(name))
    assert drawn.oracle_bits == pytest.approx(drawn.truth_bits, abs=4 * error)


def test_the_student_copula_is_that_of_a_student_t():
    drawn = make("copula_pairs", 3, copula="student", n_samples=500, n_pairs=1, ambient=1)
    dof, correlation = copulas.PARAMETERS["student"], copulas.STUDENT_CORRELATION
    x, y = (stats.t(dof).ppf(stats.norm.cdf(side.astype(float))) for side in (drawn.x, drawn.y))
    # a rotation of one feature is a sign
    signs = [s for s in (1, -1) if np.corrcoef(x[:, 0], s * y[:, 0])[0, 1] > 0]
    both = np.hstack([x, signs[0] * y])
    joint = stats.multivariate_t(shape=[[1, correlation], [correlation, 1]], df=dof)
    nats = joint.logpdf(both) - stats.t(dof).logpdf(both).sum(axis=1)
    assert np.median(np.abs(drawn.pointwise_bits - nats / np.log(2))) < 1e-3


@pytest.mark.parametrize("margin", copulas.MARGINS)
def test_margins_have_unit_variance_and_rotations_leave_it(margin):
    drawn = make("copula_pairs", 0, margin=margin, n_samples=50_000, n_pairs=2, ambient=4, noise=1)
    for side in (drawn.x, drawn.y):
        assert np.cov(side.T) == pytest.approx(np.eye(4), abs=0.06)
    assert drawn.truth_bits == make("copula_pairs", 0, n_samples=2, n_pairs=2).truth_bits


def test_a_mixture_of_one_gaussian_is_a_gaussian_pair():
    drawn = make("contaminated_pairs", 0, n_samples=2000, n_pairs=2, mi_bits=1.0, share=0.0)
    values = bits_of_pairs(drawn.x, drawn.y, np.sqrt(0.5))
    assert drawn.pointwise_bits == pytest.approx(values, abs=1e-4)
    assert drawn.truth_bits == pytest.approx(1, abs=0.01)


def test_contamination_adds_strangers():
    drawn = make("contaminated_pairs", 1, n_samples=2000, n_pairs=1, mi_bits=1.0, share=0.3)
    x, y = drawn.x[:, 0].astype(float), drawn.y[:, 0].astype(float)
    signal = stats.multivariate_normal(cov=[[1, np.sqrt(0.75)], [np.sqrt(0.75), 1]])
    joint = 0.7 * signal.pdf(np.stack([x, y], 1)) + 0.3 * stats.norm(0, 2).pdf([x, y]).prod(0)
    margins = [0.7 * stats.norm.pdf(z) + 0.3 * stats.norm(0, 2).pdf(z) for z in (x, y)]
    assert drawn.pointwise_bits == pytest.approx(np.log2(joint / np.prod(margins, 0)), abs=1e-4)
    assert 0 < drawn.truth_bits < 1


@pytest.mark.parametrize("shape", mixtures.SHAPES)
def test_bending_a_mixture_can_be_undone(shape):
    n = 3000
    samples = mixtures.draw(np.random.default_rng(0), mixtures.SHAPES[shape](), n)[:, :2]
    bent = mixtures._BENT[shape](samples)
    back = {
        "waves": lambda z: (10 * (z[:, 0] + 0.8) - 5 * np.sin(6 * z[:, 1]), 2 * z[:, 1]),
        "galaxy": lambda z: _turned_back(z / 0.3),
        "concentric": lambda z: z.T,
    }[shape](bent)
    assert np.stack(back, axis=1) == pytest.approx(samples, abs=1e-6)


def _turned_back(z):
    place = z[:, 0] + 1j * z[:, 1]
    straight = place * np.exp(-0.5j * np.abs(place) ** 2)
    return straight.real, straight.imag


def test_products_are_those_of_the_latents_and_hide_their_common_sign():
    drawn = make("latent_products", 4, n_samples=4000, ambient=5, latents=2, mi_bits=1.5, noise=0.1)
    twin = make("latent_products", 4, n_samples=4000, ambient=60, latents=2, mi_bits=1.5)
    assert drawn.truth_bits == twin.truth_bits
    assert 0 < drawn.truth_bits < 1.5
    # one latent: u^2 and v^2, whose density is that of both signs
    single = make("latent_products", 4, n_samples=4000, ambient=1, latents=1, mi_bits=1.5)
    # a rotation of one feature is a sign: only samples far from zero tell it
    flips = [np.sign(side[np.abs(side).argmax(), 0]) for side in (single.x, single.y)]
    u, v = (
        np.sqrt(np.maximum(np.sqrt(2) * flip * side + 1, 0)).astype(float)
        for flip, side in zip(flips, (single.x, single.y), strict=True)
    )
    correlation = np.sqrt(1 - 2.0**-3)
    both = [2.0 ** bits_of_pairs(u, side, correlation) for side in (v, -v)]
    gap = single.pointwise_bits - np.log2(sum(both) / 2)
    assert np.quantile(np.abs(gap), 0.98) < 0.01


def test_a_spot_tells_its_position():
    drawn = make("spot_images", 0, n_samples=2000, size=16)
    images = drawn.x.reshape(-1, 16, 16).astype(float)
    pixels = np.arange(16) + 0.5
    v = []
    for image_axis in (1, 2):
        profile = np.log(images.max(axis=3 - image_axis))
        # the log of a Gaussian is a parabola: three pixels around the top give its place
        top = profile.argmax(axis=1).clip(1, 14)
        low, mid, high = (profile[np.arange(2000), top + step] for step in (-1, 0, 1))
        v.append(pixels[top] + 0.5 * (low - high) / (low - 2 * mid + high))
    share = (np.stack(v, axis=1) / 16 - 0.1) / 0.8
    assert share.min() > -1e-3 and share.max() < 1.001
    for column in share.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert drawn.truth_bits == 2.0


@pytest.mark.parametrize("activation", hidden.ACTIVATIONS)
def test_a_deep_network_can_be_undone(activation):
    rng, latent = np.random.default_rng(0), np.random.default_rng(1).standard_normal((300, 3))
    z = hidden._network(rng, latent, 20, 3, activation)
    twin, undone = np.random.default_rng(0), []
    for n_in in (3, 20, 20):
        weights = twin.standard_normal((n_in, 20)) / np.sqrt(n_in)
        undone.append((weights, 0.5 * twin.standard_normal(20)))
    for weights, offset in reversed(undone):
        z = np.arctanh(z) if activation == "tanh" else np.where(z < 0, z / 0.2, z)
        z = np.linalg.lstsq(weights.T, (z - offset).T, rcond=None)[0].T
    assert z == pytest.approx(latent, abs=1e-6)


def test_counts_tell_of_each_other_by_the_state():
    numbers = {"states": 3, "genes": 4, "shuffled": 0.2, "dispersion": 2.0}
    drawn = make("cell_states", 0, n_samples=500, **numbers)
    means = cells._expression(3, 4)
    given = [
        stats.nbinom(2.0, 2.0 / (2.0 + own[None])).pmf(side[:, None]).prod(axis=2)
        for own, side in zip(means, (drawn.x, drawn.y), strict=True)
    ]
    table = 0.8 * np.eye(3) / 3 + 0.2 / 9
    joint = np.einsum("ni,ij,nj->n", given[0], table, given[1])
    wanted = np.log2(joint / (given[0].mean(axis=1) * given[1].mean(axis=1)))
    assert drawn.pointwise_bits == pytest.approx(wanted, abs=1e-6)
    assert drawn.truth_bits < make("cell_states", 0, n_samples=2, genes=200).truth_bits


@pytest.mark.parametrize(
    "name, params, message",
    [
        ("copula_pairs", {"copula": "claiton"}, "one of clayton, gumbel"),
        ("copula_pairs", {"ambient": 2}, "n_pairs.*at most ambient"),
        ("gaussian_mixture", {"shape": "wave"}, "one of waves"),
        ("latent_products", {"ambient": 2}, "latents.*at most ambient"),
        ("deep_network", {"ambient": 2}, "latents.*at most ambient"),
        ("spot_images", {"size": 3}, "from 4 to 256"),
        ("cell_states", {"states": 1}, "from 2 to 100"),
    ],
)
def test_bad_parameters_are_told(name, params, message):
    with pytest.raises(InputError, match=message):
        make(name, 0, **params)
