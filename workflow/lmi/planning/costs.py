"""What a job costs, by its size: seconds of one core, memory and disk.

Sums of a few terms, their coefficients fitted to Snakemake's benchmark files of jobs from 200 to
10,000 samples and 5 to 1,000 features (`make bench-costs`; an AMD EPYC core of 2024). They size the
resources that rules ask for and `make plan`.
"""

from lmi.base.sizes import AT_ONCE, KEPT_VALUES

AXES = 16
"""Most axes of a side, `embed.n_latent` where the config does not say: real variables have many."""
CHUNK = 64
"""Pairs that are embedded at once, `lmi.pipeline.chunks.SIZE`."""
QUANTITIES = ("seconds", "memory_mb", "disk_mb")


def _up_to(most, size):
    """Return how much of a size is up to a limit, and how much beyond it."""
    return min(size, most), max(0, size - most)


def _project(n_samples, n_features, n_variables, n_pairs):
    values = n_variables * n_samples
    scores = values * min(n_features, AXES)
    each = n_samples * n_features
    return [1, values * n_features, values, *_up_to(AT_ONCE, each), scores]


def _embed(n_samples, n_features, n_variables, n_pairs):
    values, n_scores = n_variables * n_samples, min(n_features, 64)
    each = n_pairs * n_samples
    wide = each * n_features**2, each * n_samples
    # what is computed of a pair is in memory for those of a chunk alone
    at_once = min(n_pairs, CHUNK) * n_samples
    chunk = at_once * n_scores, at_once * n_samples
    read = _up_to(KEPT_VALUES, values * n_features)
    return [1, *read, *wide, each, each * min(n_features, AXES), *chunk]


def _train(n_samples, n_features, n_variables, n_pairs):
    values = n_samples * min(n_features, 64)
    # only so many models, two a pair, are in memory at once
    return [n_pairs, n_pairs * values, min(n_pairs, 32) * values, 1]


def _estimate(n_samples, n_features, n_variables, n_pairs):
    each = n_pairs * n_samples
    return [1, n_pairs, each, each * n_samples, each * min(n_features, AXES)]


def _embed_narrow(n_samples, n_features, n_variables, n_pairs):
    return [1, n_variables * n_samples, n_pairs, n_pairs * n_samples]


def _estimate_narrow(n_samples, n_features, n_variables, n_pairs):
    each = n_pairs * n_samples
    # of each sample as many others are compared as it has neighbours in x: root of n, about
    return [1, n_pairs, each, each * n_samples**0.5]


def _paper(n_samples, n_features, n_variables, n_pairs):
    values = n_samples * n_features
    return [1, n_pairs, n_pairs * n_samples, n_pairs * values, values]


def _rows(n_rows):
    return [1, n_rows]


TERMS = {
    "project": _project,
    "embed": _embed,
    "train": _train,
    "paper": _paper,
    "estimate": _estimate,
    "embed_narrow": _embed_narrow,
    "estimate_narrow": _estimate_narrow,
    "collect": _rows,
    "aggregate": _rows,
    "report": _rows,
    "export": _rows,
    "run_record": _rows,
}
"""Stage -> function from a job's sizes to the terms: `embed` with closed-form candidates alone,
`train`, what networks add to it, `paper`, embed with that preset, and `narrow`, pairs of single
features."""

