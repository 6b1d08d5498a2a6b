"""Bits of pairs of single features: KSG in two dimensions, its error bar and its test, cheaply.

One search serves all numbers of neighbours, the parts of the error bar are searched together, and
the test needs no permutations, see `lmi.estimation.ranks`.
"""

from dataclasses import dataclass

import numpy as np

from lmi.embedding.result import NARROW
from lmi.estimation import flags
from lmi.estimation.error_bars import PARTS, affordable
from lmi.estimation.evaluate import CROWDED_SD, MANY, NEIGHBOURS, SAME_BITS, Neighbours
from lmi.ksg import flat, guided
from lmi.ksg import kernel as ksg

WORSE_SD = 1.5
"""A critic is used unless KSG alone finds more by so many standard errors of the difference."""


def is_narrow(embedding):
    """Return whether an embedding is that of a pair of single features."""
    return embedding.candidate == (NARROW,)


@dataclass(frozen=True)
class Pair:
    """The samples of a pair of single features.

    Attributes
    ----------
    pairing : flat.Pairing
        Normal scores, equal ones spread apart.
    back : int array, shape (n,)
        Place in the pairing of each sample.
    rho : float
        Correlation of the critic; 0 without one.
    n_tied : int
        Samples that many others equal in x and y.
    """

    pairing: flat.Pairing
    back: np.ndarray
    rho: float
    n_tied: int


def read(embedding, rows, rng):
    """Return the `Pair` of an embedding's samples.

    Equal values are spread apart as `guided.untie` does, but by noise of each pair's own: where
    most values are equal, it decides the order of the samples that is tested.

    Parameters
    ----------
    embedding : embedding.result.Embedding
    rows : int array, shape (n,)
    rng : numpy.random.Generator
    """
    z = [side[0, rows, 0].astype(np.float64) for side in (embedding.zx, embedding.zy)]
    has_ties = [len(np.unique(side)) < len(side) for side in z]
    n_tied = 0
    if all(has_ties):
        n_tied = int((guided.copies(np.stack(z, axis=1)) > guided.MANY_COPIES).sum())
    x, y = (
        side + guided.JITTER * side.std() * rng.uniform(-0.5, 0.5, len(side)) if ties else side
        for side, ties in zip(z, has_ties, strict=True)
    )
    pairing = flat.pair(x, y)
    back = np.empty(len(x), int)
    back[pairing.order] = np.arange(len(x))
    rho = float(embedding.s[0, 0]) if embedding.rank[0] else 0.0
    return Pair(pairing, back, rho, n_tied)


