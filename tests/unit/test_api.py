"""`lmi.estimate` against analytic mutual information, and its contract."""

import json
import time

import lmi
import numpy as np
import pandas as pd
import pytest
import torch
from lmi import tasks
from lmi.base.errors import InputError
from lmi.estimation import estimate as estimation
from lmi.estimation import within
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits


def gaussian(rho, n, dims=1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dims))
    return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((n, dims))


@pytest.mark.parametrize("seed", range(5))
def test_documented_example(seed):
    task = tasks.make("projected_gaussian", seed)
    result = lmi.estimate(task.x, task.y, seed=seed, error_bars=False)
    assert abs(result.mi_bits - task.truth_bits) < 0.05


@pytest.mark.parametrize(
    ("name", "params", "tolerance"),
    [
        ("gaussian_grid", {"ambient": 50, "intrinsic": 9, "mi_bits": 2.0}, 0.15),
        ("gaussian_grid", {"ambient": 200, "intrinsic": 3, "mi_bits": 1.0}, 0.12),
        ("transformed_gaussian", {"transform": "half_cube", "ambient": 200}, 0.12),
        ("weak_signal", {"ambient": 500}, 0.2),
        ("curved_manifold", {"latents": 1}, 0.12),
        ("swiss_roll", {}, 0.12),
        ("clusters", {}, 0.12),
        ("scale_only", {}, 0.15),
    ],
)
def test_known_truth(name, params, tolerance):
    task = tasks.make(name, 1, **params)
    result = lmi.estimate(task.x, task.y, error_bars=False)
    assert abs(result.mi_bits - task.truth_bits) < tolerance


def test_eight_dimensions_without_the_bias_of_ksg():
    """KSG alone gives 1 of 2 bits here; the critic gives back what it loses."""
    rho = np.sqrt(1 - 2 ** (-2 * 2 / 8))
    result = lmi.estimate(*gaussian(rho, 2000, dims=8), error_bars=False)
    assert result.mi_ksg_bits < 1.4
    assert abs(result.mi_bits - 2) < 0.15


@pytest.mark.parametrize("margin", [lambda z: z, lambda z: z**3, np.exp])
def test_information_spread_thinly_over_many_dimensions(margin):
    """Every axis alone is lost in the noise: training samples show up to .5, where .2 is true."""
    x, y = (margin(side) for side in gaussian(0.2, 2000, dims=30, seed=3))
    truth = -0.5 * 30 * np.log2(1 - 0.2**2)
    result = lmi.estimate(x, y, n_permutations=99)
    assert abs(result.mi_bits - truth) < 0.12
    assert result.mi_ksg_bits < 0.2
    assert result.p_value < 0.02


@pytest.mark.parametrize("agree", [0.2, 0.5])
def test_many_classes_are_not_taken_for_gaussian(agree):
    """As correlations of indicators, a fifth of agreement would be three times the information."""
    rng = np.random.default_rng(1)
    n, classes = 2000, 50
    one = rng.integers(classes, size=n)
    other = np.where(rng.random(n) < agree, one, rng.integers(classes, size=n))
    same = agree + (1 - agree) / classes
    truth = same * np.log2(same * classes) + (1 - same) * np.log2(1 - agree)
    x, y = (np.eye(classes)[c] + 0.1 * rng.standard_normal((n, classes)) for c in (one, other))
    found = lmi.estimate(x, y, error_bars=False, n_permutations=0).mi_bits
    assert truth - 0.3 < found < truth + 0.1


def test_independent_pairs_average_to_zero():
    found = []
    for seed in range(12):
        task = tasks.make("gaussian_grid", seed, n_samples=800, independent=True)
        found.append(lmi.estimate(task.x, task.y, error_bars=False).mi_bits)
    assert abs(np.mean(found)) < 0.03
    assert np.max(found) < 0.2


def test_counts_with_many_equal_samples_carry_no_spurious_information():
    rng = np.random.default_rng(0)
    x, y = rng.poisson(0.2, (2, 1200, 5))
    result = lmi.estimate(x, y)
    assert abs(result.mi_bits) < 0.1
    assert result.flag == "warn"
    assert "duplicates" in result.reason


def test_unpacks_into_three_and_carries_the_numbers():
    x, y = gaussian(0.8, 500, dims=3)
    result = lmi.estimate(x, y, quiet=False)
    pmis, embedding, model = result
    assert pmis.shape == (500,)
    assert np.isclose(pmis.mean(), result.mi_bits)
    assert embedding[0].shape == embedding[1].shape == (500, model.zx.shape[-1])
    assert 0 < result.sd_bits < 0.3
    assert 0 < result.sd_ksg_bits < 0.3
    assert result.flag == "ok"


