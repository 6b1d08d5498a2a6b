"""Appendix: the Gaussian grid at 1,000 dimensions, each feature sent through a monotone function.

Mutual information does not change. uniform_margins: the published runs do not divide by the
standard deviations first, so that their margins are not uniform.
"""

import itertools

TITLE = "Transformed features"
SOURCE = "appendix: transforms"
TRANSFORMS = ("half_cube", "asinh", "uniform_margins")


def cells(scale):
    """Return the published design: 1,000 dimensions, intrinsic 1 to 9, five values, n = 2,000.

    quick: four of each transform. smoke: 60 dimensions.
    """
    from lmi.benchmarks.published import balanced

    grid = [
        {
            "task": "transformed_gaussian",
            "transform": transform,
            "n_samples": 2000,
            "ambient": 1000,
            "intrinsic": intrinsic,
            "mi_bits": mi_bits,
            "draw": i,
        }
        for i, (transform, intrinsic, mi_bits) in enumerate(
            itertools.product(TRANSFORMS, range(1, 10), (0.0, 0.5, 1.0, 1.5, 2.0))
        )
    ]
    if scale == "full":
        return grid
    if scale == "smoke":
        small = {"n_samples": 1000, "ambient": 60}
        return [c | small for c in grid if (c["intrinsic"], c["mi_bits"]) == (2, 1.5)]
    return balanced(
        [cell for cell in grid if cell["mi_bits"] > 0],
        12,
        lambda cell: (cell["transform"], cell["mi_bits"]),
    )


def draw(table):
    """Draw the estimates by true value, an axis a transform and a line an estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.lines(
        table, "truth_bits", "true MI (bits)", panels_by="transform", diagonal=True
    )
