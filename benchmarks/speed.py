"""CPU seconds and error beside the released latentmi, in one run: `python -m benchmarks.speed`.

Each case runs ours and latentmi three times each, latentmi in a process of its own with as many
threads, and gives medians; error bars are included, p values, which latentmi has not, are not.
`pairs` runs all pairs of 64 variables through the workflow's stages and extrapolates latentmi's
time and error from four dependent and eight independent ones of them, drawn at random.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

CASES = {
    "documented": ("projected_gaussian", {"n_samples": 10_000, "ambient": 100}),
    "wide": ("gaussian_grid", {"n_samples": 2000, "ambient": 1000, "intrinsic": 3}),
    "images": ("gaussian_grid", {"n_samples": 5000, "ambient": 784, "intrinsic": 5}),
}
N_VARIABLES, N_REPEATS = 64, 3
N_PEER_PAIRS = {True: 4, False: 8}
"""Pairs that latentmi estimates, dependent and independent: it takes a minute and more for each."""


def one_pair(case, python):
    """Return the row of one case: medians over draws, the same ones for both."""
    from lmi import api, tasks
    from lmi.benchmarks import peers

    name, settings = CASES[case]
    seconds, errors, peer_seconds, peer_errors = [], [], [], []
    for seed in range(N_REPEATS + 1):
        task = tasks.make(name, seed, **settings)
        start = time.process_time()
        result = api.estimate(task.x, task.y, seed=seed, n_permutations=0)
        if seed:  # the first run loads the libraries
            seconds.append(time.process_time() - start)
            errors.append(abs(result.mi_bits - task.truth_bits))
            peer = peers.latentmi(python, task.x, task.y, seed=seed)
            peer_seconds.append(peer["cpu_seconds"])
            peer_errors.append(abs(peer["mi_bits"] - task.truth_bits))
    return _row(case, seconds, errors, np.median(peer_seconds), np.mean(peer_errors))


def all_pairs(python):
    """Return the row of all pairs of 64 variables, n = 2,000, 100 features each.

    The variables share one of eight Gaussian latents with noise, so that every pair's mutual
    information is known: that of the correlation of the two noisy copies, or zero.
    """
    from lmi.base import seeds
    from lmi.base.files import reading
    from lmi.benchmarks import peers
    from lmi.embedding import canonical
    from lmi.pipeline.embed import embed
    from lmi.pipeline.estimate import estimate
    from lmi.pipeline.project import write_block
    from lmi.projection.folds import folds

    rng = seeds.rng(0, "bench_speed")
    n, d = 2000, 100
    group = np.arange(N_VARIABLES) % 8
    latent = rng.standard_normal((n, 8))
    noise = 0.7
    own = latent[:, group] + noise * rng.standard_normal((n, N_VARIABLES))
    matrices = [own[:, [v]] * rng.standard_normal((1, d)) for v in range(N_VARIABLES)]
    matrices = [m + 0.05 * rng.standard_normal(m.shape) for m in matrices]
    truth = -0.5 * np.log2(1 - (1 / (1 + noise**2)) ** 2)
    pairs = list(itertools.combinations(range(N_VARIABLES), 2))
    settings = {
        "preset": "default",
        "n_latent": 16,
        "train": "auto",
        "checks": "quick",
        "max_steps": 300,
        "batch_size": 256,
        "learning_rate": 1e-3,
    }
    with tempfile.TemporaryDirectory() as folder:
        block, tile, out = (Path(folder) / name for name in ("block.h5", "tile.h5", "out.h5"))
        start = time.process_time()
        write_block(
            block,
            [f"v{v}" for v in range(N_VARIABLES)],
            matrices,
            [""] * N_VARIABLES,
            folds(n, seed=0, dataset="bench", n_inner=canonical.N_INNER),
            dataset_name="bench",
            settings={"n_components": 64, "clip": 10.0},
            seed=0,
            attributes={
                "key": "",
                "time_series": False,
                "overlap": 0,
            },
        )
        embed(tile, block, block, pairs=pairs, settings=settings, seed=0)
        no_null = {"max": 0, "scheme": "auto"}
        options = {"k": 3, "error_bars": True, "permutations": no_null}
        estimate(out, tile, settings=options, seed=0)
        seconds = time.process_time() - start
        with reading(out, "estimate") as file:
            estimates = file["mi_bits"][()]
    dependent = np.array([group[i] == group[j] for i, j in pairs])
    errors = np.abs(estimates - truth * dependent)
    peer_seconds, peer_error = 0.0, 0.0
    for kind, n_pairs in N_PEER_PAIRS.items():
        sample = rng.choice(np.flatnonzero(dependent == kind), n_pairs, replace=False)
        peer = [
            peers.latentmi(python, *(matrices[v] for v in pairs[place]), seed=0) for place in sample
        ]
        share = (dependent == kind).mean()
        peer_seconds += share * len(pairs) * np.mean([p["cpu_seconds"] for p in peer])
        peer_error += share * np.mean([abs(p["mi_bits"] - truth * kind) for p in peer])
    return _row("pairs", [seconds], [errors.mean()], peer_seconds, peer_error)


def _row(case, seconds, errors, peer_seconds, peer_error):
    ours = float(np.median(seconds))
    return {
        "case": case,
        "cpu_seconds": ours,
        "latentmi_cpu_seconds": peer_seconds,
        "ratio": peer_seconds / ours,
        "error_bits": float(np.mean(errors)),
        "latentmi_error_bits": peer_error,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default=".latentmi/bin/python", help="Python with latentmi")
    parser.add_argument("--cases", nargs="+", default=[*CASES, "pairs"], choices=[*CASES, "pairs"])
    parser.add_argument("--out", default="results/bench_speed.tsv")
    options = parser.parse_args()
    rows = []
    for case in options.cases:
        rows.append(all_pairs(options.peer) if case == "pairs" else one_pair(case, options.peer))
        table = pd.DataFrame(rows)
        print(table.tail(1).to_string(index=False, float_format="%.3f"), flush=True)
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out, sep="\t", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