def test_same_seed_same_numbers_whatever_the_threads_and_the_global_state():
    x, y = gaussian(0.8, 400, dims=3)
    np.random.seed(1)
    torch.manual_seed(1)
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    first = lmi.estimate(x, y, seed=3)
    assert np.array_equal(before[0], np.random.get_state()[1])
    assert torch.equal(before[1], torch.random.get_rng_state())
    np.random.seed(2)
    second = lmi.estimate(x, y, seed=3, threads=2)
    assert np.array_equal(first.pmis, second.pmis)
    assert first.sd_bits == second.sd_bits
    assert not np.array_equal(first.pmis, lmi.estimate(x, y, seed=4).pmis)


def test_arrays_frames_and_tensors_give_the_same():
    x, y = gaussian(0.8, 300, dims=3)
    expected = lmi.estimate(x, y, error_bars=False).pmis
    frames = lmi.estimate(pd.DataFrame(x), pd.DataFrame(y), error_bars=False).pmis
    tensors = lmi.estimate(torch.tensor(x), torch.tensor(y), error_bars=False).pmis
    assert np.array_equal(expected, frames)
    assert np.array_equal(expected, tensors)


def test_scale_of_a_feature_does_not_matter():
    x, y = gaussian(0.8, 400, dims=3)
    scale = np.array([1e4, 1.0, 1e-4])
    a = lmi.estimate(x, y, error_bars=False).mi_bits
    b = lmi.estimate(x * scale, y, error_bars=False).mi_bits
    assert abs(a - b) < 0.02


def test_no_more_threads_than_asked_for(monkeypatch):
    found, original = [], estimation.estimate

    def spy(*args, **kwargs):
        found.extend(pool["num_threads"] for pool in threadpool_info())
        return original(*args, **kwargs)

    monkeypatch.setattr(estimation, "estimate", spy)
    x, y = gaussian(0.8, 100, dims=3)
    with threadpool_limits(2):
        lmi.estimate(x, y, n_permutations=0)
        assert set(found) == {1}
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}


def test_swapping_x_and_y_changes_little():
    x, y = gaussian(0.8, 600, dims=3)
    a = lmi.estimate(x, y, error_bars=False).mi_bits
    b = lmi.estimate(y, x, error_bars=False).mi_bits
    assert abs(a - b) < 0.05


def test_paper_preset_estimates_the_held_out_half():
    task = tasks.make("projected_gaussian", 0, n_samples=1000, ambient=20)
    result = lmi.estimate(task.x, task.y, preset="paper", epochs=15, lr=1e-3, seed=1)
    assert np.isfinite(result.pmis).sum() == 500
    assert result.mi_bits == pytest.approx(result.mi_ksg_bits)
    assert abs(result.mi_bits - task.truth_bits) < 0.25


def test_paper_preset_is_seeded_and_takes_the_documented_options():
    x, y = gaussian(0.8, 200, dims=3)
    options = {"preset": "paper", "epochs": 2, "N_dims": 2, "validation_split": 0.25}
    first = lmi.estimate(x, y, **options)
    assert np.isfinite(first.pmis).sum() == 50
    assert first.embedding[0].shape == (200, 2)
    assert np.array_equal(first.pmis, lmi.estimate(x, y, **options).pmis, equal_nan=True)
    other = lmi.estimate(x, y, **options, seed=1)
    assert not np.array_equal(first.pmis, other.pmis, equal_nan=True)


def test_networks_are_trained_on_request():
    task = tasks.make("curved_manifold", 0, n_samples=600)
    result = lmi.estimate(task.x, task.y, train="always", max_steps=150, error_bars=False)
    assert "network" in result.model.scores
    assert result.model.loss_validation.shape[0] == 2
    assert np.all(result.model.loss_train[:, -1] < result.model.loss_train[:, 0])


@pytest.mark.parametrize(
    ("x", "y", "options", "words"),
    [
        (np.zeros((100, 2)), np.ones((90, 2)), {}, "100 and 90"),
        (np.ones((100, 2)), np.random.rand(100, 2), {}, "constant"),
        (np.full((100, 2), np.nan), np.random.rand(100, 2), {}, "NaN"),
        (np.random.rand(10, 2), np.random.rand(10, 2), {}, "at least 50"),
        (np.random.rand(100, 2, 2), np.random.rand(100, 2), {}, "n_samples, n_features"),
        ([["a"]] * 100, np.random.rand(100, 2), {}, "numbers"),
        (np.random.rand(100, 2), np.random.rand(100, 2), {"preset": "best"}, "preset"),
        (np.random.rand(100, 2), np.random.rand(100, 2), {"train": "yes"}, "train"),
        (np.random.rand(100, 2), np.random.rand(100, 2), {"validation_split": 0.3}, "paper"),
        (np.random.rand(100, 2) * 1j, np.random.rand(100, 2), {}, "complex"),
        (np.random.rand(100, 2), np.random.rand(100, 2), {"strata": [0, 1]}, r"shape \(2,\)"),
    ],
)
def test_bad_input(x, y, options, words):
    with pytest.raises(InputError, match=words):
        lmi.estimate(x, y, **options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("k", 0),
        ("k", "3"),
        ("k", True),
        ("seed", -1),
        ("seed", 1.5),
        ("N_dims", 2.5),
        ("n_permutations", -1),
        ("threads", 0),
        ("max_steps", 0),
        ("batch_size", -3),
        ("lr", "fast"),
        ("lr", float("nan")),
        ("alpha", -1),
        ("validation_split", 1.0),
    ],
)
def test_an_option_out_of_range_is_named_with_what_was_found(option, value):
    x = np.random.default_rng(0).random((100, 2))
    with pytest.raises(InputError, match=f"{option}: expected.*found {value!r}"):
        lmi.estimate(x, x, **{"preset": "paper", option: value})


