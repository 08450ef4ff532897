"""Scores of plugins against the number of hints, and the areas under these curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from colortk.harness.drawn_hints import Order
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.ranked_scores import RankedScores
from colortk.harness.records import MetricInfo
from colortk.harness.statistics import MetricMean, summaries
from colortk.harness.verdicts import Verdicts, verdicts
from colortk.plugin.spec import MetricSpec
from colortk.types import Float64

#: The metrics of a curve, if they were scored; the first one ranks.
METRICS = ("psnr", "lpips", "delta_e00")


@dataclass(frozen=True)
class HintCurves:
    """Plugins with several numbers of hints on the same pictures.

    Parameters
    ----------
    scores : RankedScores
        Its rows are those of :func:`colortk.harness.hint_variants.hint_variants`.
    plugins : sequence of PluginVariant
        The plugins.
    counts : sequence of int
        The numbers of hints, ascending.
    order : {"uniform", "error"}
        How points were chosen.
    """

    scores: RankedScores
    plugins: Sequence[PluginVariant]
    counts: Sequence[int]
    order: Order

    @property
    def metrics(self) -> dict[str, MetricSpec]:
        """The metrics by name, the one that ranks first."""
        return self.scores.metrics

    def heading(self, metric: str) -> str:
        """Return the heading of a metric's column."""
        return MetricInfo.of(self.metrics[metric]).heading

    @property
    def lead(self) -> str:
        """The metric that ranks."""
        return next(iter(self.metrics))

    def mean(self, metric: str, plugin: int, count: int) -> MetricMean | None:
        """Return the mean score of plugin number ``plugin`` with count number ``count``."""
        return self.scores.summaries[metric][plugin * len(self.counts) + count]

    @cached_property
    def areas(self) -> dict[str, Float64]:
        """Area under the curve of each picture and plugin, float64 (N, plugins), by metric."""
        shape = (len(self.scores.used), len(self.plugins), len(self.counts))
        tables = {metric: self.scores.values(metric) for metric in self.metrics}
        return {
            metric: area_under_curve(table.reshape(shape), self.counts)
            for metric, table in tables.items()
        }

    @cached_property
    def area_means(self) -> dict[str, list[MetricMean | None]]:
        """Mean area of each plugin, by metric."""
        return {
            metric: summaries(areas, self.metrics[metric].bounds)
            for metric, areas in self.areas.items()
        }

    @cached_property
    def verdicts(self) -> Verdicts:
        """Ranks and letters of the plugins by the area under the curve of the first metric."""
        spec = self.metrics[self.lead]
        return verdicts(self.areas[self.lead], spec.higher_is_better, bounds=spec.bounds)

    def as_dict(self) -> dict[str, Any]:
        """Return the curves as ``colortk compare --json`` prints them."""
        protocol = self.scores.protocol
        return {
            "protocol": protocol.as_dict(),
            "counts": list(self.counts),
            "order": self.order,
            "images": len(self.scores.used),
            "ranking_metric": self.lead,
            "plugins": [
                {
                    "name": self.plugins[k].label,
                    "rank": self.verdicts.ranks[k],
                    "group": self.verdicts.letters[k],
                    "metrics": {metric: self._curve(metric, k) for metric in self.metrics},
                }
                for k in self.verdicts.order
            ],
        }

    def _curve(self, metric: str, plugin: int) -> dict[str, Any]:
        points = [self.mean(metric, plugin, k) for k in range(len(self.counts))]
        area = self.area_means[metric][plugin]
        return {
            "mean": [None if point is None else point.mean for point in points],
            "ci95": [None if point is None else point.ci95 for point in points],
            "area": None if area is None else area.mean,
            "area_ci95": None if area is None else area.ci95,
        }


def area_under_curve(scores: Float64, counts: Sequence[int]) -> Float64:
    """Return the mean height of curves over log10(1 + count), by the trapezoidal rule.

    Parameters
    ----------
    scores : float64 array of shape (..., K)
        Scores at each number of hints; the unit of the result is theirs.
    counts : sequence of int
        The K numbers of hints, ascending.

    Returns
    -------
    float64 array of shape (...)
        NaN where a score is NaN.
    """
    x = np.log10(1 + np.asarray(counts, float))
    area: Float64 = np.trapezoid(scores, x, axis=-1) / (x[-1] - x[0])
    return area
