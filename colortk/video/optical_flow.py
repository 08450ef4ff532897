"""Dense optical flow between frames, and the pixels at which it is reliable.

The flow is DIS [1]_ of OpenCV, on lightness. It is reliable at a pixel if the flow to the other
frame and back ends near the pixel, and if the pixel is not at a motion boundary, where the flow of
one side extends into the other [2]_, with the constants of [3]_.

References
----------
.. [1] T. Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
.. [2] N. Sundaram et al., "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical
   Flow", ECCV 2010.
.. [3] M. Ruder et al., "Artistic Style Transfer for Videos", GCPR 2016.
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


class OpticalFlow:
    """Optical flow between gray frames of one size.

    Parameters
    ----------
    accurate : bool
        Use the slower "medium" preset of DIS instead of "fast".
    """

    def __init__(self, accurate: bool = False) -> None:
        preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if accurate else cv2.DISOPTICAL_FLOW_PRESET_FAST
        self._search: Any = cv2.DISOpticalFlow_create(preset)

    def between(self, present: Gray, other: Gray) -> Float32:
        """Return the flow from one frame to another.

        Parameters
        ----------
        present, other : uint8 arrays of shape (H, W)
            The frames.

        Returns
        -------
        float32 array of shape (H, W, 2)
            For each pixel of ``present``, the displacement (x, y) to the same point of ``other``,
            in pixels.
        """
        flow: Float32 = self._search.calc(present, other, None)
        return flow


@lru_cache(maxsize=4)
def _coordinates(height: int, width: int) -> Float32:
    """Return the coordinates (x, y) of all pixels, float32 (height, width, 2)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([x, y], -1)


def warp(image: NDArray[Any], flow: Float32) -> NDArray[Any]:
    """Sample an image at the positions to which a flow points.

    Parameters
    ----------
    image : array of shape (H, W) or (H, W, k)
        The image.
    flow : float32 array of shape (H, W, 2)
        Displacement (x, y) in pixels.

    Returns
    -------
    array of the shape and dtype of ``image``
        Bilinear samples; beyond the border, the nearest pixel.
    """
    positions = cv2.add(_coordinates(*flow.shape[:2]), flow)
    out: NDArray[Any] = cv2.remap(
        image, positions, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return out


def visible_in_both(
    backward: Float32, forward: Float32, slack: float = 0.5, boundaries: bool = True
) -> Mask:
    """Return which pixels of a frame are visible in the previous frame too.

    Parameters
    ----------
    backward : float32 array of shape (H, W, 2)
        Flow from the frame to the previous one.
    forward : float32 array of shape (H, W, 2)
        Flow from the previous frame to the frame.
    slack : float
        Squared distance in pixels that may remain after the flow there and back, in addition to 1 %
        of the squared length of the flow.
    boundaries : bool
        Exclude pixels at motion boundaries.

    Returns
    -------
    bool array of shape (H, W)
        Visible pixels.
    """
    height, width = backward.shape[:2]
    # OpenCV only, because NumPy takes five times as long with two interleaved planes.
    ends = cv2.add(_coordinates(height, width), backward)
    inside = cv2.inRange(ends, (0, 0, 0, 0), (width - 1, height - 1, 0, 0))
    returned = warp(forward, backward)
    size = _square(backward)
    allowed = cv2.addWeighted(size, 0.01, _square(returned), 0.01, slack)
    visible: Mask = (_square(cv2.add(backward, returned)) <= allowed) & (inside > 0)
    if boundaries:
        across, down = (
            cv2.Sobel(backward, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1))
        )
        visible &= _square(across) + _square(down) <= 0.01 * size + 0.002
    return visible


def _square(flow: Float32) -> Float32:
    """Return the squared length, (H, W), of a flow (H, W, 2)."""
    x, y = cv2.split(flow)
    out: Float32 = cv2.add(cv2.multiply(x, x), cv2.multiply(y, y))
    return out
