"""CIE94 colour difference (CIE 116-1995)."""

from __future__ import annotations

import numpy as np

from colortk.color import Array, rgb_to_lab

K1, K2 = 0.045, 0.015  # graphic arts


def delta_e94(truth: Array, result: Array) -> float:
    """Mean over pixels; ``truth`` is the standard whose chroma weights the difference.

    ``truth``, ``result``: uint8 (H, W, 3).
    """
    return float(delta_e94_map(rgb_to_lab(truth), rgb_to_lab(result)).mean(dtype=np.float64))


def delta_e94_map(truth: Array, result: Array) -> Array:
    """Difference at every pixel, (H, W), of two CIELAB pictures (H, W, 3)."""
    difference = truth - result
    c1 = np.hypot(truth[..., 1], truth[..., 2])
    dc = c1 - np.hypot(result[..., 1], result[..., 2])
    dh2 = np.maximum(difference[..., 1] ** 2 + difference[..., 2] ** 2 - dc**2, 0)
    total = difference[..., 0] ** 2 + (dc / (1 + K1 * c1)) ** 2 + dh2 / (1 + K2 * c1) ** 2
    out: Array = np.sqrt(total)
    return out
