"""CIEDE2000 color difference of a picture: mean and 95th percentile."""

from __future__ import annotations

import math

import numpy as np

from colortk.harness.metrics.pair import Pair


def delta_e00(pair: Pair) -> float:
    """Return the mean CIEDE2000 difference over pixels."""
    return float(pair.delta_e00.mean(dtype=np.float64))


def delta_e00_p95(pair: Pair) -> float:
    """Return the 95th percentile over pixels: the worst twentieth of the pixels exceeds it."""
    values = pair.delta_e00.ravel()
    rank = 0.95 * (values.size - 1)
    low, high = math.floor(rank), math.ceil(rank)
    values = np.partition(values, (low, high))
    return float(values[low] + (rank - low) * (values[high] - values[low]))
