"""Root mean square error of chroma."""

from __future__ import annotations

import math

from colortk.harness.metrics.pair import Pair


def ab_rmse(pair: Pair) -> float:
    """Return the root of the mean of (Δa*)² + (Δb*)² over pixels, in CIELAB units."""
    return math.sqrt(pair.mean_ab_square)
