"""Results on the Colorize tab, as the tests of a browser use them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from colortk.color.cielab import rgb_to_lab
from editor_pages import settled
from pages import Visitor


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


def chroma(data: bytes) -> float:
    """Return the mean chroma of a picture, CIELAB."""
    with Image.open(io.BytesIO(data)) as image:
        lab = rgb_to_lab(np.asarray(image.convert("RGB")))
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())
