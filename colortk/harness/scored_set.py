"""The scores of a comparison: which pictures count, by which measure, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from colortk.harness.outcome import Outcome
from colortk.harness.plugin_variants import PluginVariant
from colortk.harness.protocol import Protocol
from colortk.harness.records import ResultRow
from colortk.harness.sources import Source
from colortk.harness.statistics import Summary, summaries
from colortk.plugin.spec import MetricSpec
from colortk.types import Float64

if TYPE_CHECKING:
    from colortk.harness.comparison import Comparison

#: The score that ranks, and those that a table leads with (docs/metrics.md says why).
LEAD = "lpips"
HEADLINE = (
    "lpips", "ms_ssim_ab", "delta_e00", "delta_e00_p95", "colorfulness", "colorfulness_error",
    "psnr", "ssim",
)  # fmt: skip
#: Those that a table is ranked by, the first that is there. Not ΔCF: it compares amounts of color,
#: which wrong colors may have too.
RANKING = tuple(metric for metric in HEADLINE if metric != "colorfulness_error")


@dataclass
class ScoredSet:
    """Plugins scored on the same pictures.

    ``sources``: the pictures; ``metrics``: what was scored, by name; ``left_out``: installed
    plugins that cannot run, and why; ``keep_gray``: score gray originals too, in a table of their
    own; ``repeats``: pictures left out because another has their content; ``asked``: the metrics
    are those somebody named; ``baseline``: label that the others are compared with, ``None`` for
    the best. ``family``: labels of plugins whose pairs are corrected together (Holm).
    ``common``: score all plugins on the pictures that every plugin has a score of. ``films``: the
    same plugins on films, a comparison of its own. ``gray_only``: of the gray originals alone.
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
    asked: bool = False
    films: Comparison | None = None
    family: Sequence[str] = ()
    common: bool = False
    gray_only: bool = False
    #: Why scores could not be stored; they are all in this comparison.
    store_problem: str = ""

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
        """The pictures of this table: those in color, or the gray ones; under v1 all."""
        if not self.protocol.leaves_gray_out:
            return self.readable
        return [s for s in self.readable if (s.picture in self.near_gray) == self.gray_only]

    @cached_property
    def used(self) -> list[Source]:
        """The pictures that are scored: of the candidates all, or those that all plugins have."""
        if not self.common:
            return self.candidates
        labels = [
            e.label for e in self.variants
            if any(self._has_score(self.lead, e.label, s) for s in self.candidates)
        ]  # fmt: skip
        return [s for s in self.candidates if all(self._has_score(self.lead, k, s) for k in labels)]

    @cached_property
    def lead(self) -> str:
        """The metric that ranks: the first that has a better end and any score."""
        for metric in (*RANKING, *self.metrics):
            spec = self.metrics.get(metric)
            if spec is None or not self._may_lead(spec):
                continue
            if any(
                self._has_score(metric, e.label, s) for s in self.candidates for e in self.variants
            ):
                return metric
        return next(iter(self.metrics))

    def _may_lead(self, spec: MetricSpec) -> bool:
        """Whether plugins can be ranked by a metric."""
        return spec.higher_is_better is not None

    def _means_color(self, spec: MetricSpec) -> bool:
        """Whether a metric says nothing where the original has no color (protocol v1 alone)."""
        return spec.chroma

    def _skipped(self, metric: str) -> set[str]:
        """Pictures on which a metric does not count (protocol v1 alone)."""
        if self.protocol.leaves_gray_out or self.keep_gray:
            return set()
        return self.near_gray if self._means_color(self.metrics[metric]) else set()

    def row(self, label: str, picture: str) -> ResultRow | None:
        """What is known of one variant on one picture."""
        return self.outcome.results.get(label, {}).get(picture)

    def _has_score(self, metric: str, label: str, source: Source) -> bool:
        row = self.row(label, source.picture)
        if row is None or row.error is not None or source.picture in self._skipped(metric):
            return False
        return not np.isnan(row.values.get(metric, np.nan))

    def values(self, metric: str) -> Float64:
        """Scores (pictures, variants), NaN where there is none or where it does not count."""
        table = np.full((len(self.used), len(self.variants)), np.nan)
        skipped = self._skipped(metric)
        for i, source in enumerate(self.used):
            if source.picture in skipped:
                continue
            for j, variant in enumerate(self.variants):
                row = self.row(variant.label, source.picture)
                if row is not None and row.error is None:
                    table[i, j] = row.values.get(metric, np.nan)
        return table

    @cached_property
    def _tables(self) -> dict[str, Float64]:
        return {metric: self.values(metric) for metric in self.metrics}

    @cached_property
    def summaries(self) -> dict[str, list[Summary | None]]:
        """Summary of every metric for every variant, in their order."""
        joined = np.concatenate(list(self._tables.values()), 1)
        count = len(self.variants)
        bounds = [self.metrics[metric].bounds for metric in self._tables for _ in range(count)]
        found = summaries(joined, np.array(bounds, float).reshape(-1, 2).T)
        return {metric: found[k * count : (k + 1) * count] for k, metric in enumerate(self._tables)}
