"""Mutants of modules, by cosmic-ray; run by the Python of an environment that has it.

    .mutants/bin/python tests/mutations/mutants.py --n 10 --seed 0 FILE...

Prints JSON: of each file a sample of its mutants, each the whole text of the changed module. A
place in the code is drawn first and one of the changes that can be made there then, so that an
operator with many alternatives does not come more often than others.
"""

import argparse
import difflib
import json
import random
import re
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

ANNOTATIONS = ("tfpdef", "annassign")
GUARDS = ("frozen=True", "strict=True")
"""What Python watches over: without it, right code gives the same."""


def places(text):
    """Return {(line, column, family of operators): [(operator, occurrence), ...]} of a module."""
    found = {}
    tree, lines = get_ast(text), text.split("\n")
    for name in sorted(plugins.operator_names()):
        operator = plugins.get_operator(name)
        if operator.arguments():
            continue
        nodes = ((node, p) for node in ast_nodes(tree) for p in operator().mutation_positions(node))
        for occurrence, (node, ((line, column), _)) in enumerate(nodes):
            guards = any(lines[line - 1][column - 7 :].startswith(guard) for guard in GUARDS)
            if node.search_ancestor(*ANNOTATIONS) is None and not guards:
                family = re.split(r"[/_]", name)[1]
                found.setdefault((line, column, family), []).append((name, occurrence))
    return found


def mutants(path, n, seed):
    """Yield n mutants of a file (all of them where it has fewer places)."""
    text = Path(path).read_text(encoding="utf-8")
    rng = random.Random(f"{seed} {path}")
    found = places(text)
    for place in rng.sample(sorted(found), min(n, len(found))):
        name, occurrence = rng.choice(found[place])
        changed = mutate_code(text, plugins.get_operator(name)(), occurrence)
        if changed is None or changed == text:
            continue
        lines = list(difflib.unified_diff(text.split("\n"), changed.split("\n"), n=0, lineterm=""))
        change = [line for line in lines[2:] if not line.startswith("@@")]
        yield {"file": path, "line": place[0], "operator": name, "change": change, "text": changed}


def main():
    """Print the mutants."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--n", type=int, default=10, help="of each file")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps([m for path in chosen.files for m in mutants(path, chosen.n, chosen.seed)]))


if __name__ == "__main__":
    main()
