"""Config files: what a parser lets pass in silence is refused in one message."""

import time
from pathlib import Path

import pytest
from lmi.base.errors import InputError
from lmi.planning import config, yaml_file

ROOT = Path(__file__).resolve().parents[3]


def message_of(tmp_path, content):
    """Return the one message, on one line, about a file with this content."""
    path = tmp_path / "mine.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        yaml_file.check_yaml(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


def test_our_own_files_pass():
    for name in ("config.yaml", "tests/workflow/short.yaml", "profiles/default/profile.yaml"):
        yaml_file.check_yaml(ROOT / name)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "run: a\ndatasets: {a: {b: 1}, c: {b: 1}}\n",
        '{"run": "a",\t"x": {"run": 1}}',
        "one: &one {a: 1, b: 2}\ntwo: {<<: *one, b: 3}\nthree: [*one, *one, a, a]\n",
        "\ufeffrun: a\n",
        "run: a\nx: run\ny: [run, run, {run: run}, {run: run}]\n",
    ],
)
def test_sound_files_pass(tmp_path, content):
    (tmp_path / "mine.yaml").write_bytes(content.encode())
    yaml_file.check_yaml(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("estimate: {k: 3}\nrun: a\nestimate: {error_bars: false}\n", "in the lines 1 and 3"),
        ("datasets:\n  a:\n    x: [1, {estimate: 1, b: 2, 'estimate': 3}]", "the lines 3 and 3"),
        ('{"estimate": {"k": 3}, "estimate": {}}', "one mapping: one of them"),
        ('{"a": [{"estimate": 3, "estimate": 3}]}', "one mapping: one of them"),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path, content, place):
    message = message_of(tmp_path, content)
    assert "the key 'estimate' stands twice" in message and place in message


def test_aliases_that_grow_without_bounds_are_refused_at_once(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for i in range(1, 60):
        bomb += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n"
    start = time.perf_counter()
    assert "line 7: expected at most 1,000,000 entries" in message_of(tmp_path, bomb)
    assert time.perf_counter() - start < 1
    assert "*a stands for nothing, or contains itself" in message_of(tmp_path, "x: &a [*a]")
    assert "*b stands for nothing" in message_of(tmp_path, "x: *b")


def test_what_is_no_text_or_no_yaml_is_refused(tmp_path):
    assert "Save the file as UTF-8" in message_of(tmp_path, "run: a".encode("utf-16"))
    assert "expected YAML" in message_of(tmp_path, "run: 'a\n")
    assert "expected YAML" in message_of(tmp_path, "run: a\n\tb: c\n")
    assert "levels of nesting" in message_of(tmp_path, "run: " + "[" * 100_000)
    assert "levels of nesting" in message_of(tmp_path, "x: " + "{a: " * 60 + "1" + "}" * 60)
    with pytest.raises(InputError, match="expected a file"):
        yaml_file.check_yaml(tmp_path / "nowhere.yaml")


def test_a_file_without_end_is_refused_before_it_is_read_as_yaml(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml_file, "MAX_FILE_BYTES", 10)
    assert "Give long lists as tables" in message_of(tmp_path, "run: a_long_name")


# ---- what `load` refuses of names and numbers


@pytest.fixture
def raw():
    return {"datasets": {"a": {"task": {"name": "gaussian_grid", "n_samples": 200}}}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": "demo\n"}, r"config: run: expected text on one line, found '\\n' in 'demo\\n'"),
        ({"run": "a" * 201}, r"config: run: expected at most 200 characters, found 201: 'aaa"),
        ({"cache": "a\0b"}, r"config: cache: expected text on one line"),
        ({"cache": "a" * 5000}, r"config: cache: expected at most 4000 characters"),
        ({"datasets": {"a\n": {}}}, r"a key of datasets: expected text on one line"),
        ({"datasets": {"a" * 300: {}}}, r"a key of datasets: expected at most 200 characters"),
        ({"seed": 2**64}, r"config: seed: expected a whole number below 2\^64 = 184.*found 184"),
        ({"seed": 1e30}, r"config: seed: expected a whole number below 2\^64"),
        ({"seed": 10**5000}, r"config: seed: .*found one of 16610 bits"),
    ],
)
def test_names_and_numbers_that_nothing_could_hold_are_refused(raw, changes, said):
    with pytest.raises(InputError, match=said) as error:
        config.load(raw | changes)
    assert "\n" not in str(error.value)


def test_names_of_variables_are_bounded_too(raw):
    for choice in ({"list": ["x" * 201]}, {"list": {"x\u2028": ["a"]}}):
        raw["datasets"]["a"] = {"source": "nowhere.csv", "variables": choice}
        with pytest.raises(InputError, match=r"variables.list.*expected (at most 200|text on one)"):
            config.load(raw)


def test_the_largest_seed_goes(raw):
    assert config.load(raw | {"seed": 2**64 - 1})["seed"] == 2**64 - 1


def test_a_config_that_is_nested_without_end_is_refused(raw):
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(InputError, match="levels of nesting"):
        config.load(raw | {"benchmark": {"seeds": deep}})
