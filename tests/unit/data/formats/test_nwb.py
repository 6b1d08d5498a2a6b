"""NWB files that pynwb writes: units, tables of intervals, series in time."""

import datetime

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.data import spikes
from lmi.data.variables import list_variables, read_matrices

pynwb = pytest.importorskip("pynwb")
pytestmark = pytest.mark.filterwarnings("ignore:The linked table:UserWarning")
N_FRAMES, RATE, START_S = 300, 30.0, 1.0
SETTINGS = {"bin_ms": 20, "n_lags": 3, "stride_ms": 60}


def new_file():
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    return pynwb.NWBFile("a session", "an identifier", start)


def save(file, path):
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    return str(path)


@pytest.fixture
def firing():
    rng = np.random.default_rng(0)
    return {3: np.sort(rng.uniform(0, 100, 900)), 7: np.sort(rng.uniform(0, 100, 700))}


@pytest.fixture
def recording(tmp_path, firing):
    file = new_file()
    for unit, times in firing.items():
        file.add_unit(id=unit, spike_times=times)
    file.add_unit(id=9, spike_times=[])
    for start in (0.0, 40.0, 80.0):
        file.add_trial(start_time=start, stop_time=start + 15)
    return save(file, tmp_path / "session.nwb")


def test_units_and_their_spikes_are_read(recording, firing):
    units = spikes.recording({"source": recording})
    assert (units.names, units.n_spikes) == (("unit3", "unit7"), (900, 700))
    every = np.concatenate(list(firing.values()))
    assert (units.start_s, units.stop_s) == (every.min(), every.max())
    settings = SETTINGS | {"source": recording, "intervals": [[0, 60]]}
    counts = spikes.count_windows(settings, [("unit3", 0), ("unit7", 0)])
    for one, times in zip(counts, firing.values(), strict=True):
        expected = np.histogram(times, np.arange(0, 60.001, 0.02))[0]
        np.testing.assert_array_equal(one.ravel(), expected)


def test_a_table_of_trials_gives_the_intervals(recording, firing):
    units = spikes.recording({"source": recording, "intervals": "trials"})
    assert units.intervals == ((0, 15), (40, 55), (80, 95))
    settings = SETTINGS | {"source": recording, "intervals": "trials"}
    (counts,) = spikes.count_windows(settings, [("unit7", 0)])
    assert len(counts) == spikes.n_windows(settings) == 3 * 250
    within = [((firing[7] >= start) & (firing[7] < start + 15)).sum() for start in (0, 40, 80)]
    assert counts.sum() == sum(within)
    with pytest.raises(InputError, match=r"no table 'trails' \(did you mean 'trials'\?\)"):
        spikes.recording({"source": recording, "intervals": "trails"})
    with pytest.raises(InputError, match=r"times of \.nwb files are in seconds"):
        spikes.recording({"source": recording, "sampling_rate": 30000})


def test_observed_intervals_are_what_was_recorded(tmp_path, firing):
    file = new_file()
    for unit, times in firing.items():
        file.add_unit(id=unit, spike_times=times, obs_intervals=[[0.0, 50.0], [60.0, 100.0]])
    path = save(file, tmp_path / "a.nwb")
    assert spikes.recording({"source": path}).intervals == ((0, 50), (60, 100))
    file = new_file()
    for unit, times in firing.items():
        file.add_unit(id=unit, spike_times=times, obs_intervals=[[0.0, 90.0 + unit]])
    path = save(file, tmp_path / "b.nwb")
    with pytest.raises(InputError, match="units were observed at different times"):
        spikes.recording({"source": path})
    assert spikes.recording({"source": path, "intervals": [[0, 93]]}).duration_s == 93


def series_of(name, data, **times):
    return pynwb.TimeSeries(name=name, data=data, unit="a.u.", **times)


