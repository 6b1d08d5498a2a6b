"""Errors where samples repeat: counts, zeros, labels. `make bench-discrete`.

Each family draws pairs of known mutual information. One row a family and number of samples: the
mean error and the mean absolute error of the estimate without the treatment of ties (`before`), of
`lmi.estimate` (`now`), of scikit-learn's mutual_info_* on the same pair where both sides are narrow
or one is a label, and of the mean of the true pointwise information (`oracle`: what the drawn
samples alone leave). Then false positives of the p values on independent pairs, and the coverage
of the error bars. Seeds start at 10,000; choices were made on others.
"""

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from lmi import api
from lmi.embedding import candidates
from lmi.estimation import null
from lmi.estimation.estimate import NULL_BOUND_SD
from lmi.ksg import guided
from lmi.projection import views
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import norm, t

FIRST_SEED = 10_000
N_FEATURES = 200
GRID = np.linspace(-6, 6, 601)
STEP = GRID[1] - GRID[0]


# ---- families: (x, y, truth in bits, pointwise truth in bits, options of lmi.estimate)


def counts(rng, n, mean_x, mean_y, shape):
    """Return Poisson counts of one gamma-distributed rate: a negative multinomial pair."""
    rate = rng.gamma(shape, 1 / shape, n)
    x, y = rng.poisson(mean_x * rate), rng.poisson(mean_y * rate)
    grid = np.arange(int(100 + 25 * max(mean_x, mean_y) / min(shape, 1)))
    i, j = np.meshgrid(grid, grid, indexing="ij")
    total = shape + mean_x + mean_y
    table = np.exp(
        gammaln(i + j + shape)
        - gammaln(shape)
        - gammaln(i + 1)
        - gammaln(j + 1)
        + i * np.log(mean_x / total)
        + j * np.log(mean_y / total)
        + shape * np.log(shape / total)
    )
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    seen = (table > 1e-200) & (expected > 1e-250)
    truth = (table[seen] * np.log2(table[seen] / expected[seen])).sum()
    return x[:, None], y[:, None], truth, np.log2(table[x, y] / expected[x, y]), {}


def expression(rng, n, correlation, kept, slope):
    """Return log expression with zeros: correlated normals, each lost by its own level.

    A level z is kept with probability expit(kept + slope z) and is 0 else.
    """
    a = rng.standard_normal(n)
    b = correlation * a + np.sqrt(1 - correlation**2) * rng.standard_normal(n)
    seen_a, seen_b = (rng.random(n) < expit(kept + slope * z) for z in (a, b))
    share = expit(kept + slope * GRID)
    one, other = np.meshgrid(GRID, GRID, indexing="ij")
    q = 1 - correlation**2
    joint = np.exp(-(one**2 - 2 * correlation * one * other + other**2) / (2 * q))
    joint /= 2 * np.pi * np.sqrt(q)
    alone = norm.pdf(GRID) * share
    zero = 1 - alone.sum() * STEP
    both = joint * share[:, None] * share
    half = (joint * (1 - share[:, None]) * share).sum(axis=0) * STEP
    none = (joint * (1 - share[:, None]) * (1 - share)).sum() * STEP**2
    of_both = np.log2(np.maximum(both, 1e-300) / np.outer(alone, alone))
    of_half, of_none = np.log2(half / (zero * alone)), np.log2(none / zero**2)
    truth = (both * of_both).sum() * STEP**2 + 2 * (half * of_half).sum() * STEP + none * of_none
    exponent = (a**2 + b**2) / 2 - (a**2 - 2 * correlation * a * b + b**2) / (2 * q)
    pointwise = np.select(
        [seen_a & seen_b, seen_b, seen_a],
        [
            exponent / np.log(2) - np.log2(q) / 2,
            np.interp(b, GRID, of_half),
            np.interp(a, GRID, of_half),
        ],
        of_none,
    )
    x, y = (np.where(seen, np.log1p(np.exp(1 + z)), 0.0) for seen, z in ((seen_a, a), (seen_b, b)))
    return x[:, None], y[:, None], truth, pointwise, {}


def label_shares(classes, unequal):
    """Return the shares of the classes: equal, or falling as the rank to the power -.7."""
    share = np.arange(1, classes + 1) ** (-0.7 if unequal else 0.0)
    return share / share.sum()


def labels(rng, n, classes, distance, unequal=True):
    """Return Gaussian classes in 200 features, their means `distance` sd apart, and the label."""
    share = label_shares(classes, unequal)
    directions, _ = np.linalg.qr(rng.standard_normal((N_FEATURES, classes)))
    means = directions.T * distance / np.sqrt(2)
    label = rng.choice(classes, n, p=share)
    x = means[label] + rng.standard_normal((n, N_FEATURES))
    draws = np.random.default_rng(0)
    drawn = draws.choice(classes, 200_000, p=share)
    z = draws.standard_normal((len(drawn), classes))
    z[np.arange(len(drawn)), drawn] += distance / np.sqrt(2)
    truth = _label_bits(z * distance / np.sqrt(2), drawn, share).mean()
    pointwise = _label_bits(x @ means.T, label, share)
    return x, label, truth, pointwise, {"discrete_y": True}


