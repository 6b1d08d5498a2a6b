"""MINE as released in benchmark-mi 0.1.3, in an environment of its own."""

from lmi.benchmarks import peers

TITLE = "MINE"
PUBLISHED = "MINE"
ENVIRONMENT = "benchmark-mi"
SHARE = 9
LEAST = 5


def estimate(x, y, seed, python, timeout_s=peers.TIMEOUT_S, **settings):
    """Return what `bmi.estimators.MINEEstimator` estimates; see `lmi.benchmarks.peers.bmi`."""
    return peers.bmi(python, "MINEEstimator", x, y, seed=seed, timeout_s=timeout_s, **settings)
