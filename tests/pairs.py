"""Thirty reproducible pairs of original and result, from photographs of scikit-image.

Only PNG (decoders of JPEG differ in the last bit) and arithmetic without libraries that round in
their own way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import skimage.data
from PIL import Image

#: File, top, left, height, width. Multiples of 16, so that all methods of halving agree.
CROPS = [
    ("astronaut.png", 0, 100, 256, 256),
    ("chelsea.png", 40, 110, 192, 240),
    ("coffee.png", 100, 150, 256, 256),
    ("ihc.png", 200, 120, 176, 208),
    ("motorcycle_left.png", 150, 250, 208, 176),
]


class Sample(NamedTuple):
    name: str
    truth: np.ndarray
    result: np.ndarray

    @property
    def digest(self) -> str:
        """SHA-256 of both pictures' pixels."""
        return hashlib.sha256(self.truth.tobytes() + self.result.tobytes()).hexdigest()


def crop(number: int) -> np.ndarray:
    name, top, left, height, width = CROPS[number % len(CROPS)]
    with Image.open(Path(skimage.data.__file__).parent / name) as image:
        pixels = np.asarray(image.convert("RGB"))
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def opponents(picture: np.ndarray) -> list[np.ndarray]:
    """Return luma (BT.601) and two color differences, float64 planes."""
    red, green, blue = (picture[..., k].astype(np.float64) for k in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return [luma, blue - luma, red - luma]


def joined(luma: np.ndarray, blue: np.ndarray, red: np.ndarray) -> np.ndarray:
    red, blue = red + luma, blue + luma
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    return np.clip(np.rint(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)


def desaturated(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    luma, blue, red = opponents(picture)
    return joined(luma, blue * 0.25, red * 0.25)


def turned(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    luma, blue, red = opponents(picture)
    return joined(luma, 0.75 * blue - 0.625 * red, 0.625 * blue + 0.75 * red)


def bled(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Blur the colors over 17 × 17 pixels."""
    luma, *colors = opponents(picture)
    for axis in (0, 1):
        shifts = range(-8, 9)
        colors = [sum(np.roll(color, shift, axis) for shift in shifts) / 17 for color in colors]
    return joined(luma, *colors)


def swapped(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    luma, blue, red = opponents(picture)
    return joined(luma, red, blue)


def noisy(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Add errors of up to ±20 levels, from a congruential generator."""
    state = np.arange(picture.size, dtype=np.uint64) * 6364136223846793005 + 1442695040888963407
    noise = (state >> np.uint64(33)) % np.uint64(41)
    levels = picture.astype(np.int64) + noise.astype(np.int64).reshape(picture.shape) - 20
    return np.clip(levels, 0, 255).astype(np.uint8)


def borrowed(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Use the colors of another picture."""
    luma = opponents(picture)[0]
    height, width = luma.shape
    _, blue, red = opponents(np.pad(other, ((0, 80), (0, 80), (0, 0)), "reflect"))
    return joined(luma, blue[:height, :width], red[:height, :width])


DISTORTIONS: list[Callable[[np.ndarray, np.ndarray], np.ndarray]] = [
    desaturated, turned, bled, swapped, noisy, borrowed,
]  # fmt: skip


def pairs() -> Iterator[Sample]:
    """Return five crops with six distortions each."""
    for number, (name, *_) in enumerate(CROPS):
        truth, other = crop(number), crop(number + 1)
        for distort in DISTORTIONS:
            yield Sample(f"{Path(name).stem} {distort.__name__}", truth, distort(truth, other))
