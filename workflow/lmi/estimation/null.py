"""Permutation null of one pair, encoders frozen: how likely the estimate is without dependence.

The samples of y are paired anew with those of x, by a scheme that keeps what must be kept:

- `free`: any order;
- `strata`: any order within a stratum (batch, cell type), so that dependence through the stratum
  alone is not significant;
- `shift`: circular shifts, which keep the autocorrelation. All of them but none are compared, the
  small ones too: the rank of the observed value among a whole group of shifts is uniform. Of a
  recording in intervals, each interval is shifted within itself, by a shift of its own; short ones
  (trials) are shifted as a whole against others of the same length;
- `blocks`: whole blocks of consecutive samples in any order. Every cut breaks some autocorrelation,
  and of a slow or periodic series too much, so that the p value is at least that of shifts.

Two statistics are tested: the mean of the critic's cross term, sum over axes of s a b, which sees
weak dependence along the axes that the encoders learned and costs next to nothing; and KSG, which
sees dependence of any shape. Each is tested for each encoder, and the p values are combined
(`lmi.estimation.combination`). Permutations are counted where one of them reaches the observed
value; where none does, the p value is that of a tail (`lmi.estimation.tails`), so that it can be as
small as the evidence.
"""

import functools
import math
from dataclasses import dataclass, field

import numpy as np

from lmi.base.autocorrelation import correlation_time
from lmi.estimation import combination, permutations, tails
from lmi.ksg import kernel as ksg
from lmi.ksg import permuted
from lmi.ksg.apart import Apart

SCHEMES = ("free", "strata", "shift", "blocks")
MAX_KSG = 999
"""Most permutations of the KSG statistic."""
KEPT = 200
"""Of them, so many are told one by one: the report draws them."""
ENOUGH = 6
"""Exceedances at which the sequential test of KSG stops (Besag & Clifford 1991)."""
FIRST, FEW = 12, 3
"""No more permutations of KSG are drawn where at least `FEW` of the `FIRST` reach."""
ENOUGH_SHIFTS = 10
"""The spread of all shifts is asked where fewer of them reach."""
ENOUGH_CRITIC = 30
"""The same of the critic, whose permutations cost less."""
BATCH = 999
"""Permutations of the critic that every pair has."""
MOST_AT_ONCE = 10**5
MOST_SHIFTS = 9999
"""Shifts of several cycles at once."""
RESOLVED = 0.1
"""No more permutations of the critic are drawn where the tail expects fewer to reach than this."""
FIRST_BATCH = 20
CLEAR = 0.01
"""The KSG statistic is tested by `FIRST_BATCH` permutations only, where the critic's p value is at
most this: the pair's cannot be much larger."""
CERTAIN = 1e-9
"""No more permutations of KSG are drawn where the tail of those drawn gives less."""
ROUNDING = 1e-9
"""Of the scale of a statistic: a permutation that comes so close to the observed value ties it."""
METHODS = ("permutation", "moments", "shifts", "fitted")
"""What a p value comes from: counted permutations; the critic's cross term beyond all permutations
drawn, by its exact moments or by the spread of all shifts; KSG beyond them, by a fitted curve."""


@dataclass(frozen=True)
class Null:
    """Outcome of `test`.

    Attributes
    ----------
    p_value : float
        One-sided; never 0. NaN where nothing can be exchanged.
    n_permutations : int
        Of the statistic that gave the p value.
    mean_bits, sd_bits : float
        Of KSG on the permuted samples.
    p_method : str
        One of `METHODS`; empty without a p value.
    drawn_bits : array
        KSG on the permuted samples, the first `KEPT` of them; none where its moments are known.
    """

    p_value: float
    n_permutations: int
    mean_bits: float
    sd_bits: float
    p_method: str
    drawn_bits: np.ndarray = field(default_factory=lambda: np.zeros(0))


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
    interval : int array, shape (n,), or None
        Interval of each sample, in order; None for one unbroken stretch.
    trials : bool
        Intervals are short, and shifted as a whole.
    apart : Apart, optional
        Of a series: which samples may be neighbours, by the times of x.
    """

    x: np.ndarray
    y: np.ndarray
    left: np.ndarray
    right: np.ndarray
    strata: np.ndarray | None = None
    interval: np.ndarray | None = None
    trials: bool = False
    apart: Apart | None = None


def test(parts, *, scheme, **options):
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
        Where no permutation reaches the observed value, take the p value from a tail. False: it is
        one over the number of permutations.
    links : (array, array), optional
        How the axes of the two encoders' critics belong together, `combination.links`. Without,
        the halves count as unrelated.

    Returns
    -------
    Null
        With a p value of NaN where a part has no samples that can be exchanged.
    """
    found = _tested(parts, scheme=scheme, **options)
    if scheme != "blocks" or np.isnan(found.p_value):
        return found
    by_shifts = _tested(parts, scheme="shift", **options)
    return found if by_shifts.p_value <= found.p_value else by_shifts


