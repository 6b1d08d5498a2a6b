"""HDF5 files of users are walked in a process of its own before they are read.

The HDF5 library loops without end, or ends the process, on some damaged files, and nothing in
Python can interrupt it. The other process is started once and takes one file after the other; it
limits its own time, so that it never outlives what started it. This file is also what it runs.
"""

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import threading

START_S, SECONDS_A_MB, MOST_S = 2.0, 2.0, 300.0
"""CPU time for one file, by its size: sound files take a hundredth of it."""
READ_WHOLE_BYTES = 10_000_000
"""Files up to this size are read as a whole, of larger ones the structure and all texts."""
DATA_BYTES = 100_000_000
"""Data that take more memory are not read, since zeros take little room in a file."""
CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL", "SIGSYS")
"""How a fault of the library ends a process; others end it for reasons of their own."""

_lock = threading.Lock()
_walker: list = []  # the process that walks, and the process that started it


@functools.lru_cache(maxsize=4096)
def trouble(path: str, _stamp: tuple) -> str:
    """Return what happens to who walks through a file, in words; nothing where it ends well.

    Errors that the library tells are nothing: who reads the file meets and tells them.
    """
    with _lock:
        status = _status(path)
    if status is None:
        return ""
    name = signal.Signals(-status).name if status < 0 else ""
    if name == "SIGPROF":
        return f"keeps the HDF5 library busy for more than {_limit_s(path):.0f} s, without end"
    return f"ends the process that reads it ({name})" if name in CRASHES else ""


def _status(path):
    """Let a file be walked; return how the process ended, None where it goes on or cannot start."""
    try:
        process = _started()
    except OSError:  # what runs Python here cannot be started as a program
        return None
    is_sound = False
    try:
        # in full: it was started where the working folder may have been another one
        process.stdin.write(json.dumps(os.path.abspath(path)) + "\n")
        process.stdin.flush()
        is_sound = bool(process.stdout.readline())
    except BrokenPipeError:
        pass
    except BaseException:  # interrupted: its answer would be taken for that of the next file
        process.kill()
        raise
    finally:
        if not is_sound:
            _walker.clear()
            status = process.wait()
            process.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # of what was not flushed
                process.stdin.close()
    return None if is_sound else status


def _started():
    """Return the process that walks; a fork does not share that of its parent.

    It has a session of its own: what interrupts a cell of a notebook leaves it at work.
    """
    if _walker and (_walker[1] != os.getpid() or _walker[0].poll() is not None):
        _walker.clear()
    if not _walker:
        command = [sys.executable or "python", "-P", __file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
        _walker[:] = [started, os.getpid()]
    return _walker[0]


@atexit.register
def _end():
    """End the process that walks, which is idle, with the one that started it."""
    if _walker and _walker[1] == os.getpid():
        with _walker[0] as process:
            process.kill()
        _walker.clear()


def _limit_s(path):
    return min(MOST_S, START_S + SECONDS_A_MB * os.path.getsize(path) / 1e6)


# ---- in the other process


def _walk(path, h5py):
    """Touch what readers touch: groups, attributes, texts, the index of chunks, small data."""
    small = os.path.getsize(path) <= READ_WHOLE_BYTES

    def touch(_, item):
        for read in (_attributes, _data):
            with contextlib.suppress(Exception):  # whatever the library tells
                read(item, small, h5py)

    with h5py.File(path, "r") as file:
        touch("", file)
        file.visititems(touch)


def _attributes(item, small, h5py):
    dict(item.attrs)


def _data(item, small, h5py):
    if not isinstance(item, h5py.Dataset):
        return
    if item.chunks and not item.is_virtual:
        item.id.get_num_chunks()
    if (small and item.nbytes <= DATA_BYTES) or h5py.check_string_dtype(item.dtype):
        item[()]


def _main():
    import h5py

    for line in sys.stdin:
        path = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, _limit_s(path))
        with contextlib.suppress(Exception):  # whatever the library tells
            _walk(path, h5py)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print("walked", flush=True)


if __name__ == "__main__":
    _main()
