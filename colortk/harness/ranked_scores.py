"""Conclusions from a scored set: ranks, groups, paired differences, and failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from colortk.harness.score_table import ScoreTable
from colortk.harness.set_measures import ColorfulnessGap, set_delta_cf
from colortk.harness.summary_rows import (
    Failure,
    MetricFailure,
    PairDifference,
    PairedDifference,
    RankedPlugin,
    VerdictSummary,
)
from colortk.harness.table_marks import Mark, marks
from colortk.harness.verdicts import PairVerdict, Verdicts, pair_verdicts, verdicts


@dataclass(repr=False)
class RankedScores(ScoreTable):
    """Scores of plugins on the same pictures, and the conclusions from them."""

    @cached_property
    def _family(self) -> set[int]:
        return {k for k, variant in enumerate(self.variants) if variant.label in self.family}

    @cached_property
    def _verdicts(self) -> dict[str, Verdicts]:
        return {}

    def verdicts_by(self, metric: str) -> Verdicts:
        """Return the order, ranks and letters of the plugins by one metric."""
        if metric not in self._verdicts:
            spec, table = self.metrics[metric], self._tables[metric]
            self._verdicts[metric] = verdicts(
                table, spec.higher_is_better, self._family, spec.bounds
            )
        return self._verdicts[metric]

    def marks(self, metric: str) -> list[Mark]:
        """Return which plugins are the best and the second best by a metric, in their order."""
        if metric in self.metrics:
            return marks(self.verdicts_by(metric))
        spec = self.sets.specs.get(metric)
        if spec is None:  # The set-level ΔCF has no values whose differences could be tested.
            return [""] * len(self.variants)
        table = self.sets.tables[metric]
        return marks(verdicts(table, spec.higher_is_better, self._family, spec.bounds))

    @property
    def verdicts(self) -> Verdicts:
        """Order, ranks and letters by the metric that ranks."""
        return self.verdicts_by(self.lead)

    @property
    def order(self) -> list[int]:
        """Indices of the plugins by the mean of the ranking metric, incomplete ones last."""
        return self.verdicts.order

    @cached_property
    def best(self) -> int | None:
        """Index of the plugin that others are compared with: the baseline, or the best.

        Only the plugins with the most scores can be the best: otherwise a plugin that failed on
        the hard pictures would be.
        """
        labels = [variant.label for variant in self.variants]
        if self.baseline is not None:
            return labels.index(self.baseline)
        counts = self.verdicts.counts
        if not any(counts) or self.metrics[self.lead].higher_is_better is None:
            return None
        return next(k for k in self.order if counts[k] == max(counts))

    @cached_property
    def paired(self) -> list[PairedDifference]:
        """Each other plugin minus the best one, by metric."""
        if self.best is None or len(self.variants) < 2:
            return []
        couples = [(k, self.best) for k in self.order if k != self.best]
        rows = []
        for metric, spec in self.metrics.items():
            table = self._tables[metric]
            for pair in pair_verdicts(
                table, couples, spec.higher_is_better, self._family, spec.bounds
            ):
                first, second = self._labels(pair)
                rows.append(PairedDifference(first, second, metric, **_difference(pair)))
        return rows + self._paired_sets(couples)

    def _paired_sets(self, couples: Sequence[tuple[int, int]]) -> list[PairedDifference]:
        """Return differences by metrics of sets; no picture by itself is better or worse."""
        rows = []
        for metric, spec in self.sets.specs.items():
            for pair in pair_verdicts(
                self.sets.tables[metric], couples, None, self._family, spec.bounds
            ):
                first, second = self._labels(pair)
                values = _difference(pair) | {"ties": 0}
                rows.append(PairedDifference(first, second, metric, **values))
        return rows

    def pairs(self) -> dict[str, list[PairDifference]]:
        """Return the difference of every two plugins, by metric."""
        return {
            metric: [
                PairDifference(*self._labels(pair), **_difference(pair))
                for pair in self.verdicts_by(metric).pairs
            ]
            for metric in self.metrics
        }

    def _labels(self, pair: PairVerdict) -> tuple[str, str]:
        return self.variants[pair.first].label, self.variants[pair.second].label

    def verdict_summary(self, metric: str) -> VerdictSummary:
        """Return ranks and letters by one metric, with the labels of the plugins."""
        verdict = self.verdicts_by(metric)
        return VerdictSummary(
            verdict.comparisons,
            verdict.pictures,
            [
                RankedPlugin(
                    self.variants[k].label, verdict.ranks[k], verdict.letters[k], verdict.counts[k]
                )
                for k in verdict.order
            ],
        )

    @cached_property
    def failures(self) -> list[Failure]:
        """Every picture or plugin without a result, and the reason."""
        rows = []
        if not self.gray_only:  # The table of pictures in color lists them already.
            rows += [Failure(name, "", reason) for name, reason in self.outcome.unreadable.items()]
            rows += [
                Failure("", label, reason) for label, reason in self.outcome.unavailable.items()
            ]
        for variant in self.variants:
            for source in self.candidates:
                row = self.row(variant.label, source.picture)
                if row is not None and row.error is not None:
                    rows.append(Failure(source.name, variant.label, row.error))
        return rows

    @cached_property
    def metric_failures(self) -> list[MetricFailure]:
        """Metrics that lack scores: how many, and the first reason."""
        reasons: dict[str, list[str]] = {}
        known = {**self.metrics, **self.sets.specs}
        for variant in self.variants:
            for source in self.candidates:
                row = self.row(variant.label, source.picture)
                for metric, reason in (row.errors if row is not None else {}).items():
                    if metric in known and source.picture not in self._skipped(metric):
                        reasons.setdefault(metric, []).append(reason)
        rows = [MetricFailure(metric, len(reason), reason[0]) for metric, reason in reasons.items()]
        for metric, error in self.sets.errors.items():
            rows.append(MetricFailure(metric, len(self.variants), error))
        return rows

    def colorfulness_gap(self, index: int) -> ColorfulnessGap | None:
        """Return the set-level ΔCF of a plugin, ``None`` without a score."""
        if "colorfulness" not in self.metrics:
            return None
        originals = [self.outcome.pictures[s.picture].colorfulness for s in self.used]
        return set_delta_cf(self._tables["colorfulness"][:, index], np.array(originals))


def _difference(pair: PairVerdict) -> dict[str, Any]:
    """Return the fields that all rows of differences have."""
    difference = pair.difference
    return {
        "difference": difference.mean,
        "ci95": difference.ci95,
        "p": pair.p,
        "separated": pair.separated,
        "wins": difference.wins,
        "ties": difference.ties,
        "losses": difference.losses,
        "n": difference.n,
    }
