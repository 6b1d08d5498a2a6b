"""Appendix: which features carry the information? The error of the cross decoders, by feature.

A feature that is well predicted from the other variable may share information with it; one that
is not does not. The published example are images of the digits 0 and 1, of which the pixels are
drawn; beside it, a Gaussian pair with three informative features, known here, and noise.
"""

from lmi.benchmarks.published.mnist import RESOURCE, WIDTH

__all__ = ["RESOURCE", "WIDTH"]

TITLE = "Which features carry the information"
SOURCE = "appendix: decoder inspection"
ESTIMATORS = ["decoder"]
CONDITIONS = ("kind",)


def cells(scale):
    """Return pairs of images with equal labels, n = 5,000, and Gaussian features.

    quick: n = 2,000. smoke has none: training is all there is to see.
    """
    if scale == "smoke":
        return []
    n_samples = 5000 if scale == "full" else 2000
    images = {
        "task": "mnist",
        "n_samples": n_samples,
        "path": RESOURCE,
        "classes": 2,
        "shuffled": 0.0,
    }
    planted = {
        "task": "gaussian_grid",
        "n_samples": n_samples,
        "ambient": 60,
        "intrinsic": 3,
        "mi_bits": 2.0,
        "draw": 800,
    }
    return [images | {"kind": "images"}, planted | {"kind": "planted"}]


def draw(table):
    """Draw the error of each pixel of x and y, and of each planted feature."""
    import json

    import numpy as np

    from lmi.benchmarks import figures as benchmark_figures
    from lmi.report.figures import MUTED, SERIES

    figure, axes = benchmark_figures.panels(3, width=3.1, height=2.9, columns=3)
    for _, row in table.drop_duplicates("kind").iterrows():
        errors = {side: np.array(values) for side, values in json.loads(row["detail"]).items()}
        if row["kind"] == "images":
            side_length = round(len(errors["x"]) ** 0.5)
            for place, side in zip(axes[:2], "xy", strict=True):
                image = place.imshow(
                    errors[side].reshape(side_length, side_length), cmap="cividis", vmin=0, vmax=1.2
                )
                place.set_title(f"pixels of {side}")
                place.set_xticks([])
                place.set_yticks([])
            bar = figure.colorbar(image, ax=list(axes[:2]), shrink=0.7)
            bar.set_label("error of the cross decoder")
        else:
            n = len(errors["x"])
            informative = n - (n - int(row["intrinsic"])) // 2
            axes[2].plot(errors["x"][:informative], "o", color=SERIES[0], label="informative")
            noise = np.arange(informative, n)
            axes[2].plot(noise, errors["x"][informative:], "s", color=MUTED, label="noise")
            axes[2].set_ylim(0, 1.3)
            axes[2].set_xlabel("feature of x")
            axes[2].set_ylabel("error of the cross decoder")
            axes[2].legend(frameon=False, fontsize=8, loc="lower right")
            axes[2].set_title("planted features")
    return figure
