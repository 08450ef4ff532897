"""Root mean square error of chroma."""

from __future__ import annotations

import numpy as np

from colortk.color import Array, rgb_to_lab


def ab_rmse(truth: Array, result: Array) -> float:
    """Root of the mean of (Δa*)² + (Δb*)² over pixels, in CIELAB units.

    ``truth``, ``result``: uint8 (H, W, 3).
    """
    difference = (rgb_to_lab(truth) - rgb_to_lab(result))[..., 1:].astype(np.float64)
    return float(np.sqrt((difference**2).sum(-1).mean()))
