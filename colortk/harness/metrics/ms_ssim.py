"""Multi-scale structural similarity (Wang, Simoncelli, Bovik 2003, equation 7)."""

from __future__ import annotations

from colortk.harness.metrics.pair import Pair


def ms_ssim(pair: Pair) -> float:
    """Return the mean over R, G and B of each one's MS-SSIM; 0..1.

    Window and constants are the same as in SSIM; scales are means of 2 × 2 pixels. Five scales need
    sides of 176 pixels; smaller pictures have fewer, with weights that again add up to 1.
    """
    return pair.rgb_structure.multiscale


def ms_ssim_ab(pair: Pair) -> float:
    """Return the mean MS-SSIM of a* + 128 and b* + 128, range 255; 0..1."""
    return pair.ab_structure.multiscale
