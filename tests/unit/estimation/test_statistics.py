"""Flags of planted cases, checks, lags, strata and q values: each says what is there, and why."""

import numpy as np
import pandas as pd
import pytest
from lmi import api, tasks
from lmi.base import reasons
from lmi.base.errors import InputError
from lmi.base.files import reading, text
from lmi.data.labels import read_labels
from lmi.embedding import candidates
from lmi.estimation import estimate as estimation
from lmi.estimation import flags, intervals
from lmi.pipeline.embed import embed as embed_tile
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.planning import config
from lmi.projection import folds as split
from lmi.results import table as tables

EMBED = {
    "preset": "default",
    "n_latent": 16,
    "train": "never",
    "checks": "quick",
    "max_steps": 60,
    "batch_size": 256,
    "learning_rate": 1e-3,
}
ESTIMATE = {
    "k": 3,
    "error_bars": True,
    "permutations": {"max": 999, "scheme": "auto", "block_length": 0, "tail_fit": True},
}


def write_run(folder, matrices, lags=(0,), embed=None, time_series=False, **block):
    """Run the three stages on some variables; return the path of the estimates."""
    paths = [folder / name for name in ("block.h5", "tile.h5", "estimates.h5")]
    n = len(matrices[0])
    write_block(
        paths[0],
        [f"v{i}" for i in range(len(matrices))],
        matrices,
        [""] * len(matrices),
        split.folds(n, seed=0, dataset="d", n_inner=3, time_series=time_series),
        dataset_name="d",
        settings={"n_components": 64, "clip": 10.0},
        seed=0,
        attributes={
            "truth_bits": np.nan,
            "key": "",
            "time_series": time_series,
            "overlap": 0,
        },
        **block,
    )
    settings = EMBED | (embed or {})
    embed_tile(paths[1], paths[0], paths[0], pairs=[(0, 1)], settings=settings, seed=0, lags=lags)
    estimate(paths[2], paths[1], settings=ESTIMATE, seed=0)
    return paths[2]


@pytest.mark.parametrize(
    ("name", "settings", "options", "reason"),
    [
        ("gaussian_grid", {"n_samples": 150}, {}, "few samples"),
        ("digits", {}, {"train": "always", "max_steps": 40}, "not converged"),
    ],
)
def test_planted_cases_raise_their_flag(name, settings, options, reason):
    made = tasks.make(name, 1, **settings)
    found = api.estimate(made.x, made.y, n_permutations=0, **options)
    assert found.flag == "warn"
    assert reason in found.reason


def test_a_copy_is_flagged_as_near_the_ceiling():
    x = np.random.default_rng(0).standard_normal((500, 2))
    found = api.estimate(x, x, n_permutations=0)
    assert "near the ceiling" in found.reason


def test_counts_with_few_values_are_flagged_as_duplicates():
    x, y = np.random.default_rng(0).poisson(0.1, (2, 1000, 3)).astype(float)
    assert "duplicates" in api.estimate(x, y, n_permutations=0).reason


def test_missing_data_are_flagged(tmp_path):
    rng = np.random.default_rng(0)
    path = write_run(tmp_path, list(rng.standard_normal((2, 400, 3))), missing=[0.0, 0.2])
    with reading(path, "estimate") as file:
        assert text(file["flag"])[0] == "warn"
        assert "missing data: 20 %" in text(file["reason"])[0]


def test_halves_that_disagree_and_drift_are_flagged():
    def codes(mi, halves, drift):
        found = flags.of_estimate(
            mi=mi,
            mi_ksg=mi,
            halves=halves,
            variances=np.full(2, 0.001),
            drift=drift,
            n_estimated=2000,
            n_tied=0,
            ceiling=3,
            missing=0.0,
            converged=True,
        )
        return reasons.codes(found)

    assert codes(1.0, [1.0, 1.0], 0.05) == ""
    assert codes(1.0, [0.7, 1.3], 0.0) == "unstable_halves"
    assert codes(1.0, [1.0, 1.0], 0.3) == "rising_thirds"
    assert codes(0.02, [0.02, 0.02], 0.05) == ""
    assert codes(np.nan, [np.nan, np.nan], np.nan) == "not_finite"


def test_clean_cases_are_not_flagged():
    for seed in range(3):
        for name in ("gaussian_grid", "clusters", "weak_signal"):
            made = tasks.make(name, seed)
            found = api.estimate(made.x, made.y, n_permutations=0, train="never")
            assert found.flag == "ok", found.reason


