"""The report's section of films: plain HTML, so that it needs no JavaScript."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from colortk.harness.report.sheet import Sheet
from colortk.harness.report.table import definitions, escape
from colortk.harness.tables import Table, caption, count, pairing, ranking


def section(report: dict[str, Any], metrics: list[str], sheets: Iterable[Sheet]) -> Iterator[str]:
    """The section in pieces. ``report``: of films, as ``--json`` prints it; ``metrics``: columns.

    ``sheets``: the middle frame of every film and what was made of it, read once.
    """
    lines = [*caption(report), "mean ± half of the 95 % interval over films"]
    yield f'<section id="films"><h2>Films</h2><p class="note">{escape("; ".join(lines))}.</p>'
    yield _table(ranking(report, metrics))
    yield "<details><summary>Definitions</summary>"
    yield definitions({"metrics": {name: report["metrics"][name] for name in metrics}})
    yield "</details>"
    if report["paired"] and report["images"] > 1:
        best = escape(report["paired"][0]["best"])
        yield f'<p class="note">Differences to {best}, paired by film:</p>'
        yield _table(pairing(report, [report["lead"], "flicker"]))
    if report["failures"]:
        yield f"<details><summary>{len(report['failures'])} without a result</summary>"
        rows = [[row["plugin"], row["picture"], row["error"]] for row in report["failures"]]
        yield _table((["plugin", "film", "why"], rows), "text") + "</details>"
    known = {film["picture"]: film for film in report["originals"]}
    for sheet in sheets:
        yield from _strip(sheet, known[sheet.picture], report["metrics"])
    yield "</section>"


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
    told += ["without colour"] if film["near_grey"] else []
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
