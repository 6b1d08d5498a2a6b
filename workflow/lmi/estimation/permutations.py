"""Pairings of a part's samples that a scheme of the null allows, drawn uniformly.

The identity is one of them, and is drawn as often as any other. Strata of equal size are handled
together, so that 5,000 strata of 2 cost about what one of 10,000 does.
"""

import itertools
import math

import numpy as np
from scipy.fft import irfft, rfft
from scipy.special import gammaln

MAX_LISTED = 4
"""Strata of at most so many samples have all of their permutations listed (24 for 4)."""
MAX_ROUNDS = 256
"""Random orders drawn for the strata of one size; each gives several draws by shifts within it."""
MOST_PICKS = 2 * 10**7
"""Of sums over strata: how many permutations are affordable, times strata."""
MOST_NUMBERS = 10**5
"""Numbers that are shuffled at once: random orders of a few samples are cheaper together."""
MIN_BLOCKS = 8
"""Blocks of consecutive samples that the scheme `blocks` makes at least."""


def groups(part, scheme):
    """Return the rows that may be exchanged with each other.

    Parameters
    ----------
    part : null.Part
    scheme : str
        free or strata.

    Returns
    -------
    list of int array, shape (n_strata, size)
        The strata of each size.
    """
    if scheme == "free":
        return [np.arange(len(part.x))[None]]
    order = np.argsort(part.strata, kind="stable")
    _, first, sizes = np.unique(part.strata[order], return_index=True, return_counts=True)
    return [
        order[first[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes).tolist()
    ]


def cycles(part):
    """Return the rows that circular shifts turn, one array a cycle, shape (n_units, unit).

    Without intervals all samples are one cycle of units of one sample. Intervals are a cycle each;
    of trials, those of equal length are the units of one cycle, in their order, so that what hangs
    together within them and from one to the next stays together.

    Parameters
    ----------
    part : null.Part
    """
    if part.interval is None:
        return [np.arange(len(part.x))[:, None]]
    cuts = np.flatnonzero(np.diff(part.interval)) + 1
    spans = np.split(np.arange(len(part.x)), cuts)
    if not part.trials:
        return [span[:, None] for span in spans]
    sizes: dict = {}
    for span in spans:
        sizes.setdefault(len(span), []).append(span)
    return [np.array(equal) for equal in sizes.values()]


def n_unrelated(part, time):
    """Return how many shifts of all cycles do not resemble each other.

    Parameters
    ----------
    part : null.Part
    time : int
        Samples over which a series resembles itself.
    """
    total = 1.0
    for rows in cycles(part):
        total = min(total * max(1, rows.size // max(time, rows.shape[1])), 1e9)
    return int(total)


def shift_sums(part):
    """Return for each cycle the part of the cross term that it gives, at each of its shifts."""
    return [
        all_shifts(*(side[rows].reshape(len(rows), -1) for side in (part.left, part.right)))
        for rows in cycles(part)
    ]


def log_count(part, scheme, block_length=0):
    """Return the natural logarithm of the number of pairings that a scheme allows."""
    n = len(part.x)
    if scheme == "shift":
        return float(sum(math.log(len(rows)) for rows in cycles(part)))
    if scheme == "blocks":
        return float(gammaln(n // clipped_length(n, block_length) + 1))
    return float(sum(len(rows) * gammaln(rows.shape[1] + 1) for rows in groups(part, scheme)))


def affordable(part, scheme):
    """Return how many permutations of the cross term are worth their time.

    Each costs a number a stratum or block. Of very many strata, sums are nearly normal, and the
    tail by moments is right.

    Parameters
    ----------
    part : null.Part
    scheme : str
        free, strata or blocks.
    """
    n_summed = 1
    if scheme == "strata":
        n_summed = sum(len(rows) for rows in groups(part, scheme))
    elif scheme == "blocks":
        n_summed = len(part.x)
    return MOST_PICKS // n_summed


def orders(part, scheme, count, block_length, rng):
    """Draw permutations of a part's samples, shape (count, n).

    Parameters
    ----------
    part : null.Part
    scheme : str
        free, strata, shift or blocks.
    count : int
    block_length : int
        Samples in a block.
    rng : numpy.random.Generator
    """
    n = len(part.x)
    if scheme == "shift":
        drawn = np.empty((count, n), int)
        for rows in cycles(part):
            turned = np.arange(len(rows)) + rng.integers(len(rows), size=(count, 1))
            drawn[:, rows] = rows[turned % len(rows)]
        return drawn
    if scheme == "blocks":
        short, whole = blocks(n, block_length)
        drawn = rng.permuted(np.tile(np.arange(len(whole)), (count, 1)), axis=1)
        return np.hstack([np.tile(short, (count, 1)), whole[drawn].reshape(count, -1)])
    drawn = np.empty((count, n), int)
    for rows in groups(part, scheme):
        places = np.argsort(rng.random((count, *rows.shape)), axis=2)
        drawn[:, rows] = np.take_along_axis(np.broadcast_to(rows, places.shape), places, axis=2)
    return drawn


def cross_draws(part, scheme, count, block_length, rng):
    """Draw the sum of the critic's cross term over random pairings; under `shift`, over all shifts.

    Shifts of one random order against another are random permutations, each of them uniform, and a
    Fourier transform gives all of them at once.

    Returns
    -------
    array, shape (count,); for `shift` of a single cycle all of its shifts but none
    """
    if scheme == "shift":
        sums = shift_sums(part)
        if len(sums) == 1:
            return sums[0][1:]
        return sum(own[rng.integers(len(own), size=count)] for own in sums)
    if scheme == "blocks":
        short, _ = blocks(len(part.x), block_length)
        cross = block_cross(part, block_length)
        drawn = rng.permuted(np.tile(np.arange(len(cross)), (count, 1)), axis=1)
        fixed = (part.left[short] * part.right[short]).sum()
        return fixed + cross[np.arange(len(cross)), drawn].sum(axis=1)
    total = np.zeros(count)
    for rows in groups(part, scheme):
        total += _draws_within(part.left[rows], part.right[rows], count, rng)
    return total


def _draws_within(left, right, count, rng):
    """Draw sums over strata of one size; `left` and `right` have shape (n_strata, size, n_axes)."""
    n_strata, size, _ = left.shape
    if size <= MAX_LISTED:
        cross = left @ right.transpose(0, 2, 1)
        every = np.array(list(itertools.permutations(range(size))))
        sums = cross[:, np.arange(size), every].sum(axis=2)  # (n_strata, size!)
        return _sums_of_picks(sums, count, rng)
    per_round = size if n_strata == 1 else max(size, -(-count // MAX_ROUNDS))
    n_rounds = -(-count // per_round)
    step = max(1, MOST_NUMBERS // left.size)
    drawn = []
    for start in range(0, n_rounds, step):
        shape = (min(step, n_rounds - start), n_strata, size)
        shuffled = [
            np.take_along_axis(side[None], np.argsort(rng.random(shape), 2)[..., None], 2)
            for side in (left, right)
        ]
        sums = all_shifts(*shuffled, axis=2)
        drawn += (
            [sums.ravel()]
            if n_strata == 1
            else [_sums_of_picks(of_round, per_round, rng) for of_round in sums]
        )
    return np.concatenate(drawn)[:count]


def _sums_of_picks(sums, count, rng):
    """Sum one random column of each row, `count` times."""
    n_rows, n_columns = sums.shape
    total = np.empty(count)
    step = max(1, 10**7 // n_rows)
    for start in range(0, count, step):
        picks = rng.integers(n_columns, size=(min(step, count - start), n_rows), dtype=np.int32)
        total[start : start + step] = sums[np.arange(n_rows), picks].sum(axis=1)
    return total


def all_shifts(left, right, axis=0):
    """Return sum over i and features of left[i] right[(i + s) mod n], for s = 0 ... n-1."""
    spectrum = (np.conj(rfft(left, axis=axis)) * rfft(right, axis=axis)).sum(axis=-1)
    return irfft(spectrum, n=left.shape[axis], axis=axis)


def clipped_length(n, length):
    """Return the length of blocks of n samples, of which there are `MIN_BLOCKS` at least."""
    return min(max(1, length), n // MIN_BLOCKS)


def blocks(n, length):
    """Cut 0 ... n-1 into blocks; the first samples, fewer than a block, keep their place.

    Returns
    -------
    short : int array, shape (n mod length,)
    whole : int array, shape (n_blocks, length)
    """
    length = clipped_length(n, length)
    return np.arange(n % length), np.arange(n % length, n).reshape(-1, length)


def block_cross(part, length):
    """Return the cross term of each whole block of x with each of y."""
    _, whole = blocks(len(part.x), length)
    shape = (len(whole), -1)
    return part.left[whole].reshape(shape) @ part.right[whole].reshape(shape).T
