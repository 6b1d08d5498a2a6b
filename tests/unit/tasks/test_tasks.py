"""The tasks' truths, against log density ratios written down anew, and their checks."""

import inspect

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.tasks import TASKS, check, make
from lmi.tasks.gaussian import _roll, split_mi_bits, student_correction_bits
from lmi.tasks.labels import label_mi_bits, label_table
from lmi.tasks.shapes import noisy_circle_mi_bits, shared_scale_mi_bits, x_mixture_mi_bits
from scipy import stats
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans

WITHOUT_FILE = sorted(n for n, f in TASKS.items() if "path" not in inspect.signature(f).parameters)
SMALL = {"n_samples": 60}


def gaussian_pointwise(x, y, correlation):
    """Return log2 p(x, y)/p(x)p(y) of standardised pairs, summed over the columns."""
    c = correlation
    quadratic = (2 * c * x * y - c**2 * (x**2 + y**2)) / (2 * (1 - c**2))
    return np.sum(quadratic - np.log(1 - c**2) / 2, axis=1) / np.log(2)


def assert_mean_is(values, truth):
    """The truth lies within four standard errors of the mean, and they are small."""
    error = values.std() / np.sqrt(len(values))
    assert error < 0.02
    assert abs(values.mean() - truth) < 4 * error


def assert_truth(drawn, values, tolerance=1e-3):
    """These are the pointwise values of the task; their mean is its truth."""
    assert_mean_is(values, drawn.truth_bits)
    # the samples are rounded to single precision
    assert np.quantile(np.abs(drawn.pointwise_bits - values), 0.99) < tolerance
    assert drawn.oracle_bits == pytest.approx(values.mean(), abs=tolerance)


@pytest.mark.parametrize("name", WITHOUT_FILE)
def test_every_task_draws_finite_aligned_samples(name):
    drawn = make(name, 3, **SMALL)
    for side in (drawn.x, drawn.y):
        assert side.dtype == np.float32 and side.ndim == 2 and len(side) == 60
        assert np.isfinite(side).all()
    assert drawn.truth_bits > 0


@pytest.mark.parametrize("name", WITHOUT_FILE)
def test_same_seed_same_samples(name):
    first, second, other = make(name, 1, **SMALL), make(name, 1, **SMALL), make(name, 2, **SMALL)
    assert np.array_equal(first.x, second.x) and np.array_equal(first.y, second.y)
    assert first.truth_bits == second.truth_bits == other.truth_bits
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize("name", WITHOUT_FILE)
def test_independent_pairs_x_with_the_y_of_another_draw(name):
    paired, apart = make(name, 1, **SMALL), make(name, 1, independent=True, **SMALL)
    assert apart.truth_bits == 0
    assert np.array_equal(paired.x, apart.x)
    assert not np.array_equal(paired.y, apart.y)


@pytest.mark.parametrize("name", WITHOUT_FILE)
def test_truth_is_the_mean_of_the_pointwise_values(name):
    drawn = make(name, 5, n_samples=300 if name == "labelled_digits" else 8000)
    assert drawn.pointwise_bits.shape == (len(drawn.x),)
    # every image of labelled_digits tells the same, and no error is left
    error = drawn.pointwise_bits.std() / np.sqrt(len(drawn.x))
    assert drawn.oracle_bits == pytest.approx(drawn.truth_bits, abs=4 * error + 1e-9)
    apart = make(name, 5, independent=True, **SMALL)
    assert not apart.pointwise_bits.any() and apart.oracle_bits == 0


def test_documented_example():
    drawn = make("projected_gaussian", 0)
    assert drawn.x.shape == drawn.y.shape == (10_000, 100)
    assert drawn.truth_bits == pytest.approx(0.4036774610288021, abs=1e-12)
    assert np.linalg.matrix_rank(drawn.x[:500], tol=1e-2) == 1
    correlation = abs(np.corrcoef(drawn.x[:, 0], drawn.y[:, 0])[0, 1])
    assert correlation == pytest.approx(3 / np.sqrt(21), abs=0.02)


