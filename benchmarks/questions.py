"""Are differences between groups, and directions in time, right? `python -m benchmarks.questions`.

`lmi.compare`: two groups of samples whose mutual information is known by the determinants of their
covariance. They differ in nothing, in their margins alone, in how features load, or in factors that
one group alone has; or in their information. `lmi.transfer`: vector autoregressive series in 50
features, of which transfer entropy is known by their stationary covariance; a delay; a common
drive. `lmi.select`: variables of which some tell of a target, by covariance; one repeats what
another tells. Errors, coverage, and how often a p value is at most .05: where there is nothing,
those are false positives, else power; of a selection, how many variables are missed, and how many
are selected that add nothing. Seeds start at 10,000; choices were made on seeds below 200.
"""

import time
import warnings

import lmi
import numpy as np
import pandas as pd
from lmi.base import seeds
from scipy.linalg import solve_discrete_lyapunov

from benchmarks.rows import options_of_draws, show_draws

FIRST_SEED = 10_000
N_FEATURES = 20
TIMES = 800
FEATURES_IN_TIME = 50


def gaussian_bits(covariance, n_x):
    """Return the mutual information of the first n_x Gaussian variables and the others, bits."""
    parts = covariance[:n_x, :n_x], covariance[n_x:, n_x:], covariance
    of_x, of_y, both = (np.linalg.slogdet(part)[1] for part in parts)
    return float((of_x + of_y - both) / 2 / np.log(2))


# ---- groups


def group(rng, n, loadings, *, correlation=0.7, private=(0, 0), noise=0.3):
    """Return x and y of a group, and what they share, bits.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
    loadings : tuple of array
        Of the two latents of x and of y, shape (2, N_FEATURES), and of private factors of either.
    correlation : float
        Of each latent of x with that of y.
    private : (float, float)
        Strength of a factor that x (y) alone has.
    noise : float
    """
    of_x, of_y, *of_private = loadings
    zeros = np.zeros_like(of_x)
    mixing = np.vstack(
        [
            np.hstack([of_x, correlation * of_y]),
            np.hstack([zeros, np.sqrt(1 - correlation**2) * of_y]),
            np.hstack([private[0] * of_private[0], zeros[:1]]),
            np.hstack([zeros[:1], private[1] * of_private[1]]),
        ]
    )
    both = rng.standard_normal((n, len(mixing))) @ mixing
    both += noise * rng.standard_normal(both.shape)
    covariance = mixing.T @ mixing + noise**2 * np.eye(mixing.shape[1])
    width = of_x.shape[1]
    return both[:, :width], both[:, width:], gaussian_bits(covariance, width)


def drawn_loadings(rng):
    """Return loadings of the latents of x and y, and of a private factor of either."""
    return tuple(rng.standard_normal((rows, N_FEATURES)) for rows in (2, 2, 1, 1))


