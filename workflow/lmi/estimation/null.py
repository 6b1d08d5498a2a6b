"""Permutation null of one pair, encoders frozen: how likely is this estimate without dependence?

The samples of y are paired anew with those of x, by a scheme that keeps what must be kept:

- `free`: any order;
- `strata`: any order within a stratum (batch, cell type), so that dependence through the stratum
  alone is not significant;
- `shift`: circular shifts, which keep the autocorrelation. All of them but none are compared, the
  small ones too: the rank of the observed value among a whole group of shifts is uniform;
- `blocks`: whole blocks of consecutive samples in any order; every cut breaks some autocorrelation,
  so that p values are a little too small (10 % at .05 for AR(1) series of coefficient .9).

Two statistics are tested: the mean of the critic's cross term, sum over axes of s a b, which sees
weak dependence along the axes that the encoders learned and costs next to nothing; and KSG, which
sees dependence of any shape. Each is tested for each encoder, and the p values are combined.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, rfft

from lmi.ksg import kernel as ksg

SCHEMES = ("free", "strata", "shift", "blocks")
MAX_KSG = 999
"""Most permutations of the KSG statistic."""
ENOUGH = 10
"""Exceedances at which the sequential test stops (Besag & Clifford 1991)."""
FIRST_BATCH = 20
CLEAR = 0.01
"""The KSG statistic is tested by `FIRST_BATCH` permutations only, where the critic's p value is at
most this: the pair's cannot be much larger."""
DECAYED = 0.1
"""Autocorrelation below which samples count as unrelated."""


@dataclass(frozen=True)
class Null:
    """Outcome of `test`.

    Attributes
    ----------
    p_value : float
        One-sided; never 0.
    n_permutations : int
        Of the statistic that gave the p value.
    mean_bits, sd_bits : float
        Of KSG on the permuted samples.
    p_method : str
        permutation, or tail where a fitted tail replaces a count of zero.
    """

    p_value: float
    n_permutations: int
    mean_bits: float
    sd_bits: float
    p_method: str


NOT_TESTED = Null(np.nan, 0, np.nan, np.nan, "")


@dataclass(frozen=True)
class Part:
    """The samples that one encoder is evaluated on.

    Attributes
    ----------
    x, y : array, shape (n, n_axes)
        Coordinates in which KSG searches neighbours.
    left, right : array, shape (n, n_axes)
        The critic's cross term is left . right; no axes where there is no critic.
    strata : int array, shape (n,), or None
    """

    x: np.ndarray
    y: np.ndarray
    left: np.ndarray
    right: np.ndarray
    strata: np.ndarray | None = None


def test(parts, *, scheme, n_permutations, rng, k=3, block_length=0, tail_fit=False):
    """Test the independence of a pair.

    Parameters
    ----------
    parts : list of Part
        One an encoder; samples are permuted within each.
    scheme : str
        One of `SCHEMES`.
    n_permutations : int
        Permutations of the critic; those of KSG are at most `MAX_KSG`. The scheme `shift` has one
        less than there are samples.
    rng : numpy.random.Generator
    k : int
        Neighbours.
    block_length : int
        Samples in a block; 0 takes four times the correlation time of the samples.
    tail_fit : bool
        Where no permutation of the critic reaches the observed value, take the p value from a
        generalised Pareto distribution fitted to the largest ones (Knijnenburg et al. 2009).

    Returns
    -------
    Null
    """
    if scheme == "blocks" and not block_length:
        # a cut breaks the autocorrelation of a correlation time: it must be a small part of a block
        block_length = 4 * max(correlation_time(z) for part in parts for z in (part.x, part.y))
    p_values, counts, method = [], [], "permutation"
    n_critic = n_permutations if parts[0].left.shape[1] else 0
    for part in parts if n_critic else ():
        draws = _critic_draws(part, scheme, n_critic, block_length, rng)
        observed = (part.left * part.right).sum()
        n_larger = int((draws >= observed).sum())
        p = (1 + n_larger) / (1 + len(draws))
        if tail_fit and not n_larger:
            p, method = _tail(draws, observed, p)
        p_values.append(p)
        counts.append(len(draws))
    clear = bool(p_values) and combine(p_values) <= CLEAR
    most = min(n_permutations, FIRST_BATCH if clear else MAX_KSG)
    values = []
    for part in parts:
        p, n_ksg, drawn = _sequential(part, scheme, most, block_length, rng, k)
        p_values.append(p)
        counts.append(n_ksg)
        values.append(drawn)
    n_values = min(len(drawn) for drawn in values)
    weights = [len(part.x) for part in parts]
    null = np.average([drawn[:n_values] for drawn in values], axis=0, weights=weights)
    smallest = int(np.argmin(p_values))
    return Null(
        combine(p_values), counts[smallest], float(null.mean()), float(null.std(ddof=1)), method
    )


def combine(p_values):
    """Combine p values of dependent tests of one hypothesis by the Cauchy combination.

    Exact for independent tests and for identical ones, and close between (Liu & Xie 2020). The two
    halves of a pair are nearly identical tests: an axis learned from one half correlates on the
    other as the axis learned from the other does on the one.
    """
    p = np.clip(p_values, 1e-300, 0.95)
    # for small p, tan is 1 / (pi p) to rounding
    scores = np.where(p < 1e-8, 1 / (np.pi * p), np.tan(np.pi * (0.5 - p)))
    mean = scores.mean()
    return float(1 / (np.pi * mean) if mean > 1e8 else 0.5 - np.arctan(mean) / np.pi)


