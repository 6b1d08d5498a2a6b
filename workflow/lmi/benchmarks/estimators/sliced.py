"""k-sliced mutual information: the mean of KSG over random one-dimensional projections."""

import numpy as np

TITLE = "sliced MI"


def estimate(x, y, seed, n_slices=100, k=3):
    """Return the mean of KSG over `n_slices` pairs of random directions, in bits.

    Directions are uniform on the spheres. It is another quantity than mutual information and at
    most as large: zero only for independent variables, but small in many dimensions.

    Source: Goldfeld and Greenewald, NeurIPS 2021 (arXiv:2110.05279), equation 3.
    """
    from lmi.embedding import published as paper
    from lmi.ksg import kernel as ksg

    x, y = paper.standardise(x), paper.standardise(y)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(n_slices):
        sides = []
        for side in (x, y):
            direction = rng.standard_normal(side.shape[1])
            sides.append(side @ (direction / np.linalg.norm(direction)))
        values.append(ksg.mi(sides[0][:, None], sides[1][:, None], k=k))
    return {"mi_bits": float(np.mean(values))}