COEFFICIENTS = {
    "project": {
        "seconds": [0.792, 1.47e-07, 2.52e-05, 2.45e-07, 2.45e-07, 0.0],
        "memory_mb": [160.0, 7.97e-06, 0.00281, 7.23e-05, 1.2e-05, 0.0],
        "disk_mb": [0.0, 4.28e-06, 0.0, 0.0, 0.0, 2.7e-05],
    },
    "embed": {
        "seconds": [2.0, 0.0, 0.0, 9.26e-11, 7.53e-10, 2.0e-05, 1.6e-05, 0.0, 0.0],
        "memory_mb": [445.0, 2.01e-05, 8.0e-06, 0.0, 0.0, 0.0006, 0.0, 7.95e-06, 3.8e-07],
        "disk_mb": [0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0e-05, 0.0, 0.0],
    },
    "train": {
        "seconds": [0.8, 2.68e-06, 0.0, 0.0],
        "memory_mb": [0.0, 0.0, 0.000174, 350.0],
        "disk_mb": [0.000351, 0.0, 4.02e-09, 0.0109],
    },
    "paper": {
        "seconds": [11.9, 34.3, 0.0167, 0.0, 2.2e-05],
        "memory_mb": [543.0, 0.0, 0.0, 0.0, 0.000111],
        "disk_mb": [0.064, 0.0, 5.94e-05, 0.0, 1.3e-09],
    },
    "estimate": {
        "seconds": [1.55, 0.0313, 2.89e-07, 3.63e-09, 6.0e-06],
        "memory_mb": [190.0, 0.0634, 0.0, 2.42e-08, 0.0],
        "disk_mb": [0.04, 0.0, 1.0e-05, 0.0, 0.0],
    },
    "embed_narrow": {
        "seconds": [1.5, 1.27e-07, 0.0, 3.0e-07],
        "memory_mb": [189.0, 0.000237, 0.00144, 1.57e-05],
        "disk_mb": [0.0, 5.11e-05, 0.0008, 1.04e-07],
    },
    "estimate_narrow": {
        "seconds": [1.43, 0.0007, 6.0e-06, 1.5e-08],
        "memory_mb": [189.0, 0.00305, 2.52e-05, 0.0],
        "disk_mb": [0.0291, 4.08e-05, 6.35e-06, 0.0],
    },
    "collect": {"seconds": [0.45, 1.2e-05], "memory_mb": [126, 9.2e-4], "disk_mb": [0.1, 3.8e-4]},
    "aggregate": {"seconds": [1.0, 2.2e-05], "memory_mb": [200, 1.6e-3], "disk_mb": [0.1, 3.5e-4]},
    "report": {"seconds": [12.0, 1.8e-05], "memory_mb": [225, 1.6e-3], "disk_mb": [3.5, 1.1e-05]},
    "export": {"seconds": [2.0, 1.0e-05], "memory_mb": [200, 1.6e-3], "disk_mb": [0.1, 8.5e-05]},
    "run_record": {"seconds": [1.0, 2.0e-07], "memory_mb": [120, 0.0], "disk_mb": [0.1, 0.0]},
}
"""Stage -> quantity -> a coefficient a term. Those of collect, aggregate and report are from
`make bench-scale`, those of export from tables of 124,750 and 998,991 rows; run_record hardly
depends on the rows. The seconds of embed, train, estimate, narrow pairs and report are set so that
those of the demo, of 500 modules and of the bundled genes (`make bench-forecast`), measured on a
busy machine, are within a factor of two: on an idle one, jobs take less."""

ROW_MB = 0.0007
"""MB on disk of a pair's row of the table in its tile, without pointwise values."""
IN_TIME_SECONDS = 2.5e-4
"""What a sample of a pair in time costs more: all shifts are compared, many with KSG."""
THREAD_MB, MOST_THREAD_MB = 0.0105, 300.0
"""What a thread more takes in the null of wide variables, a sample and at most: tables of distances
(42 MB for 4,096 samples), or of more samples what is walked for a batch of permutations."""
TRAINED_SHARE = 0.15
"""Least share of the pairs for which networks are expected to be trained: only the data tell. Of
variables of a hundred features, all."""
NETWORK_MB = 0.12
"""What the networks of a pair of wide variables take on disk."""


def of(stage, **sizes):
    """Return what a job of a stage is expected to cost.

    Parameters
    ----------
    stage : str
        A key of `TERMS`.
    **sizes
        The parameters of its terms.

    Returns
    -------
    dict of str to float
        seconds (of one core, start of Python included), memory_mb, disk_mb.
    """
    terms = TERMS[stage](**sizes)
    return {
        quantity: sum(c * term for c, term in zip(coefficients, terms, strict=True))
        for quantity, coefficients in COEFFICIENTS[stage].items()
    }


