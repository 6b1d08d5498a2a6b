"""Tasks of other benchmarks: truths against the published values and log density ratios."""

import numpy as np
import pytest
from lmi.tasks import make
from lmi.tasks.bmi import BMI, additive_noise_mi_bits
from lmi.tasks.gaussian import WIGGLES_X, WIGGLES_Y
from lmi.tasks.mixed import zero_inflated_poisson_mi_bits
from scipy import stats
from test_tasks import assert_mean_is, assert_truth, digit_labels, gaussian_pointwise, write_images

# Mutual information of the tasks of benchmark-mi 0.1.3, in bits, by the end of their names
PUBLISHED_BITS = {
    "1v1-normal-0.75": 0.596323,
    "1v1-additive-0.1": 2.466198,
    "1v1-additive-0.75": 0.480898,
    "1v1-bimodal-0.75": 0.596323,
    "student-identity-1-1-1": 0.323411,
    "multinormal-dense-2-2-0.5": 0.423998,
    "multinormal-dense-3-3-0.5": 0.596323,
    "multinormal-dense-5-5-0.5": 0.855247,
    "multinormal-dense-25-25-0.5": 1.864227,
    "multinormal-dense-50-50-0.5": 2.343320,
    "multinormal-sparse-2-2-2-2.0": 1.473931,
    "multinormal-sparse-3-3-2-2.0": 1.473931,
    "multinormal-sparse-5-5-2-2.0": 1.473931,
    "multinormal-sparse-25-25-2-2.0": 1.473931,
    "student-identity-2-2-1": 0.623166,
    "student-identity-2-2-2": 0.278652,
    "student-identity-3-3-2": 0.419712,
    "student-identity-3-3-3": 0.257827,
    "student-identity-5-5-2": 0.646545,
    "student-identity-5-5-3": 0.430707,
}


def base_of(name):
    return next(base for base in PUBLISHED_BITS if name.endswith(base))


def unspiral(x, first):
    """Turn a plane back; the length of a sample tells by how much."""
    x = x.astype(complex)
    plane = (x[:, first] + 1j * x[:, first + 1]) * np.exp(-1j * (x**2).sum(1) / x.shape[1])
    x[:, first], x[:, first + 1] = plane.real, plane.imag
    return x.real


def unwiggle(x, terms):
    grid = np.linspace(-8, 8, 100_001)
    return np.interp(x, grid + sum(a * np.sin(b * grid + c) for a, b, c in terms), grid)


def undo(name, x, y):
    """Undo the functions of a name, from the outside in."""
    x, y = x.astype(float), y.astype(float)
    for step in name.removesuffix(base_of(name)).split("-")[:-1]:
        if step == "normal_cdf":
            x, y = stats.norm.ppf(x), stats.norm.ppf(y)
        elif step == "half_cube":
            x, y = (np.sign(side) * np.abs(side) ** (2 / 3) for side in (x, y))
        elif step == "asinh":
            x, y = np.sinh(x), np.sinh(y)
        elif step == "wiggly":
            x, y = unwiggle(x, WIGGLES_X), unwiggle(y, WIGGLES_Y)
        elif step == "swissroll_x":
            x = (np.hypot(x[:, :1], x[:, 1:]) * 21 / (1.5 * np.pi) - 1) / 2
        else:
            x, y = unspiral(x, 0), unspiral(y, 1)
    return x, y


def pointwise_bits(base, x, y):
    """Return log2 p(x, y)/p(x)p(y) of a distribution without functions."""
    dims = x.shape[1]
    if base.startswith("1v1-additive"):
        width = float(base.split("-")[-1])
        overlap = np.minimum(1, y + width) - np.maximum(0, y - width)
        return -np.log2(overlap).ravel()
    if base.startswith("1v1-bimodal"):
        x = stats.norm.ppf(0.3 * stats.norm.cdf(x) + 0.7 * stats.norm.cdf(x - 5))
        y = stats.norm.ppf(0.5 * stats.norm.cdf(y + 1) + 0.5 * stats.norm.cdf(y - 3))
    if base.startswith("1v1"):
        return gaussian_pointwise(x, y, 0.75)
    if base.startswith("multinormal-sparse"):
        across = x[:, 2:].T @ y / len(x)
        assert not across.size or np.abs(across).max() < 0.03
        return gaussian_pointwise(x[:, :2], y[:, :2], 0.8)
    if base.startswith("multinormal-dense"):
        shape = 0.5 * np.eye(2 * dims) + 0.5
        whole, part = (stats.multivariate_normal(cov=shape[:d, :d]) for d in (2 * dims, dims))
    else:
        dof = int(base.split("-")[-1])
        whole, part = (stats.multivariate_t(shape=np.eye(d), df=dof) for d in (2 * dims, dims))
    ratio = whole.logpdf(np.hstack([x, y])) - part.logpdf(x) - part.logpdf(y)
    return ratio / np.log(2)


def test_the_list_is_the_published_one():
    assert len(set(BMI)) == len(BMI) == 40
    for name in BMI:
        truth = make("bmi", 0, distribution=name, n_samples=2).truth_bits
        assert truth == pytest.approx(PUBLISHED_BITS[base_of(name)], abs=1e-6)


