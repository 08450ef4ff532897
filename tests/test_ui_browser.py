"""The web page in headless Chromium. ``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import ORANGE, colorizer_module, photo
from editor_pages import settled
from pages import Page, Visitor, missing_browser, serving, shoot
from test_ui import bomb, exif_photo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Visit = Callable[..., Visitor]
FAILS = "raise ValueError('it does not like it')"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with two plugins: one paints everything orange, the other always fails."""
    folder = tmp_path_factory.mktemp("page")
    site = folder / "site"
    for name, body in (("orange", ORANGE), ("fails", FAILS)):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[colortk]\n{name} = {name}\n")
        (site / f"{name}.py").write_text(colorizer_module(name, name, body))
    options = ("-p", "orange,gray,fails", "--max-pixels", 1_000_000, "--max-seconds", 1)
    with serving(*options, folder=folder, plugins=site) as running:
        yield running


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Open a page as a new visitor: ``visit(page, width=…, dark=…)``."""
    opened: list[Visitor] = []

    def somebody(page: Page, **options: Any) -> Visitor:
        opened.append(Visitor(browser, page.address, **options))
        return opened[-1]

    yield somebody
    for one in opened:
        one.context.close()


def test_upload_colorize_slide_download(page: Page, visit: Visit, tmp_path: Path) -> None:
    source = exif_photo(tmp_path / "old street.jpg", quality=95)
    me = visit(page)
    shoot(me, "colorize-empty")
    me.give(source)
    slider = me.page.get_by_role("slider", name="Line between before and after")
    slider.wait_for()
    me.page.get_by_alt_text("After: the picture in color").wait_for()
    got = me.download("#download", tmp_path)
    assert got.name == "old street-colorized.jpg"
    with Image.open(got) as image:
        assert image.size == (60, 90)
        assert image.getexif()[0x010E] == "a street"
        assert 0x0112 not in image.getexif()
        red, _, blue = np.asarray(image, float).mean((0, 1))
        assert red - blue > 30
    assert slider.get_attribute("aria-valuenow") == "50"
    slider.focus()
    me.page.keyboard.press("Home")
    me.page.wait_for_function(
        "document.querySelector('#slider [role=slider]').ariaValueNow === '0'"
    )
    me.page.keyboard.press("ArrowRight")
    me.page.wait_for_function(
        "document.querySelector('#slider [role=slider]').ariaValueNow === '5'"
    )
    shoot(me, "colorize")

    # The same picture without color, as another type of file.
    me.page.get_by_role("button", name="More").click()
    me.page.get_by_role("radio", name="PNG").check()
    me.page.get_by_role("button", name="Download old street-colorized.png").wait_for()
    me.page.get_by_role("spinbutton", name="Strength").fill("0")
    settled(me)
    me.page.get_by_role("button", name="Colorize", exact=True).click()
    me.page.locator("#slider .default.hide").wait_for(state="attached")
    with Image.open(me.download("#download", tmp_path)) as image:
        assert image.format == "PNG"
        assert np.ptp(np.asarray(image).astype(int), 2).max() <= 1
    assert me.outside() == []
    assert me.troubles == []


def test_bad_files_and_a_bad_plugin_are_messages(page: Page, visit: Visit, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture at all")
    cut = exif_photo(tmp_path / "cut.jpg")
    cut.write_bytes(cut.read_bytes()[:900])
    good = exif_photo(tmp_path / "good.png")
    me = visit(page)
    me.give(text)
    me.told("Cannot read 'text.png': it is not a picture of a known format")
    shoot(me, "error")
    me.give(cut)
    me.told("Cannot read 'cut.jpg'")
    me.give(bomb(tmp_path / "bomb.png"))
    me.told("20000 × 20000 pixels is over the limit of 1,000,000 pixels")
    me.give(good)
    me.page.locator("#download").wait_for()
    me.page.get_by_role("radio", name="fails").check()
    me.told("Plugin 'fails' failed: ValueError: it does not like it")
    me.page.get_by_role("radio", name="gray", exact=True).check()
    me.page.locator("#colorize-go").click()
    me.page.locator(".summary p", has_text="gray").wait_for()
    assert me.outside() == []
    assert not [line for line in page.said if "Traceback" in line]


def test_two_visitors_at_once(page: Page, visit: Visit, tmp_path: Path) -> None:
    visitors = []
    for number, size in enumerate([(40, 50), (70, 30)]):
        path = tmp_path / f"v{number}.png"
        Image.fromarray(photo(*size, number)).save(path)
        visitors.append((visit(page), path, size))
    for visitor, path, _ in visitors:
        visitor.give(path)
    for number, (visitor, _, (height, width)) in enumerate(visitors):
        visitor.page.locator("#download").wait_for()
        got = visitor.download("#download", tmp_path)
        assert got.name == f"v{number}-colorized.png"
        with Image.open(got) as image:
            assert image.size == (width, height)
    mine = [url for url in visitors[0][0].asked if "/gradio_api/file=" in url]
    assert len(mine) >= 2
    for url in mine:
        assert visitors[0][0].page.request.get(url).status == 200
        assert visitors[1][0].page.request.get(url).status == 404


def test_plugins_are_chosen_by_keyboard(page: Page, visit: Visit) -> None:
    me = visit(page)
    plugins = me.page.locator("#colorize-plugin input[type=radio]")
    plugins.first.wait_for()
    assert plugins.count() == 3
    me.page.get_by_role("button", name="Try a sample").focus()
    me.page.keyboard.press("Tab")
    names = []
    for _ in range(3):
        names.append(me.page.evaluate("document.activeElement.value"))
        me.page.keyboard.press("ArrowDown")
        me.page.wait_for_function(
            "document.activeElement === document.querySelector('#colorize-plugin input:checked')"
        )
    assert names == ["orange", "gray", "fails"]
    me.page.keyboard.press("ArrowDown")
    me.page.get_by_text("No color: a∗ = b∗ = 0").first.wait_for()
    me.page.keyboard.press("ArrowUp")
    me.page.wait_for_function("document.activeElement.value === 'orange'")
    assert plugins.first.is_checked()


def test_a_result_of_earlier_settings_is_marked(page: Page, visit: Visit, tmp_path: Path) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(30, 40)).save(source)
    me = visit(page)
    stale = me.page.get_by_text("The settings have changed")
    me.page.get_by_role("spinbutton", name="Strength").fill("0.5")
    assert stale.count() == 0  # there is no result yet
    me.give(source)
    me.page.locator("#download").wait_for()
    stale.wait_for(state="hidden")
    waiting: list[Any] = []
    me.page.route(
        "**/queue/join*", lambda route: waiting.append(route)
    )  # the page does not get the new result yet
    slider = me.page.locator("#colorize-strength input[type=range]")
    slider.focus()
    me.page.keyboard.press("ArrowRight")
    stale.wait_for()
    assert stale.evaluate("(text) => getComputedStyle(text).borderLeftWidth") == "4px"
    me.page.wait_for_function("document.querySelector('#download').disabled")
    me.page.unroute("**/queue/join*")  # it lets the waiting requests go on
    me.page.get_by_role("button", name="Colorize", exact=True).click()
    stale.wait_for(state="hidden")
    me.page.wait_for_function("!document.querySelector('#download').disabled")
    assert me.troubles == []


WATCH_TEXTS = """() => {
    window.texts = [];
    const watch = () => {
        for (const status of document.querySelectorAll("[role=status]"))
            window.texts.push(status.textContent.trim());
        requestAnimationFrame(watch);
    };
    requestAnimationFrame(watch);
}"""


def test_announcements_have_no_internal_names(page: Page, visit: Visit, tmp_path: Path) -> None:
    source = tmp_path / "x.png"
    Image.fromarray(photo(30, 40)).save(source)
    me = visit(page)
    me.page.evaluate(WATCH_TEXTS)
    me.give(source)
    me.page.locator("#download").wait_for()
    me.page.wait_for_function("window.texts.includes('Done')")
    texts = me.page.evaluate("window.texts")
    assert not [text for text in texts if "common." in text]


PASTE = """(data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const carrier = new DataTransfer();
    carrier.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
    document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true }));
}"""


def test_a_sample_and_a_pasted_picture_are_colorized(
    page: Page, visit: Visit, tmp_path: Path
) -> None:
    me = visit(page)
    me.page.get_by_role("button", name="Try a sample").click()
    button = me.page.get_by_role("button", name="Download china-colorized.jpg")
    button.wait_for()
    me.page.locator(".summary p", has_text="640 × 427").wait_for()
    out = io.BytesIO()
    Image.fromarray(photo(30, 50)).save(out, "PNG")
    me.page.evaluate(PASTE, base64.b64encode(out.getvalue()).decode())
    me.page.get_by_role("button", name="Download pasted-colorized.png").wait_for()
    with Image.open(me.download("#download", tmp_path)) as image:
        assert image.size == (50, 30)
    assert me.troubles == []


def test_compare(page: Page, visit: Visit, tmp_path: Path) -> None:
    color, gray = tmp_path / "color.png", tmp_path / "gray.png"
    Image.fromarray(photo(200, 260)).save(color)
    Image.fromarray(photo(200, 260)).convert("L").save(gray)
    me = visit(page)
    me.tab("Compare")
    me.give(color)
    table = me.page.locator("#compared table")
    table.wait_for()
    assert me.page.locator("#compared img.heat").count() == 3
    assert me.page.locator("#compared .failed").inner_text().startswith("fails")
    assert table.locator("tbody tr").count() == 2
    assert "ΔE00" in table.inner_text()
    me.page.wait_for_function(
        "[...document.querySelectorAll('#compared img')].every((i) => i.naturalWidth === 260)"
    )
    shoot(me, "compare")
    me.give(gray)
    me.page.get_by_text("The picture has no colors").wait_for()
    assert me.page.locator("#compared img").count() == 3
    assert me.outside() == []
    assert me.troubles == []


def test_film(page: Page, visit: Visit, tmp_path: Path) -> None:
    films = pytest.importorskip("films", reason="films need PyAV: pip install av")
    source = films.film(tmp_path / "clip.mp4", frames=40, sound="aac", gray=True)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(source.read_bytes()[:500])
    me = visit(page)
    me.tab("Film")
    me.give(broken)
    me.page.locator("#film-go").click()
    me.told("Cannot read 'broken.mp4'")
    me.give(source)
    me.page.locator("#film-go").click()
    me.page.locator("#player video").wait_for()
    assert "Only the first 1 s of 2" in me.page.locator(".summary p:visible").last.inner_text()
    got = me.download("#film-download", tmp_path)
    assert got.name == "clip-colorized.mp4"
    assert len(films.decoded(got)) == 25
    assert films.packets(got, "audio")
    me.page.wait_for_function("document.querySelector('#player video').videoWidth === 64")
    shoot(me, "film")
    assert me.outside() == []


@pytest.mark.parametrize("width, dark", [(390, False), (1280, True), (390, True)])
def test_screenshots_of_all_tabs(
    width: int, dark: bool, page: Page, visit: Visit, tmp_path: Path
) -> None:
    """No element is wider than the window."""
    source = tmp_path / "x.jpg"
    Image.fromarray(photo(300, 400)).save(source)
    me = visit(page, width=width, dark=dark)
    name = f"{width}{'-dark' if dark else ''}"
    me.give(source)
    me.page.locator("#download").wait_for()
    shoot(me, f"colorize-{name}")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= width
    me.tab("Compare")
    me.give(source)
    me.page.locator("#compared table").wait_for()
    shoot(me, f"compare-{name}")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= width
