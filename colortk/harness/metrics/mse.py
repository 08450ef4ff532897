"""Mean squared and mean absolute error of R, G and B."""

from __future__ import annotations

from colortk._opencv import cv2
from colortk.harness.metrics.pair import Pair


def mse(pair: Pair) -> float:
    """Mean over pixels, R, G and B of the squared difference, in squared 8-bit levels."""
    return pair.squared_error


def mae(pair: Pair) -> float:
    """Mean over pixels, R, G and B of the absolute difference, in 8-bit levels."""
    total = round(cv2.norm(pair.truth.pixels, pair.result.pixels, cv2.NORM_L1))
    return float(total) / pair.truth.pixels.size