def test_a_negative_covariance_turns_the_sign():
    up, down = (make("projected_gaussian", 0, covariance=c, ambient=1) for c in (2.0, -2.0))
    signs = [np.sign(np.corrcoef(t.x[:, 0], t.y[:, 0])[0, 1]) for t in (up, down)]
    assert signs[0] == -signs[1]


def test_grid_truth_and_layout():
    drawn = make("gaussian_grid", 0, n_samples=50_000, ambient=11, intrinsic=3, mi_bits=1.3)
    correlation = np.sqrt(1 - 2 ** (-2 * 1.3 / 3))
    values = gaussian_pointwise(
        drawn.x[:, :3] / np.sqrt(6), drawn.y[:, :3] / np.sqrt(3.5), correlation
    )
    assert_truth(drawn, values)
    assert drawn.truth_bits == 1.3
    assert drawn.x.var(axis=0) == pytest.approx([6] * 7 + [1] * 4, rel=0.05)
    assert drawn.y.var(axis=0) == pytest.approx([3.5] * 7 + [1] * 4, rel=0.05)
    assert len(np.unique(drawn.x[0])) == 7


@pytest.mark.parametrize("transform", ["half_cube", "asinh", "uniform_margins", "wiggly"])
def test_transforms_keep_the_ranks_of_the_latents(transform):
    drawn = make("transformed_gaussian", 4, transform=transform, n_samples=40_000, ambient=4,
                 intrinsic=1, mi_bits=0.7)  # fmt: skip
    scores = [stats.norm.ppf(stats.rankdata(s[:, 0]) / 40_001) for s in (drawn.x, drawn.y)]
    correlation = np.corrcoef(*scores)[0, 1]
    assert -np.log2(1 - correlation**2) / 2 == pytest.approx(drawn.truth_bits, abs=0.03)
    if transform == "uniform_margins":
        assert stats.kstest(drawn.x[:, 0], "uniform").pvalue > 1e-3


def test_transforms_start_from_the_grid_and_increase():
    params = {"n_samples": 3000, "ambient": 9, "intrinsic": 2}
    for transform in ("half_cube", "asinh", "uniform_margins", "wiggly"):
        drawn = make("transformed_gaussian", 0, transform=transform, **params)
        # copies of one latent stay copies, and features of x are never those of y
        assert len(np.unique(drawn.x[0])) == 2 + 3
        assert drawn.x.std() != drawn.y.std()
    from lmi.tasks.gaussian import WIGGLES_X, WIGGLES_Y

    for waves in (WIGGLES_X, WIGGLES_Y):
        assert sum(abs(a * b) for a, b, _ in waves) < 1


def test_multinormal_truths():
    dense = make("multinormal_dense", 0, n_samples=50_000, dims=3, correlation=0.4)
    covariance = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    both = stats.multivariate_normal(cov=covariance).logpdf(np.hstack([dense.x, dense.y]))
    part = stats.multivariate_normal(cov=covariance[:3, :3])
    assert_truth(dense, (both - part.logpdf(dense.x) - part.logpdf(dense.y)) / np.log(2))
    sparse = make("multinormal_sparse", 0, n_samples=50_000, dims=5, n_pairs=2, mi_bits=1.0)
    assert_truth(sparse, gaussian_pointwise(sparse.x[:, :2], sparse.y[:, :2], np.sqrt(0.5)))
    assert abs(np.corrcoef(sparse.x[:, 4], sparse.y[:, 4])[0, 1]) < 0.02


def test_split_mi_is_that_of_a_pair():
    assert split_mi_bits(np.array([[6, 3], [3, 3.5]]), 1) == pytest.approx(0.40367746)


@pytest.mark.parametrize("dof, correlation", [(1.0, 0.0), (3.0, 0.0), (5.0, 0.5)])
def test_student_truth(dof, correlation):
    drawn = make("student_t", 5, n_samples=50_000, dims=2, dof=dof, correlation=correlation)
    shape = np.full((4, 4), correlation) + (1 - correlation) * np.eye(4)
    both = stats.multivariate_t(shape=shape, df=dof).logpdf(np.hstack([drawn.x, drawn.y]))
    part = stats.multivariate_t(shape=shape[:2, :2], df=dof)
    assert_truth(drawn, (both - part.logpdf(drawn.x) - part.logpdf(drawn.y)) / np.log(2))


