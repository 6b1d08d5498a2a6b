"""Libraries that not everybody has: the message says what to install."""

import sys

import h5py
import pytest
from lmi.base.errors import InputError
from lmi.data import sources, spikes
from lmi.data.sources import Source


def test_a_library_that_is_missing_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    monkeypatch.setitem(sys.modules, "zarr", None)
    with h5py.File(tmp_path / "a.nwb", "w"):
        pass
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(InputError, match=r"the library pynwb .*pip install '\.\[nwb\]'"):
        spikes.recording({"source": str(tmp_path / "a.nwb")})
    with pytest.raises(InputError, match=r"the library pynwb .*pip install '\.\[nwb\]'"):
        sources.header(Source(str(tmp_path / "a.nwb")))
    with pytest.raises(InputError, match=r"the library zarr .*pip install '\.\[zarr\]'"):
        sources.header(Source(str(tmp_path / "a.zarr")))
