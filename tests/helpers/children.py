"""What a process that a test has forked says, and how it ends."""

import os
import pickle
import select
import signal
import time


def answer(child, ours, seconds):
    """Wait for what a child writes, as a pickle of its own; kill it when its time is over.

    Parameters
    ----------
    child : int
    ours : int
        Where its answer comes; closed afterwards.
    seconds : float

    Returns
    -------
    object
        ("crash", its status) where it says nothing; None where it was killed.
    """
    parts, end = [], time.monotonic() + seconds
    late = False
    while True:
        if not select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
            late = True
            break
        part = os.read(ours, 1 << 16)
        if not part:
            break
        parts.append(part)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    if late:
        return None
    return pickle.loads(b"".join(parts)) if parts else ("crash", f"status {status}")
