"""Peak signal-to-noise ratio, of R, G and B and of a* and b*."""

from __future__ import annotations

import math

from colortk.harness.metrics.pair import Pair

#: Score of identical pictures, whose ratio is infinite and would make every mean infinite.
IDENTICAL = 100.0
PEAK = 255.0


def decibels(squared_error: float) -> float:
    """Return 10 log₁₀(255² / ``squared_error``), at most 100."""
    if squared_error == 0:
        return IDENTICAL
    return min(IDENTICAL, 10 * math.log10(PEAK**2 / squared_error))


def psnr(pair: Pair) -> float:
    """Return the PSNR over R, G and B together, in decibels, peak 255; at most 100."""
    return decibels(pair.squared_error)


def psnr_ab(pair: Pair) -> float:
    """Return the PSNR over a* and b* together, in decibels, peak 255; at most 100.

    255 is the range in which 8 bits hold a* + 128 and b* + 128 in steps of 1. Other peaks in use
    only shift the value: 220 (±110, the networks of Zhang et al.) by -1.28 dB.
    """
    return decibels(pair.mean_ab_square / 2)
