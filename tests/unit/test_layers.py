"""The layers of the package, where reading imports is not enough; `make lint` reads them."""

import subprocess
import sys

import pytest


def _printed(code):
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["config", "costs", "forecast", "guard", "plan", "tiles"])
def test_a_module_of_planning_loads_neither_torch_nor_matplotlib(module):
    code = (
        f"import sys, lmi.planning.{module};"
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert _printed(code) == "[]"


@pytest.mark.parametrize("module", ["project", "embed", "estimate"])
def test_a_job_of_pairs_loads_only_what_it_needs(module):
    # a run of narrow pairs has many short jobs: torch, tables and distributions take longest
    code = (
        f"import sys, lmi.pipeline.{module};"
        "print(sorted({'torch', 'matplotlib', 'pandas', 'scipy.stats'} & set(sys.modules)))"
    )
    assert _printed(code) == "[]"
