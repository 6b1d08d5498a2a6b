"""Encoders of a run, from its files: every candidate, networks with their weights too."""

import numpy as np
import pytest
from lmi import tasks
from lmi.base.errors import InputError
from lmi.embedding import candidates, canonical, whole
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.planning.schema import defaults
from lmi.projection.folds import folds
from lmi.results.embeddings import flattened, pair_model, unflattened
from lmi.results.pairs import Place

N = 400
KINDS = ("linear", "ranked", "fourier", "network", "separated_linear", "paper")


@pytest.fixture(scope="module", params=KINDS)
def files(request, tmp_path_factory):
    """Files of a pair whose embedding is of one kind, and its two variables."""
    kind, folder = request.param, tmp_path_factory.mktemp("pair")
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, N)
    # some values lie beyond ten standard deviations, where z-scores are cut
    power = 1 if kind == "ranked" else 5
    x = np.stack([np.cos(angle), np.sin(angle), 30 * rng.standard_normal(N) ** power], axis=1)
    y = np.stack([np.sin(angle), rng.standard_normal(N)], axis=1)
    if kind.startswith("separated"):
        task = tasks.make("copula_pairs", 0, ambient=20, n_samples=1000)
        x, y = (side.astype(float) for side in (task.x, task.y))
    block = folder / "variables" / "block-000.h5"
    write_block(
        block,
        ["x", "y"],
        [x, y],
        ["", ""],
        folds(len(x), seed=1, dataset="d", n_inner=canonical.N_INNER),
        dataset_name="d",
        settings=defaults("project"),
        seed=1,
        attributes={"key": "", "time_series": False, "overlap": 0},
    )
    settings = defaults("embed") | {"train": "always", "max_steps": 30}
    if kind == "paper":
        settings |= {"preset": "paper"}
        settings["paper"] = settings["paper"] | {"max_epochs": 2}
    tile = folder / "embeddings" / "tile-000-000.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_best", lambda *arguments: kind)
        patch.setattr(whole, "sides", lambda *arguments, **options: {})
        embed(tile, block, block, pairs=[(0, 1)], settings=settings, seed=1)
    out = folder / "estimates" / tile.name
    own = defaults("estimate") | {"error_bars": False}
    own["permutations"] = own["permutations"] | {"max": 0}
    estimate(out, tile, settings=own, seed=1)
    return kind, Place(out, 0, False), [(block, "x"), (block, "y")], (x, y)


def test_the_encoders_of_a_run_give_the_coordinates_of_the_run(files):
    kind, place, sides, values = files
    model = pair_model(place, sides)
    assert set(model.candidate) == {kind}
    np.testing.assert_array_equal(model.transform(values[0]), model.transform(values[0]))
    if kind == "paper":
        with pytest.raises(InputError, match="its weights were not kept"):
            model.transform(values[0] + 1)
        return
    assert (model.network is not None) == (kind == "network")
    assert (model.mixture is not None) == kind.startswith("separated")
    for side, z in ((0, model.zx), (1, model.zy)):
        for t, coordinates in enumerate(model._encoded(side, values[side])):
            # blocks have single precision: samples that are nearly equal may swap ranks
            apart = np.abs(coordinates - z[t])
            assert np.quantile(apart, 0.99) < 1e-3
            assert apart.max() < 0.1
    new = [one + 0.01 * one.std(axis=0) for one in values]
    assert np.corrcoef(model.pointwise(*new), model.pointwise_bits)[0, 1] > 0.3


def test_weights_in_a_row_come_back_in_their_layers():
    rng = np.random.default_rng(0)
    shapes = [(5, 3), (5, 128), (1, 128), (128, 64), (1, 64), (64, 3), (1, 3)]
    layers = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    padded = np.append(flattened(layers), np.zeros(7, np.float32))
    for one, other in zip(unflattened(padded, 5, 3), layers, strict=True):
        np.testing.assert_array_equal(one, other)