def test_thorough_checks_find_an_unstable_pair_and_pass_a_stable_one(tmp_path):
    stable = tasks.make("gaussian_grid", 2, n_samples=2000)
    path = write_run(tmp_path, [stable.x, stable.y], embed={"checks": "thorough"})
    with reading(path, "estimate") as file:
        found = {name: float(file[name][0]) for name in flags.CHECKS}
        mi = float(file["mi_bits"][0])
        assert text(file["flag"])[0] == "ok"
    assert all(np.isfinite(value) for value in found.values())
    assert found["swapped_bits"] == pytest.approx(mi, abs=0.1)
    assert found["half_samples_bits"] == pytest.approx(mi, abs=0.25)
    assert flags.of_checks(found, mi, 0.04) == []
    few = tasks.make("digits", 0, n_samples=400)
    path = write_run(tmp_path, [few.x, few.y], embed={"checks": "thorough"})
    with reading(path, "estimate") as file:
        assert "still rising" in text(file["reason"])[0]


def test_a_lagged_dependence_peaks_at_its_lag(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1500, 4))
    y = np.roll(x, 2, axis=0) + rng.standard_normal((1500, 4))
    path = write_run(tmp_path, [x, y], lags=(-2, 0, 2), time_series=True)
    table = tables.aggregate([path], tmp_path / "mi.tsv", tmp_path / "mi.parquet")
    assert len(table) == 3
    mi = table.set_index("lag")["mi_bits"]
    assert mi[2] > 1 > 0.2 > max(mi[0], mi[-2])
    assert table.set_index("lag")["p_value"][2] < 0.01
    assert tables.peaks(table)["lag"].tolist() == [2]


def test_samples_near_training_samples_are_left_out_of_a_time_series():
    fold = np.repeat([0, 1, 0, 1], 100)
    rng = np.random.default_rng(0)
    embedding = type("E", (), {})()
    embedding.fold, embedding.zx, embedding.zy = fold, *rng.standard_normal((2, 2, 400, 2))
    samples = estimation.Samples(time_series=True, overlap=7)
    rows = estimation._held_out(embedding, 0, samples)
    assert (fold[rows] == 1).all()
    training = np.flatnonzero(fold == 0)
    assert np.abs(rows[:, None] - training).min() == 8
    assert len(estimation._held_out(embedding, 0, estimation.Samples())) == 200


def test_q_values_and_significance():
    table = pd.DataFrame({"p_value": [0.001, 0.02, 0.03, 0.5, np.nan]})
    tables.add_q_values(table, fdr=0.05)
    # by hand: 4 tests, p * 4 / rank, made monotone
    np.testing.assert_allclose(table["q_value"], [0.004, 0.04, 0.04, 0.5, np.nan])
    assert table["significant"].tolist() == [True, True, True, False, False]
    tables.add_q_values(table, fdr=0.05, method="by")
    assert table["q_value"][0] == pytest.approx(0.004 * (1 + 1 / 2 + 1 / 3 + 1 / 4))
    assert table["significant"].tolist() == [True, False, False, False, False]


def test_strata_are_read_from_obs_and_from_tables(tmp_path):
    cells = "tests/data/cells/pbmc68k_reduced.h5ad"
    labels = read_labels(cells, "cell_type")
    assert len(labels) == 700
    assert len(set(labels)) == 10
    pd.DataFrame({"batch": [1, 2, 1]}).to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    assert read_labels(str(tmp_path / "b.tsv"), "batch").tolist() == ["1", "2", "1"]
    with pytest.raises(InputError, match=r"no column .cell_typ'.*cell_type"):
        read_labels(cells, "cell_typ")
    pd.DataFrame({"batch": ["a", None, "b"]}).to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(InputError, match=r"1 samples have no label.*row 2"):
        read_labels(str(tmp_path / "c.csv"), "batch")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"lags": [0, 1]}, "lags need samples in time"),
        ({"strata": "batch"}, "expected a mapping with `table` and `column`"),
        ({"time_series": True, "lags": [0, 400]}, "lags: expected at most"),
        ({"strata": {"table": "absent.tsv", "column": "batch"}}, "absent.tsv"),
    ],
)
def test_bad_settings_of_a_dataset_are_one_clear_message(tmp_path, more, message):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((400, 3)))
    raw = {"datasets": {"d": {"source": str(tmp_path / "x.npy")} | more}}
    with pytest.raises(InputError, match=message):
        config.load(raw)


def test_the_drift_is_what_all_samples_give_more_than_a_third_of_them():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((900, 6))
    y = 0.95 * x + 0.3 * rng.standard_normal((900, 6))
    # in six dimensions KSG finds the more, the closer the neighbours are
    value = estimation.estimate(candidates.embed_nothing(x, y))
    assert value.drift_bits > 5 * value.sd_bits > 0
    # and the interval reaches as much further up
    known = value.mi_bits, value.mi_ksg_bits, value.sd_bits
    still, moving = (intervals.interval(*known, drift, 0.0) for drift in (0.0, value.drift_bits))
    assert (value.low_bits, value.high_bits) == pytest.approx(moving)
    assert moving[1] > still[1] + value.sd_bits