def embed(settings, threads=1, narrow=False, **sizes):
    """Return what a job of the stage embed is expected to cost with its settings, as `of`.

    Parameters
    ----------
    settings : dict
        The config's section `embed`.
    threads : int
    narrow : bool
        All variables are single features whose samples are exchangeable.
    **sizes
        As of `of`.
    """
    if settings["preset"] == "paper":
        return of("paper", **sizes)
    if narrow:
        return of("embed_narrow", **sizes)
    cost = of("embed", **sizes)
    if settings["preset"] == "ksg" or settings["train"] == "never":
        return cost
    width = sizes["n_features"]
    share = TRAINED_SHARE + (1 - TRAINED_SHARE) * min(width, 100) / 100
    if settings["train"] == "always":
        share = 1.0
    more = of("train", **sizes)
    cost["seconds"] += share * more["seconds"]
    cost["disk_mb"] += share * sizes["n_pairs"] * NETWORK_MB * min(width, 64) / 64
    cost["memory_mb"] += more["memory_mb"] * max(1, threads / 2)
    if settings["checks"] == "thorough":
        cost["seconds"] *= 7
    return cost


def estimate(narrow=False, keep_pointwise=True, in_time=False, threads=1, **sizes):
    """Return what a job of the stage estimate is expected to cost, as `of`."""
    cost = of("estimate_narrow" if narrow else "estimate", **sizes)
    if not narrow:
        each = min(THREAD_MB * sizes["n_samples"], MOST_THREAD_MB)
        cost["memory_mb"] += each * max(0, min(threads, sizes["n_pairs"]) - 1)
    if in_time:
        cost["seconds"] += IN_TIME_SECONDS * sizes["n_pairs"] * sizes["n_samples"]
    if not keep_pointwise:
        cost["disk_mb"] = 0.1 + ROW_MB * sizes["n_pairs"]
    return cost


def kept_mb(what, narrow, **sizes):
    """Return what a run keeps on disk that it could do without, MB.

    Parameters
    ----------
    what : str
        embeddings or pointwise.
    narrow : bool
        As of `embed`.
    **sizes
        As of `of`.
    """
    stage = {"embeddings": "embed", "pointwise": "estimate"}[what]
    return of(f"{stage}_narrow" if narrow else stage, **sizes)["disk_mb"]


def added(cost, more):
    """Return a job's cost and that of something else it does, as `of`."""
    return {quantity: cost[quantity] + more.get(quantity, 0.0) for quantity in cost}


def _of_views(n_samples, n_features, n_variables):
    """Return the MB of the views of the variables of a tile, which are read again."""
    return 400 + 2e-5 * n_variables * n_samples * (n_features + 200)


def conditional(n_samples, n_features, n_variables, n_pairs):
    """Return what conditioning on something adds to a job of the stage estimate, as `of`.

    Fitted to `make bench-conditional`, 500 to 5,000 samples and 100 to 1,000 features.
    """
    return {
        "seconds": n_pairs * (0.7 + n_samples * (8e-4 + 1e-6 * n_features)),
        "memory_mb": _of_views(n_samples, n_features, n_variables),
    }


def comparison(n_samples, n_features, n_variables, n_pairs):
    """Return what comparing two groups adds to a job of the stage estimate, as `of`.

    After `make bench-questions`, 600 samples of 20 features, and what more exchanges take.
    """
    return {
        "seconds": n_pairs * (1.5 + n_samples * (1e-3 + 1e-6 * n_features)),
        "memory_mb": _of_views(n_samples, n_features, n_variables),
    }


def transfer(n_samples, n_features, n_variables, n_pairs, asked):
    """Return what transfer adds to a job of the stage estimate, as `of`.

    Two conditional estimates a pair, and two for each of several lags, of which the variables are
    as many times wider as there are lags or steps of history.

    Parameters
    ----------
    n_samples, n_features, n_variables, n_pairs : int
    asked : dict
        The section `transfer` of the dataset.
    """
    n_lags = len(asked["lags"])
    width = n_features * max(n_lags, asked["history"])
    n_estimates = 2 + (2 * n_lags if n_lags > 1 else 0)
    cost = conditional(n_samples, width, n_variables, n_pairs)
    return cost | {"seconds": n_estimates * cost["seconds"]}
