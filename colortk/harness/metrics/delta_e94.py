"""CIE94 colour difference (CIE 116-1995)."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair
from colortk.types import Array, Float32

K1, K2 = 0.045, 0.015  # graphic arts


def delta_e94(pair: Pair) -> float:
    """Mean over pixels; the original is the standard whose chroma weights the difference."""
    return float(pair.delta_e94.mean(dtype=np.float64))


def cie94(lightness: Array, ab_squares: Array, chroma: Array, other: Array) -> Float32:
    """Difference at every pixel, all (H, W).

    ``lightness``: ΔL*. ``ab_squares``: (Δa*)² + (Δb*)². ``chroma``: C* of the standard, ``other``:
    of the sample.
    """
    dc = chroma - other
    squares = dc * dc
    dh2 = np.maximum(ab_squares - squares, 0)
    squares /= (1 + K1 * chroma) ** 2
    squares += dh2 / (1 + K2 * chroma) ** 2
    squares += lightness * lightness
    difference: Float32 = np.sqrt(squares)
    return difference
