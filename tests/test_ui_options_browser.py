"""Options of plugins on the Colorize tab, vividness and reference, in headless Chromium.

``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import colorizer_module, photo
from editor_pages import run_colortk, settled
from pages import (
    Page,
    Visit,
    install_plugins,
    missing_browser,
    serving,
    shoot,
)
from result_pages import add_result, chroma, entries

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with plugins that have an option, and with one that has none."""
    folder = tmp_path_factory.mktemp("page")
    vivid = "return np.full((*lightness.shape, 2), 5 + 20 * self.options.vividness, np.float32)"
    tinted = "return np.zeros((*lightness.shape, 2), np.float32) + np.float32(self.color)"
    options = ", options=Options"
    sources = {
        "vivid": VIVID_OPTIONS + colorizer_module("vivid", "vivid", vivid, options),
        "tinted": TINTED_OPTIONS + colorizer_module("tinted", "tinted", tinted, options) + TINTED,
    }
    plugins = install_plugins(folder, sources)
    with serving("-p", "gray,vivid,tinted", folder=folder, plugins=plugins) as running:
        yield running


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
