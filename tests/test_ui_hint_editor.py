"""The editor of hints in headless Chromium. ``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from editor_pages import (
    BLUE,
    PARTS,
    SKIN,
    WIDTH,
    center,
    click_at,
    hue,
    old_photograph,
    open_editor,
    pixel_colors,
    points,
    run_colortk,
    serving_orange,
    settled,
)
from pages import PATIENCE, Page, Visit, Visitor, missing_browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


#: Height of the part of an element that is in the window.
IN_WINDOW = """(selector) => {
    const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
    return Math.min(bottom, window.innerHeight) - Math.max(top, 0);
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with serving_orange(tmp_path_factory.mktemp("page")) as running:
        yield running


def set_photograph(me: Visitor, image: Any) -> None:
    """Make face, neck and hands one skin color by three clicks, and the coat blue by one."""
    for part in ("face", "neck", "hands"):
        click_at(image, center(part), WIDTH)
    click_at(image, center("coat"), WIDTH)
    me.page.locator("#hint-editor input[type=color]").fill(BLUE)


def test_four_clicks_correct_a_photograph_as_run_does(
    page: Page, visit: Visit, tmp_path: Path
) -> None:
    source = old_photograph(tmp_path / "old.png")
    me = visit()
    image = open_editor(me, source)
    set_photograph(me, image)
    assert len(points(me)) == 4
    assert points(me)[3].endswith(f"at {center('coat')[0]}, {center('coat')[1]}: {BLUE}")
    settled(me)
    hints = me.download("[data-do=save]", tmp_path)
    assert hints.name == "old.hints.json"
    assert [point["color"] for point in json.loads(hints.read_text())["points"]] == [
        SKIN, SKIN, SKIN, BLUE,
    ]  # fmt: skip
    made = me.download("#download", tmp_path)
    folder = tmp_path / "run"
    folder.mkdir()
    arguments = ["-p", "orange", "--hints", hints, source, "-o", folder]
    run_colortk(*arguments, plugins=page.folder / "site")
    assert (folder / "old.png").read_bytes() == made.read_bytes()

    lab = pixel_colors(made)
    for part, color in [("face", SKIN), ("neck", SKIN), ("hands", SKIN), ("coat", BLUE)]:
        x, y = center(part)
        difference = np.degrees(np.arctan2(*lab[y, x, :0:-1])) - hue(color)
        assert abs((difference + 180) % 360 - 180) < 4, part  # 8 bits per channel
        # The color fills its part.
        top, left, bottom, right = PARTS[part][1]
        inside = lab[top + 3 : bottom - 3, left + 3 : right - 3, 1:]
        assert np.linalg.norm(inside - lab[y, x, 1:], axis=-1).max() < 4, part
    if told := os.environ.get("COLORTK_SHOTS"):
        Path(told).mkdir(exist_ok=True)
        me.page.screenshot(path=Path(told) / "hint-editor.png", full_page=True)

    # The same hints, loaded by another visitor.
    other = visit()
    open_editor(other, source)
    assert points(other) == []
    other.page.locator("#hint-editor input[type=file]").set_input_files(hints)
    other.page.get_by_text("4 points loaded from old.hints.json").wait_for()
    assert points(other) == points(me)
    settled(other)
    (tmp_path / "other").mkdir()
    assert other.download("#download", tmp_path / "other").read_bytes() == made.read_bytes()
    assert me.outside() == other.outside() == []
    assert me.troubles == other.troubles == []


def test_points_are_edited_by_mouse_and_keyboard(visit: Visit, tmp_path: Path) -> None:
    me = visit()
    image = open_editor(me, old_photograph(tmp_path / "old.png"))
    click_at(image, (80, 40), WIDTH)
    assert points(me) == [f"Point 1 at 80, 40: {SKIN}"]
    keyboard, editor = me.page.keyboard, me.page.locator("#hint-editor")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "ArrowLeft"):
        keyboard.press(key)
    assert points(me) == [f"Point 1 at 81, 50: {SKIN}"]
    keyboard.press("Control+z")  # the moves are one step
    assert points(me) == [f"Point 1 at 80, 40: {SKIN}"]
    keyboard.press("Control+y")
    assert points(me) == [f"Point 1 at 81, 50: {SKIN}"]

    settled(me)  # so that no message moves the picture meanwhile
    box = image.bounding_box()
    scale = box["width"] / 160
    me.page.mouse.move(box["x"] + 81.5 * scale, box["y"] + 50.5 * scale)
    me.page.mouse.down()
    me.page.mouse.move(box["x"] + 60.5 * scale, box["y"] + 120.5 * scale, steps=4)
    me.page.mouse.up()
    assert points(me) == [f"Point 1 at 60, 120: {SKIN}"]
    editor.get_by_role("button", name="Gray", exact=True).click()
    assert points(me) == ["Point 1 at 60, 120: gray"]
    editor.get_by_role("button", name="Automatic").click()
    assert points(me) == ["Point 1 at 60, 120: automatic"]
    editor.get_by_role("button", name="Likely color 1").click()
    assert points(me)[0].startswith("Point 1 at 60, 120: #")
    editor.get_by_role("button", name="Add point").focus()
    keyboard.press("Enter")
    assert len(points(me)) == 2
    keyboard.press("Delete")
    assert len(points(me)) == 1
    editor.get_by_role("button", name="Delete").click()
    assert points(me) == []
    editor.get_by_role("button", name="Undo").click()
    assert len(points(me)) == 1
    assert me.troubles == []


