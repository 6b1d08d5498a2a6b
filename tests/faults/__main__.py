"""Trials, seeded: after each the same command gives the same table, or one message names the cure.

    python -m tests.faults                    all kinds, a few minutes
    python -m tests.faults --long             200 kills, 500 damages and more of the rest
    python -m tests.faults kills --n 50       one kind, so many times
    python -m tests.faults --seed 7 --json faults.json

The table at the end counts by kind: `same` table, `named` (one message that names the file and
says what to do, and the same table after it), and all `else`, for which the exit code is 1.
"""

import argparse
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from tests.faults import damage, kills, places, small, whole

TRIALS = {
    "kills": (kills.trials, 12, 200),
    "damage": (damage.trials, 54, 504),
    "disk": (places.disk_trials, 8, 60),
    "folders": (places.folder_trials, 8, 40),
    "twice": (places.twice_trials, 3, 20),
    "installation": (whole.installation_trials, 4, 12),
    "snakemake": (whole.trials, 4, 24),
}
"""Of each kind: the function, and how many trials are short and long."""


def main():
    """Try; print the table; say by the exit code whether anything else was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(TRIALS)}; all where none is named")
    parser.add_argument("--long", action="store_true", help="many trials")
    parser.add_argument("--n", type=int, help="so many trials of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the table")
    chosen = parser.parse_args()
    if unknown := set(chosen.kinds) - set(TRIALS):
        parser.error(f"expected kinds of {', '.join(TRIALS)}, found {', '.join(sorted(unknown))}")
    small.short_chunks()
    found, start = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lmi-faults-") as folder:
        folder = Path(folder).resolve()
        first = folder / "undisturbed"
        small.lay_out(first)
        wanted = small.make(first, cached=False)
        for kind in chosen.kinds or TRIALS:
            function, few, many = TRIALS[kind]
            n = chosen.n or (many if chosen.long else few)
            rng = np.random.default_rng([chosen.seed, zlib.crc32(kind.encode())])
            place = folder / kind
            place.mkdir()
            for what, outcome, why in function(place, rng, n, wanted):
                found.append((what, outcome, why))
                seconds = time.monotonic() - start
                print(f"{seconds:6.0f} s  {outcome:5}  {what}  {why}", flush=True)
            small.remove(place)
    rows = small.told(sorted(found))
    rows.append({"kind": "all"} | {n: sum(row[n] for row in rows) for n in list(rows[0])[1:]})
    print(small.as_markdown(rows))
    if chosen.json:
        chosen.json.write_text(small.as_json(rows) + "\n")
    sys.exit(rows[-1]["else"] > 0)


if __name__ == "__main__":
    main()
