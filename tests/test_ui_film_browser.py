"""The Film tab in headless Chromium: before and after, time left, stop. ``COLORTK_SHOTS=DIR`` keeps screenshots."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from conftest import ORANGE, colorizer_module
from pages import Page, Visitor, missing_browser, serving, shoot

films = pytest.importorskip("films", reason="films need PyAV: pip install av")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Visit = Callable[..., Visitor]
#: A plugin whose first film waits for a file at its fourth keyframe, the frame 24, and takes its
#: time from then on: a signal to stop arrives before the film ends.
HELD = """import os, time
        self.count = getattr(self, "count", 0) + 1
        while self.count == 4 and not os.path.exists({release!r}):
            time.sleep(0.02)
        time.sleep(0.5 if self.count > 4 else 0)
        """


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with a plugin that paints everything orange, and one that can be held."""
    folder = tmp_path_factory.mktemp("page")
    info = folder / "site" / "orange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[colortk]\norange = orange\nheld = held\n")
    (folder / "site" / "orange.py").write_text(colorizer_module("orange", "orange", ORANGE))
    held = HELD.format(release=str(folder / "release")) + ORANGE
    (folder / "site" / "held.py").write_text(colorizer_module("held", "held", held))
    with serving("-p", "orange,held", folder=folder, plugins=folder / "site") as running:
        yield running


@pytest.fixture
def visit(browser: Any, page: Page) -> Iterator[Visit]:
    opened: list[Visitor] = []

    def open_page(**options: Any) -> Visitor:
        opened.append(Visitor(browser, page.address, **options))
        opened[-1].tab("Film")
        return opened[-1]

    yield open_page
    for visitor in opened:
        visitor.context.close()


def stage(visitor: Visitor) -> np.ndarray:
    """Return what the browser shows of the film, uint8 (240, 320, 3)."""
    shown = visitor.page.locator("#player .stage").screenshot()
    # A player at a fraction of a pixel is one row higher.
    return np.asarray(Image.open(io.BytesIO(shown)).convert("RGB"))[:240, :320]


def frame_is_drawn(visitor: Visitor) -> None:
    """Wait until the gray side has the frame that the video shows."""
    visitor.page.wait_for_function("""() => {
        const video = document.querySelector("#player video"), canvas = document.querySelector("#player canvas");
        if (!video || video.readyState < 2 || video.seeking || canvas.width !== video.videoWidth) return false;
        const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
        copy.getContext("2d").drawImage(video, 0, 0);
        const pixels = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        const a = pixels(canvas), b = pixels(copy);
        return a.every((value, k) => value === b[k]);
    }""")


def test_before_and_after(visit: Visit, tmp_path: Path) -> None:
    source = films.film(tmp_path / "clip.mp4", 40, size=(240, 320), sound="aac", gray=True)
    me = visit(width=390)
    me.give(source)
    me.page.locator("#film-go").click()
    frame_is_drawn(me)
    line = me.page.get_by_role("slider", name="Line between before and after")
    half = stage(me).astype(int)
    assert np.ptp(half[:, 10:150], axis=2).max() <= 2
    assert (half[:, 170:310, 0] - half[:, 170:310, 2]).mean() > 30
    shoot(me, "film-player-390")
    assert me.page.evaluate("document.documentElement.scrollWidth") <= 390

    # By keyboard. Before is the gray film that was given; after has the same lightness.
    line.focus()
    sides = {}
    for key in ("Home", "End"):
        me.page.keyboard.press(key)
        me.page.mouse.move(5, 5)
        sides[key] = stage(me)[8:-8, 8:-8]
    after, before = sides["Home"], sides["End"]
    assert np.ptp(before.astype(int), axis=2).max() <= 1
    assert (after[..., 0].astype(int) - after[..., 2]).mean() > 30
    given = films.decoded(source)[0].to_ndarray(format="rgb24")[8:-8, 8:-8]
    light = {k: rgb2lab(v)[..., 0] for k, v in (("before", before), ("after", after))}
    assert abs(light["before"] - light["after"]).mean() < 0.7
    assert abs(light["before"] - rgb2lab(given)[..., 0]).mean() < 1.5

    # The gray side follows the film.
    me.page.get_by_role("button", name="Play").click()
    me.page.wait_for_function("document.querySelector('#player video').currentTime > 0.3")
    me.page.get_by_role("button", name="Sound").click()
    assert me.page.evaluate("document.querySelector('#player video').muted")
    me.page.wait_for_function("document.querySelector('#player video').ended")
    frame_is_drawn(me)
    me.page.get_by_text("0:01 / 0:01").wait_for()
    assert abs(stage(me)[8:-8, 8:-8].astype(int) - before).max() > 20
    me.page.get_by_role("slider", name="Position in the film").focus()
    me.page.keyboard.press("Home")
    me.page.wait_for_function("document.querySelector('#player video').currentTime === 0")
    frame_is_drawn(me)
    assert abs(stage(me)[8:-8, 8:-8].astype(int) - before).max() <= 2

    # A second film replaces the first one.
    me.give(films.film(tmp_path / "other.mp4", 10, size=(200, 320), gray=True))
    me.page.locator("#film-go").click()
    me.page.wait_for_function("document.querySelector('#player video')?.videoHeight === 200")
    frame_is_drawn(me)
    assert me.outside() == me.troubles == []


def test_stop_while_the_film_waits_and_while_it_runs(
    page: Page, visit: Visit, tmp_path: Path
) -> None:
    source = films.film(tmp_path / "clip.mp4", 160, gray=True)
    me, you = visit(), visit()
    for visitor in (you, me):
        visitor.give(source)
    you.page.locator("#film-plugin").get_by_role("radio", name="held").check()
    you.page.locator("#film-go").click()
    you.page.get_by_text("Colorizing", exact=False).first.wait_for()
    you.page.get_by_text("left", exact=False).first.wait_for()
    shoot(you, "film-time-left")
    # My film waits for yours. When it is stopped, it leaves the queue, and yours goes on.
    me.page.locator("#film-go").click()
    me.page.get_by_text("queue:", exact=False).first.wait_for()
    me.page.locator("#film-stop").click()
    me.told("The film was stopped")
    me.page.get_by_text("queue:", exact=False).first.wait_for(state="detached")
    # The same window can start again, and stops while the film runs.
    with you.page.expect_response(lambda response: "/run/" in response.url):
        you.page.locator("#film-stop").click()
    # The server has the signal now; without waiting for it, the film could end before.
    (page.folder / "release").touch()
    you.told("The film was stopped")
    me.page.locator("#film-go").click()
    me.page.locator("#player video").wait_for()
    assert not [line for line in page.said if "Traceback" in line]
    assert me.troubles == you.troubles == []
