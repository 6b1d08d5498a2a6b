"""Thorough checks of a tile: the pairs embedded again under changes that should not matter."""

import numpy as np

from lmi.base import seeds
from lmi.embedding import canonical
from lmi.estimation import estimate as estimation
from lmi.pipeline.blocks import embed_sides
from lmi.projection import folds as split

N_SPLITS = 2


def thorough(sides, fold, inner, embedded, *, settings, seed, samples, threads=1):
    """Return the columns `flags.CHECKS` of some pairs, as a dict of arrays.

    Parameters
    ----------
    sides : list of (blocks.Side, blocks.Side)
    fold, inner : int arrays, shape (n_samples,)
    embedded : list of embed.Embedding or Exception
        The embeddings in use.
    settings : dict
        The config's section `embed`.
    seed : int
    samples : estimation.Samples
    threads : int
    """

    def bits(embeddings):
        return np.array(
            [
                np.nan
                if isinstance(e, Exception)
                else estimation.estimate(e, error_bars=False, samples=samples).mi_bits
                for e in embeddings
            ]
        )

    def again(folds, changes=None, turned=False, narrow=False):
        pairs = [pair[::-1] for pair in sides] if turned else sides
        changed = settings | (changes or {})
        return bits(
            embed_sides(pairs, *folds, settings=changed, seed=seed, threads=threads, narrow=narrow)
        )

    used = fold >= 0
    splits = [bits(embedded)]
    for number in range(N_SPLITS):
        other, inside = split.folds(
            len(fold),
            seed=seed,
            dataset=f"check {number}",
            n_inner=canonical.N_INNER,
            time_series=samples.time_series,
        )
        if samples.time_series:
            # the halves of a recording that starts later, and ends with its beginning
            later = (number + 1) * len(fold) // (2 * (N_SPLITS + 1))
            other, inside = np.roll(other, later), np.roll(inside, later)
        splits.append(again((np.where(used, other, -1).astype(np.int8), inside)))
    half = fold.copy()
    if samples.time_series:
        # whole stretches: the first half of each thirty-second of the recording
        half[np.arange(len(fold)) * 64 // len(fold) % 2 == 1] = -1
    else:
        left_out = seeds.rng(seed, "half the samples").permutation(len(fold))[len(fold) // 2 :]
        half[left_out] = -1
    n_latent = settings["n_latent"]
    return {
        "split_sd_bits": np.std(splits, axis=0, ddof=1),
        "half_samples_bits": again((half, inner)),
        "half_latent_bits": again((fold, inner), {"n_latent": max(1, n_latent // 2)}, narrow=True),
        "double_latent_bits": again((fold, inner), {"n_latent": 2 * n_latent}),
        "swapped_bits": again((fold, inner), turned=True),
    }
