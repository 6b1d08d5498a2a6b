"""CPU milliseconds a pair, beside other libraries: `python -m benchmarks.narrow`.

Pairs are narrow, or wide and independent, as most are where all pairs are asked for. They go
through the workflow's stages, error bar and p value included. In the same run scikit-learn's
`mutual_info_regression`, the Gaussian-copula information of frites and arboreto's GRNBoost2 score
the same pairs, each with one thread and without error bars or p values. The last two run in the
environment of `--peers`, where they are installed; a row says why not.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = (
    (700, 1, 32, 3),
    (2000, 1, 24, 3),
    (2000, 3, 12, 3),
    (2000, 100, 12, 0),
    (2000, 784, 8, 0),
)
"""Samples, features of a variable, variables, and every how many of these share something; 0 for
independent ones."""
COLUMNS = ("n_samples", "n_features", "n_variables", "shared_by_every")
PEERS = ("scikit-learn", "frites", "arboreto")
LONGEST_S = 1800


def draw(n_samples, n_features, n_variables, every):
    """Draw variables, some of which share a latent; shape (variables, samples, features)."""
    from lmi.base import seeds

    rng = seeds.rng(0, "bench_narrow", n_samples, n_features)
    latent = rng.standard_normal((n_samples, 1))
    values = rng.standard_normal((n_variables, n_samples, n_features))
    if every:
        values[::every] += 0.7 * latent
    return values


def ours(values, folder):
    """Return CPU ms a pair by stage, of pairs through the workflow's stages.

    Parameters
    ----------
    values : array, shape (n_variables, n_samples, n_features)
    folder : Path
        Where files may be written.
    """
    from lmi.pipeline.embed import embed
    from lmi.pipeline.estimate import estimate
    from lmi.pipeline.project import project
    from lmi.planning import config
    from lmi.results.collect import collect

    paths = [str(folder / f"v{number:02d}.npy") for number in range(len(values))]
    for path, matrix in zip(paths, values, strict=True):
        np.save(path, matrix)
    loaded = config.load({"datasets": {"d": {"source": paths, "variables": "files"}}})
    pairs = [(i, j) for i in range(len(paths)) for j in range(i + 1, len(paths))]
    block, tile, estimates, part = (
        folder / f"{name}.h5" for name in ("block", "tile", "estimates", "part")
    )
    names = [{"name": Path(path).stem, "features": []} for path in paths]
    dataset = {"dataset": loaded["datasets"]["d"], "dataset_name": "d", "variables": names}
    steps = {
        "project": lambda: project(block, **dataset, settings=loaded["project"], seed=0),
        "embed": lambda: embed(tile, block, block, pairs=pairs, settings=loaded["embed"], seed=0),
        "estimate": lambda: estimate(estimates, tile, settings=loaded["estimate"], seed=0),
        "collect": lambda: collect(part, [estimates], 10),
    }
    taken = {}
    for stage, step in steps.items():
        start = time.process_time()
        step()
        taken[stage] = 1e3 * (time.process_time() - start) / len(pairs)
    return taken


def peer(name, values, python, folder):
    """Return CPU ms a pair of another library, or why it has none.

    Parameters
    ----------
    name : str
        One of `PEERS`.
    values : array, shape (n_variables, n_samples, n_features)
    python : str
        Of an environment that has the library.
    folder : Path
    """
    if values.shape[2] > 1 and name != "frites":
        return np.nan, "scores single features alone"
    np.save(folder / "values.npy", values)
    # -P: the folder of this file has a module that is called as one of Python's own
    command = [python, "-P", __file__, "--score", name, str(folder / "values.npy")]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return np.nan, str(error)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        # what was raised, not what is logged while all is closed
        return np.nan, next(
            (line for line in lines if re.match(r"\w+(Error|Exception)", line)), lines[-1]
        )
    return json.loads(done.stdout.splitlines()[-1]), ""


def score(name, path):
    """Print the CPU ms a pair that a library takes for the variables of a file, as JSON."""
    values = np.load(path)
    n_variables = len(values)
    n_pairs = n_variables * (n_variables - 1) // 2
    scorer = {"scikit-learn": _scikit_learn, "frites": _frites, "arboreto": _arboreto}[name]
    work = scorer(values)
    start = time.process_time()
    work()
    print(json.dumps(1e3 * (time.process_time() - start) / n_pairs))


def _scikit_learn(values):
    from sklearn.feature_selection import mutual_info_regression

    matrix = values[:, :, 0].T

    def work():
        for j in range(1, matrix.shape[1]):
            mutual_info_regression(matrix[:, :j], matrix[:, j], random_state=0)

    return work


def _frites(values):
    from frites.core import copnorm_nd, mi_nd_gg

    def work():
        # (variables, features, samples)
        scores = copnorm_nd(values.transpose(0, 2, 1), axis=-1)
        for j in range(1, len(scores)):
            other = np.broadcast_to(scores[j], scores[:j].shape)
            mi_nd_gg(scores[:j], other, mvaxis=-2, traxis=-1)

    return work


def _arboreto(values):
    # by gene, as its `grnboost2` does, without the cluster that it wants for them
    from arboreto.core import SGBM_KWARGS, infer_partial_network

    matrix = values[:, :, 0].T
    names = [f"v{number}" for number in range(matrix.shape[1])]

    def work():
        for name, column in zip(names, matrix.T, strict=True):
            infer_partial_network("GBM", SGBM_KWARGS, matrix, names, name, column, seed=0)

    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=sys.executable, help="python with frites and arboreto")
    parser.add_argument("--out", default="results/bench_narrow.tsv")
    parser.add_argument("--score", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.score:
        score(*options.score)
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        ours(draw(200, 1, 4, 3), Path(folder))  # loads the libraries
    rows = []
    for size in SIZES:
        values = draw(*size)
        row = dict(zip(COLUMNS, size, strict=True))
        with tempfile.TemporaryDirectory() as name:
            taken = ours(values, Path(name))
            total = sum(taken.values())
            new = [row | {"library": "lmi-workflow", "ms_a_pair": total, "times_ours": 1.0}]
            new[0]["note"] = ", ".join(f"{stage} {ms:.2f}" for stage, ms in taken.items())
            for library in PEERS:
                python = sys.executable if library == "scikit-learn" else options.peers
                ms, reason = peer(library, values, python, Path(name))
                shown = {"library": library, "ms_a_pair": ms, "times_ours": ms / total}
                new.append(row | shown | {"note": reason})
        print(pd.DataFrame(new).to_string(index=False, header=not rows), flush=True)
        rows += new
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out, sep="\t", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
