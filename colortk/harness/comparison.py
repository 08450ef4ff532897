"""A comparison of plugins: scores, verdicts, and the summary that reports render."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from colortk.harness.intervals import LEVEL
from colortk.harness.ranked_scores import RankedScores
from colortk.harness.records import MetricInfo
from colortk.harness.score_records import ScoreRecords
from colortk.harness.sealing import summarize_sealing
from colortk.harness.second_predictions import repeat_settings, summarize_repeats
from colortk.harness.set_measures import SET_DELTA_CF, with_set_measures
from colortk.harness.set_scores import SetScores
from colortk.harness.standard_sets import recognize
from colortk.harness.statistics import MetricMean
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    FilmInfo,
    PluginRow,
    PredictionSeconds,
    ProtocolInfo,
    ScoreRecord,
    SeenPictures,
    UnavailablePlugin,
)
from colortk.plugin.discover import DISTRIBUTION

if TYPE_CHECKING:
    from colortk.harness.hint_curves import HintCurves

#: With fewer pictures, a report warns that the results are not reliable.
MIN_RELIABLE_PICTURES = 20
#: Plugins that ``repr`` names.
MAX_REPR_PLUGINS = 8


@dataclass(repr=False)
class Comparison(RankedScores):
    """Plugins scored on the same pictures.

    Takes the parameters of :class:`~colortk.harness.score_table.ScoreTable`, and:

    Parameters
    ----------
    films : Comparison, optional
        The same plugins on films.
    hints : HintCurves, optional
        The same plugins with hints that are drawn from the originals.
    """

    films: Comparison | None = None
    hints: HintCurves | None = None

    #: Kind of the scored originals: "pictures" or "films".
    kind: ClassVar[str] = "pictures"

    @cached_property
    def gray(self) -> Comparison | None:
        """The comparison on the gray originals, if these are scored, too."""
        if self.gray_only or not self.keep_gray or not self.near_gray:
            return None
        if not self.protocol.leaves_gray_out:
            return None
        return replace(self, gray_only=True, films=None, hints=None, sets=SetScores())

    def __repr__(self) -> str:
        """Name the plugins with their mean scores, the best first, in a few lines."""
        metric = self.metrics[self.lead]
        lines = [
            f"{type(self).__name__} of {len(self.variants)} plugins on {len(self.used)}"
            f" {self.kind}, protocol {self.protocol.name}, mean {metric.label or metric.name}:"
        ]
        for index in self.order[:MAX_REPR_PLUGINS]:
            mean = self.summaries[self.lead][index]
            value = "no score" if mean is None else f"{mean.mean:.{metric.digits}f}"
            lines.append(f"  {self.variants[index].label}  {value}")
        rest_count = len(self.order) - MAX_REPR_PLUGINS
        return "\n".join([*lines, f"  and {rest_count} more"] if rest_count > 0 else lines)

    def as_dict(self, per_image: bool = False) -> dict[str, Any]:
        """Return :meth:`summary` as ``colortk compare --json`` prints it."""
        report = self.summary(per_image).as_dict()
        return report if self.hints is None else report | {"hints": self.hints.as_dict()}

    def summary(self, per_image: bool = False) -> ComparisonSummary:
        """Return the content of the tables.

        Parameters
        ----------
        per_image : bool
            Add the scores of each picture, and by metric all verdicts and pairs.
        """
        pictures = self.outcome.pictures
        return ComparisonSummary(
            colortk=version(DISTRIBUTION),
            kind=self.kind,
            protocol=ProtocolInfo(self.protocol.name, self.protocol.hash, self.protocol.definition),
            images=len(self.used),
            candidates=len(self.candidates),
            common=self.common,
            gray_originals=[s.name for s in self.readable if s.picture in self.near_gray],
            gray_rule=self._gray_rule,
            gray_only=self.gray_only,
            enlarged=sum(pictures[s.picture].enlarged for s in self.used),
            repeated=self.repeats,
            same_pixels=self.outcome.same_pixels,
            computed=self.outcome.computed,
            loading_seconds=self.outcome.loading,
            repeats=repeat_settings(self.outcome.repeating),
            ranking_metric=self.lead,
            level=LEVEL,
            comparisons=self.verdicts.comparisons,
            family=list(self.family),
            baseline=self.baseline,
            shown=list(self.metrics) if self.metrics_requested else None,
            metrics=self._metric_infos(),
            plugins=[self._plugin_row(k) for k in self.order],
            paired=self.paired,
            failures=self.failures,
            metric_failures=self.metric_failures,
            unavailable=[UnavailablePlugin(name, reason) for name, reason in self.left_out.items()],
            records=self.records() if per_image else None,
            verdicts={m: self.verdict_summary(m) for m in self.metrics} if per_image else None,
            pairs=self.pairs() if per_image else None,
            gray=None if self.gray is None else self.gray.summary(per_image),
            films=None if self.films is None else self.films.summary(per_image),
            originals=self._film_infos(),
            left_out_seen=self.left_out_seen or None,
            dataset=self._dataset,
        )

    @cached_property
    def _dataset(self) -> str | None:
        """Name of the standard set that the pictures are, by the names of their files."""
        item = recognize(source.name for source in self.sources)
        return None if item is None or self.kind != "pictures" else item.name

    @property
    def _gray_rule(self) -> str:
        """Describe the treatment of gray originals."""
        if self.protocol.leaves_gray_out:
            return "separate table" if self.keep_gray else "left out"
        return "counted" if self.keep_gray else "left out of metrics of color"

    def _metric_infos(self) -> dict[str, MetricInfo]:
        """Describe the metrics, including metrics of the whole set."""
        specs = self.metrics | {SET_DELTA_CF.name: SET_DELTA_CF} | self.sets.specs
        names = [*with_set_measures(self.metrics), *self.sets.specs]
        return {name: MetricInfo.of(specs[name]) for name in names}

    def _film_infos(self) -> list[FilmInfo] | None:
        """Describe the films; ``None`` for pictures."""
        return None

    def _plugin_row(self, index: int) -> PluginRow:
        variant = self.variants[index]
        results, rows = self.results_of(variant.label), self.used_rows[index]
        rows = rows[rows >= 0]
        good = rows[~np.isin(rows, list(results.errors))]
        seconds, memory = (results.numbers(name, good) for name in ("seconds", "peak_memory"))
        seconds, memory = seconds[~np.isnan(seconds)], memory[memory > 0]
        gap = self.colorfulness_gaps[index]
        metrics = {
            metric: mean
            for metric, means in (self.summaries | self.set_summaries).items()
            if (mean := means[index]) is not None
        }
        if gap is not None:
            metrics[SET_DELTA_CF.name] = MetricMean(gap.difference, None, gap.ci95, gap.n)
        return PluginRow(
            name=variant.label,
            plugin=variant.key.plugin,
            summary=variant.summary,
            version=variant.version,
            artifact=variant.key.artifact,
            options=variant.options,
            rank=self.verdicts.ranks[index],
            group=self.verdicts.letters[index],
            n=self.verdicts.counts[index],
            failed=len(self.used) - len(good),
            metrics=metrics,
            colorfulness_gap=gap,
            seconds=PredictionSeconds(float(seconds.mean()), float(np.median(seconds)))
            if len(seconds)
            else PredictionSeconds(),
            peak_memory=int(memory.max()) if len(memory) else None,
            repeats=summarize_repeats(results.repeats_of(rows)),
            sealed=summarize_sealing(results.sealed.used(rows)),
            foreign_weights=list(variant.foreign_weights),
            seen=self._seen(variant.label),
            skipped=self.outcome.skipped.get(variant.label),
        )

    def _seen(self, label: str) -> SeenPictures | None:
        """Count the scored pictures that a plugin has seen; ``None`` if nobody looked."""
        if label not in self.trained:
            return None
        training = self.trained[label]
        if training is None:
            return SeenPictures(None, False)
        used = {source.picture for source in self.used}
        return SeenPictures(len(self.seen.get(label, set()) & used), training.complete)

    def records(self, pictures: Collection[str] | None = None) -> Sequence[ScoreRecord]:
        """Return the scores of each plugin on each picture, or on these originals by SHA-256."""
        return ScoreRecords(self, pictures)
