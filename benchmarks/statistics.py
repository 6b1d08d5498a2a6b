"""Are the error bars, p values, q values and flags right? `python -m benchmarks.statistics`.

Each part repeats the estimator on new draws of distributions whose truth is known, and writes one
row a setting to results/bench_statistics.tsv. Seeds start at 200,
those of series at 20,000 and of intervals at 50,000; no choice was made on them.
"""

import argparse
import functools
import itertools
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from lmi.base import seeds

FIRST_SEED = 200
SERIES_SEED, INTERVALS_SEED = 20_000, 50_000
CELLS, MOST_SAMPLES = 8, 5000
"""Of a family, cells whose intervals are looked at, evenly spaced, and most samples of them."""
FEW = 300
"""Samples of the part few."""
QUIET = {"error_bars": False, "n_permutations": 0}

COVERAGE = {
    "Gaussian, 3 of 50 dims, 1 bit": ("gaussian_grid", {"ambient": 50, "intrinsic": 3}),
    "Gaussian, 1 of 50 dims, 0.2 bits": (
        "gaussian_grid",
        {"ambient": 50, "intrinsic": 1, "mi_bits": 0.2},
    ),
    "independent": ("gaussian_grid", {"ambient": 50, "intrinsic": 5, "independent": True}),
    # the task clusters draws each label equally often: estimates scatter less than those of
    # independent samples, which the error bars are for
    "clusters, labels at random": ("labelled", {}),
}


def autoregressive(rng, n_samples, n_features, phi=0.9):
    """Return AR(1) series of unit variance, shape (n_samples, n_features)."""
    from scipy.signal import lfilter

    burn_in = 200
    noise = rng.standard_normal((n_samples + burn_in, n_features)) * np.sqrt(1 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=0)[burn_in:]


def pair(kind, seed, n_samples, dependence=0.0):
    """Return (x, y, options of `lmi.estimate`) of 10 features each.

    `dependence` is the correlation of the first features, given the stratum if there are strata.
    """
    rng = seeds.rng(seed, "bench_statistics", kind)
    n_features, options = 10, {}
    if kind == "autoregressive":
        x, y = (autoregressive(rng, n_samples, n_features) for _ in range(2))
        options = {"time_series": True}
    else:
        x, y = rng.standard_normal((2, n_samples, n_features))
    y[:, 0] = dependence * x[:, 0] + np.sqrt(1 - dependence**2) * y[:, 0]
    if kind == "strata":
        batch = rng.integers(4, size=n_samples)
        x, y = (side + 1.5 * rng.standard_normal((4, n_features))[batch] for side in (x, y))
        options = {"strata": batch}
    return x, y, options


def labelled_clusters(seed, n_samples=2000, n_features=50, classes=4, shuffled=0.2):
    """Return a task like `clusters`, with labels drawn at random; 1.15 bits."""
    from lmi.tasks.labels import label_mi_bits, label_table
    from lmi.tasks.registry import finish

    rng = seeds.rng(seed, "bench_statistics", "labelled")
    first = rng.integers(classes, size=n_samples)
    second = np.where(
        rng.random(n_samples) < shuffled, rng.integers(classes, size=n_samples), first
    )
    sides = []
    for labels in (first, second):
        directions, _ = np.linalg.qr(rng.standard_normal((n_features, classes)))
        noise = rng.standard_normal((n_samples, n_features))
        sides.append(10 / np.sqrt(2) * directions.T[labels] + noise)
    return finish(*sides, label_mi_bits(label_table(classes, shuffled)))


def dependent_series(seed, phi, n_features, dependence, n_samples):
    """Return AR(1) series whose first features are correlated, as a task."""
    from lmi.tasks.registry import finish

    rng = seeds.rng(seed, "bench_statistics", "series", str(phi), n_features)
    x, y = (autoregressive(rng, n_samples, n_features, phi) for _ in range(2))
    y[:, 0] = dependence * x[:, 0] + np.sqrt(1 - dependence**2) * y[:, 0]
    return finish(x, y, -0.5 * np.log2(1 - dependence**2))


