"""What is wrong with an estimate: its reasons, by thresholds that are named here."""

import hashlib
import itertools
from typing import NamedTuple

import numpy as np

from lmi.base import seeds
from lmi.base.reasons import Reason
from lmi.projection.views import column_slices

FEW_SAMPLES = 200
"""Estimates from fewer held-out samples are flagged: below about 150 a half has no three parts that
are large enough for an error bar, and just above it the error bar rests on those three alone."""
MAX_MISSING = 0.1
MAX_TIED = 0.5
MAX_COPIES = 0.1
"""Of the samples that are looked at: fewer may be chance."""
NEAR_CEILING = 0.8
UNSTABLE_SD, UNSTABLE_BITS = 4.0, 0.15
"""The encoders of the two halves disagree where their estimates differ by more than both."""
DRIFT_SD, DRIFT_SHARE = 2.0, 0.15
"""The estimate still rises with the samples where a third of them give less by more than both."""
BY_CHANCE_BITS = 0.05
"""Series shifted against each other share as little as nothing below this, and below `DRIFT_SHARE`
of the estimate."""
WEAK_BITS = 0.1
"""Many weak axes are missing where they show more by this, `DRIFT_SHARE` of the estimate, and
`SURE_SD` standard errors."""
MAX_SKEWNESS = 3.0
"""Mardia's skewness an axis, beyond which a Gaussian critic misses much; exponential axes: 4."""
SURE_SD = 3.0
"""Estimates nearer to zero are too noisy to tell a rise from."""
CHECKS = (
    "split_sd_bits",
    "half_samples_bits",
    "half_latent_bits",
    "double_latent_bits",
    "swapped_bits",
)
"""What the thorough checks find: standard deviation of `mi_bits` over three splits of the samples;
`mi_bits` with half of the samples, with half the dimensions (principal components, and latent ones
of networks), with twice the latent ones of networks, and with x and y exchanged."""

MOVING = 20
"""Samples that must differ from a feature's commonest value for its equals to be called copies: two
genes that are seen in the same three cells alone are not one gene."""
SHOWN = 5
"""Shared features that a reason names."""


class Shared(NamedTuple):
    """Features that two variables share: how many, and the names of the first few."""

    n: int = 0
    names: str = ""


NOTHING_SHARED = Shared()


def column_keys(matrix):
    """Return a key for each feature, equal for features that are the same but for their scale.

    It is a hash of the order of the samples, hence the same for every monotone function of a
    feature, increasing or decreasing.

    Parameters
    ----------
    matrix : array, shape (n_samples, n_features)

    Returns
    -------
    uint64 array, shape (n_features,)
        Zero for a feature that varies in fewer than `MOVING` samples.
    """
    keys = np.zeros(matrix.shape[1], np.uint64)
    matrix = np.asarray(matrix)
    parts = (np.ascontiguousarray(matrix[:, part].T) for part in column_slices(matrix))
    for column, values in enumerate(itertools.chain.from_iterable(parts)):
        _, rank, counts = np.unique(values, return_inverse=True, return_counts=True)
        if len(values) - counts.max() < MOVING:
            continue
        rank = rank.astype(np.uint32)
        both = min(rank.tobytes(), (rank.max() - rank).tobytes())
        keys[column] = int.from_bytes(hashlib.blake2b(both, digest_size=8).digest(), "little")
    return keys


def shared_features(x, y):
    """Return the features that two variables share, by their names and by their values.

    Parameters
    ----------
    x, y : (sequence of str, uint64 array)
        Names and `column_keys` of the features of a variable. Features of one name are the same.

    Returns
    -------
    Shared
    """
    by_key = {}
    for name, key in zip(*y, strict=True):
        by_key.setdefault(int(key), name)
    names, shared = set(y[0]), []
    for name, key in zip(*x, strict=True):
        if name in names:
            shared.append(name)
        elif key and int(key) in by_key:
            shared.append(f"{name} = {by_key[int(key)]}")
    more = f" and {len(shared) - SHOWN} more" if len(shared) > SHOWN else ""
    return Shared(len(shared), ", ".join(shared[:SHOWN]) + more)


def shared_columns(x, y, columns=None):
    """Return the columns that two matrices share: equal ones, or monotone functions of each other.

    Parameters
    ----------
    x, y : array, shape (n_samples, n_features)
    columns : (list of str, list of str), optional
        What the message calls the columns of each; no name of one is a name of the other.

    Returns
    -------
    Shared
    """
    if columns is None:
        sizes = x.shape[1], y.shape[1]
        columns = [
            [f"column {i} of {side}" for i in range(n)] for side, n in zip("xy", sizes, strict=True)
        ]
    candidates = [_rises(matrix) for matrix in (x, y)]
    both = np.intersect1d(*candidates)
    sides = []
    for names, matrix, own in zip(columns, (x, y), candidates, strict=True):
        looked = np.flatnonzero(np.isin(own, both))
        sides.append(([names[i] for i in looked], column_keys(matrix[:, looked])))
    return shared_features(*sides)


def _rises(matrix):
    """Return a number a column that monotone functions of it share: where it rises and falls.

    It costs a tenth of `column_keys`, which then has few columns to look at.
    """
    weights = seeds.rng(0, "rises").integers(1, 2**20, len(matrix) - 1).astype(float)
    # whole numbers below 2^53: the sums are exact in any order
    return np.abs(weights @ np.sign(np.diff(matrix, axis=0)))


def of_shared(shared):
    """Return the reason for a flag that shared features give, in a list; none without them."""
    return [Reason("shared_features", {"n": shared.n, "shared": shared.names})] * bool(shared.n)


