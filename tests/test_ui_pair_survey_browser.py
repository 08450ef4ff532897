"""A survey of pairs in a real browser: consent, timed exposure, mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages import Visitor, browsing, missing_browser, serving, shoot
from pair_surveys import make_pair_survey

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_pairs(tmp_path: Path) -> None:
    """Agree, answer six pairs by mouse and keys, and look at the stored sides."""
    survey = make_pair_survey(tmp_path / "survey", pictures=5, checks=1, exposure_ms=200)
    with (
        serving("-p", "gray", "--survey", tmp_path / "survey", folder=tmp_path) as page,
        browsing() as browser,
    ):
        me = Visitor(browser, page.address, width=390)
        me.page.get_by_text("By pressing the button you agree").wait_for()
        shoot(me, "pairs-consent-390")
        assert survey.answers.raters() == {}
        me.page.locator("#begin").click()
        for number in range(1, 7):
            me.page.get_by_text(f"Pair {number} of 6").wait_for()
            pictures = me.page.locator(f"#shown[data-question='{number}'] img")
            assert pictures.count() == 2
            # The animation hides the pair; the buttons stay.
            pictures.first.wait_for(state="hidden")
            if number == 2:
                shoot(me, "pairs-hidden-390")
            if number % 2:
                me.page.locator("#right").click()
            else:
                me.page.keyboard.press("l")
        me.page.get_by_text("You have answered all 6 questions").wait_for()
        assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert me.outside() == []
        assert me.troubles == []
        assert page.end() == 0
    choices = survey.answers.choices()
    assert [c.chose_right for c in choices] == [True, False] * 3
    assert [c.views for c in choices] == [1] * 6
