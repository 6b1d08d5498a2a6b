"""Windows of binned counts against counting by hand, and every bad recording."""

from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from lmi.base.errors import InputError
from lmi.data import spikes
from lmi.data.chosen import data_files

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


def recorded(path):
    return spikes.recording({"source": path})


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
    plain = recorded(save(tmp_path / "a.npz", [0.5, 1, 4], [9, 4, 4])["source"])
    with_header = recorded(save(tmp_path / "b.npz", [0.5, 1, 4], [9, 4, 4], **header)["source"])
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
    assert recorded(str(path)) == spikes.Units(("a", "b"), (1, 2), 0.05, 0.3)
    settings = SETTINGS | {"source": str(path), "bin_ms": 125, "n_lags": 2}
    (counts,) = spikes.count_windows(settings, [("b", 0)])
    np.testing.assert_array_equal(counts, [[0, 1]])


def test_the_bundled_recording():
    known = recorded(RECORDING)
    assert len(known.names) == 289
    assert sum(known.n_spikes) == 124_905
    assert (known.start_s, known.stop_s) == (0.0, 120.0)
    settings = {"source": RECORDING, "bin_ms": 20, "n_lags": 5}
    (counts,) = spikes.count_windows(settings | {"stride_ms": 100}, [("unit254", 0)])
    assert counts.shape == (1200, 5)
    assert counts.sum() == known.n_spikes[known.names.index("unit254")]


# ---- several intervals


@pytest.fixture
def paused(tmp_path):
    """Two independent units, 150 s each side of a pause of 100 s."""
    rng = np.random.default_rng(2)
    own = [np.sort(np.r_[rng.uniform(0, 150, 1500), rng.uniform(250, 400, 1500)]) for _ in range(2)]
    settings = save(tmp_path / "a.npz", np.concatenate(own), np.repeat([0, 1], 3000))
    return settings | {"stride_ms": 100}


def test_windows_lie_within_an_interval(paused):
    settings = paused | {"intervals": [[0, 150], [250.0, 400]], "shift_s": 1.5}
    known = spikes.recording(settings)
    assert known.intervals == ((0.0, 150.0), (250.0, 400.0))
    assert known.pauses == ((150.0, 250.0),)
    assert known.duration_s == 300
    plain, shifted = spikes.count_windows(settings, [("unit0", 0), ("unit0", 1.5)])
    halves = []
    for interval in settings["intervals"]:
        alone = settings | {"intervals": [interval]}
        halves.append(spikes.count_windows(alone, [("unit0", 0), ("unit0", 1.5)]))
    np.testing.assert_array_equal(plain, np.concatenate([half[0] for half in halves]))
    np.testing.assert_array_equal(shifted, np.concatenate([half[1] for half in halves]))
    n = spikes.n_windows(settings)
    assert len(plain) == n == 2 * len(halves[0][0])
    assert plain[: n // 2].sum(axis=1).mean() == pytest.approx(10 * 0.06, rel=0.1)


def test_the_file_may_hold_the_intervals(paused, tmp_path):
    with np.load(paused["source"]) as file:
        arrays = dict(file)
    intervals = np.array([[0, 150], [250, 400]])
    np.savez(tmp_path / "b.npz", interval_s=intervals, **arrays)
    assert recorded(str(tmp_path / "b.npz")).pauses == ((150.0, 250.0),)


def test_an_interval_too_short_for_a_window_has_none(paused):
    settings = paused | {"intervals": [[0, 150], [160, 160.01], [250, 400]]}
    both = paused | {"intervals": [[0, 150], [250, 400]]}
    assert spikes.n_windows(settings) == spikes.n_windows(both)


def test_a_pause_that_nobody_declared_is_not_taken_for_silence(paused):
    with pytest.raises(InputError, match=r"no unit fires from 149\..* to 250\..*intervals: \[\["):
        spikes.n_windows(paused)
    assert spikes.n_windows(paused | {"intervals": [[0, 400]]}) == 4000


@pytest.mark.parametrize(
    "intervals", [[[1, 0]], [[0, 2], [1, 3]], [[2, 3], [0, 1]], [[0, float("nan")]]]
)
def test_intervals_out_of_order_are_refused(paused, intervals):
    with pytest.raises(InputError, match=r"start and end in seconds in spikes.intervals"):
        spikes.n_windows(paused | {"intervals": intervals})


def test_lags_take_intervals_and_too_long_ones_are_refused(paused):
    settings = paused | {"intervals": [[0, 150], [250, 400]]}
    n = spikes.n_windows(settings)
    assert spikes.n_windows(settings, lags=[0, 1]) == n
    assert (np.bincount(spikes.interval_of_windows(settings)) == n // 2).all()
    with pytest.raises(InputError, match=r"at a lag of 1460 windows \d+ of \d+ have a partner"):
        spikes.n_windows(settings, lags=[0, 1460])


def test_short_intervals_are_trials_of_equal_length_or_refused(paused):
    trials = paused | {"intervals": [[i, i + 1] for i in range(0, 100, 2)]}
    assert spikes.n_windows(trials) == 50 * np.sum(spikes.interval_of_windows(trials) == 0)
    ragged = paused | {"intervals": [[i, i + 1 + i / 100] for i in range(0, 100, 2)]}
    with pytest.raises(InputError, match="expected 100 windows an interval on average, or 20"):
        spikes.n_windows(ragged)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("time\n10\nnan\n", r"line 3: expected seconds in time"),
        ("time,time\n10,1\n12,2\n", r"expected one column 'time', found 2"),
    ],
)
def test_events_without_a_time_and_doubled_columns_of_times_are_told(
    paused, tmp_path, content, word
):
    table = tmp_path / "events.csv"
    table.write_text(content)
    around = {"table": str(table), "column": "time", "around": [-0.2, 0.6]}
    with pytest.raises(InputError, match=word):
        spikes.recording(paused | {"intervals": around})


