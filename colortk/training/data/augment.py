"""New pictures out of one, as document 000 (Acharya 2022, "Image Augmentation") makes them.

Every function takes a picture in sRGB, uint8 (H, W, 3), and gives another of the same shape:
lightness and chroma are taken from what comes out, so that they always belong together. The
document leaves open how far; what is ours is said with each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from colortk._opencv import cv2
from colortk.types import Array

#: Largest shift, as a share of the side (ours).
MAX_SHIFT = 0.2
#: Smallest side of a crop, as a share of the picture's (ours).
MIN_CROP = 0.6
#: Smallest factor on the values (the document's: a random value in [0.6, 1]).
MIN_FACTOR = 0.6
#: How often each is applied to one picture: 12 new ones.
REPEATS = 3


def shift_vertically(picture: Array, rng: np.random.Generator) -> Array:
    """Moved up or down by up to a fifth; what comes in repeats the edge."""
    rows = np.arange(len(picture)) - round(rng.uniform(-MAX_SHIFT, MAX_SHIFT) * len(picture))
    return picture[np.clip(rows, 0, len(picture) - 1)]


def shift_horizontally(picture: Array, rng: np.random.Generator) -> Array:
    """Moved left or right by up to a fifth; what comes in repeats the edge."""
    return np.ascontiguousarray(shift_vertically(picture.swapaxes(0, 1), rng).swapaxes(0, 1))


def crop_and_resize(picture: Array, rng: np.random.Generator) -> Array:
    """A part of the picture, its sides 0.6 to 1 of the picture's, enlarged to the whole again."""
    height, width = picture.shape[:2]
    share = rng.uniform(MIN_CROP, 1)
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    part = np.ascontiguousarray(picture[top : top + rows, left : left + columns])
    enlarged: Array = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
    return enlarged


def scale_values(picture: Array, rng: np.random.Generator) -> Array:
    """Every value times one factor, drawn from U[0.6, 1]: darker, and as much less colorful."""
    scaled: Array = np.rint(picture * rng.uniform(MIN_FACTOR, 1)).astype(np.uint8)
    return scaled


AUGMENTATIONS: tuple[Callable[[Array, np.random.Generator], Array], ...] = (
    shift_vertically,
    shift_horizontally,
    crop_and_resize,
    scale_values,
)


def augment(picture: Array, number: int, rng: np.random.Generator) -> Array:
    """Number ``number`` (0 to 11) of the twelve."""
    return AUGMENTATIONS[number // REPEATS](picture, rng)


def augment_all(picture: Array, rng: np.random.Generator) -> Iterator[Array]:
    """Twelve new pictures: every way three times, each with another factor."""
    for number in range(len(AUGMENTATIONS) * REPEATS):
        yield augment(picture, number, rng)
