"""CIE94 color difference of a picture."""

from __future__ import annotations

import numpy as np

from colortk.harness.metrics.pair import Pair


def delta_e94(pair: Pair) -> float:
    """Return the mean CIE94 difference over pixels; the original is the standard."""
    return float(pair.delta_e94.mean(dtype=np.float64))
