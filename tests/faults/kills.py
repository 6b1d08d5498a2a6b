"""Kills (SIGKILL) at random moments; then the same command, and the same table."""

import os
import time
from pathlib import Path

from tests.faults import small

LITTER = (".writing-*", ".placing-*", ".unfinished-*")
MOMENTS = (None, ".unfinished-*/*.h5", ".writing-*")
"""When to kill: at any moment, or soon after a file of this pattern is there."""


def stage(folder):
    """Return the stage that a run has come to: the one of the first file that is missing."""
    os.chdir(folder)
    config = small.load_config(small.CONFIG)
    for path, _ in small.made_of(small.Plan(config)):
        if not Path(path).exists():
            folder = Path(path).parent.name
            return {small.RUN: "table", "d": "overview or exports"}.get(folder, folder)
    return "done"


def kill(folder, rng, waits_for, typical_s):
    """Start the run, and kill it after a random time, or soon after a file of a pattern appears.

    Returns
    -------
    str or None
        Where it was killed, or None where it was done before.
    """
    child, answer = small.started(small.make, folder)
    wait = rng.uniform(0, typical_s)
    if waits_for:
        end = time.monotonic() + small.LONGEST_S
        while not any(small.below(folder, waits_for)) and time.monotonic() < end:
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
            time.sleep(0.002)
        wait = rng.uniform(0, 0.02 * typical_s)
    if small.ended(child, answer, kill_after_s=wait)[0] != "killed":
        return None
    saved = any(small.below(folder, ".unfinished-*/*.h5"))
    half = any(small.below(folder, ".writing-*"))
    where = f"kill -9 in {stage(folder)}"
    return where + (", checkpoints on disk" if saved else "") + (", half a file" if half else "")


def trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n kills.

    Parameters
    ----------
    folder : Path
        For the runs.
    rng : numpy.random.Generator
    n : int
    wanted : pandas.DataFrame
        The table of a run that nobody disturbed.
    """
    typical_s, done = 2.0, 0
    while done < n:
        its = folder / f"kill-{done}"
        small.lay_out(its)
        waits_for = MOMENTS[int(rng.choice(len(MOMENTS), p=[0.5, 0.3, 0.2]))]
        where = kill(its, rng, waits_for, typical_s)
        start = time.monotonic()
        what, value = small.tried(small.make, its)
        if where is None:  # it was faster: the next kill comes earlier
            typical_s *= 0.8
            small.remove(its)
            continue
        typical_s = 0.8 * typical_s + 0.4 * (time.monotonic() - start)
        left = [path for pattern in LITTER for path in small.below(its, pattern)]
        if what != "made" or not small.is_same(value, wanted):
            yield where, "else", f"{what}: {value}"
        elif left:
            yield where, "else", f"left behind: {left}"
        else:
            yield where, "same", ""
        small.remove(its)
        done += 1
