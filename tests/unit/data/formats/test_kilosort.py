"""Folders as Kilosort and phy leave them: read as units, or refused."""

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.data import spikes
from lmi.data.sources import data_files

SETTINGS = {"bin_ms": 20, "n_lags": 3, "stride_ms": 100}
RATE = 30_000
PARAMS = """dat_path = '/data/raw.bin'
n_channels_dat = 384
dtype = 'int16'
offset = 0
sample_rate = 30000.
hp_filtered = False
"""
GROUPS = "cluster_id\tgroup\n0\tgood\n1\tnoise\n2\tgood\n"


@pytest.fixture
def folder(tmp_path):
    """Four clusters, the last of which nobody has looked at."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 60 * RATE, 2000)).astype(np.uint64)
    np.save(tmp_path / "spike_times.npy", times[:, None])  # a column, as Kilosort 2 writes it
    np.save(tmp_path / "spike_clusters.npy", rng.integers(0, 4, 2000).astype(np.int32))
    np.save(tmp_path / "amplitudes.npy", rng.normal(size=2000))
    (tmp_path / "params.py").write_text(PARAMS)
    (tmp_path / "cluster_group.tsv").write_text(GROUPS)
    return tmp_path


def recorded(folder, **keys):
    return spikes.recording({"source": str(folder)} | keys)


def test_good_clusters_are_units_and_times_are_seconds(folder):
    units = recorded(folder)
    assert units.names == ("unit0", "unit2")
    times = np.load(folder / "spike_times.npy").ravel() / RATE
    clusters = np.load(folder / "spike_clusters.npy")
    assert units.n_spikes == tuple((clusters == one).sum() for one in (0, 2))
    good = times[np.isin(clusters, (0, 2))]
    assert (units.start_s, units.stop_s) == (good.min(), good.max())
    settings = SETTINGS | {"source": str(folder), "stride_ms": 60, "intervals": [[0, 60]]}
    (counts,) = spikes.count_windows(settings, [("unit2", 0)])
    assert counts.shape == (1000, 3)
    expected = np.histogram(times[clusters == 2], np.arange(0, 60.001, 0.02))[0]
    np.testing.assert_array_equal(counts.ravel(), expected)


def test_the_config_chooses_groups_of_clusters(folder):
    assert recorded(folder, clusters="all").names == ("unit0", "unit1", "unit2", "unit3")
    assert recorded(folder, clusters=["good", "unsorted"]).names == ("unit0", "unit2", "unit3")
    with pytest.raises(InputError, match=r"group 'nois' \(did you mean 'noise'\?\)"):
        recorded(folder, clusters=["nois"])


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("cluster_groups.csv", GROUPS),
        ("cluster_KSLabel.tsv", GROUPS.replace("group", "KSLabel")),
        ("cluster_group.tsv", GROUPS.replace("group", "KSLabel")),
        (
            "cluster_info.tsv",
            "cluster_id\tKSLabel\tch\tgroup\tn\n"
            "0\tmua\t3\tgood\t9\n1\tgood\t3\tnoise\t9\n2\tmua\t4\tgood\t9\n3\tgood\t4\t\t9\n",
        ),
    ],
)
def test_every_table_of_clusters_is_read(folder, name, table):
    (folder / "cluster_group.tsv").unlink()
    (folder / name).write_text(table)
    assert recorded(folder).names == ("unit0", "unit2")
    (folder / name).unlink()
    with pytest.raises(InputError, match="Set `clusters: all`"):
        recorded(folder)


def test_params_are_parsed_and_never_run(folder):
    (folder / "params.py").write_text("import os\nos.abort()\nsample_rate = 20000\n")
    assert recorded(folder).stop_s > 80
    for line in ("sample_rate = 2 * fs", "sample_rate = (", "sample_rate = -1", "sample_rate=''"):
        (folder / "params.py").write_text(line + "\n")
        with pytest.raises(InputError, match=r"params\.py'.*(expected a line like|above 0)"):
            recorded(folder)


def test_a_rate_of_the_config_must_be_that_of_the_folder(folder):
    assert recorded(folder, sampling_rate=30000) == recorded(folder)
    with pytest.raises(InputError, match=r"25000 Hz in the config and 30000 Hz in params\.py"):
        recorded(folder, sampling_rate=25000)
    (folder / "params.py").unlink()
    with pytest.raises(InputError, match=r"whole numbers .*Set `sampling_rate`"):
        recorded(folder)
    assert recorded(folder, sampling_rate=30000).stop_s < 60


def test_what_does_not_fit_is_refused(folder, tmp_path_factory):
    np.save(folder / "spike_times.npy", np.arange(5))
    with pytest.raises(InputError, match="found 5 times and 2000 clusters"):
        recorded(folder)
    np.save(folder / "spike_times.npy", np.arange(2000.0))
    with pytest.raises(InputError, match="one whole number a spike, found the type float64"):
        recorded(folder)
    (folder / "spike_clusters.npy").write_bytes(b"no numpy")
    with pytest.raises(InputError, match=r"readable \.npy file"):
        recorded(folder)
    (folder / "spike_clusters.npy").unlink()
    with pytest.raises(InputError, match=r"expected spike_clusters\.npy"):
        recorded(folder)
    with pytest.raises(InputError, match=r"found a folder with nothing in it"):
        recorded(tmp_path_factory.mktemp("empty"))


def test_the_files_that_are_read_are_the_source(folder):
    names = {path.rpartition("/")[2] for path in data_files({"spikes": {"source": str(folder)}})}
    assert names == {"spike_times.npy", "spike_clusters.npy", "params.py", "cluster_group.tsv"}
    assert recorded(folder).names == ("unit0", "unit2")
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n1\tgood\n")
    assert recorded(folder).names == ("unit1",)


def test_keys_of_other_recordings_are_refused(folder, tmp_path):
    np.savez(tmp_path / "a.npz", times=[0.5, 1.2], units=[1, 1])
    with pytest.raises(InputError, match="`clusters` is for folders"):
        spikes.recording({"source": str(tmp_path / "a.npz"), "clusters": "all"})
    with pytest.raises(InputError, match=r"found 'trials'\. Names of tables are for \.nwb"):
        spikes.recording({"source": str(tmp_path / "a.npz"), "intervals": "trials"})
