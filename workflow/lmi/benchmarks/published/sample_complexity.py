"""Figure 3: error by number of samples, for dependence of low, medium and high rank."""

TITLE = "Error by number of samples"
SOURCE = "figure 3"
CONDITIONS = ("rank",)

AMBIENT = (1, 13, 25, 37, 50)
SHARES = {"low": 0.0, "medium": 0.1, "high": 1.0}
"""Intrinsic dimensions, as a share of the ambient ones; 1 at least."""


def cells(scale):
    """Return the published design: 1 bit, n = 1,000 to 10,000, 10 draws of each.

    quick: one draw at three numbers of samples.
    """
    n_samples, draws = {
        "smoke": ((500, 1000), 1),
        "quick": ((1000, 2000, 5000), 1),
        "full": (tuple(range(1000, 11_000, 1000)), 10),
    }[scale]
    listed = []
    for rank, share in SHARES.items():
        for ambient in AMBIENT if scale != "smoke" else (25,):
            # as published: the whole number below
            intrinsic = max(1, int(share * ambient))
            for n in n_samples:
                # ranks that coincide in few dimensions are the same task, drawn anew
                first = 10 * (3 * AMBIENT.index(ambient) + list(SHARES).index(rank))
                listed += [
                    {
                        "task": "gaussian_grid",
                        "n_samples": n,
                        "ambient": ambient,
                        "intrinsic": intrinsic,
                        "mi_bits": 1.0,
                        "rank": rank,
                        "draw": first + draw,
                    }
                    for draw in range(draws)
                ]
    return listed


def draw(table):
    """Draw the estimates by number of samples, an axis a rank and a line an estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.lines(
        table, "n_samples", "number of samples", panels_by="rank", truth=True
    )
