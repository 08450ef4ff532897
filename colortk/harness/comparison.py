"""What a comparison found: every score, what they amount to, and who is better than whom."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from colortk.harness import sealing, second_predictions
from colortk.harness.intervals import LEVEL
from colortk.harness.records import described
from colortk.harness.scored_set import ScoredSet
from colortk.harness.set_measures import add_set_measures, set_delta_cf
from colortk.harness.verdicts import PairVerdict, Verdicts, pair_verdicts, verdicts
from colortk.plugin.registry import DISTRIBUTION

#: Fewer pictures than this prove little.
FEW = 20


class Comparison(ScoredSet):
    """Plugins scored on the same pictures: verdicts on them, and what reports print."""

    #: What was scored, in reports.
    kind = "pictures"

    @cached_property
    def gray(self) -> Comparison | None:
        """The gray originals as a comparison of their own, if they are to be kept."""
        if self.gray_only or not self.keep_gray or not self.near_gray:
            return None
        if not self.protocol.leaves_gray_out:
            return None
        return replace(self, gray_only=True, films=None)

    @cached_property
    def _family(self) -> set[int]:
        return {k for k, variant in enumerate(self.variants) if variant.label in self.family}

    @cached_property
    def _verdicts(self) -> dict[str, Verdicts]:
        return {}

    def verdicts_by(self, metric: str) -> Verdicts:
        """Order, ranks and letters of the variants by one metric."""
        if metric not in self._verdicts:
            spec, table = self.metrics[metric], self._tables[metric]
            self._verdicts[metric] = verdicts(
                table, spec.higher_is_better, self._family, spec.bounds
            )
        return self._verdicts[metric]

    @property
    def verdicts(self) -> Verdicts:
        """Order, ranks and letters by the metric that ranks."""
        return self.verdicts_by(self.lead)

    @property
    def order(self) -> list[int]:
        """Places of the variants by the mean of the metric that ranks, the incomplete ones last."""
        return self.verdicts.order

    @cached_property
    def best(self) -> int | None:
        """Place of the variant that the others are compared with: the baseline, or the best.

        The best is looked for among those with the most scores: a plugin that failed on the
        hard pictures is not the best.
        """
        labels = [variant.label for variant in self.variants]
        if self.baseline is not None:
            return labels.index(self.baseline)
        counts = self.verdicts.counts
        if not any(counts) or self.metrics[self.lead].higher_is_better is None:
            return None
        return next(k for k in self.order if counts[k] == max(counts))

    @cached_property
    def paired(self) -> list[dict[str, Any]]:
        """Every other variant minus the best one, by metric."""
        if self.best is None or len(self.variants) < 2:
            return []
        couples = [(k, self.best) for k in self.order if k != self.best]
        rows = []
        for metric, spec in self.metrics.items():
            table = self._tables[metric]
            for pair in pair_verdicts(
                table, couples, spec.higher_is_better, self._family, spec.bounds
            ):
                rows.append(
                    {
                        "plugin": self.variants[pair.first].label,
                        "best": self.variants[pair.second].label,
                        "metric": metric,
                    }
                    | _described(pair)
                )
        return rows

    def pairs(self) -> dict[str, list[dict[str, Any]]]:
        """Every pair of variants by metric, the first minus the second."""
        return {
            metric: [
                {
                    "first": self.variants[pair.first].label,
                    "second": self.variants[pair.second].label,
                }
                | _described(pair)
                for pair in self.verdicts_by(metric).pairs
            ]
            for metric in self.metrics
        }

    def _verdicts_as_dict(self, metric: str) -> dict[str, Any]:
        found = self.verdicts_by(metric)
        return {
            "comparisons": found.comparisons,
            "pictures": found.pictures,
            "plugins": [
                {
                    "name": self.variants[k].label,
                    "rank": found.ranks[k],
                    "group": found.letters[k],
                    "n": found.counts[k],
                }
                for k in found.order
            ],
        }

    @cached_property
    def failures(self) -> list[dict[str, str]]:
        """Every picture or plugin that has no result, and why."""
        rows = []
        if not self.gray_only:  # the table of pictures in color has them
            rows += [
                {"picture": name, "plugin": "", "error": why}
                for name, why in self.outcome.unreadable.items()
            ]
            rows += [
                {"picture": "", "plugin": label, "error": why}
                for label, why in self.outcome.unavailable.items()
            ]
        for variant in self.variants:
            for source in self.candidates:
                row = self.row(variant.label, source.picture)
                if row is not None and row.error is not None:
                    rows.append(
                        {"picture": source.name, "plugin": variant.label, "error": row.error}
                    )
        return rows

    @cached_property
    def metric_failures(self) -> list[dict[str, Any]]:
        """Metrics without some scores that would count: how many, and the first reason."""
        reasons: dict[str, list[str]] = {}
        for variant in self.variants:
            for source in self.candidates:
                row = self.row(variant.label, source.picture)
                for metric, why in (row.errors if row is not None else {}).items():
                    if metric in self.metrics and source.picture not in self._skipped(metric):
                        reasons.setdefault(metric, []).append(why)
        return [{"metric": m, "count": len(why), "error": why[0]} for m, why in reasons.items()]

    def colorfulness_gap(self, place: int) -> dict[str, Any] | None:
        """The set-level ΔCF of an variant, see :func:`~colortk.harness.set_measures.set_delta_cf`."""
        if "colorfulness" not in self.metrics:
            return None
        originals = [self.outcome.pictures[s.picture].colorfulness for s in self.used]
        return set_delta_cf(self._tables["colorfulness"][:, place], np.array(originals))

    def as_dict(self, per_image: bool = False) -> dict[str, Any]:
        """As ``--json`` prints it; ``per_image`` adds the records."""
        pictures = self.outcome.pictures
        report: dict[str, Any] = {
            "colortk": version(DISTRIBUTION),
            "kind": self.kind,
            "protocol": self.protocol.as_dict(),
            "images": len(self.used),
            "candidates": len(self.candidates),
            "common": self.common,
            "gray_originals": [s.name for s in self.readable if s.picture in self.near_gray],
            "gray_rule": self._gray_rule,
            "gray_only": self.gray_only,
            "enlarged": sum(pictures[s.picture].enlarged for s in self.used),
            "repeated": self.repeats,
            "same_pixels": self.outcome.same_pixels,
            "computed": self.outcome.computed,
            "loading_seconds": self.outcome.loading,
            "repeats": second_predictions.repeat_settings(self.outcome.repeating),
            "ranking_metric": self.lead,
            "level": LEVEL,
            "comparisons": self.verdicts.comparisons,
            "family": list(self.family),
            "baseline": self.baseline,
            "shown": list(self.metrics) if self.asked else None,
            "metrics": {name: described(spec) for name, spec in self.metrics.items()},
            "plugins": [self._plugin(k) for k in self.order],
            "paired": self.paired,
            "failures": self.failures,
            "metric_failures": self.metric_failures,
            "unavailable": [{"name": n, "error": why} for n, why in self.left_out.items()],
        }
        add_set_measures(report)
        if per_image:
            report["records"] = self.records()
            report["verdicts"] = {m: self._verdicts_as_dict(m) for m in self.metrics}
            report["pairs"] = self.pairs()
        if self.gray is not None:
            report["gray"] = self.gray.as_dict(per_image)
        if self.films is not None:
            report["films"] = self.films.as_dict(per_image)
        return report

    @property
    def _gray_rule(self) -> str:
        """What became of the gray originals, in a word."""
        if self.protocol.leaves_gray_out:
            return "separate table" if self.keep_gray else "left out"
        return "counted" if self.keep_gray else "left out of measures of color"

    def _plugin(self, k: int) -> dict[str, Any]:
        variant = self.variants[k]
        rows = [r for s in self.used if (r := self.row(variant.label, s.picture)) is not None]
        good = [r for r in rows if r.error is None]
        seconds = np.array([r.seconds for r in good])
        memory = [r.peak_memory for r in good if r.peak_memory]
        return {
            "name": variant.label,
            "plugin": variant.key.plugin,
            "summary": variant.summary,
            "version": variant.version,
            "artifact": variant.key.artifact,
            "options": variant.options,
            "rank": self.verdicts.ranks[k],
            "group": self.verdicts.letters[k],
            "n": self.verdicts.counts[k],
            "failed": len(self.used) - len(good),
            "metrics": {
                metric: asdict(found)
                for metric, per_entry in self.summaries.items()
                if (found := per_entry[k]) is not None
            },
            "colorfulness_gap": self.colorfulness_gap(k),
            "seconds": {"mean": float(seconds.mean()), "median": float(np.median(seconds))}
            if len(seconds)
            else {},
            "peak_memory": max(memory, default=None),
            "repeats": second_predictions.summarize_repeats(rows),
            "sealed": sealing.summary(rows),
        }

    def records(self) -> list[dict[str, Any]]:
        """One record for every picture and variant."""
        return [
            {
                "picture": source.picture,
                "name": source.name,
                "plugin": variant.label,
                "near_gray": source.picture in self.near_gray,
                "metrics": row.values,
                "metric_errors": row.errors,
                "seconds": row.seconds,
                "repeat": row.repeat and asdict(row.repeat),
                "error": row.error,
            }
            for source in self.used
            for variant in self.variants
            if (row := self.row(variant.label, source.picture)) is not None
        ]

    def to_pandas(self) -> Any:
        """The records as a ``pandas.DataFrame``: one row a picture and variant, one column a metric."""
        from colortk.report.text_tables import frame

        return frame(self)

    def _repr_html_(self) -> str:
        from colortk.report.text_tables import html

        return html(self)

    def __str__(self) -> str:
        from colortk.report.text_tables import markdown

        return markdown(self)


def _described(pair: PairVerdict) -> dict[str, Any]:
    d = pair.difference
    return {
        "difference": d.mean,
        "ci95": d.ci95,
        "p": pair.p,
        "separated": pair.separated,
        "wins": d.wins,
        "ties": d.ties,
        "losses": d.losses,
        "n": d.n,
    }
