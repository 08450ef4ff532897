"""Heights of labels at which no two of them overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def spread_labels(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return heights near the given ones, with at least a gap between any two.

    Parameters
    ----------
    heights : sequence of float
        Where the labels belong.
    gap : float
        Smallest distance of two labels.
    low, high : float
        Labels stand between these, if all of them fit; otherwise some stand above ``high``.
    """
    order = np.argsort(heights, kind="stable")
    placed = list(map(float, heights))
    previous = low - gap
    for k in order:
        previous = placed[k] = max(placed[k], previous + gap)
    limit = max(high, low + gap * (len(placed) - 1))
    for k in order[::-1]:
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    return placed