def _tested(parts, *, scheme, n_permutations, rng, k=3, block_length=0, tail_fit=True, links=None):
    """Do what `test` does, by one scheme."""
    if scheme == "blocks" and not block_length:
        # a cut breaks the autocorrelation of a correlation time, a small part of a block
        block_length = 4 * max(correlation_time(z) for part in parts for z in (part.x, part.y))
    if any(permutations.log_count(part, scheme, block_length) == 0 for part in parts):
        return NOT_TESTED
    tests = []
    # in a fold in which a variable is constant, nothing is learned
    n_critic = n_permutations if all(part.left.shape[1] for part in parts) else 0
    for part in parts if n_critic else ():
        tests.append(_critic(part, scheme, n_critic, block_length, rng, tail_fit))
    clear = bool(tests) and combination.cauchy([p for p, _, _ in tests]) <= CLEAR
    most = min(n_permutations, FIRST_BATCH if clear else MAX_KSG)
    values = []
    for part in parts:
        *tested, drawn = _sequential(part, scheme, most, block_length, rng, k, tail_fit)
        tests.append(tuple(tested))
        values.append(drawn)
    n_values = min(len(drawn) for drawn in values)
    weights = [len(part.x) for part in parts]
    null = np.average([drawn[:n_values] for drawn in values], axis=0, weights=weights)
    p_values, counts, methods = zip(*tests, strict=True)
    smallest = int(np.argmin(p_values))
    mean, sd = float(null.mean()), float(null.std(ddof=1))
    p = combination.p_value(p_values, rng, len(parts), links if n_critic else None)
    return Null(p, counts[smallest], mean, sd, methods[smallest], null[:KEPT])


def _critic(part, scheme, most, block_length, rng, tail_fit):
    """Return the p value of the critic's cross term, the permutations, and the method.

    `BATCH` permutations are drawn of every pair. Where fewer than `ENOUGH_CRITIC` of them reach
    the observed value, more are, until so many do; the p value is then drawn between this share and
    that of one permutation more, and is exact at any level that `most` permutations can count.
    """
    observed = (part.left * part.right).sum()
    scale = np.sqrt((part.left**2).sum() * (part.right**2).sum())
    reached = observed - ROUNDING * scale
    if scheme == "shift":
        return _shifted(part, observed, reached, min(most, MOST_SHIFTS), rng, tail_fit)
    draws = permutations.cross_draws(part, scheme, min(most, BATCH), block_length, rng)
    n_drawn, n_larger = len(draws), int((draws >= reached).sum())
    if n_larger >= ENOUGH_CRITIC:
        return (1 + n_larger) / (1 + n_drawn), n_drawn, "permutation"
    beyond = tails.cross_tail(part, scheme, block_length, observed) if tail_fit else 1.0
    most = min(most, permutations.affordable(part, scheme))
    while n_drawn < most and (n_larger or beyond * most > RESOLVED):
        size = min(9 * n_drawn, MOST_AT_ONCE, most - n_drawn)
        larger = permutations.cross_draws(part, scheme, size, block_length, rng) >= reached
        so_far = n_larger + np.cumsum(larger)
        if so_far[-1] >= ENOUGH_CRITIC:
            stop = n_drawn + int(np.argmax(so_far >= ENOUGH_CRITIC)) + 1
            return ENOUGH_CRITIC / (stop + rng.random()), stop, "permutation"
        n_drawn, n_larger = n_drawn + size, int(so_far[-1])
    p = (1 + n_larger) / (1 + n_drawn)
    if not n_larger and beyond < p:
        return beyond, n_drawn, "moments"
    return p, n_drawn, "permutation"


