"""p values smaller than any affordable number of permutations can count.

The critic's cross term, sum over samples of left . right, is a linear permutation statistic: its
mean, variance and third moment over all permutations have closed forms, which add up over strata
(Hoeffding 1951), and a Pearson III curve with these moments describes its tail. Under circular
shifts the standard deviation over all shifts takes their place. KSG has no such forms: mean and
standard deviation come from the permutations drawn, and Student's t accounts for their number.
"""

import numpy as np
from scipy.special import gammaincc, ndtr, ndtri, stdtr

from lmi.estimation import permutations

SMALLEST = 1e-300
"""No p value is smaller: 0 would claim more than double precision can."""
KSG_SKEW = 2.85
"""Skewness of KSG under permutation, times the root of samples and axes: .29 of 100 samples and one
axis, .17 of 300, .12 of 150 and three axes, .07 of 600 and three."""
KSG_SKEW_AXES = 3
"""More axes count as these: they have other scales, and rarely all of them matter."""
KSG_SKEW_DRAWS = 1000
"""This skewness counts as that of so many draws."""
MAX_SKEW = 0.5
"""Bound on the skewness of the KSG draws, beyond which it is noise."""
NO_SKEW = 1.6e-5
"""A smaller skewness is none: the curve is that of a normal distribution."""
HEAVY_SAMPLES = 1000
"""Samples of a stratum from which the fourth cumulant is taken: it costs their square."""
LEAST_STRATUM = 8
"""Samples of a stratum whose fourth cumulant counts; that of smaller ones makes tails lighter."""


def moments(part, scheme, block_length=0):
    """Return the exact moments of the cross term over all pairings that a scheme allows.

    Parameters
    ----------
    part : null.Part
    scheme : str
        free, strata or blocks.
    block_length : int

    Returns
    -------
    mean, variance, third : float
        `third` is the third central moment.
    """
    if scheme == "blocks":
        short, _ = permutations.blocks(len(part.x), block_length)
        cross = permutations.block_cross(part, block_length)
        fixed = (part.left[short] * part.right[short]).sum()
        mean, variance, third = _of_cross(cross[None])
        return fixed + mean, variance, third
    sums = np.zeros(3)
    for rows in permutations.groups(part, scheme):
        sums += _of_strata(part.left[rows], part.right[rows])
    return tuple(sums.tolist())


def _of_cross(cross):
    """Return the moments for matrices of cross terms, shape (n_strata, size, size), summed."""
    size = cross.shape[1]
    mean = cross.sum() / size
    if size == 1:
        return mean, 0.0, 0.0
    d = cross - cross.mean(axis=1, keepdims=True)
    d -= d.mean(axis=2, keepdims=True)
    third = size / ((size - 1) * (size - 2)) * (d**3).sum() if size > 2 else 0.0
    return mean, (d**2).sum() / (size - 1), third


def _of_strata(left, right):
    """Return the moments for strata of one size, arrays of shape (n_strata, size, n_axes)."""
    n_axes, size = left.shape[2], left.shape[1]
    if size <= n_axes**2:
        return _of_cross(left @ right.transpose(0, 2, 1))
    mean = (left.sum(axis=1) * right.sum(axis=1)).sum() / size
    tensors = []
    for side in (left, right):
        side = side - side.mean(axis=1, keepdims=True)
        second = side.transpose(0, 2, 1) @ side
        products = (side[..., :, None] * side[..., None, :]).reshape(*side.shape[:2], -1)
        tensors.append((second, products.transpose(0, 2, 1) @ side))
    (second_x, third_x), (second_y, third_y) = tensors
    variance = (second_x * second_y).sum() / (size - 1)
    third = size / ((size - 1) * (size - 2)) * (third_x * third_y).sum() if size > 2 else 0.0
    return mean, variance, third


