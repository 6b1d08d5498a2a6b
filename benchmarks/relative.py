"""What does each question cost beside a plain pair? `python -m benchmarks.relative`.

The CPU seconds of one pair of the same samples, asked each question through Python as users do:
error bars and p values included, one thread. The last column is how many plain pairs that is.
"""

import argparse
import time
import warnings

import lmi
import numpy as np
import pandas as pd

from benchmarks.rows import show

N_LATENT = 3


def drawn(seed, n, n_features):
    """Return x, y and z of many features each, that share a few latents, and labels."""
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((n, 3, N_LATENT))
    latent[:, :2] += 0.8 * latent[:, 2:]
    latent[1:, 1] += 0.5 * latent[:-1, 0]
    loadings = rng.standard_normal((3, N_LATENT, n_features))
    sides = [latent[:, side] @ loadings[side] for side in range(3)]
    label = np.digitize(latent[:, 0, 0], [-0.7, 0.7])
    return *(side + rng.standard_normal(side.shape) for side in sides), label


def questions(x, y, z, label):
    """Return the calls by name, the plain pair first."""
    group = np.repeat(["first", "second"], [len(x) // 2, len(x) - len(x) // 2])
    return {
        "a plain pair": lambda: lmi.estimate(x, y),
        "a plain pair of series": lambda: lmi.estimate(x, y, time_series=True),
        "a label": lambda: lmi.estimate(x, label, discrete_y=True),
        "given features, with the plain pair": lambda: lmi.estimate(x, y, given=z),
        "given a label, with the plain pair": lambda: lmi.estimate(x, y, given=label.astype(str)),
        "compare, half of the samples a group": lambda: lmi.compare(x, y, group),
        "transfer, one lag, both directions": lambda: lmi.transfer(x, y, lags=1, history=1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", default="results/bench_relative.tsv")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    drawn_of = [drawn(seed, options.samples, options.features) for seed in range(options.repeats)]
    lmi.estimate(*drawn_of[0][:2])  # imports
    rows = []
    for name in questions(*drawn_of[0]):
        seconds = []
        for sides in drawn_of:
            start = time.process_time()
            questions(*sides)[name]()
            seconds.append(time.process_time() - start)
        own = float(np.median(seconds))
        plain = rows[0]["seconds"] if rows else own
        rows.append({"question": name, "seconds": own, "plain_pairs": own / plain})
        with pd.option_context("display.precision", 3, "display.width", 200):
            show(rows, options.out)


if __name__ == "__main__":
    main()
