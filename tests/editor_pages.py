"""The editor of hints on the page, as the tests of a browser use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from pages import Visitor

SKIN, BLUE = "#d8a08a", "#2a4d8f"


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
