"""Tests of the difference between two plugins, by several metrics at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from colortk.harness.comparison import Comparison
from colortk.harness.records import MetricInfo
from colortk.harness.score_table import HEADLINE
from colortk.harness.statistics import Difference, MetricMean, holm, summaries
from colortk.harness.verdicts import ScoredMetric, metric_pairs


@dataclass(frozen=True)
class PairedTest:
    """Two plugins compared by one metric, on the pictures that both have a score of.

    Parameters
    ----------
    metric : str
        Name of the metric.
    info : MetricInfo
        Its label, digits and direction.
    means : list of (MetricMean or None)
        Mean score of each plugin over these pictures.
    difference : Difference
        The first minus the second, with its 95 % interval and its p-value.
    p_holm : float or None
        The p-value, corrected for the number of metrics (Holm 1979).
    """

    metric: str
    info: MetricInfo
    means: list[MetricMean | None]
    difference: Difference
    p_holm: float | None


def paired_tests(
    comparison: Comparison, first: str, second: str, metrics: Sequence[str] = ()
) -> list[PairedTest]:
    """Test the mean difference of two plugins by each metric.

    Parameters
    ----------
    comparison : Comparison
        Scores of both plugins.
    first, second : str
        Labels of the plugins.
    metrics : sequence of str
        Names of metrics; by default the columns of a table that have scores.

    Returns
    -------
    list of PairedTest
        Without metrics of which no picture has both scores.
    """
    labels = [variant.label for variant in comparison.variants]
    columns = [labels.index(first), labels.index(second)]
    names = metrics or [name for name in HEADLINE if name in comparison.metrics]
    scored = [
        ScoredMetric(comparison.values(name)[:, columns], spec.higher_is_better, spec.bounds)
        for name, spec in ((name, comparison.metrics[name]) for name in names)
    ]
    rows = []
    for name, (values, _, _), pairs in zip(
        names, scored, metric_pairs(scored, [(0, 1)]), strict=True
    ):
        spec = comparison.metrics[name]
        if pairs:
            both = values[~np.isnan(values).any(1)]
            means = summaries(both, spec.bounds)
            rows.append(PairedTest(name, MetricInfo.of(spec), means, pairs[0].difference, None))
    tested = [row for row in rows if row.difference.p is not None]
    corrected = holm([row.difference.p for row in tested if row.difference.p is not None])
    by_name = {row.metric: p for row, p in zip(tested, corrected, strict=True)}
    return [
        PairedTest(row.metric, row.info, row.means, row.difference, by_name.get(row.metric))
        for row in rows
    ]