@pytest.mark.parametrize("name", BMI)
def test_samples_of_bmi_have_their_truth(name):
    drawn = make("bmi", 3, distribution=name, n_samples=30_000)
    values = pointwise_bits(base_of(name), *undo(name, drawn.x, drawn.y))
    known = np.isfinite(values)
    assert known.mean() > 0.999
    assert_mean_is(values[known], drawn.truth_bits)
    # undoing spirals and cubes of single precision is not exact
    assert np.quantile(np.abs(values - drawn.pointwise_bits)[known], 0.95) < 0.005


def test_margins_of_the_bimodal_pair_have_two_modes():
    drawn = make("bmi", 0, distribution="1v1-bimodal-0.75", n_samples=20_000)
    assert drawn.x.mean() == pytest.approx(3.5, abs=0.1)
    assert drawn.y.mean() == pytest.approx(1.0, abs=0.1)
    assert np.mean(np.abs(drawn.x - 2.5) < 0.5) < 0.02


def test_additive_noise_by_quadrature():
    for width in (0.05, 0.5, 0.51, 2.0):
        y = np.linspace(-width, 1 + width, 200_001)[1:-1]
        density = (np.minimum(1, y + width) - np.maximum(0, y - width)) / (2 * width)
        entropy = -np.trapezoid(density * np.log2(density), y)
        assert entropy - np.log2(2 * width) == pytest.approx(
            additive_noise_mi_bits(width), abs=1e-4
        )


def test_zero_inflated_poisson_truth():
    terms = np.arange(1, 80)
    nats = 2 * np.log(2) - np.euler_gamma - np.sum(np.log(terms) * 2.0**-terms)
    assert zero_inflated_poisson_mi_bits(0.0) == pytest.approx(nats / np.log(2), abs=1e-6)
    assert nats == pytest.approx(0.3012, abs=1e-4)  # as published
    # and with zeros: below (1 - zeros) of that, and what samples say
    zeros = 0.3
    drawn = make("zero_inflated_poisson", 1, n_samples=50_000, zeros=zeros)
    rate, count = drawn.x.ravel().astype(float), drawn.y.ravel()
    given = (1 - zeros) * stats.poisson(rate).pmf(count) + zeros * (count == 0)
    margin = (1 - zeros) * 2.0 ** -(count + 1) + zeros * (count == 0)
    assert_truth(drawn, np.log2(given / margin))
    assert drawn.truth_bits < 0.7 * nats / np.log(2) - 0.02
    three = make("zero_inflated_poisson", 1, n_samples=10, dims=3, zeros=zeros)
    assert three.truth_bits == pytest.approx(3 * drawn.truth_bits)


def test_uniform_mixture_truth():
    drawn = make("uniform_mixture", 0, n_samples=50_000, classes=4)
    y = drawn.y.ravel().astype(float)
    margin = np.mean([(y > k) & (y < k + 2) for k in range(4)], axis=0) / 2
    assert_truth(drawn, np.log2(0.5 / margin))
    assert make("uniform_mixture", 0, n_samples=9, classes=1).truth_bits == 0


def test_point_or_normal_truth():
    drawn = make("point_or_normal", 0, n_samples=50_000, correlation=0.8, flip=0.2)
    x, y = drawn.x.astype(float), drawn.y.astype(float)
    points = (np.abs(x) == 1).ravel()
    assert np.array_equal(points, (np.abs(y) == 1).ravel())
    normal = gaussian_pointwise(x, y, 0.8)
    signs = np.log2(np.where((x == y).ravel(), 0.8, 0.2) * 2)
    # half of all samples: one more bit on either branch
    assert_truth(drawn, 1 + np.where(points, signs, normal))


def test_image_tiles_show_the_bits_of_a_channel():
    drawn = make("image_tiles", 0, n_samples=1000, tiles=3, flip=0.1, nuisance=2)
    entropy = -0.1 * np.log2(0.1) - 0.9 * np.log2(0.9)
    assert drawn.truth_bits == pytest.approx(3 * (1 - entropy))
    assert drawn.x.shape == drawn.y.shape == (1000, 5 * 64)
    agree = []
    for tile in range(5):
        here = slice(64 * tile, 64 * (tile + 1))
        (labels_x, index_x), (labels_y, index_y) = (
            digit_labels(np.ascontiguousarray(side[:, here])) for side in (drawn.x, drawn.y)
        )
        assert set(labels_x) == set(labels_y) == {0, 1}
        assert not set(index_x) & set(index_y)
        agree.append(np.mean(labels_x == labels_y))
    assert agree == pytest.approx([0.9, 0.9, 0.9, 0.5, 0.5], abs=1e-9)


def test_tiles_of_zeros_and_ones_can_be_told_apart():
    from sklearn.linear_model import LogisticRegression

    drawn = make("image_tiles", 0, n_samples=2000, tiles=1, flip=0.0)
    labels = digit_labels(drawn.x)[0]
    fit = LogisticRegression(max_iter=200).fit(drawn.x[:1000] / 16, labels[:1000])
    assert fit.score(drawn.y / 16, labels) > 0.999


def test_mnist_tiles(tmp_path):
    path = tmp_path / "images.csv"
    pixels, labels = write_images(path, True, True)
    drawn = make("mnist_tiles", 0, path=str(path), n_samples=30, tiles=2, flip=0.0)
    assert drawn.x.shape == drawn.y.shape == (30, 2 * 784)
    assert drawn.truth_bits == pytest.approx(2)
    index = {row.astype(np.float32).tobytes(): k for k, row in enumerate(pixels)}
    shown = [labels[[index[row.tobytes()] for row in side[:, 784:]]] for side in (drawn.x, drawn.y)]
    assert np.array_equal(*shown)
