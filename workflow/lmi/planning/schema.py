"""The schema of the config: the one list of keys, types, defaults and descriptions."""

import functools
from pathlib import Path

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Makes plain types and nothing else, in C where PyYAML has it."""
SCHEMA = Path(__file__).with_name("config.schema.yaml")


@functools.cache
def schema():
    """Return the schema of the config."""
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=LOADER)


def filled(value, rules):
    """Return `value` with the defaults of its part of the schema, and whole numbers as int."""
    if "$ref" in rules:
        rules = schema()["$defs"][rules["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, float) and rules.get("type") == "integer":
        return int(value)
    if isinstance(value, list):
        return [filled(item, rules.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    rules_of, others = rules.get("properties", {}), rules.get("additionalProperties", False)
    complete = {}
    for key, rule in rules_of.items():
        if key in value or "default" in rule:
            complete[key] = filled(value.get(key, rule.get("default")), rule)
    for key in value:
        if key not in rules_of:
            complete[key] = filled(value[key], others if isinstance(others, dict) else {})
    return complete


def defaults(section):
    """Return the settings of a section of the config where nothing is set."""
    return filled({}, schema()["properties"][section])