def test_sparse_matrices_are_what_they_hold():
    x, y = gaussian(0.8, 300, dims=3)
    x = np.maximum(x, 0)
    dense = lmi.estimate(x, y, error_bars=False).pmis
    assert np.array_equal(dense, lmi.estimate(csr_array(x), y, error_bars=False).pmis)


@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_values_whose_squares_leave_the_range_of_floats(scale):
    x, y = gaussian(0.8, 300, dims=3)
    expected = lmi.estimate(x, y, error_bars=False).mi_bits
    found = lmi.estimate(x * scale, y, error_bars=False).mi_bits
    assert found == pytest.approx(expected, abs=1e-3)


def test_many_small_strata_are_passed_over_within_a_second():
    n = 10_000
    samples = estimation.Samples(strata=np.arange(n) // 2, strata_names=list(range(n // 2)))
    start = time.process_time()
    mean, sd, texts = within.within_strata(
        None, [np.arange(0, n, 2), np.arange(1, n, 2)], samples, 3, 1
    )
    assert time.process_time() - start < 1
    assert np.isnan([mean, sd]).all() and texts == ""


def test_a_column_on_both_sides_is_told():
    rng = np.random.default_rng(21)
    x, y = rng.standard_normal((2, 400, 4))
    y[:, 2] = x[:, 1]
    found = lmi.estimate(x, y, train="never", n_permutations=0)
    assert found.flag == "fail"
    assert "column 1 of Xs = column 2 of Ys" in found.reason or "column 1 of Xs" in found.reason


def test_a_result_shows_its_numbers_in_notebooks_and_as_a_dict():
    result = lmi.estimate(*gaussian(0.8, 200), error_bars=False, n_permutations=0)
    numbers = result.to_dict()
    assert numbers["mi_bits"] == result.mi_bits
    assert all(type(value) in (float, int, bool, str) for value in numbers.values())
    html = result._repr_html_()
    assert f"{result.mi_bits:.4g}" in html and "<th>flag</th>" in html
    assert "sd_bits" not in html and "nan" not in html + repr(result).lower()


def test_answers_say_in_one_line_what_was_asked_and_what_is_wrong():
    x, y = gaussian(0.8, 150, dims=2)
    fast = {"error_bars": False, "n_permutations": 0}
    result = lmi.estimate(x, y, given=x[:, :1], **fast)
    assert f"cmi_bits={result.cmi_bits:.4f}" in repr(result)
    assert result.flag == "warn" and repr(result).endswith(f"flag=warn: {result.reason}>")
    x, y = gaussian(0.8, 320, dims=2)
    group = np.repeat(["<a>", "b"], 160)
    for answer in (
        lmi.compare(x, y, group, n_permutations=0),
        lmi.transfer(x, y, n_permutations=0),
    ):
        html = answer._repr_html_()
        assert "<th>flag</th>" in html and "nan" not in html and "<a>" not in html
        assert "\n" not in repr(answer)
        json.dumps(answer.to_dict())


def test_polars_frames_are_read_with_their_names_or_refused_in_a_sentence():
    polars = pytest.importorskip("polars")
    x, y = gaussian(0.8, 200, dims=3)
    fast = {"error_bars": False, "n_permutations": 0}
    frame = polars.DataFrame(x, schema=["a", "b", "c"])
    result = lmi.estimate(frame, polars.DataFrame(y), **fast)
    assert np.array_equal(result.pmis, lmi.estimate(x, y, **fast).pmis)
    assert list(result.model.loadings().index) == ["a", "b", "c"]
    for odd in (frame.lazy(), frame.with_columns(polars.lit("text").alias("t"))):
        with pytest.raises(InputError, match="Xs: expected an array of numbers, found"):
            lmi.estimate(odd, y, **fast)
