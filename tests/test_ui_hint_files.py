"""Files of hints that are loaded on the page, in headless Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from editor_pages import old_photograph, open_editor, points, serving_orange, settled
from pages import Page, Visit, missing_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving_orange(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.mark.parametrize(
    "content, words",
    [
        ("no json", "it is not JSON"),
        ("[]", "it has no list of points"),
        ('{"points": [{"x": 1, "y": "<b>", "color": "#123456"}]}', "a position is not a number"),
        ('{"points": [{"x": 1, "y": 1, "color": "red"}]}', "not written as #RRGGBB"),
        (json.dumps({"points": [{"x": 1, "y": 1, "keep": True}] * 301}), "200 points at most"),
    ],
)
def test_files_that_are_no_hints_are_messages(
    content: str, words: str, visit: Visit, tmp_path: Path
) -> None:
    me = visit()
    open_editor(me, old_photograph(tmp_path / "old.png"))
    (tmp_path / "x.json").write_text(content)
    me.page.locator("#hint-editor input[type=file]").set_input_files(tmp_path / "x.json")
    me.page.locator("#hint-editor .message", has_text=words).wait_for()
    assert points(me) == []
    assert me.troubles == []


def test_fractions_are_loaded_as_pixels(visit: Visit, tmp_path: Path) -> None:
    me = visit()
    open_editor(me, old_photograph(tmp_path / "old.png"))
    file = tmp_path / "x.json"
    point = {"x": 0.5, "y": 0.25, "color": "#abc", "radius": 0.01}
    later = {"x": 0.5, "y": 0.5, "keep": True, "frame": 2}
    file.write_text(json.dumps({"units": "fractions", "points": [point, later]}))
    me.page.locator("#hint-editor input[type=file]").set_input_files(file)
    me.page.get_by_text("1 points loaded").wait_for()
    assert points(me) == ["Point 1 at 79.5, 49.5: #aabbcc"]
    settled(me)
    saved = json.loads(me.download("[data-do=save]", tmp_path).read_text())
    assert saved["points"] == [{"x": 79.5, "y": 49.5, "color": "#aabbcc", "radius": 1.6}]
