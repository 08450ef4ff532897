"""How to read ranks, groups and paired differences, in the words of a table's notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from colortk.harness.intervals import MIN_DISTINCT_SCORES
from colortk.harness.records import MetricInfo
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import (
    VerdictSummary,
)
from colortk.report.wording import plural


class RankedRow(Protocol):
    """A plugin with its group letters and its number of scores."""

    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def n(self) -> int: ...


class RankedTable(Protocol):
    """A table whose rows have ranks: of a comparison, or of the leaderboard."""

    @property
    def kind(self) -> str: ...

    @property
    def images(self) -> int: ...

    @property
    def comparisons(self) -> int: ...

    @property
    def family(self) -> list[str]: ...

    @property
    def ranking_metric(self) -> str: ...

    @property
    def metrics(self) -> dict[str, MetricInfo]: ...

    @property
    def plugins(self) -> Sequence[RankedRow]: ...


def verdict_lines(
    table: RankedTable, metric: str | None = None, verdict: VerdictSummary | None = None
) -> list[str]:
    """Explain ranks and groups, and name the plugins that have none.

    Parameters
    ----------
    table
        A summary of a comparison, or a board.
    metric, verdict
        Another metric than the ranking metric, and its verdict.
    """
    info = table.metrics[metric or table.ranking_metric]
    if info.higher_is_better is None:
        return [f"{info.label} has no better direction: plugins are not ranked"]
    plugins: Sequence[RankedRow] = table.plugins if verdict is None else verdict.plugins
    comparisons = table.comparisons if verdict is None else verdict.comparisons
    items = "films" if table.kind == "films" else "pictures"
    better = "higher" if info.higher_is_better else "lower"
    corrected = ", in the family if the corrected p is at most 0.05" if table.family else ""
    lines = [
        f"ranked by {info.label} ({better} is better); rows are in the order of its mean",
        f"{plural(comparisons, 'comparison')} of two plugins, each by itself at the"
        f" 95 % level{_family_exception(table.family)}",
        f"two plugins differ on these {items} if the 95 % interval of their mean paired difference"
        f" excludes 0{corrected}",
        "plugins that do not differ share a letter of their group, and plugins that differ share"
        " none; the letters have no order",
        "a plugin has a rank only if it differs from every other plugin",
    ]
    incomplete = [row for row in plugins if row.n != table.images]
    max_pictures = max((row.n for row in plugins), default=0)
    unranked = [row for row in incomplete if row.n < max_pictures or not row.group]
    if unranked:
        names = ", ".join(f"{row.name} ({row.n} of {table.images})" for row in unranked)
        lines.append(f"no rank, no group: {names}; compared on the {items} that both have")
        if isinstance(table, ComparisonSummary):
            lines[-1] += " (--common scores all plugins on the pictures that every plugin has)"
    if 0 < max_pictures < MIN_DISTINCT_SCORES:
        lines.append(
            f"under {MIN_DISTINCT_SCORES} {table.kind}: intervals are Student's t, which holds only"
            " for roughly normal differences, clipped to the values that the metric can have"
        )
    return lines


def pairing_title(summary: ComparisonSummary, metrics: Sequence[str]) -> str:
    """Return the title of a table of differences: which ones, and how many comparisons."""
    comparisons = sum(row.metric in metrics for row in summary.paired)
    return (
        f"minus {summary.paired[0].best}, paired: {plural(comparisons, 'comparison')},"
        f" each by itself at the 95 % level{_family_exception(summary.family)}"
    )


def _family_exception(family: list[str]) -> str:
    if not family:
        return ""
    return f", except the family {', '.join(family)}: corrected together (Holm)"
