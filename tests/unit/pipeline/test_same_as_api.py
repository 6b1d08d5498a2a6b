"""The workflow's stages and lmi.estimate are one computation."""

import lmi
import numpy as np
import pytest
from lmi.base.files import reading
from lmi.embedding import canonical
from lmi.pipeline import blocks, embed, estimate, project
from lmi.planning.schema import defaults
from lmi.projection.folds import folds


@pytest.mark.parametrize("time_series", [False, True])
def test_the_stages_give_the_numbers_of_lmi_estimate(tmp_path, time_series):
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((600, 2))
    x, y = (
        (hidden @ rng.standard_normal((2, d)) + rng.standard_normal((600, d))).astype(np.float32)
        for d in (20, 15)
    )
    result = lmi.estimate(x, y, seed=5, n_permutations=999, time_series=time_series)
    block, tile, out = (tmp_path / name for name in ("block.h5", "tile.h5", "estimate.h5"))
    project.write_block(
        block,
        ["x", "y"],
        [x, y],
        ["", ""],
        folds(600, seed=5, dataset="", n_inner=canonical.N_INNER, time_series=time_series),
        dataset_name="",
        settings=defaults("project"),
        seed=5,
        attributes={"key": "", "time_series": time_series, "overlap": 0},
    )
    embed.embed(tile, block, block, pairs=[(0, 1)], settings=defaults("embed"), seed=5)
    settings = defaults("estimate")
    settings["permutations"]["max"] = 999
    estimate.estimate(out, tile, settings=settings, seed=5)
    with reading(out, "estimate") as file:
        values = ("mi_bits", "mi_ksg_bits", "sd_bits", "sd_ksg_bits", "low_bits", "high_bits")
        for name in (*values, "p_value"):
            assert file[name][0] == getattr(result, name)


def test_a_pair_has_the_same_numbers_whatever_else_is_in_its_tile(tmp_path):
    """Single features, counts, wide variables and trained networks in one tile, and alone."""
    rng = np.random.default_rng(1)
    hidden = rng.standard_normal((400, 1))
    variables = {
        "single": hidden + rng.standard_normal((400, 1)),
        "other": hidden + rng.standard_normal((400, 1)),
        "count": rng.poisson(np.exp(hidden / 2)).astype(float),
        "wide": hidden + rng.standard_normal((400, 6)),
        "bent": np.hstack([hidden**2, rng.standard_normal((400, 5))]),
    }
    block = tmp_path / "block.h5"
    project.write_block(
        block,
        list(variables),
        list(variables.values()),
        [""] * len(variables),
        folds(400, seed=0, dataset="", n_inner=canonical.N_INNER, time_series=False),
        dataset_name="",
        settings=defaults("project"),
        seed=0,
        attributes={"key": "", "time_series": False, "overlap": 0},
    )
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]
    settings = defaults("estimate")
    settings["permutations"]["max"] = 199

    def table(name, chosen):
        tile, out = (tmp_path / f"{name}-{stage}.h5" for stage in ("tile", "estimate"))
        embed.embed(tile, block, block, pairs=chosen, settings=defaults("embed"), seed=0)
        estimate.estimate(out, tile, settings=settings, seed=0)
        with reading(out, "estimate") as file:
            names = ("mi_bits", "mi_ksg_bits", "sd_bits", "low_bits", "p_value", "pointwise")
            return {column: file[column][()] for column in names}

    together = table("together", pairs)
    assert np.isfinite(together["mi_bits"]).all()
    for row, pair in enumerate(pairs):
        for column, values in table(f"alone-{row}", [pair]).items():
            np.testing.assert_array_equal(values[0], together[column][row], err_msg=column)


@pytest.mark.parametrize("preset", ["default", "ksg"])
def test_features_too_many_to_keep_are_read_again_with_the_same_numbers(
    tmp_path, monkeypatch, preset
):
    rng = np.random.default_rng(2)
    matrices = [rng.standard_normal((150, d)) for d in (3, 12, 5)]
    settings = defaults("embed") | {"preset": preset, "train": "never"}
    project.write_block(
        tmp_path / "block.h5",
        list("abc"),
        matrices,
        [""] * 3,
        folds(150, seed=1, dataset="", n_inner=canonical.N_INNER),
        dataset_name="",
        settings=defaults("project"),
        seed=1,
        attributes={"key": "", "time_series": False, "overlap": 0},
    )
    arrays = []
    for most in (blocks.KEPT_VALUES, 0):
        monkeypatch.setattr(blocks, "KEPT_VALUES", most)
        out = tmp_path / f"{most}.h5"
        block = blocks.Block(tmp_path / "block.h5", lambda names: {0, 2})
        assert isinstance(block.z, dict) == bool(most) and list(block.z) == [0, 2]
        assert [block.z[row].shape for row in block.z] == [(150, 3), (150, 5)]
        with pytest.raises(KeyError):
            block.z[1]
        pairs = [(0, 1), (0, 2), (1, 2)]
        embed.embed(
            out,
            tmp_path / "block.h5",
            tmp_path / "block.h5",
            pairs=pairs,
            settings=settings,
            seed=1,
        )
        with reading(out, "embed") as file:
            arrays.append({name: file[name][()] for name in file if name != "seconds"})
    for name, values in arrays[0].items():
        np.testing.assert_array_equal(values, arrays[1][name], err_msg=name)
