"""NWJ as released in benchmark-mi 0.1.3, in an environment of its own."""

from lmi.benchmarks import peers

TITLE = "NWJ"
ENVIRONMENT = "benchmark-mi"
SHARE = 90
QUICK = ("symmetries",)


def estimate(x, y, seed, python, timeout_s=peers.TIMEOUT_S, **settings):
    """Return what `bmi.estimators.NWJEstimator` estimates; see `lmi.benchmarks.peers.bmi`."""
    return peers.bmi(python, "NWJEstimator", x, y, seed=seed, timeout_s=timeout_s, **settings)
