"""How colourful a picture looks (Hasler and Süsstrunk 2003, section 7)."""

from __future__ import annotations

import math

from colortk._opencv import cv2
from colortk.harness.metrics.pair import Pair
from colortk.types import Array


def colorfulness(picture: Array) -> float:
    """Spread and mean of R - G and (R + G) / 2 - B: 0 for grey, 109 is "extremely colourful".

    ``picture``: sRGB uint8 (H, W, 3). Of an original as well as of a result.
    """
    red, green, blue = cv2.split(picture)
    wide = cv2.CV_16S
    red_green = cv2.subtract(red, green, dtype=wide)
    twice_yellow_blue = cv2.subtract(
        cv2.add(red, green, dtype=wide), cv2.add(blue, blue, dtype=wide)
    )
    (first,), (spread,) = (value.ravel() for value in cv2.meanStdDev(red_green))
    (second,), (other,) = (value.ravel() / 2 for value in cv2.meanStdDev(twice_yellow_blue))
    return math.hypot(spread, other) + 0.3 * math.hypot(first, second)


def colorfulness_error(pair: Pair) -> float:
    """|colourfulness of the result - colourfulness of the original|, of one picture.

    Its mean over pictures is one of the two ΔCF in use; the other, the difference of the means,
    comes from both pictures' colourfulness.
    """
    return abs(colorfulness(pair.result.pixels) - colorfulness(pair.truth.pixels))
