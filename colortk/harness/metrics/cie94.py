"""The CIE94 color difference (CIE 116-1995)."""

from __future__ import annotations

import numpy as np

from colortk.types import Array, Float32

#: Weights of chroma and hue for graphic arts.
K1, K2 = 0.045, 0.015


def cie94(lightness: Array, ab_squares: Array, chroma: Array, other: Array) -> Float32:
    """Return the CIE94 difference at every pixel.

    Parameters
    ----------
    lightness
        float32 (H, W), ΔL*.
    ab_squares
        float32 (H, W), (Δa*)² + (Δb*)².
    chroma, other
        float32 (H, W), C* of the standard, and of the sample.

    Returns
    -------
    ndarray
        float32 (H, W), ΔE*94.
    """
    dc = chroma - other
    squares = dc * dc
    dh2 = np.maximum(ab_squares - squares, 0)
    squares /= (1 + K1 * chroma) ** 2
    squares += dh2 / (1 + K2 * chroma) ** 2
    squares += lightness * lightness
    difference: Float32 = np.sqrt(squares)
    return difference
