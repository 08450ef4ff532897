"""A comparison as tables: for the terminal, Markdown, CSV, a notebook."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from colortk.errors import PluginError
from colortk.harness.comparison import FEW, HEADLINE, Comparison

Table = tuple[list[str], list[list[str]]]


def headline(comparison: Comparison) -> list[str]:
    """The metrics that a table shows: those that were asked for, else those that lead."""
    if comparison.asked:
        return list(comparison.metrics)
    return [m for m in HEADLINE if m in comparison.metrics] or list(comparison.metrics)[:7]


def ranking(report: dict[str, Any], metrics: Sequence[str], interval: bool = True) -> Table:
    """Head and rows: rank, plugin, every metric's mean (± half of its interval), time, failures."""
    known = report["metrics"]
    head = ["rank", "plugin", *(known[m]["heading"] for m in metrics), "s/picture", "MB", "failed"]
    rows = []
    for entry in report["plugins"]:
        cells = [_cell(entry["metrics"].get(m), known[m]["digits"], interval) for m in metrics]
        if "colorfulness" in metrics and entry["colorfulness_gap"]:
            place = metrics.index("colorfulness")
            cells[place] += f" of {entry['colorfulness_gap']['truth']:.1f}"
        seconds, memory = entry["seconds"].get("median"), entry["peak_memory"]
        rows.append(
            [
                "-" if entry["rank"] is None else str(entry["rank"]),
                entry["name"],
                *cells,
                "-" if seconds is None else f"{seconds:.3f}",
                "-" if memory is None else f"{memory / 1e6:.0f}",
                str(entry["failed"]),
            ]
        )
    return head, rows


def pairing(report: dict[str, Any], metrics: Sequence[str]) -> Table:
    """Head and rows: every plugin minus the best, interval, p, and wins, ties and losses."""
    known = report["metrics"]
    head = ["metric", "plugin", "difference [95 %]", "p (Holm)", "wins/ties/losses"]
    rows = []
    for row in report["paired"]:
        if row["metric"] not in metrics:
            continue
        digits = known[row["metric"]]["digits"]
        text = f"{row['difference']:+.{digits}f}"
        if row["ci95"]:
            text += f" [{row['ci95'][0]:+.{digits}f}, {row['ci95'][1]:+.{digits}f}]"
        tally = "-" if row["wins"] is None else f"{row['wins']}/{row['ties']}/{row['losses']}"
        rows.append([known[row["metric"]]["heading"], row["plugin"], text, _p(row["p"]), tally])
    return head, rows


def caption(report: dict[str, Any]) -> list[str]:
    """What was scored, in a few lines; what to be careful about among them."""
    protocol = report["protocol"]
    lines = [f"protocol {protocol['name']} ({protocol['hash'][:12]}), {_count(report['images'])}"]
    if report["near_grey"]:
        verdict = "counted all the same" if report["near_grey_counted"] else "left out of them"
        lines.append(f"measures of colour: {report['near_grey']} nearly grey originals, {verdict}")
    if report["near_grey"] * 2 > report["images"]:
        lines.append("most originals have no colour: nothing can be right there but grey")
    if report["enlarged"]:
        lines.append(f"{report['enlarged']} were smaller than the protocol's size and enlarged")
    if report["repeated"]:
        lines.append(f"{report['repeated']} more have the content of another and were left out")
    if report["images"] < FEW:
        lines.append("so few pictures prove little")
    return lines


def markdown(comparison: Comparison) -> str:
    """Ranked table and paired differences as Markdown."""
    report = comparison.as_dict()
    metrics = headline(comparison)
    parts = ["; ".join(caption(report)) + "."]
    parts.append(_markdown(ranking(report, metrics)))
    if report["paired"]:
        parts.append(f"Difference to {report['paired'][0]['best']}, paired:")
        parts.append(_markdown(pairing(report, [report["lead"]])))
    return "\n\n".join(parts) + "\n"


def _markdown(table: Table) -> str:
    lines = [table[0], ["---"] * len(table[0]), *table[1]]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)


def as_csv(comparison: Comparison, per_image: bool = False) -> str:
    """One line a plugin and metric; with ``per_image`` one line a picture and plugin."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if per_image:
        names = list(comparison.metrics)
        writer.writerow(["picture", "name", "plugin", "near_grey", *names, "seconds", "error"])
        for row in comparison.records():
            writer.writerow(
                [
                    row["picture"], row["name"], row["plugin"], int(row["near_grey"]),
                    *(row["metrics"].get(name, "") for name in names),
                    row["seconds"], row["error"] or "",
                ]
            )  # fmt: skip
        return out.getvalue()
    writer.writerow(["plugin", "rank", "metric", "mean", "median", "low95", "high95", "n"])
    for entry in comparison.as_dict()["plugins"]:
        for name, found in entry["metrics"].items():
            low, high = found["ci95"] or ("", "")
            rank = "" if entry["rank"] is None else entry["rank"]
            writer.writerow(
                [entry["name"], rank, name, found["mean"], found["median"], low, high, found["n"]]
            )
    return out.getvalue()


def frame(comparison: Comparison) -> Any:
    """The records as a ``pandas.DataFrame``. Raises ``PluginError`` where pandas is missing."""
    try:
        import pandas as pd
    except ImportError:
        raise PluginError(
            "no table", "the module 'pandas' is not installed", "pip install pandas"
        ) from None
    return pd.DataFrame(
        [
            {k: v for k, v in row.items() if not k.startswith("metric")} | row["metrics"]
            for row in comparison.records()
        ]
    )


def html(comparison: Comparison) -> str:
    """The ranked table for a notebook."""
    report = comparison.as_dict()
    head, rows = ranking(report, headline(comparison))
    cells = ["".join(f"<th>{escape(c)}</th>" for c in head)]
    cells += ["".join(f"<td>{escape(c)}</td>" for c in row) for row in rows]
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<p>{escape('; '.join(caption(report)))}</p><table>{body}</table>"


def _count(images: int) -> str:
    return f"{images} picture{'' if images == 1 else 's'}"


def _cell(found: dict[str, Any] | None, digits: int, interval: bool) -> str:
    if found is None:
        return "-"
    text = f"{found['mean']:.{digits}f}"
    if interval and found["ci95"]:
        text += f" ± {(found['ci95'][1] - found['ci95'][0]) / 2:.{digits}f}"
    return text


def _p(p: float) -> str:
    if math.isnan(p):
        return "-"
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}"