def test_windows_stand_around_the_events_of_a_table(paused, tmp_path):
    table = tmp_path / "cues.csv"
    table.write_text("cue,time\nright,260.5\nleft,10.2\nright,11\n")
    around = {"table": str(table), "column": "time", "around": [-0.2, 0.6]}
    listed = paused | {"intervals": [[10, 10.8], [10.8, 11.6], [260.3, 261.1]]}
    known = spikes.recording(paused | {"intervals": around})
    np.testing.assert_allclose(known.intervals, listed["intervals"])
    few = paused | {"intervals": around, "stride_ms": 100, "bin_ms": 20, "n_lags": 5}
    with pytest.raises(InputError, match="or 20 intervals"):
        spikes.n_windows(few)  # three trials are too few to be shifted against each other
    assert str(table) in data_files({"spikes": few})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "times"}, "no column 'times' .did you mean 'time'"),
        ({"around": [0.5, -0.2]}, "expected a start before the end"),
        ({"around": [-0.5, 0.5]}, r"events at 10\.2 and 11 s are nearer .* than the 1 s around"),
    ],
)
def test_events_that_give_no_windows_are_refused(paused, tmp_path, change, message):
    table = tmp_path / "cues.csv"
    table.write_text("cue,time\nright,260.5\nleft,10.2\nright,11\n")
    around = {"table": str(table), "column": "time", "around": [-0.2, 0.6]} | change
    with pytest.raises(InputError, match=message):
        spikes.recording(paused | {"intervals": around})


def test_a_table_says_when_trials_were(paused, tmp_path):
    table = tmp_path / "trials.csv"
    table.write_text("trial,start,stop\n1,0,150\n2,250,400\n")
    listed = paused | {"intervals": [[0, 150], [250, 400]]}
    assert spikes.recording(paused | {"intervals": str(table)}) == spikes.recording(listed)
    table.write_text("trial,start,stop\n1,0,\n")
    with pytest.raises(InputError, match="line 2: expected numbers in start and stop"):
        spikes.recording(paused | {"intervals": str(table)})
    table.write_text("trial,begin,stop\n1,0,2\n")
    with pytest.raises(InputError, match="expected the columns start and stop"):
        spikes.recording(paused | {"intervals": str(table)})


def test_intervals_without_a_spike_are_refused(paused):
    with pytest.raises(InputError, match=r"no spike lies within .*\[500.0, 900.0\].* to 399\..* s"):
        spikes.count_windows(paused | {"intervals": [[500, 900]]}, [("unit0", 0)])


# ---- times that are numbers of samples


