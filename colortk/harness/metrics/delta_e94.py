"""CIE94 colour difference (CIE 116-1995)."""

from __future__ import annotations

import numpy as np

from colortk.color import Array, Float32
from colortk.harness.metrics.pair import Pair

K1, K2 = 0.045, 0.015  # graphic arts


def delta_e94(pair: Pair) -> float:
    """Mean over pixels; the original is the standard whose chroma weights the difference."""
    lightness = pair.truth.planes[0] - pair.result.planes[0]
    difference = _cie94(lightness, pair.ab_squares, pair.truth.chroma, pair.result.chroma)
    return float(difference.mean(dtype=np.float64))


def delta_e94_map(truth: Array, result: Array) -> Array:
    """Difference at every pixel, (H, W), of two CIELAB pictures (H, W, 3)."""
    lightness, a, b = np.moveaxis(truth - result, -1, 0)
    chroma = np.hypot(truth[..., 1], truth[..., 2])
    return _cie94(lightness, a * a + b * b, chroma, np.hypot(result[..., 1], result[..., 2]))


def _cie94(lightness: Array, ab_squares: Array, chroma: Array, other: Array) -> Float32:
    dc = chroma - other
    squares = dc * dc
    dh2 = np.maximum(ab_squares - squares, 0)
    squares /= (1 + K1 * chroma) ** 2
    squares += dh2 / (1 + K2 * chroma) ** 2
    squares += lightness * lightness
    difference: Float32 = np.sqrt(squares)
    return difference