def shaped_labels(rng, n, classes, distance, shape):
    """Return unequal classes that are no Gaussians of one covariance, in 200 features.

    `scales`: the class means span some axes, along which each class has its own scale, .6 to 1.6;
    `tails`: t with 4 degrees of freedom in each feature, of which one a class tells.
    """
    share = label_shares(classes, True)
    means = np.eye(classes) * distance / np.sqrt(2)
    scale = np.linspace(0.6, 1.6, classes) if shape == "scales" else np.ones(classes)
    log_density = (t(4) if shape == "tails" else norm).logpdf

    def drawn(rng, n):
        label = rng.choice(classes, n, p=share)
        noise = rng.standard_t(4, (n, classes))
        if shape == "scales":
            noise = rng.standard_normal((n, classes)) * scale[label][:, None]
        told = means[label] + noise
        of_class = [
            (log_density((told - mean) / one) - np.log(one)).sum(axis=1)
            for mean, one in zip(means, scale, strict=True)
        ]
        return label, told, _label_bits(np.stack(of_class, axis=1), label, share)

    truth = drawn(np.random.default_rng(0), 200_000)[2].mean()
    label, told, pointwise = drawn(rng, n)
    others = (n, N_FEATURES - classes)
    if shape == "tails":
        x = np.hstack([told, rng.standard_t(4, others)])
    else:
        turn, _ = np.linalg.qr(rng.standard_normal((N_FEATURES, N_FEATURES)))
        x = np.hstack([told, rng.standard_normal(others)]) @ turn
    return x, label, truth, pointwise, {"discrete_y": True}


def _label_bits(scores, label, share):
    scores = scores + np.log(share)
    gained = scores[np.arange(len(label)), label] - logsumexp(scores, axis=1)
    return (gained - np.log(share[label])) / np.log(2)


FAMILIES = {
    "counts, means .3 and .3": (counts, (0.3, 0.3, 0.5)),
    "counts, means .3 and 3": (counts, (0.3, 3.0, 1.0)),
    "counts, means 1 and 1": (counts, (1.0, 1.0, 1.0)),
    "counts, means 1 and 3": (counts, (1.0, 3.0, 1.0)),
    "counts, means 3 and 3": (counts, (3.0, 3.0, 2.0)),
    "counts, means 3 and 3, weak": (counts, (3.0, 3.0, 10.0)),
    "expression, half zeros": (expression, (0.8, 0.0, 1.0)),
    "expression, a third zeros": (expression, (0.8, 1.0, 1.0)),
    "expression, mostly zeros": (expression, (0.5, -1.0, 1.0)),
    "expression, zeros at random": (expression, (0.6, 2.0, 0.0)),
    "expression, independent": (expression, (0.0, 0.0, 1.0)),
    "2 equal labels": (labels, (2, 2.0, False)),
    "4 unequal labels": (labels, (4, 3.0)),
    "6 unequal labels": (labels, (6, 3.0)),
    "6 unequal labels, apart": (labels, (6, 5.0)),
    "10 equal labels": (labels, (10, 3.0, False)),
    "10 unequal labels": (labels, (10, 3.0)),
    "10 unequal labels, apart": (labels, (10, 5.0)),
    "20 unequal labels": (labels, (20, 4.0)),
    "20 unequal labels, apart": (labels, (20, 6.0)),
    "2 equal labels, faint": (labels, (2, 0.7, False)),
    "6 unequal labels, faint": (labels, (6, 0.8)),
    "6 labels, independent": (labels, (6, 0.0)),
    "6 labels of other scales": (shaped_labels, (6, 3.0, "scales")),
    "6 labels with heavy tails": (shaped_labels, (6, 3.0, "tails")),
}


# ---- errors


def _sklearn_bits(x, y, options, seed):
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    if x.shape[1] > 1:
        return np.nan  # one feature at a time: not the information of all of them
    of = mutual_info_classif if options else mutual_info_regression
    return of(x, y.ravel(), random_state=seed)[0] / np.log(2)


def _before(x, y, options, seed):
    """Return the estimate without the treatment of ties: a label is its indicators."""
    if options:
        y = np.eye(y.max() + 1)[y]
    kept = candidates._with_ties
    candidates._with_ties = lambda embedding, *others: embedding
    try:
        return api.estimate(x, y, seed=seed, error_bars=False, n_permutations=0).mi_bits
    finally:
        candidates._with_ties = kept


