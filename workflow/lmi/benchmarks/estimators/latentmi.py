"""The released latentmi 0.1.3, in an environment of its own."""

from lmi.benchmarks import peers

TITLE = "latentmi 0.1.3"
PUBLISHED = "LMI"
ENVIRONMENT = "latentmi"
SHARE = 90
QUICK = ("gaussian_grid", "sample_complexity", "transforms", "symmetries")


def estimate(x, y, seed, python, timeout_s=peers.TIMEOUT_S):
    """Return what `latentmi.lmi.estimate` returns; see `lmi.benchmarks.peers.latentmi`."""
    return peers.latentmi(python, x, y, seed=seed, timeout_s=timeout_s)
