"""What a job costs, by its size: seconds of one core, memory and disk.

Sums of a few terms, their coefficients fitted to Snakemake's benchmark files of jobs from 200 to
10,000 samples and 5 to 1,000 features (`make bench-costs`; an AMD EPYC core of 2024). They size the
resources that rules ask for and `make plan`.
"""

QUANTITIES = ("seconds", "memory_mb", "disk_mb")


def _project(n_samples, n_features, n_variables, n_pairs):
    values = n_variables * n_samples
    return [1, values * n_features, values, n_samples * n_features]


def _embed(n_samples, n_features, n_variables, n_pairs):
    values, n_scores = n_variables * n_samples, min(n_features, 64)
    each = n_pairs * n_samples
    return [1, values * n_features, each * n_scores, each * n_features**2, each * n_samples, each]


def _train(n_samples, n_features, n_variables, n_pairs):
    return [n_pairs, n_pairs * n_samples * min(n_features, 64), 1]


def _estimate(n_samples, n_features, n_variables, n_pairs):
    each = n_pairs * n_samples
    return [1, n_pairs, each, each * n_samples]


def _paper(n_samples, n_features, n_variables, n_pairs):
    return [1, n_pairs * n_samples, n_pairs * n_samples * n_features]


def _rows(n_rows):
    return [1, n_rows]


TERMS = {
    "project": _project,
    "embed": _embed,
    "train": _train,
    "paper": _paper,
    "estimate": _estimate,
    "collect": _rows,
    "aggregate": _rows,
    "report": _rows,
}
"""Stage -> function from a job's sizes to the terms: `embed` with closed-form candidates alone,
`train`, what networks add to it, and `paper`, embed with that preset."""

COEFFICIENTS = {
    "project": {
        "seconds": [0.8, 5e-07, 3e-05, 0.0],
        "memory_mb": [180, 1e-5, 1e-3, 0.0],
        "disk_mb": [0.3, 4e-6, 8e-5, 0.0],
    },
    "embed": {
        "seconds": [2.0, 1e-7, 3e-7, 0.0, 2e-5, 0.0],
        "memory_mb": [400, 1e-5, 0.0, 0.0, 5e-4, 0.0],
        "disk_mb": [0.1, 0.0, 0.0, 0.0, 2e-4, 0.0],
    },
    "train": {
        "seconds": [0.3, 1e-6, 0.0],
        "memory_mb": [5.0, 0.0, 100.0],
        "disk_mb": [0.0, 0.0, 0.0],
    },
    "paper": {
        "seconds": [2.0, 1e-2, 1e-4],
        "memory_mb": [500, 0.0, 0.0],
        "disk_mb": [0.1, 6e-5, 0.0],
    },
    "estimate": {
        "seconds": [1.8, 0.02, 3e-5, 5e-9],
        "memory_mb": [350, 0.1, 1e-3, 0.0],
        "disk_mb": [0.1, 0.0, 1e-5, 0.0],
    },
    "collect": {"seconds": [1.5, 1e-5], "memory_mb": [150, 1e-3], "disk_mb": [1, 1e-3]},
    "aggregate": {"seconds": [1.5, 3e-5], "memory_mb": [200, 2e-3], "disk_mb": [0.1, 3e-4]},
    "report": {"seconds": [8.0, 2e-5], "memory_mb": [350, 1e-3], "disk_mb": [5, 1e-5]},
}
"""Stage -> quantity -> a coefficient a term."""

TRAINED_SHARE = 0.5
"""Share of the pairs for which networks are expected to be trained: only the data tell."""


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


def embed(settings, **sizes):
    """Return what a job of the stage embed is expected to cost with its settings, as `of`."""
    if settings["preset"] == "paper":
        return of("paper", **sizes)
    cost = of("embed", **sizes)
    if settings["preset"] == "ksg" or settings["train"] == "never":
        return cost
    share = 1.0 if settings["train"] == "always" else TRAINED_SHARE
    more = of("train", **sizes)
    cost["seconds"] += share * more["seconds"]
    cost["memory_mb"] += more["memory_mb"]
    if settings["checks"] == "thorough":
        cost["seconds"] *= 7
    return cost
