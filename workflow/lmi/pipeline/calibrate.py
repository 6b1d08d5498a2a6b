"""Calibration: plant known mutual information in a dataset's own variables and estimate it.

The samples of y are re-paired with those of x so that one score of each, a principal component,
gets a Gaussian copula of chosen correlation. Given the score, everything else of y is drawn without
a look at x: the mutual information of the two variables is that of the two scores, which is known.
Margins, numbers of samples and dimensions stay those of the data, and every step after the first
stage is that of a run. Re-pairing breaks any order in time and any strata: samples count as
independent, and the null permutes them freely.
"""

import logging
import time

import numpy as np
import pandas as pd

from lmi.base import seeds
from lmi.base.errors import InputError
from lmi.base.files import replacing
from lmi.base.threads import map_pairs
from lmi.estimation import estimate as estimation
from lmi.pipeline.blocks import Block, Side, embed_sides
from lmi.results.calibration import ALPHA

log = logging.getLogger("lmi")

N_COMPONENTS = 8
"""A score is one of this many leading principal components."""
TIED = 0.01
"""Largest share of samples with one score that passes for a continuous distribution."""
N_CELLS, N_NODES = 200, 6
"""Cells of a tied score, and nodes of the quadrature in each."""
MOST_BITS = 6.0
"""Most bits of the copula that is to carry a level through tied scores."""
TIME_NOTE = "time series re-paired: the curve holds for samples independent in time"

COLUMNS = (
    "dataset",
    "x",
    "y",
    "draw",
    "component_x",
    "component_y",
    "correlation",
    "truth_bits",
    "mi_bits",
    "mi_ksg_bits",
    "sd_bits",
    "p_value",
    "detected",
    "flag",
    "reason",
    "seconds",
    "note",
)


# ---- planting


def gaussian_correlation(bits):
    """Return the correlation of two Gaussians that share so many bits."""
    return float(np.sqrt(1 - 2.0 ** (-2 * bits)))


def replant(score_x, score_y, correlation, rng):
    """Return the order of y's samples that gives the scores a Gaussian copula.

    The sample with the i-th rank of a score gets the i-th rank of a Gaussian of that correlation;
    ties are broken at random.

    Parameters
    ----------
    score_x, score_y : array, shape (n_samples,)
    correlation : float
    rng : numpy.random.Generator

    Returns
    -------
    int array, shape (n_samples,)
        Sample i of x is paired with this sample of y.
    """
    n = len(score_x)
    u, noise = rng.standard_normal((2, n))
    v = correlation * u + np.sqrt(1 - correlation**2) * noise
    by_x, by_y = (np.lexsort((rng.random(n), score)) for score in (score_x, score_y))
    order = np.empty(n, int)
    # in rising order of u: the ranks of the partners v
    ranks = np.argsort(np.argsort(v))[np.argsort(u)]
    order[by_x] = by_y[ranks]
    return order


def cells(score):
    """Return the ends of the classes of equal scores, as shares of the samples from 0 to 1.

    Neighbouring classes are joined up to a share of 1 / `N_CELLS`; larger ones stay alone.
    """
    counts = np.unique(score, return_counts=True)[1]
    kept = [0.0]
    for end in np.cumsum(counts)[:-1] / len(score):
        if end - kept[-1] >= 1 / N_CELLS:
            kept.append(float(end))
    return np.array([*kept, 1.0])


def tied_bits(bits, ends_x, ends_y):
    """Return the mutual information of two tied scores whose copula is Gaussian.

    What a copula holds within a class of ties is lost: the ties are broken without a look at it.

    Parameters
    ----------
    bits : float
        Mutual information of the copula.
    ends_x, ends_y : array
        From `cells`.

    Returns
    -------
    float
    """
    from scipy.special import ndtr, ndtri, xlogy

    rho = gaussian_correlation(bits)
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
    mass_x, mass_y = np.diff(ends_x), np.diff(ends_y)
    u = ndtri(ends_x[:-1, None] + mass_x[:, None] * (nodes + 1) / 2)
    below = ndtr((ndtri(ends_y) - rho * u[..., None]) / np.sqrt(1 - rho**2))
    given_x = np.einsum("n,xny->xy", weights / 2, np.diff(below, axis=2))
    return float(mass_x @ xlogy(given_x, given_x / mass_y).sum(axis=1) / np.log(2))


