"""Appendix: can the labels be read off the images? Then images share what their labels share.

x is an image and y its label. The truth is the entropy of the label, if an image tells its label;
`decode` is what a classifier reads off images that it has not seen.
"""

from lmi.benchmarks.published.mnist import RESOURCE, WIDTH
from lmi.tasks.registry import finish, task

__all__ = ["RESOURCE", "WIDTH"]

TITLE = "Labels can be decoded from images"
SOURCE = "appendix: assumptions"
ESTIMATORS = ["default", "conservative", "decode"]


def _labelled(rng, name, images, labels, n_samples, classes):
    import numpy as np

    from lmi.tasks.registry import fail

    chosen = []
    for label in range(classes):
        count = n_samples // classes + (label < n_samples % classes)
        members = np.flatnonzero(labels == label)
        if count > len(members):
            fail(name, "n_samples", f"at most {len(members)} images of the label {label}", count)
        chosen.append(rng.choice(members, count, replace=False))
    chosen = rng.permutation(np.concatenate(chosen))
    # the label of an image decides y, and all labels are as frequent, but for a remainder
    pointwise = np.full(n_samples, np.log2(classes))
    return finish(images[chosen], np.eye(classes)[labels[chosen]], np.log2(classes), pointwise)


@task(n_samples=(2, None), classes=(2, 10))
def labelled_digits(rng, n_samples=1000, classes=2):
    """Images of `sklearn.datasets.load_digits` and their labels, one indicator feature a class.

    Truth: log2(classes), where images tell their labels; classes are drawn equally often.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return _labelled(rng, "labelled_digits", images, labels, n_samples, classes)


@task(path="file", n_samples=(2, None), classes=(2, 10))
def labelled_mnist(rng, path="", n_samples=5000, classes=2):
    """Images of MNIST and their labels, as `labelled_digits`; the file is that of `mnist`.

    Truth: log2(classes), where images tell their labels; classes are drawn equally often.
    """
    from lmi.data.sources import stamp
    from lmi.tasks.labels import read_images

    images, labels = read_images(path, classes, stamp(path))
    return _labelled(rng, "labelled_mnist", images, labels, n_samples, classes)


def cells(scale):
    """Return 2 and 10 classes of images, n = 5,000. smoke: 2 classes of the small digits."""
    if scale == "smoke":
        return [{"task": "labelled_digits", "n_samples": 300, "classes": 2}]
    return [
        {"task": "labelled_mnist", "n_samples": 5000, "classes": classes, "path": RESOURCE}
        for classes in (2, 10)
    ]
