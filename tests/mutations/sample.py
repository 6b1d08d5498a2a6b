"""A sample of all small changes of the code behind the numbers, each of which a test must notice.

    python -m tests.mutations.sample                     6 mutants of each module
    python -m tests.mutations.sample --n 3 --seed 1 null those of modules with a word in their name

`make test-mutants` installs cosmic-ray into an environment of its own, which makes the mutants;
the tests of `SELECTIONS` run on each, in a copy of the project. Survivors are listed with what was
changed; those of which `explained` says why no test need notice them count apart. The exit code is
1 where others are left.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutations.__main__ import ROOT, copy, fails
from tests.mutations.explained import why

MAKER = ROOT / ".mutants/bin/python"
KSG, ESTIMATION, DATA = "tests/unit/ksg/", "tests/unit/estimation/", "tests/unit/data/"
# what repeats a kernel's numbers in many processors' ways, or draws many pairs, is left out
KERNEL = (KSG + "test_ksg.py", "-k", "not variant and not scikit and not threads and not benchmark")
NULL = (ESTIMATION + "test_null.py", "-k", "not small[")
SELECTIONS = {
    # the KSG estimator's Python side
    "ksg/kernel.py": (KSG + "test_conditional_ksg.py", *KERNEL),
    "ksg/points.py": (KSG + "test_apart.py", *KERNEL),
    "ksg/permuted.py": (KSG + "test_apart.py", *KERNEL),
    "ksg/guided.py": (
        KSG + "test_guided.py",
        KSG + "test_apart.py",
        ESTIMATION + "test_statistics.py",
    ),
    "ksg/flat.py": (KSG + "test_flat.py",),
    "ksg/discrete.py": (KSG + "test_mixed.py", ESTIMATION + "test_discrete.py"),
    # the null
    "estimation/null.py": NULL,
    "estimation/permutations.py": NULL,
    "estimation/tails.py": NULL,
    "estimation/combination.py": (ESTIMATION + "test_combination.py", *NULL),
    "estimation/ranks.py": (ESTIMATION + "test_narrow.py",),
    # the false discovery rate
    "results/table.py": ("tests/unit/results/test_table.py",),
    # error bars
    "estimation/error_bars.py": (ESTIMATION + "test_error_bars.py",),
    "estimation/within.py": (ESTIMATION + "test_within.py", "tests/unit/test_api.py"),
    # tiles
    "planning/tiles.py": ("tests/unit/planning/test_tiles.py",),
    "results/join.py": ("tests/unit/results", "tests/unit/pipeline/test_chunks.py"),
    # joins of samples
    "data/samples.py": (
        *(DATA + name for name in ("test_samples.py", "test_resample.py", "test_variables.py")),
    ),
    "data/pairing.py": (DATA + "test_pairing.py",),
    "data/label_joins.py": (DATA + "test_variables.py", DATA + "test_samples.py"),
    "data/matrix_values.py": (
        DATA + "test_variables.py",
        DATA + "test_samples.py",
        DATA + "test_preprocess.py",
        "tests/unit/pipeline/test_given.py",
    ),
}
"""Modules below workflow/lmi, and the tests that know them best."""


def made(modules, n, seed):
    """Return mutants of modules: dicts of file, line, operator, change and text."""
    files = [f"workflow/lmi/{module}" for module in modules]
    command = [MAKER, ROOT / "tests/mutations/mutants.py", "--n", str(n), "--seed", str(seed)]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{MAKER} cannot make mutants: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


def is_noticed(mutant, tests, folder):
    """Return whether tests fail with a mutant in a copy of the project."""
    path = Path(folder, mutant["file"])
    right = path.read_text(encoding="utf-8")
    path.write_text(mutant["text"], encoding="utf-8")
    try:
        return fails(tests, folder)
    finally:
        path.write_text(right, encoding="utf-8")


def main():
    """Try a sample; list the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations.sample", description=__doc__)
    parser.add_argument("words", nargs="*", help="only modules with one of these in their name")
    parser.add_argument("--n", type=int, default=6, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if not MAKER.exists():
        sys.exit(f"there is no {MAKER}: `make test-mutants` makes it")
    modules = [m for m in SELECTIONS if not chosen.words or any(w in m for w in chosen.words)]
    counts = {"noticed": 0, "explained": 0, "SURVIVED": 0}
    with tempfile.TemporaryDirectory(prefix="lmi-mutants-") as folder:
        copy(folder)
        for mutant in made(modules, chosen.n, chosen.seed):
            start = time.monotonic()
            tests = SELECTIONS[mutant["file"].removeprefix("workflow/lmi/")]
            change = "\n".join(line.replace("\t", " ") for line in mutant["change"])
            verdict = "noticed" if is_noticed(mutant, tests, folder) else "SURVIVED"
            reason = why(mutant["file"], mutant["change"]) if verdict == "SURVIVED" else ""
            verdict = "explained" if reason else verdict
            counts[verdict] += 1
            where = f"{mutant['file']}:{mutant['line']} {mutant['operator']}"
            print(f"{verdict:9} {time.monotonic() - start:5.0f} s  {where}  {reason}", flush=True)
            if verdict == "SURVIVED":
                print(change, flush=True)
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    sys.exit(bool(counts["SURVIVED"]))


if __name__ == "__main__":
    main()
