"""KSG: analytic truth, an O(n^2) twin, scikit-learn, invariances, bad input."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.ksg import kernel as ksg
from lmi.ksg import permuted, points
from scipy.special import digamma

from benchmarks import ksg as bench_ksg


@pytest.fixture(params=["compiled", "fallback"])
def kernel(request, monkeypatch):
    """Every test of a result runs on both implementations, where there is a compiled one."""
    if request.param == "fallback":
        monkeypatch.setattr(points, "_kernel", None)


def distances(points):
    return np.abs(points[:, None] - points[None]).max(axis=2)


def slow_neighbours(x, y, k):
    """All pairwise distances, sorted."""
    dx, dy = distances(x), distances(y)
    joint = np.maximum(dx, dy)
    for d in (dx, dy, joint):
        np.fill_diagonal(d, np.inf)
    radius = np.sort(joint, axis=1)[:, k - 1]
    return radius, (dx < radius[:, None]).sum(axis=1), (dy < radius[:, None]).sum(axis=1)


def slow_pointwise(x, y, k):
    _, n_x, n_y = slow_neighbours(x, y, k)
    n = len(x)
    return (digamma(k) + digamma(n) - digamma(n_x + 1) - digamma(n_y + 1)) / math.log(2)


def gaussian(rho, n, seed, d=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = rng.normal(size=(n, d))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def normal(rng, n, d):
    return rng.normal(size=(n, d))


def grid(rng, n, d):
    return rng.integers(0, 4, size=(n, d)).astype(float)


def heavy(rng, n, d):
    return rng.standard_t(0.7, size=(n, d))


def offset(rng, n, d):
    return 1e9 + rng.normal(size=(n, d))


def half_constant(rng, n, d):
    points = rng.normal(size=(n, d))
    points[: n // 2] = points[0]
    return points


def tenths(rng, n, d):
    return rng.integers(0, 50, size=(n, d)) * 0.1


def decaying(rng, n, d):
    return rng.normal(size=(n, d)) * np.where(np.arange(d) < 2, 1, 0.05)


def some_narrow(rng, n, d):
    return rng.normal(size=(n, d)) * np.where(np.arange(d) % 3 == 1, 1, 1e-3)


KINDS = [normal, grid, heavy, offset, half_constant, tenths, decaying, some_narrow]


# bias: what KSG itself is off by at most at this n; sd: of one estimate (both over 200 samples)
@pytest.mark.parametrize(
    ("rho", "n", "k", "bias", "sd"),
    [
        (0.0, 4000, 3, 0.005, 0.020),
        (0.3, 4000, 3, 0.005, 0.020),
        (0.6, 4000, 3, 0.005, 0.023),
        (0.9, 4000, 3, 0.011, 0.028),
        (-0.9, 4000, 1, 0.006, 0.039),
        (0.9, 4000, 10, 0.020, 0.023),
        (0.99, 4000, 3, 0.022, 0.027),
        (0.9, 500, 3, 0.026, 0.072),
    ],
)
def test_gaussian_truth(kernel, rho, n, k, bias, sd):
    truth = -0.5 * math.log2(1 - rho**2)
    found = np.mean([ksg.mi(*gaussian(rho, n, seed), k) for seed in range(12)])
    assert found == pytest.approx(truth, abs=bias + 4 * sd / math.sqrt(12))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n", "dx", "dy", "k"),
    [(2, 1, 1, 1), (5, 2, 1, 4), (33, 1, 1, 3), (200, 1, 7, 1), (600, 2, 2, 3), (700, 9, 8, 5)],
)
def test_slow_twin(kernel, kind, n, dx, dy, k):
    rng = np.random.default_rng(n + dx)
    x, y = kind(rng, n, dx), kind(rng, n, dy)
    for found, expected in zip(ksg.neighbours(x, y, k), slow_neighbours(x, y, k), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(
        ksg.pointwise_mi(x, y, k), slow_pointwise(x, y, k), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [1, 3, 8])
def test_one_search_serves_several_k(kernel, kind, d):
    rng = np.random.default_rng(d)
    x, y = kind(rng, 300, d), kind(rng, 300, d)
    ks = [12, 1, 299, 3, 12]
    for k, found in zip(ks, ksg.neighbours_each(x, y, ks), strict=True):
        for value, expected in zip(found, slow_neighbours(x, y, k), strict=True):
            np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e-6, 1e6, 1e30, 1e200])
def test_any_magnitude(kernel, scale):
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(300, 3)), rng.normal(size=(300, 3))
    expected = slow_neighbours(scale * x, scale * y, 3)
    for found, value in zip(ksg.neighbours(scale * x, scale * y, 3), expected, strict=True):
        np.testing.assert_array_equal(found, value)
    np.testing.assert_allclose(
        ksg.pointwise_mi(scale * x, scale * y), ksg.pointwise_mi(x, y), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("precision", [1, 2])
def test_every_variant_of_the_kernel(level, precision, monkeypatch):
    """Instruction sets (as far as the processor has them) and precisions agree bit for bit."""
    if not points.compiled():
        return
    rng = np.random.default_rng(2)
    before = points._kernel.lmi_simd(2)
    permutations = np.stack([rng.permutation(250) for _ in range(12)])
    monkeypatch.setattr(permuted, "_walk_pays", lambda *_: True)
    monkeypatch.setattr(permuted, "DENSE_SAMPLES", 0)
    construct = points.Points.__init__
    monkeypatch.setattr(
        points.Points,
        "__init__",
        lambda self, points, flat=True: construct(self, points, flat, precision),
    )
    try:
        assert points._kernel.lmi_simd(level) == min(level, before)
        for kind in KINDS:
            x, y = kind(rng, 250, 3), kind(rng, 250, 5)
            expected = slow_neighbours(x, y, 3)
            for found, value in zip(ksg.neighbours(x, y), expected, strict=True):
                np.testing.assert_array_equal(found, value)
            np.testing.assert_allclose(
                permuted.null(x, y, permutations),
                [slow_pointwise(x, y[p], 3).mean() for p in permutations],
                rtol=0,
                atol=1e-9,
            )
    finally:
        points._kernel.lmi_simd(2)


@pytest.mark.parametrize(("case", "n"), [("1+1", 6000), ("8+8", 3000), ("16+16 weighted", 4000)])
def test_scikit_learn_agrees(case, n):
    make, d = bench_ksg.CASES[case]
    x, y = make(np.random.default_rng(4), n, d)
    assert ksg.mi(x, y) == pytest.approx(bench_ksg.scikit_learn_mi(x, y), abs=1e-9)


@pytest.mark.parametrize(("n", "d"), [(5000, 1), (3000, 3), (1500, 8)])
def test_fallback_is_identical(n, d, monkeypatch):
    x, y = gaussian(0.8, n, seed=5, d=d)
    results = []
    for fallback in (False, True):
        if fallback:
            monkeypatch.setattr(points, "_kernel", None)
        radius, n_x, n_y = ksg.neighbours(x, y, 4)
        results.append((radius, n_x, n_y, *ksg.marginal_neighbours(x, radius, 5, seed=9)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_invariances(kernel):
    x, y = gaussian(0.7, 900, seed=6, d=3)
    expected = ksg.pointwise_mi(x, y)
    np.testing.assert_allclose(ksg.pointwise_mi(y, x), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(ksg.pointwise_mi(x[:, ::-1], y), expected)
    np.testing.assert_array_equal(ksg.pointwise_mi(-x, y[:, [1, 2, 0]]), expected)
    for factor in (1e-6, 1e6):
        np.testing.assert_allclose(
            ksg.pointwise_mi(factor * x, factor * y), expected, rtol=0, atol=1e-6
        )
    order = np.random.default_rng(0).permutation(900)
    np.testing.assert_array_equal(ksg.pointwise_mi(x[order], y[order]), expected[order])
    np.testing.assert_array_equal(
        ksg.pointwise_mi(np.hstack([x, 0 * x]), np.hstack([y, y])), expected
    )


def test_shapes_types_and_layouts(kernel):
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 100, 200), rng.integers(0, 100, 200)
    expected = ksg.pointwise_mi(x.astype(float)[:, None], y.astype(float)[:, None])
    assert expected.shape == (200,) and expected.dtype == np.float64
    np.testing.assert_array_equal(ksg.pointwise_mi(x, y), expected)
    np.testing.assert_array_equal(ksg.pointwise_mi(x.astype(np.float32), list(y)), expected)
    wide = rng.normal(size=(200, 6))
    np.testing.assert_array_equal(
        ksg.pointwise_mi(np.asfortranarray(wide)[:, ::2], x),
        ksg.pointwise_mi(wide[:, ::2].copy(), x),
    )
    assert ksg.mi(x, y) == expected.mean()


def test_ceiling_and_duplicates(kernel):
    line = np.arange(50.0)
    ceiling = (digamma(50) - digamma(3)) / math.log(2)
    assert ksg.pointwise_mi(line, line).max() <= ceiling + 1e-12
    radius, n_x, n_y = ksg.neighbours(np.zeros(20), np.zeros((20, 2)))
    assert not radius.any() and not n_x.any() and not n_y.any()
    value = (digamma(3) + digamma(20) - 2 * digamma(1)) / math.log(2)
    np.testing.assert_allclose(ksg.pointwise_mi(np.zeros(20), np.zeros(20)), value, atol=1e-12)


@pytest.mark.parametrize("d", [1, 8])
def test_threads_change_nothing(kernel, d):
    x, y = gaussian(0.5, 1200, seed=3, d=d)
    permutations = np.stack([np.random.default_rng(b).permutation(1200) for b in range(9)])
    radius, _, _ = ksg.neighbours(x, y)
    for call in (
        lambda threads: ksg.neighbours(x, y, 3, threads),
        lambda threads: ksg.marginal_neighbours(x, radius, 10, 1, threads),
        lambda threads: [permuted.null(x, y, permutations, 3, threads)],
    ):
        for one, many in zip(call(1), call(5), strict=True):
            np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_perm", [1, 3, 25])
def test_null_equals_a_loop(kernel, kind, n_perm, monkeypatch):
    rng = np.random.default_rng(n_perm)
    monkeypatch.setattr(permuted, "BATCH_BYTES", 8 * 300 * 10)  # several batches
    x, y = kind(rng, 300, 9), 3 * kind(rng, 300, 2)
    permutations = np.stack([rng.permutation(300) for _ in range(n_perm)])
    permutations[-1] = np.roll(np.arange(300), 7)
    expected = [ksg.mi(x, y[p], 4) for p in permutations]
    np.testing.assert_allclose(permuted.null(x, y, permutations, 4), expected, rtol=0, atol=1e-9)
    monkeypatch.setattr(permuted, "DENSE_SAMPLES", 0)
    for pays in (True, False):
        monkeypatch.setattr(permuted, "_walk_pays", lambda *_, pays=pays: pays)
        np.testing.assert_allclose(
            permuted.null(x, y, permutations, 4), expected, rtol=0, atol=1e-9
        )


@pytest.mark.parametrize("tables", [True, False])
@pytest.mark.parametrize(("scale", "k"), [(1e-3, 3), (1e3, 3), (1, 299), (1, 40), (1e40, 2)])
def test_null_of_unbalanced_sides(scale, k, tables, monkeypatch):
    rng = np.random.default_rng(12)
    if not tables:
        monkeypatch.setattr(permuted, "DENSE_SAMPLES", 0)
    monkeypatch.setattr(permuted, "_walk_pays", lambda *_: True)
    x, y = rng.normal(size=(300, 4)), scale * heavy(rng, 300, 3)
    permutations = np.stack([rng.permutation(300) for _ in range(10)])
    expected = [slow_pointwise(x, y[p], k).mean() for p in permutations]
    np.testing.assert_allclose(permuted.null(x, y, permutations, k), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", [13, 64, 257, 1000])
def test_distances_that_differ_beyond_single_precision_are_told_apart(n):
    rng = np.random.default_rng(n)
    x, y = 1e4 + 1e-5 * rng.normal(size=(n, 2)), np.round(rng.normal(size=(n, 3)), 1)
    permutations = np.stack([rng.permutation(n) for _ in range(9)])
    expected = [ksg.mi(x, y[p], 3) for p in permutations]
    np.testing.assert_allclose(permuted.null(x, y, permutations), expected, rtol=0, atol=1e-12)


def test_pairings_do_not_depend_on_those_asked_for_before(kernel):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 200, 4))
    permutations = np.stack([rng.permutation(200) for _ in range(40)])
    pairings = permuted.Pairings(x, y, 3)
    parts = [pairings.bits(permutations[rows]) for rows in (slice(10), slice(10, 40))]
    np.testing.assert_array_equal(np.concatenate(parts), permuted.null(x, y, permutations))


def test_the_null_does_not_depend_on_how_permutations_lie_in_memory(kernel):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 200, 4))
    permutations = np.stack([rng.permutation(200) for _ in range(10)])
    found = [permuted.null(x, y, order(permutations)) for order in (np.array, np.asfortranarray)]
    np.testing.assert_array_equal(*found)


def test_tables_that_memory_does_not_hold_are_refused(monkeypatch):
    if not points.compiled():
        pytest.skip("there is no compiled kernel")
    beyond = 2**50  # rows: no more than asked for, since nothing is written
    assert points.library().lmi_gaps(GOOD.ctypes.data, beyond, 1, GOOD.ctypes.data) == 1
    monkeypatch.setattr(points.library(), "lmi_gaps", lambda *_: 1)
    permutations = np.stack([np.roll(np.arange(20), shift) for shift in range(10)])
    with pytest.raises(MemoryError, match="no memory for neighbours of 20 points"):
        permuted.null(GOOD, GOOD, permutations)


def test_null_of_no_permutations(kernel):
    x, y = gaussian(0.5, 50, seed=0)
    assert permuted.null(x, y, np.empty((0, 50), int)).shape == (0,)


@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("m", [1, 6, 64])
def test_marginal_neighbours_are_those_within_the_radius(kernel, d, m):
    rng = np.random.default_rng(d)
    x = rng.normal(size=(400, d))
    radius = rng.uniform(0, 0.4, 400)
    radius[:10], radius[10] = 0, np.inf
    d_x = distances(x)
    radius[11] = d_x[11, 12]  # strict: 12 is not within
    indices, count = ksg.marginal_neighbours(x, radius, m, seed=4)
    assert indices.shape == (400, m) and indices.dtype == np.int32
    for i, row in enumerate(indices):
        expected = set(np.flatnonzero(d_x[i] < radius[i])) | {i}
        distinct = row[: min(m, count[i])]
        assert count[i] == len(expected)
        assert len(set(distinct)) == len(distinct) and set(distinct) <= expected
        np.testing.assert_array_equal(row, np.resize(distinct, m))
    again, _ = ksg.marginal_neighbours(x, radius, m, seed=4)
    np.testing.assert_array_equal(again, indices)


@pytest.mark.parametrize("kind", [normal, grid, some_narrow])
@pytest.mark.parametrize("m", [1, 6, 64, 500])
def test_both_kernels_draw_the_same_sample(kind, m, monkeypatch):
    if not points.compiled():
        pytest.skip("there is no compiled kernel to compare with")
    x = kind(np.random.default_rng(m), 900, 3)
    radius = np.sort(distances(x), axis=1)[np.arange(900), np.arange(900)]  # 0 to all of them
    compiled = ksg.marginal_neighbours(x, radius, m, seed=2)
    monkeypatch.setattr(points, "_kernel", None)
    for one, other in zip(compiled, ksg.marginal_neighbours(x, radius, m, seed=2), strict=True):
        np.testing.assert_array_equal(one, other)


def test_marginal_neighbours_are_a_uniform_sample():
    x = np.linspace(0, 1, 60)
    chosen = [ksg.marginal_neighbours(x, np.full(60, 2.0), 6, seed)[0] for seed in range(200)]
    hits = np.bincount(np.ravel(chosen), minlength=60)  # 1,200 expected
    assert abs(hits - 1200).max() < 6 * math.sqrt(1200)
    first = np.bincount(np.array(chosen)[:, :, 0].ravel(), minlength=60)  # 200 expected
    assert abs(first - 200).max() < 6 * math.sqrt(200)
    own = np.mean([(c == np.arange(60)[:, None]).any(axis=1) for c in chosen])
    assert own == pytest.approx(0.1, abs=0.02)


def test_large_sample_in_low_dimension():
    x, y = gaussian(0.6, 200_000, seed=1)
    assert ksg.mi(x, y) == pytest.approx(-0.5 * math.log2(1 - 0.36), abs=0.01)


def test_a_library_that_cannot_be_loaded(monkeypatch, tmp_path):
    suffix = points.importlib.machinery.EXTENSION_SUFFIXES[0]
    monkeypatch.setattr(points, "__file__", str(tmp_path / "points.py"))
    assert points._load() is None
    (tmp_path / f"_ksg{suffix}").write_bytes(b"not a library")
    with pytest.warns(RuntimeWarning, match="cannot be used"):
        assert points._load() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the format of Linux is read")
def test_a_truncated_library_is_left_alone_wherever_it_ends(monkeypatch, tmp_path):
    if not points.compiled():
        pytest.skip("there is no compiled kernel")
    whole = Path(points._kernel._name)
    content, copy = whole.read_bytes(), tmp_path / whole.name
    monkeypatch.setattr(points, "__file__", str(tmp_path / "points.py"))
    ends = [0, 3, 6, 63, 64, 100, *range(200, len(content), len(content) // 40), len(content) - 1]
    for end in ends:
        copy.write_bytes(content[:end])
        with pytest.warns(RuntimeWarning, match="cannot be used .*truncated"):
            assert points._load() is None
    copy.write_bytes(content)
    assert points._load() is not None


def test_benchmark_runs(tmp_path, capsys):
    table = tmp_path / "table.tsv"
    bench_ksg.main(["--cases", "1+1", "--sizes", "300", "--budget", "0.01", "--out", str(table)])
    assert "sklearn_seconds" in capsys.readouterr().out
    header, row = table.read_text().splitlines()
    assert header.split("\t")[:2] == ["case", "n"] and row.startswith("1+1\t300\t")


GOOD = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    ("x", "k", "message"),
    [
        (GOOD[:19], 3, "same number of samples"),
        (np.where(GOOD[4, 1] == GOOD, np.nan, GOOD), 3, "row 4"),
        (np.where(GOOD[4, 1] == GOOD, np.inf, GOOD), 3, "finite"),
        (GOOD.astype(complex), 3, "real numbers"),
        (GOOD.astype(str), 3, "real numbers"),
        (GOOD[:, :0], 3, "real numbers"),
        (GOOD[..., None], 3, "real numbers"),
        (GOOD, 20, "k: expected"),
        (GOOD, 0, "k: expected"),
        (GOOD, 2.0, "k: expected"),
        (GOOD, True, "k: expected"),
    ],
)
def test_bad_input(x, k, message):
    with pytest.raises(InputError, match=message):
        ksg.pointwise_mi(x, GOOD, k)
    if k == 3 and len(x) == 20:
        with pytest.raises(InputError, match=message.replace("x", "y")):
            ksg.pointwise_mi(GOOD, x, k)


def test_bad_threads():
    with pytest.raises(InputError, match="threads: expected"):
        ksg.mi(GOOD, GOOD, threads=0)
    with pytest.raises(InputError, match="threads: expected"):
        permuted.Pairings(GOOD, GOOD, threads=0)


@pytest.mark.parametrize(
    "permutations",
    [
        np.arange(20),
        np.arange(19)[None],
        np.zeros((1, 20), int),
        np.arange(20)[None] + 1,
        np.arange(20.0)[None],
        np.arange(20)[None] - 1,
    ],
)
def test_bad_permutations(permutations):
    with pytest.raises(InputError, match="permutations: expected"):
        permuted.null(GOOD, GOOD, permutations)


@pytest.mark.parametrize("radius", [np.ones(19), np.full(20, np.nan), np.full(20, -1.0)])
def test_bad_radius(radius):
    with pytest.raises(InputError, match="radius: expected"):
        ksg.marginal_neighbours(GOOD, radius, 3)
    some = np.r_[np.ones(18), -0.5, np.nan]
    with pytest.raises(InputError, match=r"found shape \(20,\) with 2 negative or NaN"):
        ksg.marginal_neighbours(GOOD, some, 3)


@pytest.mark.parametrize(("m", "seed"), [(0, 0), (2.5, 0), (3, -1), (3, 2**64)])
def test_bad_sample_settings(m, seed):
    with pytest.raises(InputError, match=r"(m|seed): expected"):
        ksg.marginal_neighbours(GOOD, np.ones(20), m, seed)
