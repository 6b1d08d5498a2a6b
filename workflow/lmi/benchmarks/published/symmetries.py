"""Appendix: dependence without correlation: a noisy circle, and an X of two Gaussians.

x is one coordinate and y the other; both have up to nine exclusive features, independent and
uniform.
"""

TITLE = "Symmetric dependence among irrelevant dimensions"
SOURCE = "appendix: symmetries"
CONDITIONS = ("shape",)
SHAPES = {"circle": "noisy_circle", "x_mixture": "x_mixture"}


def cells(scale):
    """Return the published design: 0 to 9 exclusive dimensions, n = 1,000, five draws.

    quick: two draws.
    """
    exclusive, draws = {
        "smoke": ((3,), 1),
        "quick": (range(10), 2),
        "full": (range(10), 5),
    }[scale]
    return [
        {
            "task": task,
            "n_samples": 1000,
            "exclusive": number,
            "shape": shape,
            "draw": 10 * draw + number,
        }
        for shape, task in SHAPES.items()
        for number in exclusive
        for draw in range(draws)
    ]


def draw(table):
    """Draw the estimates by exclusive dimensions, an axis a shape and a line an estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.lines(
        table, "exclusive", "exclusive dimensions", panels_by="shape", truth=True
    )
