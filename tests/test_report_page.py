"""The HTML report in a real browser."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.harness.summary_rows import (
    PredictionSeconds,
)
from reports import (
    HOSTILE,
    PICTURES,
    html_of,
    make_report,
    make_sheets,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=program, args=options)
        yield running
        running.close()


class Opened:
    """A report in the browser, with its console messages and requests."""

    def __init__(self, browser: Any, path: Path, **changes: Any) -> None:
        path.write_text(html_of(**changes), "utf-8")
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(240_000)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url, path.as_uri()))
        self.page.goto(path.as_uri())

    def _asked(self, url: str, own: str) -> None:
        if url != own and not url.startswith("data:"):
            self.complaints.append(url)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.page.locator(f"{selector}:visible").all_text_contents()
        return found

    def pixel(self, locator: Any) -> list[int]:
        """Return the color in the middle of the painted area."""
        picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
        return list(picture.getpixel((picture.width // 2, picture.height // 2)))

    def wait_for_color(self, locator: Any, color: tuple[int, ...], tolerance: int) -> None:
        """Wait until the first channels of the middle of the painted area are those of ``color``."""
        deadline = time.monotonic() + 60
        while not np.allclose(self.pixel(locator)[: len(color)], color, atol=tolerance):
            assert time.monotonic() < deadline, (self.pixel(locator), color)


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    views = []

    def open_report(**changes: Any) -> Opened:
        views.append(Opened(browser, tmp_path / "report.html", **changes))
        return views[-1]

    yield open_report
    for view in views:
        assert view.complaints == []
        view.page.close()


@pytest.mark.slow
def test_a_click_sorts_and_a_word_filters(opened: Any) -> None:
    view = opened()
    plugins = "#ranking tbody th b"
    assert view.texts(plugins) == ["good", "fair", "poor"]
    title = view.page.locator('#ranking th[data-key="seconds"]')
    title.locator("button").click()
    assert view.texts(plugins) == ["poor", "fair", "good"]
    assert title.get_attribute("aria-sort") == "ascending"
    title.locator("button").click()
    assert view.texts(plugins) == ["good", "fair", "poor"]
    assert title.get_attribute("aria-sort") == "descending"
    view.page.locator('#ranking th[data-key="ssim"] button').click()
    assert view.texts(plugins)[0] == "good"  # missing values last
    view.page.fill("#plugins", "OO")
    assert view.texts(plugins) == ["good", "poor"]
    assert view.texts("#histograms figcaption") == ["truth", "good", "poor"]
    assert "MAE" not in " ".join(view.texts("#ranking thead th"))
    view.page.click("#table summary")
    view.page.locator("#columns").get_by_label("MAE").check()
    assert "MAE" in " ".join(view.texts("#ranking thead th"))


def cells(view: Opened, key: str) -> list[str]:
    return view.texts(f'#ranking tbody [data-key="{key}"]')


@pytest.mark.slow
def test_choosing_a_metric_ranks_by_it(opened: Any) -> None:
    view = opened()
    plugins, verdict = "#ranking tbody th b", "#verdict li"
    assert view.texts(plugins) == ["good", "fair", "poor"]
    assert (cells(view, "rank"), cells(view, "group")) == (["–", "–", "–"], ["a", "a", "–"])
    assert cells(view, "n") == ["6", "6", "5 of 6"]
    assert view.texts(verdict)[0].startswith("ranked by LPIPS (lower is better)")
    assert "difference to good" in view.texts("#paired-title")[0]
    view.page.select_option("#metric", "psnr")
    assert view.texts(plugins) == ["fair", "good", "poor"]
    assert (cells(view, "rank"), cells(view, "group")) == (["1", "2", "–"], ["a", "b", "–"])
    assert view.texts(verdict)[0].startswith("ranked by PSNR (higher is better)")
    assert "difference to fair" in view.texts("#paired-title")[0]
    rows = view.texts("#paired-table tbody tr")
    assert rows[0].startswith("good−1.50−2.00 … −1.000.0106 / 0 / 0")
    assert rows[1].startswith("poor−5.20−7.00 … −0.500.0100 / 0 / 5")
    assert view.texts("#paired-note") == [
        "Against fair: 2 comparisons, each by itself at the 95 % level."
    ]
    title = view.page.locator('#ranking th[data-key="psnr"]')
    assert title.get_attribute("aria-sort") == "descending"
    view.page.select_option("#metric", "mae")
    assert (cells(view, "rank"), cells(view, "group")) == (["–"] * 3, ["–"] * 3)
    assert "MAE" in " ".join(view.texts("#ranking thead th")), "its column is shown"
    view.page.select_option("#metric", "lpips")
    assert view.texts(plugins) == ["good", "fair", "poor"]


@pytest.mark.slow
def test_a_chosen_baseline_stays_the_baseline(opened: Any) -> None:
    view = opened(summary=replace(make_report(), baseline="poor"))
    for metric in ("lpips", "psnr"):
        view.page.select_option("#metric", metric)
        assert "difference to poor" in view.texts("#paired-title")[0]


@pytest.mark.slow
def test_pictures_in_order(opened: Any) -> None:
    view = opened()
    names = "#sheets h3 button"
    given = [f"photo{k}.jpg" for k in range(PICTURES)]
    assert view.texts(names) == given
    view.page.select_option("#order", "worst")
    view.page.select_option("#first", "poor")
    assert view.texts(names) == [f"photo{k}.jpg" for k in (4, 3, 2, 1, 0, 5)]  # 5 has no score
    view.page.select_option("#order", "best")
    assert view.texts(names) == given
    view.page.select_option("#gray", "1")
    assert view.texts(names) == ["photo2.jpg"]
    view.page.select_option("#gray", "")
    view.page.fill("#names", "photo4")
    assert view.texts(names) == ["photo4.jpg"]
    view.page.fill("#names", "")
    view.page.select_option("#order", "difference")
    view.page.select_option("#second", "good")
    sheet = view.page.locator("#sheets > li").first
    assert "−6.0000" in sheet.locator("h3").text_content()
    sheet.scroll_into_view_if_needed()
    sheet.locator("figcaption b").nth(2).wait_for()
    assert sheet.locator("figcaption b").all_inner_texts() == ["3.0000", "4.0000", "9.0000"]


@pytest.mark.slow
def test_the_map_is_painted_in_the_colors_of_its_band(opened: Any) -> None:
    view = opened()
    view.page.locator("#sheets > li").first.scroll_into_view_if_needed()
    tiles = view.page.locator("#sheets > li").first.locator(".stack")
    view.page.mouse.move(0, 0)
    view.wait_for_color(tiles.nth(0), (102, 102, 102), 5)  # the lightness
    view.wait_for_color(tiles.nth(1), (90, 120), 5)  # the original
    view.wait_for_color(tiles.nth(2), (200, 40, 40), 4)
    view.page.check("#heat")
    view.page.mouse.move(0, 0)
    for k, color in enumerate([(0x17, 0x15, 0x1F), (0x3D, 0x2B, 0x78), (0xFF, 0xFD, 0xE6)]):
        view.wait_for_color(tiles.nth(2 + k), color, 3)
    view.page.uncheck("#heat")
    view.page.mouse.move(0, 0)
    view.wait_for_color(tiles.nth(3), (40, 160, 40), 4)
    tiles.nth(3).hover()
    view.wait_for_color(tiles.nth(3), (0x3D, 0x2B, 0x78), 3)


@pytest.mark.slow
def test_the_large_view_by_keyboard(opened: Any) -> None:
    view = opened()
    view.page.locator("#sheets h3 button").last.focus()
    view.page.keyboard.press("Enter")
    dialog = view.page.locator("dialog")
    assert dialog.locator("h2").inner_text() == "photo5.jpg"
    assert "it broke" in dialog.locator("table").inner_text()
    view.page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text().startswith("photo0.jpg")
    assert "3.0000" in dialog.locator("table").inner_text()
    view.page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() == "photo1.jpg"
    back = dialog.get_by_label("previous picture")
    back.focus()
    for wanted in ("photo0.jpg", "photo5.jpg"):
        view.page.keyboard.press("Enter")
        assert dialog.locator("h2").inner_text() == wanted
    view.page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


@pytest.mark.slow
def test_histogram_bars_are_at_their_color(opened: Any) -> None:
    from skimage.color import lab2rgb

    view = opened()
    pixels = view.page.evaluate(
        "[...document.querySelector('#histograms canvas').getContext('2d').getImageData(0, 0, 22, 22).data]"
    )
    image = np.array(pixels).reshape(22, 22, 4)
    assert np.argwhere(image[..., 3]).tolist() == [[21 - 8, 16]]  # b* upwards
    wanted = 255 * lab2rgb([[[62.0, 55.0, -25.0]]])[0, 0]
    assert np.abs(image[13, 16, :3] - wanted).max() < 2


@pytest.mark.slow
def test_a_hostile_name_does_nothing(opened: Any) -> None:
    labels = {"fair": HOSTILE}
    view = opened(summary=make_report(labels), sheets=make_sheets({1: HOSTILE}, labels))
    title = view.page.title()
    view.page.locator("#sheets > li").nth(1).scroll_into_view_if_needed()
    view.page.locator("#sheets h3 button").nth(1).click()
    assert view.page.locator("dialog h2").inner_text() == HOSTILE
    assert view.page.title() == title
    assert view.page.locator("img:not([src^='data:image/jpeg;base64,']):not(.heat)").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_as_wide_as_the_window(opened: Any, width: int) -> None:
    view = opened()
    view.page.set_viewport_size({"width": width, "height": 900})
    assert view.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
def test_a_page_with_almost_no_data_opens(opened: Any) -> None:
    report = make_report()
    plugins = [
        replace(plugin, metrics={}, seconds=PredictionSeconds(), peak_memory=None)
        for plugin in report.plugins
    ]
    bare = replace(report, plugins=plugins, records=[], verdicts={}, pairs={})
    view = opened(summary=bare, sheets=iter(()), histograms={})
    assert view.texts("#ranking tbody th b") == ["good", "fair", "poor"]
    assert view.texts("#shown") == ["0 of 0"]


@pytest.mark.slow
def test_the_boxes_are_the_quartiles_of_the_scores(opened: Any) -> None:
    view = opened()
    scores = [3 + k / 10 for k in range(PICTURES)]
    first, median, third = np.percentile(scores, [25, 50, 75])
    titles = view.page.locator("#boxes title").all_text_contents()
    digits = make_report().metrics["lpips"].digits
    expected = ", ".join(f"{value:.{digits}f}" for value in (first, median, third))
    assert f"good: quartiles {expected}, 6 pictures" in titles
    assert any(title.endswith("5 pictures") for title in titles), "the one that failed once"
    assert view.page.locator("#boxes rect").count() == len(titles) == 3


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_no_labels_collide_with_many_plugins(opened: Any, width: int) -> None:
    report = make_report()
    original = report.plugins[0]
    extra = [
        replace(
            original,
            name=f"a_plugin_{k}:strength=1.{k}",
            seconds=PredictionSeconds(0.1 + k / 1e4, 0.1 + k / 1e4),
        )
        for k in range(22)
    ]
    labels = {plugin.name for plugin in [*report.plugins, *extra]}
    view = opened(summary=replace(report, plugins=[*report.plugins, *extra]))
    view.page.set_viewport_size({"width": width, "height": 900})
    view.page.reload()
    for chart in ("#scatter", "#means", "#boxes"):
        boxes = view.page.eval_on_selector_all(
            f"{chart} svg text",
            "all => all.map(t => t.getBoundingClientRect()).map(r => [r.x, r.y, r.right, r.bottom])",
        )
        assert len(boxes) > 3, chart
        for k, (left, top, right, bottom) in enumerate(boxes):
            assert left >= 0, chart
            assert right <= width + 1, chart
            for other_left, other_top, other_right, other_bottom in boxes[:k]:
                across = min(right, other_right) - max(left, other_left)
                down = min(bottom, other_bottom) - max(top, other_top)
                assert across <= 1 or down <= 2, (chart, boxes[k])
    labeled = view.page.locator("#scatter text.label").all_text_contents()
    (note,) = view.texts("#scatter .note")
    unlabeled = [
        text.rpartition(": ")[0] for text in note.split("room for their names: ")[1].split("; ")
    ]
    assert sorted([*labeled, *unlabeled]) == sorted(labels), "each plugin is named once"
