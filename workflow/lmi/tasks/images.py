"""Tasks whose bits are the digits on the tiles of an image."""

import numpy as np

from lmi.base.paths import stamp
from lmi.tasks.labels import (
    label_counts,
    label_mi_bits,
    label_pointwise_bits,
    label_table,
    read_images,
)
from lmi.tasks.registry import finish, task


def _tiled(rng, images, labels, n_samples, tiles, flip, nuisance):
    """Return x and y, a row of tiles each; every tile shows a digit 0 or 1.

    The images of x and of y come from different halves of each class, drawn with replacement.
    """
    halves = []
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        halves.append(np.array_split(members, 2))
    table = label_table(2, 2 * flip)
    sides = [], []
    pointwise = np.zeros(n_samples)
    for tile in range(tiles + nuisance):
        shared = table if tile < tiles else np.full((2, 2), 0.25)
        pairs = np.repeat(np.arange(4), label_counts(rng, n_samples, shared).ravel())
        bits = np.divmod(rng.permutation(pairs), 2)
        pointwise += label_pointwise_bits(shared, *bits)
        for side, shown in enumerate(bits):
            members = [halves[label][side] for label in (0, 1)]
            drawn = [rng.choice(of_label, n_samples) for of_label in members]
            sides[side].append(images[np.where(shown, drawn[1], drawn[0])])
    x, y = (np.hstack(side) for side in sides)
    return finish(x, y, tiles * label_mi_bits(table), pointwise)


@task(n_samples=(2, None), tiles=(1, None), flip=(0, 0.5), nuisance=(0, None))
def image_tiles(rng, n_samples=5000, tiles=4, flip=0.05, nuisance=0):
    """Images of several tiles (8 x 8 pixels each), a bit a tile: the digit 0 or 1.

    The bits of x and y are those of a binary symmetric channel: a tile of y shows the digit of x,
    or, with probability `flip`, the other; never the same image. `nuisance` more tiles of each
    side show digits of their own, chosen at random.

    Truth: tiles times (1 - H(flip)) bits, as far as every image of 0 and 1 can be told apart.
    Source: after Lee and Rhee, NeurIPS 2024 (arXiv:2410.10924), who tile MNIST (`mnist_tiles`)
    and take photographs as nuisance; images of `sklearn.datasets.load_digits`.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return _tiled(rng, images, labels, n_samples, tiles, flip, nuisance)


@task(path="file", n_samples=(2, None), tiles=(1, None), flip=(0, 0.5), nuisance=(0, None))
def mnist_tiles(rng, path="", n_samples=5000, tiles=4, flip=0.05, nuisance=0):
    """Images of several tiles (28 x 28 pixels each) of MNIST, a bit a tile: the digit 0 or 1.

    As `image_tiles`; `path` is a file as in the task `mnist`.

    Truth: tiles times (1 - H(flip)) bits, as far as every image of 0 and 1 can be told apart.
    Source: Lee and Rhee, NeurIPS 2024 (arXiv:2410.10924).
    """
    images, labels = read_images(path, 2, stamp(path))
    return _tiled(rng, images, labels, n_samples, tiles, flip, nuisance)