def imaging(path, speed_times=None):
    """Write calcium imaging of two of four cells, and the running speed at the same times."""
    rng = np.random.default_rng(1)
    file = new_file()
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=pynwb.ophys.OpticalChannel(
            name="green", description="a channel", emission_lambda=500.0
        ),
        description="a plane",
        device=file.create_device("microscope"),
        excitation_lambda=600.0,
        indicator="GCaMP",
        location="V1",
    )
    module = file.create_processing_module("ophys", "cells")
    cells = pynwb.ophys.ImageSegmentation()
    module.add(cells)
    table = cells.create_plane_segmentation("all cells", plane, "cells")
    for _ in range(4):
        table.add_roi(image_mask=np.ones((2, 2)))
    series = pynwb.ophys.RoiResponseSeries(
        name="dff",
        data=rng.normal(size=(N_FRAMES, 2)),
        rois=table.create_roi_table_region("two cells", [1, 3]),
        unit="n.a.",
        rate=RATE,
        starting_time=START_S,
    )
    module.add(pynwb.ophys.Fluorescence(roi_response_series=series))
    times = START_S + np.arange(N_FRAMES) / RATE if speed_times is None else speed_times
    behavior = file.create_processing_module("behavior", "running")
    behavior.add(series_of("speed", rng.normal(size=len(times)), timestamps=times))
    behavior.add(series_of("position", rng.normal(size=(50, 2)), rate=5.0))
    return save(file, path), series.data[:], behavior["speed"].data[:]


DFF, SPEED = "processing/ophys/Fluorescence/dff", "processing/behavior/speed"


def values_of(dataset):
    variables = list_variables(dataset)
    matrices, info = read_matrices(dataset, variables, min_samples=2)
    found = zip(variables, matrices, info["features"], strict=True)
    return {variable.name: (matrix, names) for variable, matrix, names in found}, info


def test_imaging_and_behaviour_pair_up_by_time(tmp_path):
    path, dff, speed = imaging(tmp_path / "a.nwb")
    dataset = {"source": path, "key": [DFF, SPEED], "variables": "files", "time_series": True}
    values, info = values_of(dataset)
    assert list(values) == [DFF, SPEED]
    np.testing.assert_array_equal(values[DFF][0], dff)
    np.testing.assert_array_equal(values[SPEED][0].ravel(), speed)
    assert values[DFF][1] == ("roi1", "roi3")
    assert values[SPEED][1] == ("speed",)
    assert info["sample_names"][:2] == ("1.000000", "1.033333")


def test_series_of_other_times_are_not_joined_by_position(tmp_path):
    times = START_S + 0.011 + np.arange(N_FRAMES) / RATE
    path, _, _ = imaging(tmp_path / "a.nwb", times)
    dataset = {"source": path, "key": [DFF, SPEED], "variables": "files", "time_series": True}
    with pytest.raises(InputError, match="no sample in common"):
        values_of(dataset)


def test_a_gap_in_a_series_is_refused(tmp_path):
    times = START_S + np.arange(N_FRAMES) / RATE
    times[100:] += 2
    path, _, _ = imaging(tmp_path / "a.nwb", times)
    dataset = {"source": path, "key": SPEED, "variables": "each", "time_series": True}
    with pytest.raises(InputError, match=r"constant rate, found 1 other steps than 0\.0333333 s"):
        list_variables(dataset)


def test_which_series_and_that_it_is_one_must_be_said(tmp_path, recording):
    path, _, _ = imaging(tmp_path / "a.nwb")
    dataset = {"source": path, "variables": "each", "time_series": True}
    with pytest.raises(InputError, match=f"holds 3 matrices .*{SPEED}.* say which one with `key`"):
        list_variables(dataset)
    with pytest.raises(InputError, match="Set `time_series: true`"):
        list_variables(dataset | {"key": DFF, "time_series": False})
    with pytest.raises(InputError, match="table of units with spike times"):
        spikes.recording({"source": path})
    with pytest.raises(InputError, match="expected a matrix of numbers"):
        list_variables(dataset | {"source": recording})


def test_a_file_that_is_no_nwb_file_is_told(tmp_path):
    (tmp_path / "a.nwb").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match=r"a\.nwb': expected a readable \.nwb file"):
        spikes.recording({"source": str(tmp_path / "a.nwb")})
    import h5py

    with h5py.File(tmp_path / "b.nwb", "w") as file:
        file["x"] = 1
    with pytest.raises(InputError, match=r"b\.nwb': expected a readable NWB file"):
        spikes.recording({"source": str(tmp_path / "b.nwb")})