def one(name, n, seed, before):
    """Return the estimates of one pair."""
    warnings.simplefilter("ignore")
    draw, settings = FAMILIES[name]
    x, y, truth, pointwise, options = draw(np.random.default_rng(seed), n, *settings)
    now = api.estimate(x, y, seed=seed, n_permutations=0, **options)
    return {
        "family": name,
        "n": n,
        "truth_bits": truth,
        "sd_bits": now.sd_bits,
        "flagged": now.flag != "ok",
        "in_interval": now.low_bits <= truth <= now.high_bits,
        "oracle": pointwise.mean(),
        "before": _before(x, y, options, seed) if before else np.nan,
        "now": now.mi_bits,
        "sklearn": _sklearn_bits(x, y, options, seed),
    }


def errors(pool, sizes, repeats, repeats_before, only, first_seed):
    """Return the table of errors, a row a family and number of samples."""
    jobs = [
        (name, n, first_seed + i, i < repeats_before)
        for n in sizes
        for name in FAMILIES
        if only in name
        for i in range(repeats)
    ]
    drawn = pd.DataFrame(list(pool.map(one, *zip(*jobs, strict=True))))
    rows = []
    for (n, name), group in drawn.groupby(["n", "family"], sort=False):
        row = {"family": name, "n": n, "repeats": len(group)}
        row["truth_bits"] = group["truth_bits"].mean()
        for method in ("oracle", "before", "now", "sklearn"):
            error = (group[method] - group["truth_bits"]).dropna()
            row[f"{method}_bias"], row[f"{method}_mae"] = error.mean(), error.abs().mean()
        row["mean_sd"], row["sd"] = group["sd_bits"].mean(), group["now"].std()
        around = (group["now"] - group["now"].mean()).abs()
        row["coverage"] = (around <= 1.96 * group["sd_bits"]).mean()
        row["coverage_truth"] = (
            (group["now"] - group["truth_bits"]).abs() <= 1.96 * group["sd_bits"]
        ).mean()
        row["in_interval"] = group["in_interval"].mean()
        row["flagged"] = group["flagged"].mean()
        rows.append(row)
    return pd.DataFrame(rows)


# ---- p values


def _part(kind, rng, n):
    """Return independent narrow variables as the null sees them."""
    x = rng.poisson(rng.gamma(1.0, 1.0, n)).astype(float)
    if kind == "label and numbers":
        x = rng.standard_normal(n)
    y = rng.poisson(rng.gamma(1.0, 1.0, n)).astype(float)
    if kind == "zeros and numbers":
        x, y = (np.maximum(rng.standard_normal(n), 0) for _ in range(2))
    x, y = (views.normal_scores(side[:, None]).astype(float) for side in (x, y))
    if "label" in kind:
        y = np.eye(5)[rng.choice(5, n, p=label_shares(5, True))]
        y = (y - y.mean(axis=0))[:, :-1] / np.sqrt(y.mean(axis=0))[:-1]
    # axes as by an encoder that knows nothing of these samples
    left, right = (side @ rng.standard_normal((side.shape[1], 1)) for side in (x, y))
    bounded = [np.clip(side, -NULL_BOUND_SD, NULL_BOUND_SD) for side in (left, right)]
    return null.Part(guided.untie(x, 0), guided.untie(y, 1), *bounded)


def p_values(kind, n, first, count):
    """Return p values of `count` independent pairs of two halves each."""
    values = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        halves = [_part(kind, rng, n // 2) for _ in range(2)]
        tested = null.test(halves, scheme="free", n_permutations=9999, rng=rng)
        values.append(tested.p_value)
    return np.array(values)


def false_positives(pool, tests, n=400, chunk=500):
    """Return the shares of small p values, a row a kind of pair."""
    rows = []
    for kind in ("counts", "zeros and numbers", "label and counts", "label and numbers"):
        jobs = [
            pool.submit(p_values, kind, n, FIRST_SEED + first, min(chunk, tests - first))
            for first in range(0, tests, chunk)
        ]
        p = np.concatenate([job.result() for job in jobs])
        row = {"pair": kind, "n": n, "tests": tests}
        rows.append(row | {f"p <= {level}": (p <= level).mean() for level in (0.05, 0.01, 0.001)})
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--repeats-before", type=int, default=10)
    parser.add_argument("--only", default="", help="part of the names of families")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the errors")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tests", type=int, default=10_000, help="independent pairs a kind")
    parser.add_argument("--out", default="results/bench_discrete.tsv")
    options = parser.parse_args()
    out = Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        if options.repeats:
            table = errors(
                pool,
                options.sizes,
                options.repeats,
                options.repeats_before,
                options.only,
                options.first_seed,
            )
            print(table.to_string(index=False, float_format="%.3f"), flush=True)
            table.to_csv(out, sep="\t", index=False, float_format="%.4g")
        if options.tests:
            table = false_positives(pool, options.tests)
            print(table.to_string(index=False, float_format="%.5f"))
            table.to_csv(
                out.with_stem(f"{out.stem}_null"), sep="\t", index=False, float_format="%.4g"
            )


if __name__ == "__main__":
    main()
