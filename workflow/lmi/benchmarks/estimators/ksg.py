"""KSG on the standardised features themselves."""

TITLE = "KSG on raw data"
PUBLISHED = "KSG"


def estimate(x, y, seed, k=3):
    """Return KSG (k = 3, Chebyshev) of z-scored features; nothing is random."""
    from lmi.embedding import published as paper
    from lmi.ksg import kernel as ksg

    return {"mi_bits": ksg.mi(paper.standardise(x), paper.standardise(y), k=k)}
