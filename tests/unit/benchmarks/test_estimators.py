"""The estimators of the benchmark against known values and slow twins."""

import lmi
import numpy as np
import pytest
import torch
from lmi import tasks
from lmi.benchmarks import estimators
from lmi.benchmarks.estimators import ESTIMATORS
from lmi.embedding import published as paper
from lmi.ksg import kernel as ksg


def test_every_estimator_says_how():
    for name, module in ESTIMATORS.items():
        assert module.TITLE, name
        assert hasattr(module, "estimate") != hasattr(module, "EMBED"), name
        assert getattr(module, "RUN", name) in ESTIMATORS


@pytest.mark.parametrize(
    "bits, n_pairs, dims", [(0.0, 1, 10), (1.0, 1, 1), (1.0, 2, 10), (2.0, 3, 20)]
)
def test_cca_is_exact_on_gaussians(bits, n_pairs, dims):
    made = tasks.make(
        "multinormal_sparse", 5, n_samples=6000, dims=dims, n_pairs=n_pairs, mi_bits=bits
    )
    found = estimators.run("cca", made.x, made.y, 0)["mi_bits"]
    assert found == pytest.approx(bits, abs=0.06)


def test_cca_survives_more_features_than_samples_and_copies():
    made = tasks.make("gaussian_grid", 5, n_samples=300, ambient=500, intrinsic=1, mi_bits=1.5)
    found = estimators.run("cca", made.x, made.y, 0)["mi_bits"]
    assert 0.7 < found < 1.7
    independent = tasks.make("gaussian_grid", 5, n_samples=300, ambient=500, independent=True)
    assert estimators.run("cca", independent.x, independent.y, 0)["mi_bits"] < 0.1


def test_sliced_is_the_mean_over_its_slices():
    made = tasks.make("multinormal_dense", 2, n_samples=300, dims=3)
    found = estimators.run("sliced", made.x, made.y, 7, n_slices=4)["mi_bits"]
    rng = np.random.default_rng(7)
    x, y = paper.standardise(made.x), paper.standardise(made.y)
    slow = []
    for _ in range(4):
        a, b = rng.standard_normal(3), rng.standard_normal(3)
        u = sum(x[:, i] * a[i] for i in range(3)) / np.sqrt((a**2).sum())
        v = sum(y[:, i] * b[i] for i in range(3)) / np.sqrt((b**2).sum())
        slow.append(ksg.mi(u[:, None], v[:, None]))
    assert found == pytest.approx(np.mean(slow), abs=1e-6)


def test_sliced_is_mutual_information_in_one_dimension():
    made = tasks.make("gaussian_grid", 2, n_samples=3000, ambient=1, intrinsic=1, mi_bits=1.0)
    assert estimators.run("sliced", made.x, made.y, 0, n_slices=2)["mi_bits"] == pytest.approx(
        1.0, abs=0.07
    )


def test_decode_reads_the_labels_of_digits():
    made = tasks.make("labelled_digits", 0, n_samples=300)
    assert made.truth_bits == 1
    found = estimators.run("decode", made.x, made.y, 0)
    assert found["mi_bits"] > 0.9
    assert found["detail"]["accuracy"] > 0.98


def test_decoder_tells_informative_features_from_noise():
    made = tasks.make("gaussian_grid", 0, n_samples=800, ambient=60, intrinsic=1, mi_bits=2.0)
    changes = {"max_epochs": 12, "learning_rate": 1e-3, "batch_size": 100}
    errors = estimators.run("decoder", made.x, made.y, 0, **changes)["detail"]["x"]
    assert len(errors) == 60
    n_informative = 60 - 59 // 2
    assert max(errors[:n_informative]) < min(errors[n_informative:]) - 0.1


# ---- the regularisers of the published method


def test_bounds_are_what_their_equations_say():
    rng = np.random.default_rng(0)
    paired, unpaired = rng.standard_normal((2, 7, 1))
    slow = paired.mean() - np.log(np.mean(np.exp(unpaired)))
    fast = paper.donsker_varadhan(torch.tensor(paired), torch.tensor(unpaired))
    assert float(fast) == pytest.approx(slow)
    scores = rng.standard_normal((5, 5))
    slow = np.mean([scores[i, i] - np.log(np.mean(np.exp(scores[i]))) for i in range(5)])
    assert float(paper.infonce(torch.tensor(scores))) == pytest.approx(slow)


def test_infonce_scores_all_pairs_of_a_batch():
    torch.manual_seed(0)
    critic = paper._critic(3, "infonce")
    zx, zy = torch.randn(2, 6, 3)
    slow = torch.stack([torch.cat([critic(torch.cat([a, b])) for b in zy]) for a in zx])
    fast = paper._bound(critic, zx, zy, "infonce", None)
    assert float(fast.detach()) == pytest.approx(float(paper.infonce(slow).detach()), abs=1e-5)


@pytest.mark.parametrize("name", ["paper", "paper_mine", "paper_infonce"])
def test_published_method_recovers_an_easy_gaussian(name):
    made = tasks.make("gaussian_grid", 1, n_samples=1200, ambient=50, intrinsic=1, mi_bits=1.0)
    settings = ESTIMATORS[name].EMBED["paper"]
    # fewer and longer steps than published, to be quick
    result = lmi.estimate(
        made.x, made.y, preset="paper", lr=1e-3, epochs=15, error_bars=False, n_permutations=0,
        batch_size=128, **settings,
    )  # fmt: skip
    assert result.mi_bits == pytest.approx(1.0, abs=0.2)


def test_few_features_are_repeated_as_published():
    x = np.arange(6.0).reshape(2, 3)
    assert paper.repeated(x, 50).shape == (2, 3 * 17)
    np.testing.assert_array_equal(paper.repeated(x, 4), np.hstack([x, x]))
    assert paper.repeated(x, 3) is x
