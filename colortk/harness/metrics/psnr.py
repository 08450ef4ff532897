"""Peak signal-to-noise ratio, of R, G and B and of a* and b*."""

from __future__ import annotations

import math

from colortk.harness.metrics.pair import Pair

#: What identical pictures score; their ratio is infinite, which no mean survives.
IDENTICAL = 100.0
PEAK = 255.0


def decibels(squared_error: float) -> float:
    """10 log₁₀(255² / ``squared_error``), at most 100."""
    if squared_error == 0:
        return IDENTICAL
    return min(IDENTICAL, 10 * math.log10(PEAK**2 / squared_error))


def psnr(pair: Pair) -> float:
    """Decibels over R, G and B together, peak 255; at most 100."""
    return decibels(pair.squared_error)


def psnr_ab(pair: Pair) -> float:
    """Decibels over a* and b* together, peak 255; at most 100.

    255 is the range of a* and b* where 8 bits hold them in steps of 1, as a* + 128. Other peaks
    in use only shift the value: 220 (±110, the networks of Zhang et al.) by -1.28 dB.
    """
    return decibels(pair.mean_ab_square / 2)
