"""The scripts of the page, which share one scope: no two of them declare the same name."""

import re
from collections import Counter
from pathlib import Path

import lmi.report
import pytest

ASSETS = Path(lmi.report.__file__).parent / "assets"
TEMPLATE = Path(lmi.report.__file__).parent / "templates" / "report.html"


def test_no_two_scripts_declare_the_same_name():
    """The later one wins without a word: the table then sorted by a function of the panel."""
    declared = Counter()
    for path in ASSETS.glob("*.js"):
        found = re.findall(
            r"^(?:async )?(?:function|const|let|class) (\w+)", path.read_text(), re.MULTILINE
        )
        declared.update(found)
    assert declared["tableColumn"] == 1
    assert [name for name, n in declared.items() if n > 1] == []


def contrast(one, other):
    """Return the contrast of two colours, as the guidelines for accessible pages define it."""

    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    low, high = sorted([light(one), light(other)])
    return high / low


@pytest.mark.parametrize("name", ["LIGHT", "DARK"])
def test_colours_of_plots_stand_out_from_the_page(name):
    text = (ASSETS / "plots.js").read_text()
    theme = text[text.index(f"const {name} = {{") :].partition("};")[0]
    of = dict(re.findall(r'(\w+): "(#\w{6})"', theme))
    series = re.findall(r"#\w{6}", theme[theme.index("series:") :].partition("]")[0])
    assert len(series) == 7
    assert min(contrast(colour, of["paper"]) for colour in series) >= 3
    assert min(contrast(of[ink], of["paper"]) for ink in ("ink", "muted")) >= 4.5


def test_no_script_makes_an_element_with_the_id_of_another():
    made = Counter(re.findall(r'\bid="([\w-]+)"', TEMPLATE.read_text()))
    made.update(re.findall(r'\bdrawn\("([\w-]+)"', TEMPLATE.read_text()))
    for path in ASSETS.glob("*.js"):
        made.update(re.findall(r'\{id: "([\w-]+)"', path.read_text()))
    assert made["groups"] == made["sample-groups"] == 1
    assert [name for name, n in made.items() if n > 1] == []
