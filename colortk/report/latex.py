"""Comparisons and leaderboards as tables in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from colortk.harness.board import Board, BoardRow
from colortk.harness.comparison import Comparison
from colortk.harness.records import MetricInfo
from colortk.harness.statistics import MetricMean
from colortk.harness.table_marks import Mark
from colortk.report.captions import caption, definitions, gray_lines, marked_name, title
from colortk.report.latex_table import LatexCell, LatexTable
from colortk.report.text_tables import (
    column_counts,
    comparison_parts,
    original_values,
    table_metrics,
)
from colortk.report.wording import of_total, plural

MARKS = (
    "Bold: the best mean, and every plugin that does not differ from it; underlined: the same"
    " among the others. Two plugins differ if the 95 % interval of their mean paired difference"
    " excludes 0"
)


def to_latex(comparison: Comparison, intervals: bool = False) -> str:
    """Return the ranked tables of a comparison as LaTeX; films have a table of their own.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    intervals : bool
        Print the 95 % interval under each mean.
    """
    tables = [_comparison_table(part, intervals) for part in comparison_parts(comparison)]
    return "\n".join(table.render() for table in tables)


def boards_to_latex(boards: Sequence[Board], intervals: bool = False) -> str:
    """Return boards of the leaderboard, which have marks, as LaTeX. See :func:`to_latex`."""
    return "\n".join(_board_table(board, intervals).render() for board in boards)


def _comparison_table(comparison: Comparison, intervals: bool) -> LatexTable:
    summary, metrics = comparison.summary(), table_metrics(comparison)
    infos = summary.metrics
    by_metric = {metric: comparison.marks(metric) for metric in metrics}
    counts = column_counts([row.metrics for row in summary.plugins], metrics)
    partial = any(row.n != summary.images for row in summary.plugins)
    rows = []
    for k, row in zip(comparison.order, summary.plugins, strict=True):
        cells = [
            _mean(row.metrics.get(m), infos[m], by_metric[m][k], intervals, m in counts)
            for m in metrics
        ]
        for name, text in original_values(row, infos).items():
            if name in metrics:
                cell = cells[metrics.index(name)]
                cells[metrics.index(name)] = replace(cell, text=cell.text + text)
        count = [LatexCell(of_total(row.n, summary.images))] if partial else []
        rows.append((marked_name(row), [*cells, *count]))
    head = ["plugin", *(infos[m].heading + counts.get(m, "") for m in metrics)]
    family = f", in the family {', '.join(summary.family)} corrected by Holm's method"
    sentences = [
        *([title(summary)] if title(summary) else []),
        _mean_of(summary.images, summary.kind, intervals),
        MARKS + (family if summary.family else ""),
        f"Protocol {summary.protocol.name} ({summary.protocol.hash[:12]}), colortk"
        f" {summary.colortk}",
    ]
    kind = ("gray-" if summary.gray_only else "") + summary.kind
    return LatexTable(
        f"colortk-{kind}",
        ". ".join(sentences) + ".",
        [*head, summary.kind] if partial else head,
        rows,
        definitions(infos, metrics),
        ["colortk compare --latex", *caption(summary)],
    )


def _board_table(board: Board, intervals: bool) -> LatexTable:
    infos = {name: board.metrics[name] for name in board.scored}
    counts = column_counts([row.means for row in board.plugins], list(infos))
    partial = any(row.n != board.images for row in board.plugins)
    rows = []
    for row in board.plugins:
        cells = [
            _mean(row.means.get(m), info, (row.marks or {}).get(m, ""), intervals, m in counts)
            for m, info in infos.items()
        ]
        count = [LatexCell(of_total(row.n, board.images))] if partial else []
        rows.append((_board_name(row), [*cells, *count]))
    head = ["plugin", *(info.heading + counts.get(m, "") for m, info in infos.items())]
    sentences = [
        _mean_of(board.images, board.kind, intervals),
        MARKS,
        f"Protocol {board.protocol.name} ({board.protocol.hash[:12]}), set {board.set[:8]}",
    ]
    return LatexTable(
        f"colortk-{board.kind}-{board.protocol.hash[:8]}-{board.set[:8]}",
        ". ".join(sentences) + ".",
        [*head, board.kind] if partial else head,
        rows,
        definitions(infos, list(infos)),
        ["colortk leaderboard --latex", *gray_lines(board)],
    )


def _board_name(row: BoardRow) -> str:
    return marked_name(row) + ("" if row.current else f" (old, {row.code[:8]})")


def _mean_of(images: int, kind: str, intervals: bool) -> str:
    under = ", 95 % interval under it" if intervals else ""
    return f"Mean over {plural(images, kind.removesuffix('s'))}{under}"


def _mean(
    mean: MetricMean | None, info: MetricInfo, mark: Mark, intervals: bool, counted: bool
) -> LatexCell:
    if mean is None:
        return LatexCell("-")
    interval = ""
    if intervals and mean.ci95 is not None:
        interval = "[{:.{digits}f}, {:.{digits}f}]".format(*mean.ci95, digits=info.digits)
    text = f"{mean.mean:.{info.digits}f}"
    return LatexCell(f"{text} (n={mean.n})" if counted else text, mark, interval)
