"""Arrays of the parts of a tile, or of several tiles, joined into one."""

from collections.abc import Sequence

import numpy as np


def join(
    parts: Sequence[dict[str, np.ndarray]], shared: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Join arrays along their first axis; shorter ones are padded.

    Parameters
    ----------
    parts : list of dict of str to array
        Not all have all names: rows of a part that lacks one are all padding.
    shared : sequence of str
        Names whose arrays are not by row: the longest is taken.

    Returns
    -------
    dict of str to array
        Padding is NaN for what has no value where there are none (losses, pointwise MI,
        scatters), otherwise zero.
    """
    n_rows = [len(next(v for name, v in part.items() if name not in shared)) for part in parts]
    joined = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        arrays = [np.asarray(part[name]) if name in part else None for part in parts]
        there = [array for array in arrays if array is not None]
        if name in shared:
            joined[name] = max(there, key=len)
            continue
        if len(there) == len(parts) and len({array.shape[1:] for array in there}) == 1:
            joined[name] = np.concatenate(there)
            continue
        shape = np.max([array.shape[1:] for array in there], axis=0)
        fill = np.nan if name.startswith(("loss", "pointwise", "scatter")) else 0
        joined[name] = np.full((sum(n_rows), *shape), fill, there[0].dtype)
        for array, end in zip(arrays, np.cumsum(n_rows), strict=True):
            if array is not None:
                place = (slice(end - len(array), end), *map(slice, array.shape[1:]))
                joined[name][place] = array
    return joined
