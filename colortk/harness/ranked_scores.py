"""Conclusions from a scored set: ranks, groups, paired differences, and failures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from colortk.harness.verdicts import (
    PairVerdict,
    ScoredMetric,
    Verdicts,
    metric_pairs,
    metric_verdicts,
    verdicts,
)


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
        self._compute_verdicts([metric])
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

    def _compute_verdicts(self, metrics: Iterable[str]) -> None:
        """Compute the verdicts of metrics together, which is faster for many pictures."""
        new = [metric for metric in metrics if metric not in self._verdicts]
        verdicts = metric_verdicts([self._scored(metric) for metric in new], self._family)
        self._verdicts.update(zip(new, verdicts, strict=True))

    def _scored(self, metric: str) -> ScoredMetric:
        spec = self.metrics[metric]
        return ScoredMetric(self._tables[metric], spec.higher_is_better, spec.bounds)

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
        # No picture by itself is better or worse by a metric of sets.
        of_sets = {
            name: ScoredMetric(self.sets.tables[name], None, spec.bounds)
            for name, spec in self.sets.specs.items()
        }
        scored = {metric: self._scored(metric) for metric in self.metrics} | of_sets
        pairs = metric_pairs(list(scored.values()), couples, self._family)
        return [
            PairedDifference(
                *self._labels(pair),
                metric,
                **_difference(pair) | ({"ties": 0} if metric in of_sets else {}),
            )
            for metric, of_metric in zip(scored, pairs, strict=True)
            for pair in of_metric
        ]

    def pairs(self) -> dict[str, list[PairDifference]]:
        """Return the difference of every two plugins, by metric."""
        self._compute_verdicts(self.metrics)
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
        for variant, places in zip(self.variants, self._candidate_rows, strict=True):
            errors = self.results_of(variant.label).errors
            rows += [
                Failure(self.candidates[k].name, variant.label, errors[row])
                for k, row in _found(places, errors)
            ]
        return rows

    @cached_property
    def _candidate_rows(self) -> list[NDArray[np.int64]]:
        return self._rows(self.candidates)

    @cached_property
    def metric_failures(self) -> list[MetricFailure]:
        """Metrics that lack scores: how many, and the first reason."""
        reasons: dict[str, list[str]] = {}
        known = {**self.metrics, **self.sets.specs}
        for variant, places in zip(self.variants, self._candidate_rows, strict=True):
            for metric, errors in self.results_of(variant.label).metric_errors.items():
                if metric not in known:
                    continue
                skipped = self._skipped(metric)
                reasons.setdefault(metric, []).extend(
                    errors[row]
                    for k, row in _found(places, errors)
                    if self.candidates[k].picture not in skipped
                )
        rows = [MetricFailure(metric, len(r), r[0]) for metric, r in reasons.items() if r]
        for metric, error in self.sets.errors.items():
            rows.append(MetricFailure(metric, len(self.variants), error))
        return rows

    @cached_property
    def colorfulness_gaps(self) -> list[ColorfulnessGap | None]:
        """The set-level ΔCF of each plugin, in their order, ``None`` without a score."""
        if "colorfulness" not in self.metrics:
            return [None] * len(self.variants)
        originals = [self.outcome.pictures[s.picture].colorfulness for s in self.used]
        return set_delta_cf(self._tables["colorfulness"], np.array(originals))


def _found(places: NDArray[np.int64], column: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield the index in ``places``, and the row, of each row that a sparse column has."""
    if column:
        for k in np.flatnonzero(np.isin(places, list(column))).tolist():
            yield k, int(places[k])


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
