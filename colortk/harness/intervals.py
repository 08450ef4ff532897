"""Confidence intervals of means, and p-values that agree with them.

On each side, the wider of two intervals is used: the bootstrap-t (Efron 1981), which follows the
skew of the scores, and Student's t, which covers better if tails are heavy or many scores are
equal. ``python benchmarks/interval_coverage.py`` prints how often the intervals cover the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from colortk.harness.large_sets import map_large
from colortk.types import Float64

Counts = NDArray[np.uint8]
#: Confidence level of every interval.
LEVEL = 0.95
#: Resamples of a bootstrap; with this number both ends of an interval are order statistics.
RESAMPLES = 3999
#: With fewer different scores, only Student's t is used: they are too few to resample.
MIN_DISTINCT_SCORES = 10
#: Bounds of scores that have none.
UNBOUNDED = (-np.inf, np.inf)
#: Scores drawn at a time, and the fewest resamples of them: products of few rows are slow.
_DRAWN, _ROWS = 50_000, 32
#: Columns, and scores, computed at a time, to limit memory.
_COLUMNS, _SCORES = 512, 8_000_000
#: Up to this number of scores, resamples are cached for the next call.
_CACHE_SIZE = 1000
#: From this number of scores, resamples are counted one by one, within the processor's cache.
_LARGE = 8000


@dataclass(frozen=True)
class MeanIntervals:
    """Intervals of the means of K columns.

    Parameters
    ----------
    mean : ndarray
        float64 (K,).
    low, high : ndarray
        float64 (K,), ends of the intervals; NaN if there is none.
    p : ndarray
        float64 (K,), two-sided p-values of the mean being zero: under 1 - level if and only if the
        interval excludes zero; NaN if there is no interval.
    """

    mean: Float64
    low: Float64
    high: Float64
    p: Float64


def mean_intervals(
    values: Float64, level: float = LEVEL, seed: int = 0, bounds: ArrayLike = UNBOUNDED
) -> MeanIntervals:
    """Return the interval of the mean of every column.

    Parameters
    ----------
    values
        Scores or paired differences, (N, K), without gaps.
    level
        Confidence level of each interval by itself.
    seed
        Seed of the resamples. Every column gets the same resamples, whatever the others are.
    bounds
        The lowest and the highest value that a score can have, (2,) or (2, K). Intervals are
        clipped to them. This does not change their coverage, because a mean cannot be outside.
        ``p`` is not changed.

    Notes
    -----
    Equal scores say little about the spread: a column whose most frequent value occurs m
    times counts as N - m + 1 scores. A column with fewer than 10 of them gets Student's t with
    one degree of freedom less, all others the wider of it and the bootstrap-t. If all scores are
    the same, zero is outside of the interval if a sign test would say so.

    References
    ----------
    B. Efron (1981), "Nonparametric standard errors and confidence intervals"; P. Hall (1988),
    "Theoretical comparison of bootstrap confidence intervals".
    """
    from scipy.special import stdtr, stdtrit

    count, width = values.shape
    columns = max_columns(count)
    if width > columns:
        ends = np.broadcast_to(np.reshape(bounds, (2, -1)), (2, width))
        parts = [
            mean_intervals(values[:, k : k + columns], level, seed, ends[:, k : k + columns])
            for k in range(0, width, columns)
        ]
        names = ("mean", "low", "high", "p")
        return MeanIntervals(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))
    mean = values.mean(0) if count else np.full(width, np.nan)
    low, high, p = (np.full(width, np.nan) for _ in range(3))
    if count < 2:
        return MeanIntervals(mean, low, high, p)
    centered = values - mean
    error = centered.std(0, ddof=1) / np.sqrt(count)
    # Equal scores would get a spread by the rounding of their mean.
    spread = error > 1e-14 * np.abs(values).max(0)
    different = _different(values)
    some = spread & (different > 1)
    ratio = np.divide(mean, error, out=np.zeros(width), where=some)
    freedom = different[some] - 1
    reach = error[some] * stdtrit(freedom, (1 + level) / 2)
    low[some], high[some] = mean[some] - reach, mean[some] + reach
    p[some] = 2 * stdtr(freedom, -np.abs(ratio[some]))
    rich = np.flatnonzero(some & (different >= MIN_DISTINCT_SCORES))
    for first in range(0, len(rich), _COLUMNS):
        part = rich[first : first + _COLUMNS]
        scaled = centered[:, part]
        scaled /= error[part]
        if first + _COLUMNS >= len(rich):
            del centered  # It may be large.
        # The products are small: on a busy machine, threads that wait for each other would take
        # seconds.
        with _blas().limit(limits=1, user_api="blas"):
            below, above, chance = _bootstrap_t(scaled, ratio[part], level, seed)
        low[part] = np.minimum(low[part], mean[part] + below * error[part])
        high[part] = np.maximum(high[part], mean[part] + above * error[part])
        p[part] = np.maximum(p[part], chance)
    _equal_scores(~some, mean, count, level, low, high, p)
    lowest, highest = np.broadcast_to(np.reshape(bounds, (2, -1)), (2, width))
    # If scores are outside of the stated bounds, the interval contains at least the mean.
    low, high = (
        np.maximum(low, np.minimum(lowest, mean)),
        np.minimum(high, np.maximum(highest, mean)),
    )
    return MeanIntervals(mean, low, high, p)


def max_columns(count: int) -> int:
    """Return how many columns of ``count`` scores are computed at a time, to limit memory."""
    return max(1, _SCORES // max(count, 1))


def _different(values: Float64) -> NDArray[np.int64]:
    """How many scores of each column count as different ones, (K,)."""
    ordered = np.sort(values, 0)
    length = np.ones(values.shape[1], np.int64)
    longest = length.copy()
    for same in ordered[1:] == ordered[:-1]:
        length = np.where(same, length + 1, 1)
        np.maximum(longest, length, out=longest)
    different: NDArray[np.int64] = len(values) - longest + 1
    return different


def _bootstrap_t(
    scaled: Float64, ratio: Float64, level: float, seed: int
) -> tuple[Float64, Float64, Float64]:
    """Return the ends of the interval in standard errors from the mean, and p."""
    ratios = partial(_ratios, scaled, scaled * scaled)
    t = np.concatenate([*map_large(ratios, _resamples(len(scaled), seed), scaled.size)])
    tail = round((1 - level) / 2 * (RESAMPLES + 1))
    smaller_tail = np.minimum((t >= ratio).sum(0), (t <= ratio).sum(0))
    t.partition([tail - 1, RESAMPLES - tail], 0)
    return (
        -t[RESAMPLES - tail],
        -t[tail - 1],
        np.minimum(1.0, 2 * (smaller_tail + 1) / (RESAMPLES + 1)),
    )


def _ratios(scaled: Float64, squares: Float64, part: Counts) -> Float64:
    """Return the mean of each resample in standard errors of its own, (resamples, columns)."""
    count = len(scaled)
    times = part.astype(np.float64)
    means = times @ scaled / count
    variance = (times @ squares / count - means * means) / (count - 1)
    flat = variance < 1e-12  # The same score was drawn every time.
    far = np.where(np.abs(means) < 1e-9, 0.0, np.sign(means)) * 1e9
    ratios: Float64 = np.where(flat, far, means / np.sqrt(np.maximum(variance, 1e-12)))
    return ratios


def _resamples(count: int, seed: int) -> Iterator[Counts]:
    """How often each of ``count`` scores is drawn, (resamples, count) in parts."""
    return iter(_kept(count, seed)) if count <= _CACHE_SIZE else _drawn(count, seed)


@lru_cache(maxsize=4)
def _kept(count: int, seed: int) -> tuple[Counts, ...]:
    return tuple(_drawn(count, seed))


def _drawn(count: int, seed: int) -> Iterator[Counts]:
    rng = np.random.default_rng(seed)
    size = max(_ROWS, _DRAWN // count)
    for first in range(0, RESAMPLES, size):
        rows = min(size, RESAMPLES - first)
        if count >= _LARGE:
            times = np.empty((rows, count), np.uint8)
            for row in times:
                drawn = rng.integers(count, size=count, dtype=np.uint32)
                np.minimum(np.bincount(drawn, minlength=count), 255, out=row, casting="unsafe")
            yield times
            continue
        every = rng.integers(count, size=(rows, count))
        every += np.arange(rows)[:, None] * count
        counts = np.bincount(every.ravel(), minlength=rows * count).reshape(rows, count)
        # A score is drawn more than 255 times only if there are very few scores.
        yield np.minimum(counts, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _equal_scores(
    columns: NDArray[np.bool_], mean: Float64, count: int, level: float,
    low: Float64, high: Float64, p: Float64,
) -> None:  # fmt: skip
    """Fill in columns of equal scores: an interval of one value, or none for too few scores."""
    sign_test = np.where(mean == 0, 1.0, 2.0 ** (1 - count))
    p[columns] = sign_test[columns]
    sure = columns & ((mean == 0) | (sign_test <= 1 - level))
    low[sure] = high[sure] = mean[sure]
