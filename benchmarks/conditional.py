"""Is the conditional information right? `python -m benchmarks.conditional`.

Each case draws x, y and z of many features, of which I(X;Y|Z) is known: Gaussian forks, chains and
colliders, Gaussian factors under noise (by the determinants of the features' covariance), nonlinear
confounders, labels that are given, labels that are y. The first table has the errors, the second
how often p_conditional is at most .05 without conditional dependence, and beside it with some.
Seeds start at 10,000; choices were made on seeds below 200.
"""

import itertools
import time

import numpy as np
import pandas as pd
from lmi import api_given, api_input
from lmi.api_input import DefaultSettings
from lmi.base import reasons, seeds
from lmi.estimation.estimate import Samples
from scipy.special import entr

from benchmarks.rows import options_of_draws, show_draws

FIRST_SEED = 10_000
LATENT = 3
GAUSSIAN = {
    # latent coefficients: x and y on z, y on x beyond z; or a collider z of x and y
    "fork, I(X;Y) = 1, I(X;Y|Z) = 0": "fork",
    "chain X, Z, Y": "chain",
    "fork and 0.5 bits": "fork and direct",
    "chain Z, X, Y": "chain from z",
    "collider": "collider",
}
NONLINEAR = {
    "squares, products, sines of z": "nonlinear",
    "squares, products, sines of z and 0.5 bits": "nonlinear and direct",
    "z scales x and y": "scale",
}
OF_LABELS = {
    "y a label, z tells one half of it, x the other": 1.0,
    "y a label of six, z tells three groups of them": None,
    "y an outcome of scores that x and z tell": None,
    "y a label that z tells, x made of z": 0.0,
}
"""Bits of x and a label beyond z; None where they are computed."""
KINDS = ("squares", "products", "sines")
BENT = {
    **{f"y a label by {kind} of z, x of these {kind}": 0.0 for kind in KINDS},
    "y a label by sines of z and by x, x of these sines": 1.0,
    **{f"x and y of {kind} of the features of z": 0.0 for kind in KINDS},
    **{f"x and y of {kind} along directions of z": 0.0 for kind in KINDS},
    "x and y of squares along directions of z, and 0.5 bits": 0.5,
    **{f"y a label by {kind} along directions of z, x of these": 0.0 for kind in KINDS},
}
"""Bits of x, made of bent functions of z, and y, made of them too, beyond z."""


def spread(rng, latent, n_features):
    """Return features: the latents, random copies of them, and half as many of noise."""
    n, d = latent.shape
    n_noise = (n_features - d) // 2
    copies = latent[:, rng.integers(d, size=n_features - d - n_noise)]
    return np.hstack([latent, copies, rng.standard_normal((n, n_noise))])


def gaussian_bits(covariance, x, y, z):
    """Return I(X;Y|Z) of Gaussian variables, by rows of their covariance, in bits."""

    def log_det(rows):
        return np.linalg.slogdet(covariance[np.ix_(rows, rows)])[1]

    nats = log_det(x + z) + log_det(y + z) - log_det(z) - log_det(x + y + z)
    return nats / 2 / np.log(2)