def test_student_scale_vanishes_with_many_degrees_of_freedom():
    assert student_correction_bits(1e6, 3, 3) == pytest.approx(0, abs=1e-4)


def test_weak_signal_hides_three_correlated_pairs():
    drawn = make("weak_signal", 0, n_samples=20_000, ambient=40)
    cross = np.abs(drawn.x.T @ drawn.y) / 20_000
    strong = np.argwhere(cross > 0.3)
    assert len(strong) == 3 and len(set(strong[:, 0])) == len(set(strong[:, 1])) == 3
    values = cross[strong[:, 0], strong[:, 1]]
    assert values == pytest.approx(np.sqrt(1 - 2**-0.8), abs=0.03)
    assert drawn.truth_bits == 1.2
    spectrum = np.linalg.eigvalsh(np.cov(drawn.x.T))
    assert spectrum.max() < 1.2


def test_curved_manifold_hides_nothing_of_the_latents():
    drawn = make("curved_manifold", 0, n_samples=50_000, ambient=12, latents=2, mi_bits=0.8)
    u, v = (np.sinh(side[:, :2]) / 3 for side in (drawn.x, drawn.y))
    assert_truth(drawn, gaussian_pointwise(u, v, np.sqrt(1 - 2**-0.8)))
    assert np.linalg.matrix_rank(drawn.x) == 12


def test_swiss_roll_angle_can_be_read_off():
    latent = np.random.default_rng(1).standard_normal((1000, 1))
    rolled = _roll(np.random.default_rng(2), latent, 7)
    assert np.linalg.matrix_rank(rolled, tol=1e-8) == 3
    twin = np.random.default_rng(2)
    height = twin.uniform(0, 1, 1000)
    frame = np.linalg.qr(twin.standard_normal((7, 3)))[0]
    flat = rolled @ frame
    assert flat[:, 2] == pytest.approx(height)
    turn = 21 * np.hypot(flat[:, 0], flat[:, 1])
    assert (turn / (1.5 * np.pi) - 1) / 2 == pytest.approx(stats.norm.cdf(latent[:, 0]))
    assert np.cos(turn) * turn / 21 == pytest.approx(flat[:, 0])


def test_noisy_circle_truth():
    drawn = make("noisy_circle", 1, n_samples=4000, exclusive=2)
    noise, angles = 0.25, np.linspace(0, 2 * np.pi, 4001)[:-1]
    # The same density by counting angles, in place of the arcs' end points
    inside = np.abs(np.cos(angles) - drawn.x[:, :1]) < noise
    share_x = inside.mean(axis=1)
    above = np.abs(np.sin(angles) - drawn.y[:, :1]) < noise
    share_y = above.mean(axis=1)
    both = (inside & above).mean(axis=1)
    # densities: both/(4 noise^2), share_x/(2 noise), share_y/(2 noise)
    assert_truth(drawn, np.log2(both / (share_x * share_y)), 0.03)
    assert drawn.x.shape == (4000, 3)
    assert noisy_circle_mi_bits(0.25, 2500) == pytest.approx(drawn.truth_bits, abs=1e-4)
    assert noisy_circle_mi_bits(0.05, 3000) == pytest.approx(noisy_circle_mi_bits(0.05), abs=1e-4)


def test_x_mixture_truth():
    drawn = make("x_mixture", 1, n_samples=50_000)
    parts = [
        gaussian_pointwise(drawn.x[:, :1].astype(float), drawn.y[:, :1].astype(float), c)
        for c in (0.9, -0.9)
    ]
    assert_truth(drawn, np.log2((2.0 ** parts[0] + 2.0 ** parts[1]) / 2))
    assert abs(np.corrcoef(drawn.x[:, 0], drawn.y[:, 0])[0, 1]) < 0.02
    assert x_mixture_mi_bits(0.0) == pytest.approx(0, abs=1e-12)


