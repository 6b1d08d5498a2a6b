"""InfoNCE as released in benchmark-mi 0.1.3, in an environment of its own."""

from lmi.benchmarks import peers

TITLE = "InfoNCE"
PUBLISHED = "InfoNCE"
ENVIRONMENT = "benchmark-mi"
SHARE = 45
QUICK = ("gaussian_grid", "sample_complexity", "mnist", "transforms", "symmetries")


def estimate(x, y, seed, python, timeout_s=peers.TIMEOUT_S, **settings):
    """Return what `bmi.estimators.InfoNCEEstimator` estimates; see `lmi.benchmarks.peers.bmi`."""
    return peers.bmi(python, "InfoNCEEstimator", x, y, seed=seed, timeout_s=timeout_s, **settings)
