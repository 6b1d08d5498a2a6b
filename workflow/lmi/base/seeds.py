"""Random generators that depend on names, never on the order of the work."""

import hashlib

import numpy as np


def stable_hash(name: object) -> int:
    """Return 64 bits of `name` that are the same in every process (`hash` is salted)."""
    return int.from_bytes(hashlib.blake2b(str(name).encode(), digest_size=8).digest(), "little")


def rng(seed: int, *names: object) -> np.random.Generator:
    """Return a generator seeded by `seed` and the names of what it is for.

    Parameters
    ----------
    seed : int
        The run's seed.
    *names : str or int
        What the numbers are for: dataset, variables, stage.
    """
    entropy = [int(seed), *(stable_hash(name) for name in names)]
    return np.random.default_rng(np.random.SeedSequence(entropy))
