"""Mean squared and mean absolute error of R, G and B."""

from __future__ import annotations

from colortk._opencv import cv2
from colortk.harness.metrics.pair import Pair


def mse(pair: Pair) -> float:
    """Return the mean squared difference over pixels, R, G and B, in squared 8-bit levels."""
    return pair.squared_error


def mae(pair: Pair) -> float:
    """Return the mean absolute difference over pixels, R, G and B, in 8-bit levels."""
    total = round(cv2.norm(pair.truth.pixels, pair.result.pixels, cv2.NORM_L1))
    return float(total) / pair.truth.pixels.size
