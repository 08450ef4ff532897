"""The augmentation of Acharya (2022, "Image Augmentation").

Every function takes a picture in sRGB, uint8 (H, W, 3), and a random generator, and returns a
picture of the same shape. Lightness and chroma are computed from the result, so that they fit each
other. The paper does not say how strong the changes are; the limits are stated at each function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from colortk._opencv import cv2
from colortk.types import Array

#: Largest shift, as a share of the side (our choice).
MAX_SHIFT = 0.2
#: Smallest side of a crop, as a share of the side of the picture (our choice).
MIN_CROP = 0.6
#: Smallest factor on the values (the paper draws it from [0.6, 1]).
MIN_FACTOR = 0.6
#: Pictures that each kind of augmentation makes of one picture.
REPEATS = 3


def shift_vertically(picture: Array, rng: np.random.Generator) -> Array:
    """Return the picture shifted up or down by up to 20 %; the edge is repeated."""
    rows = np.arange(len(picture)) - round(rng.uniform(-MAX_SHIFT, MAX_SHIFT) * len(picture))
    return picture[np.clip(rows, 0, len(picture) - 1)]


def shift_horizontally(picture: Array, rng: np.random.Generator) -> Array:
    """Return the picture shifted left or right by up to 20 %; the edge is repeated."""
    return np.ascontiguousarray(shift_vertically(picture.swapaxes(0, 1), rng).swapaxes(0, 1))


def crop_and_resize(picture: Array, rng: np.random.Generator) -> Array:
    """Return a random part with 60 to 100 % of the sides, enlarged to the size of the picture."""
    height, width = picture.shape[:2]
    share = rng.uniform(MIN_CROP, 1)
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    part = np.ascontiguousarray(picture[top : top + rows, left : left + columns])
    enlarged: Array = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
    return enlarged


def scale_values(picture: Array, rng: np.random.Generator) -> Array:
    """Return the picture with all values multiplied by one factor from 0.6 to 1."""
    scaled: Array = np.rint(picture * rng.uniform(MIN_FACTOR, 1)).astype(np.uint8)
    return scaled


AUGMENTATIONS: tuple[Callable[[Array, np.random.Generator], Array], ...] = (
    shift_vertically,
    shift_horizontally,
    crop_and_resize,
    scale_values,
)


def augment(picture: Array, number: int, rng: np.random.Generator) -> Array:
    """Return augmentation ``number`` of the twelve.

    Parameters
    ----------
    picture : ndarray
        sRGB, uint8 (H, W, 3).
    number : int
        0 to 11; three consecutive numbers share a kind of augmentation.
    rng : numpy.random.Generator
        Draws the strength.

    Returns
    -------
    ndarray
        uint8 (H, W, 3).
    """
    return AUGMENTATIONS[number // REPEATS](picture, rng)


def augment_all(picture: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Yield twelve augmented pictures: each kind three times, with different strengths."""
    for number in range(len(AUGMENTATIONS) * REPEATS):
        yield augment(picture, number, rng)
