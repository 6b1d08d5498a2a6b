"""False positives of the p values, to the levels that thousands of pairs need.

    python -m benchmarks.null --tests 1000000

Independent pairs are drawn again and again and tested under each scheme, for the kinds of data that
break p values: with one statistic on one part, the critic's cross term or KSG; whole pairs, whose
axes are learned from each half of the samples and tested on the other, with both statistics; and
the order of the ranks of single features, which needs no permutations.
The table has the share of p values at most a level over that level: 1 is right, less is safe; and
of all p values the distance from uniform (Kolmogorov-Smirnov), its p value on the first 10,000,
and the share above .9 over .1. Cheap variables of few samples stand for all.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from lmi.base import seeds
from lmi.estimation import combination, null, ranks
from lmi.estimation.estimate import NULL_BOUND_SD
from scipy.signal import lfilter
from scipy.stats import kstest

from benchmarks.rows import show

LEVELS = (0.05, 0.01, 1e-3, 1e-4, 1e-5)
CHUNK = 2000


def normal(rng, n, d):
    return rng.standard_normal((n, d))


def t2(rng, n, d):
    return rng.standard_t(2, (n, d))


def zero_inflated(rng, n, d):
    return rng.poisson(rng.gamma(0.5, 2.0, (n, d))) * (rng.random((n, d)) < 0.6) * 1.0


def autoregressive(phi):
    def draw(rng, n, d):
        return lfilter([1.0], [1.0, -phi], rng.standard_normal((n + 500, d)), axis=0)[500:]

    return draw


def oscillation(rng, n, d):
    time = np.arange(n)[:, None]
    phase = np.cumsum(0.05 * rng.standard_normal((n, d)), axis=0)
    return np.sin(2 * np.pi * time / 25 + phase + rng.uniform(0, 7, d)) + 0.5 * normal(rng, n, d)


def one_over_f(rng, n, d):
    spectrum = np.fft.rfft(rng.standard_normal((2 * n, d)), axis=0)
    power = np.maximum(np.fft.rfftfreq(2 * n), 1 / (2 * n)) ** -0.5
    return np.fft.irfft(spectrum * power[:, None], axis=0)[:n]


INDEPENDENT = {"normal": normal, "t2": t2, "zero-inflated": zero_inflated}
SERIES = {f"AR(1) {phi}": autoregressive(phi) for phi in (0.5, 0.9, 0.98)}
SERIES |= {"oscillation": oscillation, "1/f": one_over_f}
CASES = {
    **{("free", name): draw for name, draw in INDEPENDENT.items()},
    **{(f"strata of {size}", "batches"): normal for size in (2, 3, 10, 100)},
    ("strata of 3", "zero-inflated"): zero_inflated,
    **{("shift", name): draw for name, draw in SERIES.items()},
    **{("blocks", name): draw for name, draw in SERIES.items()},
}
SIZES = ((150, 1), (600, 3))
"""Samples of a part, and features of either variable."""


def variables(scheme, draw, n, d, rng):
    """Return an independent pair of z-scores, and the strata of the samples or None."""
    x, y = draw(rng, n, d), draw(rng, n, d)
    strata = None
    if scheme.startswith("strata"):
        strata = np.arange(n) // int(scheme.split()[-1])
        shift = rng.standard_normal((strata[-1] + 1, d))
        x, y = x + shift[strata], y + shift[strata]
    x, y = ((z - z.mean(axis=0)) / z.std(axis=0) for z in (x, y))
    return x, y, strata


def part(scheme, draw, n, d, rng):
    """Return an independent pair as a part of the null."""
    x, y, strata = variables(scheme, draw, n, d, rng)
    bounded = [np.clip(z, -NULL_BOUND_SD, NULL_BOUND_SD) for z in (x, y)]
    return null.Part(x, y, bounded[0] * np.linspace(1, 0.3, d), bounded[1], strata)


def halves(x, y, strata=None):
    """Return a pair as both parts of the null, and how their axes belong together.

    The axes of each half of the samples are those of the cross-covariance of the other half.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
        z-scores.
    strata : int array, shape (n_samples,), optional
    """
    n = len(x)
    own = [np.arange(n // 2), np.arange(n // 2, n)]
    parts, axes = [], []
    for learned, tested in (own, own[::-1]):
        u, s, v = np.linalg.svd(x[learned].T @ y[learned] / len(learned))
        axes.append((x @ u, y @ v.T))
        a, b = (side[tested] for side in axes[-1])
        left, right = (np.clip(z, -NULL_BOUND_SD, NULL_BOUND_SD) for z in (a, b))
        its_strata = None if strata is None else strata[tested]
        parts.append(null.Part(a, b, left * s, right, its_strata))
    return parts, [combination.links(*both) for both in zip(*axes, strict=True)]


def _rank(z, rng):
    """Return the ranks of a feature, 0 ... n - 1; those of equal values at random."""
    return np.argsort(np.lexsort((rng.random(len(z)), z[:, 0])))


def p_values(case, statistic, n, d, first, count, n_permutations):
    """Return p values of `count` independent pairs."""
    scheme, _ = case
    values = np.empty(count)
    for number in range(count):
        rng = seeds.rng(first + number, "null", *case, statistic, n, d)
        its = scheme.split()[0]
        if statistic == "ranks":
            x, y, _ = variables(scheme, CASES[case], n, 1, rng)
            values[number] = ranks.test(_rank(y, rng)[np.argsort(_rank(x, rng))]).p_value
            continue
        if statistic == "pair":
            parts, links = halves(*variables(scheme, CASES[case], 2 * n, d, rng))
            values[number] = null.test(
                parts, scheme=its, n_permutations=n_permutations, rng=rng, links=links
            ).p_value
            continue
        pair = part(scheme, CASES[case], n, d, rng)
        if statistic == "critic":
            values[number] = null._critic(pair, its, n_permutations, 0, rng, True)[0]
        else:
            values[number] = null._sequential(pair, its, null.MAX_KSG, 0, rng, 3)[0]
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tests", type=int, default=1_000_000, help="of the critic, a case")
    parser.add_argument("--tests-ksg", type=int, default=20_000, help="of KSG, a case")
    parser.add_argument("--tests-pair", type=int, default=20_000, help="of whole pairs, a case")
    parser.add_argument("--tests-ranks", type=int, default=1_000_000, help="of ranks, a case")
    parser.add_argument("--permutations", type=int, default=999_999)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[], help="schemes, such as free or shift")
    parser.add_argument("--data", nargs="+", default=[], help="such as normal or 'AR(1) 0.9'")
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1], help="places in SIZES")
    parser.add_argument("--out", default="results/bench_null.tsv")
    options = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:
        counts = {"critic": options.tests, "ksg": options.tests_ksg, "pair": options.tests_pair}
        counts["ranks"] = options.tests_ranks
        for statistic, tests in counts.items():
            for case in CASES:
                if options.only and case[0].split()[0] not in options.only:
                    continue
                if options.data and case[1] not in options.data:
                    continue
                if case[0] == "blocks" and statistic != "pair":
                    continue  # its p value is at least that of shifts, for both statistics together
                if case[0] != "free" and statistic == "ranks":
                    continue
                sizes = SIZES[:1] if statistic == "ranks" else [SIZES[i] for i in options.sizes]
                for n, d in sizes if tests else ():
                    start = time.perf_counter()
                    jobs = [
                        pool.submit(
                            p_values,
                            case,
                            statistic,
                            n,
                            d,
                            first,
                            min(CHUNK, tests - first),
                            options.permutations,
                        )
                        for first in range(0, tests, CHUNK)
                    ]
                    p = np.concatenate([job.result() for job in jobs])
                    row = {"statistic": statistic, "scheme": case[0], "data": case[1]}
                    row |= {"n": n, "features": d, "tests": tests}
                    row |= {f"{level:g}": (p <= level).mean() / level for level in LEVELS}
                    row["KS"] = kstest(p, "uniform").statistic
                    row["KS p"] = kstest(p[:10_000], "uniform").pvalue
                    row["above 0.9"] = (p > 0.9).mean() / 0.1
                    row["seconds"] = time.perf_counter() - start
                    rows.append(row)
                    show(rows, options.out)


if __name__ == "__main__":
    main()
