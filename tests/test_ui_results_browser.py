"""The results on the Colorize tab in headless Chromium: history. ``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import ORANGE, colorizer_module, photo
from editor_pages import settled
from pages import Page, Visitor, browsing, missing_browser, serving, shoot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Visit = Callable[..., Visitor]


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


def entries(visitor: Visitor) -> list[str]:
    """Return the names and settings in the history, the newest first."""
    found = visitor.page.locator("#history figcaption")
    return [
        f"{found.nth(k).locator('b').inner_text()}: {found.nth(k).locator('span').inner_text()}"
        for k in range(found.count())
    ]


def add_result(visitor: Visitor, source: Path) -> bytes:
    """Colorize a picture, and return the file of the result."""
    visitor.give(source)
    visitor.page.locator("#download", has_text=source.stem).wait_for()
    settled(visitor)
    return visitor.download("#download", source.parent).read_bytes()


def test_results_can_be_downloaded_again(visit: Visit, tmp_path: Path) -> None:
    me, you = visit(width=390), visit()
    results = {}
    for number, name in enumerate(("first.png", "second.jpg")):
        Image.fromarray(photo(60, 80, number)).save(tmp_path / name)
        results[name] = add_result(me, tmp_path / name)
    assert entries(me) == ["second-colorized.jpg: orange", "first-colorized.png: orange"]
    me.page.wait_for_function("""
        [...document.querySelectorAll("#history img")].every((image) => image.naturalWidth === 80)
    """)
    # Two steps of the slider are one entry.
    slider = me.page.locator("#colorize-strength input[type=range]")
    slider.focus()
    for value in ("1.05", "1.1"):
        me.page.keyboard.press("ArrowRight")
        settled(me)
        me.page.locator("#history span", has_text=f"orange, strength {value}").wait_for()
    assert entries(me) == [
        "second-colorized.jpg: orange, strength 1.1",
        "second-colorized.jpg: orange",
        "first-colorized.png: orange",
    ]
    me.page.locator(".drop:visible button[aria-label=Clear]").click()
    me.page.locator("#download").wait_for(state="hidden")
    (tmp_path / "again").mkdir()
    for number, name in ((1, "second.jpg"), (2, "first.png")):
        link = me.page.locator("#history a").nth(number)
        link.focus()  # by keyboard, too
        with me.page.expect_download() as waiting:
            me.page.keyboard.press("Enter")
        path = tmp_path / "again" / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.name == f"{Path(name).stem}-colorized{Path(name).suffix}"
        assert path.read_bytes() == results[name]
        url = me.page.evaluate("document.activeElement.href")
        assert me.page.request.get(url).status == 200
        assert you.page.request.get(url).status == 404
    shoot(me, "history-390")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert entries(you) == []
    me.page.reload()
    me.page.get_by_role("tab").first.wait_for()
    assert entries(me) == []  # it is a history of the opened page
    assert me.outside() == me.troubles == []
