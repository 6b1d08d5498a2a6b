"""Which GPU a job trains on: the one that SLURM gave it, a free one, or none."""

import contextlib
import fcntl
import os
import tempfile
import time
from pathlib import Path


@contextlib.contextmanager
def gpu(resources):
    """Set CUDA_VISIBLE_DEVICES for a job; where there is a choice, wait until a GPU is free.

    Enter before torch is imported.

    Parameters
    ----------
    resources : mapping
        Of the rule: `gpu`, 0 for training on the CPU, and `jobs_per_gpu`, how many jobs may share
        a GPU (1 where it is not set).
    """
    if not resources.get("gpu", 0):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        yield
    elif not devices() or ("SLURM_JOB_ID" in os.environ and len(devices()) == 1):
        yield
    else:
        with lease(devices(), resources.get("jobs_per_gpu", 1)) as device:
            os.environ["CUDA_VISIBLE_DEVICES"] = device
            yield


def devices():
    """Return the numbers of the GPUs, or those that CUDA_VISIBLE_DEVICES leaves, as strings."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name]
    return [str(i) for i, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


@contextlib.contextmanager
def lease(devices, jobs_per_gpu=1, folder=None):
    """Wait for a device with less than `jobs_per_gpu` jobs on it; yield it and hold it.

    The system lets go of the lock of a job that dies.

    Parameters
    ----------
    devices : list of str
    jobs_per_gpu : int
    folder : str or Path, optional
        Of the lock files; by default one of this user's in the system's temporary folder.
    """
    # Two SLURM jobs may call different devices by the same number.
    name = f"lmi-gpus-{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'local')}"
    folder = Path(folder or Path(tempfile.gettempdir(), name))
    folder.mkdir(exist_ok=True)
    # Every device its first job, then every device its second.
    slots = [(device, slot) for slot in range(jobs_per_gpu) for device in devices]
    while True:
        for device, slot in slots:
            with open(folder / f"{device}-{slot}", "w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield device
                return
        time.sleep(1)