def test_exclusive_features_leave_the_truth_alone():
    for name in ("noisy_circle", "x_mixture"):
        assert make(name, 0, exclusive=9, **SMALL).truth_bits == make(name, 0, **SMALL).truth_bits


def test_scale_only_truth():
    dims, log_sd = 4, 0.6
    drawn = make("scale_only", 1, n_samples=4000, dims=dims, log_sd=log_sd)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    scales = np.exp(log_sd * nodes)

    def density(*sides):
        values = weights
        for side in sides:
            squares = np.sum(side.astype(float) ** 2, axis=1)[:, None]
            values = values * np.exp(-squares / (2 * scales**2)) / scales**dims
        return values.sum(axis=1)

    ratio = density(drawn.x, drawn.y) / (density(drawn.x) * density(drawn.y))
    assert_truth(drawn, np.log2(ratio))
    assert np.abs(np.corrcoef(drawn.x.T, drawn.y.T)[:dims, dims:]).max() < 0.15


@pytest.mark.parametrize("dims", [1, 10, 100])
def test_scale_only_quadrature_has_converged(dims):
    for log_sd in (0.05, 0.5, 2.0):
        coarse, fine = (shared_scale_mi_bits(dims, log_sd, n) for n in (1201, 1801))
        assert coarse == pytest.approx(fine, abs=1e-4)
    assert shared_scale_mi_bits(dims, 0.0) == 0


def test_label_truth():
    assert label_mi_bits(label_table(4, 0.0)) == pytest.approx(2)
    assert label_mi_bits(label_table(4, 1.0)) == pytest.approx(0, abs=1e-12)
    # two classes: a binary symmetric channel that flips half of the shuffled share
    flip = 0.15
    entropy = -flip * np.log2(flip) - (1 - flip) * np.log2(1 - flip)
    assert label_mi_bits(label_table(2, 0.3)) == pytest.approx(1 - entropy)


def test_clusters_are_separated_and_paired_as_planned():
    drawn = make("clusters", 0, n_samples=3000, ambient=20, classes=3, shuffled=0.3)
    fits = [KMeans(3, n_init=5, random_state=0).fit(side) for side in (drawn.x, drawn.y)]
    for fit in fits:
        gaps = pdist(fit.cluster_centers_)
        assert gaps == pytest.approx(10, abs=1)
    labels = [fit.labels_ for fit in fits]
    table = np.zeros((3, 3))
    np.add.at(table, tuple(labels), 1)
    assert label_mi_bits(table / 3000) == pytest.approx(drawn.truth_bits, abs=1e-3)


