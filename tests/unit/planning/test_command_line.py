"""Values of the command line have the types that a file would give them."""

import numpy as np
import pytest
from lmi.base.errors import InputError
from lmi.planning import check
from lmi.planning.command_line import parsed, typed
from lmi.planning.config import load


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    """Return a config; its file lies in the folder of work."""
    monkeypatch.chdir(tmp_path)
    np.save("m.npy", np.random.default_rng(0).normal(size=(200, 2)))
    (tmp_path / "c.yaml").write_text("run: t\ndatasets:\n  d: {source: m.npy}\n")
    return {"run": "t", "datasets": {"d": {"source": "m.npy"}}}


@pytest.mark.parametrize(
    ("text", "section", "key", "value"),
    [
        ("estimate={k: 5}", "estimate", "k", 5),
        ("keep={embeddings: false}", "keep", "embeddings", False),
        ("embed={learning_rate: 1e-3}", "embed", "learning_rate", 1e-3),
        ("embed={train: never}", "embed", "train", "never"),
        ("benchmark={seeds: [1, 2]}", "benchmark", "seeds", [1, 2]),
        ("accuracy={families: [bmi]}", "accuracy", "families", ["bmi"]),
        ("calibrate={levels_bits: [0, 0.5]}", "calibrate", "levels_bits", [0, 0.5]),
    ],
)
def test_nested_values_are_as_in_a_file(text, section, key, value):
    assert check.read(["c.yaml"], [text])[section][key] == value


def test_a_part_of_a_section_leaves_the_rest_alone():
    changed = check.read(["c.yaml"], ["estimate={permutations: {max: 50}}", "seed=3"])
    assert changed["estimate"]["permutations"]["max"] == 50
    assert changed["estimate"]["permutations"]["tail_fit"] is True
    assert changed["seed"] == 3


def test_a_part_of_a_dataset_leaves_the_rest_alone():
    changed = check.read(["c.yaml"], ["datasets={d: {time_series: true, lags: [-1, 1]}}"])
    assert changed["datasets"]["d"]["source"] == "m.npy"
    assert changed["datasets"]["d"]["lags"] == [-1, 1]


def test_parameters_of_a_task_are_numbers_where_they_look_like_it():
    text = "datasets={t: {task: {name: projected_gaussian, n_samples: 500, ambient: 5}}}"
    assert check.read(["c.yaml"], [text])["datasets"]["t"]["task"]["n_samples"] == 500


def test_off_is_off(config):
    given = {"cache": "off"}
    assert load(typed(config | given, given))["cache"] is False


def test_what_files_say_is_left_alone(config):
    config["estimate"] = {"k": "5"}
    with pytest.raises(InputError, match=r"found '5', which is text\. Remove the quotes"):
        load(typed(config, {"seed": 1}))


def test_text_that_is_no_number_is_refused_without_advice_on_quotes():
    with pytest.raises(InputError) as error:
        check.read(["c.yaml"], ["estimate={k: five}"])
    assert "found 'five'" in str(error.value) and "quotes" not in str(error.value)


def test_a_colon_without_a_space_is_told():
    with pytest.raises(InputError, match="expected a space after the colon") as error:
        check.read(["c.yaml"], ["estimate={k:5}"])
    assert "Write {k: 5}" in str(error.value)


def test_a_number_as_a_name_says_how_to_write_it(config):
    given = {"run": 2024}
    with pytest.raises(InputError, match="Write it with quotes within quotes") as error:
        typed(config | given, given)
    assert """--config 'run="2024"'""" in str(error.value)


@pytest.mark.parametrize("entry", ["estimate", "estimate={k: ", "=3"])
def test_an_entry_that_is_none_is_refused(entry):
    with pytest.raises(InputError, match="--config: "):
        parsed([entry])
