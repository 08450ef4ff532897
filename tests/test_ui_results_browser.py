"""The results on the Colorize tab in headless Chromium: history, versions and batches.

``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from conftest import ORANGE, colorizer_module, photo
from editor_pages import run_colortk, settled
from pages import Page, Visitor, browsing, missing_browser, serving, shoot

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Visit = Callable[..., Visitor]
#: Options of the plugin ``vivid``.
VIVID_OPTIONS = """
import dataclasses

@dataclasses.dataclass(frozen=True)
class Options:
    vividness: float = 0.1
"""
#: A plugin with the mean color of its reference, and gray without one.
TINTED_OPTIONS = """
import dataclasses
from pathlib import Path

from colortk.plugin import UsageError, decode, read_bytes, rgb_to_lab

@dataclasses.dataclass(frozen=True)
class Options:
    reference: Path | None = None

def mean_color(path):
    if path is None:
        return 0
    pixels = decode(read_bytes(path), str(path)).pixels
    if pixels.ndim == 2:
        raise UsageError(f"cannot use the reference '{path}'", "it is gray", "give one with colors")
    return rgb_to_lab(pixels)[..., 1:].mean((0, 1))
"""
TINTED = """
def initialize(self, artifacts, options):
    self.color = mean_color(options.reference) if options else 0

Colorizer.__init__ = initialize
"""
#: Versions of the plugin ``orange``: the first is orange, each other one has another hue.
HUES = """
def predict_ab_samples(self, lightness, count, seed):
    angles = np.arange(count) * (1.0 + seed) + np.arctan2(40, 20)
    colors = np.hypot(20, 40) * np.stack([np.cos(angles), np.sin(angles)], -1)
    shape = count, *lightness.shape, 2
    return np.broadcast_to(colors[:, None, None], shape).astype(np.float32)