def latents(kind, rng, n):
    """Return latent x, y, z of shape (n, `LATENT`), and I(X;Y|Z)."""
    d = LATENT
    noise = rng.standard_normal((4, n, d))
    rho = np.sqrt(1 - 2.0 ** (-2 / d))  # a pair of this correlation has 1 / d bits
    half = np.sqrt(1 - 2.0 ** (-1 / d))  # and of this one 0.5 / d
    z, e, f = noise[:3]
    direct = half * e + np.sqrt(1 - half**2) * f
    if kind == "fork":
        a = np.sqrt(rho)
        return a * z + np.sqrt(1 - a**2) * e, a * z + np.sqrt(1 - a**2) * f, z, 0.0
    if kind == "fork and direct":
        a = 0.7
        return a * z + np.sqrt(1 - a**2) * e, a * z + np.sqrt(1 - a**2) * direct, z, 0.5
    if kind == "chain":
        a = 0.8
        middle = a * e + np.sqrt(1 - a**2) * z
        return e, a * middle + np.sqrt(1 - a**2) * f, middle, 0.0
    if kind == "chain from z":
        a = np.array([[1, 0.6, 0.48], [0.6, 1, 0.8], [0.48, 0.8, 1]])  # z, x, y
        x = 0.6 * z + 0.8 * e
        return x, 0.8 * x + 0.6 * f, z, d * gaussian_bits(a, [1], [2], [0])
    if kind == "collider":
        a = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 3.0]])
        return e, f, e + f + z, d * gaussian_bits(a, [0], [1], [2])
    shape = np.stack([z[:, 0] ** 2 - 1, z[:, 0] * z[:, 1], np.sin(2 * z[:, 2])], axis=1)
    if kind == "nonlinear":
        return shape + 0.7 * e, shape + 0.7 * f, z, 0.0
    if kind == "nonlinear and direct":
        return shape + 0.7 * e, shape + 0.7 * direct, z, 0.5
    return z * e, z * f, z, 0.0  # scale


def factors(rng, n, n_features, dependent):
    """Return Gaussian x, y and z of many features each: loadings of a few factors, and noise.

    z has two factors, and 200 features; they are seen through its noise.
    """
    widths = (n_features, n_features, 200)
    n_factors = 4  # two of z, one of x and y beyond it, one of x alone
    loading = [rng.standard_normal((n_factors, width)) for width in widths]
    loading[2][2:] = 0
    loading[1][3] = 0
    if not dependent:
        loading[1][2] = 0
    joint = np.hstack(loading)
    sizes = np.cumsum((0, *widths))
    variance = np.repeat((9.0, 9.0, 4.0), widths)
    covariance = joint.T @ joint + np.diag(variance)
    values = rng.standard_normal((n, n_factors)) @ joint
    values += np.sqrt(variance) * rng.standard_normal(values.shape)
    rows = [list(range(*ends)) for ends in itertools.pairwise(sizes)]
    return *(values[:, own] for own in rows), gaussian_bits(covariance, *rows)


def labelled(rng, n, n_features, dependent):
    """Return x and y with means by label, and the labels (four, unequal)."""
    codes = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    rho = np.sqrt(1 - 2.0 ** (-1 / LATENT)) if dependent else 0.0
    e, f = rng.standard_normal((2, n, LATENT))
    means = 2 * rng.standard_normal((2, 4, LATENT))
    x, y = e + means[0][codes], rho * e + np.sqrt(1 - rho**2) * f + means[1][codes]
    return spread(rng, x, n_features), spread(rng, y, n_features), codes, 0.5 * dependent


