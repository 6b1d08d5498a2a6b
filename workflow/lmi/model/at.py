"""Pointwise bits of new samples, each beside the held-out samples of a pair alone."""

import numpy as np

from lmi.ksg import guided
from lmi.ksg import kernel as ksg

CHUNK = 256
"""New samples whose distances to all others are held at a time."""
N_DRAWN = guided.N_INSIDE


def pointwise_bits(new, held_out, s, rank, weight, temperature, neighbours, mixtures=None):
    """Return the pointwise bits of new samples by one encoder.

    As of a held-out sample: KSG, and the correction by the critic, see `lmi.ksg.guided`. Each new
    sample is compared with the held-out samples, and not with other new ones.

    Parameters
    ----------
    new, held_out : (array, array), shapes (n, n_axes)
        Coordinates of x and of y.
    s, weight : array, shape (n_axes,)
    rank : int
    temperature : int
        Row of `guided.TEMPERATURES`.
    neighbours : estimation.evaluate.Neighbours
    mixtures : array, shape (n_axes, n_components, 6), optional
        Of a critic that is not Gaussian, see `lmi.ksg.mixture`.

    Returns
    -------
    array, shape (n_new,)
    """
    from scipy.spatial.distance import cdist

    n_new, n = len(new[0]), len(held_out[0])
    both = [
        guided.untie(np.concatenate([z, own]).astype(np.float64), side)
        for side, (own, z) in enumerate(zip(new, held_out, strict=True))
    ]
    scaled = [z * weight[: z.shape[1]] for z in both]
    radius = None
    if neighbours.lone:
        radius, _, _ = ksg.neighbours_each(scaled[0][:n], scaled[1][:n], [neighbours.k], 1)[0]
    critic = None
    if rank and temperature and neighbours.k_guided:
        a, b = (z[:, :rank] for z in both)
        critic = guided.factors(a, b, s[:rank], guided.TEMPERATURES[temperature], mixtures)
    k_box = neighbours.k_guided if temperature == guided.TRUSTED else neighbours.k
    k_box = k_box or neighbours.k
    result, psi = np.empty(n_new), ksg.digamma(n + 1)
    for start in range(0, n_new, CHUNK):
        rows = np.arange(n + start, min(n + start + CHUNK, n + n_new))
        apart = [cdist(z[rows], z[:n], "chebyshev") for z in scaled]
        joint = np.maximum(*apart)
        ordered = np.argpartition(joint, [neighbours.k - 1, k_box - 1], axis=1)
        for place, row in enumerate(rows):
            sides = [apart[0][place], apart[1][place]]
            near = ordered[place, : neighbours.k]
            k, distance = neighbours.k, joint[place, near].max()
            if radius is not None and (
                (guided.LONELY * radius[near] < distance).sum() > neighbours.k / 2
            ):
                k, distance = 1, joint[place, near].min()
            bits = _ksg(sides, distance, k, psi)
            if critic is not None:
                if not neighbours.lone and k_box != k:
                    distance = joint[place, ordered[place, :k_box]].max()
                    bits = _ksg(sides, distance, k_box, psi)
                inside = [_drawn(np.flatnonzero(side < distance), row) for side in sides]
                bits += guided.correction_at(*critic, row, *inside)
            result[row - n] = bits
    return result


def _ksg(sides, distance, k, psi):
    """Return KSG at one sample among the others, from its distances to them on both sides."""
    n_x, n_y = (int((side < distance).sum()) for side in sides)
    return float(psi[k] + psi[-1] - psi[n_x + 1] - psi[n_y + 1]) / np.log(2)


def _drawn(inside, row):
    """Return samples inside of one side of a box: the sample itself, and evenly chosen others."""
    if len(inside) > N_DRAWN - 1:
        inside = inside[np.linspace(0, len(inside) - 1, N_DRAWN - 1).astype(int)]
    return np.append(inside, row)
