"""The reference page of the config, its example and its schema say the same."""

from pathlib import Path

import pytest
import yaml
from lmi.planning import reference, schema

ROOT = Path(__file__).resolve().parents[3]


def test_the_reference_page_is_that_of_the_schema():
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == reference.page()


def test_every_key_is_described():
    for key, what, _, meaning in reference.rows(schema.schema()):
        assert key.endswith("<name>") or (what and meaning), key


@pytest.mark.parametrize("section", ["project", "embed", "estimate", "report", "keep"])
def test_the_example_shows_the_defaults(section):
    example = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for key, value in example[section].items():
        assert value == schema.defaults(section)[key]
