"""Calibration: what is planted, and what is estimated of it."""

import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data.variable import Variable
from lmi.pipeline import calibrate
from lmi.pipeline.project import project
from lmi.planning import schema, tiles
from lmi.results import calibration

DEFAULTS = schema.filled({"datasets": {}}, schema.schema())
ESTIMATE = DEFAULTS["estimate"] | {
    "error_bars": False,
    "permutations": DEFAULTS["estimate"]["permutations"] | {"max": 199},
}
NAMES = ("a", "b", "c", "d")
PAIRS = [("a", "b"), ("a", "c"), ("b", "d")]


def gaussian(bits, n=20_000, seed=0):
    """Return two scores, and y's order for so many bits."""
    rng = np.random.default_rng(seed)
    x, y = np.exp(rng.normal(size=n)), rng.uniform(size=n)
    return x, y, calibrate.replant(x, y, calibrate.gaussian_correlation(bits), rng)


@pytest.fixture(scope="module")
def block(tmp_path_factory):
    """Return a block of four independent variables of three features, 240 samples, one constant."""
    folder = tmp_path_factory.mktemp("block")
    rng = np.random.default_rng(5)
    columns = {f"{name}{i}": rng.normal(size=240) for name in NAMES for i in range(3)}
    pd.DataFrame(columns | {"flat0": 1.0}).to_csv(folder / "data.csv", index=False)
    variables = [Variable(name, tuple(f"{name}{i}" for i in range(3))) for name in NAMES]
    variables.append(Variable("flat", ("flat0",)))
    project(
        folder / "block-000.h5",
        dataset={"source": str(folder / "data.csv"), "variables": "each"},
        dataset_name="cells",
        variables=[variable.to_params() for variable in variables],
        settings=DEFAULTS["project"],
        seed=0,
    )
    return folder / "block-000.h5"


def run(block, out, pairs=PAIRS, **changed):
    options = {
        "dataset_name": "cells",
        "levels_bits": [0, 0.5],
        "n_pairs": 3,
        "embed_settings": DEFAULTS["embed"],
        "estimate_settings": ESTIMATE,
        "seed": 0,
    }
    calibrate.run(out, [block], pairs, **options | changed)
    return pd.read_csv(out, sep="\t")


# ---- planting


@pytest.mark.parametrize("bits", [0, 0.05, 0.5, 2.0])
def test_scores_get_the_gaussian_copula_of_the_level(bits):
    from scipy.special import ndtri
    from scipy.stats import rankdata

    x, y, order = gaussian(bits)
    u, v = (ndtri(rankdata(score) / (len(x) + 1)) for score in (x, y[order]))
    found = np.corrcoef(u, v)[0, 1]
    assert found == pytest.approx(calibrate.gaussian_correlation(bits), abs=0.02)


def test_margins_are_untouched():
    _, y, order = gaussian(0.5, n=500)
    assert sorted(order) == list(range(500))
    assert sorted(y[order]) == sorted(y)


def test_ties_are_broken_at_random_and_by_the_seed():
    score, other = np.zeros(2000), np.arange(2000.0)
    orders = [
        calibrate.replant(score, other, 0.9, np.random.default_rng(seed)) for seed in (0, 0, 1)
    ]
    assert (orders[0] == orders[1]).all()
    assert (orders[0] != orders[2]).any()
    # a constant score says nothing, and where its samples lie neither
    assert abs(np.corrcoef(np.arange(2000), other[orders[0]])[0, 1]) < 0.1


@pytest.mark.parametrize("rho", [0.3, 0.8])
def test_bits_of_halves_of_a_gaussian(rho):
    same = 0.25 + np.arcsin(rho) / (2 * np.pi)
    truth = 2 * (same * np.log2(4 * same) + (0.5 - same) * np.log2(4 * (0.5 - same)))
    halves = np.array([0, 0.5, 1])
    bits = -0.5 * np.log2(1 - rho**2)
    assert calibrate.tied_bits(bits, halves, halves) == pytest.approx(truth, abs=3e-4)


def test_fine_cells_keep_the_bits_of_the_copula():
    fine = np.linspace(0, 1, calibrate.N_CELLS + 1)
    for bits in (0.02, 0.2, 1.0):
        assert calibrate.tied_bits(bits, fine, fine) == pytest.approx(bits, rel=0.005)


def test_classes_of_equal_scores_stay_alone():
    score = np.repeat([0.0, 1.0, 2.0, 3.0], [50, 30, 1, 19])
    np.testing.assert_allclose(calibrate.cells(score), [0, 0.5, 0.8, 0.81, 1])


