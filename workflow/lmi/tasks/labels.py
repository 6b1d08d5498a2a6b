"""Tasks whose dependence is that of paired class labels, seen through images or clusters.

A share of the pairs, `shuffled`, is paired at random; the others have equal labels. If every
sample shows its label, the mutual information of the variables is that of the labels.
"""

import functools

import numpy as np

from lmi.base.errors import InputError
from lmi.base.paths import stamp
from lmi.tasks.registry import fail, finish, task


def label_table(classes, shuffled):
    """Return the joint probabilities of two labels, shape (classes, classes)."""
    return (1 - shuffled) * np.eye(classes) / classes + shuffled / classes**2


def label_mi_bits(table):
    """Return the mutual information of a table of joint probabilities, in bits."""
    expected = np.outer(table.sum(1), table.sum(0))
    seen = table > 0
    return float(np.sum(table[seen] * np.log2(table[seen] / expected[seen])))


def label_pointwise_bits(table, *labels):
    """Return the pointwise mutual information of pairs of labels, in bits."""
    expected = np.outer(table.sum(1), table.sum(0))
    return np.log2(table[labels] / expected[labels])


def label_counts(rng, n_samples, table):
    """Return how many samples each pair of labels gets: n times the table, rounded.

    Rounding, in place of drawing, keeps the noise of the labels out of the truth: with 10
    classes, 2,000 drawn pairs would scatter by 0.05 bits. The largest remainders are rounded up,
    the more probable pairs first where remainders are equal.
    """
    exact = np.round(n_samples * table.ravel(), 9)
    counts = np.floor(exact).astype(int)
    order = np.lexsort((rng.random(exact.size), -exact, np.round(counts - exact, 6)))
    counts[order[: n_samples - counts.sum()]] += 1
    return counts.reshape(table.shape)


@task(
    n_samples=(2, None),
    ambient=(2, None),
    classes=(2, None),
    shuffled=(0, 1),
    separation=(8, 1000),
)
def clusters(rng, n_samples=2000, ambient=50, classes=4, shuffled=0.2, separation=10.0):
    """Two clouds of well separated Gaussian clusters; the clusters of x and y depend.

    x is the centre of its class plus N(0, 1) noise in all `ambient` features, the centres
    `separation` apart in random directions; y the same with other centres.

    Truth: `label_mi_bits(label_table(classes, shuffled))`. A sample is nearer to another centre
    with probability below (classes - 1) Phi(-separation/2), 9e-7 for 4 classes at 10 and 1e-4 at
    the smallest separation allowed: the overlap takes away less than 0.003 bits there, and
    less than 0.0001 bits at 10.
    """
    if classes > ambient:
        fail("clusters", "classes", f"at most ambient ({ambient})", classes)
    table = label_table(classes, shuffled)
    counts = label_counts(rng, n_samples, table)
    pairs = np.repeat(np.arange(classes**2), counts.ravel())
    labels = np.divmod(rng.permutation(pairs), classes)
    sides = []
    for label in labels:
        directions, _ = np.linalg.qr(rng.standard_normal((ambient, classes)))
        centres = separation / np.sqrt(2) * directions.T
        sides.append(centres[label] + rng.standard_normal((n_samples, ambient)))
    return finish(*sides, label_mi_bits(table), label_pointwise_bits(table, *labels))


def _paired_images(rng, name, images, labels, n_samples, classes, shuffled):
    """Pair images of the classes 0, 1, ...: of one half of each class for x, the other for y.

    No image is in both halves, and no pair of images comes twice.
    """
    table = label_table(classes, shuffled)
    counts = label_counts(rng, n_samples, table)
    halves = []
    for label in range(classes):
        members = rng.permutation(np.flatnonzero(labels == label))
        halves.append((members[: len(members) // 2], members[len(members) // 2 :]))
    rows = []
    for (i, j), count in np.ndenumerate(counts):
        left, right = halves[i][0], halves[j][1]
        possible = len(left) * len(right)
        if count > possible:
            fail(name, "n_samples", f"at most {possible} pairs of the labels {i}, {j}", count)
        drawn = rng.choice(possible, count, replace=False)
        rows.append(np.stack([left[drawn // len(right)], right[drawn % len(right)]]))
    first, second = rng.permutation(np.concatenate(rows, axis=1), axis=1)
    pointwise = label_pointwise_bits(table, labels[first], labels[second])
    return finish(images[first], images[second], label_mi_bits(table), pointwise)


@task(n_samples=(2, None), classes=(2, 10), shuffled=(0, 1))
def digits(rng, n_samples=2000, classes=10, shuffled=0.294):
    """Pairs of digit images (8 x 8 pixels) with equal labels, a share of them shuffled.

    Truth: `label_mi_bits(label_table(classes, shuffled))`, 1.65 bits for the defaults.
    Source: after the label-resampled MNIST of Gowri et al. 2024 (arXiv:2409.02732); images of
    `sklearn.datasets.load_digits` (1,797 images; Alpaydin and Kaynak 1998).
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return _paired_images(rng, "digits", images, labels, n_samples, classes, shuffled)


@task(path="file", n_samples=(2, None), classes=(2, 10), shuffled=(0, 1))
def mnist(rng, path="", n_samples=5000, classes=2, shuffled=0.25):
    """Pairs of MNIST images (28 x 28 pixels) with equal labels, a share of them shuffled.

    `path` is a csv file of whole numbers, plain or compressed, with or without a header: the
    label and 784 pixels a row, the label first or last.

    Truth: `label_mi_bits(label_table(classes, shuffled))`. Each class is drawn equally often and
    the label table has no noise; the published pairs are shuffled at random.
    Source: Gowri et al. 2024 (arXiv:2409.02732): digits 0 and 1, n = 5,000, shuffled shares s^2
    for 200 values s in 0...1.
    """
    images, labels = read_images(path, classes, stamp(path))
    return _paired_images(rng, "mnist", images, labels, n_samples, classes, shuffled)


def _labelled(rng, name, images, labels, n_samples, classes):
    """Return images and the indicators of their labels, as many of each class."""
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
    images, labels = read_images(path, classes, stamp(path))
    return _labelled(rng, "labelled_mnist", images, labels, n_samples, classes)


@functools.lru_cache(maxsize=2)
def read_images(path, classes, _stamp):
    """Return the images of some digits of a table, and their labels."""
    import pandas as pd

    try:
        head = pd.read_csv(path, header=None, nrows=1)
        skip = 0 if head.map(lambda cell: str(cell).strip().isdigit()).all(axis=None) else 1
        table = pd.read_csv(path, header=None, skiprows=skip, dtype=np.int32).to_numpy()
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"task 'mnist', file {path}: expected a csv file of whole numbers, found something "
            f"else ({error}); give a file of labels and pixels as 'path'"
        ) from error
    if table.shape[1] != 785:
        raise InputError(
            f"task 'mnist', file {path}: expected 785 columns (a label and 784 pixels), found "
            f"{table.shape[1]}; give such a file as 'path'"
        )
    if table.min() < 0 or table.max() > 255:
        raise InputError(
            f"task 'mnist', file {path}: expected values from 0 to 255, found "
            f"{table.min()} to {table.max()}; give a file of labels and pixels as 'path'"
        )
    for label in (0, -1):
        if set(range(classes)) <= set(np.unique(table[:, label])) and table[:, label].max() < 10:
            pixels = table[:, 1:] if label == 0 else table[:, :-1]
            return pixels, table[:, label]
    raise InputError(
        f"task 'mnist', file {path}: expected the labels 0 to {classes - 1} in the first or last "
        "column, found other values; give a file of labelled images as 'path'"
    )