def digit_labels(samples):
    """Return the label and the index of each image, found by its pixels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    index = {image.astype(np.float32).tobytes(): k for k, image in enumerate(images)}
    found = np.array([index[sample.tobytes()] for sample in samples])
    return labels[found], found


@pytest.mark.parametrize("classes", [2, 4, 10])
def test_digits_are_paired_by_label_from_disjoint_images(classes):
    drawn = make("digits", 0, n_samples=1000, classes=classes, shuffled=0.3)
    (labels_x, index_x), (labels_y, index_y) = digit_labels(drawn.x), digit_labels(drawn.y)
    table = np.zeros((classes, classes))
    np.add.at(table, (labels_x, labels_y), 1)
    assert np.abs(table / 1000 - label_table(classes, 0.3)).max() <= 1 / 1000
    assert label_mi_bits(table / 1000) == pytest.approx(drawn.truth_bits, abs=0.01)
    assert not set(index_x) & set(index_y)
    assert len(set(zip(index_x, index_y, strict=True))) == 1000


def test_digits_default_is_the_documented_truth():
    assert make("digits", 0, n_samples=100).truth_bits == pytest.approx(1.65, abs=0.005)


def test_too_many_digit_pairs_are_told():
    with pytest.raises(InputError, match=r"n_samples.*at most"):
        make("digits", 0, n_samples=200_000)


def write_images(path, header, label_first, columns=784, top=255):
    draw = np.random.default_rng(0)
    pixels = draw.integers(10, top + 1, size=(80, columns))
    labels = np.arange(80)[:, None] % 2
    rows = np.hstack([labels, pixels] if label_first else [pixels, labels])
    names = ",".join(f"c{k}" for k in range(columns + 1))
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=names if header else "", comments="")
    return pixels, labels[:, 0]


@pytest.mark.parametrize("header, label_first", [(True, True), (False, True), (False, False)])
def test_mnist_file_layouts(tmp_path, header, label_first):
    path = tmp_path / "images.csv.gz"
    pixels, labels = write_images(path, header, label_first)
    drawn = make("mnist", 0, path=str(path), n_samples=40, shuffled=0.0)
    assert drawn.x.shape == drawn.y.shape == (40, 784)
    assert drawn.truth_bits == pytest.approx(1)
    index = {row.astype(np.float32).tobytes(): k for k, row in enumerate(pixels)}
    found = [np.array([index[row.tobytes()] for row in side]) for side in (drawn.x, drawn.y)]
    assert np.array_equal(labels[found[0]], labels[found[1]])


def test_mnist_bad_files(tmp_path):
    path = tmp_path / "images.csv"
    with pytest.raises(InputError, match="path of an existing file"):
        make("mnist", 0)
    with pytest.raises(InputError, match="path of an existing file"):
        check("mnist", path=str(path))
    write_images(path, True, True, columns=20)
    with pytest.raises(InputError, match="785 columns"):
        make("mnist", 0, path=str(path), n_samples=10)
    write_images(path, True, True, top=300)
    with pytest.raises(InputError, match="from 0 to 255"):
        make("mnist", 0, path=str(path), n_samples=10)
    path.write_text("label,pixel\n0,grey\n")
    with pytest.raises(InputError, match="expected a csv file of whole numbers"):
        make("mnist", 0, path=str(path), n_samples=10)
    write_images(path, True, True)
    with pytest.raises(InputError, match="labels 0 to 9"):
        make("mnist", 0, path=str(path), n_samples=10, classes=10)


def test_check_fills_in_defaults_and_accepts_whole_numbers_for_real_ones():
    complete = check("gaussian_grid", ambient=20, mi_bits=1)
    assert complete == {
        "n_samples": 2000,
        "ambient": 20,
        "intrinsic": 3,
        "mi_bits": 1.0,
        "independent": False,
    }
    assert isinstance(complete["mi_bits"], float)


@pytest.mark.parametrize(
    "name, params, message",
    [
        ("gausian_grid", {}, "did you mean 'gaussian_grid'"),
        ("zzz", {}, "not known; expected one of bmi, cell_states"),
        ("gaussian_grid", {"ambeint": 3}, "'ambeint'.*did you mean 'ambient'"),
        ("gaussian_grid", {"ambient": 3.5}, "whole number of at least 1, found 3.5"),
        ("gaussian_grid", {"ambient": True}, "found True"),
        ("gaussian_grid", {"ambient": "3"}, "found '3'"),
        ("gaussian_grid", {"n_samples": 1}, "at least 2, found 1"),
        ("gaussian_grid", {"mi_bits": float("nan")}, "a number from 0 to 20, found nan"),
        ("gaussian_grid", {"mi_bits": -1}, "found -1"),
        ("gaussian_grid", {"independent": 1}, "true or false, found 1"),
        ("gaussian_grid", {"intrinsic": 51}, r"at most ambient \(50\), found 51"),
        ("weak_signal", {"ambient": 2}, "informative.*at most ambient"),
        ("curved_manifold", {"ambient": 1}, "latents.*at most ambient"),
        ("clusters", {"ambient": 3}, "classes.*at most ambient"),
        ("multinormal_sparse", {"dims": 1}, "n_pairs.*at most dims"),
        ("transformed_gaussian", {"transform": "cube"}, "one of half_cube, asinh"),
        ("projected_gaussian", {"covariance": 4.6}, "found 4.6"),
        ("digits", {"classes": 11}, "from 2 to 10, found 11"),
    ],
)
def test_bad_parameters_are_told(name, params, message):
    with pytest.raises(InputError, match=message):
        make(name, 0, **params)


def test_every_task_documents_its_truth():
    for function in TASKS.values():
        assert "Truth:" in function.__doc__