def fourth_cumulant(part, scheme):
    """Return the fourth cumulant of the cross term over all pairings, to leading order.

    With d the doubly centred matrix of the terms of all pairs of samples, that of a stratum of n
    is the sum of d^4 / n, less 3 (sum of d^2 / n)^2 over its rows and over its columns, plus 9 (sum
    of d^2)^2 / n^3. Heavy tails on both sides make it large.

    Parameters
    ----------
    part : null.Part
    scheme : str
        free or strata.
    """
    total = 0.0
    for rows in permutations.groups(part, scheme):
        if rows.shape[1] < LEAST_STRATUM:
            continue
        for own in rows:
            step = -(-len(own) // HEAVY_SAMPLES)
            left, right = (side[own] - side[own].mean(axis=0) for side in (part.left, part.right))
            squares = (left[::step] @ right[::step].T) ** 2
            n = len(squares)
            fourth = (squares**2).sum() / n - 3 * (squares.sum(axis=1) ** 2).sum() / n**2
            fourth += 9 * squares.sum() ** 2 / n**3 - 3 * (squares.sum(axis=0) ** 2).sum() / n**2
            total += fourth * len(own) / n
    return float(total)


def smallest(part, scheme, block_length=0):
    """Return the smallest p value of a scheme: one over its pairings, but for shifts."""
    if scheme == "shift":
        return SMALLEST
    return max(float(np.exp(-permutations.log_count(part, scheme, block_length))), SMALLEST)


def cross_tail(part, scheme, block_length, observed):
    """Return the p value of the cross term by its moments, or by the spread of all shifts.

    Not below one over the number of pairings. The spread of all shifts holds the observed peak:
    it errs on the safe side, the more the fewer samples are effective.
    """
    least = smallest(part, scheme, block_length)
    if scheme == "shift":
        sums = permutations.shift_sums(part)
        mean, skew = sum(own.mean() for own in sums), 0.0
        sd = np.sqrt(sum(own.var() for own in sums))
    else:
        mean, variance, third = moments(part, scheme, block_length)
        sd = np.sqrt(max(variance, 0.0))
        # a curve bounded above would call everything beyond its end impossible
        skew = max(third / sd**3, 0.0) if sd > 0 else 0.0
    if not sd > 1e-12 * (abs(mean) + abs(observed)):
        return 1.0
    tail = max(_pearson3(float((observed - mean) / sd), float(skew)), SMALLEST)
    if scheme in ("free", "strata") and (heavy := fourth_cumulant(part, scheme) / sd**4) > 0:
        # Student's t with this kurtosis, scaled to the same standard deviation
        freedom = 4 + 6 / heavy
        tail = stdtr(freedom, ndtri(tail) * np.sqrt(freedom / (freedom - 2)))
    return float(max(tail, least))


def skew_of_ksg(part):
    """Return the skewness to be expected of KSG on permuted samples of a part."""
    n_axes = min(part.x.shape[1], part.y.shape[1], KSG_SKEW_AXES)
    return KSG_SKEW / np.sqrt(len(part.x) * max(1, n_axes))


def drawn_tail(draws, observed, n_effective, expected_skew=0.0, smallest=SMALLEST):
    """Return the p value of KSG, a curve fitted to its permutations.

    Parameters
    ----------
    draws : array
        KSG on permuted samples.
    observed : float
    n_effective : int
        Independent draws among them: fewer where neighbouring shifts resemble each other.
    expected_skew : float
        From `skew_of_ksg`.
    smallest : float
        One over the number of pairings that the scheme allows.
    """
    n, sd = min(len(draws), n_effective), draws.std(ddof=1)
    if n < 3 or not sd > 0:
        return 1.0
    z = (draws - draws.mean()) / sd
    drawn, expected = len(z) * (z**3).mean(), KSG_SKEW_DRAWS * expected_skew
    skew = (drawn + expected) / (len(z) + KSG_SKEW_DRAWS)
    score = (observed - draws.mean()) / (sd * np.sqrt(1 + 1 / n))
    tail = _pearson3(float(score), float(np.clip(skew, 0.0, MAX_SKEW)))
    return float(max(stdtr(n - 1, ndtri(max(tail, SMALLEST))), smallest))


def _pearson3(score, skew):
    """Return the upper tail of a Pearson type III distribution of mean 0 and variance 1.

    As `scipy.stats.pearson3.sf`, without loading scipy.stats in every job.
    """
    if skew < NO_SKEW:
        return float(ndtr(-score))
    shape = 4 / skew**2
    return float(gammaincc(shape, max(0.0, 2 * score / skew + shape)))
