"""Mean chroma and mean chrominance of a picture."""

from __future__ import annotations

import numpy as np

from colortk._opencv import cv2
from colortk.errors import PictureError
from colortk.harness.metrics.pair import Pair


def chroma_ratio(pair: Pair) -> float:
    """Return the mean C*ab of the result divided by the original's: a value under 1 is paler.

    Raises
    ------
    PictureError
        If the original is gray.
    """
    red, green, blue = pair.truth.channels
    if cv2.norm(red, green, cv2.NORM_INF) == cv2.norm(red, blue, cv2.NORM_INF) == 0:
        raise PictureError("the chroma ratio is not defined", "the original has no color")
    result = pair.result.chroma.mean(dtype=np.float64)
    return float(result / pair.truth.chroma.mean(dtype=np.float64))


def mean_chrominance_mse(pair: Pair) -> float:
    """Return the squared error of the picture's mean a* and mean b*, averaged over the two.

    The scale follows Acharya (2022): a* + 128 and b* + 128 in 0..255, divided by 255.
    """
    (_, a, b), (_, c, d) = pair.truth.planes, pair.result.planes
    differences = [(x - y).mean(dtype=np.float64) / 255 for x, y in ((a, c), (b, d))]
    return float(np.mean(np.square(differences)))
