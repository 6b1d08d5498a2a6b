"""What the lock files pin runs on the oldest Python that the project names."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
OLDEST = PYTHON.removeprefix(">=") + ".0"
PINNED = re.compile(r"^([\w.-]+)==([^ \\]+)", re.M)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_pins_are_installed_and_run_on_the_oldest_python(name):
    """A distribution may ask for 3.11.5: then nothing can be installed on the 3.11.2 of Debian."""
    pins = PINNED.findall((ROOT / "envs" / name).read_text(encoding="utf-8"))
    assert len(pins) > 30
    wrong = []
    for package, version in pins:
        its = metadata(package)
        asks = its.get("Requires-Python") or ""
        if its["Version"].split("+")[0] != version.split("+")[0]:
            wrong.append(f"{package}: {version} is pinned, {its['Version']} installed")
        elif not SpecifierSet(asks).contains(OLDEST):
            wrong.append(f"{package} {version} needs Python {asks}")
    assert not wrong
