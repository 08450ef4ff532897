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
from colortk.harness.comparison import FEW, HEADLINE, Comparison
from colortk.harness.films.rows import STEADIED
from colortk.harness.repeats import marked, notes
from colortk.harness.set_measures import with_set_measures

Table = tuple[list[str], list[list[str]]]


def headline(comparison: Comparison) -> list[str]:
    """The metrics that a table shows: those that were asked for, else those that lead."""
    if comparison.asked:
        return with_set_measures(comparison.metrics)
    shown = [m for m in HEADLINE if m in comparison.metrics] or list(comparison.metrics)[:7]
    # What films alone have comes second, so that a narrow terminal shows it.
    films = [m for m, s in comparison.metrics.items() if s.takes == "film" and m not in shown]
    return with_set_measures([*shown[:1], *films, *shown[1:]])


def of_films(report: dict[str, Any]) -> bool:
    """Whether a report is one of films."""
    return report.get("kind") == "films"


def ranking(report: dict[str, Any], metrics: Sequence[str], interval: bool = True) -> Table:
    """Head and rows: rank, plugin, every metric's mean (± half of its interval), time, failures."""
    known = report["metrics"]
    each = "s/frame" if of_films(report) else "s/picture"
    head = ["rank", "plugin", *(known[m]["heading"] for m in metrics), each, "MB", "failed"]
    rows = []
    for entry in report["plugins"]:
        cells = [_cell(entry["metrics"].get(m), known[m]["digits"], interval) for m in metrics]
        if "colorfulness" in metrics and entry["colorfulness_gap"]:
            place = metrics.index("colorfulness")
            cells[place] += f" of {entry['colorfulness_gap']['truth']:.1f}"
        for name in set(metrics) & set(entry.get("beside", ())):
            cells[metrics.index(name)] += f" of {entry['beside'][name]:.{known[name]['digits']}f}"
        seconds, memory = entry["seconds"].get("median"), entry["peak_memory"]
        rows.append(
            [
                "-" if entry["rank"] is None else str(entry["rank"]),
                marked(entry),
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
    protocol, films = report["protocol"], of_films(report)
    what = count(report["images"], "film" if films else "picture")
    if films:
        what += f", {count(sum(film['frames'] for film in report['originals']), 'frame')}"
    lines = [f"protocol {protocol['name']} ({protocol['hash'][:12]}), {what}"]
    if films and any(entry["name"].endswith(STEADIED) for entry in report["plugins"]):
        lines.append(f"NAME{STEADIED}: colours averaged along motion, as colortk video does")
    if films and report["near_grey"]:
        lines.append(
            f"{count(report['near_grey'], 'film')} without colour: "
            + ("compared all the same" if report["near_grey_counted"] else "only flicker is theirs")
        )
    elif report["near_grey"]:
        verdict = "counted all the same" if report["near_grey_counted"] else "left out of them"
        lines.append(f"measures of colour: {report['near_grey']} nearly grey originals, {verdict}")
    if report["near_grey"] * 2 > report["images"] and not films:
        lines.append("most originals have no colour: nothing can be right there but grey")
    if report["enlarged"]:
        were = "was" if report["enlarged"] == 1 else "were"
        lines.append(f"{report['enlarged']} {were} smaller than the protocol's size and enlarged")
    if report["repeated"]:
        lines.append(f"{report['repeated']} more have the content of another and were left out")
    lines += [
        f"left out: '{name}' has the pixels of '{other}'"
        for name, other in list(report["same_pixels"].items())[:FEW]
    ]
    if report["images"] < FEW:
        lines.append(f"so few {'films' if films else 'pictures'} prove little")
    return lines + notes(report)


def definitions(report: dict[str, Any], metrics: Sequence[str]) -> list[str]:
    """What every measure of a table depends on, one line each, as printed under the table."""
    return [
        f"{report['metrics'][m]['label']}: {report['metrics'][m]['definition']}" for m in metrics
    ]


def markdown(comparison: Comparison) -> str:
    """Ranked table and paired differences as Markdown; those of films under a heading."""
    parts = []
    for part in sections(comparison):
        report = part.as_dict()
        parts += ["## Films"] if of_films(report) else []
        parts.append("; ".join(caption(report)) + ".")
        parts.append(_markdown(ranking(report, headline(part))))
        parts.append(
            "\n".join(f"- {_marked(line)}" for line in definitions(report, headline(part)))
        )
        if report["paired"]:
            parts.append(f"Difference to {report['paired'][0]['best']}, paired:")
            parts.append(_markdown(pairing(report, [report["lead"]])))
    return "\n\n".join(parts) + "\n"


def sections(comparison: Comparison) -> list[Comparison]:
    """That of pictures and that of films, without one that has nothing where the other has."""
    both = [part for part in (comparison, comparison.films) if part is not None]
    return [part for part in both if part.used] or both[:1]


def _marked(text: str) -> str:
    """Text in which Markdown takes no asterisk for emphasis and no bar for a column."""
    return re.sub(r"([*_|<])", r"\\\1", text)


def _markdown(table: Table) -> str:
    lines = [table[0], ["---"] * len(table[0]), *table[1]]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines)


def as_csv(comparison: Comparison, per_image: bool = False) -> str:
    """One line a plugin and metric; with ``per_image`` one line a picture and plugin.

    After the scores: whether second predictions were the same (1 or 0, nothing if there were none)
    and their largest difference of a* or b*, protocol, the plugin's version and SHA-256 of its weights. Where films were
    given, a last column says which lines are of films.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = [comparison] if comparison.films is None else [comparison, comparison.films]
    of = ["of"] if len(parts) > 1 else []
    names = list(dict.fromkeys(name for part in parts for name in part.metrics))
    if per_image:
        head = ["picture", "name", "plugin", "near_grey", *names, "seconds", "error"]
        head.append("repeat_difference")
    else:
        head = ["plugin", "rank", "metric", "mean", "median", "low95", "high95", "n"]
        head += ["deterministic", "repeat_difference"]
    writer.writerow([*head, "protocol", "version", "artifact", *of])
    for part in parts:
        protocol = f"{part.protocol.name} ({part.protocol.hash})"
        origins = {e.label: [protocol, e.version, e.key.artifact] for e in part.entries}
        for label, line in _records(part, names) if per_image else _means(part):
            writer.writerow([*line, *origins[label], *(of and [part.kind])])
    return out.getvalue()


def _records(comparison: Comparison, names: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    for row in comparison.records():
        yield row["plugin"], [
            row["picture"], row["name"], row["plugin"], int(row["near_grey"]),
            *(row["metrics"].get(name, "") for name in names), row["seconds"], row["error"] or "",
            _repeat_difference(row),
        ]  # fmt: skip


def _repeat_difference(record: dict[str, Any]) -> float | str:
    """The largest difference of a second prediction, or nothing if there is none."""
    again = record["repeat"]
    return "" if again is None or again["error"] is not None else again["difference"]


def _means(comparison: Comparison) -> Iterator[tuple[str, list[Any]]]:
    for entry in comparison.as_dict()["plugins"]:
        rank = "" if entry["rank"] is None else entry["rank"]
        repeats = entry["repeats"] or {"deterministic": None, "max_difference": None}
        same = "" if repeats["deterministic"] is None else int(repeats["deterministic"])
        apart = "" if repeats["max_difference"] is None else repeats["max_difference"]
        for name, found in entry["metrics"].items():
            low, high = found["ci95"] or ("", "")
            yield entry["name"], [
                entry["name"], rank, name, found["mean"], found["median"], low, high, found["n"],
                same, apart,
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
        lines = definitions(report, headline(part))
        text += "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
    return text


def count(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


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
