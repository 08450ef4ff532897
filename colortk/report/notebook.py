"""A comparison as HTML for a notebook."""

from __future__ import annotations

from colortk.harness.comparison import Comparison
from colortk.report.captions import caption, definitions
from colortk.report.environment import environment
from colortk.report.text_tables import comparison_parts, ranking_table, table_metrics
from colortk.report.verdict_notes import verdict_lines


def to_notebook_html(comparison: Comparison) -> str:
    """Return the ranked tables with their captions and notes, as HTML without a style."""
    parts = []
    for part in comparison_parts(comparison):
        summary, metrics = part.summary(), table_metrics(part)
        parts.append(
            {
                "caption": "; ".join(caption(summary)),
                "table": ranking_table(summary, metrics),
                "lines": verdict_lines(summary) + definitions(summary.metrics, metrics),
            }
        )
    return environment().get_template("notebook.html").render(parts=parts)
