"""The parts of the page that are readable without JavaScript: its head and the ranked table."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

from colortk.harness import sealing
from colortk.harness.comparison import FEW
from colortk.harness.scored_set import HEADLINE
from colortk.harness.second_predictions import marked_name, repeat_notes
from colortk.report.captions import gray_lines, n_of, verdict_lines
from colortk.report.text_tables import column_counts

#: Columns shown at first, of those that the report has; its lead measure is always shown.
SHOWN = (*HEADLINE, "seconds")


@dataclass(frozen=True)
class Column:
    """A column of numbers. ``better``: "higher", "lower" or "" where neither is."""

    key: str
    label: str
    summary: str
    better: str
    digits: int
    shown: bool


@dataclass(frozen=True)
class Cell:
    """A number with its 95 % interval and its number of pictures, where there are such."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


def escape(text: object) -> str:
    """``text`` for HTML, inside quotes too; what UTF-8 cannot hold becomes "?"."""
    return html.escape(str(text).encode("utf-8", "replace").decode("utf-8"))


def columns(report: dict[str, Any]) -> list[Column]:
    """The measures in the report's order, then time, memory and failures."""
    found = []
    for key, metric in report["metrics"].items():
        higher = metric.get("higher_is_better")
        better = "" if higher is None else "higher" if higher else "lower"
        unit = metric.get("unit")
        summary = metric.get("summary", "") + (f" ({unit})" if unit else "")
        shown = key in (report.get("shown") or SHOWN) or key == report.get("ranking_metric")
        digits = int(metric.get("digits", 3))
        found.append(Column(key, metric.get("label") or key, summary, better, digits, shown))
    return [
        *found,
        Column("seconds", "s/picture", "Median seconds a picture", "lower", 3, True),
        Column("peak_memory", "MB", "Peak memory, 10⁶ bytes", "lower", 0, False),
        Column("n", "pictures", "Pictures with a score of the ranking measure", "", 0, True),
        Column("failed", "failed", "Pictures without a result", "lower", 0, True),
    ]


def cell(plugin: dict[str, Any], key: str) -> Cell:
    """What ``plugin`` has in column ``key``; a plugin that failed may have nothing."""
    if key == "seconds":
        return Cell(_number((plugin.get("seconds") or {}).get("median")))
    if key == "peak_memory":
        peak = _number(plugin.get("peak_memory"))
        return Cell(None if peak is None else peak / 1e6)
    if key in ("failed", "n"):
        return Cell(float(plugin.get(key) or 0))
    found = (plugin.get("metrics") or {}).get(key) or {}
    low, high = found.get("ci95") or (None, None)
    return Cell(_number(found.get("mean")), _number(low), _number(high), found.get("n"))


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def head(report: dict[str, Any]) -> str:
    """Title, counts, and what to be careful with."""
    protocol, images = report["protocol"], int(report["images"])
    films = report.get("kind") == "films"
    one = "film" if films else "picture"
    counts = [
        (_plural(images, one), ""),
        (_plural(len(report["plugins"]), "plugin"), ""),
        (_plural(len(report["gray_originals"]), "gray original"), report["gray_rule"]),
        (f"{report['enlarged']} enlarged", "smaller than the protocol's size"),
    ]
    gaps = [gap for p in report["plugins"] if (gap := p.get("colorfulness_gap"))]
    if gaps:
        counts.append((f"CF {gaps[0]['truth']:.1f}", "mean colorfulness of the originals"))
    items = "".join(
        f"<li><b>{escape(count)}</b>{f' <span>{escape(why)}</span>' if why else ''}</li>"
        for count, why in counts
    )
    warning = ""
    if images < FEW:
        warning = (
            f'<p class="warning" role="note">Only {_plural(images, one)}: so few prove'
            " little. Read the order below as an anecdote.</p>"
        )
    for line in repeat_notes(report):
        warning += f'<p class="warning" role="note">{escape(line)}.</p>'
    lines = [*gray_lines(report), *sealing.notes(report)]
    gray = "".join(f'<p class="note">{escape(line)}.</p>' for line in lines)
    definition = "".join(
        f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>"
        for key, value in (protocol.get("definition") or {}).items()
    )
    made = f" colortk {escape(report['colortk'])}" if report.get("colortk") else ""
    return (
        f"<h1>Colorizers compared</h1>"
        f'<p class="protocol">Protocol <b>{escape(protocol["name"])}</b>'
        f" <code>{escape(protocol['hash'])}</code>{made}</p>"
        f'<ul class="counts">{items}</ul>{gray}{warning}'
        f"<details><summary>What the protocol does</summary><dl>{definition}</dl></details>"
    )


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def ranked_by(report: dict[str, Any]) -> str:
    """How to read ranks and groups; the page replaces it if another measure is chosen."""
    return "".join(f"<li>{escape(line)}</li>" for line in verdict_lines(report))