def matched(truth, make, low=0.0, high=0.98):
    """Return the correlation at which `make(correlation)` shares `truth` bits, by bisection."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if make(middle) < truth else (low, middle)
    return (low + high) / 2


def two_groups(case, seed, n):
    """Return x, y, labels, strata (or None), and the true difference, first group less second."""
    rng = seeds.rng(seed, "bench_questions", case, n)
    loadings = drawn_loadings(rng)
    first, second = {}, {}
    others, strata, truth = loadings, None, None
    if case == "a private factor of x":
        second = {"private": (1.0, 0.0)}
    elif case == "a strong private factor of x":
        second = {"private": (2.0, 0.0)}
    elif case == "a private factor of x, and of y":
        first, second = {"private": (0.0, 1.0)}, {"private": (1.0, 0.0)}
    elif case == "other loadings":
        others = drawn_loadings(rng)
    elif case == "0.5 bits more":
        truth = 0.5
    if first or second or others is not loadings or truth is not None:

        def shared(correlation):
            nothing = np.random.default_rng(0)
            return group(nothing, 1, others, correlation=correlation, **second)[2]

        nothing = np.random.default_rng(0)
        wanted = group(nothing, 1, loadings, **first)[2] - (truth or 0.0)
        second["correlation"] = matched(wanted, shared)
    parts = [group(rng, n, loadings, **first), group(rng, n, others, **second)]
    x, y = (np.vstack([part[side] for part in parts]) for side in (0, 1))
    labels = np.repeat(["first", "second"], n)
    if case == "margins":
        own = labels == "second"
        x[own], y[own] = np.exp(x[own]), 3 * y[own] ** 3 + 7
    if case == "mean and variance":
        own = labels == "second"
        x[own] = 4 * x[own] + 2
        y[own] = y[own] * rng.uniform(0.2, 5, N_FEATURES) + rng.standard_normal(N_FEATURES)
    if case == "strata":  # two batches of other means, in other shares in either group
        batch = rng.random(2 * n) < np.where(labels == "first", 0.7, 0.5)
        x[batch] += 1.0
        y[batch] -= 1.0
        strata = batch.astype(int)
    return x, y, labels, strata, parts[0][2] - parts[1][2]


def compared(case, seed, n, n_permutations):
    """Return a row: one comparison of two groups of n samples."""
    x, y, labels, strata, truth = two_groups(case, seed, n)
    start = time.process_time()
    result = lmi.compare(x, y, labels, strata=strata, seed=seed, n_permutations=n_permutations)
    return {
        "question": "compare",
        "case": case,
        "n": n,
        "seed": seed,
        "truth": truth,
        "value": result.delta_bits,
        "sd": result.sd_bits,
        "p": result.p_value,
        "flag": result.flag,
        "seconds": time.process_time() - start,
    }


GROUPS = [
    ("nothing differs", 300),
    ("margins", 300),
    ("mean and variance", 300),
    ("strata", 300),
    ("a private factor of x", 300),
    ("a strong private factor of x", 300),
    ("a private factor of x, and of y", 300),
    ("other loadings", 300),
    ("0.5 bits more", 300),
    ("nothing differs", 1000),
    ("a private factor of x", 1000),
    ("a strong private factor of x", 1000),
    ("0.5 bits more", 1000),
]


# ---- time


def coupled(coupling=0.0, delay=1, drive=0.0, memory=0.6):
    """Return the coefficients of (x, y, w) by lag, shape (n_lags, 3, 3): a row is driven.

    x drives y after `delay` steps, and w both, x after one step and y after two.
    """
    steps = np.zeros((max(delay, 2), 3, 3))
    steps[0] += memory * np.eye(3)
    steps[delay - 1, 1, 0] += coupling
    steps[0, 0, 2] += drive
    steps[1, 1, 2] += drive
    return steps


def transfer_bits(steps, source, target, lags, history, given):
    """Return the transfer entropy of one latent, bits, by the covariance of the stationary state.

    Parameters
    ----------
    steps : array, shape (n_lags, 3, 3)
    source, target : int
        Of x (0) and y (1).
    lags : list of int
    history : int
    given : bool
        Beyond w too, from now back to the longest lag or history.
    """
    depth = max(len(steps), *lags, history) + 1
    companion = np.zeros((3 * depth, 3 * depth))
    for lag, step in enumerate(steps):
        companion[:3, 3 * lag : 3 * lag + 3] = step
    companion[3:, :-3] = np.eye(3 * (depth - 1))
    noise = np.zeros_like(companion)
    noise[:3, :3] = np.eye(3)
    covariance = solve_discrete_lyapunov(companion, noise)
    own = [3 * lag + target for lag in range(1, history + 1)]
    if given:
        own += [3 * lag + 2 for lag in range(max(*lags, history) + 1)]
    past = [3 * lag + source for lag in lags]

    def log_det(rows):
        return np.linalg.slogdet(covariance[np.ix_(rows, rows)])[1]

    nats = log_det([target, *own]) + log_det([*past, *own]) - log_det(own)
    return float((nats - log_det([target, *past, *own])) / 2 / np.log(2))


SERIES = {
    # of coupled(), and of lmi.transfer
    "x drives y": ({"coupling": 0.5}, {"lags": [1], "history": 1}),
    "x drives y after 5 steps": (
        {"coupling": 0.6, "delay": 5},
        {"lags": [1, 3, 5, 7], "history": 1},
    ),
    "a common drive, given": ({"drive": 0.8}, {"lags": [1], "history": 2}),
    "nothing": ({}, {"lags": [1], "history": 1}),
}
N_LATENTS = 2


def seen(rng, latent):
    """Return `FEATURES_IN_TIME` features: the latents, copies of them, and half as many of noise.

    Noise that is independent in time leaves transfer as it is.
    """
    n, d = latent.shape
    n_noise = (FEATURES_IN_TIME - d) // 2
    copies = latent[:, rng.integers(d, size=FEATURES_IN_TIME - d - n_noise)]
    return np.hstack([latent, copies, rng.standard_normal((n, n_noise))])


def directed(case, seed, n, n_permutations):
    """Return two rows, one a direction: the transfer of one draw of n times."""
    rng = seeds.rng(seed, "bench_questions", case, n)
    of_series, asked = SERIES[case]
    steps = coupled(**of_series)
    noise = rng.standard_normal((n + 200, 3, N_LATENTS))
    state = np.zeros_like(noise)
    for time_ in range(len(steps), len(state)):
        past = state[time_ - len(steps) : time_][::-1]
        state[time_] = np.einsum("lij,ljk->ik", steps, past) + noise[time_]
    x, y, w = (seen(rng, state[200:, side]) for side in range(3))
    given = w if of_series.get("drive") else None
    start = time.process_time()
    result = lmi.transfer(x, y, given=given, seed=seed, n_permutations=n_permutations, **asked)
    seconds = time.process_time() - start
    best = max(result.by_lag, key=lambda lag: result.by_lag[lag][0])
    ways = ("xy", 0, 1), ("yx", 1, 0)
    return [
        {
            "question": "transfer",
            "case": f"{case}: {'x to y' if way == 'xy' else 'y to x'}",
            "n": n,
            "seed": seed,
            "truth": N_LATENTS
            * transfer_bits(steps, source, target, **asked, given=given is not None),
            "value": getattr(result, f"{way}_bits"),
            "sd": getattr(result, f"sd_{way}_bits"),
            "p": getattr(result, f"p_{way}"),
            "flag": result.flag,
            "seconds": seconds,
            "best_lag": best if way == "xy" else np.nan,
        }
        for way, source, target in ways
    ]


# ---- which of many


TOLD = {
    # bits that each of some variables tells of the target, of a factor of its own
    "five of 12 variables": (1.0, 0.7, 0.5, 0.35, 0.25),
    "none of 12 variables": (),
}
N_CANDIDATES = 12


def told_by_some(case, seed, n):
    """Return a target, variables by name, and what those that tell of it tell together, bits.

    The variable `again` has the factor of the first one: it adds nothing to it.
    """
    rng = seeds.rng(seed, "bench_questions", case, n)
    bits = TOLD[case]
    n_factors = max(len(bits), 2)
    correlation = np.sqrt(1 - 2.0 ** (-2 * np.pad(bits, (0, n_factors - len(bits)))))
    factors = rng.standard_normal((n, n_factors))
    own = correlation * factors
    own += np.sqrt(1 - correlation**2) * rng.standard_normal(factors.shape)

    def shown(latent):
        loading = rng.standard_normal((latent.shape[1], N_FEATURES))
        return latent @ loading + 0.1 * rng.standard_normal((n, N_FEATURES))

    variables = {f"told {i}": shown(factors[:, [i]]) for i in range(len(bits))}
    if bits:
        variables["again"] = shown(factors[:, [0]])
    while len(variables) < N_CANDIDATES:
        variables[f"none {len(variables)}"] = shown(rng.standard_normal((n, 2)))
    return shown(own), variables, float(sum(bits))


def selected(case, seed, n, n_permutations):
    """Return a row: one selection."""
    target, variables, truth = told_by_some(case, seed, n)
    start = time.process_time()
    result = lmi.select(target, variables, seed=seed, n_permutations=n_permutations)
    names = set(result.names)
    told = {name for name in variables if name.startswith("told")}
    # the first one and its repetition stand for each other
    stand_in = {"told 0" if name == "again" else name for name in names}
    return {
        "question": "select",
        "case": case,
        "n": n,
        "seed": seed,
        "truth": truth,
        "value": result.total_bits,
        "sd": result.sd_total_bits,
        "p": np.nan,
        "flag": "ok" if (result.table.flag == "ok").all() else "warn",
        "missed": len(told - stand_in),
        "wrong": len(names) - len(told & stand_in),
        "seconds": time.process_time() - start,
    }


QUESTIONS = {
    "compare": (compared, GROUPS),
    "transfer": (directed, [(case, TIMES) for case in SERIES]),
    "select": (selected, [(case, 1000) for case in TOLD]),
}


ONE_NUMBER = {"best_lag": "median", "missed": "mean", "wrong": "mean"}
"""What stands in the table of what some questions have alone."""


def table_of(rows):
    """Return errors, coverage and small p values by case."""
    table = pd.DataFrame(rows)
    table["error"] = table.value - table.truth
    table["covered"] = table.error.abs() <= 1.96 * table.sd
    more = [name for name in ("best_lag", "missed", "wrong") if name in table]
    groups = table.groupby(["question", "case", "n"], sort=False)
    return pd.DataFrame(
        {
            "truth": groups.truth.mean(),
            "bias": groups.error.mean(),
            "scatter": groups.error.std(),
            "sd": groups.sd.mean(),
            "covered": groups.covered.mean(),
            "p<=.05": groups.p.apply(lambda p: (p <= 0.05).mean()),
            "p<=.01": groups.p.apply(lambda p: (p <= 0.01).mean()),
            "flagged": groups.flag.apply(lambda f: (f != "ok").mean()),
            **{name: groups[name].agg(ONE_NUMBER[name]) for name in more},
            "seconds": groups.seconds.mean(),
            "draws": groups.size(),
        }
    ).reset_index()


def cases_of(options):
    """Yield the draws of each case that is asked for."""
    seeds_of = range(options.first_seed, options.first_seed + options.draws)
    for question, (one, cases) in QUESTIONS.items():
        for case, n in cases:
            if options.only in f"{question}: {case}" and (not options.sizes or n in options.sizes):
                yield [(one, case, seed, n, options.permutations) for seed in seeds_of]


def main():
    parser = options_of_draws(__doc__, "results/bench_questions.tsv", FIRST_SEED, 199)
    parser.add_argument("--draws", type=int, default=200, help="of a case")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    show_draws(cases_of(options), table_of, options.out, options.processes)


if __name__ == "__main__":
    main()
