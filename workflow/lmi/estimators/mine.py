"""MINE as released in benchmark-mi 0.1.3, in an environment of its own."""

TITLE = "MINE"
PUBLISHED = "MINE"
ENVIRONMENT = "benchmark-mi"
SHARE = 9


def estimate(x, y, seed, python, timeout_s=900, **settings):
    """Return what `bmi.estimators.MINEEstimator` estimates; see `lmi.peers.bmi`."""
    from lmi import peers

    return peers.bmi(python, "MINEEstimator", x, y, seed=seed, timeout_s=timeout_s, **settings)
