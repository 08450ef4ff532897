"""How much the colors of a film flicker: each frame against the one before, along motion.

After the warping error of Lai et al. 2018 ("Learning Blind Video Temporal Consistency", eq. 9), in
CIELAB instead of RGB: the mean difference between a frame and the frame before, which is warped
along optical flow, over the pixels that both show. Colors that move with an object do not flicker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError
from colortk.harness.films.frame import FilmFrame
from colortk.harness.frame_motion import FrameMotion, MotionFinder, gray_of_lightness
from colortk.types import Float32
from colortk.video.optical_flow import Gray, warp


@dataclass(frozen=True)
class Flicker:
    """Mean differences between frames.

    Parameters
    ----------
    color : float
        √(Δa*² + Δb*²): the part that the colorizer causes.
    total : float
        ΔE*76: lightness differs, too, by grain, noise and errors of the flow.
    pairs : int
        Pairs of frames that were compared.
    share : float
        Share of their pixels, 0..1, that both frames show.
    """

    color: float
    total: float
    pairs: int
    share: float


class FlickerMeter:
    """Measure flicker frame by frame. It keeps one frame, so that a film of any length fits.

    Parameters
    ----------
    min_share : float
        Pairs of frames with a smaller share of common pixels are cuts and are left out.
    """

    def __init__(self, min_share: float = 0.2) -> None:
        self.min_share = min_share
        self._motion = MotionFinder()
        self._before: tuple[Float32, Gray | None] | None = None
        self._sums = np.zeros(3)
        self._pairs = self._pixels = 0

    def add(self, frame: NDArray[Any], light: Float32 | None = None) -> None:
        """Add the next frame and find its motion.

        Parameters
        ----------
        frame
            sRGB uint8 (H, W, 3), or CIELAB float32 (H, W, 3). Rounding to 8 bits alone makes color
            differ by about 0.3 between frames, more than some colorizers do.
        light
            float32 (H, W), CIE L* to find motion on; by default the lightness of the frame. All
            colorizers of a film have the original's lightness in common.

        Raises
        ------
        PictureError
            If the size differs from the size of the frame before.
        """
        lab = frame if frame.dtype == np.float32 else rgb_to_lab(frame)
        gray = gray_of_lightness(lab[..., 0] if light is None else light)
        before, self._before = self._before, (lab, gray)
        if before is None or before[1] is None:
            return
        if before[1].shape != gray.shape:
            raise PictureError(
                "frames of one film differ in size", f"{before[1].shape}, {gray.shape}"
            )
        self._compare(lab, before[0], self._motion.between(gray, before[1]))

    def follow(self, lab: Float32, motion: FrameMotion | None) -> None:
        """Add the next frame, whose motion is known.

        Parameters
        ----------
        lab
            float32 (H, W, 3), CIELAB.
        motion
            Motion to the frame before, ``None`` for the first frame.
        """
        before, self._before = self._before, (lab, None)
        if before is not None and motion is not None:
            self._compare(lab, before[0], motion)

    def _compare(self, lab: Float32, before: Float32, motion: FrameMotion) -> None:
        mask = motion.seen
        if mask.mean() < self.min_share:
            return
        difference = (lab - warp(before, motion.back))[mask]
        squares = difference.astype(np.float64) ** 2
        self._sums += (
            np.sqrt(squares[:, 1:].sum(-1)).sum(),
            np.sqrt(squares.sum(-1)).sum(),
            len(squares),
        )
        self._pairs += 1
        self._pixels += mask.size

    def result(self) -> Flicker:
        """Return the flicker of the frames so far.

        Raises
        ------
        PictureError
            If there was no pair of frames to compare.
        """
        color, total, count = self._sums
        if not self._pairs:
            raise PictureError(
                "flicker cannot be measured", "no two successive frames show the same objects"
            )
        return Flicker(color / count, total / count, self._pairs, count / self._pixels)


def flicker(
    frames: Iterable[NDArray[Any]], lightnesses: Iterable[Float32] | None = None
) -> Flicker:
    """Measure the flicker of a film.

    Parameters
    ----------
    frames
        The frames in order, sRGB uint8 or CIELAB float32 (H, W, 3).
    lightnesses
        CIE L*, float32 (H, W), of the original's frames, to find motion on; by default the
        lightness of ``frames``.

    Raises
    ------
    PictureError
        If there is no pair of frames to compare.
    """
    meter = FlickerMeter()
    lights = iter(lightnesses) if lightnesses is not None else None
    for frame in frames:
        meter.add(frame, next(lights) if lights is not None else None)
    return meter.result()


class ColorFlicker:
    """The metric ``flicker``: mean √(Δa*² + Δb*²) along motion, over all frames of a result."""

    def __init__(self) -> None:
        self._meter = FlickerMeter()

    def add(self, frame: FilmFrame) -> None:
        """Add the next frame of the result."""
        self._meter.follow(frame.lab, frame.step)

    def result(self) -> float:
        """Return the flicker; raises ``PictureError`` if there is nothing to compare."""
        return self._meter.result().color
