"""Figure 2: Gaussian variables of few intrinsic and many ambient dimensions."""

import itertools

TITLE = "Gaussian variables by intrinsic and ambient dimension"
SOURCE = "figure 2"

MI_BITS = (0.0, 0.2222, 0.4444, 0.6667, 0.8889, 1.1111, 1.3333, 1.5556, 1.7778, 2.0)
AMBIENT = (10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1000, 2000, 3000, 4000, 5000)
INTRINSIC = tuple(range(1, 10))


def cells(scale):
    """Return the published grid: 9 intrinsic and 15 ambient dimensions, 10 values, n = 2,000.

    No two cells share random numbers, since intervals are taken over cells. quick: a fixed
    random subset, balanced over intrinsic dimensions and values, with one in ten of more than
    1,000 dimensions.
    """
    from lmi.benchmarks.published import balanced

    grid = [
        {
            "task": "gaussian_grid",
            "n_samples": 2000,
            "ambient": ambient,
            "intrinsic": intrinsic,
            "mi_bits": mi_bits,
            "draw": i % 1000,
        }
        for i, (intrinsic, ambient, mi_bits) in enumerate(
            itertools.product(INTRINSIC, AMBIENT, MI_BITS)
        )
    ]
    if scale == "full":
        return grid
    if scale == "smoke":
        shown = {(1, 10, 1.1111), (3, 50, 2.0), (9, 20, 0.6667)}
        return [
            cell | {"n_samples": 1000}
            for cell in grid
            if (cell["intrinsic"], cell["ambient"], cell["mi_bits"]) in shown
        ]

    def group(cell):
        return cell["intrinsic"], cell["mi_bits"]

    narrow = [cell for cell in grid if cell["ambient"] <= 500]
    wide = [cell for cell in grid if cell["ambient"] in (1000, 2000)]
    widest = [cell for cell in grid if cell["ambient"] > 2000]
    return balanced(narrow, 80, group) + balanced(wide, 8, group, 1) + balanced(widest, 2, group, 2)


def draw(table):
    """Draw the mean estimate by ambient and intrinsic dimension, and the error, by estimator."""
    from lmi.benchmarks import figures as benchmark_figures

    return benchmark_figures.grids(
        table, "ambient", "intrinsic", "ambient dimension", "intrinsic dimension"
    )
