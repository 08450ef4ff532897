"""The ranked table of the HTML report, which the page can sort and whose columns it can hide."""

from __future__ import annotations

import math
from dataclasses import dataclass

from colortk.harness.score_table import HEADLINE, SET_HEADLINE
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    PluginRow,
)
from colortk.report.captions import marked_name
from colortk.report.text_tables import column_counts
from colortk.report.wording import of_total

#: Columns that are shown at first, if the report has them; the ranking metric is always shown.
SHOWN = (*HEADLINE, *SET_HEADLINE, "seconds")


@dataclass(frozen=True)
class Column:
    """A column of numbers. ``better`` is "higher", "lower", or "" where neither is better."""

    key: str
    label: str
    summary: str
    better: str
    digits: int
    shown: bool
    count: str = ""

    @property
    def arrow(self) -> str:
        """Arrow to the better direction."""
        return {"higher": "↑", "lower": "↓", "": ""}[self.better]

    @property
    def hint(self) -> str:
        """Text that is shown when the pointer is over the heading."""
        return f"{self.summary}; {self.better} is better" if self.better else self.summary


@dataclass(frozen=True)
class Cell:
    """A number with interval and count, as text and as the page's script reads them."""

    key: str
    shown: bool
    text: str = "–"
    value: str = ""
    low: str = ""
    high: str = ""
    interval: str = ""
    count: str = ""
    failed: bool = False


@dataclass(frozen=True)
class RankingRow:
    """A plugin with its cells."""

    plugin: PluginRow
    rank: str
    name: str
    version: str
    cells: list[Cell]


def ranking_columns(summary: ComparisonSummary) -> list[Column]:
    """Return the metrics in the order of the summary, then time, memory and failures."""
    counts = column_counts([row.metrics for row in summary.plugins], list(summary.metrics))
    columns = []
    for key, metric in summary.metrics.items():
        higher = metric.higher_is_better
        better = "" if higher is None else "higher" if higher else "lower"
        text = metric.summary + (f" ({metric.unit})" if metric.unit else "")
        is_shown = key in (summary.shown or SHOWN) or key == summary.ranking_metric
        columns.append(
            Column(key, metric.label, text, better, metric.digits, is_shown, counts.get(key, ""))
        )
    return [
        *columns,
        Column("seconds", "s/picture", "Median seconds a picture", "lower", 3, True),
        Column("peak_memory", "MB", "Peak memory, 10⁶ bytes", "lower", 0, False),
        Column("n", "pictures", "Pictures with a score of the ranking measure", "", 0, True),
        Column("failed", "failed", "Pictures without a result", "lower", 0, True),
    ]


def ranking_rows(summary: ComparisonSummary, columns: list[Column]) -> list[RankingRow]:
    """Return the plugins, best first. Columns that are hidden at first have cells, too."""
    counted = bool(column_counts([row.metrics for row in summary.plugins], list(summary.metrics)))
    rows = []
    for plugin in summary.plugins:
        options = " ".join(f"{key}={value}" for key, value in plugin.options.items())
        foreign = "(foreign weights)" if plugin.foreign_weights else ""
        rows.append(
            RankingRow(
                plugin,
                "" if plugin.rank is None else str(plugin.rank),
                marked_name(plugin),
                " ".join(filter(None, (plugin.version, options, foreign))),
                [_cell(plugin, column, summary.images, counted) for column in columns],
            )
        )
    return rows


def _cell(plugin: PluginRow, column: Column, images: int, counted: bool) -> Cell:
    """Return the cell of a plugin in a column; it may be empty for a plugin that failed."""
    if column.key in ("failed", "n"):
        number = plugin.failed if column.key == "failed" else plugin.n
        text = of_total(number, images) if column.key == "n" else str(number)
        failed = column.key == "failed" and number > 0
        return Cell(column.key, column.shown, text, repr(float(number)), failed=failed)
    if column.key == "seconds":
        return _number_cell(column, plugin.seconds.median)
    if column.key == "peak_memory":
        memory = plugin.peak_memory
        return _number_cell(column, None if memory is None else memory / 1e6)
    mean = plugin.metrics.get(column.key)
    if mean is None:
        return _number_cell(column, None)
    return _number_cell(column, mean.mean, mean.ci95, f"n={mean.n}" if counted else "")


def _number_cell(
    column: Column,
    value: float | None,
    interval: tuple[float, float] | None = None,
    count: str = "",
) -> Cell:
    if value is None or not math.isfinite(value):
        return Cell(column.key, column.shown)
    text = f"{value:.{column.digits}f}"
    if interval is None or not all(map(math.isfinite, interval)):
        return Cell(column.key, column.shown, text, repr(float(value)), count=count)
    low, high = (f"{bound:.{column.digits}f}" for bound in interval)
    return Cell(
        column.key,
        column.shown,
        text,
        repr(float(value)),
        repr(float(interval[0])),
        repr(float(interval[1])),
        f"{low} – {high}",
        count,
    )
