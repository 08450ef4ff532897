"""How colorful a picture looks (Hasler and Süsstrunk 2003, section 7)."""

from __future__ import annotations

import math

from colortk._opencv import cv2
from colortk.harness.metrics.pair import Pair
from colortk.types import Array


def colorfulness(picture: Array) -> float:
    """Return the colorfulness of a picture: 0 for gray, 109 for "extremely colorful".

    It is made from spread and mean of R - G and of (R + G) / 2 - B.

    Parameters
    ----------
    picture : ndarray
        sRGB uint8 (H, W, 3), an original or a result.
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
    r"""Return \|colorfulness of the result - colorfulness of the original\| of one picture.

    Its mean over pictures is one of the two ΔCF in use; the other is the difference of the means.
    """
    return abs(colorfulness(pair.result.pixels) - colorfulness(pair.truth.pixels))
