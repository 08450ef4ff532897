"""A frame of a film as a metric gets it: the original and the result of a plugin."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import lab_to_rgb, lightness, rgb_to_lab
from colortk.harness.frame_motion import FrameMotion, MotionFinder, gray_of_lightness
from colortk.harness.metrics.pair import Pair, Truth
from colortk.types import Array, Float32
from colortk.video.luma_tables import BLACK, WHITE, Plane, gray_lightness
from colortk.video.optical_flow import Gray


class ReferenceFrame:
    """A frame of the original. Values that depend only on it are computed once for all results.

    Parameters
    ----------
    number : int
        From 0, among the frames that could be read.
    fine : ndarray
        float32 (H, W, 3), sRGB, 0..255, resized but not rounded.
    scored : bool
        Metrics of pictures score it.
    motion : MotionFinder
        Finds motion to the frame before.
    before : ndarray or None
        uint8 (H, W), the frame before, to find motion on; ``None`` for the first frame.
    """

    def __init__(
        self, number: int, fine: Float32, scored: bool, motion: MotionFinder, before: Gray | None
    ) -> None:
        self.number, self.scored = number, scored
        self._fine, self._motion, self._before = fine, motion, before
        #: Rounded: results are compared with it, and get its lightness.
        self.truth = Truth(np.clip(np.rint(fine), 0, 255).astype(np.uint8))
        self.lightness = lightness(self.truth.pixels)
        self.gray = gray_of_lightness(self.lightness)
        for shared in (self.lightness, self.gray):
            shared.flags.writeable = False

    @cached_property
    def lab(self) -> Float32:
        """CIELAB of the original, float32 (H, W, 3): not rounded, as results are not."""
        lab = rgb_to_lab(self._fine / np.float32(255))
        lab.flags.writeable = False
        return lab

    @cached_property
    def luma(self) -> Plane:
        """Y' of the gray frame of this lightness, uint8 (H, W), on which ``video`` finds motion."""
        ramp = gray_lightness()[BLACK : WHITE + 1]
        levels = np.interp(self.lightness, ramp, np.arange(BLACK, WHITE + 1))
        luma: Plane = np.rint(levels).astype(np.uint8)
        return luma

    def original(self) -> FilmFrame:
        """Return the original as if it were a result."""
        return FilmFrame(self, self.lab, self.truth.pixels)

    @cached_property
    def step(self) -> FrameMotion | None:
        """Motion to the frame before; ``None`` for the first frame."""
        return None if self._before is None else self._motion.between(self.gray, self._before)


class FilmFrame:
    """A frame of a result and of the original. Its arrays are shared: do not change them.

    Parameters
    ----------
    reference : ReferenceFrame
        The frame of the original.
    lab : ndarray
        float32 (H, W, 3), CIELAB of the result before rounding: 8 bits alone would make color
        differ by about 0.3 from frame to frame.
    pixels : ndarray, optional
        uint8 (H, W, 3), the same as sRGB, if it is known.
    """

    def __init__(
        self, reference: ReferenceFrame, lab: Float32, pixels: Array | None = None
    ) -> None:
        self._reference, self._pixels = reference, pixels
        self.lab = lab
        self.lab.flags.writeable = False

    @property
    def number(self) -> int:
        """Number of the frame, from 0, among the frames that could be read."""
        return self._reference.number

    @property
    def lightness(self) -> Float32:
        """CIE L* of result and original, float32 (H, W)."""
        return self._reference.lightness

    @property
    def truth(self) -> Array:
        """The original, sRGB uint8 (H, W, 3)."""
        return self._reference.truth.pixels

    @property
    def truth_lab(self) -> Float32:
        """CIELAB of the original before rounding, float32 (H, W, 3)."""
        return self._reference.lab

    @property
    def step(self) -> FrameMotion | None:
        """Motion of the original to the frame before; ``None`` for the first frame."""
        return self._reference.step

    @cached_property
    def result(self) -> Array:
        """The result, sRGB uint8 (H, W, 3)."""
        return self.pair.result.pixels

    @cached_property
    def pair(self) -> Pair:
        """Original and result, for metrics of pictures."""
        return Pair(
            self._reference.truth, shown(self.lab) if self._pixels is None else self._pixels
        )


def shown(lab: Float32) -> NDArray[Any]:
    """Convert CIELAB float32 (H, W, 3) to sRGB uint8, as :func:`colortk.pipeline.join` does."""
    rgb = lab_to_rgb(lab)
    if not lab[..., 1:].any():  # Exactly gray: rounding would tint some pixels.
        rgb[...] = rgb[..., 1:2]
    pixels: NDArray[Any] = cv2.convertScaleAbs(rgb, alpha=255).reshape(rgb.shape)
    return pixels
