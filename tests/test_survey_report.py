"""The survey's report: its intervals against SciPy and statsmodels, its numbers, its page."""

from __future__ import annotations

import csv
import io
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colortk.survey import tables
from colortk.survey.findings import findings
from colortk.survey.page import page
from colortk.survey.proportions import by_rater, newcombe, wilson
from colortk.survey.session import Survey
from surveys import answer_all, make_survey

SHARES = {"real": 0.8, "a": 0.5, "b": 0.1}


@pytest.mark.parametrize("n", [1, 2, 9, 48, 1000])
def test_wilson_is_scipys(n: int) -> None:
    from scipy.stats import binomtest

    for count in {0, 1, n // 3, n - 1, n}:
        expected = binomtest(count, n).proportion_ci(method="wilson")
        assert wilson(count, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert wilson(0, 0) == (0, 1)


#: count, n, other, m, and what statsmodels 0.15's
#: ``confint_proportions_2indep(…, method="newcomb", compare="diff")`` gives.
NEWCOMBE = [
    (22, 48, 122, 144, -0.530468192686, -0.234492415290),
    (1, 4, 10, 12, -0.820215208762, -0.053155472427),
    (5, 5, 3, 20, 0.367246324879, 0.947631254104),
    (0, 7, 9, 9, -1.000000000000, -0.536278297674),
    (333, 1000, 500, 1001, -0.208564316024, -0.123562492189),
]


@pytest.mark.parametrize("count, n, other, m, low, high", NEWCOMBE)
def test_newcombe_is_statsmodels(
    count: int, n: int, other: int, m: int, low: float, high: float
) -> None:
    assert newcombe(count, n, other, m) == pytest.approx((low, high), abs=1e-9)


def test_newcombe_is_his_own() -> None:
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe(10, 10, 0, 20) == pytest.approx((0.6791, 1.0), abs=5e-5)
    assert newcombe(0, 0, 3, 10) == (-1, 1)


def test_the_interval_over_raters_covers_what_it_should() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(60):
        bias = rng.normal(0, 0.1, 25).clip(-0.25, 0.25)  # who says yes to everything
        mine = np.stack([rng.binomial(10, 0.35 + bias), np.full(25, 10)], 1).astype(float)
        theirs = np.stack([rng.binomial(10, 0.65 + bias), np.full(25, 10)], 1).astype(float)
        bounds = by_rater(mine, theirs)
        assert bounds is not None
        covered += bounds[0] <= -0.3 <= bounds[1]
    assert 51 <= covered <= 60
    assert by_rater(np.ones((9, 2)), np.ones((9, 2))) is None


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


def test_the_numbers_are_those_of_the_answers(answered: Survey) -> None:
    report = findings(answered, per_answer=True)
    given = answered.answers.given()
    assert report["raters"] == {
        "came": 13, "answered": 12, "finished": 11, "counted": 12, "flagged_counted": True,
        "flagged": [{"rater": 11, "answers": 6, "real": True}],
    }  # fmt: skip
    assert report["answers"] == 69 == len(report["records"])
    for k, row in enumerate(report["conditions"]):
        mine = [a.real for a in given if a.condition == k]
        assert (row["answers"], row["real"]) == (len(mine), sum(mine))
        assert row["share"] == pytest.approx(np.mean(mine))
        assert row["ci95"] == pytest.approx(wilson(sum(mine), len(mine)))
        assert row["answers"] == sum(p["conditions"][k]["answers"] for p in report["pictures"])
    real, first, _ = report["conditions"]
    assert first["difference"] == pytest.approx(first["share"] - real["share"])
    assert first["ratio"] == pytest.approx(first["share"] / real["share"])
    low, high = first["ci95_newcombe"]
    assert low < first["difference"] < high
    assert first["ci95_by_rater"][0] < first["difference"] < first["ci95_by_rater"][1]
    without = findings(answered, without_flagged=True)
    assert without["answers"] == 63
    assert without["raters"]["counted"] == 11
    ids = {rater for (rater,) in _rows(answered, "SELECT id FROM raters")}
    assert not [name for name in ids if name in str(report)]  # whoever has it answers as they


def _rows(survey: Survey, query: str) -> list[tuple[Any, ...]]:
    with survey.answers._open() as db:
        return db.execute(query).fetchall()


def test_an_empty_survey_has_a_report(tmp_path: Path) -> None:
    survey = make_survey(tmp_path / "s")
    report = findings(survey)
    assert [row["share"] for row in report["conditions"]] == [None] * 3
    assert report["conditions"][1]["difference"] is None
    assert "no answer" in "".join(page(survey, report))
    assert tables.conditions(report)[1][1][2:] == ["-"] * 5


def test_csv(answered: Survey) -> None:
    rows = list(csv.DictReader(io.StringIO(tables.as_csv(findings(answered)))))
    assert len(rows) == 3 + 3 * 6
    assert [row["condition"] for row in rows[:3]] == ["real", "a", "b"]
    assert float(rows[1]["difference"]) < 0
    assert rows[0]["picture"] == rows[0]["difference"] == ""
    each = list(csv.DictReader(io.StringIO(tables.as_csv(findings(answered, per_answer=True)))))
    assert len(each) == 69
    assert {row["said_real"] for row in each} == {"0", "1"}


class Checked(HTMLParser):
    """Tags that are open, and whether what closes is what was open."""

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


def test_the_page_is_one_whole_file(answered: Survey) -> None:
    text = "".join(page(answered, findings(answered)))
    checked = Checked(text)
    assert checked.open == []
    assert checked.scripts == 0
    assert text.count("data:image/jpeg;base64,") == 18
    for outside in ("http:", "https:", "url(", "style=", "onclick"):
        assert outside not in text.replace("url(#perception)", ""), outside
    assert "1 rater answered everything the same way" in text
    assert "{{" not in text
    order = [text.index(f"<h3>photo{k}.jpg") for k in range(6)]
    rates = [
        np.mean([r["share"] for r in p["conditions"][1:] if r["answers"]])
        for p in findings(answered)["pictures"]
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
