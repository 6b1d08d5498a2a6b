"""The workflow's stages and lmi.estimate are one computation."""

import lmi
import numpy as np
import pytest
from lmi.base.files import reading
from lmi.embedding import canonical
from lmi.pipeline import embed, estimate, project
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
