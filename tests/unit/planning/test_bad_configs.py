"""Every key of the config with every kind of bad value: a run that can be planned, or one message.

docs/faults.md has a message of each kind; `python -m tests.faults.inputs` writes it. `-rP` prints
how many were refused.
"""

import re

import pytest
from lmi.planning import config, schema, schema_errors

from tests.faults import inputs

PAGE = inputs.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", inputs.BAD)
def test_a_bad_value_of_any_key_is_one_message(kind):
    assert len(inputs.PATHS) > 60
    n_refused, example = inputs.of_config(kind)
    assert n_refused > len(inputs.PATHS) // 3
    print(f"{kind}: {len(inputs.PATHS)} keys, {n_refused} refused")
    assert inputs.config_row(kind, example) in PAGE


def test_the_page_says_how_many_bad_configs_are_tried():
    said = int(re.search(r"more than ([\d,]+) configs", PAGE)[1].replace(",", ""))
    assert said < len(inputs.PATHS) * len(inputs.BAD) < 2 * said


@pytest.mark.parametrize("kind", inputs.HAND)
def test_a_mistake_gets_the_message_that_the_page_shows(kind):
    assert inputs.hand_row(kind) in PAGE


def test_the_base_of_these_trials_is_a_good_config():
    assert set(config.load(inputs.BASE)["datasets"]) == {"cells", "neurons", "task"}


def test_every_type_of_the_schema_has_words():
    def types(rules):
        if isinstance(rules, dict):
            its = rules.get("type", [])
            yield from [its] if isinstance(its, str) else its if isinstance(its, list) else []
            for below in rules.values():
                yield from types(below)
        elif isinstance(rules, list):
            for below in rules:
                yield from types(below)

    assert set(types(schema.schema())) - {"null"} <= set(schema_errors.TYPES)