def _estimate(task):
    from lmi import api, tasks
    from lmi.tasks import registry

    kind, seed, settings = task
    if kind in ("white", "autoregressive", "strata"):
        x, y, options = pair(kind, seed, **settings)
        result = api.estimate(x, y, seed=seed, error_bars=False, **options)
        return {"p_value": result.p_value, "mi_bits": result.mi_bits}
    options = settings.pop("options", {})
    if kind == "series":
        drawn = dependent_series(seed, **settings)
        options = {"time_series": True, "train": "never"} | options
    elif kind == "labelled":
        drawn = labelled_clusters(seed)
    elif kind == "counts":
        x, y = seeds.rng(seed, "bench_statistics", kind).poisson(0.1, (2, 2000, 3))
        drawn = registry.finish(x, y, 0.0)
    else:
        drawn = tasks.make(kind, seed, **settings)
    result = api.estimate(drawn.x, drawn.y, seed=seed, **({"n_permutations": 0} | options))
    names = ("mi_bits", "mi_ksg_bits", "sd_bits", "sd_ksg_bits", "low_bits", "high_bits")
    names += ("p_value", "flag", "reason")
    return {name: getattr(result, name) for name in names} | {"truth_bits": drawn.truth_bits}


def coverage(run, repeats):
    """Coverage of mi ± 1.96 sd around the mean over the repeats."""
    for name, (task, settings) in COVERAGE.items():
        results = run([(task, FIRST_SEED + i, dict(settings)) for i in range(repeats)])
        row = {"part": "coverage", "setting": name, "n": repeats}
        for value in ("mi", "mi_ksg"):
            estimate = results[f"{value}_bits"]
            sd = results["sd_ksg_bits" if value == "mi_ksg" else "sd_bits"]
            inside = (estimate - estimate.mean()).abs() <= 1.96 * sd
            row[f"coverage_{value}"] = inside.mean()
            row[f"sd_{value}"] = estimate.std()
            row[f"mean_sd_{value}"] = sd.mean()
        yield row


def series(run, repeats):
    """Coverage of the error bars and intervals of AR(1) series, and the share that is flagged."""
    grid = itertools.product((0.9, 0.5, 0.98), (2000, 1000), (5, 1), (0.0, 0.6))
    for phi, n_samples, n_features, dependence in grid:
        settings = {"phi": phi, "n_features": n_features, "dependence": dependence}
        settings["n_samples"] = n_samples
        results = run([("series", SERIES_SEED + i, dict(settings)) for i in range(repeats)])
        mi, sd, truth = results["mi_bits"], results["sd_bits"], results["truth_bits"]
        yield {
            "part": "series",
            "setting": f"AR(1) {phi}, {n_features} features, correlation {dependence}",
            "n": repeats,
            "n_samples": n_samples,
            "mean_bits": mi.mean(),
            "truth_bits": truth[0],
            "sd_mi": mi.std(),
            "mean_sd_mi": sd.mean(),
            "coverage_mi": ((mi - mi.mean()).abs() <= 1.96 * sd).mean(),
            "coverage_interval": results["low_bits"]
            .le(truth)
            .mul(results["high_bits"] >= truth)
            .mean(),
            "share_flagged": (results["flag"] != "ok").mean(),
        }


def intervals(run, repeats, few=None):
    """Coverage of the intervals, and the share flagged, by family of the accuracy benchmark."""
    from lmi.benchmarks.accuracy import FAMILIES, MNIST

    for family, listed in FAMILIES.items():
        cells = [(task, p) for task, p in listed if p.get("path") != MNIST]
        if not cells or family == "gaussian_grid":
            continue
        picked = np.unique(np.linspace(0, len(cells) - 1, min(CELLS, len(cells))).astype(int))
        jobs = []
        for place in picked:
            task, parameters = cells[place]
            parameters = {name: v for name, v in parameters.items() if name != "draw"}
            if few:
                parameters["n_samples"] = few
            options = {"train": "never"}
            if parameters.get("n_samples", 0) <= MOST_SAMPLES:
                jobs.append((task, INTERVALS_SEED + place, parameters | {"options": options}))
        results = run(jobs)
        truth = results["truth_bits"]
        inside = (results["low_bits"] <= truth) & (truth <= results["high_bits"])
        flagged = results["flag"] != "ok"
        yield {
            "part": f"intervals of {few} samples" if few else "intervals",
            "setting": family,
            "n": len(jobs),
            "covered": inside.mean(),
            "covered_or_flagged": (inside | flagged).mean(),
            "share_flagged": flagged.mean(),
            "share_weak_axes": results["reason"].str.contains("many weak axes").mean(),
            "worst_miss": np.maximum(truth - results["high_bits"], results["low_bits"] - truth)
            .where(~inside, 0.0)
            .max(),
        }


