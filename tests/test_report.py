"""The content of the HTML report."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from colortk.harness.statistics import MetricMean
from colortk.report import comparison_page
from colortk.report.comparison_page import write_page
from colortk.report.picture_images import PictureImages
from reports import (
    HOSTILE,
    PICTURES,
    html_of,
    jpeg,
    make_histograms,
    make_report,
    make_sheets,
)


class Page(HTMLParser):
    """A parser that collects tags, attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[dict[str, str | None], str]] = []
        self.cells: list[list[str]] = []
        self.hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.hidden = "hidden" in dict(attrs)
            if not self.hidden:
                self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.hidden |= tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if tag in ("script", "style") and self.cdata_elem:
            self.inside.append((attributes, data))
        elif self.cells and self.cells[-1] and not self.hidden:
            self.cells[-1][-1] += data + " "

    def blocks(self, **wanted: str) -> list[Any]:
        """Return parsed JSON of the scripts with these attributes (``id`` or ``class``)."""
        items = wanted.items()
        return [json.loads(text) for at, text in self.inside if items <= at.items()]


def test_the_page_contains_all_records() -> None:
    report = make_report()
    page = Page(html_of(summary=report))
    assert page.blocks(id="report") == [json.loads(json.dumps(report.as_dict()))]
    assert page.blocks(id="counts") == [make_histograms()]
    sheets = list(make_sheets())
    blocks = page.blocks(**{"class": "sheet"})
    assert len(blocks) == len(sheets)
    for sheet, block in zip(sheets, blocks, strict=True):
        assert base64.b64decode(block["gray"]) == sheet.gray
        assert base64.b64decode(block["truth"]) == sheet.truth
        for kind in ("results", "heats"):
            found = {name: base64.b64decode(text) for name, text in block[kind].items()}
            assert found == getattr(sheet, kind)
    marks = [attributes for tag, attributes in page.tags if attributes.get("class") == "sheet"]
    assert [mark["data-picture"] for mark in marks] == [sheet.picture for sheet in sheets]
    assert [mark["data-near-gray"] for mark in marks] == list("001000")


def test_the_script_reads_only_images_that_the_page_has() -> None:
    script = (Path(comparison_page.__file__).parent / "sheets.js").read_text()
    names = set(re.findall(r"\bimages\.(\w+)", script))
    assert names >= {"gray", "truth", "results"}
    for block in Page(html_of()).blocks(**{"class": "sheet"}):
        assert names <= block.keys()


def test_the_report_page_loads_no_other_file() -> None:
    text = html_of()
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    assert set(re.findall(r"https?://[^\"'`\s]*", text)) == {"http://www.w3.org/2000/svg"}  # a name
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#perception"}


def test_the_policy_knows_the_pages_own_script_and_style() -> None:
    page = Page(html_of())
    policy = next(at["content"] for _, at in page.tags if at.get("http-equiv"))
    assert policy is not None
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["img-src"] == "data:"
    # One script that runs (JSON does not) and one style.
    code = [text for at, text in page.inside if at.get("type") != "application/json"]
    assert len(code) == 2
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    assert [parts["style-src"], parts["script-src"]] == [f"'sha256-{digest}'" for digest in digests]


def test_a_hostile_name_stays_text() -> None:
    labels = {"fair": HOSTILE}
    report = make_report(labels)
    plain = Page(html_of())
    page = Page(html_of(summary=report, sheets=make_sheets({1: HOSTILE}, labels)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    names = [at["data-name"] for _, at in page.tags if at.get("class") == "sheet"]
    assert names[1] == HOSTILE
    assert [at["data-plugin"] for tag, at in page.tags if "data-plugin" in at][1] == HOSTILE
    assert page.blocks(id="report") == [json.loads(json.dumps(report.as_dict()))]
    assert HOSTILE in page.blocks(**{"class": "sheet"})[0]["results"]


def test_names_that_utf8_cannot_hold() -> None:
    file = io.BytesIO()
    write_page(file, make_report(), make_sheets({0: "bad\udcff.jpg"}), {})
    text = file.getvalue().decode("utf-8")
    assert 'data-name="bad?.jpg"' in text


def test_values_that_are_not_finite_become_null() -> None:
    report = make_report()
    report.plugins[0].metrics["psnr"] = MetricMean(float("inf"), 1.0, (1.0, float("nan")), 6)
    [found] = Page(html_of(summary=report)).blocks(id="report")
    assert found["plugins"][0]["metrics"]["psnr"]["mean"] is None
    assert found["plugins"][0]["metrics"]["psnr"]["ci95"] == [1.0, None]


def test_a_sheet_is_written_before_the_next_is_asked_for() -> None:
    file = io.BytesIO()
    lengths = []

    def watched() -> Iterator[PictureImages]:
        for sheet in make_sheets():
            lengths.append(len(file.getvalue()))
            yield sheet

    write_page(file, make_report(), watched(), {})
    assert len(lengths) == PICTURES
    steps = np.diff([*lengths, len(file.getvalue())])
    assert (steps > 4 * len(jpeg((200, 40, 40)))).all()


def test_the_ranked_table_is_readable_without_javascript() -> None:
    page = Page(html_of())
    rows = [[" ".join(cell.split()) for cell in row] for row in page.cells]
    # Scores are missing: every column and every cell states how many it has.
    assert rows[0] == [
        "rank", "group", "plugin", "LPIPS ↓ (n=5–6)", "SSIM ↑ (n=1)", "PSNR ↑ (n=5–6)", "CF (n=0)",
        "s/picture ↓", "pictures", "failed ↓",
    ]  # fmt: skip
    # Means of 3.0 … 3.5, 4.0 … 4.5 and 9.0 … 9.8, in units of their measures.
    good, fair, poor = rows[1:4]
    assert good == [
        "–", "a", "good 0.1.0 The good one", "3.2500 3.0000 – 3.5000 n=6", "0.900 n=1",
        "26.75 26.50 – 27.00 n=6", "–", "0.500", "6", "0",
    ]  # fmt: skip
    assert fair[:5] == ["–", "a", "fair 0.1.0 k=2 The fair one", "4.2500 4.0000 – 4.5000 n=6", "–"]
    assert poor[:2] == ["–", "–"]
    assert poor[3] == "9.4000 9.0000 – 9.8000 n=5"
    assert poor[-2:] == ["5 of 6", "1"]


def test_the_page_names_the_ranking_measure_and_the_gray_originals() -> None:
    text = html_of()
    assert "<li>ranked by LPIPS (lower is better)" in text
    assert "1 gray original, left out of every metric" in text
    assert "photo2.jpg</p>" in text or "photo2.jpg.</p>" in text
    lines = Page(text).blocks(id="verdict-lines")[0]
    assert lines["psnr"][0].startswith("ranked by PSNR (higher is better)")
    assert lines["colorfulness"] == ["CF has no better direction: plugins are not ranked"]
    assert any("no rank, no group: poor (5 of 6)" in line for line in lines["psnr"])


def test_few_pictures_are_called_few() -> None:
    assert "Only 6 pictures: the results are not reliable." in html_of()
    assert "not reliable" not in html_of(summary=replace(make_report(), images=20))
