"""GPUs are leased, one a job unless told otherwise; no GPU is needed here."""

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "workflow" / "scripts"))

from gpu import gpu, lease
from lmi.base.devices import devices
from lmi.base.errors import InputError


def test_two_jobs_get_different_devices(tmp_path):
    with lease(["0", "1"], folder=tmp_path) as first, lease(["0", "1"], folder=tmp_path) as second:
        assert {first, second} == {"0", "1"}


def test_device_is_shared_when_told_to(tmp_path):
    with lease(["0"], 2, tmp_path) as first, lease(["0"], 2, tmp_path) as second:
        assert first == second == "0"


def hold(folder, queue):
    with lease(["0"], folder=folder) as device:
        queue.put(device)


def test_third_job_waits_for_the_end_of_another(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    with lease(["0"], folder=tmp_path):
        waiting = context.Process(target=hold, args=(tmp_path, queue))
        waiting.start()
        waiting.join(3)
        assert waiting.is_alive()
        assert queue.empty()
    assert queue.get(timeout=60) == "0"
    waiting.join()


def test_cpu_when_no_gpu_is_asked_for(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with gpu({"gpu": 0}):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_what_slurm_gave_is_kept(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with gpu({"gpu": 1}):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.mark.parametrize(("value", "names"), [("2,3", ["2", "3"]), ("", [])])
def test_devices_that_the_user_left_visible(monkeypatch, value, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert devices() == names


def test_the_locks_lie_in_a_private_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old = os.umask(0)
    try:
        with lease(["0"]):
            (folder,) = tmp_path.iterdir()
            assert folder.stat().st_mode & 0o777 == 0o700
            assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
    finally:
        os.umask(old)
    folder.chmod(0o755)  # as an earlier version made it
    with lease(["0"]):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_no_link_is_followed_and_no_file_is_emptied(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / "0-0").symlink_to(precious)
    with pytest.raises(OSError), lease(["0"], folder=folder):
        pass
    assert precious.read_text() == "mine"
    (tmp_path / "link").symlink_to(folder)
    with (
        pytest.raises(InputError, match=r"link: expected a folder of this user.*set TMPDIR"),
        lease(["0"], folder=tmp_path / "link"),
    ):
        pass
    with pytest.raises(InputError, match="found what is no folder"), lease(["0"], folder=precious):
        pass
    (folder / "1-0").write_text("kept")
    with lease(["1"], folder=folder):
        assert (folder / "1-0").read_text() == "kept"


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    with (
        pytest.raises(InputError, match=f"found one of the user {tmp_path.stat().st_uid}"),
        lease(["0"], folder=tmp_path),
    ):
        pass