def test_sampling_rate_makes_seconds_of_samples(recording, tmp_path):
    with np.load(recording["source"]) as file:
        samples, units = np.round(file["times"] * 30_000).astype(np.int64), file["units"]
    np.savez(tmp_path / "a.npz", times=samples, units=units, interval_s=np.array([0.0, 2.0]))
    np.savez(tmp_path / "b.npz", times=samples / 30_000, units=units, interval_s=[0.0, 2.0])
    wanted = [("unit3", 0), ("unit7", 0)]
    given = recording | {"source": str(tmp_path / "a.npz"), "sampling_rate": 30_000}
    expected = recording | {"source": str(tmp_path / "b.npz")}
    np.testing.assert_array_equal(
        spikes.count_windows(given, wanted), spikes.count_windows(expected, wanted)
    )


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.float64])
@pytest.mark.parametrize("header", [False, True])
def test_whole_numbers_as_times_need_a_sampling_rate(tmp_path, kind, header):
    extra = {"unit_ids": [1], "unit_counts": [3], "interval_s": [0.0, 20.0]} if header else {}
    times = np.array([0, 30_000, 600_000]).astype(kind)
    path = tmp_path / "a.npz"
    np.savez(path, times=times, units=np.ones(3, int), **extra)
    settings = SETTINGS | {"source": str(path)}
    with pytest.raises(InputError, match=r"600000 s \(6\.94 days\), at 30 kHz 20 s.*sampling_rate"):
        spikes.count_windows(settings, [("unit1", 0)])
    if kind is not np.float64:  # told from the header, while planning
        with pytest.raises(InputError, match="sampling_rate"):
            spikes.n_windows(settings)
    assert spikes.n_windows(settings | {"sampling_rate": 30_000}) == 399


def test_more_windows_than_seconds_would_give_are_refused(tmp_path):
    settings = save(tmp_path / "a.npz", [0.5, 6e5], [1, 1])
    with pytest.raises(InputError, match=r"11999\d* windows in a recording of 600000 s"):
        spikes.n_windows(settings)
    with pytest.raises(InputError, match=r"34.7 days"):
        spikes.n_windows(settings | {"intervals": [[0, 3e6]], "stride_ms": 1e6})


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
        recorded(save(tmp_path / "a.npz", times, units)["source"])


def test_times_that_are_text(tmp_path):
    (tmp_path / "a.csv").write_text("times,units\nx,1\ny,1\n")
    with pytest.raises(InputError, match="expected numbers in `times`"):
        recorded(str(tmp_path / "a.csv"))


def test_spikes_without_a_unit_are_counted(tmp_path):
    (tmp_path / "a.csv").write_text("times,units\n.1,a\n.2,\n.3, \n.4,NA\n.5,None\n")
    with pytest.raises(InputError, match=r"2 of 5 spikes without one .*first in entry 2"):
        recorded(str(tmp_path / "a.csv"))
    table = pd.DataFrame({"times": [0.1, 0.2], "units": pd.array([1, None], "Int64")})
    table.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="1 of 2 spikes without one"):
        recorded(str(tmp_path / "a.parquet"))


def test_units_may_be_called_as_missing_values_are(tmp_path):
    (tmp_path / "a.csv").write_text("times,units\n.1,NA\n.2,None\n.3,nan\n")
    assert recorded(str(tmp_path / "a.csv")).names == ("NA", "None", "nan")


def test_a_group_in_place_of_an_array(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["units/spike_times"], file["units/spike_times_index"] = [0.1, 0.2], [1, 2]
    with pytest.raises(InputError, match=r"`units`, found a group with spike_times, .*NWB"):
        recorded(str(tmp_path / "a.h5"))


def test_missing_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", time=np.zeros(3))
    with pytest.raises(InputError, match="one entry a spike; missing: times, units"):
        recorded(str(tmp_path / "a.npz"))


def test_a_header_that_contradicts_itself(tmp_path):
    ids, counts = np.array([1, 1]), np.array([2, 2])
    settings = save(tmp_path / "a.npz", [0, 1], [1, 1], unit_ids=ids, unit_counts=counts)
    with pytest.raises(InputError, match="each unit once"):
        recorded(settings["source"])
    settings = save(tmp_path / "b.npz", [0, 1], [1, 1], interval_s=np.array([2.0, 1.0]))
    with pytest.raises(InputError, match="start and end in seconds"):
        recorded(settings["source"])


@pytest.mark.parametrize("ending", ["npz", "h5", "xyz", "parquet"])
def test_unreadable_files(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_bytes(b"nothing of use")
    with pytest.raises(InputError, match=f"a.{ending}'"):
        recorded(str(tmp_path / f"a.{ending}"))
    with pytest.raises(InputError, match=r"spikes .*no such file"):
        recorded(str(tmp_path / f"b.{ending}"))


def test_seconds_that_are_divided_by_a_sampling_rate_are_refused():
    settings = {"source": "tests/data/neurons/spikes.npz", "sampling_rate": 30000}
    settings |= {"bin_ms": 20, "n_lags": 5, "stride_ms": 100}
    with pytest.raises(InputError, match=r"all spikes lie in one stretch of 0\.00\d+ s within"):
        spikes.count_windows(settings, [("unit0", 0.0)])
