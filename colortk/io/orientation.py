"""Turn a picture upright, as the orientation tag of EXIF and TIFF says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
#: Orientation tag to the operations on rows and columns (EXIF 2.32, tag 0x0112).
FLIPS: dict[int, tuple[bool, bool, bool]] = {  # transpose, flip rows, flip columns
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Rotate and mirror pixels, (H, W) or (H, W, 3), of an orientation of ``FLIPS`` upright."""
    transpose, rows, columns = FLIPS[orientation]
    if transpose:
        pixels = pixels.swapaxes(0, 1)
    if rows:
        pixels = pixels[::-1]
    if columns:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