@pytest.mark.parametrize("width", [390, 1280])
def test_colors_are_in_the_window_after_a_click(visit: Visit, tmp_path: Path, width: int) -> None:
    """No scrolling: neither to the result of an upload, nor to the colors of a point."""
    source = tmp_path / "tall.png"
    Image.fromarray(np.linspace(250, 10, 900)[:, None].repeat(600, 1).astype(np.uint8)).save(source)
    me = visit(width=width)
    me.give(source)
    me.page.locator("#download").wait_for()
    me.page.wait_for_function(f"({IN_WINDOW})('#colorize-result') > 100")
    image = open_editor(me, source)
    image.evaluate("(picture) => picture.scrollIntoView()")
    click_at(image, (300, 100), 600)
    panel = me.page.locator("#hint-editor .panel")
    assert me.page.evaluate(f"({IN_WINDOW})('#hint-editor .panel')") == pytest.approx(
        panel.bounding_box()["height"], abs=1
    )
    assert me.page.evaluate(f"({IN_WINDOW})('#hint-editor .stage')") > 300
    assert me.page.evaluate("document.documentElement.scrollWidth") <= width
    assert me.troubles == []


def test_suggested_colors_fit_the_lightness_of_each_point(visit: Visit, tmp_path: Path) -> None:
    """A color that is chosen in the dark is as vivid in the next, brighter place."""
    me = visit()
    image = open_editor(me, old_photograph(tmp_path / "old.png"))
    blue = me.page.locator("#hint-editor").get_by_role("button", name="Blue")
    click_at(image, center("coat"), WIDTH)
    blue.click()
    click_at(image, center("face"), WIDTH)
    dark, bright = (text.rpartition(": ")[2] for text in points(me))
    assert bright == BLUE  # as it is called
    pixel = np.array([[[int(dark[i : i + 2], 16) for i in (1, 3, 5)]]], np.uint8)
    gray = np.full((1, 1, 3), PARTS["coat"][0], np.uint8)
    assert rgb_to_lab(pixel)[0, 0, 0] == pytest.approx(rgb_to_lab(gray)[0, 0, 0], abs=1)
    assert abs(hue(dark) - hue(BLUE)) < 3
    style = str(blue.get_attribute("style"))  # both colors can be seen
    assert "rgb(42, 77, 143)" in style
    assert style.count("rgb(") == 2
    assert me.troubles == []


def test_hints_stay_with_their_picture(visit: Visit, tmp_path: Path) -> None:
    """Another picture begins without hints; another plugin or strength keeps them."""
    me = visit()
    image = open_editor(me, old_photograph(tmp_path / "old.png"))
    click_at(image, center("coat"), WIDTH)
    me.page.get_by_role("radio", name="gray", exact=True).check()
    me.page.locator(".summary b", has_text="gray").wait_for()
    assert len(points(me)) == 1
    settled(me)
    lab = pixel_colors(me.download("#download", tmp_path))
    x, y = center("coat")
    assert np.linalg.norm(lab[y, x, 1:]) > 10
    assert np.linalg.norm(lab[2, 2, 1:]) < 1
    me.page.get_by_role("radio", name="orange").check()
    me.page.locator(".summary b", has_text="orange").wait_for()
    Image.fromarray(np.full((50, 160), 128, np.uint8)).save(tmp_path / "new.png")
    me.give(tmp_path / "new.png")
    me.page.get_by_role("button", name="Download new-colorized.png").wait_for()
    me.page.locator("#hint-editor .point").wait_for(state="detached")
    assert points(me) == []
    settled(me)
    lab = pixel_colors(me.download("#download", tmp_path))
    assert np.ptp(lab[..., 1:], axis=(0, 1)).max() < 1
    assert me.troubles == []


def test_hints_that_cannot_be_used_as_set_are_named(visit: Visit, tmp_path: Path) -> None:
    me = visit()
    image = open_editor(me, old_photograph(tmp_path / "old.png"))
    click_at(image, center("coat"), WIDTH)
    me.page.locator("#hint-editor input[type=color]").fill("#ffff00")  # no dark color is so vivid
    x, y = center("coat")
    note = me.page.locator("#hint-editor .notes p", has_text=f"The point at {x}, {y} is paler")
    note.wait_for()
    settled(me)
    assert me.page.get_by_text("is paler").count() == 1
    me.page.get_by_role("button", name="Colorize", exact=True).click()
    settled(me)
    assert note.count() == me.page.get_by_text("is paler").count() == 1
    assert me.troubles == []


def test_a_phone_sets_colors_by_touch(browser: Any, page: Page, tmp_path: Path) -> None:
    me = Visitor(browser, page.address, width=390)
    me.context.close()
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    context.set_default_timeout(1000 * PATIENCE)
    me.context, me.page = context, context.new_page()
    try:
        me.page.goto(page.address)
        me.page.get_by_role("tab").first.wait_for()
        image = open_editor(me, old_photograph(tmp_path / "old.png"))
        click_at(image, center("coat"), WIDTH, touch=True)
        (point,) = points(me)
        assert point.endswith(SKIN)
        x, y = map(int, point.partition(" at ")[2].partition(":")[0].split(", "))
        assert np.hypot(x - center("coat")[0], y - center("coat")[1]) < 2  # a finger is coarse
        me.page.locator("#hint-editor").get_by_role("button", name="Blue").tap()
        assert points(me)[0] != point
        settled(me)
        assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()
