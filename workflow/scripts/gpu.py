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
    from lmi.base.devices import devices

    if not resources.get("gpu", 0):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        yield
    elif not devices() or ("SLURM_JOB_ID" in os.environ and len(devices()) == 1):
        yield
    else:
        with lease(devices(), resources.get("jobs_per_gpu", 1)) as device:
            os.environ["CUDA_VISIBLE_DEVICES"] = device
            yield


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
    folder = _private(Path(folder or Path(tempfile.gettempdir(), name)))
    # Every device its first job, then every device its second.
    slots = [(device, slot) for slot in range(jobs_per_gpu) for device in devices]
    try:
        device, lock = _first_free(folder, slots)
    finally:
        os.close(folder)
    try:
        yield device
    finally:
        os.close(lock)


def _first_free(folder, slots):
    """Return the device of the first free slot, once there is one, and its lock."""
    # no link is followed, and no file is emptied
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        for device, slot in slots:
            lock = os.open(f"{device}-{slot}".replace("/", "_"), flags, 0o600, dir_fd=folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return device, lock
            except BlockingIOError:
                os.close(lock)
        time.sleep(1)


def _private(path):
    """Open a folder that nobody but this user can write, made if need be; return its descriptor.

    Anybody may make a folder, or a link, of any name in the system's temporary folder.

    Raises
    ------
    InputError
        It is a link or a file, or another user's.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _not_ours(path, f"what is no folder ({error.strerror})") from error
    status = os.fstat(folder)
    if status.st_uid != os.getuid():
        os.close(folder)
        raise _not_ours(path, f"one of the user {status.st_uid}")
    if status.st_mode & 0o077:
        os.fchmod(folder, 0o700)  # made by an earlier version, or under another umask
    return folder


def _not_ours(path, found):
    from lmi.base.errors import InputError

    return InputError(
        f"{path}: expected a folder of this user for the locks of GPUs, found {found}. Remove it, "
        "or set TMPDIR to a folder of your own"
    )