def search(pair, k):
    """Evaluate KSG and the critic with as many neighbours as suit the pair.

    The rules are those of `evaluate.search`, but for the critic's: it has one parameter, and is
    used unless KSG alone finds more beyond the noise of the difference.

    Parameters
    ----------
    pair : Pair
    k : int

    Returns
    -------
    ksg_bits, corrected_bits : array, shape (n,)
        In the order of the samples.
    neighbours : Neighbours
    """
    n = len(pair.back)
    ks = [k, *(times * k for times in NEIGHBOURS if times * k <= n // 8)]
    neighbours_of = flat.search(pair.pairing, ks, rho=pair.rho)
    plain = _bits(neighbours_of, ks)
    gain = _critic(pair, neighbours_of.inside) if pair.rho else np.zeros_like(plain)
    column, critic, alone = _choose(pair, neighbours_of, plain, gain, ks)
    bits = corrected = plain[:, column]
    neighbours = Neighbours(ks[column], 0, alone is not None)
    if alone is not None:
        one = _bits(flat.search(pair.pairing, [1]), [1])[:, 0]
        bits = corrected = np.where(alone, one, plain[:, 0])
    elif critic:
        bits, corrected = plain[:, 0], plain[:, column] + gain[:, column]
        neighbours = Neighbours(k, ks[column])
    return bits[pair.back], corrected[pair.back], neighbours


def _choose(pair, neighbours_of, plain, gain, ks):
    """Return the column of `ks`, whether the critic is used, and which samples lie alone."""
    n, k = len(plain), ks[0]
    last = len(ks) - 1
    many = ks.index(MANY * k) if MANY * k in ks else None
    if many is not None and not pair.rho:
        some = plain[:, many]
        if some.mean() < flags.SURE_SD * some.std() / np.sqrt(n):
            return last, False, None
    if many is not None:
        rise = plain[:, many] - plain[:, 0]
        if rise.mean() > CROWDED_SD * rise.std() / np.sqrt(n):
            return 0, False, flat.lonely(pair.pairing, neighbours_of.radius[:, 0], k, guided.LONELY)
    if pair.rho:
        column = many or 0
        more = plain[:, 0] - plain[:, column] - gain[:, column]
        if more.mean() < WORSE_SD * more.std() / np.sqrt(n):
            return column, True, None
    means = plain.mean(axis=0)
    column = 0
    while column < last and np.ptp(means[: column + 2]) <= SAME_BITS:
        column += 1
    return column, False, None


def _bits(neighbours_of, ks):
    """Return pointwise KSG for each k, shape (n, n_k)."""
    return ksg.bits(neighbours_of.n_x, neighbours_of.n_y, np.array(ks))


def _critic(pair, inside):
    """Return the correction by the critic, bits, shape (n, n_k)."""
    x, y, rho = pair.pairing.x, pair.pairing.y, pair.rho
    q = 1 - rho**2
    at_sample = (rho * x * y - 0.5 * rho**2 * (x**2 + y**2)) / q - 0.5 * np.log(q)
    return (guided.mixed(at_sample)[:, None] - guided.mixed(inside)) / np.log(2)


def variance(pair, neighbours, rng):
    """Return the variances of KSG and of the corrected estimate, and a third's estimate.

    As `error_bars.variance`, by disjoint parts of the samples.

    Parameters
    ----------
    pair : Pair
    neighbours : Neighbours
    rng : numpy.random.Generator
    """
    n = len(pair.back)
    total, weight, third = np.zeros(2), 0, np.nan
    for n_parts in affordable(n, neighbours):
        part = rng.permutation(n) % n_parts
        values = _of_parts(pair, neighbours, part, n_parts)
        if n_parts == PARTS[0]:
            third = values[:, 1].mean()
        total += (n_parts - 1) / n_parts * values.var(axis=0, ddof=1)
        weight += n_parts - 1
    return (total / weight if weight else np.full(2, np.nan)), third


def _of_parts(pair, neighbours, part, n_parts):
    """Return KSG and the corrected estimate of each part, shape (n_parts, 2)."""
    k, wide = neighbours.k, neighbours.k_guided or neighbours.k
    ks = sorted({k, wide, *([1] if neighbours.lone else [])})
    options = {"part": part, "n_parts": n_parts}
    critic = bool(neighbours.k_guided)
    neighbours_of = flat.search(pair.pairing, ks, rho=pair.rho if critic else 0.0, **options)
    size = np.bincount(part, minlength=n_parts)
    psi = ksg.digamma(len(part))
    counts = psi[neighbours_of.n_x + 1] + psi[neighbours_of.n_y + 1]
    bits = (psi[size][part][:, None] + psi[ks] - counts) / np.log(2)
    plain = corrected = bits[:, ks.index(k)]
    if neighbours.lone:
        radius = neighbours_of.radius[:, ks.index(k)]
        alone = flat.lonely(pair.pairing, radius, k, guided.LONELY, **options)
        plain = corrected = np.where(alone, bits[:, 0], plain)
    if critic:
        corrected = (bits + _critic(pair, neighbours_of.inside))[:, ks.index(wide)]
    sums = [np.bincount(part, values, n_parts) / size for values in (plain, corrected)]
    return np.stack(sums, axis=1)
