"""A copy of the project in a temporary folder, and the shortened demo run there once."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHORT = "tests/workflow/short.yaml"


class Project:
    """A folder with its own copy of the project, in which Snakemake is called.

    Attributes
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        # Times of change are kept: Snakemake compares the scripts' with the outputs'.
        for name in ("workflow", "profiles", "slurm", "envs", "tests/data"):
            shutil.copytree(
                ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        (self.folder / SHORT).parent.mkdir(parents=True)
        for name in ("Snakefile", "config.yaml", SHORT):
            shutil.copy2(ROOT / name, self.folder / name)

    def config(self, name, content):
        """Write a config file; return its name."""
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
        return name

    def snakemake(self, *arguments, fails=False):
        """Call Snakemake; return everything it prints."""
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder / ".cache")}
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output
        return output

    def plan(self, *arguments):
        """Return the jobs of a dry run: rule -> number."""
        output = self.snakemake("--dry-run", *arguments)
        table = output.rpartition("Job stats:")[2].partition("\n\n")[0]
        counts = dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE))
        return {rule: int(n) for rule, n in counts.items() if rule not in ("all", "total")}


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """Return the project after a run of the shortened demo and of a table with a bad variable."""
    project = Project(tmp_path_factory.mktemp("project"))
    rng = np.random.default_rng(1)
    a = rng.normal(size=300)
    columns = {"good": a, "better": a + rng.normal(size=300), "constant": np.ones(300)}
    pd.DataFrame(columns).to_csv(project.folder / "table.csv", index=False)
    project.config("table.yaml", {"datasets": {"table": {"source": "table.csv"}}})
    project.configs = ("--configfile", SHORT, "table.yaml")
    project.first_output = project.snakemake("--cores", "2", *project.configs)
    return project


@pytest.fixture
def fresh(tmp_path):
    """Return the project without any results."""
    return Project(tmp_path / "project")
