"""The schema, its defaults, and one clear message for everything a config can get wrong."""

import copy
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml
from lmi.base.errors import InputError
from lmi.planning import config, schema

GROUPS = {"column": "c", "groups": ["a", "b"]}
COLUMN = {"column": "c", "table": "t.csv"}
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def raw(tmp_path):
    """Return a small config on a file of 120 samples and 3 features."""
    save(tmp_path / "data.npz")
    return {"datasets": {"cells": {"source": str(tmp_path / "data.npz")}}}


def save(path, n_samples=120, features=("a", "b", "c")):
    values = np.random.default_rng(0).normal(size=(n_samples, len(features)))
    np.savez(path, values, features=np.array(features))
    return str(path)


def message_of(raw):
    """Return the message of the InputError; there is one, on one line."""
    with pytest.raises(InputError) as error:
        config.load(raw)
    assert "\n" not in str(error.value)
    return str(error.value)


# ---- what comes out


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema.schema())


def walk(rules, path="config"):
    """Yield (path, rules) of every key of the schema."""
    for name, rule in rules.get("properties", {}).items():
        yield f"{path}.{name}", rule
        yield from walk(rule, f"{path}.{name}")
    for name, rule in rules.get("$defs", {}).items():
        yield from walk(rule, name)


def test_every_key_has_a_description_and_no_section_takes_unknown_keys():
    optional = {"config.datasets"}
    for path, rule in walk(schema.schema()):
        assert "$ref" in rule or rule["description"], path
        if "properties" in rule and path != "dataset.task":
            assert rule["additionalProperties"] is False or path == "dataset.variables", path
        if path.startswith("config.") and path not in optional:
            assert "default" in rule, path


def test_defaults(raw):
    loaded = config.load(raw)
    assert loaded["run"] == "demo"
    assert loaded["project"] == {"missing": "error", "n_components": 64, "clip": 10.0}
    assert loaded["embed"]["learning_rate"] == 1e-3
    permutations = {"max": 999999, "scheme": "auto", "block_length": 0, "tail_fit": True}
    assert loaded["estimate"] == {
        "k": 3,
        "error_bars": True,
        "shared_features": "flag",
        "permutations": permutations,
    }
    assert loaded["benchmark"]["scale"] == "smoke"
    assert loaded["datasets"]["cells"] == raw["datasets"]["cells"] | {
        "transpose": False,
        "time_series": False,
        "variables": "each",
        "pairs": "all",
    }


def test_load_leaves_its_input_alone_and_loads_its_output(raw):
    before = copy.deepcopy(raw)
    loaded = config.load(raw)
    assert raw == before
    assert config.load(loaded) == loaded


def test_an_empty_section_means_its_defaults(raw):
    assert config.load(raw | {"embed": None, "keep": None}) == config.load(raw)


def test_whole_numbers_are_int(raw):
    loaded = config.load(raw | {"embed": {"n_latent": 8.0}})
    assert type(loaded["embed"]["n_latent"]) is int


def test_the_demo_config(monkeypatch):
    monkeypatch.chdir(ROOT)
    raw = yaml.safe_load((ROOT / "config.yaml").read_text())
    loaded = config.load(raw)
    questions = ["cells_within_types", "lineages", "cell_types", "neurons_directed"]
    plain = ["cells", "neurons", "neurons_shifted", "documented_example"]
    assert sorted(loaded["datasets"]) == sorted(plain + questions)
    assert config.load(loaded) == loaded
    for section, rule in schema.schema()["properties"].items():
        assert section in raw
        assert set(rule.get("properties", {})) == (
            set(raw[section]) if "properties" in rule else set()
        ), "config.yaml shows every key"


