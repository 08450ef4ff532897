"""Many pictures at once on the Colorize tab in headless Chromium.

``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import ORANGE, colorizer_module, photo
from editor_pages import run_colortk
from pages import (
    Page,
    Visit,
    install_plugins,
    missing_browser,
    serving,
    shoot,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with a plugin that paints everything orange, and with a slow one."""
    folder = tmp_path_factory.mktemp("page")
    slow = f"import time; time.sleep(1); {ORANGE}"
    sources = {
        "orange": colorizer_module("orange", "orange", ORANGE),
        "slow": colorizer_module("slow", "slow", slow),
    }
    plugins = install_plugins(folder, sources)
    with serving("-p", "orange,slow", folder=folder, plugins=plugins) as running:
        yield running


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
