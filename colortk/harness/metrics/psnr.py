"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np

from colortk.color import Array

#: What identical pictures score; their ratio is infinite, which no mean survives.
IDENTICAL = 100.0


def psnr(truth: Array, result: Array) -> float:
    """Decibels over R, G and B together, peak 255; at most 100.

    ``truth``, ``result``: uint8 (H, W, 3).
    """
    error = float(np.mean((truth.astype(np.float64) - result) ** 2))
    return IDENTICAL if error == 0 else min(IDENTICAL, 10 * math.log10(255**2 / error))
