"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, equation 13)."""

from __future__ import annotations

import numpy as np

from colortk._cv import cv2
from colortk.color import Array

WINDOW, SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(truth: Array, result: Array) -> float:
    """Mean over R, G and B; 11 × 11 Gaussian window, sigma 1.5, borders of 5 pixels left out.

    ``truth``, ``result``: uint8 (H, W, 3). A side under 11 pixels shrinks the window to fit.
    """
    side = min(WINDOW, *(n - (n + 1) % 2 for n in truth.shape[:2]))
    pad = side // 2

    def mean(image: Array) -> Array:
        out: Array = cv2.GaussianBlur(image, (side, side), SIGMA, borderType=cv2.BORDER_REFLECT)
        return out

    x, y = truth.astype(np.float64), result.astype(np.float64)
    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    value = (2 * mx * my + _C1) * (2 * vxy + _C2) / ((mx**2 + my**2 + _C1) * (vx + vy + _C2))
    height, width = truth.shape[:2]
    return float(value[pad : height - pad, pad : width - pad].mean())
