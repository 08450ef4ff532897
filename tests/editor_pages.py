"""The editor of hints on the page, as the tests of a browser use it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from conftest import ORANGE, colorizer_module
from pages import Page, Visitor, install_plugins, serving

SKIN, BLUE = "#d8a08a", "#2a4d8f"
#: Width of the picture.
WIDTH = 160
#: Lightness (gray value) of the parts of the picture, and their squares: top, left, bottom, right.
PARTS = {
    "face": (190, (20, 60, 60, 100)),
    "neck": (170, (70, 65, 95, 95)),
    "hands": (180, (150, 20, 175, 60)),
    "coat": (70, (100, 30, 145, 130)),
}


@contextlib.contextmanager
def serving_orange(folder: Path) -> Iterator[Page]:
    """A page with a plugin that paints everything orange."""
    plugins = install_plugins(folder, {"orange": colorizer_module("orange", "orange", ORANGE)})
    with serving("-p", "orange,gray", folder=folder, plugins=plugins) as running:
        yield running


def old_photograph(path: Path) -> Path:
    """Draw a photograph of a person whose parts have one gray each."""
    pixels = np.full((200, WIDTH), 120, np.uint8)
    for gray, (top, left, bottom, right) in PARTS.values():
        pixels[top:bottom, left:right] = gray
    Image.fromarray(pixels).save(path)
    return path


def center(part: str) -> tuple[int, int]:
    """Return x and y of the middle of a part."""
    top, left, bottom, right = PARTS[part][1]
    return (left + right) // 2, (top + bottom) // 2


def open_editor(visitor: Visitor, source: Path) -> Any:
    """Upload a picture, open the editor, and return its image."""
    visitor.give(source)
    visitor.page.locator("#download").wait_for()
    visitor.tab("Set colors")
    image = visitor.page.locator("#hint-editor .stage img")
    image.wait_for()
    visitor.page.wait_for_function(
        "document.querySelector('#hint-editor .stage img').naturalWidth > 0"
    )
    return image


def click_at(image: Any, point: tuple[float, float], width: int, touch: bool = False) -> None:
    """Click a pixel of a picture that is ``width`` pixels wide."""
    scale = image.bounding_box()["width"] / width
    position = {"x": (point[0] + 0.5) * scale, "y": (point[1] + 0.5) * scale}
    (image.tap if touch else image.click)(position=position)


def settled(visitor: Visitor) -> None:
    """Wait until the file has the colors that are set."""
    visitor.page.wait_for_function("""
        document.querySelector(".summary [data-revision]")?.dataset.revision ===
            String(window.colortkChanges ?? 0) && !document.querySelector("#download").disabled
    """)
    visitor.page.get_by_text("The settings have changed").wait_for(state="hidden")


def points(visitor: Visitor) -> list[str]:
    """Return the descriptions of the points."""
    found = visitor.page.locator("#hint-editor .point")
    return [str(found.nth(k).get_attribute("aria-label")) for k in range(found.count())]


def pixel_colors(path: Path) -> Any:
    """Return CIELAB of a picture, (H, W, 3)."""
    with Image.open(path) as image:
        return rgb_to_lab(np.asarray(image.convert("RGB")))


def hue(color: str) -> float:
    """Return the hue of a color in CIELAB, in degrees."""
    pixel = np.array([[[int(color[i : i + 2], 16) for i in (1, 3, 5)]]], np.uint8)
    _, a, b = rgb_to_lab(pixel)[0, 0]
    return float(np.degrees(np.arctan2(b, a)))


def run_colortk(*arguments: object, plugins: Path | None = None) -> None:
    """Run ``colortk run`` in a process of its own."""
    environment = dict(os.environ)
    if plugins is not None:
        environment["PYTHONPATH"] = str(plugins)
    program = "from colortk.cli.main import main; main()"
    command = [sys.executable, "-c", program, "run", *map(str, arguments)]
    subprocess.run(command, check=True, env=environment)


def paint(me: Visitor, image: Any, *path: tuple[int, int]) -> None:
    """Draw with the mouse through pixels of the picture."""
    settled(me)  # so that no message moves the picture meanwhile
    box = image.bounding_box()
    scale = box["width"] / WIDTH
    corners = [(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale) for x, y in path]
    me.page.mouse.move(*corners[0])
    me.page.mouse.down()
    for corner in corners[1:]:
        me.page.mouse.move(*corner, steps=8)
    me.page.mouse.up()


def drag_finger(me: Visitor, image: Any, *path: tuple[int, int]) -> None:
    """Draw with a finger through pixels of the picture."""
    box = image.bounding_box()
    scale = box["width"] / WIDTH
    corners = [
        {"x": box["x"] + (x + 0.5) * scale, "y": box["y"] + (y + 0.5) * scale} for x, y in path
    ]
    driver = me.context.new_cdp_session(me.page)
    for number, corner in enumerate(corners):
        kind = "touchMove" if number else "touchStart"
        driver.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [corner]})
    driver.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    driver.detach()