def _shifted(part, observed, reached, most, rng, tail_fit):
    """Do what `_critic` does, by shifts: all of one cycle, or `most` of those of several."""
    draws = permutations.cross_draws(part, "shift", most, 0, rng)
    n_larger = int((draws >= reached).sum())
    p = (1 + n_larger) / (1 + len(draws))
    if tail_fit and n_larger < ENOUGH_SHIFTS:
        # the ends of a slow series do not meet, which makes few of the shifts reach too often
        beyond = tails.cross_tail(part, "shift", 0, observed)
        if beyond > p or not n_larger:
            return beyond, len(draws), "shifts"
    return p, len(draws), "permutation"


def _sequential(part, scheme, most, block_length, rng, k, tail_fit=True):
    """Return the p value of KSG on one part, the permutations, the method, and their values.

    Where nothing shows in the first permutations, they are all. Otherwise more are drawn until
    `ENOUGH` reach. The p value is drawn between the shares of independent pairs that stop earlier
    and as early as this one: it is exactly uniform where there is no dependence.
    """
    n = len(part.x)
    observed = ksg.mi(part.x, part.y, k, apart=part.apart)
    pairings = permuted.Pairings(part.x, part.y, k, apart=part.apart)
    values, n_larger = np.zeros(0), 0
    independent, least = most, tails.smallest(part, scheme, block_length)
    skew = tails.skew_of_ksg(part)
    all_in_one = scheme == "shift" and part.interval is None
    if all_in_one:
        most = min(most, n - 1)
        offsets = 1 + rng.permutation(n - 1)
    if scheme == "shift":
        if tail_fit:
            time = max(correlation_time(z) for z in (part.x, part.y))
            independent = permutations.n_unrelated(part, time)
    elif scheme == "blocks":
        independent = n // permutations.clipped_length(n, block_length)
    while True:
        size = min(max(FIRST, len(values) // 2), most - len(values))
        if all_in_one:
            shifted = offsets[len(values) : len(values) + size, None]
            orders = (np.arange(n) + shifted) % n
        else:
            orders = permutations.orders(part, scheme, size, block_length, rng)
        new = pairings.bits(orders)
        larger = n_larger + np.cumsum(new >= observed - ROUNDING)
        first, values = len(values), np.concatenate([values, new])
        if len(values) == FIRST and larger[-1] >= FEW:
            return (larger[-1] + rng.random()) / (FIRST + 1), FIRST, "permutation", values
        if larger[-1] >= ENOUGH and first:
            stop = first + int(np.argmax(larger >= ENOUGH)) + 1
            p = rng.uniform(_share_left(stop), _share_left(stop - 1))
            return p, stop, "permutation", values
        n_larger = int(larger[-1])
        p, method = (1 + n_larger) / (1 + len(values)), "permutation"
        if tail_fit and not n_larger:
            beyond = tails.drawn_tail(values, observed, independent, skew, least)
            if beyond < p:
                p, method = beyond, "fitted"
        if len(values) >= most or p < CERTAIN:
            return p, len(values), method, values


@functools.lru_cache(maxsize=2 * MAX_KSG)
def _share_left(n):
    """Return the share of independent pairs that n permutations leave undecided.

    Of those, fewer than `FEW` of the first permutations reach, and fewer than `ENOUGH` of all. How
    many of n reach is uniform on 0 ... n, and which of them is up to chance.
    """
    total = 0.0
    for n_larger in range(ENOUGH):
        ways = math.comb(n, n_larger)
        few = sum(
            math.comb(FIRST, of_first) * math.comb(n - FIRST, n_larger - of_first)
            for of_first in range(min(FEW, n_larger + 1))
        )
        total += few / ways
    return total / (n + 1)
