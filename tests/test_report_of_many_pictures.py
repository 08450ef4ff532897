"""The page of a large comparison shows some pictures, and CSV has the scores of all."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from colortk.report import html
from colortk.report.csv import to_csv
from test_comparison import compared
from test_report import Page


def test_a_page_shows_a_sample_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_REPORT_PICTURES", 10)
    monkeypatch.setattr(html, "EXTREMES", 2)
    monkeypatch.setattr(html, "MAX_REPORT_FAILURES", 3)
    scores = np.random.default_rng(0).normal(20, 3, (95, 3))
    scores[40:46, 1] = np.nan
    found = compared({"psnr": scores})
    file = io.BytesIO()
    html.write_html(file, found, tmp_path)
    page = Page(file.getvalue().decode())
    (report,) = page.blocks(id="report")
    shown = {
        attributes["data-picture"] for tag, attributes in page.tags if "data-picture" in attributes
    }
    assert {record["picture"] for record in report["records"]} == shown
    assert {f"p{k}" for k in range(0, 95, 10)} <= shown
    for column in scores.T:
        order = [k for k in np.argsort(column) if not np.isnan(column[k])]
        assert {f"p{k}" for k in [*order[:2], *order[-2:]]} <= shown
    assert len(shown) <= 10 + 3 * 4
    text = file.getvalue().decode()
    assert f"{len(shown)} of 95 pictures are shown" in text
    assert "3 of 6 failures are listed" in text
    assert len(report["failures"]) == 3
    means = {row["name"]: row["metrics"]["psnr"]["mean"] for row in report["plugins"]}
    assert means == pytest.approx({f"plugin{k}": np.nanmean(scores[:, k]) for k in range(3)}), (
        "of all pictures"
    )
    assert len(list(csv.DictReader(io.StringIO(to_csv(found, per_image=True))))) == 95 * 3


def test_a_page_without_scores_has_no_records(tmp_path: Path) -> None:
    found = compared({"psnr": np.full((3, 2), 20.0)}, gray=[0, 1, 2])
    file = io.BytesIO()
    html.write_html(file, found, tmp_path)
    (report,) = Page(file.getvalue().decode()).blocks(id="report")
    assert report["records"] == []


def test_a_page_of_few_pictures_shows_all(tmp_path: Path) -> None:
    found = compared({"psnr": np.random.default_rng(0).normal(20, 3, (12, 2))})
    file = io.BytesIO()
    html.write_html(file, found, tmp_path)
    (report,) = Page(file.getvalue().decode()).blocks(id="report")
    assert len(report["records"]) == 24
    assert "pictures are shown" not in file.getvalue().decode()
