"""`lmi.ksg.mi` and `lmi.ksg.pointwise_mi`: the kernel for arrays that nobody has looked at yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from lmi.base.arrays import matrix, order, row_names
from lmi.base.errors import InputError
from lmi.ksg import kernel

MAX_TIED = 0.05
"""Of the samples, whose last neighbour that counts is as far as another one: with rounded normal
values the estimate is too high by about as many bits as this share."""
MAX_LOOKED_AT = 1000
"""Samples that are looked at for it, evenly chosen."""


def mi(x: Any, y: Any, k: int = 3, threads: int = 1) -> float:
    """Return the mutual information in bits: the mean of `pointwise_mi`.

    Parameters and errors as there.

    Examples
    --------
    >>> import numpy as np
    >>> from lmi import ksg
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(2000)
    >>> abs(ksg.mi(x, x + rng.standard_normal(2000)) - 0.5) < 0.1
    True
    """
    return float(pointwise_mi(x, y, k, threads).mean())


def pointwise_mi(x: Any, y: Any, k: int = 3, threads: int = 1) -> np.ndarray:
    """Return pointwise mutual information by Kraskov et al. (2004), equation 8.

    i_j = psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1), Chebyshev distances in x, y and jointly.
    There is no clipping: values may be negative, and without equal distances none exceeds
    psi(n) - psi(k). The equation is for continuous variables, and diverges where samples repeat.

    Parameters
    ----------
    x, y : array, DataFrame, tensor or sparse matrix, shape (n,) or (n, d)
        Row j of x belongs to row j of y; rows that have names on both sides are joined by name, in
        the order of x.
    k : int
        Neighbours, 1 <= k < n.
    threads : int
        The result does not depend on it.

    Returns
    -------
    array, shape (n,)
        Bits; its mean is the estimate of the mutual information.

    Raises
    ------
    InputError
        Unequal lengths, row names that differ, values that are masked, not finite or not real, k
        out of range, more than k equal samples, or many neighbours that are equally far.

    Examples
    --------
    >>> import numpy as np
    >>> from lmi import ksg
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((500, 2))
    >>> ksg.pointwise_mi(x, x[:, 0] + rng.standard_normal(500)).shape
    (500,)

    References
    ----------
    A. Kraskov, H. Stoegbauer, P. Grassberger, Estimating mutual information, Phys. Rev. E 69,
    066138 (2004).
    """
    names_x, names_y = row_names(x), row_names(y)
    x, y = matrix("x", x), matrix("y", y)
    rows = order(names_x, names_y, "x", "y", stacklevel=3)
    if rows is not None:
        y = y[rows]
    radius, n_x, n_y = kernel.neighbours(x, y, k, threads)
    if repeated := int((radius == 0).sum()):
        raise InputError(
            f"x and y: expected continuous values; {repeated} of {len(x)} samples equal k = {k} or "
            "more others in x and y, where the estimate diverges. Add noise far smaller than the "
            "steps between the values to both sides, or call lmi.estimate, which does so by itself "
            "and flags what has few distinct values"
        )
    if (share := _tied(x, y, k)) > MAX_TIED:
        raise InputError(
            f"x and y: expected continuous values; for {share:.0%} of the samples the neighbour "
            f"before or after the {k}th is as far, as with rounded values or copies of samples, "
            "where the estimate is too high. Add noise far smaller than the steps between the "
            "values to both sides, or call lmi.estimate, which does so by itself and flags what "
            "has few distinct values"
        )
    return kernel.bits(n_x, n_y, k)


def _tied(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """Return the share of samples whose neighbour k is as far as k - 1 or k + 1, jointly."""
    joint = np.column_stack([x, y])
    if len(joint) < k + 2 or all(len(np.unique(one)) == len(one) for one in joint.T):
        return 0.0
    from scipy.spatial import cKDTree

    looked = joint[np.linspace(0, len(joint) - 1, min(len(joint), MAX_LOOKED_AT)).astype(int)]
    distances, _ = cKDTree(joint).query(looked, k=k + 2, p=np.inf)
    last = distances[:, k]
    return float(np.mean((distances[:, k + 1] == last) | (distances[:, k - 1] == last)))
