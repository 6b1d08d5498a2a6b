"""What a run reads, shown before anything is estimated: `python -m lmi.planning.check`.

    python -m lmi.planning.check --configfile mine.yaml

Two minutes with it show most misreadings: a table the wrong way round, a count taken for a
measurement, samples joined by position. Nothing is written.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from lmi.base.errors import InputError
from lmi.data import overview_text
from lmi.data.overview import Overview, describe
from lmi.planning import command_line, yaml_file
from lmi.planning.config import load

EXAMPLE = "config.yaml"


def read(paths: list[str], entries: list[str] | None = None) -> dict[str, Any]:
    """Return the config in files as the workflow reads them: later ones change single keys.

    Parameters
    ----------
    paths : list of str
        Where none of them has datasets, `config.yaml` comes first, as in a run.
    entries : list of str, optional
        Of the command line, `key=value`; they change single keys.

    Raises
    ------
    InputError
        As `lmi.planning.config.load`, and files that are no YAML.
    """
    config: dict[str, Any] = {}
    for path in paths:
        config = merged(config, yaml_file.read(path))
    if "datasets" not in config:
        config = merged(yaml_file.read(EXAMPLE), config)
    given = command_line.parsed(entries or [])
    return load(command_line.typed(merged(config, given), given))


def merged(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a config with the keys of another one changed, mappings key by key."""
    both = dict(config)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(both.get(key), dict):
            value = merged(both[key], value)
        both[key] = value
    return both


def overviews(config: dict[str, Any]) -> list[Overview]:
    """Read all datasets of a config and return what there is in them.

    Parameters
    ----------
    config : dict
        From `lmi.planning.config.load`.

    Raises
    ------
    InputError
        A dataset that cannot be read.
    """
    described = []
    for name, dataset in config["datasets"].items():
        try:
            described.append(describe(name, dataset, config["project"]["missing"], config["seed"]))
        except InputError as error:
            raise InputError(f"dataset '{name}': {error}") from error
    return described


def main() -> None:
    """Print what the datasets of a config hold; exit 1 where something would stop the run."""
    parser = argparse.ArgumentParser(
        description="Show what a run would read, before anything is estimated."
    )
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    try:
        described = overviews(read(options.configfile, options.config))
    except InputError as error:
        sys.exit(f"lmi-workflow: bad input: {error}")
    print("\n\n".join(map(overview_text.text, described)))
    if n_bad := sum(bool(one.problems) for one in described):
        sys.exit(f"lmi-workflow: {n_bad} of {len(described)} datasets must be mended")


if __name__ == "__main__":
    main()
