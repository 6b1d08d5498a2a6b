"""Whole Snakemake runs and installations that are killed, run twice, or meet other clocks."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from tests.faults import small

ROOT = Path(__file__).parents[2]
TABLE = "results/small/mi.parquet"
LONGEST_S = 900
INSTALLER = """#!/bin/sh
# In place of Python: makes an environment and installs into it in name only.
say() { echo "$*" >> "$LMI_SAID"; sleep 0.1; }
case "$*" in
  *"-m venv "*)
    for folder; do :; done
    mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"
    say venv; touch "$folder/pip" ;;
  *"-m pip "*)
    test -e "$(dirname "$0")/../pip" || { echo "No module named pip" >&2; exit 1; }
    say "$*" ;;
esac
"""
STEPS = ("requirements.txt", "torch==", "-e .")


def started(folder, *arguments):
    """Start Snakemake on the run in a folder, with processes that can be killed together."""
    snakefile = ["--snakefile", str(ROOT / "Snakefile")]
    command = [sys.executable, "-m", "snakemake", *snakefile, "--cores", "2"]
    output = open(folder / f"said-{time.monotonic_ns()}.txt", "w+", encoding="utf-8")  # noqa: SIM115
    process = subprocess.Popen(
        [*command, "--configfile", "config.yaml", *arguments, "--", TABLE],
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / ".home"), "OMP_NUM_THREADS": "1"},
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return process, output


def ended(process, output):
    """Wait for a Snakemake; return its exit code and what it said."""
    try:
        code = process.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        killed(process)
        code = "hang"
    output.seek(0)
    with output:
        return code, output.read()


def killed(process):
    """Kill a Snakemake and all jobs that it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def table(folder):
    """Return the table of a run."""
    return pd.read_parquet(folder / TABLE)


def judged(folder, wanted):
    """Run the command again, and compare the table."""
    code, said = ended(*started(folder))
    if code == 0 and small.is_same(table(folder), wanted):
        return "same", ""
    return "else", f"exit code {code}: {said[-1500:]}"


def _killed(its, rng, wanted, everything):
    process, output = started(its)
    time.sleep(rng.uniform(1, 40))
    if everything:
        killed(process)
    else:
        process.kill()
        process.wait()
    output.close()
    outcome = judged(its, wanted)
    if not everything:  # jobs that went on
        with_left = list(small.below(its, ".writing-*"))
        return outcome if not with_left else ("else", f"left behind: {with_left}")
    return outcome


def _twice(its, rng, wanted):
    first = started(its)
    end = time.monotonic() + LONGEST_S
    while not (its / "results/small/d").exists() and time.monotonic() < end:
        time.sleep(0.1)  # until it is at work
    time.sleep(rng.uniform(0, 2))
    code, said = ended(*started(its))
    first_code, first_said = ended(*first)
    if first_code or not small.is_same(table(its), wanted):
        return "else", first_said[-1500:]
    if code == 0:  # the first was done before the second began
        return "same", ""
    refused = [line for line in said.splitlines() if "another Snakemake" in line]
    return ("named", refused[0]) if refused else ("else", said[-1500:])


def _changed_under_an_old_date(its, rng, wanted):
    code, said = ended(*started(its))
    if code:
        return "else", said[-1500:]
    times = os.stat(its / "d.csv")
    small.write_source(its / "d.csv", seed=int(rng.integers(10, 1000)))
    os.utime(its / "d.csv", ns=(times.st_atime_ns, times.st_mtime_ns - int(1e15)))
    fresh = its / "fresh"
    fresh.mkdir()
    for name in ("d.csv", "config.yaml"):
        shutil.copy(its / name, fresh / name)
    what, expected = small.tried(small.make, fresh, cached=False, until="mi.parquet")
    if what != "made" or small.is_same(expected, wanted):
        return "else", f"{what}: {expected}"
    return judged(its, expected)


def _clocks(its, rng, wanted):
    code, said = ended(*started(its))
    if code:
        return "else", said[-1500:]
    for path in sorted(its.rglob("results/**/*.h5")):
        when = time.time() + rng.uniform(-1e9, 1e7)
        os.utime(path, (when, when))
    return judged(its, wanted)


def trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n whole runs; parameters as in `kills.trials`."""
    for trial in range(n):
        its = folder / f"whole-{trial}"
        small.lay_out(its)
        match trial % 5:
            case 0:
                found = "Snakemake and its jobs killed", *_killed(its, rng, wanted, True)
            case 1:
                found = "Snakemake twice at once", *_twice(its, rng, wanted)
            case 2:
                found = (
                    "source changed under an old date",
                    *_changed_under_an_old_date(its, rng, wanted),
                )
            case 3:
                found = "Snakemake alone killed", *_killed(its, rng, wanted, False)
            case 4:
                found = "dates of results at random", *_clocks(its, rng, wanted)
        yield found
        small.remove(its)


def installation_trials(folder, rng, n, wanted):
    """Yield (kind, outcome, what was found) of n installations that are killed (`make`)."""
    for trial in range(n):
        its = folder / f"installation-{trial}"
        its.mkdir()
        for name in ("Makefile", "pyproject.toml", "setup.py"):
            shutil.copy(ROOT / name, its / name)
        shutil.copytree(ROOT / "envs", its / "envs")
        stub = its / "python"
        stub.write_text(INSTALLER)
        stub.chmod(0o755)
        said = its / "said.txt"
        options = {"cwd": its, "env": os.environ | {"LMI_SAID": str(said)}}
        command = ["make", f"PYTHON={stub}", ".venv/.installed"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is None:
            killed(process)
        was_done = (its / ".venv/.installed").exists()
        said.write_text("")
        again = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        steps = said.read_text()
        is_whole = was_done or all(step in steps for step in STEPS)
        good = again.returncode == 0 and is_whole and (its / ".venv/.installed").exists()
        yield "installation killed", *(("same", "") if good else ("else", again.stderr + steps))
        small.remove(its)