def planted_correlation(bits, score_x, score_y):
    """Return the copula's correlation that gives the scores so many bits; NaN where none does.

    Parameters
    ----------
    bits : float
    score_x, score_y : array, shape (n_samples,)

    Returns
    -------
    float
    """
    from scipy.optimize import brentq

    share = max(
        np.unique(score, return_counts=True)[1].max() / len(score) for score in (score_x, score_y)
    )
    if share < TIED or not bits:
        return gaussian_correlation(bits)
    ends = cells(score_x), cells(score_y)
    if tied_bits(MOST_BITS, *ends) <= bits:
        return np.nan
    needed = brentq(lambda copula: tied_bits(copula, *ends) - bits, bits, MOST_BITS, xtol=1e-5)
    return gaussian_correlation(needed)


# ---- estimating


def run(
    out,
    blocks,
    pairs,
    *,
    dataset_name,
    levels_bits,
    n_pairs,
    embed_settings,
    estimate_settings,
    seed,
    threads=1,
):
    """Plant each level in pairs of a dataset, estimate, and write a row a planted pair.

    Parameters
    ----------
    out : str or Path
        `calibration/cells.tsv`.
    blocks : list of str or Path
        Files of `project.project` that hold the variables.
    pairs : list of (str, str)
        Names of variables. Pairs with an unusable variable are left out; fewer than `n_pairs` are
        gone through again with other draws.
    dataset_name : str
    levels_bits : list of float
    n_pairs : int
    embed_settings, estimate_settings : dict
        The config's sections `embed` and `estimate`.
    seed : int
    threads : int
        Pairs at a time; the table does not depend on it, `seconds` apart.

    Raises
    ------
    InputError
        Where no pair is usable, or permutations are switched off.
    """
    if not estimate_settings["permutations"]["max"]:
        raise InputError(
            "estimate.permutations.max: expected at least 1 for the target calibrate, found 0: "
            "without p values nothing is detected"
        )
    wanted = {name for pair in pairs for name in pair}
    data = _read(blocks, wanted)
    error = {name: block.error[row] for name, (block, row) in data.items()}
    usable = [pair for pair in pairs if not any(error[name] for name in pair)]
    if not usable:
        reasons = {f"{name}: {error[name]}" for name in wanted if error[name]}
        raise InputError(
            f"calibrate, dataset '{dataset_name}': expected a pair of two usable variables, found "
            f"none among {len(pairs)} pairs. {'; '.join(sorted(reasons))}"
        )
    if len(usable) < len(pairs):
        log.warning("%d of %d pairs left out: bad variables", len(pairs) - len(usable), len(pairs))
    jobs = [(*usable[i % len(usable)], i // len(usable)) for i in range(n_pairs)]
    # the draws of a level are seeded by its text: 1 and 1.0 are one level
    levels = [float(bits) for bits in levels_bits]
    settings = {"levels_bits": levels, "embed": embed_settings, "estimate": estimate_settings}

    def planted(job):
        rows = _plant_pair(data, *job, settings, seed)
        log.info("%s, %s, draw %d: %d levels", *job, len(rows))
        return rows

    at_a_time = threads
    if embed_settings["preset"] == "paper":
        import torch

        # it seeds torch as a whole; in one thread the order of sums is always the same
        at_a_time = 1
        torch.set_num_threads(1)
    rows = [row for of_job in map_pairs(planted, jobs, at_a_time) for row in of_job]
    some_block, _ = data[usable[0][0]]
    note = TIME_NOTE if some_block.attributes["time_series"] else ""
    rows = [row | {"dataset": dataset_name, "note": note} for row in rows]
    table = pd.DataFrame(rows)[list(COLUMNS)]
    with replacing(out) as name:
        table.to_csv(name, sep="\t", index=False, float_format="%.6g", na_rep="NaN")


def _read(blocks, wanted):
    """Return the block and the row of each wanted variable, by name."""
    data = {}
    for path in blocks:
        block = Block(path, lambda names: [i for i, name in enumerate(names) if name in wanted])
        data |= {block.name[row]: (block, row) for row in block.z}
    if absent := sorted(wanted - set(data)):
        raise InputError(
            f"{', '.join(map(str, blocks))}: expected the variable '{absent[0]}', found no such "
            "one. Run `snakemake --cores all --forcerun project`"
        )
    return data


def _plant_pair(data, x, y, draw, settings, seed):
    """Return the rows of one pair, one a level."""
    rng = seeds.rng(seed, "calibrate", x, y, draw)
    columns, scores = [], []
    (block_x, row_x), (block_y, row_y) = data[x], data[y]
    for block, row in (data[x], data[y]):
        linear = block.views["linear"][row]
        columns.append(int(rng.integers(min(N_COMPONENTS, linear.shape[1]))))
        scores.append(linear[:, columns[-1]])
    levels = settings["levels_bits"]
    correlations = [planted_correlation(bits, *scores) for bits in levels]
    orders = [
        replant(*scores, rho, seeds.rng(seed, "calibrate", x, y, draw, str(bits)))
        for bits, rho in zip(levels, correlations, strict=True)
        if np.isfinite(rho)
    ]
    start = time.perf_counter()
    left = Side(block_x, row_x)
    pairs = [
        (left, Side(block_y, row_y, order, f", planted {draw}.{i}"))
        for i, order in enumerate(orders)
    ]
    # the split is the same in all blocks of a dataset
    embedded = iter(
        embed_sides(pairs, block_x.fold, block_x.inner, settings=settings["embed"], seed=seed)
    )
    each = (time.perf_counter() - start) / max(1, len(orders))
    return [
        {
            "x": x,
            "y": y,
            "draw": draw,
            "component_x": columns[0] + 1,
            "component_y": columns[1] + 1,
            "correlation": rho,
            "truth_bits": bits,
        }
        | (
            _estimate(
                next(embedded),
                float(max(block_x.missing[row_x], block_y.missing[row_y])),
                f"{x}/{y}/{draw}/{bits}",
                settings["estimate"],
                seed,
                each,
            )
            if np.isfinite(rho)
            else _failed(f"too many equal scores to carry {bits:g} bits")
        )
        for bits, rho in zip(levels, correlations, strict=True)
    ]


def _failed(reason):
    bits = dict.fromkeys(("mi_bits", "mi_ksg_bits", "sd_bits", "p_value"), np.nan)
    return bits | {"detected": False, "flag": "fail", "reason": reason, "seconds": 0.0}


def _estimate(embedded, missing, name, settings, seed, seconds):
    """Return the columns of one planted pair that its estimate gives."""
    if isinstance(embedded, Exception):
        return _failed(f"embedding failed: {embedded}")
    start = time.perf_counter()
    try:
        estimate = estimation.estimate(
            embedded,
            k=settings["k"],
            error_bars=settings["error_bars"],
            permutations=settings["permutations"] | {"scheme": "free"},
            samples=estimation.Samples(missing=missing),
            seed=seed,
            name=name,
        )
    except (ValueError, ArithmeticError) as error:
        return _failed(f"estimation failed: {error}")
    names = ("mi_bits", "mi_ksg_bits", "sd_bits", "flag", "reason")
    return {column: getattr(estimate, column) for column in names} | {
        "p_value": estimate.null.p_value,
        "detected": bool(estimate.null.p_value <= ALPHA),
        "seconds": seconds + time.perf_counter() - start,
    }
