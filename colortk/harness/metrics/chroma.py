"""Mean chroma and mean chrominance of a picture."""

from __future__ import annotations

import numpy as np

from colortk._opencv import cv2
from colortk.errors import PictureError
from colortk.harness.metrics.pair import Pair


def chroma_ratio(pair: Pair) -> float:
    """Mean C*ab of the result over that of the original: under 1 is paler, over 1 gaudier.

    Raises ``PictureError`` if the original is grey.
    """
    red, green, blue = pair.truth.channels
    if cv2.norm(red, green, cv2.NORM_INF) == cv2.norm(red, blue, cv2.NORM_INF) == 0:
        raise PictureError("the chroma ratio is not defined", "the original has no colour")
    result = pair.result.chroma.mean(dtype=np.float64)
    return float(result / pair.truth.chroma.mean(dtype=np.float64))


def mean_chrominance_mse(pair: Pair) -> float:
    """Squared error of the picture's mean a* and mean b*, averaged over the two (Acharya 2022).

    On that report's scale: a* + 128 and b* + 128 in 0..255, divided by 255.
    """
    (_, a, b), (_, c, d) = pair.truth.planes, pair.result.planes
    differences = [(x - y).mean(dtype=np.float64) / 255 for x, y in ((a, c), (b, d))]
    return float(np.mean(np.square(differences)))
