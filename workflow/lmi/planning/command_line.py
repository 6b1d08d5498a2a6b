"""Config given on the command line: `--config seed=1 'estimate={k: 5}'`.

Snakemake hands nested values on as text, and turns the others into numbers where it can. Here they
get the types that a file would have given them, by the schema.
"""

from __future__ import annotations

from typing import Any

import yaml

from lmi.base.errors import InputError
from lmi.planning.plain import path_text
from lmi.planning.schema import schema

JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def typed(config: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return a config in which what was given on the command line has the schema's types.

    Parameters
    ----------
    config : dict
        Of files and command line, joined.
    given : dict
        What of it Snakemake took from the command line.

    Raises
    ------
    InputError
        A number where text is expected: its digits may not be those that were written.
    """
    return _typed(config, given, schema(), ())


def parsed(entries: list[str]) -> dict[str, Any]:
    """Return the config in entries `key=value`, whose values are YAML as in a file.

    Parameters
    ----------
    entries : list of str

    Raises
    ------
    InputError
        An entry without `=`, or whose value is no YAML.
    """
    config: dict[str, Any] = {}
    for entry in entries:
        key, sign, value = entry.partition("=")
        if not sign or not key.isidentifier():
            raise InputError(
                f"--config: expected key=value, such as 'estimate={{k: 5}}', found {entry!r}"
            )
        try:
            # all of it as text first: the schema says what is a number
            config[key] = yaml.load(value, Loader=yaml.BaseLoader)
        except yaml.YAMLError as error:
            raise InputError(
                f"--config: {key}: expected a value as in a file, such as '{{k: 5}}' with a space "
                f"after the colon, found {value!r} ({' '.join(str(error).split())})"
            ) from error
    return config


def _typed(value, given, rules, path):
    """Return `value` with the parts of it that are in `given` in the types of the rules."""
    rules = _whole(rules)
    if isinstance(given, dict) and isinstance(value, dict):
        _refuse_tight_colons(given, rules, path)
        return {
            key: _typed(item, given[key], _below(rules, key), (*path, key))
            if key in given
            else item
            for key, item in value.items()
        }
    if isinstance(given, list) and isinstance(value, list):
        items = rules.get("items", {})
        return [_typed(item, item, items, (*path, i)) for i, item in enumerate(value)]
    choices = [JSON_TYPES.get(type(one), "string") for one in rules.get("enum", [""])]
    allowed = rules.get("type", choices)
    allowed = [allowed] if isinstance(allowed, str) else allowed
    if isinstance(value, str):
        return _as_in_a_file(value, allowed)
    kind = JSON_TYPES.get(type(value))
    if kind and kind != "string" and "type" in rules and not _fits(kind, allowed):
        if "string" not in allowed:
            return value
        key = path_text(path)
        raise InputError(
            f"config: {key}: expected text, found {value!r}, which the command line gave as a "
            f"number or truth value. Write it with quotes within quotes: --config '{key}="
            f'"{value}"\''
        )
    return value


def _refuse_tight_colons(given, rules, path):
    """Raise InputError for `{k:5}`, which YAML takes for one word."""
    if rules.get("additionalProperties") is not False:
        return
    for key in given:
        start, colon, rest = str(key).partition(":")
        if colon and start in rules["properties"]:
            raise InputError(
                f"config: {path_text(path)}: expected a space after the colon, found '{key}' on "
                f"the command line. Write {{{start}: {rest or '...'}}}"
            )


def _whole(rules):
    if "$ref" in rules:
        return schema()["$defs"][rules["$ref"].removeprefix("#/$defs/")]
    return rules


def _below(rules, key):
    """Return the rules of a key, or of any entry."""
    others = rules.get("additionalProperties", {})
    return rules.get("properties", {}).get(key, others if isinstance(others, dict) else {})


def _as_in_a_file(text, allowed):
    """Return text as the number or truth value that a file would hold, where that is allowed."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if isinstance(value, str) and {"number", "integer"} & set(allowed) and "string" not in allowed:
        try:
            value = float(text)  # 1e-3, which YAML takes for text
        except ValueError:
            return text
    kind = JSON_TYPES.get(type(value))
    return value if kind and kind != "string" and _fits(kind, allowed) else text


def _fits(kind, allowed):
    return kind in allowed or (kind == "integer" and "number" in allowed)
