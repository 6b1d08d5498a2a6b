"""Faults put into the code on purpose, each of which a test must notice.

    python -m tests.mutations                 all of them
    python -m tests.mutations strata critic   those with one of these words in their name

Every fault of `faults.FAULTS` is put into a copy of the project, and the tests that should notice
it are run there. Survivors, which no test noticed, are listed, and the exit code is 1. Each fault
makes a wrong number, or believes one: none is a matter of taste.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutations.faults import FAULTS

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "build", "*.egg-info")
LONGEST_S = 900
MOST_KB = 12_000_000


def copy(folder):
    """Copy the project into a folder, without what runs have left in it."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(Path(folder, "results"), ignore_errors=True)


def check_places(faults):
    """Return what is wrong with the list: text that does not stand once, tests that are no more.

    Parameters
    ----------
    faults : list of Fault
    """
    wrong = []
    for fault in faults:
        n = (ROOT / fault.file).read_text(encoding="utf-8").count(fault.before)
        if n != 1:
            wrong.append(f"{fault.name}: its text stands {n} times in {fault.file}, expected once")
        wrong += [
            f"{fault.name}: there is no {test}"
            for test in fault.tests
            if not (ROOT / test.split("::")[0]).exists()
        ]
    return wrong


def fails(tests, folder):
    """Return whether tests fail in a copy of the project."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(folder, "workflow")), str(folder)]),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # a fault may fill the memory of the machine: of this limit, no right test takes a half
    limit = f'ulimit -v {MOST_KB} && exec "$@"'
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            ["bash", "-c", limit, "pytest", *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1, 2) and done.returncode >= 0:  # a signal: it ended the tests
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return done.returncode != 0


def noticed(fault, folder):
    """Return whether the tests of a fault fail with it, in a copy of the project."""
    path = Path(folder, fault.file)
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace(fault.before, fault.after), encoding="utf-8")
    try:
        return fails(fault.tests, folder)
    finally:
        path.write_text(right, encoding="utf-8")


def main():
    """Try the faults; list the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults with one of these in their name")
    words = parser.parse_args().words
    faults = [one for one in FAULTS if not words or any(word in one.name for word in words)]
    if not faults:
        sys.exit(f"no fault has one of {', '.join(words)} in its name")
    if wrong := check_places(faults):
        sys.exit("\n".join(wrong))
    survivors = []
    with tempfile.TemporaryDirectory(prefix="lmi-mutations-") as folder:
        copy(folder)
        groups = dict.fromkeys(fault.tests for fault in faults)
        if broken := [tests for tests in groups if fails(tests, folder)]:
            sys.exit(f"these tests fail without any fault: {broken}")
        for fault in faults:
            start = time.monotonic()
            was_noticed = noticed(fault, folder)
            survivors += [] if was_noticed else [fault]
            verdict = "noticed" if was_noticed else "SURVIVED"
            print(f"{verdict:9} {time.monotonic() - start:5.0f} s  {fault.name}", flush=True)
    print(
        f"{len(faults)} faults, {len(faults) - len(survivors)} noticed, {len(survivors)} survived"
    )
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
