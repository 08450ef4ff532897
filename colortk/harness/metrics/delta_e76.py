"""CIE76 colour difference (ISO/CIE 11664-4), and how much of it nobody notices."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair

#: Just noticeable difference in CIELAB (Mahy, Van Eycken, Oosterlinck 1994).
JND = 2.3


def delta_e76(pair: Pair) -> float:
    """Mean over pixels of the Euclidean distance in CIELAB."""
    return float(pair.delta_e76.mean(dtype=np.float64))


def within_jnd(pair: Pair) -> float:
    """Share of pixels, 0..1, whose ΔE*ab is under 2.3."""
    return float(np.count_nonzero(pair.delta_e76 < JND)) / pair.delta_e76.size