def test_tied_scores_carry_the_level():
    """The plug-in mutual information of two scores of few values meets the level."""
    rng = np.random.default_rng(1)
    n = 200_000
    x, y = rng.poisson(0.7, n).astype(float), rng.poisson(1.2, n).astype(float)
    rho = calibrate.planted_correlation(0.3, x, y)
    assert rho > calibrate.gaussian_correlation(0.3)
    order = calibrate.replant(x, y, rho, rng)
    joint = pd.crosstab(x, y[order]).to_numpy() / n
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    found = (joint[seen] * np.log2(joint[seen] / independent[seen])).sum()
    assert found == pytest.approx(0.3, abs=0.01)


def test_a_level_beyond_what_the_scores_hold():
    half = np.repeat([0.0, 1.0], 50)
    assert np.isnan(calibrate.planted_correlation(1.0, half, half))
    assert np.isfinite(calibrate.planted_correlation(0.5, half, half))


# ---- estimating


def test_power_and_estimates_rise_with_the_level(block, tmp_path):
    table = run(block, tmp_path / "t.tsv", n_pairs=8, levels_bits=[0, 0.1, 0.8])
    assert list(table.columns) == list(calibrate.COLUMNS)
    assert len(table) == 24
    # three pairs, gone through again
    assert set(table["draw"]) == {0, 1, 2}
    summary = calibration.summarise(table)
    assert list(summary["n"]) == [8, 8, 8]
    assert summary["power"].is_monotonic_increasing
    assert summary["power"].iloc[0] <= 0.25
    assert summary["power"].iloc[-1] == 1.0
    assert summary["mean_bits"].iloc[-1] == pytest.approx(0.8, abs=0.2)
    assert summary["mean_bits"].iloc[0] == pytest.approx(0.0, abs=0.1)


def test_false_positives_at_level_zero(block, tmp_path):
    settings = ESTIMATE | {"permutations": ESTIMATE["permutations"] | {"max": 99}}
    options = {"levels_bits": [0], "n_pairs": 60, "estimate_settings": settings}
    table = run(block, tmp_path / "t.tsv", **options)
    # binomial(60, 0.05): more than 8 in one of 200 runs
    assert table["detected"].sum() <= 8
    assert (table["p_value"] < 0.5).mean() == pytest.approx(0.5, abs=0.2)


def test_the_same_seed_gives_the_same_table_whatever_the_threads(block, tmp_path):
    # networks too: their sums depend on the order in which threads add
    settings = {"embed_settings": DEFAULTS["embed"] | {"train": "always", "max_steps": 10}}
    one, three, other = (
        run(block, tmp_path / "t.tsv", **settings, **changed).drop(columns="seconds")
        for changed in ({"threads": 1}, {"threads": 3}, {"seed": 1})
    )
    pd.testing.assert_frame_equal(one, three)
    assert not one["mi_bits"].equals(other["mi_bits"])


@pytest.mark.parametrize("preset", ["ksg", "paper"])
def test_other_presets(block, tmp_path, preset):
    short = DEFAULTS["embed"]["paper"] | {"max_epochs": 2}
    settings = DEFAULTS["embed"] | {"preset": preset, "paper": short}
    table = run(block, tmp_path / "t.tsv", n_pairs=1, embed_settings=settings)
    assert np.isfinite(table["mi_bits"]).all()


def test_bad_variables_are_left_out(block, tmp_path):
    table = run(block, tmp_path / "t.tsv", [("a", "flat"), ("a", "b")], levels_bits=[0.5])
    assert set(table["y"]) == {"b"}
    with pytest.raises(InputError, match=r"found none among 1 pairs\. flat: "):
        run(block, tmp_path / "u.tsv", [("a", "flat")])


def test_no_permutations_is_an_error(block, tmp_path):
    settings = ESTIMATE | {"permutations": ESTIMATE["permutations"] | {"max": 0}}
    with pytest.raises(InputError, match=r"permutations.max: expected at least 1"):
        run(block, tmp_path / "t.tsv", estimate_settings=settings)


def test_unknown_variable(block, tmp_path):
    with pytest.raises(InputError, match="expected the variable 'z'"):
        run(block, tmp_path / "t.tsv", [("a", "z")])


# ---- the choice of pairs


def test_choice_of_pairs():
    variables = [Variable(f"v{i}", (f"f{i}",)) for i in range(30)]
    chosen = [
        tiles.choose({"pairs": "all"}, variables, 4, 10, seed=seed, name="d") for seed in (0, 0, 1)
    ]
    pairs, blocks = chosen[0]
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(pairs)) == 10
    assert blocks == sorted({int(name[1:]) // 4 for pair in pairs for name in pair})


def test_fewer_pairs_than_wanted_and_a_single_variable():
    variables = [Variable(name, (name,)) for name in NAMES]
    pairs, blocks = tiles.choose({"pairs": "all"}, variables, 12, 20, seed=0, name="d")
    assert len(pairs) == 6
    assert blocks == [0]
    with pytest.raises(InputError, match="a pair takes two, found 1: a"):
        tiles.choose({"pairs": "all"}, variables[:1], 12, 20, seed=0, name="d")
