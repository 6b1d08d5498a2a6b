"""A recording in intervals through the stages: lags find no partner across a pause."""

import numpy as np
import pandas as pd
import pytest
from lmi.base.files import reading, text
from lmi.data.variables import list_variables
from lmi.pipeline.embed import embed, lagged
from lmi.pipeline.estimate import estimate
from lmi.pipeline.project import project
from lmi.planning.config import load

N = 400


def test_partners_lie_in_the_same_interval():
    fold = np.zeros(9, np.int8)
    interval = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    assert lagged(fold, 2, interval).tolist() == [0, 0, -1, -1, 0, -1, -1, -1, -1]
    assert lagged(fold, -1, interval).tolist() == [-1, 0, 0, 0, -1, 0, 0, -1, 0]
    assert lagged(fold, 0, interval).tolist() == fold.tolist()
    assert lagged(fold, 2).tolist() == [0] * 7 + [-1] * 2


@pytest.fixture
def tile(tmp_path, monkeypatch):
    """Return the estimates of a series in two intervals, at the lags 0 and 3."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N, 2))
    values[3:, 1] += 2 * values[:-3, 0]  # y is x, three samples later
    pd.DataFrame(values, columns=["x", "y"]).to_csv("a.csv", index=False)
    pd.DataFrame({"part": np.arange(N) // 150}).to_csv("parts.csv", index=False)
    raw = {
        "source": "a.csv",
        "time_series": True,
        "lags": [0, 3],
        "intervals": {"table": "parts.csv", "column": "part"},
    }
    config = load({"datasets": {"d": raw}, "embed": {"train": "never"}})
    dataset = config["datasets"]["d"]
    variables = [variable.to_params() for variable in list_variables(dataset)]
    common = {"seed": 0, "dataset_name": "d", "settings": config["project"]}
    project("b.h5", dataset=dataset, variables=variables, **common)
    options = {"settings": config["embed"], "seed": 0, "lags": [0, 3]}
    embed("e.h5", "b.h5", "b.h5", pairs=[(0, 1)], **options)
    settings = config["estimate"] | {"permutations": config["estimate"]["permutations"]}
    settings["permutations"]["max"] = 99
    estimate("m.h5", "e.h5", settings=settings, seed=0)
    return "m.h5"


def test_a_lag_is_found_and_samples_at_the_ends_have_no_estimate(tile):
    with reading(tile, "estimate") as file:
        bits, p = file["mi_bits"][()], file["p_value"][()]
        pointwise = file["pointwise"][()]
        assert "joined_by_position" in text(file["reason_codes"])[1]
    assert bits[1] > 0.8 > 0.2 > abs(bits[0])
    assert p[1] < 0.01 < p[0]
    ends = np.r_[147:150, 297:300, 397:400]
    assert np.isnan(pointwise[1, ends]).all()
    assert np.isfinite(pointwise[1]).sum() > 300
