"""The brushes of the editor of hints, by mouse, keyboard and finger, in headless Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor_pages import (
    BLUE,
    SKIN,
    WIDTH,
    drag_finger,
    old_photograph,
    open_editor,
    paint,
    pixel_colors,
    points,
    run_colortk,
    serving_orange,
    settled,
)
from pages import PATIENCE, Page, Visit, Visitor, missing_browser, shoot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


#: Scroll a picture to the top of the window: the colors cover the bottom of a small one.
TO_THE_TOP = "(picture) => picture.scrollIntoView()"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving_orange(tmp_path_factory.mktemp("page")) as running:
        yield running


def test_strokes_and_a_mask_are_those_of_run(page: Page, visit: Visit, tmp_path: Path) -> None:
    source = old_photograph(tmp_path / "old.png")
    me = visit()
    image, editor = open_editor(me, source), me.page.locator("#hint-editor")
    assert not editor.locator(".size").is_visible()
    editor.get_by_role("radio", name="Brush").click()
    paint(me, image, (40, 110), (120, 110), (120, 135))
    (stroke,) = points(me)
    assert stroke.startswith("Stroke 1 at 40, 110: ")
    me.page.locator("#hint-editor input[type=color]").fill(BLUE)
    # The face stays gray, except its right half.
    editor.get_by_role("radio", name="Keep gray").click()
    editor.locator("input[type=range]").fill("20")
    assert not editor.locator(".panel").is_visible()
    paint(me, image, (65, 30), (95, 30), (95, 50), (65, 50))
    assert editor.get_by_role("button", name="Save mask").is_enabled()
    editor.get_by_role("button", name="Undo").click()
    assert editor.get_by_role("button", name="Save mask").is_disabled()
    editor.get_by_role("button", name="Redo").click()
    editor.get_by_role("radio", name="Not gray").click()
    paint(me, image, (95, 25), (95, 55))
    settled(me)
    hints, mask = me.download("[data-do=save]", tmp_path), me.download("[data-do=mask]", tmp_path)
    made = me.download("#download", tmp_path)
    shoot(me, "brush")
    assert mask.name == "old.mask.png"
    saved = json.loads(hints.read_text())["points"]
    assert 10 < len(saved) <= 24
    assert {point["color"] for point in saved} == {BLUE}
    assert max(point["x"] for point in saved) > 115
    (tmp_path / "run").mkdir()
    arguments = ["-p", "orange", "--hints", hints, "--mask", mask, source, "-o", tmp_path / "run"]
    run_colortk(*arguments, plugins=page.folder / "site")
    assert (tmp_path / "run" / "old.png").read_bytes() == made.read_bytes()
    lab = pixel_colors(made)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    assert chroma[40, 68] < 1
    assert chroma[40, 96] > 20
    assert lab[125, 60, 2] < -20  # blue
    assert me.outside() == me.troubles == []


def test_the_keyboard_draws(visit: Visit, tmp_path: Path) -> None:
    me = visit()
    open_editor(me, old_photograph(tmp_path / "old.png"))
    editor, keyboard = me.page.locator("#hint-editor"), me.page.keyboard
    editor.locator(".stage").focus()
    keyboard.press("Shift+ArrowDown")
    keyboard.press("Enter")
    assert points(me) == [f"Point 1 at 80, 110: {SKIN}"]
    editor.get_by_role("radio", name="Point").focus()
    keyboard.press("ArrowRight")
    editor.locator(".stage").focus()
    keyboard.press("Enter")
    for _ in range(3):
        keyboard.press("Shift+ArrowLeft")
    keyboard.press("Enter")
    assert points(me)[1:] == [f"Stroke 2 at 80, 110: {SKIN}"]
    editor.locator(".stage").focus()
    keyboard.press("Enter")
    keyboard.press("ArrowUp")
    keyboard.press("Escape")
    assert len(points(me)) == 2
    assert me.troubles == []


def test_a_phone_paints_by_touch(browser: Any, page: Page, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    context.set_default_timeout(1000 * PATIENCE)
    try:
        me = Visitor.__new__(Visitor)
        me.context, me.page = context, context.new_page()
        me.page.goto(page.address)
        me.page.get_by_role("tab").first.wait_for()
        source = old_photograph(tmp_path / "old.png")
        image, editor = open_editor(me, source), me.page.locator("#hint-editor")
        editor.get_by_role("radio", name="Brush").tap()
        image.evaluate(TO_THE_TOP)
        scrolled = me.page.evaluate("window.scrollY")
        line = [(x, 110) for x in range(40, 121, 10)]
        drag_finger(me, image, *line, (120, 120), (120, 130))
        (stroke,) = points(me)
        assert stroke.startswith("Stroke 1 at ")
        assert (
            me.page.evaluate("window.scrollY") == scrolled
        )  # the finger draws, it does not scroll
        settled(me)
        hints = json.loads(me.download("[data-do=save]", tmp_path).read_text())["points"]
        assert max(point["x"] for point in hints) > 115
        assert max(point["y"] for point in hints) > 120
        editor.get_by_role("radio", name="Keep gray").tap()
        image.evaluate(TO_THE_TOP)
        drag_finger(me, image, *[(x, 40) for x in range(65, 100, 5)])
        editor.get_by_role("button", name="Save mask").wait_for()
        assert editor.get_by_role("button", name="Save mask").is_enabled()
        settled(me)
        with Image.open(me.download("[data-do=mask]", tmp_path)) as mask:
            gray = np.asarray(mask.convert("L").resize((WIDTH, 200)))
        assert gray[40, 80] == 0
        assert gray[150, 80] == 255
        assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()
