"""The report of a survey: intervals against SciPy and statsmodels, counts, and the page."""

from __future__ import annotations

import csv
import io
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.report import survey_tables
from colortk.report.survey_page import page
from colortk.survey.findings import findings
from colortk.survey.proportions import wilson
from colortk.survey.session import Survey
from surveys import answer_all, make_survey

SHARES = {"real": 0.8, "a": 0.5, "b": 0.1}


@pytest.mark.parametrize("n", [1, 2, 9, 48, 1000])
def test_wilson_is_scipys(n: int) -> None:
    from scipy.stats import binomtest

    for count in {0, 1, n // 3, n - 1, n}:
        expected = binomtest(count, n).proportion_ci(method="wilson")
        assert wilson(count / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson(0, 0) == (0, 1)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """Twelve raters, the eleventh always "real", the twelfth gone after three pictures."""
    survey = make_survey(tmp_path_factory.mktemp("survey") / "s")
    for number in range(11):
        shares = dict.fromkeys(SHARES, 1.0) if number == 10 else SHARES
        answer_all(survey, survey.rater(), shares, number)
    late = survey.rater()
    for _ in range(3):
        question = late.next()
        assert question is not None
        late.answer(question.id, True)
    survey.rater()
    return survey


def test_the_report_counts_the_answers(answered: Survey) -> None:
    result = findings(answered, keep_uniform=True, per_answer=True)
    report = result.as_dict()
    given = answered.answers.all_answers()
    assert report["raters"] == {
        "came": 13, "answered": 12, "finished": 11, "counted": 12, "excluded": 0,
        "uniform": [{"rater": 11, "answers": 6, "real": True}], "uniform_minimum": 6,
        "uniform_rule": report["raters"]["uniform_rule"],
    }  # fmt: skip
    assert "at least 6 answers, all of them the same" in report["raters"]["uniform_rule"]
    assert report["answers"] == 69 == len(report["records"])
    for k, row in enumerate(report["conditions"]):
        mine = [a.real for a in given if a.condition == k]
        assert (row["answers"], row["real"]) == (len(mine), sum(mine))
        assert row["share"] == pytest.approx(np.mean(mine))
        low, high = row["ci95"]
        assert low < row["share"] < high
        narrowest = wilson(np.mean(mine), len(mine))
        assert high - low > narrowest[1] - narrowest[0]
        assert row["answers"] == sum(p["conditions"][k]["answers"] for p in report["pictures"])
    real, first, _ = report["conditions"]
    assert first["difference"] == pytest.approx(first["share"] - real["share"])
    assert first["ratio"] == pytest.approx(first["share"] / real["share"])
    low, high = first["difference_ci95"]
    assert low < first["difference"] < high
    for picture in report["pictures"]:
        for row in picture["conditions"]:
            if row["answers"]:
                assert row["ci95"] == pytest.approx(wilson(row["share"], row["answers"]))
    assert "1 rater to whom it applies is kept" in " ".join(survey_tables.caption(result))
    without = findings(answered)
    assert without.answers == 63
    assert without.raters.counted == 11
    assert without.raters.excluded == 1
    assert "1 rater is excluded: 11 (6 times real)." in survey_tables.caption(without)
    ids = {rater for (rater,) in _rows(answered, "SELECT id FROM raters")}
    assert not [
        name for name in ids if name in str(report)
    ]  # anyone with this token answers as that rater


def _rows(survey: Survey, query: str) -> list[tuple[Any, ...]]:
    with survey.answers._open() as db:
        return db.execute(query).fetchall()


def test_an_empty_survey_has_a_report(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    result = findings(survey)
    report = result.as_dict()
    assert [row["share"] for row in report["conditions"]] == [None] * 3
    assert report["conditions"][1]["difference"] is None
    assert "no answer" in "".join(page(survey, result))
    assert report["conditions"][1]["ci95_missing"] == "no answers"
    assert survey_tables.condition_table(result)[1][1][2:] == ["-"] * 4
    assert survey_tables.missing_intervals(result) == []


def test_one_rater_has_shares_without_intervals(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    answer_all(survey, survey.rater(), SHARES, 1)
    result = findings(survey)
    report = result.as_dict()
    for row in report["conditions"]:
        assert row["share"] is not None
        assert row["ci95"] is None
        assert row["ci95_missing"] == "only one rater: how raters differ is not known"
    assert report["conditions"][1]["difference_ci95"] is None
    lines = survey_tables.caption(result)
    assert any(line.startswith("no interval for real, a, a minus real, b") for line in lines)
    text = "".join(page(survey, result))
    assert "only one rater" in text
    assert "nan" not in text


def test_the_csv_report_has_a_row_for_each_condition_and_answer(answered: Survey) -> None:
    rows = list(csv.DictReader(io.StringIO(survey_tables.to_csv(findings(answered)))))
    assert len(rows) == 3 + 3 * 6
    assert [row["condition"] for row in rows[:3]] == ["real", "a", "b"]
    assert float(rows[1]["difference"]) < 0
    assert rows[0]["picture"] == rows[0]["difference"] == ""
    each = list(
        csv.DictReader(
            io.StringIO(
                survey_tables.to_csv(findings(answered, keep_uniform=True, per_answer=True))
            )
        )
    )
    assert len(each) == 69
    assert {row["said_real"] for row in each} == {"0", "1"}


class Checked(HTMLParser):
    """A parser that checks that every closing tag matches the open tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.scripts += tag == "script"
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_page_is_one_file(answered: Survey) -> None:
    text = "".join(page(answered, findings(answered)))
    checked = Checked(text)
    assert checked.open == []
    assert checked.scripts == 0
    assert text.count("data:image/jpeg;base64,") == 18
    for outside in ("http:", "https:", "url(", "style=", "onclick"):
        assert outside not in text.replace("url(#perception)", ""), outside
    assert "1 rater is excluded: 11 (6 times real)." in text
    assert "{{" not in text
    order = [text.index(f"<h3>photo{k}.jpg") for k in range(6)]
    rates = [
        np.mean([r["share"] for r in p["conditions"][1:] if r["answers"]])
        for p in findings(answered).as_dict()["pictures"]
    ]
    assert [rates[k] for k in np.argsort(order)] == sorted(rates, reverse=True)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    survey = make_survey(tmp_path / "s", labels=(name, "b"))
    text = "".join(page(survey, findings(survey)))
    assert name not in text
    assert "&lt;img src=x" in text


@pytest.mark.slow
def test_the_page_in_a_browser(answered: Survey, tmp_path: Path) -> None:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    path = tmp_path / "r.html"
    path.write_text("".join(page(answered, findings(answered))), "utf-8")
    complaints: list[str] = []
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for width in (1280, 390):
            opened = browser.new_page(viewport={"width": width, "height": 900})
            opened.on("console", lambda message: complaints.append(message.text))
            opened.goto(path.as_uri())
            wide = opened.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
            shown = opened.locator("figure img").first.bounding_box()
            assert shown["width"] == pytest.approx(shown["height"], abs=1)
            assert opened.evaluate("getComputedStyle(document.querySelector('svg.share')).height") == "14px"  # fmt: skip
        browser.close()
    assert complaints == []
