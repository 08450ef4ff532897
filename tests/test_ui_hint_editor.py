"""The editor of hints in headless Chromium. ``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import ORANGE, colorizer_module
from editor_pages import (
    BLUE,
    SKIN,
    click_at,
    hue,
    open_editor,
    pixel_colors,
    points,
    run_colortk,
    settled,
)
from pages import Page, Visitor, browsing, missing_browser, serving, shoot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Visit = Callable[..., Visitor]
#: Width of the picture.
WIDTH = 160
#: Lightness (gray value) of the parts of the picture, and their squares: top, left, bottom, right.
PARTS = {
    "face": (190, (20, 60, 60, 100)),
    "neck": (170, (70, 65, 95, 95)),
    "hands": (180, (150, 20, 175, 60)),
    "coat": (70, (100, 30, 145, 130)),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with a plugin that paints everything orange."""
    folder = tmp_path_factory.mktemp("page")
    info = folder / "site" / "orange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[colortk]\norange = orange\n")
    (folder / "site" / "orange.py").write_text(colorizer_module("orange", "orange", ORANGE))
    with serving("-p", "orange,gray", folder=folder, plugins=folder / "site") as running:
        yield running


@pytest.fixture
def visit(browser: Any, page: Page) -> Iterator[Visit]:
    opened: list[Visitor] = []

    def open_page(**options: Any) -> Visitor:
        opened.append(Visitor(browser, page.address, **options))
        return opened[-1]

    yield open_page
    for visitor in opened:
        visitor.context.close()


def old_photograph(path: Path) -> Path:
    pixels = np.full((200, WIDTH), 120, np.uint8)
    for gray, (top, left, bottom, right) in PARTS.values():
        pixels[top:bottom, left:right] = gray
    Image.fromarray(pixels).save(path)
    return path


def center(part: str) -> tuple[int, int]:
    """Return x and y of the middle of a part."""
    top, left, bottom, right = PARTS[part][1]
    return (left + right) // 2, (top + bottom) // 2


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
    editor.get_by_role("button", name="Neutral").click()
    assert points(me) == ["Point 1 at 60, 120: neutral"]
    editor.get_by_role("button", name="Keep").click()
    assert points(me) == ["Point 1 at 60, 120: keep"]
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


def paint(me: Visitor, image: Any, *path: tuple[int, int]) -> None:
    """Draw with the mouse through pixels of the picture."""
    settled(me)  # so that no message moves the picture meanwhile
    box = image.bounding_box()
    scale = box["width"] / WIDTH
    corners = [(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale) for x, y in path]
    me.page.mouse.move(*corners[0])
    me.page.mouse.down()
    for corner in corners[1:]:
        me.page.mouse.move(*corner, steps=8)
    me.page.mouse.up()


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


def test_a_phone_sets_colors_by_touch(browser: Any, page: Page, tmp_path: Path) -> None:
    me = Visitor(browser, page.address, width=390)
    me.context.close()
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
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


def drag_finger(me: Visitor, image: Any, *path: tuple[int, int]) -> None:
    """Draw with a finger through pixels of the picture."""
    box = image.bounding_box()
    scale = box["width"] / WIDTH
    corners = [
        {"x": box["x"] + (x + 0.5) * scale, "y": box["y"] + (y + 0.5) * scale} for x, y in path
    ]
    driver = me.context.new_cdp_session(me.page)
    for number, corner in enumerate(corners):
        kind = "touchMove" if number else "touchStart"
        driver.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [corner]})
    driver.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    driver.detach()


def test_a_phone_paints_by_touch(browser: Any, page: Page, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    try:
        me = Visitor.__new__(Visitor)
        me.context, me.page = context, context.new_page()
        me.page.goto(page.address)
        me.page.get_by_role("tab").first.wait_for()
        source = old_photograph(tmp_path / "old.png")
        image, editor = open_editor(me, source), me.page.locator("#hint-editor")
        editor.get_by_role("radio", name="Brush").tap()
        image.scroll_into_view_if_needed()
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
        image.scroll_into_view_if_needed()
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
