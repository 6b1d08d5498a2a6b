"""What the pages say of the method and of figures is held by a constant, a test or a command."""

import ast
import importlib
import re
from pathlib import Path

import pytest
import yaml

from tests.mutations import __main__ as mutations
from tests.mutations.faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = yaml.safe_load((ROOT / "tests/claims.yaml").read_text(encoding="utf-8"))
PAGES = sorted({claim["page"] for claim in CLAIMS})
FIGURE = re.compile(r"(?<![\w.])[-+−±]?\d*\.\d+|\b\d+ (%|times|bits|standard|seconds|ms|GB|MB)\b")
COMMAND = re.compile(r"`(make [\w-]+|python -m [\w.]+|snakemake [^`]*)|tests/[\w/]+\.py")
HELD_BY = {"constants", "tests", "command", "trial"}


def paragraphs(page):
    """Return paragraphs, items of lists and tables of a page, without code and generated parts."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    text = re.sub(r"<!-- (\w+) -->.*?<!-- end of \1 -->", "", text, flags=re.S)
    for block in re.split(r"\n\s*\n", text):
        yield from (
            [block] if block.lstrip().startswith("|") else re.split(r"\n(?=- |\d+\. )", block)
        )


def flat(text):
    """Return text with single spaces."""
    return " ".join(text.split())


@pytest.mark.parametrize("page", PAGES)
def test_every_paragraph_with_a_figure_names_its_command_or_is_on_the_list(page):
    said = [flat(claim["says"]) for claim in CLAIMS if claim["page"] == page]
    bare = [
        flat(one)[:160]
        for one in paragraphs(page)
        if FIGURE.search(one)
        and not COMMAND.search(one)
        and not any(says in flat(one) for says in said)
    ]
    assert not bare, "write into tests/claims.yaml what holds these"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: flat(claim["says"])[:50])
def test_what_holds_a_sentence_is_there(claim):
    assert set(claim) <= {"page", "says", *HELD_BY} and HELD_BY & set(claim)
    assert any(flat(claim["says"]) in flat(one) for one in paragraphs(claim["page"]))
    for name, value in claim.get("constants", {}).items():
        module, _, constant = name.rpartition(".")
        found = getattr(importlib.import_module(module), constant)
        assert (list(found) if isinstance(found, tuple) else found) == value, name
    for test in claim.get("tests", []):
        path, _, function = test.partition("::")
        names = [
            node.name
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
        ]
        assert not function or function in names, test
    for words in [claim["command"].split()] if "command" in claim else []:
        match words[:3]:
            case ["make", target, *_]:
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                assert re.search(rf"^{re.escape(target)}:", makefile, re.M)
            case ["python", "-m", module]:
                assert (ROOT / f"{module.replace('.', '/')}.py").exists()
            case _:
                assert words[0] == "snakemake"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *PAGES])
def test_files_of_the_project_that_a_page_names_are_there(page):
    made = {"correlation.py", "echo.py"}  # by the reader, as the page shows
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"\b(?:tests|workflow|benchmarks|profiles|slurm)/[\w/.-]+\.\w+", text)
    assert not [
        name for name in named if Path(name).name not in made and not (ROOT / name).exists()
    ]


def test_each_fault_that_tests_must_notice_still_has_its_place():
    assert mutations.check_places(FAULTS) == []
