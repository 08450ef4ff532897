"""The tables of a comparison as text: for the terminal, Markdown and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from colortk.harness.comparison import Comparison
from colortk.harness.records import MetricInfo
from colortk.harness.score_table import HEADLINE, SET_HEADLINE
from colortk.harness.set_measures import with_set_measures
from colortk.harness.statistics import MetricMean
from colortk.harness.summary import ComparisonSummary
from colortk.harness.summary_rows import PluginRow
from colortk.report.captions import marked_name
from colortk.report.wording import of_total, p_value

#: Columns of a table if none of the usual metrics was scored.
MAX_OTHER_COLUMNS = 7


class Table(NamedTuple):
    """Headings of columns, and rows of cells."""

    head: list[str]
    rows: list[list[str]]


def table_metrics(comparison: Comparison) -> list[str]:
    """Return the metrics that a table shows: those that the user named, or the usual ones."""
    sets = [name for name in SET_HEADLINE if name in comparison.sets.specs]
    sets += [name for name in comparison.sets.specs if name not in sets]
    if comparison.metrics_requested:
        return [*with_set_measures(comparison.metrics), *sets]
    usual = [m for m in HEADLINE if m in comparison.metrics]
    usual = usual or list(comparison.metrics)[:MAX_OTHER_COLUMNS]
    # Metrics of films come second, so that a narrow terminal shows them.
    films = [m for m, s in comparison.metrics.items() if s.takes == "film" and m not in usual]
    return [*with_set_measures([*usual[:1], *films, *usual[1:]]), *sets]


def comparison_parts(comparison: Comparison) -> list[Comparison]:
    """Return the tables of pictures and of films, each followed by its gray originals' table.

    A table without pictures is left out if there is another table.
    """
    parts = all_parts(comparison)
    return [part for part in parts if part.used or part.near_gray] or [comparison]


def all_parts(comparison: Comparison) -> list[Comparison]:
    """Return all tables, those without pictures included."""
    both = [part for part in (comparison, comparison.films) if part is not None]
    return [part for half in both for part in (half, half.gray) if part is not None]


def ranking_table(
    summary: ComparisonSummary, metrics: Sequence[str], interval: bool = True
) -> Table:
    """Return the ranked table: rank, group, plugin, mean scores, time, memory, failures.

    Parameters
    ----------
    summary : ComparisonSummary
        The comparison.
    metrics : sequence of str
        Columns. If their numbers of scores differ, each heading shows its number.
    interval : bool
        Print the 95 % interval of each mean.
    """
    infos = summary.metrics
    counts = column_counts([row.metrics for row in summary.plugins], metrics)
    head = ["rank", "group", "plugin", *(infos[m].heading + counts.get(m, "") for m in metrics)]
    head += ["s/frame" if summary.kind == "films" else "s/picture", "MB", summary.kind, "failed"]
    rows = []
    for row in summary.plugins:
        cells = [
            mean_cell(row.metrics.get(m), infos[m].digits, interval, m in counts) for m in metrics
        ]
        for name, text in original_values(row, infos).items():
            if name in metrics:
                cells[metrics.index(name)] += text
        seconds, memory = row.seconds.median, row.peak_memory
        rows.append(
            [
                "-" if row.rank is None else str(row.rank),
                row.group or "-",
                marked_name(row),
                *cells,
                "-" if seconds is None else f"{seconds:.3f}",
                "-" if memory is None else f"{memory / 1e6:.0f}",
                of_total(row.n, summary.images),
                str(row.failed),
            ]
        )
    return Table(head, rows)


def original_values(row: PluginRow, infos: Mapping[str, MetricInfo]) -> dict[str, str]:
    """Return what follows the means of some metrics: " of " and the value of the originals."""
    texts = {}
    if row.colorfulness_gap is not None:
        texts["colorfulness"] = f" of {row.colorfulness_gap.truth:.1f}"
    for name, value in (row.beside or {}).items():
        if name in infos:
            texts[name] = f" of {value:.{infos[name].digits}f}"
    return texts


def column_counts(
    rows: Sequence[Mapping[str, MetricMean]], metrics: Sequence[str]
) -> dict[str, str]:
    """Return the number of scores of each column as text, if columns or rows differ in it."""
    counts = {m: sorted({row[m].n for row in rows if m in row} or {0}) for m in metrics}
    if len({n for numbers in counts.values() for n in numbers} - {0}) < 2:
        return {}
    return {
        m: f" (n={numbers[0]})" if len(numbers) == 1 else f" (n={numbers[0]}–{numbers[-1]})"
        for m, numbers in counts.items()
    }


def paired_table(summary: ComparisonSummary, metrics: Sequence[str]) -> Table:
    """Return the table of differences: each plugin minus the best, p-value, wins, ties, losses."""
    infos = summary.metrics
    p_heading = "p (family: Holm)" if summary.family else "p"
    head = ["metric", "plugin", "difference [95 %]", p_heading, "wins/ties/losses", summary.kind]
    rows = []
    for row in summary.paired:
        if row.metric not in metrics:
            continue
        digits = infos[row.metric].digits
        difference = signed_difference(row.difference, row.ci95, digits)
        tally = "-" if row.wins is None else f"{row.wins}/{row.ties}/{row.losses}"
        rows.append(
            [
                infos[row.metric].heading,
                row.plugin,
                difference,
                p_value(row.p),
                tally,
                of_total(row.n, summary.images),
            ]
        )
    return Table(head, rows)


def signed_difference(mean: float, ci95: tuple[float, float] | None, digits: int) -> str:
    """Return a mean difference as text, with its sign, and its interval if there is one."""
    text = f"{mean:+.{digits}f}"
    return f"{text} [{ci95[0]:+.{digits}f}, {ci95[1]:+.{digits}f}]" if ci95 else text


def mean_cell(mean: MetricMean | None, digits: int, interval: bool, counted: bool) -> str:
    """Return a mean as text, with its interval and its number of scores if they are wanted."""
    if mean is None:
        return "-"
    text = f"{mean.mean:.{digits}f}"
    if interval and mean.ci95:
        text += f" [{mean.ci95[0]:.{digits}f}, {mean.ci95[1]:.{digits}f}]"
    if counted:
        text += f" (n={mean.n})"
    return text
