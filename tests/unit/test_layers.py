"""The layers of the package, where reading imports is not enough; `make lint` reads them."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["config", "costs", "forecast", "guard", "plan", "tiles"])
def test_a_module_of_planning_loads_neither_torch_nor_matplotlib(module):
    code = (
        f"import sys, lmi.planning.{module};"
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
