"""The released latentmi 0.1.3, in an environment of its own."""

TITLE = "latentmi 0.1.3"
PUBLISHED = "LMI"
ENVIRONMENT = "latentmi"
SHARE = 18


def estimate(x, y, seed, python, timeout_s=900):
    """Return what `latentmi.lmi.estimate` returns; see `lmi.peers.latentmi`."""
    from lmi import peers

    return peers.latentmi(python, x, y, seed=seed, timeout_s=timeout_s)
