"""What keeps a file from being written is one message with the cure."""

import errno
import resource

import numpy as np
import pytest
from lmi.base import disk, files
from lmi.base.errors import InputError


@pytest.mark.parametrize("number", disk.CURES)
def test_an_error_of_the_system_names_the_file_and_the_cure(tmp_path, number):
    with (
        pytest.raises(InputError, match=r"table\.h5: .*run the same command again"),
        files.replacing(tmp_path / "table.h5"),
    ):
        raise OSError(number, "no")
    assert not list(tmp_path.iterdir())


def test_what_hdf5_hides_in_its_text_is_found(tmp_path):
    error = RuntimeError(f"Unable to flush file (file write failed: errno = {errno.ENOSPC}, error)")
    with (
        pytest.raises(InputError, match="Make room on that disk"),
        files.replacing(tmp_path / "table.h5"),
    ):
        raise error


def test_an_error_about_a_file_elsewhere_is_left_alone(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="absent"),
        files.replacing(tmp_path / "results" / "table.h5"),
    ):
        open(tmp_path / "elsewhere" / "absent")  # noqa: SIM115 - there is none


def test_a_limit_on_the_size_of_files_is_told(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(InputError, match="ulimit"):
            files.write(tmp_path / "a.h5", {"a": np.random.default_rng(0).normal(size=10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_gone_is_named():
    error = FileNotFoundError(errno.ENOENT, "no", "d.csv")
    assert disk.told(error).startswith("d.csv: ") and "run the same command" in disk.told(error)
    assert not disk.told(OSError("no number"))
