"""Are the pairs of a sparse network found, and no others? `python -m benchmarks.networks`.

Networks are drawn again and again: many variables, few pairs of which share anything (.3 bits or
more: a line, a circle, an X, in turn), samples that are independent or consecutive in time. Each
pair is tested, and the false discovery rate is held at 5 % in each network. The table has the
share of the planted pairs that are found, the mean share of false ones among those found, and the
CPU milliseconds a pair.

Variables have one feature. As in the workflow, pairs of independent samples are tested by the order
of their ranks; of series the axes of each half are learned from the other. `--estimate` takes all
of `lmi.estimate` instead.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations

import numpy as np
import pandas as pd
from lmi import api
from lmi.base import seeds
from lmi.estimation import null, ranks
from lmi.ksg import flat
from lmi.tasks import shapes
from scipy.signal import lfilter
from scipy.special import ndtr
from scipy.stats import false_discovery_control

from benchmarks.null import halves
from benchmarks.rows import show

LEVEL = 0.05
PHI, CORRELATION, NOISE, CROSSED = 0.8, 0.65, 0.25, 0.9
BITS = {
    "line": -0.5 * np.log2(1 - CORRELATION**2),
    "circle": shapes.noisy_circle_mi_bits(NOISE),
    "X": shapes.x_mixture_mi_bits(CROSSED),
}
"""Kinds of planted pairs, and what they share."""
DESIGNS = {
    "780": {"variables": 40, "planted": 1, "samples": 600, "time_series": False},
    "44,850": {"variables": 300, "planted": 10, "samples": 700, "time_series": False},
    "11,175 series": {"variables": 150, "planted": 10, "samples": 1200, "time_series": True},
}
CHUNK = 200


def latent(rng, n, time_series):
    """Return a standard normal variable, white or AR(1)."""
    if not time_series:
        return rng.standard_normal(n)
    noise = rng.standard_normal(n + 200) * np.sqrt(1 - PHI**2)
    return lfilter([1.0], [1.0, -PHI], noise)[200:]


def network(design, seed):
    """Return the variables, shape (n_variables, n_samples), and the kind of each planted pair."""
    rng = seeds.rng(seed, "bench_networks", str(design))
    n, series = design["samples"], design["time_series"]
    drawn = np.array([latent(rng, n, series) for _ in range(design["variables"])])
    planted = {}
    for place in range(design["planted"]):
        kind, first, second = list(BITS)[(place + seed) % len(BITS)], 2 * place, 2 * place + 1
        planted[first, second] = kind
        x, y = drawn[first], drawn[second]
        if kind == "line":
            y = CORRELATION * x + np.sqrt(1 - CORRELATION**2) * y
        elif kind == "X":
            sign = np.sign(latent(rng, n, series))
            y = sign * (CROSSED * x + np.sqrt(1 - CROSSED**2) * y)
        else:
            angle = 2 * np.pi * ndtr(x)
            x, y = np.array([np.cos(angle), np.sin(angle)]) + rng.uniform(-NOISE, NOISE, (2, n))
        drawn[first], drawn[second] = x, y
    drawn -= drawn.mean(axis=1, keepdims=True)
    return drawn / drawn.std(axis=1, keepdims=True), planted


def p_values(design, seed, pairs, estimate):
    """Return the p values of some pairs of a network, and the CPU seconds that they took."""
    variables, _ = network(design, seed)
    start, values = time.process_time(), []
    for first, second in pairs:
        x, y = variables[[first, second], :, None]
        if estimate:
            tested = api.estimate(
                x, y, seed=seed, time_series=design["time_series"], error_bars=False
            )
        elif not design["time_series"]:
            place = flat.pair(x[:, 0], y[:, 0]).place
            tested = ranks.test(place)
        else:
            parts, links = halves(x, y)
            tested = null.test(
                parts,
                scheme="shift",
                n_permutations=999,
                rng=seeds.rng(seed, "bench_networks", first, second),
                links=links,
            )
        values.append(tested.p_value)
    return values, time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", type=int, default=20, help="of each design")
    parser.add_argument("--only", nargs="+", default=list(DESIGNS), choices=list(DESIGNS))
    parser.add_argument("--variables", type=int, help="in place of the design's number")
    parser.add_argument("--estimate", action="store_true", help="by all of lmi.estimate")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", default="results/bench_networks.tsv")
    options = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        for name in options.only:
            design = DESIGNS[name] | ({"variables": options.variables} if options.variables else {})
            pairs = list(combinations(range(design["variables"]), 2))
            chunks = [pairs[at : at + CHUNK] for at in range(0, len(pairs), CHUNK)]
            shares, false, kinds, seconds = [], [], [], 0.0
            for seed in range(options.networks):
                jobs = [
                    pool.submit(p_values, design, seed, chunk, options.estimate) for chunk in chunks
                ]
                done = [job.result() for job in jobs]
                q = false_discovery_control(np.concatenate([p for p, _ in done]))
                seconds += sum(its for _, its in done)
                significant = {pair for pair, its in zip(pairs, q, strict=True) if its <= LEVEL}
                _, planted = network(design, seed)
                kinds += [(kind, pair in significant) for pair, kind in planted.items()]
                shares.append(len(significant & planted.keys()) / len(planted))
                false.append(len(significant - planted.keys()) / max(1, len(significant)))
            row = {"design": name, "pairs": len(pairs), "planted": design["planted"]}
            row |= {"n": design["samples"], "networks": options.networks}
            row |= {"found": np.mean(shares), "realised_fdr": np.mean(false)}
            by_kind = pd.DataFrame(kinds, columns=["kind", "found"]).groupby("kind")["found"]
            row |= {f"found_{kind}": by_kind.mean().get(kind, np.nan) for kind in BITS}
            row["cpu_ms_a_pair"] = 1000 * seconds / len(pairs) / options.networks
            rows.append(row)
            show(rows, options.out)


if __name__ == "__main__":
    main()
