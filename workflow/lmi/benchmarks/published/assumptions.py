"""Appendix: can the labels be read off the images? Then images share what their labels share.

x is an image and y its label. The truth is the entropy of the label, if an image tells its label;
`decode` is what a classifier reads off images that it has not seen.
"""

from lmi.benchmarks.published.mnist import RESOURCE, WIDTH

__all__ = ["RESOURCE", "WIDTH"]

TITLE = "Labels can be decoded from images"
SOURCE = "appendix: assumptions"
ESTIMATORS = ["default", "conservative", "decode"]


def cells(scale):
    """Return 2 and 10 classes of images, n = 5,000. smoke: 2 classes of the small digits."""
    if scale == "smoke":
        return [{"task": "labelled_digits", "n_samples": 300, "classes": 2}]
    return [
        {"task": "labelled_mnist", "n_samples": 5000, "classes": classes, "path": RESOURCE}
        for classes in (2, 10)
    ]
