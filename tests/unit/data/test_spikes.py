"""Windows of binned counts against counting by hand, and every bad recording."""

from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data import spikes

RECORDING = str(Path(__file__).parents[2] / "data" / "neurons" / "spikes.npz")
SETTINGS = {"bin_ms": 20, "n_lags": 3, "stride_ms": 50, "shift_s": 0}


def save(path, times, units, **others):
    np.savez(path, times=np.asarray(times, float), units=np.asarray(units), **others)
    return {**SETTINGS, "source": str(path)}


@pytest.fixture
def recording(tmp_path):
    rng = np.random.default_rng(3)
    times, units = rng.uniform(0, 2, 400), rng.choice([3, 7, 12], 400)
    return save(tmp_path / "spikes.npz", times, units, interval_s=np.array([0.0, 2.0]))


def by_hand(settings, unit, shift_s=0.0):
    """Count spike by spike, in whole numbers of nanoseconds."""
    with np.load(settings["source"]) as file:
        own = [round(t * 1e9) for t in file["times"][file["units"] == unit]]
    windows = []
    start = 0
    length = settings["bin_ms"] * settings["n_lags"]
    while start + length + shift_s * 1000 <= 2000:
        edges = [
            round((start + shift_s * 1000 + settings["bin_ms"] * i) * 1e6)
            for i in range(settings["n_lags"] + 1)
        ]
        bins = pairwise(edges)
        windows.append([sum(left <= t < right for t in own) for left, right in bins])
        start += settings["stride_ms"]
    return windows


@pytest.mark.parametrize("stride_ms", [20, 50, 60, 73])
def test_counts_equal_counting_by_hand(recording, stride_ms):
    settings = recording | {"stride_ms": stride_ms}
    counts = spikes.count_windows(settings, [("unit3", 0), ("unit12", 0)])
    assert [one.dtype for one in counts] == [np.float32, np.float32]
    np.testing.assert_array_equal(counts[0], by_hand(settings, 3))
    np.testing.assert_array_equal(counts[1], by_hand(settings, 12))
    assert len(counts[0]) == spikes.n_windows(settings)


def test_the_shifted_copy_starts_later_and_both_exist(recording):
    settings = recording | {"shift_s": 0.5}
    plain, shifted = spikes.count_windows(settings, [("unit7", 0), ("unit7", 0.5)])
    assert plain.shape == shifted.shape
    np.testing.assert_array_equal(shifted, by_hand(settings, 7, 0.5))
    np.testing.assert_array_equal(plain[10:], shifted[:-10])  # 0.5 s are ten strides of 50 ms


def test_contiguous_windows_hold_every_spike_once(recording):
    settings = recording | {"stride_ms": 60, "bin_ms": 20, "n_lags": 3}
    (counts,) = spikes.count_windows(settings, [("unit3", 0)])
    with np.load(recording["source"]) as file:
        own = file["times"][file["units"] == 3]
    assert counts.sum() == (own < len(counts) * 0.06).sum()


def test_a_window_may_end_where_the_recording_does(tmp_path):
    settings = save(tmp_path / "a.npz", [0.05, 0.31], [1, 1], interval_s=np.array([0.0, 0.36]))
    assert spikes.n_windows(settings | {"stride_ms": 60}) == 6


def test_units_come_from_the_header_where_there_is_one(tmp_path):
    header = {
        "unit_ids": np.array([4, 9]),
        "unit_counts": np.array([2, 1]),
        "interval_s": np.array([0.0, 5.0]),
    }
    plain = spikes.units(save(tmp_path / "a.npz", [0.5, 1, 4], [9, 4, 4])["source"])
    with_header = spikes.units(save(tmp_path / "b.npz", [0.5, 1, 4], [9, 4, 4], **header)["source"])
    assert plain == spikes.Units(("unit4", "unit9"), (2, 1), 0.5, 4.0)
    assert with_header == spikes.Units(("unit4", "unit9"), (2, 1), 0.0, 5.0)


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "h5", "hdf5"])
def test_other_formats(tmp_path, ending):
    table = pd.DataFrame({"times": [0.25, 0.05, 0.3], "units": ["b", "a", "b"]})
    path = tmp_path / f"spikes.{ending}"
    if ending == "parquet":
        table.to_parquet(path)
    elif ending in ("csv", "tsv"):
        table.to_csv(path, index=False, sep="," if ending == "csv" else "\t")
    else:
        with h5py.File(path, "w") as file:
            file["times"], file["units"] = table["times"], list(table["units"])
    assert spikes.units(str(path)) == spikes.Units(("a", "b"), (1, 2), 0.05, 0.3)
    settings = SETTINGS | {"source": str(path), "bin_ms": 125, "n_lags": 2}
    (counts,) = spikes.count_windows(settings, [("b", 0)])
    np.testing.assert_array_equal(counts, [[0, 1]])


def test_the_bundled_recording():
    known = spikes.units(RECORDING)
    assert len(known.names) == 289
    assert sum(known.n_spikes) == 124_905
    assert (known.start_s, known.stop_s) == (0.0, 120.0)
    settings = {"source": RECORDING, "bin_ms": 20, "n_lags": 5}
    (counts,) = spikes.count_windows(settings | {"stride_ms": 100}, [("unit254", 0)])
    assert counts.shape == (1200, 5)
    assert counts.sum() == known.n_spikes[known.names.index("unit254")]


# ---- bad recordings


def test_recording_shorter_than_a_window(recording):
    with pytest.raises(InputError, match=r"lasts 2 s, shorter than one window \(60 ms\).*\(10 s\)"):
        spikes.n_windows(recording | {"shift_s": 10})


@pytest.mark.parametrize(
    "times, units, message",
    [
        ([1.0, 2.0], [1], r"same length.*\(2,\) and \(1,\)"),
        ([1.0, np.nan], [1, 2], "finite times, found nan in entry 2"),
        ([1.0, 2.0], [1.0, np.nan], "a unit for every spike"),
        ([], [], "same length"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, times, units, message):
    with pytest.raises(InputError, match=message):
        spikes.units(save(tmp_path / "a.npz", times, units)["source"])


def test_times_that_are_text(tmp_path):
    (tmp_path / "a.csv").write_text("times,units\nx,1\ny,1\n")
    with pytest.raises(InputError, match="expected numbers in `times`"):
        spikes.units(str(tmp_path / "a.csv"))


def test_missing_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", time=np.zeros(3))
    with pytest.raises(InputError, match="one entry a spike; missing: times, units"):
        spikes.units(str(tmp_path / "a.npz"))


def test_a_header_that_contradicts_itself(tmp_path):
    ids, counts = np.array([1, 1]), np.array([2, 2])
    settings = save(tmp_path / "a.npz", [0, 1], [1, 1], unit_ids=ids, unit_counts=counts)
    with pytest.raises(InputError, match="each unit once"):
        spikes.units(settings["source"])
    settings = save(tmp_path / "b.npz", [0, 1], [1, 1], interval_s=np.array([2.0, 1.0]))
    with pytest.raises(InputError, match="start and end in seconds"):
        spikes.units(settings["source"])


@pytest.mark.parametrize("ending", ["npz", "h5", "xyz", "parquet"])
def test_unreadable_files(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_bytes(b"nothing of use")
    with pytest.raises(InputError, match=f"a.{ending}'"):
        spikes.units(str(tmp_path / f"a.{ending}"))
    with pytest.raises(InputError, match=r"spikes .*no such file"):
        spikes.units(str(tmp_path / f"b.{ending}"))
