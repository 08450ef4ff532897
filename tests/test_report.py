"""The HTML report: what is in the file, and what a browser makes of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.harness.report.html import Sheet, write

HOSTILE = "</script><img src=x onerror=\"document.title='caught'\"><b>'&amp;.jpg"
PLUGINS = {"good": 3.0, "fair": 4.0, "poor": 9.0}
PICTURES = 6
#: Grey levels of the ΔE94 maps: a constant difference of 0.4, 1.6 and 51.
LEVELS = {"good": 2, "fair": 8, "poor": 255}


def jpeg(colour: tuple[int, int, int] | int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (144, 144), colour).save(file, "JPEG", quality=90)
    return file.getvalue()


def make_report(labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Three plugins, six pictures; the third failed on the last, the second has no SSIM."""
    label = (labels or {}).get
    values = {
        name: [base + k / (5 if name == "poor" else 10) for k in range(PICTURES)]
        for name, base in PLUGINS.items()
    }
    records, failures = [], []
    for k in range(PICTURES):
        for name in PLUGINS:
            row: dict[str, Any] = {
                "picture": f"{k:064x}", "name": f"photo{k}.jpg", "plugin": label(name, name),
                "metrics": {"lpips": values[name][k], "psnr": 30 - values[name][k]}, "seconds": 0.1, "error": None,
            }  # fmt: skip
            if (name, k) == ("poor", PICTURES - 1):
                row |= {"metrics": {}, "seconds": None, "error": "it broke"}
                failures.append({key: row[key] for key in ("picture", "name", "plugin", "error")})
            records.append(row)

    def metric(name: str, sign: int, offset: float) -> dict[str, Any]:
        mine = sign * np.array(values[name][: PICTURES - (name == "poor")]) + offset
        ends = [float(mine.min()), float(mine.max())]
        return {"mean": float(mine.mean()), "median": float(np.median(mine)), "ci95": ends, "n": len(mine)}  # fmt: skip

    plugins = [
        {
            "name": label(name, name), "artifact": "a" * 64, "summary": f"The {name} one",
            "version": "0.1.0", "options": {"k": 2} if name == "fair" else {},
            "rank": rank, "failed": int(name == "poor"),
            "metrics": {"lpips": metric(name, 1, 0), "psnr": metric(name, -1, 30)},
            "seconds": {"mean": second, "median": second}, "peak_memory": 100_000_000,
        }
        for name, rank, second in (("good", 1, 0.5), ("fair", 1, 0.05), ("poor", 3, 0.002))
    ]  # fmt: skip
    plugins[0]["metrics"]["ssim"] = {"mean": 0.9, "median": 0.9, "ci95": None, "n": 1}
    about = {"summary": "For tests", "unit": "", "chroma": False}
    return {
        "protocol": {"name": "v1", "hash": "f" * 64, "definition": {"size": 256}},
        "images": PICTURES, "near_grey": 1, "enlarged": 0, "lead": "lpips",
        "metrics": {
            "lpips": {**about, "label": "LPIPS", "higher_is_better": False, "digits": 4},
            "ssim": {**about, "label": "SSIM", "higher_is_better": True, "digits": 3},
            "psnr": {**about, "label": "PSNR", "unit": "dB", "higher_is_better": True, "digits": 2},
            "mae": {**about, "label": "MAE", "higher_is_better": False, "digits": 2},
            "colorfulness": {**about, "label": "CF", "higher_is_better": None, "digits": 2},
        },
        "plugins": plugins,
        "paired": [
            {
                "plugin": label(name, name), "best": label("good", "good"), "metric": "lpips",
                "difference": difference, "ci95": [0.5, 7.0], "p": 0.01,
                "wins": 0, "ties": 0, "losses": n, "n": n,
            }
            for name, difference, n in (("fair", 1.0, PICTURES), ("poor", 6.2, PICTURES - 1))
        ],
        "records": records,
        "failures": failures,
    }  # fmt: skip


def make_sheets(names: dict[int, str] | None = None, labels: dict[str, str] | None = None) -> Iterator[Sheet]:  # fmt: skip
    colours = {"good": (200, 40, 40), "fair": (40, 160, 40), "poor": (40, 40, 200)}
    for k in range(PICTURES):
        ran = {n: (labels or {}).get(n, n) for n in PLUGINS if (n, k) != ("poor", PICTURES - 1)}
        yield Sheet(
            f"{k:064x}",
            (names or {}).get(k, f"photo{k}.jpg"),
            jpeg(100 + k, "L"),
            jpeg((90, 120, 10 * k)),
            near_grey=k == 2,
            results={label: jpeg(colours[name]) for name, label in ran.items()},
            heats={label: jpeg(LEVELS[name], "L") for name, label in ran.items()},
        )


