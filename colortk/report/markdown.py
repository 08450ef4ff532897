"""A comparison as Markdown."""

from __future__ import annotations

import re

from colortk.harness.comparison import Comparison
from colortk.report.captions import caption, definitions, title
from colortk.report.text_tables import (
    Table,
    comparison_parts,
    paired_table,
    ranking_table,
    table_metrics,
)
from colortk.report.verdict_notes import pairing_title, verdict_lines


def to_markdown(comparison: Comparison) -> str:
    """Return ranked tables and paired differences as Markdown; films get a separate heading."""
    blocks = []
    for part in comparison_parts(comparison):
        summary, metrics = part.summary(), table_metrics(part)
        if heading := title(summary):
            blocks.append(f"## {heading}")
        blocks.append(_escape("; ".join(caption(summary)) + "."))
        blocks.append(_table(ranking_table(summary, metrics)))
        lines = definitions(summary.metrics, metrics)
        blocks.append("\n".join(f"- {_escape(line)}" for line in lines))
        blocks.append(_escape("; ".join(verdict_lines(summary)) + "."))
        if summary.paired:
            lead = [summary.ranking_metric]
            blocks.append(_escape(f"Difference: {pairing_title(summary, lead)}."))
            blocks.append(_table(paired_table(summary, lead)))
    return "\n\n".join(blocks) + "\n"


def _escape(text: str) -> str:
    """Escape what Markdown would take for emphasis, a column or a tag."""
    return re.sub(r"([*_|<])", r"\\\1", text)


def _table(table: Table) -> str:
    lines = [table.head, ["---"] * len(table.head), *table.rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)
