"""InfoNCE as released in benchmark-mi 0.1.3, in an environment of its own."""

TITLE = "InfoNCE"
PUBLISHED = "InfoNCE"
ENVIRONMENT = "benchmark-mi"
SHARE = 9


def estimate(x, y, seed, python, timeout_s=900, **settings):
    """Return what `bmi.estimators.InfoNCEEstimator` estimates; see `lmi.peers.bmi`."""
    from lmi import peers

    return peers.bmi(python, "InfoNCEEstimator", x, y, seed=seed, timeout_s=timeout_s, **settings)
