"""Disks that are full, folders that cannot be written or vanish, two runs at the same time."""

import contextlib
import os
import resource
import shutil
import subprocess
import time

from tests.faults import small

RESULTS = "results/small"


def make_with_limit(folder, n_bytes):
    """Make the run where no file may become larger than so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
    return small.make(folder)


def _mounted(folder, options):
    """Mount memory on a folder, where that is allowed; return whether it is."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _remount(folder, options):
    command = ["mount", "-o", f"remount,{options}", str(folder)]
    subprocess.run(command, capture_output=True, check=True)


@contextlib.contextmanager
def _unmounting(folder):
    try:
        yield
    finally:
        os.chdir(folder.parent)
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def judged(first, folder, wanted, *names):
    """Return (outcome, what was found) of a disturbed run, after the same command once more.

    Parameters
    ----------
    first : (str, object)
        What the disturbed run ended in.
    folder : Path
        Where the run goes on, no longer disturbed.
    wanted : pandas.DataFrame
    *names : str
        One of them must stand in the message.
    """
    what, value = first
    again, table = small.tried(small.make, folder)
    if again != "made" or not small.is_same(table, wanted):
        return "else", f"{what}: {value} Then {again}: {table}"
    if what == "made":
        return ("same", "") if small.is_same(value, wanted) else ("else", "another table")
    is_told = what == "refused" and small.is_named(value, *names)
    return ("named" if is_told else "else"), f"{what}: {value}"


def disk_trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n runs on disks that are full at some moment."""
    for trial in range(n):
        its = folder / f"disk-{trial}"
        its.mkdir()
        is_mount = trial % 2 and _mounted(its, "size=64m")
        with _unmounting(its) if is_mount else contextlib.nullcontext():
            small.lay_out(its)
            if is_mount:
                _remount(its, f"size={int(rng.integers(20, 300))}k")
                found = small.tried(small.make, its)
                _remount(its, "size=64m")
                yield "full disk", *judged(found, its, wanted, str(its), RESULTS)
            else:
                limit = int(10 ** rng.uniform(2.7, 5))
                found = small.tried(make_with_limit, its, limit)
                yield "limit of the size of files", *judged(found, its, wanted, str(its), RESULTS)
        small.remove(its)


def _read_only(its, wanted):
    if not _mounted(its, "size=64m"):
        return "same", ""
    with _unmounting(its):
        small.lay_out(its)
        _remount(its, "ro")
        found = small.tried(small.make, its)
        _remount(its, "rw")
        return judged(found, its, wanted, RESULTS)


def _without_permission(its, wanted):
    small.lay_out(its)

    for place in (its, *its.parents[:2]):
        place.chmod(0o755)

    def make():
        (its / "results").mkdir()
        if os.getuid() == 0:
            os.setuid(65534)  # nobody
        else:
            os.chmod(its / "results", 0o500)
        return small.make(its)

    found = small.tried(make)
    (its / "results").chmod(0o755)
    return judged(found, its, wanted, RESULTS)


def _in_place_of_a_folder(its, wanted):
    small.lay_out(its)
    (its / "results").write_text("a file")
    found = small.tried(small.make, its)
    (its / "results").unlink()
    return judged(found, its, wanted, RESULTS)


def _vanished(its, wanted, rng, what):
    """Take a folder or file away while the run is at work; put a source back after it."""
    small.lay_out(its)
    child, answer = small.started(small.make, its, cached=False)
    time.sleep(rng.uniform(0, 3))
    path = its / what
    held = path.read_bytes() if path.is_file() else None
    if held is None:
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
    found = small.ended(child, answer)
    if held is not None:
        path.write_bytes(held)
    return judged(found, its, wanted, what, RESULTS, path.name)


def folder_trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n runs whose folders are shut or vanish."""
    for trial in range(n):
        its = folder / f"folder-{trial}"
        its.mkdir()
        match trial % 6:
            case 0:
                yield "read-only disk", *_read_only(its, wanted)
            case 1:
                yield "no permission", *_without_permission(its, wanted)
            case 2:
                yield "a file in place of a folder", *_in_place_of_a_folder(its, wanted)
            case 3:
                yield "source vanishes", *_vanished(its, wanted, rng, "d.csv")
            case 4:
                yield "folder of results vanishes", *_vanished(its, wanted, rng, "results")
            case 5:
                place = f"{RESULTS}/d/variables"
                yield "folder of a stage vanishes", *_vanished(its, wanted, rng, place)
        small.remove(its)


def twice_trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n times two runs in one folder, unguarded."""
    for trial in range(n):
        its = folder / f"twice-{trial}"
        small.lay_out(its)
        first = small.started(small.make, its)
        time.sleep(rng.uniform(0, 1))
        second = small.started(small.make, its)
        for found in (small.ended(*first), small.ended(*second)):
            yield "two runs at once", *judged(found, its, wanted, RESULTS)
        small.remove(its)