Colorizer.predict_ab_samples = predict_ab_samples
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsing() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with a plugin that paints everything orange, or in other hues."""
    folder = tmp_path_factory.mktemp("page")
    info = folder / "site" / "orange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[colortk]\norange = orange\nslow = slow\nvivid = vivid\ntinted = tinted\n"
    )
    body = "return np.full((*lightness.shape, 2), 5 + 20 * self.options.vividness, np.float32)"
    source = colorizer_module("vivid", "vivid", body, ", options=Options")
    (folder / "site" / "vivid.py").write_text(VIVID_OPTIONS + source)
    body = "return np.zeros((*lightness.shape, 2), np.float32) + np.float32(self.color)"
    source = colorizer_module("tinted", "tinted", body, ", options=Options")
    (folder / "site" / "tinted.py").write_text(TINTED_OPTIONS + source + TINTED)
    slow = f"import time; time.sleep(1); {ORANGE}"
    (folder / "site" / "slow.py").write_text(colorizer_module("slow", "slow", slow))
    source = colorizer_module("orange", "orange", ORANGE, ", samples=True")
    (folder / "site" / "orange.py").write_text(source + HUES)
    names = "orange,gray,slow,vivid,tinted"
    with serving("-p", names, folder=folder, plugins=folder / "site") as running:
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


def test_a_chosen_version_is_that_of_run(page: Page, visit: Visit, tmp_path: Path) -> None:
    source = tmp_path / "old.png"
    Image.fromarray(photo(60, 80)).save(source)
    me = visit(width=390)
    add_result(me, source)
    me.tab("Versions")
    picker = me.page.locator("#version-picker")
    assert picker.get_by_role("radio").count() == 0
    picker.get_by_role("combobox").select_option("3")
    picker.get_by_role("button", name="Show versions").click()
    picker.get_by_role("radio").nth(2).wait_for()
    assert picker.get_by_role("radio").count() == 3
    assert picker.locator("img").count() == 3
    # By keyboard: the arrow key chooses.
    picker.get_by_role("radio").first.focus()
    me.page.keyboard.press("ArrowDown")
    settled(me)
    me.page.get_by_role("button", name="Download old-colorized-2.png").wait_for()
    me.page.locator("#history span", has_text="orange, version 2 of 3").wait_for()
    shoot(me, "versions-390")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    second = me.download("#download", tmp_path).read_bytes()
    folder = tmp_path / "run"
    folder.mkdir()
    arguments = ["-p", "orange", "--variants", 3, source, "-o", folder]
    run_colortk(*arguments, plugins=page.folder / "site")
    assert second == (folder / "old-2.png").read_bytes()
    assert second != (folder / "old-1.png").read_bytes()

    # Other versions have another seed, and the strength counts for them, too.
    picker.get_by_role("button", name="Other versions").click()
    me.page.get_by_role("button", name="Download old-colorized.png").wait_for()  # none is chosen
    me.page.wait_for_function(
        "document.querySelectorAll('#version-picker input:checked').length === 0"
    )
    picker.get_by_role("radio").nth(2).check()
    settled(me)
    me.page.get_by_role("spinbutton", name="Strength").fill("0.5")
    me.page.keyboard.press("Tab")
    me.page.locator("#history span", has_text="version 3 of 3, seed 1, strength 0.5").wait_for()
    settled(me)
    third = me.download("#download", tmp_path).read_bytes()
    arguments += ["--seed", 1, "--strength", 0.5, "--force"]
    run_colortk(*arguments, plugins=page.folder / "site")
    assert third == (folder / "old-3.png").read_bytes()

    picker.get_by_role("button", name="Automatic colors").click()
    settled(me)
    me.page.get_by_role("button", name="Download old-colorized.png").wait_for()
    me.page.get_by_role("radio", name="gray", exact=True).check()
    picker.get_by_text("'gray' makes one version of each picture").wait_for()
    assert not picker.get_by_role("button").first.is_visible()
    assert me.outside() == me.troubles == []


def test_many_pictures_become_one_zip(page: Page, visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    sources = [tmp_path / name for name in ("a.png", "b.jpg", "more/a.png")]
    for number, path in enumerate(sources):
        Image.fromarray(photo(60, 80, number)).save(path)
    (tmp_path / "text.png").write_text("no picture at all")
    me = visit(width=390)
    me.page.get_by_role("spinbutton", name="Strength").fill("0.5")
    me.page.get_by_role("button", name="Many pictures at once").click()
    batch = me.page.locator("#batch")
    batch.get_by_role("button", name="Colorize all").click()
    me.told("No pictures are chosen")
    paths = [sources[0], tmp_path / "text.png", *sources[1:]]
    batch.locator("input[type=file]").set_input_files(paths)
    batch.get_by_role("row").nth(3).wait_for()
    batch.get_by_role("button", name="Colorize all").focus()
    me.page.keyboard.press("Enter")
    batch.get_by_text("3 of 4 pictures colorized.").wait_for()
    failed = batch.get_by_role("listitem").filter(has_text="Cannot read 'text.png'")
    assert failed.count() == 1
    shoot(me, "batch-390")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    file = me.download("#batch-download", tmp_path)
    assert file.name == "colorized.zip"
    arguments = ["-p", "orange", "--strength", 0.5, "--suffix", "-colorized"]
    for path in sources:
        run_colortk(*arguments, path, plugins=page.folder / "site")
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        names = ["a-colorized.png", "b-colorized.jpg", "a-colorized (2).png"]
        assert archive.namelist() == [*names, "failed.txt"]
        for name, path in zip(names, sources, strict=True):
            written = path.with_name(f"{path.stem}-colorized{path.suffix}")
            assert archive.read(name) == written.read_bytes()
        assert archive.read("failed.txt").startswith(b"text.png: Cannot read 'text.png': ")
    assert me.outside() == me.troubles == []


def test_a_batch_is_stopped(visit: Visit, tmp_path: Path) -> None:
    for number in range(30):
        Image.fromarray(photo(60, 80, number)).save(tmp_path / f"{number:02}.png")
    me = visit()
    me.page.get_by_role("radio", name="slow").check()
    me.page.get_by_role("button", name="Many pictures at once").click()
    batch = me.page.locator("#batch")
    batch.locator("input[type=file]").set_input_files(sorted(tmp_path.glob("*.png")))
    batch.get_by_role("row").nth(29).wait_for()
    batch.get_by_role("button", name="Colorize all").click()
    batch.get_by_text(re.compile(r"Picture \d+ of 30: \d+\.png, .* left")).first.wait_for()
    batch.get_by_role("button", name="Stop").click()
    batch.get_by_text("Stopped: the other pictures were left out.").wait_for()
    with zipfile.ZipFile(me.download("#batch-download", tmp_path)) as archive:
        assert 1 <= len(archive.namelist()) < 30
    assert me.troubles == []


def test_vividness_updates_by_itself(visit: Visit, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(photo(60, 80)).save(source)
    me = visit(width=390)
    slider = me.page.locator("#colorize-vividness")
    assert not slider.is_visible()  # the plugin has no such option
    me.page.get_by_role("radio", name="vivid", exact=True).check()
    slider.wait_for()
    pale = add_result(me, source)
    slider.locator("input[type=range]").focus()
    me.page.keyboard.press("End")
    me.page.locator(".summary b", has_text="vivid:vividness=1").wait_for()
    settled(me)
    vivid = me.download("#download", tmp_path).read_bytes()
    assert chroma(vivid) > 2 * chroma(pale)
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390
    me.page.get_by_role("radio", name="gray", exact=True).check()
    slider.wait_for(state="hidden")
    assert me.outside() == me.troubles == []


def test_the_result_follows_the_reference(page: Page, visit: Visit, tmp_path: Path) -> None:
    source, text, gray = (tmp_path / name for name in ("a.png", "text.png", "gray.png"))
    Image.fromarray(photo(60, 80)).save(source)
    Image.new("L", (40, 30), 90).save(gray)
    text.write_text("no picture at all")
    references = {}
    for name, color in (("red", (150, 60, 50)), ("blue", (40, 60, 160))):
        references[name] = tmp_path / f"{name}.png"
        Image.new("RGB", (40, 30), color).save(references[name])
    me, you = visit(width=390), visit()
    drop = me.page.locator("#reference")
    assert not drop.is_visible()  # the plugin takes no reference
    me.page.get_by_role("radio", name="tinted", exact=True).check()
    drop.wait_for()
    without = add_result(me, source)
    assert chroma(without) < 1

    def give(reference: Path) -> None:
        if drop.get_by_role("button", name="Clear").count():
            remove()
        drop.locator("input[type=file]").set_input_files(reference)

    def remove() -> None:
        drop.get_by_role("button", name="Clear").focus()  # by keyboard
        me.page.keyboard.press("Enter")
        drop.get_by_role("button", name="Clear").wait_for(state="detached")

    def result(label: str) -> bytes:
        me.page.get_by_role("tab", name="Before and after").wait_for()
        me.page.locator(".summary b").get_by_text(label, exact=True).wait_for()
        settled(me)
        return me.download("#download", tmp_path).read_bytes()

    for name, reference in references.items():
        give(reference)
        colored = result(f"tinted:reference={name}.png")
        written = tmp_path / f"run-{name}.png"
        arguments = ["-p", "tinted", "--reference", reference, source, "-o", written]
        run_colortk(*arguments, plugins=page.folder / "site")
        assert colored == written.read_bytes()
        assert chroma(colored) > 20
        shoot(me, f"reference-{name}-390")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390

    # The pictures of a batch get the colors of the reference, too.
    me.page.get_by_role("button", name="Many pictures at once").click()
    batch = me.page.locator("#batch")
    batch.locator("input[type=file]").set_input_files([source])
    batch.get_by_role("row").first.wait_for()
    batch.get_by_role("button", name="Colorize all").click()
    batch.get_by_text("1 of 1 pictures colorized.").wait_for()
    with zipfile.ZipFile(me.download("#batch-download", tmp_path)) as archive:
        assert archive.read("a-colorized.png") == colored

    # Another plugin does not use it, and the first one still has it afterwards.
    me.page.get_by_role("radio", name="gray", exact=True).check()
    drop.wait_for(state="hidden")
    result("gray")
    me.page.get_by_role("radio", name="tinted", exact=True).check()
    assert result("tinted:reference=blue.png") == colored
    drop.get_by_text("blue").first.wait_for()

    remove()
    assert result("tinted") == without
    for reference, words in ((text, "not a picture"), (gray, "it is gray")):
        give(reference)
        me.told(f"Cannot use the reference '{reference.name}'")
        me.told(words)
        notice = " ".join(me.page.locator(".notice:visible").all_inner_texts())
        assert str(page.folder) not in notice
        me.page.get_by_text("The settings have changed").wait_for()
        me.page.wait_for_function("document.querySelector('#download').disabled")
    remove()
    assert result("tinted") == without

    assert not you.page.locator("#reference").is_visible()
    assert entries(you) == []
    assert me.outside() == you.outside() == me.troubles == you.troubles == []


def chroma(data: bytes) -> float:
    """Return the mean chroma of a picture, CIELAB."""
    with Image.open(io.BytesIO(data)) as image:
        lab = rgb_to_lab(np.asarray(image.convert("RGB")))
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())
