"""Speed of lmi.ksg beside the same estimate with scikit-learn's KDTree: python -m benchmarks.ksg.

Both run in this process, one after the other on the same data, on one thread. Times are medians
of CPU seconds, so that other programs on the machine disturb little; both results must agree.
"""

from __future__ import annotations

import argparse
import math
import sys
import time

import numpy as np
from lmi.ksg import kernel as ksg
from lmi.ksg import permuted, points

SIZES = (1_000, 5_000, 20_000, 100_000)
PERMUTATIONS = 100


def dense(rng: np.random.Generator, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian with d axes a side, each correlated by 0.6 with its partner."""
    x = rng.normal(size=(n, d))
    return x, 0.6 * x + 0.8 * rng.normal(size=(n, d))


def weighted(rng: np.random.Generator, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """As `dense`, all but the first two axes a side shrunk to a standard deviation of 0.05."""
    weights = np.where(np.arange(d) < 2, 1.0, 0.05)
    x, y = dense(rng, n, d)
    return x * weights, y * weights


CASES = {"1+1": (dense, 1), "4+4": (dense, 4), "8+8": (dense, 8), "16+16 weighted": (weighted, 16)}


def scikit_learn_mi(x: np.ndarray, y: np.ndarray, k: int = 3) -> float:
    """The same estimate, bits, with scikit-learn's trees and scipy's digamma."""
    from scipy.special import digamma
    from sklearn.neighbors import KDTree

    joint = np.hstack([x, y])
    radius = KDTree(joint, metric="chebyshev").query(joint, k + 1)[0][:, k]
    below = np.nextafter(radius, 0)
    n_x, n_y = (
        KDTree(values, metric="chebyshev").query_radius(values, below, count_only=True)
        for values in (x, y)
    )
    value = digamma(k) + digamma(len(x)) - (digamma(n_x) + digamma(n_y)).mean()
    return float(value) / math.log(2)


def cpu_seconds(function, *arguments) -> tuple[float, object]:
    """CPU seconds of a call, and its result."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def compare(case: str, n: int, budget: float, reference: bool = True) -> dict:
    """Median CPU seconds of one case; `budget` bounds the seconds spent on repetitions."""
    make, d = CASES[case]
    x, y = make(np.random.default_rng(n), n, d)
    permutations = np.stack([np.random.default_rng(b).permutation(n) for b in range(PERMUTATIONS)])
    ours, theirs = [], []
    while not ours or (len(ours) < 15 and sum(ours) + sum(theirs) < budget):
        seconds, value = cpu_seconds(ksg.mi, x, y)
        ours.append(seconds)
        if reference:
            seconds, expected = cpu_seconds(scikit_learn_mi, x, y)
            theirs.append(seconds)
            if not math.isclose(value, expected, abs_tol=1e-6):
                raise ArithmeticError(f"{case}, n = {n}: {value} bits, scikit-learn {expected}")
    ours, theirs = float(np.median(ours)), float(np.median(theirs)) if theirs else math.nan
    used = permutations[: max(4, min(PERMUTATIONS, int(2 * budget / ours)))]
    seconds, _ = cpu_seconds(permuted.null, x, y, used)
    return {
        "case": case,
        "n": n,
        "seconds": ours,
        "sklearn_seconds": theirs,
        "ratio": theirs / ours,
        "permutations": len(used),
        "null_equivalents": seconds / len(used) / ours,
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the table and, on request, write it as tab-separated values."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ksg", description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--budget", type=float, default=5.0, help="seconds of repetitions a row")
    parser.add_argument("--no-reference", action="store_true", help="leave scikit-learn out")
    parser.add_argument("--out", help="file for the table")
    options = parser.parse_args(arguments)
    columns = None
    rows = []
    print("kernel: compiled" if points.compiled() else "kernel: numpy and scipy (not compiled)")
    for case in options.cases:
        for n in options.sizes:
            row = compare(case, n, options.budget, not options.no_reference)
            if columns is None:
                columns = list(row)
                print("  ".join(f"{name:>16}" for name in columns))
            cells = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()]
            print("  ".join(f"{cell:>16}" for cell in cells))
            sys.stdout.flush()
            rows.append("\t".join(cells))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write("\n".join(["\t".join(columns), *rows]) + "\n")


if __name__ == "__main__":
    main()
