"""Bits of pairs of single features: KSG in two dimensions, its error bar and its test, cheaply.

One search serves all numbers of neighbours, the parts of the error bar are searched together, and
the test needs no permutations, see `lmi.estimation.ranks`.
"""

from dataclasses import dataclass, field

import numpy as np

from lmi.embedding.result import NARROW
from lmi.estimation import flags
from lmi.estimation.error_bars import PARTS, affordable
from lmi.estimation.evaluate import CROWDED_SD, MANY, NEIGHBOURS, SAME_BITS, Neighbours
from lmi.ksg import discrete, flat, guided
from lmi.ksg import kernel as ksg

N_THIRDS = 3
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
        Normal scores, equal ones spread apart; the side with more different values is the first.
    back : int array, shape (n,)
        Place in the pairing of each sample.
    rho : float
        Correlation of the critic; 0 without one.
    groups : int array, shape (3, n)
        From `discrete.equals`, in the order of the pairing.
    counts : dict of int to (array, array)
        Samples nearer in x and in y than the k-th neighbour, by the k that was searched for.
    """

    pairing: flat.Pairing
    back: np.ndarray
    rho: float
    groups: np.ndarray
    counts: dict = field(default_factory=dict)

    @property
    def n_tied(self):
        """Samples that many others equal in x and y."""
        both = self.groups[2]
        return int((np.bincount(both)[both] > guided.MANY_COPIES).sum())


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
    n, groups = len(rows), discrete.equals(*z)
    if groups[0].max() < groups[1].max():
        # neighbours are searched along the first side: the fewer equal values, the fewer are near
        z, groups = z[::-1], groups[[1, 0, 2]]
    x, y = (
        side + guided.JITTER * side.std() * rng.uniform(-0.5, 0.5, n)
        if group.max() < n - 1
        else side
        for side, group in zip(z, groups[:2], strict=True)
    )
    pairing = flat.pair(x, y)
    back = np.empty(n, int)
    back[pairing.order] = np.arange(n)
    rho = float(embedding.s[0, 0]) if embedding.rank[0] else 0.0
    return Pair(pairing, back, rho, groups[:, pairing.order])


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
    many = ks.index(MANY * k) if MANY * k in ks else None
    # with a critic, more neighbours than it corrects are rarely asked for
    first = len(ks) if many is None or not pair.rho else many + 1
    for n_asked in sorted({first, len(ks)}):
        asked = ks[:n_asked]
        neighbours_of = flat.search(pair.pairing, asked, rho=pair.rho, k_guided=ks[many or 0])
        plain = _bits(neighbours_of, asked)
        gain = _critic(pair, neighbours_of.inside[:, many or 0]) if pair.rho else 0.0
        column, critic, alone = _choose(pair, neighbours_of, plain, gain, asked, many)
        if critic or column < n_asked - 1:
            break
    counts = (neighbours_of.n_x, neighbours_of.n_y)
    pair.counts.update(
        (k, (n_x, n_y)) for k, n_x, n_y in zip(asked, *(c.T for c in counts), strict=True)
    )
    bits = corrected = plain[:, column]
    neighbours = Neighbours(ks[column], 0, alone is not None)
    if alone is not None:
        one = _bits(flat.search(pair.pairing, [1]), [1])[:, 0]
        bits = corrected = np.where(alone, one, plain[:, 0])
    elif critic:
        bits, corrected = plain[:, 0], plain[:, column] + gain
        neighbours = Neighbours(k, ks[column])
    return bits[pair.back], corrected[pair.back], neighbours


def _choose(pair, neighbours_of, plain, gain, ks, many):
    """Return the column of `ks`, whether the critic is used, and which samples lie alone."""
    n, k = len(plain), ks[0]
    last = len(ks) - 1
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
        more = plain[:, 0] - plain[:, column] - gain
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
    """Return the correction by the critic, bits, shape (n,)."""
    x, y, rho = pair.pairing.x, pair.pairing.y, pair.rho
    q = 1 - rho**2
    at_sample = (rho * x * y - 0.5 * rho**2 * (x**2 + y**2)) / q - 0.5 * np.log(q)
    return (guided.mixed(at_sample) - guided.mixed(inside)) / np.log(2)


def with_ties(pair, k, rng):
    """Return pointwise bits of a pair with ties, and the mean estimate of three parts of it.

    The mixed KSG of `lmi.ksg.discrete.mixed`, on what is in order already.

    Parameters
    ----------
    pair : Pair
    k : int
        Neighbours.
    rng : numpy.random.Generator
        Draws the parts.

    Returns
    -------
    bits : array, shape (n,)
        In the order of the samples.
    thirds : float
        NaN where a part has too few samples.
    """
    n = len(pair.back)
    bits = discrete.mixed_in_order(pair.pairing, pair.groups, k, counts=pair.counts.get(k))
    thirds = np.nan
    if n >= N_THIRDS * (k + 2):
        part = rng.permutation(n) % N_THIRDS
        of_parts = discrete.mixed_in_order(pair.pairing, pair.groups, k, part, N_THIRDS)
        thirds = float(np.mean([of_parts[part == third].mean() for third in range(N_THIRDS)]))
    return bits[pair.back], thirds


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
    rho = pair.rho if critic else 0.0
    neighbours_of = flat.search(pair.pairing, ks, rho=rho, k_guided=wide, **options)
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
        column = ks.index(wide)
        corrected = bits[:, column] + _critic(pair, neighbours_of.inside[:, column])
    sums = [np.bincount(part, values, n_parts) / size for values in (plain, corrected)]
    return np.stack(sums, axis=1)