def p_values(run, repeats):
    """Uniformity of p on independent pairs, and power on dependent ones."""
    from scipy.stats import kstest

    for kind in ("white", "autoregressive", "strata"):
        for dependence in (0.0, 0.1, 0.2, 0.3):
            n = repeats if not dependence else repeats // 4
            settings = {"n_samples": 2000, "dependence": dependence}
            p = run([(kind, FIRST_SEED + i, dict(settings)) for i in range(n)])["p_value"]
            yield {
                "part": "p values" if not dependence else "power",
                "setting": f"{kind}, correlation {dependence}",
                "n": n,
                "share_p_0.05": (p <= 0.05).mean(),
                "share_p_0.01": (p <= 0.01).mean(),
                "ks_statistic": kstest(p, "uniform").statistic if not dependence else np.nan,
                "ks_p": kstest(p, "uniform").pvalue if not dependence else np.nan,
            }


def discoveries(run, repeats):
    """Realised false discovery rate of planted runs, half of whose pairs are independent."""
    from scipy.stats import false_discovery_control

    strength = np.concatenate([np.zeros(repeats // 2), np.linspace(0.05, 0.6, repeats // 2)])
    jobs = [
        ("white", 10_000 + i, {"n_samples": 1000, "dependence": float(rho)})
        for i, rho in enumerate(strength)
    ]
    p = run(jobs)["p_value"].to_numpy()
    for method in ("bh", "by"):
        q = false_discovery_control(p, method=method)
        discovered = q <= 0.05
        yield {
            "part": "false discoveries",
            "setting": f"{method}, level 0.05",
            "n": repeats,
            "discoveries": discovered.sum(),
            "realised_fdr": (discovered & (strength == 0)).sum() / max(1, discovered.sum()),
            "power": discovered[strength > 0].mean(),
        }


def flags(run, repeats):
    """Share of planted cases that raise their flag, and of clean cases that raise any."""
    grid, thorough = "gaussian_grid", {"ambient": 20, "intrinsic": 3}
    planted = {
        "few samples": (grid, thorough | {"n_samples": 150}),
        "near the ceiling": (grid, {"ambient": 20, "intrinsic": 1, "mi_bits": 9.0}),
        "duplicates": ("counts", {}),
        "still rising": ("digits", {"n_samples": 300}),
        "not converged": ("digits", {"options": {"train": "always", "max_steps": 40}}),
    }
    clean = {
        "gaussian grid": (grid, thorough),
        "1 of 1,000": ("weak_signal", {}),
        "clusters": ("clusters", {}),
        "independent": (grid, thorough | {"independent": True}),
        "student t": ("student_t", {}),
    }
    few = max(4, repeats // 10)
    for name, (task, settings) in planted.items():
        results = run([(task, FIRST_SEED + i, dict(settings)) for i in range(few)])
        raised = results["reason"].str.contains(name)
        yield {"part": "flags", "setting": name, "n": few, "share_flagged": raised.mean()}
    for name, (task, settings) in clean.items():
        results = run([(task, FIRST_SEED + i, dict(settings)) for i in range(few)])
        raised = results["flag"] != "ok"
        yield {"part": "clean", "setting": name, "n": few, "share_flagged": raised.mean()}


def cost(run, repeats):
    """CPU seconds of the estimate alone, with error bars, and with the null."""
    from lmi import api, tasks

    for n_samples in (1000, 2000, 10_000):
        drawn = tasks.make(
            "gaussian_grid", FIRST_SEED, n_samples=n_samples, ambient=100, intrinsic=3
        )
        row = {"part": "cost", "setting": f"n {n_samples:,}", "n": 5}
        for name, options in (
            ("alone", QUIET),
            ("error_bars", {"n_permutations": 0}),
            ("both", {}),
        ):
            seconds = []
            for _ in range(6):
                start = time.process_time()
                api.estimate(drawn.x, drawn.y, seed=0, **options)
                seconds.append(time.process_time() - start)
            row[f"seconds_{name}"] = np.median(seconds[1:])
        yield row


PARTS = {
    "coverage": coverage,
    "series": series,
    "intervals": intervals,
    "few": functools.partial(intervals, few=FEW),
    "p_values": p_values,
    "discoveries": discoveries,
    "flags": flags,
    "cost": cost,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", default="results/bench_statistics.tsv")
    options = parser.parse_args()
    rows = []
    with ProcessPoolExecutor(options.processes) as pool:

        def run(jobs):
            return pd.DataFrame(list(pool.map(_estimate, jobs, chunksize=2)))

        for part in options.parts:
            for row in PARTS[part](run, options.repeats):
                rows.append(row)
                print(
                    {k: round(float(v), 4) if isinstance(v, float) else v for k, v in row.items()}
                )
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out, sep="\t", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
