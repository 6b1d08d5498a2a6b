"""Runs of another estimator in its own environment, here one with stand-in packages."""

import os
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.benchmarks.peers import latentmi

STAND_IN = """
import time

import numpy as np


def estimate(x, y, mode="mean"):
    print("epoch 1 whatever quiet says")
    if mode == "raise":
        raise RuntimeError("no luck")
    if mode == "hang":
        time.sleep(60)
    if mode == "exit":
        raise SystemExit(3)
    if mode == "random":
        return np.random.random(4), None, None
    pointwise = np.array([np.nan, x.sum() - y.sum()])
    return (pointwise * np.nan if mode == "nan" else pointwise), None, None
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    (site / "here.pth").write_text(sysconfig.get_paths()["purelib"])
    (site / "torch.py").write_text("def set_num_threads(n): pass\ndef manual_seed(n): pass\n")
    (site / "latentmi").mkdir()
    (site / "latentmi" / "__init__.py").write_text("")
    (site / "latentmi" / "lmi.py").write_text(STAND_IN)
    return folder / "bin" / "python"


X, Y = np.ones((4, 3)), np.zeros((4, 2))


def test_a_run_returns_the_mean_of_the_pointwise_values(python):
    row = latentmi(python, X, Y)
    assert row["mi_bits"] == 12 and row["reason"] == ""
    assert 0 <= row["cpu_seconds"] <= row["seconds"] + 0.1


def test_the_seed_decides(python):
    first, second, other = (
        latentmi(python, X, Y, mode="random", seed=seed)["mi_bits"] for seed in (1, 1, 2)
    )
    assert first == second != other


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"mode": "raise"}, "RuntimeError: no luck"),
        ({"mode": "nan"}, "the estimate is not a number"),
        ({"mode": "exit"}, "exit status 3"),
        ({"mode": "hang", "timeout_s": 1.5}, "stopped after 1.5 s"),
        ({"no_such_setting": 1}, "no_such_setting"),
    ],
)
def test_a_failed_run_is_a_row_with_its_reason(python, settings, reason):
    row = latentmi(python, X, Y, **settings)
    assert np.isnan(row["mi_bits"])
    assert reason in row["reason"]


def test_bad_input_is_told(python, tmp_path):
    with pytest.raises(InputError, match="equal n_samples"):
        latentmi(python, X, Y[:3])
    with pytest.raises(InputError, match="build it with the lock file"):
        latentmi(tmp_path / "python", X, Y)


def test_the_environment_is_pinned():
    lines = Path(__file__).parents[3].joinpath("envs/latentmi/requirements.txt").read_text()
    pins = [line for line in lines.splitlines() if line and not line.startswith("#")]
    assert "latentmi==0.1.3" in pins
    assert all(line.count("==") == 1 for line in pins)
    assert os.sep not in "".join(pins)
