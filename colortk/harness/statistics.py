"""Means with intervals, and paired differences with intervals and p-values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from threading import Thread

import numpy as np
from numpy.typing import ArrayLike, NDArray

from colortk.harness.intervals import (
    LEVEL,
    UNBOUNDED,
    MeanIntervals,
    max_columns,
    mean_intervals,
)
from colortk.types import Float64

#: A p-value up to this supports a difference.
SIGNIFICANT = round(1 - LEVEL, 10)


@dataclass(frozen=True)
class MetricMean:
    """Mean and median of one metric over ``n`` pictures.

    Parameters
    ----------
    mean : float
        Mean over pictures.
    median : float or None
        Median over pictures; ``None`` for a metric that single pictures have no value of.
    ci95 : (float, float) or None
        95 % interval of the mean; ``None`` if the pictures allow none.
    n : int
        Number of pictures with a score.
    """

    mean: float
    median: float | None
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Difference:
    """Mean difference of two plugins by one metric, over the pictures that both have.

    Parameters
    ----------
    mean : float
        Mean of the first minus the second.
    ci95 : (float, float) or None
        Its 95 % interval; ``None`` if the pictures allow none.
    p : float or None
        Two-sided p-value of the mean difference being zero: at most 0.05 if and only if ``ci95``
        excludes zero.
    wins, ties, losses : int or None
        Pictures on which the first is better, equal, worse; ``None`` if the metric has no better
        direction.
    n : int
        Number of pictures.
    """

    mean: float
    ci95: tuple[float, float] | None
    p: float | None
    wins: int | None
    ties: int
    losses: int | None
    n: int

    @property
    def separated(self) -> bool:
        """Whether the interval excludes zero."""
        return self.ci95 is not None and not self.ci95[0] <= 0 <= self.ci95[1]


def summaries(values: Float64, limits: ArrayLike = UNBOUNDED) -> list[MetricMean | None]:
    """Return the mean of every column with its interval.

    Parameters
    ----------
    values : ndarray
        float64 (N, K); NaN marks a missing score.
    limits : array_like
        Lowest and highest value of a score, (2,) or (2, K); intervals end there.

    Returns
    -------
    list of MetricMean or None
        ``None`` for a column without scores.
    """
    means: list[MetricMean | None] = [None] * values.shape[1]
    present = ~np.isnan(values)
    for rows, columns in _by_gaps(present.T, len(values)):
        part = np.asfortranarray(values[rows][:, columns])
        bounds = mean_intervals(part, bounds=_ends(limits, columns, len(means)))
        medians = np.median(part, 0)
        for index, k in enumerate(columns):
            means[k] = MetricMean(
                float(bounds.mean[index]),
                float(medians[index]),
                _interval(bounds, index),
                len(part),
            )
    return means


def differences(
    first_scores: Float64,
    second_scores: Float64,
    higher_is_better: Sequence[bool | None],
    limits: tuple[float, float] = UNBOUNDED,
) -> list[Difference | None]:
    """Return the mean difference of every pair of columns. Each is tested by itself.

    Parameters
    ----------
    first_scores, second_scores : ndarray
        float64 (N, K), NaN where there is no score.
    higher_is_better : sequence of bool or None
        The better direction of each column; ``None`` if there is none.
    limits : (float, float)
        Lowest and highest value of a score. No interval is wider than they allow.

    Returns
    -------
    list of Difference or None
        ``None`` for a column without a picture that both have a score of.
    """
    joined = np.concatenate([first_scores, second_scores], 1)
    width = first_scores.shape[1]
    couples = [(k, k + width) for k in range(width)]
    return column_differences(joined, couples, higher_is_better, limits)


def column_differences(
    scores: Float64,
    couples: Sequence[tuple[int, int]],
    higher_is_better: Sequence[bool | None],
    limits: ArrayLike = UNBOUNDED,
) -> list[Difference | None]:
    """Return the mean difference of every couple of columns. Each is tested by itself.

    Parameters
    ----------
    scores : ndarray
        float64 (N, K), NaN where there is no score.
    couples : sequence of (int, int)
        Pairs of columns: the first minus the second.
    higher_is_better : sequence of bool or None
        The better direction of each couple; ``None`` if there is none.
    limits : array_like
        Lowest and highest value of a score, (2,) or (2, couples).

    Returns
    -------
    list of Difference or None
        ``None`` for a couple without a picture that both have a score of.
    """
    results: list[Difference | None] = [None] * len(couples)
    lowest, highest = np.broadcast_to(np.reshape(limits, (2, -1)), (2, len(couples)))
    spans = np.stack([lowest - highest, highest - lowest])
    present = ~np.isnan(scores)
    for rows, columns in _by_gaps((present[:, a] & present[:, b] for a, b in couples), len(scores)):
        first, second = np.array([couples[k] for k in columns]).T
        # The differences of all couples at once would need too much memory.
        part = np.asfortranarray(scores[:, first] - scores[:, second])
        if not rows.all():
            part = np.asfortranarray(part[rows])
        bounds = mean_intervals(part, bounds=spans[:, columns])
        n, ties = len(part), (part == 0).sum(0)
        above = (part > 0).sum(0)
        for index, k in enumerate(columns):
            p = float(bounds.p[index])
            equal_count, higher_count = int(ties[index]), int(above[index])
            wins = {True: higher_count, False: n - equal_count - higher_count, None: None}[
                higher_is_better[k]
            ]
            results[k] = Difference(
                float(bounds.mean[index]),
                _interval(bounds, index),
                None if np.isnan(p) else p,
                wins,
                equal_count,
                None if wins is None else n - wins - equal_count,
                n,
            )
    return results


def _by_gaps(
    present: Iterable[NDArray[np.bool_]], count: int
) -> Iterator[tuple[NDArray[np.bool_], list[int]]]:
    """Group columns that have the same gaps, and yield the rows without gaps and the columns.

    ``present`` says for each column which of ``count`` scores there are. Large groups are divided,
    to limit memory. Columns are summed pairwise, which is more exact, if they are contiguous.
    """
    patterns: dict[bytes, list[int]] = {}
    for k, rows in enumerate(present):
        patterns.setdefault(np.packbits(rows).tobytes(), []).append(k)
    for packed, columns in patterns.items():
        rows = np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(bool)
        if not rows.any():
            continue
        size = max_columns(count)
        for first in range(0, len(columns), size):
            yield rows, columns[first : first + size]


def _ends(limits: ArrayLike, columns: list[int], width: int) -> Float64:
    ends: Float64 = np.broadcast_to(np.reshape(limits, (2, -1)), (2, width))[:, columns]
    return ends


def _interval(bounds: MeanIntervals, index: int) -> tuple[float, float] | None:
    low, high = float(bounds.low[index]), float(bounds.high[index])
    return None if np.isnan(low) else (low, high)


def preload() -> None:
    """Import a slow module in a thread, while others work."""
    Thread(target=import_module, args=("scipy.special",), daemon=True).start()


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the same order."""
    order = np.argsort(p, kind="stable")
    corrected, running_maximum = np.empty(len(p)), 0.0
    for index, k in enumerate(order):
        running_maximum = max(running_maximum, min(1.0, (len(p) - index) * p[k]))
        corrected[k] = running_maximum
    return [float(value) for value in corrected]
