"""Motion between two frames of a film, and the pixels that both frames show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colortk._opencv import cv2
from colortk.types import Float32
from colortk.video.optical_flow import Gray, Mask, OpticalFlow, visible_in_both, warp

#: Largest difference of lightness, in 8-bit steps, between a pixel and its position in the frame
#: before. If the difference is larger, the optical flow is wrong.
_TOLERANCE = 25


@dataclass(frozen=True)
class FrameMotion:
    """Motion from a frame to the one before.

    Parameters
    ----------
    back : ndarray
        float32 (H, W, 2), optical flow to the frame before, in pixels.
    seen : ndarray
        bool (H, W), the pixels that both frames show.
    """

    back: Float32
    seen: Mask


class MotionFinder:
    """Find motion between frames of one size. Several measurements may share a finder."""

    def __init__(self) -> None:
        self._motion = OpticalFlow(accurate=True)

    def between(self, present: Gray, before: Gray) -> FrameMotion:
        """Return the motion from the frame ``present`` to ``before``, both uint8 (H, W)."""
        back = self._motion.between(present, before)
        forth = self._motion.between(before, present)
        return FrameMotion(back, common_pixels(present, before, back, forth))


def gray_of_lightness(light: Float32) -> Gray:
    """Return the gray picture on which motion is estimated.

    Parameters
    ----------
    light
        float32 (H, W), CIE L*, 0..100.

    Returns
    -------
    ndarray
        uint8 (H, W), 2.55 steps for each unit of L*.
    """
    gray: Gray = np.clip(np.rint(light * np.float32(2.55)), 0, 255).astype(np.uint8)
    return gray


def common_pixels(present: Gray, before: Gray, back: Float32, forth: Float32) -> Mask:
    """Return which pixels of ``present`` are in ``before``, by both flows and by lightness."""
    near: Mask = cv2.absdiff(present, warp(before, back)) <= _TOLERANCE
    return visible_in_both(back, forth) & near
