"""Shares of yes and no, and how far they can be trusted."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from colortk.harness.statistics import AT_ONCE, RESAMPLES, Float64

Interval = tuple[float, float]
#: Of the standard normal distribution, two-sided 95 %.
Z = NormalDist().inv_cdf(0.975)
#: Raters under which resampling them would make an interval far too narrow.
ENOUGH = 10


def wilson(count: int, n: int) -> Interval:
    """Score interval, 95 %, of the share ``count`` / ``n`` (Wilson 1927); (0, 1) for ``n`` = 0."""
    if n == 0:
        return 0.0, 1.0
    share = count / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == n else middle + half
    return low, high


def newcombe(count: int, n: int, other: int, m: int) -> Interval:
    """Hybrid score interval, 95 %, of ``count`` / ``n`` - ``other`` / ``m``.

    Newcombe 1998 (Statistics in Medicine 17: 873–890), method 10, from both Wilson intervals.
    (-1, 1) where there are no answers. It takes all answers as independent, which those of one
    rater are not: see :func:`by_rater`.
    """
    if n == 0 or m == 0:
        return -1.0, 1.0
    first, second = count / n, other / m
    (low, high), (least, most) = wilson(count, n), wilson(other, m)
    difference = first - second
    below = math.hypot(first - low, most - second)
    above = math.hypot(high - first, second - least)
    return max(-1.0, difference - below), min(1.0, difference + above)


def by_rater(mine: Float64, theirs: Float64) -> Interval | None:
    """95 % percentile bootstrap interval over raters of a difference of shares.

    ``mine``, ``theirs``: (raters, 2) each, yes answers and answers. Resampling whole raters keeps
    what the answers of one have in common. ``None`` for under ten raters who saw both.
    """
    both = (mine[:, 1] > 0) & (theirs[:, 1] > 0)
    if both.sum() < ENOUGH:
        return None
    columns = np.hstack([mine, theirs])
    rng = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES // AT_ONCE):
        sums = columns[rng.integers(len(columns), size=(AT_ONCE, len(columns)))].sum(1)
        with np.errstate(invalid="ignore"):  # none of those drawn saw it
            found.append(sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])
    low, high = np.nanpercentile(np.concatenate(found), [2.5, 97.5])
    return float(low), float(high)
