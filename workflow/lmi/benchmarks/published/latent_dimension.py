"""Appendix: latent dimension of the published method, for 1 bit over four intrinsic dimensions."""

TITLE = "Latent dimension"
SOURCE = "appendix: latent dimension"
ESTIMATORS = ["default", "mine", "infonce"]
DIMENSIONS = (2, 4, 6, 8)
VARIANTS = {
    f"paper_{n}": {
        "estimator": "paper",
        "settings": {"paper": {"n_latent": n}},
        "published": f"LMI-{n}",
    }
    for n in DIMENSIONS
}
SMOKE = ("paper_2",)


def cells(scale):
    """Return the published cell: 1,000 dimensions, 4 intrinsic, 1 bit, n = 5,000; one draw.

    full: five draws, so that the scatter is seen. quick: 100 dimensions, n = 2,000. smoke: 60,
    n = 1,000.
    """
    size = {
        "smoke": {"n_samples": 1000, "ambient": 60},
        "quick": {"n_samples": 2000, "ambient": 100},
        "full": {"n_samples": 5000, "ambient": 1000},
    }[scale]
    return [
        {"task": "gaussian_grid", "intrinsic": 4, "mi_bits": 1.0, "draw": 500 + draw} | size
        for draw in range(5 if scale == "full" else 1)
    ]


def draw(table):
    """Draw the estimates, one place an estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.places(table)
