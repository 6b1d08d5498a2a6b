"""Two versions of the package on the same pairs: `python -m benchmarks.same OTHER`.

OTHER is another checkout, with its kernel built. Pairs of several kinds go through embed and
estimate of either version in turn, each time in a fresh Python with one thread. The table has the
CPU milliseconds a pair of both, medians over the rounds, and the largest difference of any number
in the files of estimates; columns that differ are named.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import rows

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "1 + 1": {"n_features": 1, "n_variables": 12},
    "1 + 1, counts": {"n_features": 1, "n_variables": 12, "counts": True},
    "3 + 3": {"n_features": 3, "n_variables": 6},
    "100 + 100, independent": {"n_features": 100, "n_variables": 5, "shared": 0.0},
    "100 + 100, weak": {"n_features": 100, "n_variables": 5, "shared": 0.15},
    "784 + 784, independent": {"n_features": 784, "n_variables": 4, "shared": 0.0},
}
"""Settings of `draw`."""
CHANGING = ("seconds",)
"""Arrays of the estimates that differ from run to run."""


def draw(kind, n_samples):
    """Draw the variables of a kind, each of 10 latents at most, some shared by all variables.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    n_samples : int

    Returns
    -------
    list of array, shape (n_samples, n_features)
    """
    from lmi.base import seeds

    settings = {"shared": 0.7, "counts": False} | KINDS[kind]
    rng = seeds.rng(0, "bench_same", kind)
    n_features = settings["n_features"]
    shared = rng.standard_normal((n_samples, 1))
    variables = []
    for _ in range(settings["n_variables"]):
        latents = rng.standard_normal((n_samples, min(n_features, 10)))
        latents[:, :1] += settings["shared"] * shared
        if n_features > 10:
            latents = latents @ rng.standard_normal((10, n_features))
            latents += 0.5 * rng.standard_normal(latents.shape)
        if settings["counts"]:
            latents = rng.poisson(np.exp(latents - 0.7)).astype(float)
        variables.append(latents)
    return variables


def run(kind, n_samples, out):
    """Embed and estimate all pairs of a kind; write the estimates and the CPU time to `out`."""
    from benchmarks.narrow import ours

    with tempfile.TemporaryDirectory() as folder:
        ours(draw("1 + 1", 200)[:3], Path(folder))  # loads the libraries
    with tempfile.TemporaryDirectory() as folder:
        taken = ours(draw(kind, n_samples), Path(folder))
        import h5py

        with h5py.File(Path(folder) / "estimates.h5") as file:
            arrays = {name: data[()] for name, data in file.items() if name not in CHANGING}
    arrays = {
        name: array.astype(bytes) if array.dtype == object else array
        for name, array in arrays.items()
    }
    np.savez(out, **arrays, cpu_ms=taken["embed"] + taken["estimate"])


def differences(one, other):
    """Return the largest difference of numbers in two files of `run`, and what differs."""
    largest, names = 0.0, []
    for name in sorted({*one.files, *other.files} - {"cpu_ms"}):
        if name not in one.files or name not in other.files:
            names.append(name)
            continue
        a, b = one[name], other[name]
        if a.shape != b.shape or a.dtype.kind not in "fiub":
            if a.shape != b.shape or (a != b).any():
                names.append(name)
            continue
        if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            names.append(name)
            gap = np.abs(a.astype(float) - b.astype(float))
            largest = max(largest, float(np.nanmax(gap, initial=0.0)))
    return largest, names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", help="root of another checkout")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default="results/bench_same.tsv")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(options.kinds[0], options.samples, options.run)
        return
    table = []
    for kind in options.kinds:
        milliseconds = {"this": [], "other": []}
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(options.rounds):
                for which, root in (("other", Path(options.other).resolve()), ("this", ROOT)):
                    path = os.pathsep.join([str(root / "workflow"), str(ROOT)])
                    command = [sys.executable, "-m", "benchmarks.same", str(root), "--kinds", kind]
                    command += ["--samples", str(options.samples)]
                    command += ["--run", f"{folder}/{which}.npz"]
                    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
                    subprocess.run(
                        command, check=True, env=environment, stderr=subprocess.DEVNULL, cwd=folder
                    )
                    with np.load(f"{folder}/{which}.npz") as file:
                        milliseconds[which].append(float(file["cpu_ms"]))
            with np.load(f"{folder}/this.npz") as one, np.load(f"{folder}/other.npz") as other:
                largest, names = differences(one, other)
        this, before = (float(np.median(milliseconds[which])) for which in ("this", "other"))
        table.append(
            {"kind": kind, "this_ms": this, "other_ms": before, "other/this": before / this}
            | {"largest_difference": largest, "differ": ",".join(names) or "nothing"}
        )
        rows.show(table, options.out)


if __name__ == "__main__":
    main()
