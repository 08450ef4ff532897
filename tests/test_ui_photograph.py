"""An old photograph is corrected on the page, and ``colortk run`` repeats it to the bit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

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
from portrait import CENTERS, portrait

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "it is there"),
    # Playwright does not close its event loop and pipes.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Names the folder of a real photograph.
PHOTOGRAPHS = "COLORTK_OLD_PHOTOGRAPHS"
#: A woman in a studio, and points of her face, neck, hands and dress.
REAL_NAME = "IrishLate1800s.jpg"
REAL_POINTS = {"face": (317, 198), "neck": (327, 247), "hands": (243, 585), "coat": (280, 480)}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with the default plugin."""
    with serving("-p", "effnet_bins", folder=tmp_path_factory.mktemp("page")) as running:
        yield running


def correct(page: Page, source: Path, where: dict[str, tuple[int, int]], tmp_path: Path) -> Any:
    """Correct a photograph on the page and by ``run``, and return CIELAB before and after."""
    with Image.open(source) as picture:
        width = picture.width
    with browsing() as browser:
        me = Visitor(browser, page.address)
        image = open_editor(me, source)
        (tmp_path / "before").mkdir()
        before = me.download("#download", tmp_path / "before")
        for part in ("face", "neck", "hands", "coat"):
            click_at(image, where[part], width)
        me.page.locator("#hint-editor input[type=color]").fill(BLUE)
        assert [text.rpartition(": ")[2] for text in points(me)] == [SKIN, SKIN, SKIN, BLUE]
        settled(me)
        hints = me.download("[data-do=save]", tmp_path)
        after = me.download("#download", tmp_path)
        shoot(me, f"photograph-{source.stem}")
        assert me.outside() == me.troubles == []
    assert hints.name == f"{source.stem}.hints.json"
    saved = json.loads(hints.read_text())["points"]
    for point, part in zip(saved, ("face", "neck", "hands", "coat"), strict=True):
        assert np.hypot(point["x"] - where[part][0], point["y"] - where[part][1]) < 4
    (tmp_path / "run").mkdir()
    run_colortk(source, "-p", "effnet_bins", "--hints", hints, "-o", tmp_path / "run")
    assert (tmp_path / "run" / source.name).read_bytes() == after.read_bytes()
    return pixel_colors(before), pixel_colors(after)


def hue_distance(lab: Any, color: str) -> Any:
    """Return how far hues are from that of a color, in degrees."""
    angles = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) - hue(color)
    return np.abs((angles + 180) % 360 - 180)


def test_a_drawn_portrait(page: Page, tmp_path: Path) -> None:
    pixels, parts = portrait()
    source = tmp_path / "portrait.png"
    Image.fromarray(pixels).save(source)
    before, after = correct(page, source, CENTERS, tmp_path)
    assert np.abs(after[..., 0] - before[..., 0]).max() < 1.5  # 8 bits per channel
    parts["coat"][500:] = False  # far from the click, where its color fades
    for part, area in parts.items():
        far = hue_distance(after[area], BLUE if part == "coat" else SKIN)
        # Eyes, mouth and buttons are other parts, and are not reached.
        assert np.mean(far < 20) > 0.85, part
        assert np.median(np.hypot(*np.moveaxis(after[area][:, 1:], 1, 0))) > 12, part
    assert np.median(hue_distance(before[parts["coat"]], BLUE)) > 30  # the plugin did not know
    # The wall is far from all points.
    changes = np.linalg.norm((after - before)[:60, :100, 1:], axis=-1)
    assert np.median(changes) < 2


@pytest.mark.skipif(not os.environ.get(PHOTOGRAPHS), reason=f"{PHOTOGRAPHS} is not set")
def test_a_real_photograph(page: Page, tmp_path: Path) -> None:
    source = Path(os.environ[PHOTOGRAPHS]) / REAL_NAME
    before, after = correct(page, source, REAL_POINTS, tmp_path)
    assert np.abs(after[..., 0] - before[..., 0]).max() < 3  # JPEG
    for part, (x, y) in REAL_POINTS.items():
        around = after[y - 3 : y + 4, x - 3 : x + 4]
        far = hue_distance(around, BLUE if part == "coat" else SKIN)
        assert np.mean(far < 12) > 0.8, part
    # The dress around its point is one cloth.
    x, y = REAL_POINTS["coat"]
    cloth = after[y - 40 : y + 40, x - 25 : x + 25]
    assert np.mean(hue_distance(cloth, BLUE) < 20) > 0.8
