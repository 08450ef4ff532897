"""The survey in a real browser: every question is answered, and the report counts the answers."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from colortk.cli.main import invoke
from pages import Visitor, browsing, missing_browser, serving, shoot
from surveys import make_survey

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_survey(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], colortk: Callable[..., Any]
) -> None:
    """Give 20 answers by mouse and keys, reload in between, and read the report."""
    survey = make_survey(tmp_path / "survey", pictures=20)
    kinds = {
        hashlib.sha256(survey.content(shown)).hexdigest(): name
        for subject in survey.description.pictures
        for name, shown in zip(survey.description.conditions, subject.versions, strict=True)
    }
    seen: list[str] = []
    with (
        serving("-p", "gray", "--survey", tmp_path / "survey", folder=tmp_path) as page,
        browsing() as browser,
    ):
        me, looks = Visitor(browser, page.address), Visitor(browser, page.address, width=390)
        looks.page.locator("#begin").wait_for()
        shoot(looks, "survey-welcome-390")
        me.page.locator("#begin").click()
        for number in range(1, 21):
            me.page.get_by_text(f"Picture {number} of 20").wait_for()
            if number == 8:
                me.page.reload()
                me.page.get_by_text("Picture 8 of 20").wait_for()
                assert not me.page.locator("#begin").is_visible()
                shoot(me, "survey")
            source = me.page.locator("#shown").get_attribute("src")
            data = me.page.request.get(source).body() if "base64" not in source else _inline(source)
            with Image.open(io.BytesIO(data)) as image:
                assert image.info == {}
            seen.append(hashlib.sha256(data).hexdigest())
            real = kinds[seen[-1]] == "real"
            if number % 2:
                me.page.locator("#real" if real else "#not-real").click()
            else:
                me.page.keyboard.press("r" if real else "n")
        me.page.get_by_text("You have answered all 20 questions").wait_for()
        shoot(me, "survey-end")
        html = me.page.content()
        everything_sent = " ".join([*me.asked, html.replace("data:", "")])
        assert not [shown.file for s in survey.description.pictures for shown in s.versions
                    if shown.file in everything_sent]  # fmt: skip
        me.page.reload()
        me.page.get_by_text("You have answered all 20 questions").wait_for()
        assert me.outside() == []
        assert me.troubles == []
        assert page.end() == 0
    assert len(set(seen)) == 20
    assert invoke(["survey", "report", str(tmp_path / "survey"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["answers"], found["raters"]["finished"]) == (20, 1)
    assert {row["name"]: row["share"] for row in found["conditions"]} == {
        "real": 1.0, "a": 0.0, "b": 0.0,
    }  # fmt: skip


def _inline(source: str) -> bytes:
    return base64.b64decode(source.partition(",")[2])
