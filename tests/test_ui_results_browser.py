"""The history and the versions on the Colorize tab in headless Chromium.

``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from conftest import ORANGE, colorizer_module, photo
from editor_pages import run_colortk, settled
from pages import (
    Page,
    Visit,
    install_plugins,
    missing_browser,
    serving,
    shoot,
)
from result_pages import add_result, entries

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with a plugin that paints everything orange, or in other hues."""
    folder = tmp_path_factory.mktemp("page")
    source = colorizer_module("orange", "orange", ORANGE, ", samples=True") + HUES
    plugins = install_plugins(folder, {"orange": source})
    with serving("-p", "orange,gray", folder=folder, plugins=plugins) as running:
        yield running


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
    assert picker.locator(".choices img").count() == 3
    # By keyboard: the arrow key chooses.
    picker.get_by_role("radio").first.focus()
    me.page.keyboard.press("ArrowDown")
    settled(me)
    me.page.get_by_role("button", name="Download old-colorized-2.png").wait_for()
    picture = picker.get_by_role("img", name="The result with the chosen version")
    picture.wait_for()
    me.page.wait_for_function(
        "document.querySelector('#version-picker .result').naturalWidth === 80"
    )
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
    assert not picture.is_visible()
    me.page.get_by_role("radio", name="gray", exact=True).check()
    picker.get_by_text("'gray' makes one version of each picture").wait_for()
    assert not picker.get_by_role("button").first.is_visible()
    assert me.outside() == me.troubles == []
