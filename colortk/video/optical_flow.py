"""Where every pixel of a frame was in the frame before, and whether that can be believed.

Dense optical flow on lightness: DIS (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse
Search"), OpenCV's. A pixel is taken to have been seen before if going there and back ends near
it, and if it is not at a motion boundary, where the flow of one side leaks into the other:
Sundaram et al. 2010, "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical
Flow", with the constants of Ruder et al. 2016.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.types import Float32

Gray = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Motion:
    """Flow between grey frames of one size, uint8 (H, W).

    ``accurate``: DIS's slowest preset instead of its fast one.
    """

    def __init__(self, accurate: bool = False) -> None:
        preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if accurate else cv2.DISOPTICAL_FLOW_PRESET_FAST
        self._search: Any = cv2.DISOpticalFlow_create(preset)

    def between(self, present: Gray, other: Gray) -> Float32:
        """Pixels (x, y) to go from ``present`` to find the same thing in ``other``: (H, W, 2)."""
        flow: Float32 = self._search.calc(present, other, None)
        return flow


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> Float32:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([x, y], -1)


def warp(image: NDArray[Any], flow: Float32) -> NDArray[Any]:
    """``image`` (H, W[, k]) fetched from where ``flow`` (H, W, 2) points, bilinear."""
    places = cv2.add(_places(*flow.shape[:2]), flow)
    out: NDArray[Any] = cv2.remap(
        image, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return out


def visible_in_both(
    back: Float32, forth: Float32, slack: float = 0.5, boundaries: bool = True
) -> Mask:
    """Which pixels of a frame are in the frame before too, bool (H, W).

    ``back``: flow from the frame to the one before; ``forth``: the other way round.
    ``slack``: squared pixels by which there and back again may end beside the start, besides
    1 % of the way. ``boundaries``: without those at motion boundaries.
    """
    height, width = back.shape[:2]
    # OpenCV throughout: NumPy takes five times as long over two interleaved planes.
    ends = cv2.add(_places(height, width), back)
    inside = cv2.inRange(ends, (0, 0, 0, 0), (width - 1, height - 1, 0, 0))
    returned = warp(forth, back)
    size = _square(back)
    allowed = cv2.addWeighted(size, 0.01, _square(returned), 0.01, slack)
    seen: Mask = (_square(cv2.add(back, returned)) <= allowed) & (inside > 0)
    if boundaries:
        across, down = (cv2.Sobel(back, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
        seen &= _square(across) + _square(down) <= 0.01 * size + 0.002
    return seen


def _square(flow: Float32) -> Float32:
    """Squared length, (H, W), of a flow (H, W, 2)."""
    out: Float32 = cv2.transform(cv2.multiply(flow, flow), np.ones((1, 2), np.float32))
    return out
