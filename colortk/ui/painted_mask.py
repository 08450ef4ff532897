"""The mask that a visitor paints on the page: which pixels get colors, and which stay gray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from colortk.io.picture import Picture

#: Pixels of a mask, and lengths of runs, that are accepted.
MAX_MASK_PIXELS, MAX_RUNS = 1_000_000, 20_000


@dataclass(frozen=True)
class PaintedMask:
    """A mask of two values, row by row as lengths of runs.

    Parameters
    ----------
    width, height : int
        Size in pixels. The mask is scaled to the picture.
    runs : tuple of int
        Pixels that get colors, pixels that stay gray, pixels that get colors, and so on.
    """

    width: int
    height: int
    runs: tuple[int, ...]

    def picture(self) -> Picture:
        """Return the mask as a file of it would be read: white pixels get colors."""
        values = np.zeros(len(self.runs), np.uint8)
        values[::2] = 255
        pixels = np.repeat(values, self.runs).reshape(self.height, self.width)
        return Picture(pixels, format="PNG")

    def to_json(self) -> dict[str, Any]:
        """Return the object that :func:`mask_from_json` reads."""
        return {"width": self.width, "height": self.height, "runs": list(self.runs)}


def mask_from_json(value: Any) -> PaintedMask:
    """Return the mask of a message of the page. Raises ``ValueError`` if it is no such mask."""
    if not isinstance(value, dict) or set(value) != {"width", "height", "runs"}:
        raise ValueError("the mask is no object with width, height and runs")
    width, height, runs = value["width"], value["height"], value["runs"]
    if not all(type(size) is int and size > 0 for size in (width, height)):
        raise ValueError("the size of the mask is not valid")
    if width * height > MAX_MASK_PIXELS:
        raise ValueError(f"the mask has over {MAX_MASK_PIXELS:,} pixels")
    if not isinstance(runs, list) or len(runs) > MAX_RUNS:
        raise ValueError(f"the runs of the mask are no list of at most {MAX_RUNS:,} numbers")
    if not all(type(run) is int and run >= 0 for run in runs) or sum(runs) != width * height:
        raise ValueError("the runs of the mask do not have its size")
    return PaintedMask(width, height, tuple(runs))
