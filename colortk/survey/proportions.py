"""Intervals of shares of independent answers."""

from __future__ import annotations

import math
from statistics import NormalDist

Interval = tuple[float, float]
#: Of the standard normal distribution, two-sided 95 %.
Z = NormalDist().inv_cdf(0.975)


def wilson(share: float, n: float, quantile: float = Z) -> Interval:
    """Score interval, 95 %, of a share (Wilson 1927).

    Parameters
    ----------
    share
        Observed share, 0 to 1.
    n
        Independent answers; need not be a whole number.
    quantile
        97.5 % point of the distribution of the share's error.

    Returns
    -------
    tuple of float
        Lower and upper end; (0, 1) without answers.
    """
    if n == 0:
        return 0.0, 1.0
    squared = quantile**2
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = quantile / (1 + squared / n) * math.sqrt(share * (1 - share) / n + squared / (4 * n * n))
    low = 0.0 if share == 0 else middle - half  # The formula gives 0 and 1 up to rounding.
    high = 1.0 if share == 1 else middle + half
    return low, high
