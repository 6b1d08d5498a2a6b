"""A dataset that compares groups, or asks for transfer: each pair has these values too."""

import h5py
import numpy as np
import pytest
from helpers.settings import EMBED, ESTIMATE
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.projection import folds as split

PAIRS = [(0, 1), (0, 2)]
N = 640


def _seen(rng, latent):
    """A latent in six features."""
    return latent @ rng.standard_normal((1, 6)) + 0.1 * rng.standard_normal((len(latent), 6))


def _tile(folder, matrices, time_series, interval=None):
    block, tile = folder / "block.h5", folder / "tile.h5"
    write_block(
        block,
        ["x", "y", "z"],
        matrices,
        ["", "", ""],
        split.folds(N, seed=0, dataset="d", n_inner=3, time_series=time_series),
        dataset_name="d",
        settings={"n_components": 16, "clip": 10.0},
        seed=0,
        attributes={"key": "a", "time_series": time_series, "overlap": 0, "n_dropped": 0},
        interval=interval,
    )
    embed(tile, block, block, pairs=PAIRS, settings=EMBED, seed=0)
    return block, tile


def _estimates(folder, tile, **asked):
    out = folder / "estimates.h5"
    estimate(out, tile, settings=ESTIMATE, seed=0, **asked)
    with h5py.File(out) as file:
        return {
            name: values.asstr()[()] if h5py.check_string_dtype(values.dtype) else values[()]
            for name, values in file.items()
        }


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """x and y share 1 bit in the group "b" alone; z is alone; the labels in a table."""
    folder = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c"], N, p=[0.4, 0.4, 0.2])
    x, f, z = rng.standard_normal((3, N, 1))
    y = np.where((group == "b")[:, None], np.sqrt(0.75) * x + 0.5 * f, f)
    np.save(folder / "cells.npy", np.hstack([x, y, z]))
    (folder / "groups.csv").write_text("group\n" + "\n".join(group) + "\n")
    return folder, *_tile(folder, [_seen(rng, one) for one in (x, y, z)], False)


def _asked(folder, block, groups=("b", "a"), pairs=PAIRS):
    place = {"column": "group", "table": str(folder / "groups.csv"), "groups": list(groups)}
    data = {"source": str(folder / "cells.npy"), "transpose": False, "compare": place}
    data |= {"variables": "each"}
    return {"compare": {"pairs": pairs, "data": data, "settings": EMBED}, "blocks": [block] * 2}


def test_what_pairs_share_in_one_group_and_not_in_the_other_is_told(cells):
    folder, block, tile = cells
    found = _estimates(folder, tile, **_asked(folder, block))
    assert found["groups"][0] == "b against a"
    assert found["n_group"][0] > 150
    assert found["delta_bits"][0] == found["mi_first_bits"][0] - found["mi_second_bits"][0]
    assert abs(found["delta_bits"][0] - 1.0) < 3 * found["sd_delta_bits"][0]
    assert found["p_delta"][0] < 0.02
    assert (np.abs(found["delta_bits"][1:]) < 3 * found["sd_delta_bits"][1:]).all()


def test_a_comparison_leaves_the_other_values_and_itself_alone_in_any_tile(cells):
    folder, block, tile = cells
    found = _estimates(folder, tile, **_asked(folder, block))
    alone = _estimates(folder, tile)
    np.testing.assert_array_equal(alone["mi_bits"], found["mi_bits"])
    assert np.isnan(alone["delta_bits"]).all()
    assert (alone["n_group"] == 0).all()
    last = folder / "last.h5"
    embed(last, block, block, pairs=PAIRS[1:], settings=EMBED, seed=0)
    one = _estimates(folder, last, **_asked(folder, block, pairs=PAIRS[1:]))
    for name in ("delta_bits", "sd_delta_bits", "p_delta"):
        assert one[name][0] == found[name][1]


def test_a_label_has_no_difference_and_is_told_why(cells, tmp_path):
    folder, *_ = cells
    rng = np.random.default_rng(1)
    kinds = np.eye(3)[rng.integers(3, size=N)]
    matrices = [_seen(rng, rng.standard_normal((N, 1))), kinds, kinds[:, :2]]
    block, tile = _tile(tmp_path, matrices, False)
    found = _estimates(tmp_path, tile, **_asked(folder, block))
    assert np.isnan(found["delta_bits"]).all()
    assert np.isfinite(found["mi_bits"]).all()
    assert all("cannot be compared for labels" in reason for reason in found["reason"])


def test_groups_that_are_too_small_are_told(cells):
    folder, block, tile = cells
    found = _estimates(folder, tile, **_asked(folder, block, groups=("a", "c")))
    assert np.isnan(found["delta_bits"]).all()
    assert "samples of each group are left" in found["reason"][0]
    assert set(found["flag"]) == {"warn"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """x drives y at a lag of 2 samples; z drives nothing."""
    folder = tmp_path_factory.mktemp("transfer")
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((3, N, 1))
    x, y, z = np.zeros((3, N, 1))
    for time in range(2, N):
        x[time] = 0.5 * x[time - 1] + noise[0, time]
        z[time] = 0.5 * z[time - 1] + noise[2, time]
        y[time] = 0.5 * y[time - 1] + 0.8 * x[time - 2] + noise[1, time]
    return folder, [_seen(rng, one) for one in (x, y, z)]


TRANSFER = {"pairs": PAIRS, "variable": None, "lags": [1, 2], "history": 1, "settings": EMBED}


def test_the_direction_and_the_lag_of_a_drive_are_told(recording):
    folder, matrices = recording
    block, tile = _tile(folder, matrices, True)
    found = _estimates(folder, tile, transfer=TRANSFER, blocks=[block] * 2)
    assert found["xy_bits"][0] > 0.15
    assert found["p_xy"][0] < 0.02
    assert found["xy_lag"][0] == 2
    assert abs(found["yx_bits"][0]) < 3 * found["sd_yx_bits"][0]
    assert found["net_bits"][0] == found["xy_bits"][0] - found["yx_bits"][0]
    assert (np.abs(found["net_bits"][1:]) < 3 * found["sd_net_bits"][1:]).all()
    assert np.isnan(_estimates(folder, tile)["xy_bits"]).all()


def test_the_given_variable_has_no_transfer_of_its_own(recording):
    folder, matrices = recording
    block, tile = _tile(folder, matrices, True)
    asked = {**TRANSFER, "variable": "z", "lags": [2]}
    found = _estimates(folder, tile, transfer=asked, blocks=[block] * 3)
    assert found["xy_bits"][0] > 0.15
    assert np.isnan(found["xy_bits"][1:]).all()
    assert set(found["xy_lag"][1:]) == {0}


def test_pasts_stay_within_intervals(recording):
    """Of intervals of three samples none has a past of three."""
    folder, matrices = recording
    short = np.repeat(np.arange(N // 3 + 1), 3)[:N]
    block, tile = _tile(folder, matrices, True, interval=short)
    found = _estimates(folder, tile, transfer={**TRANSFER, "lags": [3]}, blocks=[block] * 2)
    assert "found 0 of 640" in found["reason"][0]
