"""One private SLURM for all tests here, and copies of the project in which Snakemake is called."""

import collections
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from slurm import Cluster

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SMALL = ("results/small/mi.tsv", "--configfile", "small.yaml")


class Project:
    """A folder with a copy of the project, in which Snakemake is called.

    Parameters
    ----------
    folder : Path
    fresh : bool
        Make the copy, of the files that git knows or would add: nothing is built.
    """

    def __init__(self, folder, fresh=False):
        self.folder = folder
        if not fresh:
            return
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.check_output(command, cwd=ROOT, text=True)
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def snakemake(self, *arguments, environment=os.environ):
        """Start Snakemake; return its process. What it prints goes to snakemake.out."""
        path = f"{BIN}:{environment['PATH']}"
        cache = str(self.folder / ".cache")
        with open(self.folder / "snakemake.out", "a") as out:
            return subprocess.Popen(
                ["snakemake", *arguments],
                cwd=self.folder,
                env=environment | {"PATH": path, "XDG_CACHE_HOME": cache, "OMP_NUM_THREADS": "1"},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def finish(self, process, seconds=900):
        """Wait for Snakemake to end well."""
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            end(process)
            code = f"nothing after {seconds} s"
        assert code == 0, f"{code}: {self.output()}"

    def output(self):
        """Return what Snakemake printed."""
        return (self.folder / "snakemake.out").read_text()

    def table(self, run):
        """Return the estimates of a run, without the time that they took."""
        rows = pd.read_csv(self.folder / f"results/{run}/mi.tsv", sep="\t")
        return rows.drop(columns="seconds")


def end(process):
    """End Snakemake as Ctrl-C does, in the end by force."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="session")
def cluster():
    """Return a running SLURM; it is ended after the last test."""
    cluster = Cluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """Return a project with a small run that nothing disturbed, made by the first test process.

    Three variables make two blocks and two tiles.
    """
    shared = tmp_path_factory.getbasetemp().parent / "undisturbed"
    with open(f"{shared}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shared.exists():
            return Project(shared / "done")
        project = Project(shared / "done", fresh=True)
        rng = np.random.default_rng(1)
        common = rng.normal(size=(3000, 2))
        for name in "abc":
            np.save(project.folder / f"{name}.npy", common + rng.normal(size=(3000, 2)))
        dataset = {"source": ["a.npy", "b.npy", "c.npy"], "variables": "files", "pairs": "all"}
        config = {"run": "small", "block_size": 2, "datasets": {"d": dataset}}
        # jobs that are still at work when a test stops them
        config["embed"] = {"train": "always", "max_steps": 1000}
        (project.folder / "small.yaml").write_text(yaml.safe_dump(config))
        project.finish(project.snakemake(*SMALL, "--cores", "2"))
        return project


@pytest.fixture
def small(undisturbed, tmp_path):
    """Return a copy of the project whose small run has its blocks and nothing more."""
    shutil.copytree(undisturbed.folder, tmp_path / "project")
    results = tmp_path / "project/results/small"
    for path in (*results.glob("d/[ep]*/*.h5"), *results.glob("mi.*")):
        path.unlink()
    (tmp_path / "project/snakemake.out").unlink()
    return Project(tmp_path / "project")


def summarise(jobs):
    """Return a line on what SLURM recorded of some jobs."""
    states = collections.Counter(job["JobState"].lower() for job in jobs)
    counts = ", ".join(f"{n} {state}" for state, n in states.most_common())
    return f"{len(jobs)} submitted: {counts}"


def gpus(jobs):
    """Return the most GPUs that jobs held at the same time, by SLURM's start and end times."""
    changes = []
    for job in jobs:
        if "gpu" in job.get("TresPerJob", "") and job["StartTime"] != "Unknown":
            changes += [(job["StartTime"], 1), (job["EndTime"], -1)]
    held = most = 0
    # Times are whole seconds: in the same one, an end comes before a start.
    for _, change in sorted(changes):
        held += change
        most = max(most, held)
    return most


def pytest_terminal_summary(terminalreporter):
    """Print what SLURM recorded in each test below their results."""
    for report in terminalreporter.stats.get("passed", []):
        for _, line in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {line}")
