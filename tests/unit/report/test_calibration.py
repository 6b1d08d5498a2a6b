"""Calibration: power and bias by planted level, the words and the figure about them."""

import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.report import calibration, figures
from lmi.results.calibration import detectable_bits, in_words, summarise


def rows(dataset, levels, hits, n=10, bias=-0.1, note=""):
    return [
        {"dataset": dataset, "truth_bits": bits, "mi_bits": bits + bias, "sd_bits": 0.05}
        | {"p_value": 0.01, "detected": i < found, "note": note, "reason": ""}
        for bits, found in zip(levels, hits, strict=True)
        for i in range(n)
    ]


def test_summary_and_words():
    table = pd.DataFrame(
        rows("b", [0.5, 0.0, 0.1], [10, 1, 6]) + rows("a", [0.0, 0.1], [0, 3], bias=0.0, note="n")
    )
    summary = summarise(table)
    assert list(summary["dataset"]) == ["b"] * 3 + ["a"] * 2
    assert list(summary["power"]) == [0.1, 0.6, 1.0, 0.0, 0.3]
    # exact interval of 6 of 10
    assert summary.loc[1, ["power_low", "power_high"]].tolist() == pytest.approx(
        [0.2624, 0.8784], abs=1e-4
    )
    assert summary["bias_bits"].iloc[0] == pytest.approx(-0.1)
    assert in_words(summary) == [
        "b: 0.3 bits are detected with 80 % power; estimates are 0.10 bits too low at 0.5 bits",
        "a: less than 80 % power up to 0.1 bits; estimates are less than 0.01 bits off at "
        "0.1 bits (n)",
    ]


def test_detectable_bits():
    assert detectable_bits([0, 0.1, 0.2], [0, 0.4, 1.0]) == pytest.approx(0.1 + 0.2 / 3)
    # a lucky level below an unlucky one does not count
    assert detectable_bits([0.1, 0.2, 0.3], [0.9, 0.7, 0.9]) == pytest.approx(0.25)
    assert detectable_bits([0.1, 0.2], [0.9, 1.0]) == 0.1
    assert np.isnan(detectable_bits([0.1, 0.2], [0.1, 0.7]))


def test_figure_of_many_datasets_and_of_one_level(tmp_path):
    many = [row for i in range(7) for row in rows(f"d{i}", [0, 0.1, 1.0], [1, 5, 10])]
    for table in (many, rows("d", [0], [1])):
        summary = summarise(pd.DataFrame(table))
        png, svg = figures.save(calibration.figure(summary), tmp_path / "f")
        assert png.stat().st_size > 5000
        assert svg.exists()


def test_tables_that_hold_nothing(tmp_path):
    outs = [tmp_path / name for name in ("t.tsv", "s.tsv", "f.png")]
    with pytest.raises(InputError, match="found synthetic tasks alone"):
        calibration.collect([], *outs)
    failed = pd.DataFrame(rows("d", [0], [1])).assign(mi_bits=np.nan, reason="no luck", x="", y="")
    failed.to_csv(tmp_path / "d.tsv", sep="\t", index=False)
    with pytest.raises(InputError, match="no luck"):
        calibration.collect([tmp_path / "d.tsv"], *outs)
