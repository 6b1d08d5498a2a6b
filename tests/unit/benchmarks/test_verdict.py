"""The verdict: matching of conditions, intervals, and what follows from them."""

import numpy as np
import pandas as pd
import pytest
from lmi.benchmarks import published, verdict


def test_published_table_agrees_with_the_published_means():
    table = verdict.published().set_index(["figure", "estimator", "condition"])
    assert table.loc[("gaussian_grid", "LMI", ""), "mae_bits"] == pytest.approx(0.407, abs=5e-4)
    assert table.loc[("gaussian_grid", "KSG", ""), "n"] == 1350
    assert table.loc[("sample_complexity", "LMI", "rank=high"), "mae_bits"] == pytest.approx(
        0.7495, abs=1e-4
    )
    assert table.loc[("mnist", "LMI", ""), "kendall_tau"] == pytest.approx(0.946, abs=5e-4)


def test_conditions_add_up_to_the_whole():
    table = verdict.published()
    fine = table[(table["figure"] == "gaussian_grid") & (table["condition"] != "")]
    for (name,), part in fine.groupby(["estimator"]):
        own = (table["figure"] == "gaussian_grid") & (table["estimator"] == name)
        whole = table[own & (table["condition"] == "")]
        assert part["n"].sum() == whole["n"].item()
        mean = np.average(part["mae_bits"], weights=part["n"])
        assert mean == pytest.approx(whole["mae_bits"].item(), abs=2e-4)


@pytest.mark.parametrize("figure", ["gaussian_grid", "sample_complexity", "transforms"])
@pytest.mark.parametrize("scale", ["quick", "full"])
def test_every_cell_meets_its_finest_condition(figure, scale):
    cells = published.cells(figure, scale).values()
    matched = verdict.match([c["params"] | c["conditions"] for c in cells], figure, "LMI")
    finest = max(len(row["condition"].split()) for row in matched)
    assert all(len(row["condition"].split()) == finest for row in matched)


def test_matching_falls_back_to_the_whole():
    row = verdict.match([{"intrinsic": 77, "mi_bits": 0.1}], "gaussian_grid", "LMI")[0]
    assert row["condition"] == ""
    assert verdict.match([{}], "gaussian_grid", "nobody") == [None]


def condition(mae, sd, n, name="a"):
    return pd.Series(
        {"condition": name, "mae_bits": mae, "bias_bits": -mae, "sd_absolute_bits": sd, "n": n}
    )


def test_interval_covers_the_difference_that_is_there():
    """Both sides are drawn from known distributions; 95 % intervals hold the true difference."""
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        theirs = np.abs(rng.normal(0, 0.3, 30))
        ours = np.abs(rng.normal(0, 0.3, 40)) + 0.05
        row = condition(theirs.mean(), theirs.std(ddof=1), 30)
        found = verdict.compare(ours, [row] * 40, f"trial {trial}")
        covered += found["low_bits"] <= 0.05 <= found["high_bits"]
    assert 0.90 <= covered / 200 <= 0.985


@pytest.mark.parametrize(
    "shift, n, spread, expected",
    [
        (0.0, 60, 0.05, "reproduced"),
        (0.2, 60, 0.05, "worse"),
        (-0.2, 60, 0.05, "better"),
        (0.2, 3, 0.05, "unclear"),
    ],
)
def test_verdicts(shift, n, spread, expected):
    rng = np.random.default_rng(1)
    errors = 0.3 + shift + spread * rng.standard_normal(n)
    found = verdict.compare(errors, [condition(0.3, 0.05, 100)] * n, "x")
    assert verdict.judge(n, found) == expected


def test_a_wide_interval_says_nothing_unless_it_lies_on_one_side():
    wide = {"low_bits": -0.3, "high_bits": 0.3, "published_mae_bits": 0.4}
    assert verdict.judge(20, wide) == "unclear"
    assert verdict.judge(20, wide | {"published_mae_bits": 0.7}) == "reproduced"
    assert verdict.judge(20, wide | {"low_bits": 0.1, "high_bits": 0.9}) == "worse"
    assert verdict.judge(20, wide | {"low_bits": -0.01, "high_bits": 0.01}) == "reproduced"


def test_few_seeds_of_a_cell_count_once():
    rows = pd.DataFrame(
        {
            "cell": ["a", "a", "b"],
            "mi_bits": [0.1, 0.3, 0.2],
            "error_bits": [-0.2, 0.0, -0.1],
            "truth_bits": [0.3, 0.3, 0.3],
            "seconds": [1.0, 3.0, 2.0],
        }
    )
    cells = [{"intrinsic": 1, "mi_bits": 0.2222}] * 3
    line = verdict.summarise(rows, cells, "LMI", "gaussian_grid", "paper")
    assert line["n_cells"] == 2
    assert line["mae_bits"] == pytest.approx(0.1)
    assert line["ratio"] == pytest.approx(0.1 / 0.0305)
    assert line["verdict"] == "unclear"
    none = verdict.summarise(rows.assign(mi_bits=np.nan), cells, "LMI", "gaussian_grid", "paper")
    assert none["n_failed"] == 3 and none["verdict"] == "-"
