"""The scores of a comparison: which pictures count, for which metric, and their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from colortk.harness.outcome import Outcome
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.records import Key, ResultRow
from colortk.harness.result_table import ResultTable
from colortk.harness.set_scores import SetScores
from colortk.harness.sources import Source
from colortk.harness.statistics import MetricMean, summaries
from colortk.plugin.spec import MetricSpec
from colortk.store.training_hashes import TrainingHashes
from colortk.types import Float64

#: The metric that ranks by default, and the columns of a table (docs/metrics.md says why).
LEAD = "lpips"
HEADLINE = (
    "lpips", "ms_ssim_ab", "delta_e00", "delta_e00_p95", "colorfulness", "colorfulness_error",
    "psnr", "ssim",
)  # fmt: skip
#: Columns of metrics of sets, after these.
SET_HEADLINE = ("fid", "kid", "frechet_alexnet")
#: A table is ranked by the first of these that it has. ΔCF is not among them: it compares amounts
#: of color, and wrong colors can have the right amount.
RANKING = tuple(metric for metric in HEADLINE if metric != "colorfulness_error")
#: The results of a plugin that has none.
NO_RESULTS = ResultTable(Key("", "", "", ""))


@dataclass(repr=False)
class ScoreTable:
    """The scores of plugins on the same pictures.

    Parameters
    ----------
    protocol : Protocol
        How pictures were prepared.
    sources : sequence of Source
        The pictures.
    variants : sequence of PluginVariant
        The plugins.
    metrics : dict of str to MetricSpec
        The metrics, by name.
    outcome : Outcome
        The results.
    left_out : dict of str to str
        Installed plugins that cannot run, and why.
    keep_gray : bool
        Score gray originals, too, in a separate table.
    baseline : str, optional
        Label of the plugin that others are compared with; by default the best plugin.
    repeats : int
        Number of files that were left out because another has their content.
    metrics_requested : bool
        The user named the metrics.
    family : sequence of str
        Labels of plugins whose pairs are corrected together (Holm).
    common : bool
        Score all plugins on the pictures that every plugin has a score of.
    gray_only : bool
        Use the gray originals only.
    store_problem : str
        Why some scores could not be stored; they are in this set nevertheless.
    sets : SetScores
        Metrics of the whole set, which :func:`colortk.harness.set_scores.measure_sets` computes.
    trained : dict of str to (TrainingHashes or None)
        What each plugin was trained on, by label; ``None``: unknown.
    seen : dict of str to set of str
        SHA-256 of the pictures that each plugin has seen in its training.
    left_out_seen : int
        Number of pictures that were left out because a plugin has seen them.
    """

    protocol: Protocol
    sources: Sequence[Source]
    variants: Sequence[PluginVariant]
    metrics: dict[str, MetricSpec]
    outcome: Outcome
    left_out: dict[str, str] = field(default_factory=dict)
    keep_gray: bool = False
    baseline: str | None = None
    repeats: int = 0
    metrics_requested: bool = False
    family: Sequence[str] = ()
    common: bool = False
    gray_only: bool = False
    store_problem: str = ""
    sets: SetScores = field(default_factory=SetScores)
    trained: dict[str, TrainingHashes | None] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    left_out_seen: int = 0

    @cached_property
    def readable(self) -> list[Source]:
        """The pictures that could be read."""
        return [s for s in self.sources if s.picture in self.outcome.pictures]

    @cached_property
    def near_gray(self) -> set[str]:
        """SHA-256 of the originals that have (nearly) no color."""
        limit = self.protocol.near_gray
        return {s.picture for s in self.readable if self.outcome.pictures[s.picture].chroma < limit}

    @cached_property
    def candidates(self) -> list[Source]:
        """The pictures of this table: those in color, or the gray ones; with protocol v1 all."""
        if not self.protocol.leaves_gray_out:
            return self.readable
        return [s for s in self.readable if (s.picture in self.near_gray) == self.gray_only]

    @cached_property
    def used(self) -> list[Source]:
        """The pictures that are scored: all candidates, or those that all plugins have.

        Plugins that were given up do not count for this.
        """
        if not self.common:
            return self.candidates
        scored = ~np.isnan(self._scores(self.lead, self.candidates))
        # A plugin that was given up would reduce the pictures of all others.
        counting = [
            k
            for k, variant in enumerate(self.variants)
            if variant.label not in self.outcome.skipped and scored[:, k].any()
        ]
        everyone = np.flatnonzero(scored[:, counting].all(1))
        return [self.candidates[k] for k in everyone]

    @cached_property
    def lead(self) -> str:
        """The metric that ranks: the first one with a better direction and a score."""
        for metric in (*RANKING, *self.metrics):
            spec = self.metrics.get(metric)
            if spec is None or not self._may_lead(spec):
                continue
            if not np.isnan(self._scores(metric, self.candidates)).all():
                return metric
        return next(iter(self.metrics))

    def _may_lead(self, spec: MetricSpec) -> bool:
        """Return whether plugins can be ranked by a metric."""
        return spec.higher_is_better is not None

    def _means_color(self, spec: MetricSpec) -> bool:
        """Return whether a metric is undefined for gray originals (protocol v1 only)."""
        return spec.chroma

    def _skipped(self, metric: str) -> set[str]:
        """Return the pictures on which a metric does not count (protocol v1 only)."""
        if self.protocol.leaves_gray_out or self.keep_gray:
            return set()
        spec = self.metrics.get(metric)
        return self.near_gray if spec is not None and self._means_color(spec) else set()

    def row(self, label: str, picture: str) -> ResultRow | None:
        """Return the result of a plugin on a picture, ``None`` if there is none."""
        return self.results_of(label).get(picture)

    def results_of(self, label: str) -> ResultTable:
        """Return the results of a plugin, by SHA-256 of the original."""
        return self.outcome.results.get(label, NO_RESULTS)

    @cached_property
    def used_rows(self) -> list[NDArray[np.int64]]:
        """The row of each used picture in each plugin's results, in their order."""
        return self._rows(self.used)

    def _rows(self, sources: Sequence[Source]) -> list[NDArray[np.int64]]:
        pictures = [source.picture for source in sources]
        return [self.results_of(variant.label).rows_of(pictures) for variant in self.variants]

    def _scores(
        self, metric: str, sources: Sequence[Source], rows: Sequence[NDArray[np.int64]] = ()
    ) -> Float64:
        """Return the scores of pictures, (N, plugins), NaN where none counts."""
        columns = [
            self.results_of(variant.label).scores(metric, places)
            for variant, places in zip(self.variants, rows or self._rows(sources), strict=True)
        ]
        table = np.stack(columns, 1) if columns else np.empty((len(sources), 0))
        if skipped := self._skipped(metric):
            table[[source.picture in skipped for source in sources]] = np.nan
        return table

    def values(self, metric: str) -> Float64:
        """Return the scores of a metric.

        Returns
        -------
        ndarray
            float64 (pictures, plugins), NaN where there is no score or it does not count.
        """
        return self._scores(metric, self.used, self.used_rows)

    @cached_property
    def _joined(self) -> Float64:
        """All scores, float64 (pictures, metrics × plugins)."""
        width = len(self.variants)
        joined = np.empty((len(self.used), width * len(self.metrics)))
        for k, metric in enumerate(self.metrics):
            joined[:, k * width : (k + 1) * width] = self.values(metric)
        return joined

    @cached_property
    def _tables(self) -> dict[str, Float64]:
        """The scores by metric, float64 (pictures, plugins), which share the memory of all."""
        width = len(self.variants)
        return {
            metric: self._joined[:, k * width : (k + 1) * width]
            for k, metric in enumerate(self.metrics)
        }

    @cached_property
    def summaries(self) -> dict[str, list[MetricMean | None]]:
        """Mean score of every plugin, in their order, by metric."""
        count = len(self.variants)
        bounds = [self.metrics[metric].bounds for metric in self._tables for _ in range(count)]
        means = summaries(self._joined, np.array(bounds, float).reshape(-1, 2).T)
        return {metric: means[k * count : (k + 1) * count] for k, metric in enumerate(self._tables)}

    @cached_property
    def set_summaries(self) -> dict[str, list[MetricMean | None]]:
        """Value of every plugin with its interval, in their order, by metric of sets."""
        found: dict[str, list[MetricMean | None]] = {}
        for name, table in self.sets.tables.items():
            means = summaries(table, self.sets.specs[name].bounds)
            # The median of the influences means nothing.
            found[name] = [None if mean is None else replace(mean, median=None) for mean in means]
        return found
