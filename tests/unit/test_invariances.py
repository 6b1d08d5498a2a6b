"""What need not change a number does not, or by less than is said here; bits and error bars."""

import lmi
import numpy as np
import pytest

from tests.faults import small

N_SAMPLES = 800


def pair(seed=20001):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(N_SAMPLES, 2))
    x = hidden @ rng.normal(size=(2, 6)) + rng.normal(size=(N_SAMPLES, 6))
    return x, hidden @ rng.normal(size=(2, 5)) + 1.5 * rng.normal(size=(N_SAMPLES, 5))


def estimate(x, y, **options):
    options = {"train": "never", "n_permutations": 19} | options
    return lmi.estimate(x, y, **options)


@pytest.fixture(scope="module")
def known():
    return estimate(*pair())


ORDER = np.random.default_rng(7).permutation(N_SAMPLES)
CHANGES = {
    "order of features": (lambda x, y: (x[:, ::-1], y[:, [2, 0, 4, 1, 3]]), 0.0),
    "sign": (lambda x, y: (-x, y), 0.0),
    "a constant feature": (lambda x, y: (np.c_[x, np.ones(len(x))], y), 0.0),
    "scale of 1e200 and 1e-200": (lambda x, y: (x * 1e200, y * 1e-200), 1e-12),
    # rounding may move a sample past a neighbour, on some processors
    "shift by 1e9": (lambda x, y: (x + 1e9, y - 1e9), 1e-2),
    "a feature twice": (lambda x, y: (np.c_[x, x[:, :1]], y), 1e-2),
    "single precision": (lambda x, y: (x.astype("f4"), y.astype("f4")), 1e-2),
    "x and y": (lambda x, y: (y, x), 0.5),
    # the folds, and with them what is learned, are drawn by the place of a sample
    "order of samples": (lambda x, y: (x[ORDER], y[ORDER]), 3.0),
}
"""A change of the data, and how far an estimate may move: error bars."""


@pytest.mark.parametrize("change", CHANGES)
def test_an_estimate_does_not_move(change, known):
    changed, error_bars = CHANGES[change]
    found = estimate(*changed(*pair()))
    assert abs(found.mi_bits - known.mi_bits) <= error_bars * known.sd_bits


def test_the_number_of_threads_changes_no_bit(known):
    assert estimate(*pair(), threads=2).mi_bits == known.mi_bits


def test_block_size_and_order_of_variables_change_no_pair(tmp_path):
    tables = {}
    for name, size, order in (("two", 2, "pqr"), ("one", 1, "pqr"), ("all", 4, "rqp")):
        folder = tmp_path / name
        small.lay_out(folder)
        config = small.CONFIG | {"block_size": size, "cache": False}
        groups = config["datasets"]["d"]["variables"]["list"]
        source = {"source": "d.csv", "variables": {"list": {v: groups[v] for v in order}}}
        config |= {"datasets": {"d": source}}
        what, table = small.tried(small.make_of, folder, config)
        assert what == "made", table
        table["pair"] = ["".join(sorted(both)) for both in zip(table["x"], table["y"], strict=True)]
        tables[name] = table.set_index("pair").sort_index()
    same = tables["two"].drop(columns=small.CLOCKS)
    assert same.equals(tables["one"].drop(columns=small.CLOCKS))
    # the other way round x is y; the pair's draws are its own
    moved = (tables["all"]["mi_bits"] - same["mi_bits"]).abs() / same["sd_bits"]
    assert moved.max() < 1.0
