"""Means with intervals, paired differences with tests, and ranks that the data support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from threading import Thread

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
#: Resamples of a bootstrap, and how many are drawn at a time.
RESAMPLES, AT_ONCE = 2000, 100
#: Differences and corrected p-values under this support an order.
SIGNIFICANT = 0.05
#: Share of the fullest column's scores that a column needs for a rank.
COMPLETE = 0.9


@dataclass(frozen=True)
class Summary:
    """One score over ``n`` pictures. ``ci95``: ``None`` for one picture alone."""

    mean: float
    median: float
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Difference:
    """One score of a plugin minus another's, over the ``n`` pictures that both have.

    ``p``: Wilcoxon's signed-rank test, two-sided, to be corrected where there are several.
    ``wins``: pictures on which the plugin is the better one; ``None`` if the score has no better.
    """

    mean: float
    ci95: tuple[float, float] | None
    p: float
    wins: int | None
    ties: int
    losses: int | None
    n: int


def intervals(values: Float64, seed: int = 0) -> Float64:
    """95 % percentile bootstrap intervals (Efron 1979) of the means of columns.

    ``values``: (N, K) without gaps. Returns (2, K). One seed draws the same pictures for every
    column, so that columns stay paired.
    """
    count = len(values)
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(RESAMPLES // AT_ONCE):
        drawn = rng.integers(count, size=(AT_ONCE, count))
        drawn += np.arange(AT_ONCE)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=AT_ONCE * count).reshape(AT_ONCE, count)
        means.append(times.astype(np.float64) @ values / count)
    bounds: Float64 = np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return bounds


def summaries(values: Float64) -> list[Summary | None]:
    """A summary of every column of (N, K); NaN marks a gap, a column of gaps has no summary."""
    found: list[Summary | None] = [None] * values.shape[1]
    present = ~np.isnan(values)
    patterns: dict[bytes, list[int]] = {}
    for k in range(values.shape[1]):
        patterns.setdefault(present[:, k].tobytes(), []).append(k)
    for columns in patterns.values():
        part = values[present[:, columns[0]]][:, columns]
        if not len(part):
            continue
        bounds = intervals(part) if len(part) > 1 else None
        for place, k in enumerate(columns):
            ci95 = None if bounds is None else (float(bounds[0, place]), float(bounds[1, place]))
            column = part[:, place]
            found[k] = Summary(float(column.mean()), float(np.median(column)), ci95, len(column))
    return found


def differences(
    mine: Float64, theirs: Float64, higher_is_better: Sequence[bool | None]
) -> list[Difference | None]:
    """Columns of ``mine`` minus those of ``theirs``, both (N, K), NaN where there is no score.

    ``None`` for a column without a picture that both have a score on.
    """
    delta = mine - theirs
    return [
        None if summary is None else _difference(delta[:, k], summary, higher_is_better[k])
        for k, summary in enumerate(summaries(delta))
    ]


def _difference(delta: Float64, summary: Summary, higher_is_better: bool | None) -> Difference:
    delta = delta[~np.isnan(delta)]
    n, ties = len(delta), int((delta == 0).sum())
    if higher_is_better is None:
        return Difference(summary.mean, summary.ci95, wilcoxon(delta), None, ties, None, n)
    wins = int((delta > 0 if higher_is_better else delta < 0).sum())
    return Difference(summary.mean, summary.ci95, wilcoxon(delta), wins, ties, n - wins - ties, n)


def preload() -> None:
    """Import what takes long in a thread, while others work."""
    Thread(target=import_module, args=("scipy.stats",), daemon=True).start()


def wilcoxon(delta: Float64) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945); pictures without a difference are left out.

    With up to 50 differences the distribution is the exact one, which is cautious where some are
    equal; the normal approximation would call four differences in a row significant.
    """
    from scipy.stats import wilcoxon as test

    delta = delta[delta != 0]
    if not len(delta):
        return 1.0
    return float(test(delta, method="exact" if len(delta) <= 50 else "asymptotic").pvalue)


def signed_ranks(delta: Float64) -> float:
    """Sum of the signed ranks of the differences: which side Wilcoxon's test speaks for."""
    from scipy.stats import rankdata

    delta = delta[delta != 0]
    return float((rankdata(np.abs(delta)) * np.sign(delta)).sum()) if len(delta) else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given."""
    order = np.argsort(p, kind="stable")
    corrected, least = np.empty(len(p)), 0.0
    for place, k in enumerate(order):
        least = max(least, min(1.0, (len(p) - place) * p[k]))
        corrected[k] = least
    return [float(value) for value in corrected]


def ranks(values: Float64, higher_is_better: bool) -> list[int | None]:
    """Rank of every column of (N, K): one more than the columns that are better beyond doubt.

    "Beyond doubt": over the pictures that both have, the interval of the mean difference leaves
    out zero, Wilcoxon's p, Holm-corrected over all pairs, is under 0.05, and both point the same
    way. So columns that the pictures do not tell apart share a rank, unless a third is better
    than one of them alone. ``None`` for a column with under nine tenths of the scores of the
    fullest one: what is missing may be what is hard.
    """
    count = values.shape[1]
    scores = (~np.isnan(values)).sum(0)
    full = [bool(scores[k] and scores[k] >= COMPLETE * scores.max()) for k in range(count)]
    pairs = [(j, k) for j in range(count) for k in range(j + 1, count) if full[j] and full[k]]
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    found = differences(values[:, first], values[:, second], [higher_is_better] * len(pairs))
    corrected = iter(holm([d.p for d in found if d is not None]))
    beaten = [0] * count
    for (j, k), d in zip(pairs, found, strict=True):
        if d is None or next(corrected) >= SIGNIFICANT:
            continue
        if d.ci95 is None or d.ci95[0] <= 0 <= d.ci95[1]:
            continue
        delta = values[:, j] - values[:, k]
        if (signed_ranks(delta[~np.isnan(delta)]) > 0) == (d.mean > 0):
            beaten[k if (d.mean > 0) == higher_is_better else j] += 1
    return [1 + beaten[k] if full[k] else None for k in range(count)]
