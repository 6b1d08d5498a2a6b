"""Appendix: neural estimators on the data themselves, with critics of other sizes.

The hidden layers of the critic have w and w/2 units; MINE and InfoNCE of benchmark-mi.
"""

TITLE = "Size of the critic"
SOURCE = "appendix: critic size"
ESTIMATORS = ["default"]
WIDTHS = (16, 64, 256, 1024)
VARIANTS = {
    f"{name}_{width}": {
        "estimator": name,
        "settings": {"hidden_layers": [width, width // 2]},
        "published": f"{published} {width}",
    }
    for name, published in (("mine", "MINE"), ("infonce", "InfoNCE"))
    for width in WIDTHS
}
QUICK = (*(f"mine_{width}" for width in WIDTHS), "infonce_16", "infonce_1024")


def cells(scale):
    """Return the published design: 10, 100 and 1,000 dimensions, 1 bit in one pair, n = 5,000.

    quick: 10 and 100 dimensions. smoke: 10 dimensions, n = 1,000.
    """
    ambient = {"smoke": (10,), "quick": (10, 100), "full": (10, 100, 1000)}[scale]
    return [
        {
            "task": "gaussian_grid",
            "n_samples": 1000 if scale == "smoke" else 5000,
            "ambient": n,
            "intrinsic": 1,
            "mi_bits": 1.0,
            "draw": 600 + i,
        }
        for i, n in enumerate(ambient)
    ]


def draw(table):
    """Draw the estimates by number of features, a line an estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.lines(table, "ambient", "features", truth=True, log=True)
