"""Figure 4: pairs of handwritten digits whose labels share more or less information.

Pairs of images of the digits 0 and 1 have equal labels, but for a share that is shuffled; the
truth is that of the labels. At scale smoke, the small digits that come with scikit-learn.
"""

TITLE = "Resampled images of digits"
SOURCE = "figure 4"
CONDITIONS = ("level",)
RESOURCE = "resources/mnist_train.csv"
WIDTH = 784


def level(shuffled):
    """Return the fifth of a bit in which the truth lies: what published errors are compared by."""
    from lmi.tasks.labels import label_mi_bits, label_table

    return min(4, int(5 * label_mi_bits(label_table(2, shuffled))))


def digits(shares, scale, first=0):
    """Return cells of two classes with these shares of shuffled pairs."""
    task = {"task": "mnist", "n_samples": 5000, "path": RESOURCE}
    if scale == "smoke":
        task = {"task": "digits", "n_samples": 1000}
    return [
        task | {"classes": 2, "shuffled": share, "level": level(share), "draw": first + i}
        for i, share in enumerate(shares)
    ]


def cells(scale):
    """Return the published design: n = 5,000, shares s^2 for 200 even steps s from 0 to 1.

    quick: every tenth.
    """
    from lmi.benchmarks.published import rounded

    steps = {"smoke": (20, 100, 160), "quick": range(5, 200, 10), "full": range(200)}[scale]
    return digits([rounded((i / 199) ** 2) for i in steps], scale)
