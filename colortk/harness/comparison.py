"""What a comparison found: every score, what they amount to, and who is better than whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from colortk.harness import repeats
from colortk.harness.entries import Entry
from colortk.harness.protocol import Protocol
from colortk.harness.records import ResultRow, described
from colortk.harness.runner import Outcome, Source
from colortk.harness.set_measures import add_set_measures, set_delta_cf
from colortk.harness.statistics import Float64, Summary, differences, holm, ranks, summaries
from colortk.host import DISTRIBUTION
from colortk.spec import MetricSpec

#: The score that ranks, and those that a table leads with (docs/metrics.md says why).
LEAD = "lpips"
HEADLINE = (
    "lpips", "ms_ssim_ab", "delta_e00", "delta_e00_p95", "colorfulness", "colorfulness_error",
    "psnr", "ssim",
)  # fmt: skip
#: Fewer pictures than this prove little.
FEW = 20


@dataclass
class Comparison:
    """Plugins scored on the same pictures.

    ``sources``: the pictures; ``metrics``: what was scored, by name; ``left_out``: installed
    plugins that cannot run, and why; ``keep_grey``: count nearly grey originals in measures of color;
    ``repeats``: pictures left out, for another has their content; ``asked``: somebody named metrics;
    ``baseline``: label that is compared with, or the best. ``films``: a comparison of films.
    """

    protocol: Protocol
    sources: Sequence[Source]
    entries: Sequence[Entry]
    metrics: dict[str, MetricSpec]
    outcome: Outcome
    left_out: dict[str, str] = field(default_factory=dict)
    keep_grey: bool = False
    baseline: str | None = None
    repeats: int = 0
    asked: bool = False
    films: Comparison | None = None
    #: Why scores could not be stored; they are all in this comparison.
    store_problem: str = ""

    #: What was scored, in reports.
    kind = "pictures"

    @cached_property
    def used(self) -> list[Source]:
        """The pictures that could be read."""
        return [s for s in self.sources if s.picture in self.outcome.pictures]

    @cached_property
    def near_grey(self) -> set[str]:
        """SHA-256 of the originals that have (nearly) no colour."""
        limit = self.protocol.near_grey
        return {s.picture for s in self.used if self.outcome.pictures[s.picture].chroma < limit}

    @cached_property
    def lead(self) -> str:
        """The metric that ranks: the first that has a better end and any score."""
        for metric in (*HEADLINE, *self.metrics):
            spec = self.metrics.get(metric)
            if spec is None or not self._may_lead(spec):
                continue
            if not np.isnan(self._tables[metric]).all():
                return metric
        return next(iter(self.metrics))

    def _may_lead(self, spec: MetricSpec) -> bool:
        """Whether plugins can be ranked by a metric."""
        return spec.higher_is_better is not None

    def _means_colour(self, spec: MetricSpec) -> bool:
        """Whether a metric says nothing where the original has no colour."""
        return spec.chroma

    def _skipped(self, metric: str) -> set[str]:
        """Pictures on which a metric does not count."""
        colour = self._means_colour(self.metrics[metric])
        return self.near_grey if colour and not self.keep_grey else set()

    def row(self, label: str, picture: str) -> ResultRow | None:
        """What is known of one entry on one picture."""
        return self.outcome.results.get(label, {}).get(picture)

    def values(self, metric: str) -> Float64:
        """Scores (pictures, entries), NaN where there is none or where it does not count."""
        table = np.full((len(self.used), len(self.entries)), np.nan)
        for i, source in enumerate(self.used):
            if source.picture in self._skipped(metric):
                continue
            for j, entry in enumerate(self.entries):
                row = self.row(entry.label, source.picture)
                if row is not None and row.error is None:
                    table[i, j] = row.values.get(metric, np.nan)
        return table

    @cached_property
    def _tables(self) -> dict[str, Float64]:
        return {metric: self.values(metric) for metric in self.metrics}

    @cached_property
    def summaries(self) -> dict[str, list[Summary | None]]:
        """Summary of every metric for every entry, in their order."""
        joined = np.concatenate(list(self._tables.values()), 1)
        found, count = summaries(joined), len(self.entries)
        return {metric: found[k * count : (k + 1) * count] for k, metric in enumerate(self._tables)}

    @cached_property
    def ranks(self) -> list[int | None]:
        """Rank of every entry by the leading metric; ``None`` without one, or with scores missing."""
        better = self.metrics[self.lead].higher_is_better
        if better is None:
            return [None] * len(self.entries)
        return ranks(self._tables[self.lead], better)

    @cached_property
    def order(self) -> list[int]:
        """Places of the entries from best to worst."""
        sign = -1 if self.metrics[self.lead].higher_is_better else 1
        found = self.summaries[self.lead]

        def key(k: int) -> tuple[bool, float, float]:
            summary, rank = found[k], self.ranks[k]
            if summary is None:
                return True, 1, 0
            return rank is None, rank or 0, sign * summary.mean

        return sorted(range(len(self.entries)), key=key)

    @cached_property
    def best(self) -> int | None:
        """Place of the entry that the others are compared with: the baseline, or the best.

        The best is looked for among those with the most scores: a plugin that failed on the
        hard pictures is not the best.
        """
        labels = [entry.label for entry in self.entries]
        if self.baseline is not None:
            return labels.index(self.baseline)
        counts = (~np.isnan(self._tables[self.lead])).sum(0)
        if not counts.any() or self.metrics[self.lead].higher_is_better is None:
            return None
        return next(k for k in self.order if counts[k] == counts.max())

    @cached_property
    def paired(self) -> list[dict[str, Any]]:
        """Every other entry minus the best one, by metric, with Holm-corrected p."""
        if self.best is None or len(self.entries) < 2:
            return []
        others = [k for k in self.order if k != self.best]
        names = list(self.metrics)
        mine = np.concatenate([self._tables[m][:, others] for m in names], 1)
        theirs = np.concatenate(
            [np.repeat(self._tables[m][:, [self.best]], len(others), 1) for m in names], 1
        )
        higher = [self.metrics[m].higher_is_better for m in names for _ in others]
        found = differences(mine, theirs, higher)
        rows = []
        for place, metric in enumerate(names):
            part = found[place * len(others) : (place + 1) * len(others)]
            corrected = iter(holm([d.p for d in part if d is not None]))
            for k, d in zip(others, part, strict=True):
                if d is not None:
                    rows.append(
                        {
                            "plugin": self.entries[k].label,
                            "best": self.entries[self.best].label,
                            "metric": metric,
                            "difference": d.mean,
                            "ci95": d.ci95,
                            "p": next(corrected),
                            "wins": d.wins,
                            "ties": d.ties,
                            "losses": d.losses,
                            "n": d.n,
                        }
                    )
        return rows

    @cached_property
    def failures(self) -> list[dict[str, str]]:
        """Every picture or plugin that has no result, and why."""
        rows = [
            {"picture": name, "plugin": "", "error": why}
            for name, why in self.outcome.unreadable.items()
        ]
        rows += [
            {"picture": "", "plugin": label, "error": why}
            for label, why in self.outcome.unavailable.items()
        ]
        for entry in self.entries:
            for source in self.used:
                row = self.row(entry.label, source.picture)
                if row is not None and row.error is not None:
                    rows.append({"picture": source.name, "plugin": entry.label, "error": row.error})
        return rows

    @cached_property
    def metric_failures(self) -> list[dict[str, Any]]:
        """Metrics without some scores that would count: how many, and the first reason."""
        reasons: dict[str, list[str]] = {}
        for entry in self.entries:
            for source in self.used:
                row = self.row(entry.label, source.picture)
                for metric, why in (row.errors if row is not None else {}).items():
                    if metric in self.metrics and source.picture not in self._skipped(metric):
                        reasons.setdefault(metric, []).append(why)
        return [{"metric": m, "count": len(why), "error": why[0]} for m, why in reasons.items()]

    def colorfulness_gap(self, place: int) -> dict[str, Any] | None:
        """The set-level ΔCF of an entry, see :func:`~colortk.harness.set_measures.set_delta_cf`."""
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
            "near_grey": len(self.near_grey),
            "near_grey_counted": self.keep_grey,
            "enlarged": sum(pictures[s.picture].enlarged for s in self.used),
            "repeated": self.repeats,
            "same_pixels": self.outcome.same_pixels,
            "computed": self.outcome.computed,
            "loading_seconds": self.outcome.loading,
            "repeats": repeats.settings(self.outcome.repeating),
            "lead": self.lead,
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
        if self.films is not None:
            report["films"] = self.films.as_dict(per_image)
        return report

    def _plugin(self, k: int) -> dict[str, Any]:
        entry = self.entries[k]
        rows = [r for s in self.used if (r := self.row(entry.label, s.picture)) is not None]
        good = [r for r in rows if r.error is None]
        (seconds,) = summaries(np.array([[r.seconds] for r in good]).reshape(-1, 1))
        memory = [r.peak_memory for r in good if r.peak_memory]
        return {
            "name": entry.label,
            "plugin": entry.key.plugin,
            "summary": entry.summary,
            "version": entry.version,
            "artifact": entry.key.artifact,
            "options": entry.options,
            "rank": self.ranks[k],
            "failed": len(self.used) - len(good),
            "metrics": {
                metric: asdict(found)
                for metric, per_entry in self.summaries.items()
                if (found := per_entry[k]) is not None
            },
            "colorfulness_gap": self.colorfulness_gap(k),
            "seconds": asdict(seconds) if seconds else {},
            "peak_memory": max(memory, default=None),
            "repeats": repeats.summary(rows),
        }

    def records(self) -> list[dict[str, Any]]:
        """One record for every picture and entry."""
        return [
            {
                "picture": source.picture,
                "name": source.name,
                "plugin": entry.label,
                "near_grey": source.picture in self.near_grey,
                "metrics": row.values,
                "metric_errors": row.errors,
                "seconds": row.seconds,
                "repeat": row.repeat and asdict(row.repeat),
                "error": row.error,
            }
            for source in self.used
            for entry in self.entries
            if (row := self.row(entry.label, source.picture)) is not None
        ]

    def to_pandas(self) -> Any:
        """The records as a ``pandas.DataFrame``: one row a picture and entry, one column a metric."""
        from colortk.harness.tables import frame

        return frame(self)

    def _repr_html_(self) -> str:
        from colortk.harness.tables import html

        return html(self)

    def __str__(self) -> str:
        from colortk.harness.tables import markdown

        return markdown(self)
