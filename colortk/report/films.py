"""The report's sections of films and of gray originals: plain HTML, without JavaScript."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from colortk.report.captions import caption, count, pairing_title, title, verdict_lines
from colortk.report.html_table import definitions, escape
from colortk.report.picture_images import Sheet
from colortk.report.text_tables import Table, pairing, ranking


def section(report: dict[str, Any], metrics: list[str], sheets: Iterable[Sheet]) -> Iterator[str]:
    """The section in pieces. ``report``: of films, as ``--json`` prints it; ``metrics``: columns.

    ``sheets``: the middle frame of every film and what was made of it, read once.
    """
    yield '<section id="films"><h2>Films</h2>'
    yield from tables(report, metrics)
    if "gray" in report:
        yield f"<h3>{escape(title(report['gray']))}</h3>"
        yield from tables(report["gray"], metrics)
    known = {film["picture"]: film for film in report["originals"]}
    for sheet in sheets:
        yield from _strip(sheet, known[sheet.picture], report["metrics"])
    yield "</section>"


def gray_section(report: dict[str, Any], metrics: list[str]) -> Iterator[str]:
    """The gray pictures that were kept, in pieces; ``report``: of pictures."""
    if "gray" in report:
        yield f'<section id="gray"><h2>{escape(title(report["gray"]))}</h2>'
        yield from tables(report["gray"], metrics)
        yield "</section>"


def tables(report: dict[str, Any], metrics: list[str]) -> Iterator[str]:
    """Captions, the ranked table, definitions, differences and failures of a report."""
    lines = [*caption(report), *verdict_lines(report)]
    yield f'<p class="note">{escape("; ".join(lines))}.</p>'
    yield _table(ranking(report, metrics))
    yield "<details><summary>Definitions</summary>"
    yield definitions({"metrics": {name: report["metrics"][name] for name in metrics}})
    yield "</details>"
    if report["paired"] and report["images"] > 1:
        wanted = [report["ranking_metric"], "flicker"]
        yield f'<p class="note">Differences: {escape(pairing_title(report, wanted))}.</p>'
        yield _table(pairing(report, wanted))
    if report["failures"]:
        yield f"<details><summary>{len(report['failures'])} without a result</summary>"
        rows = [[row["plugin"], row["picture"], row["error"]] for row in report["failures"]]
        yield _table((["plugin", report["kind"].removesuffix("s"), "why"], rows), "text")
        yield "</details>"


def _table(table: Table, kind: str = "films") -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table[0])
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table[1]
    )
    return (
        f'<div class="wide" tabindex="0"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _strip(sheet: Sheet, film: dict[str, Any], metrics: dict[str, Any]) -> Iterator[str]:
    told = [count(film["frames"], "frame"), f"{film['width']} × {film['height']}"]
    told += [f"{film['lost_frames']} more could not be read"] if film["lost_frames"] else []
    told += ["gray: not scored" if not film["scored"] else "gray"] if film["near_gray"] else []
    told += [
        f"{metrics[name]['label']} {value:.{metrics[name]['digits']}f}"
        for name, value in film["metrics"].items()
        if name in metrics
    ]
    yield (
        f"<h3>{escape(sheet.name)}</h3>"
        f'<p class="note">{escape(", ".join(told))}. A frame from its middle:</p>'
        '<div class="tiles">'
    )
    shown = {"lightness": sheet.grey, "original": sheet.truth, **sheet.results}
    for name, image in shown.items():
        data = base64.b64encode(image).decode("ascii")
        yield (
            f'<figure><img alt="{escape(name)}" src="data:image/jpeg;base64,{data}">'
            f"<figcaption><span>{escape(name)}</span></figcaption></figure>"
        )
    yield "</div>"
