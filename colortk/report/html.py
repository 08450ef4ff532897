"""Writes a comparison as one HTML file that loads nothing from anywhere.

Scores lie in the page as JSON. Every picture's images are a JSON block of their own, which the
page parses when that picture scrolls into view, so that thousands of images cost nothing at first.
The file is written piece by piece and is never held in memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any, BinaryIO, NamedTuple, TextIO, cast

from colortk.report.captions import verdict_lines
from colortk.report.films import gray_section, section
from colortk.report.html_table import definitions, escape, head, ranked_by, ranking
from colortk.report.picture_images import Sheet

__all__ = ["Films", "Sheet", "digest_of", "page", "to_json", "write"]

SCRIPTS = ("page.js", "charts.js", "sheets.js")
#: What of the template is of pictures alone.
_PICTURES = re.compile("<!--pictures-->.*?<!--/pictures-->", re.DOTALL)


class Films(NamedTuple):
    """What the section of films shows: metrics, and a frame of every film, read once."""

    columns: list[str]
    sheets: Iterable[Sheet]


def write(
    file: BinaryIO | TextIO,
    report: dict[str, Any],
    sheets: Iterable[Sheet],
    histograms: dict[str, list[list[int]]],
    films: Films | None = None,
    shown: Sequence[str] = (),
) -> None:
    """Write the page into ``file``, text or binary; ``sheets`` is read once, one at a time.

    ``report``: what ``compare --json --per-image`` prints. ``histograms``: by plugin, and
    "truth", 22×22 counts of (a*, b*) in bins of 10 from -110 to 110; the first axis is a*.
    ``films``: columns and frames of the section of films, whose report is ``report["films"]``.
    ``shown``: measures of the table of gray originals, whose report is ``report["gray"]``.
    Raises whatever ``file`` and ``sheets`` raise.
    """
    if hasattr(file, "encoding"):
        text = cast(TextIO, file)
        for part in page(report, sheets, histograms, films, shown):
            text.write(part)
    else:
        for part in page(report, sheets, histograms, films, shown):
            file.write(part.encode())


def page(
    report: dict[str, Any],
    sheets: Iterable[Sheet],
    histograms: dict[str, list[list[int]]],
    films: Films | None = None,
    shown: Sequence[str] = (),
) -> Iterator[str]:
    """The page in pieces, in order. Arguments as of :func:`write`."""
    script, style = "".join(_resource(name) for name in SCRIPTS), _resource("report.css")
    template = _resource("template.html")
    if films is not None and not report["images"]:  # nothing but films
        template = _PICTURES.sub("", template)
        leading, counted = report["films"], "films"
    else:
        template = template.replace("<!--pictures-->", "").replace("<!--/pictures-->", "")
        leading, counted = report, "pictures"
    protocol = leading["protocol"]["name"]
    values: dict[str, str | Iterator[str]] = {
        "policy": _policy(script, style),
        "title": escape(f"Colorizers compared: protocol {protocol}, {leading['images']} {counted}"),
        "style": style,
        "head": head(leading),
        "ranking": ranking(report),
        "ranked_by": ranked_by(report),
        "definitions": definitions(report),
        "gray": gray_section(report, list(shown)),
        "report": to_json(report),
        "films": iter(())
        if films is None
        else section(report["films"], films.columns, films.sheets),
        "to_films": "" if films is None else ' <a href="#films">Films</a>',
        "histograms": to_json(histograms),
        "verdict_lines": to_json(
            {
                metric: verdict_lines(report | verdict | {"ranking_metric": metric})
                for metric, verdict in report.get("verdicts", {}).items()
            }
        ),
        "sheets": (_block(sheet) for sheet in sheets),
        "script": script,
    }
    for k, part in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        value = values[part] if k % 2 else part
        yield from [value] if isinstance(value, str) else value


def to_json(value: Any) -> str:
    """``value`` as JSON that may stand inside ``<script>``; what is not finite becomes null."""
    text = json.dumps(_finite(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def _block(sheet: Sheet) -> str:
    images = {
        "grey": _base64(sheet.grey),
        "truth": _base64(sheet.truth),
        "results": {name: _base64(image) for name, image in sheet.results.items()},
        "heats": {name: _base64(image) for name, image in sheet.heats.items()},
    }
    return (
        f'<script type="application/json" class="sheet" data-picture="{escape(sheet.picture)}"'
        f' data-name="{escape(sheet.name)}" data-near-gray="{int(sheet.near_gray)}">'
        f"{to_json(images)}</script>\n"
    )


def _base64(image: bytes) -> str:
    return base64.b64encode(image).decode("ascii")


def _policy(script: str, style: str) -> str:
    """Nothing is loaded, and no script or style runs but the page's own, known by their digests."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src '{digest_of(script)}'; style-src '{digest_of(style)}'"
    )


def digest_of(text: str) -> str:
    """What a content security policy knows an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _resource(name: str) -> str:
    """A file of this package; line ends are ``\\n``, as an HTML parser makes them."""
    return files(__package__).joinpath(name).read_text("utf-8")
