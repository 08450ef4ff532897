"""Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, equation 13)."""

from __future__ import annotations

from colortk.harness.metrics.pair import Pair


def ssim(pair: Pair) -> float:
    """Mean over R, G and B; 11 × 11 Gaussian window, sigma 1.5, borders of 5 pixels left out.

    A side under 11 pixels shrinks the window to fit.
    """
    return pair.rgb_structure.ssim
