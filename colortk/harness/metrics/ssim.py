"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, equation 13)."""

from __future__ import annotations

from colortk.harness.metrics.pair import Pair


def ssim(pair: Pair) -> float:
    """Return the mean SSIM over R, G and B.

    The window is an 11 × 11 Gaussian with sigma 1.5; borders of 5 pixels are left out. If a side is
    under 11 pixels, the window is smaller.
    """
    return pair.rgb_structure.ssim
