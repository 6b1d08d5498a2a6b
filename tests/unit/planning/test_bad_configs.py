"""Every key of the config with every kind of bad value: a run that can be planned, or one message.

`python -m pytest tests/unit/planning/test_bad_configs.py -rP` prints how many were refused.
"""

import copy
import time

import pytest
from lmi.base.errors import InputError
from lmi.planning import config, schema, schema_errors
from lmi.planning.plan import Plan

HERE = "tests/data/cells/pbmc68k_reduced.h5ad"
BASE = {
    "run": "r",
    "datasets": {
        "cells": {
            "source": HERE,
            "variables": {"list": {"a": ["CD3D", "CD3E"], "b": ["LYZ", "CST3"]}},
            "pairs": "all",
        },
        "neurons": {
            "spikes": {
                "source": "tests/data/neurons/spikes.npz",
                "bin_ms": 20,
                "n_lags": 5,
                "stride_ms": 100,
            },
            "variables": {"list": ["unit0", "unit46"]},
            "pairs": "all",
        },
        "task": {"task": {"name": "projected_gaussian", "n_samples": 300, "ambient": 5}},
    },
}
BAD = {
    "nothing": None,
    "text": "abracadabra",
    "empty text": "",
    "a long text": "x" * 5000,
    "two lines": "a\nb",
    "a path out": "../../etc/passwd",
    "markup": "<script>alert(1)</script>",
    "zero": 0,
    "negative": -1,
    "huge": 10**30,
    "a billion": 10**9,
    "tiny": 1e-300,
    "a fraction": 0.123,
    "not a number": float("nan"),
    "infinite": float("inf"),
    "true": True,
    "an empty list": [],
    "a list in a list": [[["a"]]],
    "mixed list": [1, "a", None, True],
    "an empty mapping": {},
    "an unknown key": {"abracadabra": 1},
    "a number as key": {1: 2},
}
SLOW_S = 20


def places(value, rules, path=()):
    """Yield the paths of all keys that the schema has, with what is there in `value`."""
    rules = schema.schema()["$defs"][rules["$ref"][8:]] if "$ref" in rules else rules
    for key, rule in rules.get("properties", {}).items():
        yield (*path, key)
        below = value.get(key, {}) if isinstance(value, dict) else {}
        yield from places(below if isinstance(below, dict) else {}, rule, (*path, key))
    others = rules.get("additionalProperties")
    if isinstance(others, dict) and isinstance(value, dict):
        for key, below in value.items():
            yield from places(below, others, (*path, key))


def with_value(path, value):
    """Return the base config with a value at a path, the mappings on the way made where missing."""
    changed = copy.deepcopy(BASE)
    node = changed
    for key in path[:-1]:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
    node[path[-1]] = value
    return changed


PATHS = [
    path
    for path in dict.fromkeys(places(BASE, schema.schema()))
    # a dataset of three kinds at once is one message about that, whatever the key
    if len({"source", "spikes", "task"} & set(path[2:3])) <= 1
]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_value_of_any_key_is_one_message(kind):
    assert len(PATHS) > 60
    refused = 0
    for path in PATHS:
        raw = with_value(path, BAD[kind])
        kept = copy.deepcopy(raw)
        start = time.monotonic()
        try:
            plan = Plan(config.load(raw))
            for dataset in plan.own:
                x, y = next(iter(dataset.tiles))
                job = plan.job("embed", dataset=dataset.name, x=str(x), y=str(y))
                assert job.mem_mb(1, 1) > 0
        except InputError as error:
            refused += 1
            text = str(error)
            assert len(text) < 3000, (path, text)
            assert "Traceback" not in text and text.strip()
        except Exception as error:
            raise AssertionError(f"{'.'.join(map(str, path))} = {kind}: {error!r}") from error
        assert time.monotonic() - start < SLOW_S, (path, kind)
        assert str(raw) == str(kept)  # nan is not itself
    print(f"{kind}: {len(PATHS)} keys, {refused} refused, {len(PATHS) - refused} planned")
    assert refused > len(PATHS) // 3


def test_the_base_of_these_trials_is_a_good_config():
    assert set(config.load(BASE)["datasets"]) == {"cells", "neurons", "task"}


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
