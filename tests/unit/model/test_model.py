"""Encoders that are used again: the samples of the run, new ones, and files."""

import lmi
import numpy as np
import pandas as pd
import pytest
import torch
from lmi import tasks
from lmi.base.errors import InputError
from lmi.embedding import candidates, whole
from lmi.model import build


def curve(n, seed=0):
    """Return two narrow variables that share a ring, and wide ones that share three axes."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.standard_normal((n, 2))
    return ring, np.stack([np.cos(3 * angle), rng.standard_normal(n)], axis=1)


def linear(n, dims=3, width=40, seed=0, rho=0.8):
    mix = np.random.default_rng(99).standard_normal((2, dims, width))
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((n, dims))
    other = rho * hidden + np.sqrt(1 - rho**2) * rng.standard_normal((n, dims))
    noise = 0.1 * rng.standard_normal((2, n, width))
    return hidden @ mix[0] + noise[0], other @ mix[1] + noise[1]


FAST = {"error_bars": False, "n_permutations": 0}
SPARSE = tasks.make("weak_signal", 0, ambient=200, n_samples=600)
CIRCLE = tasks.make("noisy_circle", 7, exclusive=9)
CLAYTON = tasks.make("copula_pairs", 0, ambient=20, n_samples=1000)
CASES = {
    "linear": (linear(500), {"train": "never"}),
    "linear, wide": (linear(300, width=700), {"train": "never"}),
    "linear, large": (linear(700, width=400), {"train": "never"}),
    "ranked": ([np.sinh(2 * side) for side in linear(500)], {"train": "never"}),
    "fourier": (curve(600), {"train": "never"}),
    "network": (curve(600), {"train": "always", "max_steps": 60}),
    "screened": ((SPARSE.x, SPARSE.y), {"train": "never"}),
    "sure": ((CIRCLE.x, CIRCLE.y), {"train": "never"}),
    "separated_ranked": ((CLAYTON.x, CLAYTON.y), {"train": "never"}),
    "paper": (linear(300), {"preset": "paper", "epochs": 3}),
}
"""By the candidate that wins, by its merits or because the tests say so: each is to be applied."""


def estimated(case):
    (x, y), options = CASES[case]
    kind = case.partition(",")[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_best", lambda *arguments: kind)
        patch.setattr(whole, "sides", lambda *arguments, **options: {})
        result = lmi.estimate(x, y, seed=3, **FAST, **options)
    assert set(result.model.candidate) == {kind}
    return x, y, result


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    return estimated(request.param)


def test_the_encoders_as_arrays_give_the_coordinates_of_the_run(fitted):
    x, y, result = fitted
    model = result.model
    for side, given, z in ((0, x, model.zx), (1, y, model.zy)):
        for t, coordinates in enumerate(model._encoded(side, given)):
            np.testing.assert_allclose(coordinates, z[t], atol=build.TOLERANCE)
            assert np.median(np.abs(coordinates - z[t])) < 1e-4


def test_samples_of_the_run_have_the_numbers_of_the_run(fitted):
    x, y, result = fitted
    np.testing.assert_array_equal(result.model.transform(x), result.embedding[0])
    np.testing.assert_array_equal(result.model.transform(y, side="y"), result.embedding[1])
    np.testing.assert_array_equal(result.model.pointwise(x, y), result.pmis)
    some = [7, 3, 200]
    np.testing.assert_array_equal(result.model.transform(x[some]), result.embedding[0][some])
    np.testing.assert_array_equal(result.model.pointwise(x[some], y[some]), result.pmis[some])


def test_a_saved_model_gives_the_same(fitted, tmp_path):
    x, y, result = fitted
    result.model.save(tmp_path / "model.h5")
    model = lmi.load_model(tmp_path / "model.h5")
    new = x[:5] + 0.01, y[:5] - 0.01
    assert repr(model) == repr(result.model)
    np.testing.assert_array_equal(model.transform(x), result.embedding[0])
    np.testing.assert_allclose(model.transform(new[0]), result.model.transform(new[0]), atol=1e-6)
    np.testing.assert_allclose(model.pointwise(*new), result.model.pointwise(*new), atol=1e-6)
    pd.testing.assert_frame_equal(model.loadings(), result.model.loadings())


def test_new_samples_have_the_information_that_they_should():
    rho = 0.8
    x, y = linear(2000, rho=rho)
    result = lmi.estimate(x[:1000], y[:1000], **FAST)
    bits = result.model.pointwise(x[1000:], y[1000:])
    assert np.isfinite(bits).all()
    assert bits.mean() == pytest.approx(result.mi_bits, abs=0.15)
    strangers = result.model.pointwise(x[1000:], y[:-1001:-1])
    assert strangers.mean() < -1
    # each sample for itself: its company does not matter
    np.testing.assert_array_equal(bits[:9], result.model.pointwise(x[1000:1009], y[1000:1009]))


@pytest.mark.parametrize("case", ["fourier", "network"])
def test_nonlinear_encoders_hold_for_new_samples(case):
    _, _, result = estimated(case)
    new = curve(600, seed=1)
    assert result.model.pointwise(*new).mean() == pytest.approx(result.mi_bits, abs=0.35)


def test_held_out_samples_and_new_ones_are_estimated_alike(fitted):
    """What a new sample gets is what a held-out one gets, but for one sample more."""
    x, y, result = fitted
    model = result.model
    # a shift too small to matter, and enough not to be known
    near = model.pointwise(x * (1 + 1e-3), y)
    good = np.isfinite(result.pmis)
    assert np.corrcoef(near[good], result.pmis[good])[0, 1] > 0.6


def test_a_model_prints_in_one_line_and_holds_a_network_where_one_won():
    x, _, result = estimated("network")
    model = result.model
    assert repr(model).startswith("<lmi.Model ") and "\n" not in repr(model)
    linear_model = lmi.estimate(*CASES["linear"][0], **FAST, train="never").model
    assert linear_model.network is None
    module = model.network
    assert isinstance(module, torch.nn.Module)
    own = model.encoders
    encoder = own.pairs[1][0]
    scores = (own.inputs[0].zscores(x) - encoder.arrays["centre"]) @ encoder.arrays["components"]
    with torch.no_grad():
        hidden = module["x1"](torch.as_tensor(scores, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(hidden, encoder.hidden(own.inputs[0], x), atol=1e-4)


def test_features_are_found_by_name_and_loadings_have_their_names():
    x, y = linear(300, dims=1, width=4)
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"]).assign(flat=1.0)
    result = lmi.estimate(frame, y, **FAST)
    turned = (
        frame[["d", "extra", "flat", "a", "c", "b"]] if "extra" in frame else frame.iloc[:, ::-1]
    )
    np.testing.assert_array_equal(result.model.transform(turned), result.embedding[0])
    loadings = result.model.loadings()
    assert list(loadings.index) == ["a", "b", "c", "d"]
    assert loadings["axis0"].abs().max() > 0.9
    assert list(result.model.loadings("y").index) == ["y0", "y1", "y2", "y3"]
    with pytest.raises(InputError, match="found 1 of 4 missing: c"):
        result.model.transform(frame.drop(columns="c"))
    with pytest.raises(InputError, match="expected 5 features in the order of x, found 4"):
        result.model.transform(x)
    with pytest.raises(InputError, match="side: expected x or y"):
        result.model.transform(frame, side="z")


def test_a_candidate_that_cannot_be_applied_is_refused_and_not_guessed(monkeypatch):
    x, y = linear(300)
    model = lmi.estimate(x, y, **FAST, train="never").model
    monkeypatch.setattr(build, "TOLERANCE", 1e-12)
    with pytest.raises(InputError, match="gives other coordinates than the run"):
        model.transform(x + 1)
    # what is known of the run's own samples stays
    assert len(model.transform(x)) == 300
    object.__setattr__(model, "candidate", ("future", "future"))
    with pytest.raises(InputError, match="'future': this version knows no such encoder"):
        model.transform(x + 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "found none"), (b"nothing", "cannot be read"), ("h5", "another HDF5 file")],
)
def test_a_file_that_is_no_model_is_told(tmp_path, content, message):
    import h5py

    path = tmp_path / "model.h5"
    if content == "h5":
        h5py.File(path, "w").close()
    elif content:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        lmi.load_model(path)


def test_labels_are_taken_as_they_were_given_and_features_by_their_names(tmp_path):
    rng = np.random.default_rng(3)
    labels = rng.choice(["u", "d"], 300)
    x = pd.DataFrame(rng.standard_normal((300, 3)) + (labels == "u")[:, None], columns=[*"abc"])
    result = lmi.estimate(x, labels, n_permutations=0, error_bars=False)
    assert result.model.loadings("x").index.tolist() == ["a", "b", "c"]
    assert result.model.loadings("y").index.tolist() == ["y=d", "y=u"]
    result.model.save(tmp_path / "model.h5")
    for model in (result.model, lmi.load_model(tmp_path / "model.h5")):
        np.testing.assert_allclose(model.pointwise(x[["c", "a", "b"]], labels), result.pmis)
        assert np.isfinite(model.pointwise(x + 0.1, list(labels))).all()
        with pytest.raises(InputError, match="Y: expected labels of y, d, u, found others: v"):
            model.transform(["u", "v"], side="y")


def test_numbers_that_are_labels_are_taken_as_they_were_given():
    rng = np.random.default_rng(4)
    labels = rng.integers(3, size=300)
    x = rng.standard_normal(300) + labels
    result = lmi.estimate(x, labels, discrete_y=True, n_permutations=0, error_bars=False)
    np.testing.assert_allclose(result.model.pointwise(x, labels), result.pmis)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e250, 1e-250])
def test_a_model_does_not_depend_on_the_size_of_the_features(size):
    x, y = linear(300, width=6)
    known, found = (lmi.estimate(side, y, **FAST, train="never") for side in (x, x * size))
    assert np.abs(known.model.loadings("x")).to_numpy().max() > 0.5
    np.testing.assert_allclose(found.model.loadings("x"), known.model.loadings("x"), atol=1e-3)
    new = linear(50, width=6, seed=1)[0]
    moved = found.model.transform(new * size)
    np.testing.assert_allclose(moved, known.model.transform(new), atol=1e-3)
