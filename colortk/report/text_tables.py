"""A comparison as tables: for the terminal, Markdown, CSV, a notebook."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from colortk.errors import PluginError
from colortk.harness.comparison import Comparison
from colortk.harness.scored_set import HEADLINE
from colortk.harness.second_predictions import marked_name
from colortk.harness.set_measures import with_set_measures
from colortk.report.captions import (
    caption,
    definitions,
    n_of,
    of_films,
    pairing_title,
    title,
    verdict_lines,
)

Table = tuple[list[str], list[list[str]]]


def headline(comparison: Comparison) -> list[str]:
    """The metrics that a table shows: those that were asked for, else those that lead."""
    if comparison.asked:
        return with_set_measures(comparison.metrics)
    shown = [m for m in HEADLINE if m in comparison.metrics] or list(comparison.metrics)[:7]
    # What films alone have comes second, so that a narrow terminal shows it.
    films = [m for m, s in comparison.metrics.items() if s.takes == "film" and m not in shown]
    return with_set_measures([*shown[:1], *films, *shown[1:]])


def ranking(report: dict[str, Any], metrics: Sequence[str], interval: bool = True) -> Table:
    """Head and rows: rank, group, plugin, every metric's mean (and its interval), time, failures.

    Where the number of scores differs between columns, every column has its own.
    """
    known, films = report["metrics"], of_films(report)
    numbers = column_counts(report, metrics)
    head = ["rank", "group", "plugin", *(known[m]["heading"] + numbers.get(m, "") for m in metrics)]
    head += ["s/frame" if films else "s/picture", "MB", report["kind"], "failed"]
    rows = []
    for entry in report["plugins"]:
        cells = [
            _cell(entry["metrics"].get(m), known[m]["digits"], interval, m in numbers)
            for m in metrics
        ]
        if "colorfulness" in metrics and entry["colorfulness_gap"]:
            place = metrics.index("colorfulness")
            cells[place] += f" of {entry['colorfulness_gap']['truth']:.1f}"
        for name in set(metrics) & set(entry.get("beside", ())):
            cells[metrics.index(name)] += f" of {entry['beside'][name]:.{known[name]['digits']}f}"
        seconds, memory = entry["seconds"].get("median"), entry["peak_memory"]
        rows.append(
            [
                "-" if entry["rank"] is None else str(entry["rank"]),
                entry["group"] or "-",
                marked_name(entry),
                *cells,
                "-" if seconds is None else f"{seconds:.3f}",
                "-" if memory is None else f"{memory / 1e6:.0f}",
                n_of(entry["n"], report["images"]),
                str(entry["failed"]),
            ]
        )
    return head, rows


def column_counts(report: dict[str, Any], metrics: Sequence[str]) -> dict[str, str]:
    """For the head of every column its number of scores, if columns or rows differ in it."""
    counts: dict[str, list[int]] = {}
    for m in metrics:
        of_metric = {
            entry["metrics"][m]["n"] for entry in report["plugins"] if m in entry["metrics"]
        }
        counts[m] = sorted(of_metric or {0})
    if len({n for found in counts.values() for n in found} - {0}) < 2:
        return {}
    return {
        m: f" (n={found[0]})" if len(found) == 1 else f" (n={found[0]}–{found[-1]})"
        for m, found in counts.items()
    }


def pairing(report: dict[str, Any], metrics: Sequence[str]) -> Table:
    """Head and rows: every plugin minus the best, interval, p, and wins, ties and losses."""
    known = report["metrics"]
    corrected = "p (family: Holm)" if report["family"] else "p"
    head = ["metric", "plugin", "difference [95 %]", corrected, "wins/ties/losses", report["kind"]]
    rows = []
    for row in report["paired"]:
        if row["metric"] not in metrics:
            continue
        digits = known[row["metric"]]["digits"]
        text = f"{row['difference']:+.{digits}f}"
        if row["ci95"]:
            text += f" [{row['ci95'][0]:+.{digits}f}, {row['ci95'][1]:+.{digits}f}]"
        tally = "-" if row["wins"] is None else f"{row['wins']}/{row['ties']}/{row['losses']}"
        rows.append(
            [
                known[row["metric"]]["heading"],
                row["plugin"],
                text,
                _p(row["p"]),
                tally,
                n_of(row["n"], report["images"]),
            ]
        )
    return head, rows


def markdown(comparison: Comparison) -> str:
    """Ranked table and paired differences as Markdown; those of films under a heading."""
    parts = []
    for part in sections(comparison):
        report = part.as_dict()
        parts += [f"## {name}"] if (name := title(report)) else []
        parts.append(_marked("; ".join(caption(report)) + "."))
        parts.append(_markdown(ranking(report, headline(part))))
        parts.append(
            "\n".join(f"- {_marked(line)}" for line in definitions(report, headline(part)))
        )
        parts.append(_marked("; ".join(verdict_lines(report)) + "."))
        if report["paired"]:
            lead = [report["ranking_metric"]]
            parts.append(_marked(f"Difference: {pairing_title(report, lead)}."))
            parts.append(_markdown(pairing(report, lead)))
    return "\n\n".join(parts) + "\n"


def sections(comparison: Comparison) -> list[Comparison]:
    """Those of pictures and of films, each with that of its gray originals if these are kept.

    One that has nothing is left out where another has something.
    """
    both = [part for part in (comparison, comparison.films) if part is not None]
    parts = [part for one in both for part in (one, one.gray) if part is not None]
    return [part for part in parts if part.used or part.near_gray] or both[:1]


def _marked(text: str) -> str:
    """Text in which Markdown takes no asterisk for emphasis and no bar for a column."""
    return re.sub(r"([*_|<])", r"\\\1", text)


def _markdown(table: Table) -> str:
    lines = [table[0], ["---"] * len(table[0]), *table[1]]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)


def as_csv(comparison: Comparison, per_image: bool = False) -> str:
    """One line a plugin and metric; with ``per_image`` one line a picture and plugin.

    After the scores: whether second predictions were the same (1 or 0, nothing if there were none)
    and their largest difference of a* or b*, protocol, the plugin's version and SHA-256 of its
    weights. Where films were given or gray originals kept, a last column says what a line is of.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    both = [comparison] if comparison.films is None else [comparison, comparison.films]
    parts = [part for one in both for part in (one, one.gray) if part is not None]
    of = ["of"] if len(parts) > 1 else []
    names = list(dict.fromkeys(name for part in parts for name in part.metrics))
    if per_image:
        head = ["picture", "name", "plugin", "near_gray", *names, "seconds", "error"]
        head.append("repeat_difference")
    else:
        head = ["plugin", "rank", "group", "ranked_by", "metric", "mean", "median"]
        head += ["low95", "high95", "n", "images", "deterministic", "repeat_difference"]
    writer.writerow([*head, "protocol", "version", "artifact", *of])
    for part in parts:
        protocol = f"{part.protocol.name} ({part.protocol.hash})"
        origins = {e.label: [protocol, e.version, e.key.artifact] for e in part.variants}
        for label, line in _records(part, names) if per_image else _means(part):
            writer.writerow([*line, *origins[label], *(of and [part_of(part)])])
    return out.getvalue()