def test_planning_imports_no_heavy_library():
    heavy = ["torch", "scipy", "sklearn", "anndata", "matplotlib", "pandas", "pyarrow"]
    code = (
        "import sys, yaml; from lmi.planning import config;"
        "config.load(yaml.safe_load(open('tests/workflow/short.yaml')));"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# ---- keys and values that are wrong


@pytest.mark.parametrize(
    "change, message",
    [
        ({"datsets": {}}, r"unknown key 'datsets' (did you mean 'datasets'?). Expected keys: run,"),
        ({"embed": {"n_latnt": 8}}, "unknown key 'embed.n_latnt' (did you mean 'n_latent'?)"),
        ({"embed": {"n_latent": "many"}}, "embed.n_latent: expected a whole number, found 'many'."),
        ({"embed": {"n_latent": 8.5}}, "embed.n_latent: expected a whole number, found 8.5"),
        ({"embed": {"n_latent": 0}}, "embed.n_latent: expected at least 1, found 0. n_latent: Dim"),
        ({"embed": {"n_latent": None}}, "n_latent: expected a whole number, found nothing. Give a"),
        ({"embed": {"n_latent": "8"}}, "found '8', which is text. Remove the quotes"),
        ({"embed": {"n_latent": True}}, "embed.n_latent: expected a whole number, found True"),
        ({"embed": {"learning_rate": 0}}, "embed.learning_rate: expected more than 0, found 0"),
        (
            {"embed": {"learning_rate": "1e-4"}},
            "embed.learning_rate: expected a number, found '1e-4', which YAML reads as text: it "
            "needs a decimal point and a signed exponent. Write 1.0e-4 (0.0001), without quotes",
        ),
        ({"embed": {"learning_rate": "2.5E5"}}, "Write 2.5e+5 (250000), without quotes"),
        ({"embed": {"learning_rate": float("nan")}}, "learning_rate: expected a finite number"),
        ({"embed": []}, "embed: expected a mapping (key: value), found []"),
        (
            {"embed": {"preset": "papr"}},
            "expected one of default, paper, ksg; found 'papr' (did you ",
        ),
        ({"estimate": {"error_bars": "no"}}, "error_bars: expected true or false, found 'no'"),
        ({"run": 7}, "run: expected text, found 7. Put it in quotes"),
        ({"run": "../other"}, "run: expected letters, digits, '.', '_' and '-', with a letter"),
        ({"run": ""}, "run: expected letters"),
        ({"seed": -1}, "seed: expected at least 0, found -1"),
        ({"block_size": 0}, "block_size: expected at least 1"),
        ({"project": {"missing": "ignore"}}, "expected one of error, drop_samples, impute_median"),
        ({"datasets": {}}, "datasets: expected at least 1 entries, found 0"),
        ({"datasets": None}, "datasets: expected a mapping (key: value), found nothing"),
        ({"datasets": {"a/b": {}}}, "datasets: the name 'a/b' should start with a letter or digit"),
        ({True: 1}, "top level: expected text as a key, found True. Put it in quotes"),
        ({"benchmark": {"seeds": [1, 1]}}, "benchmark.seeds: expected each entry once"),
        ({"benchmark": {"seeds": []}}, "benchmark.seeds: expected at least 1 entries"),
        ({"benchmark": {"scale": "huge"}}, "expected one of smoke, quick, full; found 'huge'"),
        ({"benchmark": {"figures": ["gausian_grid"]}}, "did you mean 'gaussian_grid'?"),
        ({"benchmark": {"estimators": ["mime"]}}, "benchmark.estimators: there is no 'mime'"),
        ({"embed": {"a": 1, "n_latent": "x"}}, "(1 more to mend after this one)"),
    ],
)
def test_bad_keys_and_values(raw, change, message):
    assert message in message_of(raw | change)


def test_no_datasets():
    assert "top level: the key 'datasets' is missing" in message_of({})


@pytest.mark.parametrize(
    "change, message",
    [
        ({"sorce": "x"}, "unknown key 'datasets.cells.sorce' (did you mean 'source'?)"),
        ({"source": 3}, "datasets.cells.source: expected text or a list, found 3"),
        ({"source": []}, "datasets.cells.source: expected at least 1 entries"),
        ({"source": ""}, "datasets.cells.source: expected some text, found an empty one"),
        ({"spikes": {"source": "x"}}, "expected exactly one of source, spikes, task, found source"),
        (
            {"variables": "eech"},
            "variables: expected one of each, files; found 'eech' (did you mean",
        ),
        (
            {"variables": {}},
            "exactly one of gene_sets, table, list, regex, var_column, tiles, found none",
        ),
        ({"variables": {"table": "a", "list": ["a"]}}, "found table and list"),
        ({"variables": {"list": [True]}}, "list[0]: expected text or a whole number, found True"),
        ({"variables": {"list": {"v": []}}}, "variables.list.v: expected at least 1 entries"),
        (
            {"variables": {"lists": []}},
            "unknown key 'datasets.cells.variables.lists' (did you mean",
        ),
        (
            {"variables": {"list": ["a"], "min_features": 3}},
            "it goes with `unknown_features: drop`",
        ),
        ({"pairs": "al"}, "pairs: expected one of all, shifted; found 'al' (did you mean 'all'?)"),
        ({"pairs": {}}, "datasets.cells.pairs: expected at least 1 entries"),
        ({"pairs": {"between": [["a"]]}}, "pairs.between: expected at least 2 entries, found 1"),
        ({"pairs": "shifted"}, "dataset 'cells': pairs: `shifted` needs units with a shift"),
        ({"pairs": {"between": [["a"], ["d"]]}}, "dataset 'cells': pairs.between, group 2: no var"),
        ({"layer": "raw"}, "dataset 'cells': source"),
        ({"given": {}}, "datasets.cells.given: expected one of `variable` and `column`"),
        ({"given": {"variable": "a", "column": "b"}}, "given: expected one of `variable` and"),
        ({"given": {"variable": "aa"}}, "given.variable: there is no variable 'aa' (did you mean"),
        ({"given": {"column": "batch"}}, "given: expected `table` beside `column`"),
        ({"given": {"table": "t.csv"}}, "given: expected one of `variable` and `column`"),
        ({"given": {"table": "no.csv", "column": "b"}}, "given, read as strata file 'no.csv'"),
        (
            {"given": {"variable": "a"}, "time_series": True, "lags": [0, 1]},
            "given: it does not go with `lags`",
        ),
        (
            {"direct": {}, "time_series": True, "lags": [0, 1]},
            "direct: it does not go with `lags`",
        ),
        ({"select": {}}, "select: it goes with `pairs: {target: ...}`, found 'all'"),
        ({"pairs": {"target": "A"}}, "pairs.target: no variable is called 'A' (did you mean 'a'"),
        ({"pairs": {"target": "a"}, "direct": {}}, "direct: it goes with pairs that make triang"),
        ({"direct": {"max_triangles": 0}}, "direct.max_triangles: expected"),
        ({"compare": {"column": "c"}}, "cells.compare: the key 'groups' is missing"),
        ({"compare": {"column": "c", "groups": ["a"]}}, "groups: expected at least 2 entries"),
        ({"compare": GROUPS}, "compare: expected `table` beside `column`"),
        ({"compare": GROUPS | {"table": "no.csv"}}, "compare: strata file 'no.csv': expected"),
        (
            {"compare": GROUPS | {"table": "t.csv"}, "time_series": True},
            "labels are exchanged between samples",
        ),
        (
            {"compare": GROUPS | {"table": "t.csv", "groups": [1, "1"]}},
            "compare.groups: expected two labels, found '1' twice",
        ),
        ({"transfer": {"lags": [1]}}, "transfer: a past needs samples in time"),
        ({"transfer": {"lags": [0]}, "time_series": True}, "lags[0]: expected at least 1, found 0"),
        (
            {"transfer": {"lags": [1]}, "time_series": True, "lags": [0, 1]},
            "transfer: it has lags of its own",
        ),
        (
            {"transfer": {"lags": [1]}, "time_series": True, "given": COLUMN},
            "it is beyond `given.variable`, and not beyond labels",
        ),
        (
            {"transfer": {"lags": [1, 3]}, "time_series": True},
            "transfer: expected at least 200 samples with a past of 3 samples in their interval, "
            "found 117 of 120",
        ),
    ],
)
def test_bad_datasets(raw, change, message):
    raw["datasets"]["cells"] |= change
    assert message in message_of(raw)


def test_groups_that_are_compared_are_counted_before_the_run(raw, tmp_path):
    path = tmp_path / "groups.csv"
    compare = {"table": str(path), "column": "c", "groups": ["a", "b"]}
    raw["datasets"]["cells"] |= {"source": save(tmp_path / "more.npz", 400), "compare": compare}
    path.write_text("c\n" + "a\n" * 200 + "b\n" * 160 + "NA\n" * 40)
    assert config.load(raw)["datasets"]["cells"]["compare"]["groups"] == ["a", "b"]
    path.write_text("c\n" + "a\n" * 300 + "b\n" * 100)
    assert "expected at least 150 samples of each group, found 100 of 'b'" in message_of(raw)
    path.write_text("c\n" + "a\n" * 300 + "B\n" * 100)
    assert "compare.groups: no sample has the label 'b'" in message_of(raw)


def test_transfer_has_a_history_of_one_sample_if_none_is_asked_for(raw, tmp_path):
    more = {"time_series": True, "transfer": {"lags": [1, 2]}}
    raw["datasets"]["cells"] |= {"source": save(tmp_path / "more.npz", 400)} | more
    assert config.load(raw)["datasets"]["cells"]["transfer"]["history"] == 1


@pytest.mark.parametrize("key", ["compare", "transfer"])
def test_what_is_asked_beside_goes_with_the_default_preset_alone(raw, key, tmp_path):
    path = tmp_path / "groups.csv"
    path.write_text("c\n" + "a\nb\n" * 200)
    of = {"compare": GROUPS | {"table": str(path)}, "transfer": {"lags": [1]}}
    raw["datasets"]["cells"]["source"] = save(tmp_path / "more.npz", 400)
    raw["datasets"]["cells"] |= {key: of[key]} | {"time_series": key == "transfer"}
    config.load(raw)
    message = message_of(raw | {"embed": {"preset": "ksg"}})
    assert f"datasets.cells.{key}: it goes with `embed.preset: default`, found ksg" in message


def test_what_is_given_goes_with_the_default_preset_alone(raw):
    raw["datasets"]["cells"]["given"] = {"variable": "a"}
    assert config.load(raw)["datasets"]["cells"]["given"] == {"variable": "a"}
    message = message_of(raw | {"embed": {"preset": "ksg"}})
    assert "datasets.cells.given: it goes with `embed.preset: default`, found ksg" in message


def test_direct_pairs_need_p_values(raw):
    raw["datasets"]["cells"]["direct"] = {}
    assert config.load(raw)["datasets"]["cells"]["direct"] == {"max_triangles": 5000}
    message = message_of(raw | {"estimate": {"permutations": {"max": 0}}})
    assert "datasets.cells.direct: it needs p values" in message


@pytest.mark.parametrize(
    "dataset, message",
    [
        ({}, "expected exactly one of source, spikes, task, found none"),
        ({"spikes": {}}, "datasets.d.spikes: the key 'source' is missing"),
        ({"spikes": {"source": "s.npz", "bin_ms": 0}}, "spikes.bin_ms: expected more than 0"),
        ({"spikes": {"source": "no.npz"}}, "dataset 'd': spikes 'no.npz': expected a file"),
        ({"spikes": {"source": "s.npz"}, "layer": "x"}, "d.layer: it goes with `source`, not with"),
        ({"task": {}}, "datasets.d.task: the key 'name' is missing"),
        ({"task": {"name": "projected_gausian"}}, "did you mean 'projected_gaussian'?"),
        ({"task": {"name": "projected_gaussian", "ambint": 3}}, "did you mean 'ambient'?"),
        ({"task": {"name": "student_t", "n_samples": 60}}, "at least 100 samples, found 60"),
        ({"task": {"name": "student_t"}, "variables": "files"}, "a task has the variables x and y"),
    ],
)
def test_bad_spikes_and_tasks(dataset, message):
    assert message in message_of({"datasets": {"d": dataset}})


@pytest.mark.parametrize("name", config.RESERVED)
def test_names_of_result_folders(raw, name):
    raw["datasets"][name] = raw["datasets"].pop("cells")
    assert f"the name '{name}' is taken" in message_of(raw)


# ---- files that are wrong, before any job starts


def test_missing_file(raw, tmp_path):
    raw["datasets"]["cells"]["source"] = str(tmp_path / "dat.npz")
    message = message_of(raw)
    assert message.startswith("dataset 'cells': source '")
    assert "no such file (did you mean 'data.npz'?)" in message


def test_missing_file_of_variables_or_pairs(raw, tmp_path):
    raw["datasets"]["cells"]["pairs"] = {"file": str(tmp_path / "pairs.tsv")}
    assert "pairs file" in message_of(raw)
    raw["datasets"]["cells"]["variables"] = {"gene_sets": str(tmp_path / "sets.gmt")}
    assert "gene_sets" in message_of(raw)


def test_unknown_feature(raw):
    raw["datasets"]["cells"]["variables"] = {"list": {"v": ["a", "d"], "w": ["b"]}}
    assert "1 of its 3 features are not in" in message_of(raw)


def test_duplicate_features(raw, tmp_path):
    raw["datasets"]["cells"]["source"] = save(tmp_path / "twice.npz", features=("a", "b", "a"))
    assert "the feature 'a' of variable 'a' is twice in" in message_of(raw)


def test_too_few_samples(raw, tmp_path):
    raw["datasets"]["cells"]["source"] = save(tmp_path / "few.npz", n_samples=99)
    assert "expected at least 100 samples, found 99" in message_of(raw)
    raw["datasets"]["cells"]["source"] = save(tmp_path / "few.npz", n_samples=139)
    assert "at least 140 samples, found 139" in message_of(raw | {"estimate": {"k": 5}})
    assert config.load(raw | {"estimate": {"k": 4}})


def test_unequal_sample_counts(raw, tmp_path):
    other = save(tmp_path / "other.npz", n_samples=130, features=("d", "e"))
    raw["datasets"]["cells"]["source"] = [raw["datasets"]["cells"]["source"], other]
    message = message_of(raw)
    assert "unequal numbers of samples" in message
    assert "has 120" in message
    assert "has 130" in message


def test_no_overlap_of_samples(raw, tmp_path):
    paths = []
    for name in ("u", "v"):
        index = [f"{name}{i}" for i in range(120)]
        paths.append(str(tmp_path / f"{name}.csv"))
        pd.DataFrame({name: range(120)}, index=index).to_csv(paths[-1])
    raw["datasets"]["cells"]["source"] = paths
    assert "the sources have no sample in common" in message_of(raw)


def test_a_single_variable(raw, tmp_path):
    raw["datasets"]["cells"]["variables"] = "files"
    assert "a pair takes two, found 1: data" in message_of(raw)
