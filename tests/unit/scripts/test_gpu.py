"""GPUs are leased, one a job unless told otherwise; no GPU is needed here."""

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "workflow" / "scripts"))

from gpu import devices, gpu, lease


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