def part_of(comparison: Comparison) -> str:
    """What the lines of a part are of, in CSV."""
    return ("gray " if comparison.gray_only else "") + comparison.kind


def _records(comparison: Comparison, names: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    for row in comparison.records():
        yield row["plugin"], [
            row["picture"], row["name"], row["plugin"], int(row["near_gray"]),
            *(row["metrics"].get(name, "") for name in names), row["seconds"], row["error"] or "",
            _repeat_difference(row),
        ]  # fmt: skip


def _repeat_difference(record: dict[str, Any]) -> float | str:
    """The largest difference of a second prediction, or nothing if there is none."""
    again = record["repeat"]
    return "" if again is None or again["error"] is not None else again["difference"]


def _means(comparison: Comparison) -> Iterator[tuple[str, list[Any]]]:
    report = comparison.as_dict()
    for entry in report["plugins"]:
        rank = "" if entry["rank"] is None else entry["rank"]
        repeats = entry["repeats"] or {"deterministic": None, "max_difference": None}
        same = "" if repeats["deterministic"] is None else int(repeats["deterministic"])
        apart = "" if repeats["max_difference"] is None else repeats["max_difference"]
        for name, found in entry["metrics"].items():
            low, high = found["ci95"] or ("", "")
            yield entry["name"], [
                entry["name"], rank, entry["group"], report["ranking_metric"], name, found["mean"],
                found["median"], low, high, found["n"], report["images"], same, apart,
            ]  # fmt: skip


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
            {k: v for k, v in row.items() if not k.startswith(("metric", "repeat"))}
            | {"repeat_difference": (row["repeat"] or {}).get("difference")}
            | row["metrics"]
            for row in comparison.records()
        ]
    )


def html(comparison: Comparison) -> str:
    """The ranked tables for a notebook."""
    text = ""
    for part in sections(comparison):
        report = part.as_dict()
        head, rows = ranking(report, headline(part))
        cells = ["".join(f"<th>{escape(c)}</th>" for c in head)]
        cells += ["".join(f"<td>{escape(c)}</td>" for c in row) for row in rows]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        text += f"<p>{escape('; '.join(caption(report)))}</p><table>{body}</table>"
        lines = verdict_lines(report) + definitions(report, headline(part))
        text += "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
    return text


def _cell(found: dict[str, Any] | None, digits: int, interval: bool, counted: bool) -> str:
    if found is None:
        return "-"
    text = f"{found['mean']:.{digits}f}"
    if interval and found["ci95"]:
        text += f" [{found['ci95'][0]:.{digits}f}, {found['ci95'][1]:.{digits}f}]"
    if counted:
        text += f" (n={found['n']})"
    return text


def _p(p: float | None) -> str:
    if p is None or math.isnan(p):
        return "-"
    return "< 0.001" if p < 1e-3 else f"{p:.3f}"
