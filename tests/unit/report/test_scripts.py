"""The scripts of the page, which share one scope: no two of them declare the same name."""

import re
from collections import Counter
from pathlib import Path

import lmi.report

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


def test_no_script_makes_an_element_with_the_id_of_another():
    made = Counter(re.findall(r'\bid="([\w-]+)"', TEMPLATE.read_text()))
    made.update(re.findall(r'\bdrawn\("([\w-]+)"', TEMPLATE.read_text()))
    for path in ASSETS.glob("*.js"):
        made.update(re.findall(r'\{id: "([\w-]+)"', path.read_text()))
    assert made["groups"] == made["sample-groups"] == 1
    assert [name for name, n in made.items() if n > 1] == []