def classes(case, rng, n, n_features):
    """Return x, a label, and z, seen through noise, and I(X;Y|Z)."""

    def seen(codes, apart):
        means = apart * rng.standard_normal((codes.max() + 1, n_features)) / n_features**0.5
        return means[codes] + rng.standard_normal((n, n_features))

    truth = OF_LABELS[case]
    if "half" in case:
        first, second = rng.integers(0, 2, (2, n))
        return seen(second, 10), 2 * first + second, seen(first, 10), truth
    if "six" in case:
        share = np.array([0.15, 0.25, 0.2, 0.2, 0.1, 0.1])
        label = rng.choice(6, n, p=share)
        kept = share.reshape(3, 2)
        of_two = kept / kept.sum(axis=1, keepdims=True)
        truth = float((kept.sum(axis=1) * -(of_two * np.log2(of_two)).sum(axis=1)).sum())
        return seen(label, 20), label, seen(label // 2, 20), truth
    if "outcome" in case:
        told, other = rng.standard_normal((2, n))
        label = (rng.random(n) < 1 / (1 + np.exp(-2 * (told + other)))).astype(int)
        x, z = (
            np.outer(score, rng.standard_normal(n_features)) + rng.standard_normal((n, n_features))
            for score in (other, told)
        )
        return x, label, z, _of_scores(2.0)
    label = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    z = seen(label, 3)
    mixed = z @ rng.standard_normal((n_features, n_features)) / n_features**0.5
    return np.tanh(mixed) + 0.5 * rng.standard_normal(z.shape), label, z, truth


def shape_of(case, z):
    """Return bent functions of Gaussian features, of variance about 1."""
    if "squares" in case:
        return (z**2 - 1) / 2**0.5
    if "products" in case:
        return z * np.roll(z, 1, axis=1)
    return 2**0.5 * np.sin(2 * z)


def bent(case, rng, n, n_features):
    """Return x and y, each of bent functions of z under noise, and z.

    The functions are of the features of z, or of `LATENT` directions of them: x and y, as far as
    they are features, are then as many and rotated as well. y is features, or a label by the
    largest of three sums of the functions; where it goes with x beyond them, it does by one of two
    equal groups of samples, or by noise of their functions.
    """
    z = rng.standard_normal((n, n_features))
    along = "along" in case
    shape = shape_of(case, (z @ _rotation(rng, n_features))[:, :LATENT] if along else z)
    e, f = rng.standard_normal((2, *shape.shape))
    if "bits" in case:
        rho = np.sqrt(1 - 2.0 ** (-2 * BENT[case] / LATENT))
        f = rho * e + np.sqrt(1 - rho**2) * f
    x, y = shape + 0.5 * e, shape + 0.5 * f
    if along:
        x, y = (_hidden(rng, side, n_features) for side in (x, y))
    if "label" not in case:
        return x, y, z
    scores = shape @ rng.standard_normal((shape.shape[1], 3)) + rng.standard_normal((n, 3))
    label = scores.argmax(axis=1)
    if "by x" in case:
        group = rng.integers(0, 2, n)
        side = np.outer(2 * group - 1, np.full(2, 4.0)) + rng.standard_normal((n, 2))
        x, label = np.hstack([x, side]), label + 3 * group
    return x, np.eye(label.max() + 1)[label], z


def _rotation(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def _hidden(rng, latent, n_features):
    """Return features: the latents and noise, rotated."""
    noise = rng.standard_normal((len(latent), n_features - latent.shape[1]))
    return np.hstack([latent, noise]) @ _rotation(rng, n_features)


def _of_scores(slope):
    """Return what one of two normal scores tells of an outcome beyond the other, bits."""
    at, weight = np.polynomial.hermite_e.hermegauss(80)
    weight = weight / weight.sum()
    p = 1 / (1 + np.exp(-slope * (at[:, None] + at)))

    def entropy(p):
        return (entr(p) + entr(1 - p)) / np.log(2)

    return float(weight @ entropy(p @ weight) - weight @ entropy(p) @ weight)


def draw(case, seed, n, n_features):
    """Return x, y, what is given (api_given.Given), and I(X;Y|Z) in bits."""
    rng = seeds.rng(seed, "bench_conditional", case, n, n_features)
    if case in OF_LABELS:
        x, label, z, truth = classes(case, rng, n, n_features)
        return x, np.eye(label.max() + 1)[label], api_given.Given(z, None), truth
    if case in BENT:
        x, y, z = bent(case, rng, n, n_features)
        return x, y, api_given.Given(z, None), BENT[case]
    if case.startswith("labels"):
        x, y, codes, truth = labelled(rng, n, n_features, "0.5" in case)
        return x, y, api_given.Given(None, codes), truth
    if case.startswith("factors"):
        x, y, z, truth = factors(rng, n, n_features, "dependent" in case)
    else:
        x, y, z, truth = latents({**GAUSSIAN, **NONLINEAR}[case], rng, n)
        x, y, z = (spread(rng, side, n_features) for side in (x, y, z))
    return x, y, api_given.Given(z, None), truth


def one(case, seed, n, n_features, n_permutations, error_bars=True):
    """Return a row: the estimate of one draw."""
    x, y, given, truth = draw(case, seed, n, n_features)
    start = time.process_time()
    result = api_given.estimate(
        x,
        y,
        given,
        settings=DefaultSettings(),
        seed=seed,
        k=3,
        error_bars=error_bars,
        permutations=api_input.permutations(n_permutations),
        samples=Samples(),
        threads=1,
    )
    return {
        "case": case,
        "n": n,
        "features": n_features,
        "seed": seed,
        "truth": truth,
        "cmi_bits": result.cmi_bits,
        "sd_cmi_bits": result.sd_cmi_bits,
        "p": result.p_conditional,
        "flag": reasons.flag(result.reasons),
        "seconds": time.process_time() - start,
    }


ERRORS = [
    *((case, n, 100) for case in GAUSSIAN for n in (500, 2000, 5000)),
    *((case, 2000, 1000) for case in GAUSSIAN),
    *((case, 2000, 100) for case in NONLINEAR),
    *((case, 5000, 100) for case in NONLINEAR),
    *((f"factors, z of 200 features{more}", 2000, 100) for more in ("", ", dependent")),
    *((f"labels{more}", 2000, 100) for more in ("", " and 0.5 bits")),
    *((case, n, 50) for case in OF_LABELS for n in (500, 2000)),
    *(
        (case, n, width)
        for case in BENT
        for width, n in ((8, 600), (8, 2000), (50, 500), (50, 2000))
    ),
]
TESTS = [
    ("fork, I(X;Y) = 1, I(X;Y|Z) = 0", 1000, 60),
    ("fork, I(X;Y) = 1, I(X;Y|Z) = 0", 2000, 100),
    ("factors, z of 200 features", 1000, 60),
    ("labels", 1000, 60),
    ("squares, products, sines of z", 2000, 60),
    ("y a label that z tells, x made of z", 1000, 50),
]


def table_of_errors(rows):
    """Return the errors by case."""
    table = pd.DataFrame(rows)
    table["error"] = table.cmi_bits - table.truth
    table["covered"] = table.error.abs() <= 1.96 * table.sd_cmi_bits
    groups = table.groupby(["case", "n", "features"], sort=False)
    return pd.DataFrame(
        {
            "truth": groups.truth.mean(),
            "mean": groups.cmi_bits.mean(),
            "error": groups.error.apply(lambda e: e.abs().mean()),
            "largest": groups.error.apply(lambda e: e.abs().max()),
            "sd": groups.sd_cmi_bits.mean(),
            "covered": groups.covered.mean(),
            "p<=.05": groups.p.apply(lambda p: (p <= 0.05).mean()),
            "flagged": groups.flag.apply(lambda f: (f != "ok").mean()),
            "seconds": groups.seconds.mean(),
            "draws": groups.size(),
        }
    ).reset_index()


def cases_of(options):
    """Yield the draws of each case that is asked for."""
    plans = [(*case, options.draws, True) for case in ERRORS]
    plans += [(*case, options.tests, False) for case in TESTS]
    for case, n, n_features, draws, error_bars in plans:
        wanted = not options.sizes or n in options.sizes
        if options.only in case and draws and wanted:
            more = (n, n_features, options.permutations, error_bars)
            first = options.first_seed
            yield [(one, case, seed, *more) for seed in range(first, first + draws)]


def main():
    parser = options_of_draws(__doc__, "results/bench_conditional.tsv", FIRST_SEED, 999)
    parser.add_argument("--draws", type=int, default=10, help="for the errors, a case")
    parser.add_argument("--tests", type=int, default=400, help="for the false positives, a case")
    options = parser.parse_args()
    show_draws(cases_of(options), table_of_errors, options.out, options.processes)


if __name__ == "__main__":
    main()
