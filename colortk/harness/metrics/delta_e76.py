"""CIE76 color difference (ISO/CIE 11664-4), and the share of it that is not noticed."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair

#: Just noticeable difference in CIELAB (Mahy, Van Eycken, Oosterlinck 1994).
JND = 2.3


def delta_e76(pair: Pair) -> float:
    """Return the mean Euclidean distance in CIELAB over pixels."""
    return float(pair.delta_e76.mean(dtype=np.float64))


def within_jnd(pair: Pair) -> float:
    """Return the share of pixels, 0..1, whose ΔE*ab is under 2.3."""
    return float(np.count_nonzero(pair.delta_e76 < JND)) / pair.delta_e76.size
