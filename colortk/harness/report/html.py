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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, BinaryIO, TextIO, cast

from colortk.harness.report.table import escape, head, ranking

SCRIPTS = ("page.js", "charts.js", "sheets.js")


@dataclass(frozen=True)
class Sheet:
    """One picture of the report. Images are JPEG, short side at most 144 pixels.

    ``picture``: SHA-256 (hex). ``name``: file name, any characters. ``near_grey``: the original
    has (nearly) no colour. ``results``: by plugin. ``heats``: by plugin, grey-scale, 5 times ΔE94
    at every pixel, 255 from ΔE94 51 on.
    """

    picture: str
    name: str
    grey: bytes = field(repr=False)
    truth: bytes = field(repr=False)
    near_grey: bool = False
    results: dict[str, bytes] = field(default_factory=dict, repr=False)
    heats: dict[str, bytes] = field(default_factory=dict, repr=False)


def write(
    file: BinaryIO | TextIO,
    report: dict[str, Any],
    sheets: Iterable[Sheet],
    histograms: dict[str, list[list[int]]],
) -> None:
    """Write the page into ``file``, text or binary; ``sheets`` is read once, one at a time.

    ``report``: what ``compare --json --per-image`` prints. ``histograms``: by plugin, and
    "truth", 22×22 counts of (a*, b*) in bins of 10 from -110 to 110; the first axis is a*.
    Raises whatever ``file`` and ``sheets`` raise.
    """
    if hasattr(file, "encoding"):
        text = cast(TextIO, file)
        for part in page(report, sheets, histograms):
            text.write(part)
    else:
        for part in page(report, sheets, histograms):
            file.write(part.encode())


def page(
    report: dict[str, Any], sheets: Iterable[Sheet], histograms: dict[str, list[list[int]]]
) -> Iterator[str]:
    """The page in pieces, in order. Arguments as of :func:`write`."""
    script, style = "".join(_resource(name) for name in SCRIPTS), _resource("report.css")
    protocol = report["protocol"]["name"]
    values: dict[str, str | Iterator[str]] = {
        "policy": _policy(script, style),
        "title": escape(f"Colorizers compared: protocol {protocol}, {report['images']} pictures"),
        "style": style,
        "head": head(report),
        "ranking": ranking(report),
        "report": to_json(report),
        "histograms": to_json(histograms),
        "sheets": (_block(sheet) for sheet in sheets),
        "script": script,
    }
    for k, part in enumerate(re.split(r"\{\{(\w+)\}\}", _resource("template.html"))):
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
        f' data-name="{escape(sheet.name)}" data-near-grey="{int(sheet.near_grey)}">'
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