def make_histograms() -> dict[str, list[list[int]]]:
    counts = np.zeros((22, 22), int)
    counts[16, 8] = 1000  # a* 50..60, b* -30..-20
    return {name: counts.tolist() for name in ("truth", *PLUGINS)}


def html_of(**changes: Any) -> str:
    file = io.StringIO()
    given = {"report": make_report(), "sheets": make_sheets(), "histograms": make_histograms()}
    write(file, **{**given, **changes})
    return file.getvalue()


class Page(HTMLParser):
    """Tags with their attributes, and the text of every script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[dict[str, str | None], str]] = []
        self.cells: list[list[str]] = []
        self.hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.hidden = "hidden" in dict(attrs)
            if not self.hidden:
                self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.hidden |= tag in ("td", "th")

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if tag in ("script", "style") and self.cdata_elem:
            self.inside.append((attributes, data))
        elif self.cells and self.cells[-1] and not self.hidden:
            self.cells[-1][-1] += data + " "

    def blocks(self, **wanted: str) -> list[Any]:
        """Parsed JSON of the scripts that have these attributes (``id`` or ``class``)."""
        items = wanted.items()
        return [json.loads(text) for at, text in self.inside if items <= at.items()]


def test_what_went_in_lies_in_the_page() -> None:
    report = make_report()
    page = Page(html_of(report=report))
    assert page.blocks(id="report") == [report]
    assert page.blocks(id="counts") == [make_histograms()]
    sheets = list(make_sheets())
    blocks = page.blocks(**{"class": "sheet"})
    assert len(blocks) == len(sheets)
    for sheet, block in zip(sheets, blocks, strict=True):
        assert base64.b64decode(block["grey"]) == sheet.grey
        assert base64.b64decode(block["truth"]) == sheet.truth
        for kind in ("results", "heats"):
            found = {name: base64.b64decode(text) for name, text in block[kind].items()}
            assert found == getattr(sheet, kind)
    marks = [attributes for tag, attributes in page.tags if attributes.get("class") == "sheet"]
    assert [mark["data-picture"] for mark in marks] == [sheet.picture for sheet in sheets]
    assert [mark["data-near-grey"] for mark in marks] == list("001000")


def test_the_page_loads_nothing() -> None:
    text = html_of()
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert not {"src", "srcset", "action", "style"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]
    assert set(re.findall(r"https?://[^\"'`\s]*", text)) == {"http://www.w3.org/2000/svg"}  # a name
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) == {"#perception"}


def test_the_policy_knows_the_pages_own_script_and_style() -> None:
    page = Page(html_of())
    policy = next(at["content"] for _, at in page.tags if at.get("http-equiv"))
    assert policy is not None
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["img-src"] == "data:"
    # One script that runs (JSON does not) and one style.
    code = [text for at, text in page.inside if at.get("type") != "application/json"]
    assert len(code) == 2
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    assert [parts["style-src"], parts["script-src"]] == [f"'sha256-{digest}'" for digest in digests]


def test_a_hostile_name_stays_text() -> None:
    labels = {"fair": HOSTILE}
    report = make_report(labels)
    plain = Page(html_of())
    page = Page(html_of(report=report, sheets=make_sheets({1: HOSTILE}, labels)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    names = [at["data-name"] for _, at in page.tags if at.get("class") == "sheet"]
    assert names[1] == HOSTILE
    assert [at["data-plugin"] for tag, at in page.tags if "data-plugin" in at][1] == HOSTILE
    assert page.blocks(id="report") == [report]
    assert HOSTILE in page.blocks(**{"class": "sheet"})[0]["results"]


@pytest.mark.parametrize("kind", [io.StringIO, io.BytesIO])
def test_names_that_utf8_cannot_hold(kind: type[io.StringIO] | type[io.BytesIO]) -> None:
    file = kind()
    write(file, make_report(), make_sheets({0: "bad\udcff.jpg"}), {})
    content = file.getvalue()
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    text.encode("utf-8")
    assert 'data-name="bad?.jpg"' in text


def test_what_is_not_finite_becomes_null() -> None:
    report = make_report()
    report["plugins"][0]["metrics"]["psnr"] |= {"mean": float("inf"), "ci95": [1.0, float("nan")]}
    [found] = Page(html_of(report=report)).blocks(id="report")
    assert found["plugins"][0]["metrics"]["psnr"]["mean"] is None
    assert found["plugins"][0]["metrics"]["psnr"]["ci95"] == [1.0, None]


def test_a_sheet_is_written_before_the_next_is_asked_for() -> None:
    file = io.BytesIO()
    lengths = []

    def watched() -> Iterator[Sheet]:
        for sheet in make_sheets():
            lengths.append(len(file.getvalue()))
            yield sheet

    write(file, make_report(), watched(), {})
    assert len(lengths) == PICTURES
    steps = np.diff([*lengths, len(file.getvalue())])
    assert (steps > 4 * len(jpeg((200, 40, 40)))).all()


def test_the_ranked_table_is_readable_without_javascript() -> None:
    page = Page(html_of())
    rows = [[" ".join(cell.split()) for cell in row] for row in page.cells]
    assert rows[0] == [
        "#",
        "plugin",
        "LPIPS ↓",
        "SSIM ↑",
        "PSNR ↑",
        "CF",
        "s/picture ↓",
        "failed ↓",
    ]
    # Means of 3.0 … 3.5, 4.0 … 4.5 and 9.0 … 9.8, in units of their measures.
    good, fair, poor = rows[1:4]
    assert good == ["1=", "good 0.1.0 The good one", "3.2500 3.0000 – 3.5000", "0.900", "26.75 26.50 – 27.00", "–", "0.500", "0"]  # fmt: skip
    assert fair[:4] == ["1=", "fair 0.1.0 k=2 The fair one", "4.2500 4.0000 – 4.5000", "–"]
    assert poor[0] == "3"
    assert poor[2] == "9.4000 9.0000 – 9.8000"
    assert poor[-1] == "1"


def test_few_pictures_are_called_few() -> None:
    assert "Only 6 pictures: so few prove little" in html_of()
    assert "prove little" not in html_of(report=make_report() | {"images": 20})


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with sync.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


class Opened:
    """A report in the browser, with everything that it complained of or asked for."""

    def __init__(self, browser: Any, path: Path, **changes: Any) -> None:
        path.write_text(html_of(**changes), "utf-8")
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
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
        """Colour in the middle of what is painted there."""
        picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
        return list(picture.getpixel((picture.width // 2, picture.height // 2)))


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
    view.page.select_option("#grey", "1")
    assert view.texts(names) == ["photo2.jpg"]
    view.page.select_option("#grey", "")
    view.page.fill("#names", "photo4")
    assert view.texts(names) == ["photo4.jpg"]
    view.page.fill("#names", "")
    view.page.select_option("#order", "difference")
    view.page.select_option("#second", "good")
    sheet = view.page.locator("#sheets > li").first
    assert "−6.0000" in sheet.locator("h3").text_content()
    sheet.scroll_into_view_if_needed()
    assert sheet.locator("figcaption b").all_inner_texts() == ["3.0000", "4.0000", "9.0000"]


@pytest.mark.slow
def test_the_map_is_painted_in_the_colours_of_its_band(opened: Any) -> None:
    view = opened()
    view.page.locator("#sheets > li").first.scroll_into_view_if_needed()
    tiles = view.page.locator("#sheets > li").first.locator(".stack")
    view.page.mouse.move(0, 0)
    view.page.wait_for_timeout(200)
    assert np.allclose(view.pixel(tiles.nth(2)), (200, 40, 40), atol=4)
    view.page.check("#heat")
    view.page.mouse.move(0, 0)
    view.page.wait_for_timeout(200)
    for k, colour in enumerate([(0x17, 0x15, 0x1F), (0x3D, 0x2B, 0x78), (0xFF, 0xFD, 0xE6)]):
        assert np.allclose(view.pixel(tiles.nth(2 + k)), colour, atol=3)
    view.page.uncheck("#heat")
    view.page.mouse.move(0, 0)
    view.page.wait_for_timeout(200)
    assert np.allclose(view.pixel(tiles.nth(3)), (40, 160, 40), atol=4)
    tiles.nth(3).hover()
    view.page.wait_for_timeout(200)
    assert np.allclose(view.pixel(tiles.nth(3)), (0x3D, 0x2B, 0x78), atol=3)


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
    assert not dialog.is_visible()


@pytest.mark.slow
def test_the_histogram_lies_where_its_colour_is(opened: Any) -> None:
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
    view = opened(report=make_report(labels), sheets=make_sheets({1: HOSTILE}, labels))
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
def test_next_to_nothing_to_show(opened: Any) -> None:
    report = make_report()
    for plugin in report["plugins"]:
        plugin |= {"metrics": {}, "seconds": {}, "peak_memory": None, "rank": None}
    view = opened(report=report | {"paired": [], "records": []}, sheets=iter(()), histograms={})
    assert view.texts("#ranking tbody th b") == ["good", "fair", "poor"]
    assert view.texts("#shown") == ["0 of 0"]
