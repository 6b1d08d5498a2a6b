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
from pathlib import Path

import numpy as np
import pandas as pd

from lmi.base import seeds
from lmi.base.errors import InputError
from lmi.base.files import replacing
from lmi.base.threads import map_pairs
from lmi.estimation import estimate as estimation
from lmi.pipeline.blocks import Block, Side, embed_sides

log = logging.getLogger("lmi")

N_COMPONENTS = 8
"""A score is one of this many leading principal components."""
TIED = 0.01
"""Largest share of samples with one score that passes for a continuous distribution."""
N_CELLS, N_NODES = 200, 6
"""Cells of a tied score, and nodes of the quadrature in each."""
MOST_BITS = 6.0
"""Most bits of the copula that is to carry a level through tied scores."""
ALPHA = 0.05
"""Level of the test: a pair with a p value up to it is detected."""
POWER = 0.8
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
        Files of `stages.project` that hold the variables.
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
        found = estimation.estimate(
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
    return {column: getattr(found, column) for column in names} | {
        "p_value": found.null.p_value,
        "detected": bool(found.null.p_value <= ALPHA),
        "seconds": seconds + time.perf_counter() - start,
    }


# ---- summary


def summarise(table):
    """Return power and bias by dataset and planted level.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `run`; those without an estimate are left out.

    Returns
    -------
    pandas.DataFrame
        `power` with its exact binomial 95 % interval; `mean_bits`, `bias_bits` and `spread_bits`
        (standard deviation) of the estimates, and the mean of their standard errors.
    """
    from scipy.stats import binomtest

    rows = []
    estimated = table[np.isfinite(table["mi_bits"]) & np.isfinite(table["p_value"])]
    for (dataset, bits), part in estimated.groupby(["dataset", "truth_bits"], sort=False):
        n, hits = len(part), int(part["detected"].sum())
        interval = binomtest(hits, n).proportion_ci()
        rows.append(
            {
                "dataset": dataset,
                "truth_bits": bits,
                "n": n,
                "power": hits / n,
                "power_low": interval.low,
                "power_high": interval.high,
                "mean_bits": part["mi_bits"].mean(),
                "bias_bits": part["mi_bits"].mean() - bits,
                "spread_bits": part["mi_bits"].std(),
                "mean_sd_bits": part["sd_bits"].mean(),
                "note": part["note"].iloc[0],
            }
        )
    names = ("dataset", "truth_bits", "n", "power", "power_low", "power_high", "mean_bits")
    names = [*names, "bias_bits", "spread_bits", "mean_sd_bits", "note"]
    summary = pd.DataFrame(rows, columns=names)
    place = {name: i for i, name in enumerate(dict.fromkeys(table["dataset"]))}
    return summary.sort_values(
        ["dataset", "truth_bits"], key=lambda c: c.map(place) if c.name == "dataset" else c
    ).reset_index(drop=True)


def detectable_bits(bits, power, wanted=POWER):
    """Return the level from which on the power is at least `wanted`; NaN where it never is.

    Between two levels the power is taken to rise in a straight line.

    Parameters
    ----------
    bits, power : array, shape (n_levels,)
        Levels in rising order.
    wanted : float
    """
    bits, power = np.asarray(bits, float), np.asarray(power, float)
    too_weak = np.flatnonzero(power < wanted)
    if not len(too_weak):
        return float(bits[0]) if len(bits) else np.nan
    last = too_weak[-1]
    if last == len(bits) - 1:
        return np.nan
    share = (wanted - power[last]) / (power[last + 1] - power[last])
    return float(bits[last] + share * (bits[last + 1] - bits[last]))


def in_words(summary):
    """Return a line a dataset: what is detected, and how far off the estimates are.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `summarise`.

    Returns
    -------
    list of str
    """
    lines = []
    for dataset, part in summary.groupby("dataset", sort=False):
        bits = part["truth_bits"].to_numpy()
        least = detectable_bits(bits, part["power"].to_numpy())
        percent = f"{100 * POWER:.0f} %"
        if np.isnan(least):
            detected = f"less than {percent} power up to {bits[-1]:g} bits"
        elif least == bits[0]:
            detected = f"{least:.2g} bits or less are detected with {percent} power"
        else:
            detected = f"{least:.2g} bits are detected with {percent} power"
        at = part.iloc[np.abs(bits - 0.5).argmin()]
        if abs(at["bias_bits"]) < 0.005:
            bias = "less than 0.01 bits off"
        else:
            way = "low" if at["bias_bits"] < 0 else "high"
            bias = f"{abs(at['bias_bits']):.2f} bits too {way}"
        note = f" ({part['note'].iloc[0]})" if part["note"].iloc[0] else ""
        lines.append(
            f"{dataset}: {detected}; estimates are {bias} at {at['truth_bits']:g} bits{note}"
        )
    return lines


def figure(summary):
    """Draw power and estimate against the planted bits, a colour a dataset.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `summarise`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib
    from matplotlib.figure import Figure

    from lmi.report import figures

    markers = "osD^v"
    with matplotlib.rc_context(figures.STYLE):
        drawn = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
        left, right = drawn.subplots(1, 2)
        levels = np.unique(summary["truth_bits"])
        positive = levels[levels > 0]
        # Linear near zero, logarithmic beyond: each level has its place
        width = float(positive[0]) if len(positive) else 0.02
        for level, style in ((0.5, ":"), (POWER, "--")):
            left.axhline(level, color=figures.MUTED, linewidth=0.8, linestyle=style)
        ends = np.array([0.0, max(levels.max(), width)])
        right.plot(ends, ends, color=figures.MUTED, linewidth=0.9, label="estimate = truth")
        groups = list(summary.groupby("dataset", sort=False))
        for i, (dataset, part) in enumerate(groups):
            look = {
                "color": figures.SERIES[i % len(figures.SERIES)],
                "marker": markers[(i + i // len(markers)) % len(markers)],
                "markersize": 4,
                "linewidth": 1.2,
                "elinewidth": 0.9,
                "label": figures.printable(dataset, 26),
            }
            bits, power = part["truth_bits"].to_numpy(), part["power"].to_numpy()
            # side by side, so that no interval hides another
            aside = (i - (len(groups) - 1) / 2) * 0.05
            placed = width * np.sinh(np.arcsinh(bits / width) + aside)
            errors = power - part["power_low"].to_numpy(), part["power_high"].to_numpy() - power
            # an end of an exact interval may miss the share itself by rounding
            left.errorbar(placed, power, yerr=np.clip(errors, 0, None), **look)
            wide = 0.012 * ends[1] * (i - (len(groups) - 1) / 2)
            spread = np.nan_to_num(part["spread_bits"].to_numpy())
            right.errorbar(bits + wide, part["mean_bits"].to_numpy(), yerr=spread, **look)
        left.set_xscale("asinh", linear_width=width)
        left.set_xticks(levels, [f"{level:g}" for level in levels])
        left.xaxis.minorticks_off()
        left.set(ylim=(-0.03, 1.03), yticks=[0, 0.2, 0.5, 0.8, 1])
        left.set_xlabel("planted mutual information (bits)")
        left.set_ylabel(f"share detected at p ≤ {ALPHA:g}, with 95 % interval")
        right.set_xlabel("planted mutual information (bits)")
        right.set_ylabel("estimate (bits), mean ± standard deviation")
        right.legend(loc="upper left")
    return drawn


def collect(paths, table_out, summary_out, figure_out):
    """Join the tables of `run`; write them, their summary and the figure.

    Parameters
    ----------
    paths : list of str or Path
    table_out, summary_out : str or Path
    figure_out : str or Path
        The PNG; the SVG lies beside it.

    Returns
    -------
    list of str
        From `in_words`.

    Raises
    ------
    InputError
        Where there is no table, or no planted pair could be estimated.
    """
    if not paths:
        raise InputError(
            "calibrate: expected a dataset with `source` or `spikes`, found synthetic tasks alone: "
            "there is no data to plant in"
        )
    tables = [pd.read_csv(path, sep="\t", dtype={"x": str, "y": str}) for path in paths]
    table = pd.concat(tables, ignore_index=True)
    table["note"] = table["note"].fillna("")
    summary = summarise(table)
    if summary.empty:
        raise InputError(
            f"calibrate: expected an estimate, found none in {len(table)} planted pairs; the "
            f"first: {table['reason'].iloc[0]}"
        )
    from lmi.report import figures

    for frame, out in ((table, table_out), (summary, summary_out)):
        with replacing(out) as name:
            frame.to_csv(name, sep="\t", index=False, float_format="%.6g", na_rep="NaN")
    figures.save(figure(summary), Path(figure_out).with_suffix(""))
    return in_words(summary)