def _sequential(part, scheme, most, block_length, rng, k):
    """Return the p value of KSG on one part, the permutations it took, and their values."""
    observed = ksg.mi(part.x, part.y, k)
    values, n_larger = np.zeros(0), 0
    if scheme == "shift":
        most = min(most, len(part.x) - 1)
        offsets = 1 + rng.permutation(len(part.x) - 1)
    while len(values) < most:
        size = min(max(FIRST_BATCH, len(values)), most - len(values))
        if scheme == "shift":
            shifted = offsets[len(values) : len(values) + size, None]
            orders = (np.arange(len(part.x)) + shifted) % len(part.x)
        else:
            orders = _orders(part, scheme, size, block_length, rng)
        new = ksg.null(part.x, part.y, orders, k)
        larger = n_larger + np.cumsum(new >= observed)
        if larger[-1] >= ENOUGH:
            stop = len(values) + int(np.argmax(larger >= ENOUGH)) + 1
            return ENOUGH / stop, stop, np.concatenate([values, new])
        values, n_larger = np.concatenate([values, new]), int(larger[-1])
    return (1 + n_larger) / (1 + len(values)), len(values), values


def _orders(part, scheme, count, block_length, rng):
    """Return permutations of a part's samples, shape (count, n)."""
    n = len(part.x)
    if scheme == "blocks":
        blocks = _blocks(n, block_length, rng)
        return np.array(
            [
                np.concatenate([blocks[b] for b in rng.permutation(len(blocks))])
                for _ in range(count)
            ]
        )
    orders = np.tile(np.arange(n), (count, 1))
    for rows in _groups(part, scheme):
        orders[:, rows] = rng.permuted(orders[:, rows], axis=1)
    return orders


def _critic_draws(part, scheme, count, block_length, rng):
    """Return the sum of the cross term for `count` random pairings, or for every shift.

    Circular shifts along a random order of the samples are random permutations, and a Fourier
    transform gives all of them at once.
    """
    n = len(part.left)
    if scheme == "shift":
        return _all_shifts(part.left, part.right)[1:]
    if scheme == "blocks":
        # all blocks of one length: the first samples, fewer than a block, keep their place
        blocks = _blocks(n, block_length, rng)
        length = len(blocks[-1])
        whole = np.array([rows for rows in blocks if len(rows) == length])
        shape = (len(whole), -1)
        cross = part.left[whole].reshape(shape) @ part.right[whole].reshape(shape).T
        order = rng.permuted(np.tile(np.arange(len(whole)), (count, 1)), axis=1)
        return cross[np.arange(len(whole)), order].sum(axis=1) + (
            (part.left * part.right).sum() - (part.left[whole] * part.right[whole]).sum()
        )
    total = np.zeros(count)
    for rows in _groups(part, scheme):
        for start in range(0, count, len(rows)):
            order = rng.permutation(rows)
            shifts = _all_shifts(part.left[order], part.right[order])
            stop = min(start + len(rows), count)
            # a shift by nothing is the observed pairing, which `test` counts by itself
            drawn = rng.integers(1, len(rows), size=stop - start) if len(rows) > 1 else 0
            total[start:stop] += shifts[drawn]
    return total


def _groups(part, scheme):
    """Return the rows that may be exchanged with each other."""
    if scheme == "free":
        return [np.arange(len(part.x))]
    return [np.flatnonzero(part.strata == stratum) for stratum in np.unique(part.strata)]


def _blocks(n, length, rng):
    """Cut 0 ... n-1 into blocks of `length`, with a short one in front."""
    length = min(max(1, length), n // 8)
    return np.split(np.arange(n), np.arange(n % length, n, length))


def _all_shifts(left, right):
    """Return sum over i and axes of left[i] right[(i + s) mod n], for s = 0 ... n-1."""
    spectrum = (np.conj(rfft(left, axis=0)) * rfft(right, axis=0)).sum(axis=1)
    return irfft(spectrum, n=len(left))


def correlation_time(z):
    """Return the first lag, in samples, at which no axis is autocorrelated by more than `DECAYED`.

    At most a tenth of the samples.

    Parameters
    ----------
    z : array, shape (n_samples, n_axes)
    """
    n = len(z)
    centred = z - z.mean(axis=0)
    power = np.abs(rfft(centred, n=2 * n, axis=0)) ** 2
    covariance = irfft(power, n=2 * n, axis=0)[: max(2, n // 10)]
    correlation = np.abs(covariance / np.maximum(covariance[0], 1e-300)).max(axis=1)
    below = np.flatnonzero(correlation < max(DECAYED, 3 / np.sqrt(n)))
    return int(below[0]) if len(below) else len(covariance)


def _tail(draws, observed, p):
    """Return the p value of a generalised Pareto tail, and which method it is."""
    from scipy.stats import genpareto

    largest = np.sort(draws)[-max(50, len(draws) // 40) :]
    if len(draws) < 500:
        return p, "permutation"
    threshold = largest[0]
    shape, _, scale = genpareto.fit(largest[1:] - threshold, floc=0)
    # a bounded tail would make everything beyond its end impossible: exponential then
    if shape < 0:
        shape, scale = 0.0, float((largest[1:] - threshold).mean())
    tail = genpareto.sf(observed - threshold, shape, 0, scale)
    return float(max(tail * len(largest) / len(draws), 1e-300)), "tail"