def ranking(report: dict[str, Any]) -> str:
    """The ranked table. Columns that are not shown at first are there, hidden."""
    listed = columns(report)
    counts = column_counts(report, list(report["metrics"]))
    titles = "".join(_title(column, counts.get(column.key, "")) for column in listed)
    rows = "\n".join(
        _row(plugin, listed, report["images"], bool(counts)) for plugin in report["plugins"]
    )
    return (
        '<table id="ranking"><thead><tr>'
        '<th scope="col" data-key="rank"><button type="button">rank</button></th>'
        '<th scope="col" data-key="group" title="plugins with a letter in common are not told'
        ' apart"><button type="button">group</button></th>'
        '<th scope="col" data-key="name"><button type="button">plugin</button></th>'
        f"{titles}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    )


def definitions(report: dict[str, Any]) -> str:
    """What every measure of the table depends on, as a list."""
    items = "".join(
        f"<dt>{escape(metric.get('label') or key)}</dt><dd>{escape(metric['definition'])}</dd>"
        for key, metric in report["metrics"].items()
        if metric.get("definition")
    )
    return f'<dl class="definitions">{items}</dl>'


def _title(column: Column, counted: str) -> str:
    arrow = {"higher": "↑", "lower": "↓", "": ""}[column.better]
    hint = f"{column.summary}; {column.better} is better" if column.better else column.summary
    return (
        f'<th scope="col" data-key="{escape(column.key)}" data-better="{column.better}"'
        f' title="{escape(hint)}"{"" if column.shown else " hidden"}>'
        f'<button type="button">{escape(column.label)}'
        f"{f' <i>{arrow}</i>' if arrow else ''}</button>"
        f"{f'<small>{escape(counted)}</small>' if counted else ''}</th>"
    )


def _row(plugin: dict[str, Any], listed: list[Column], images: int, counted: bool) -> str:
    rank = plugin["rank"]
    options = " ".join(f"{k}={v}" for k, v in (plugin.get("options") or {}).items())
    version = " ".join(filter(None, (plugin.get("version"), options)))
    return (
        f'<tr data-plugin="{escape(plugin["name"])}">'
        f'<td data-key="rank" data-value="{"" if rank is None else rank}">'
        f"{'–' if rank is None else rank}</td>"
        f'<td data-key="group" data-value="{escape(plugin["group"])}">'
        f"{escape(plugin['group'] or '–')}</td>"
        f'<th scope="row" data-key="name"><b>{escape(marked_name(plugin))}</b>'
        f" <small>{escape(version)}</small>"
        f"<span>{escape(plugin.get('summary') or '')}</span></th>"
        + "".join(_cell(cell(plugin, column.key), column, images, counted) for column in listed)
        + "</tr>"
    )


def _cell(found: Cell, column: Column, images: int, counted: bool) -> str:
    attributes = f'data-key="{escape(column.key)}"{"" if column.shown else " hidden"}'
    if found.value is None:
        return f'<td {attributes} data-value="">–</td>'
    text = f"{found.value:.{column.digits}f}"
    if found.low is not None and found.high is not None:
        attributes += f' data-low="{found.low!r}" data-high="{found.high!r}"'
        low, high = (f"{bound:.{column.digits}f}" for bound in (found.low, found.high))
        text += f"<small>{low} – {high}</small>"
    if counted and found.n is not None:
        text += f"<small>n={found.n}</small>"
    if column.key == "n":
        text = escape(n_of(int(found.value), images))
    if column.key == "failed" and found.value:
        attributes += ' class="failed"'
    return f'<td {attributes} data-value="{found.value!r}">{text}</td>'
