"""Appendix: whether a lower loss of the published method means a better estimate.

Latent dimensions 1 to 15 on 1 bit over ten intrinsic dimensions; the loss is that on the held-out
samples. The truth is reached by none: KSG loses what is spread over many dimensions.
"""

TITLE = "Loss against estimate"
SOURCE = "appendix: loss against estimate"
ESTIMATORS = ["default"]
DIMENSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
VARIANTS = {
    f"paper_{n}": {"estimator": "paper", "settings": {"paper": {"n_latent": n}}} for n in DIMENSIONS
}
SMOKE = ("paper_2",)
QUICK = ("paper_1", "paper_4", "paper_8", "paper_15")


def cells(scale):
    """Return the published design: 1,000 dimensions, 10 intrinsic, 1 bit, n = 5,000, ten draws.

    quick: 100 dimensions, n = 2,000, one draw, four latent dimensions. smoke: 60 dimensions and
    n = 1,000.
    """
    n_samples, ambient, draws = {
        "smoke": (1000, 60, 1),
        "quick": (2000, 100, 1),
        "full": (5000, 1000, 10),
    }[scale]
    return [
        {
            "task": "gaussian_grid",
            "n_samples": n_samples,
            "ambient": ambient,
            "intrinsic": 10,
            "mi_bits": 1.0,
            "draw": 700 + draw,
        }
        for draw in range(draws)
    ]


def draw(table):
    """Draw the estimate against the smallest validation loss, coloured by latent dimension."""
    from lmi.benchmarks import figures as benchmark_figures

    own = table[table["estimator"].str.startswith("paper_")].copy()
    own["latents"] = own["estimator"].str.removeprefix("paper_").astype(float)
    return benchmark_figures.coloured(
        own, "validation_loss", "latents", "validation loss", "latent dimensions"
    )
