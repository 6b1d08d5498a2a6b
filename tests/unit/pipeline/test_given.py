"""A dataset that gives a variable or labels: each pair has its conditional values too."""

import h5py
import numpy as np
import pytest
from helpers.settings import EMBED, ESTIMATE
from lmi.pipeline.embed import embed
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import write_block
from lmi.projection import folds as split

PAIRS = [(0, 1), (0, 2), (1, 2)]


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """Embedded pairs of x, y and their common cause z; labels by the sign of the cause."""
    folder = tmp_path_factory.mktemp("given")
    rng = np.random.default_rng(0)
    z, e, f = rng.standard_normal((3, 500, 1))
    matrices = [
        latent @ rng.standard_normal((1, 6)) + 0.1 * rng.standard_normal((500, 6))
        for latent in (z + 0.5 * e, z + 0.5 * f, z)
    ]
    block, tile = folder / "block.h5", folder / "tile.h5"
    write_block(
        block,
        ["x", "y", "z"],
        matrices,
        ["", "", ""],
        split.folds(500, seed=0, dataset="d", n_inner=3),
        dataset_name="d",
        settings={"n_components": 16, "clip": 10.0},
        seed=0,
        attributes={"key": "a", "time_series": False, "overlap": 0, "n_dropped": 0},
        given=np.where(z[:, 0] > 0, "high", "low"),
    )
    embed(tile, block, block, pairs=PAIRS, settings=EMBED, seed=0)
    return block, tile, folder


def _estimates(tiles, given, blocks):
    _, tile, folder = tiles
    out = folder / "estimates.h5"
    estimate(out, tile, settings=ESTIMATE, seed=0, given=given, blocks=blocks)
    with h5py.File(out) as file:
        values = {name: file[name][()] for name in ("mi_bits", "cmi_bits", "p_conditional")}
        return values | {"reason": file["reason"].asstr()[()]}


def test_a_variable_that_is_given_is_taken_off_the_other_pairs(tiles):
    block = tiles[0]
    given = {"pairs": PAIRS, "variable": "z", "settings": EMBED}
    found = _estimates(tiles, given, [block, block, block])
    assert found["mi_bits"][0] > 0.5
    assert abs(found["cmi_bits"][0]) < 0.08
    assert found["p_conditional"][0] > 0.005
    # of the given variable itself nothing is left, which is no reason for a flag
    assert np.isnan(found["cmi_bits"][1:]).all()
    assert "given" not in "".join(found["reason"])


def test_labels_that_are_given_take_off_what_they_tell(tiles):
    block = tiles[0]
    found = _estimates(tiles, {"pairs": PAIRS, "variable": None, "settings": EMBED}, [block, block])
    assert 0.1 < found["cmi_bits"][0] < found["mi_bits"][0] - 0.1


def test_without_anything_given_there_are_no_conditional_values(tiles):
    with_given = _estimates(
        tiles, {"pairs": PAIRS, "variable": "z", "settings": EMBED}, [tiles[0]] * 3
    )
    alone = _estimates(tiles, None, [])
    assert np.isnan(alone["cmi_bits"]).all()
    np.testing.assert_array_equal(alone["mi_bits"], with_given["mi_bits"])
