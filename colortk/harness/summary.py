"""Means, bootstrap intervals, and paired differences over pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk.color import Array
from colortk.harness.runner import Score

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def estimate(values: Array, seed: int = 0) -> Estimate:
    """Percentile bootstrap (Efron 1979) of the mean of ``values`` (N,), 2,000 resamples."""
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high))


def by_plugin(scores: list[Score], metric: str) -> dict[str, dict[str, float]]:
    """Scores as ``{plugin: {picture: value}}``."""
    table: dict[str, dict[str, float]] = {}
    for row in scores:
        if metric in row.metrics:
            table.setdefault(row.plugin, {})[row.picture] = row.metrics[metric]
    return table


def paired(scores: list[Score], metric: str, plugin: str, baseline: str) -> Estimate | None:
    """``plugin`` minus ``baseline`` over the pictures that both were scored on."""
    table = by_plugin(scores, metric)
    mine, theirs = table.get(plugin, {}), table.get(baseline, {})
    both = [picture for picture in mine if picture in theirs]
    if not both:
        return None
    return estimate(np.array([mine[p] - theirs[p] for p in both]))


def mse_ratio(scores: list[Score], plugin: str, baseline: str) -> float | None:
    """Mean square error of a*b* of ``plugin`` as a share of ``baseline``'s, over both's pictures."""
    table = by_plugin(scores, "ab_rmse")
    mine, theirs = table.get(plugin, {}), table.get(baseline, {})
    both = [picture for picture in mine if picture in theirs]
    total = sum(theirs[p] ** 2 for p in both)
    return sum(mine[p] ** 2 for p in both) / total if total else None
