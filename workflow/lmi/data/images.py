"""Images as samples: names of their pixels, and the tiles that they are cut into."""

import itertools
import math

from lmi.base.errors import InputError

CHANNELS_TOO = 3
"""Numbers in the shape of an image that has channels."""


def pixel_names(shape):
    """Return the names of the pixels of an image, row by row, with channels last.

    Parameters
    ----------
    shape : tuple of int
        (height, width) or (height, width, channels).

    Examples
    --------
    >>> pixel_names((1, 2, 2))
    ('r0c0k0', 'r0c0k1', 'r0c1k0', 'r0c1k1')
    """
    places = itertools.product(*map(range, shape))
    return tuple(
        "".join(f"{axis}{i}" for axis, i in zip("rck", place, strict=False)) for place in places
    )


def check_shape(source, n_features):
    """Raise InputError where the rows of a source are no images of the shape that is named."""
    if n_features != math.prod(source.images):
        raise InputError(
            f"source '{source.path}': images: expected {math.prod(source.images)} values a sample, "
            f"for images of {' x '.join(map(str, source.images))}, found {n_features}. Correct the "
            "shape: [height, width], or [height, width, channels]"
        )


def tiles(counts, sources):
    """Return {tile: its pixels}, of as many tiles along height and width as `counts` says.

    Tiles differ by one row or column of pixels at most. They are called by where they lie:
    tile0-1 is in the first row of tiles and the second column.

    Raises
    ------
    InputError
        No images, several sources, or more tiles than pixels.
    """
    if len(sources) != 1 or not sources[0].images:
        raise InputError(
            "variables: tiles: expected one source whose samples are images, of a shape that is "
            "named: `images: [height, width]`"
        )
    shape = sources[0].images
    for what, wanted, n in zip(("height", "width"), counts, shape, strict=False):
        if wanted > n:
            raise InputError(
                f"variables: tiles: expected at most {n} along the {what} of {n} pixels, found "
                f"{wanted}"
            )
    groups = {}
    places = itertools.product(*map(range, shape))
    for name, place in zip(pixel_names(shape), places, strict=True):
        row, column = (i * wanted // n for i, wanted, n in zip(place, counts, shape, strict=False))
        groups.setdefault(f"tile{row}-{column}", []).append(name)
    return {name: tuple(pixels) for name, pixels in groups.items()}