def of_estimate(
    *,
    mi,
    mi_ksg,
    halves,
    variances,
    drift,
    n_estimated,
    n_tied,
    ceiling,
    missing,
    converged,
    slow=False,
    weak_bits=None,
    skewness=0.0,
):
    """Return the reasons for a flag that an estimate itself gives.

    Parameters
    ----------
    mi, mi_ksg : float
        `mi_bits` and `mi_ksg_bits`.
    halves, variances : sequence of float
        Estimates by the encoder of either half, and their variances.
    drift : float
        `drift_bits`.
    n_estimated, n_tied : int
        Samples with an estimate, and those of them that equal another one.
    ceiling : float
        The most bits that so many samples can show.
    missing : float
        Share of missing values.
    converged : bool
    slow : bool
        Both variables are non-stationary series: that they rise with the samples says nothing.
    weak_bits : (float, float), optional
        Bits of many weak axes, and their standard error, from `canonical.weak_bits`.
    skewness : float
        Of the axes that a critic corrects, from `shape.of_critics`.

    Returns
    -------
    list of Reason
    """
    if not np.isfinite(mi_ksg):
        return [Reason("not_finite")]
    reasons = []
    if not converged:
        reasons.append(Reason("not_converged"))
    if n_estimated < FEW_SAMPLES:
        reasons.append(Reason("few_samples", {"n": n_estimated, "floor": FEW_SAMPLES}))
    if mi_ksg > NEAR_CEILING * ceiling:
        reasons.append(Reason("near_ceiling", {"ceiling": float(ceiling)}))
    if n_tied > MAX_TIED * n_estimated:
        reasons.append(Reason("duplicates", {"percent": float(100 * n_tied / n_estimated)}))
    if missing > MAX_MISSING:
        reasons.append(Reason("missing_data", {"percent": float(100 * missing)}))
    if len(halves) == 2:
        first, second = map(float, halves)
        if abs(first - second) > max(UNSTABLE_BITS, UNSTABLE_SD * np.sqrt(np.sum(variances))):
            reasons.append(Reason("unstable_halves", {"first": first, "second": second}))
    sd = np.sqrt(np.mean(variances) / len(halves))
    if weak_bits is not None:
        bits, error = map(float, weak_bits)
        if bits - mi > max(WEAK_BITS, DRIFT_SHARE * mi, SURE_SD * error):
            reasons.append(Reason("weak_axes", {"bits": bits, "mi": float(mi)}))
    if skewness > MAX_SKEWNESS and mi > SURE_SD * sd:
        reasons.append(Reason("skewed_axes", {"skewness": float(skewness)}))
    if slow:
        reasons.append(Reason("non_stationary"))
    elif mi > SURE_SD * sd and drift > max(DRIFT_SD * sd, DRIFT_SHARE * mi):
        reasons.append(Reason("rising_thirds", {"less": float(mi - drift), "mi": float(mi)}))
    return reasons


def of_series(*, n_effective, trends, mi, by_chance, others):
    """Return the reasons for a flag that samples in time give.

    Parameters
    ----------
    n_effective : float
        Independent samples that the estimated ones are worth.
    trends : bool
        Both variables rise or fall over the recording.
    mi, by_chance : float
        `mi_bits`; what the series share when shifted against each other, NaN if unknown.
    others : list of Reason
        Those of `of_estimate`.

    Returns
    -------
    list of Reason
    """
    codes, reasons = {reason.code for reason in others}, []
    if n_effective < FEW_SAMPLES and "few_samples" not in codes:
        reasons.append(
            Reason("few_effective_samples", {"n": round(n_effective), "floor": FEW_SAMPLES})
        )
    if trends and "non_stationary" not in codes:
        reasons.append(Reason("trends"))
    if by_chance > max(BY_CHANCE_BITS, DRIFT_SHARE * mi):
        reasons.append(Reason("bits_by_chance", {"bits": float(by_chance)}))
    return reasons


def of_exchangeable(share_of_copies, in_order):
    """Return the reasons for a flag that samples give which are taken for exchangeable.

    Parameters
    ----------
    share_of_copies : float
    in_order : bool
        From `lmi.estimation.exchangeable`.

    Returns
    -------
    list of Reason
    """
    reasons = []
    if share_of_copies > MAX_COPIES:
        reasons.append(Reason("copies", {"percent": float(100 * share_of_copies)}))
    if in_order:
        reasons.append(Reason("in_order"))
    return reasons


def of_checks(found, mi, sd):
    """Return the reasons for a flag that the thorough checks give.

    Parameters
    ----------
    found : dict of str to float
        `CHECKS` of one pair; NaN where a check was not made.
    mi, sd : float
        `mi_bits` and its standard error.

    Returns
    -------
    list of Reason
    """
    sd = sd if np.isfinite(sd) else 0.0
    wide = max(0.1, 4 * sd)
    found = {name: float(value) for name, value in found.items()}
    reasons, mi = [], float(mi)
    if found["split_sd_bits"] > wide:
        reasons.append(Reason("unstable_splits", {"sd": found["split_sd_bits"]}))
    if mi - found["half_samples_bits"] > max(0.1, 2 * sd, 0.2 * abs(mi)):
        reasons.append(Reason("rising_half", {"less": found["half_samples_bits"], "mi": mi}))
    for name, code in (
        ("half_latent_bits", "unstable_half_latent"),
        ("double_latent_bits", "unstable_double_latent"),
        ("swapped_bits", "unstable_swapped"),
    ):
        if abs(found[name] - mi) > max(wide, 0.2 * abs(mi)):
            reasons.append(Reason(code, {"other": found[name], "mi": mi}))
    return reasons
