"""How much a film's colours flicker: a frame against the one before, brought to it along motion.

After the warping error of Lai et al. 2018 ("Learning Blind Video Temporal Consistency", eq. 9),
in CIELAB instead of RGB: the mean difference between a frame and its predecessor, warped along
optical flow, over pixels that are in both. Colours of what is really there move with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.cielab import rgb_to_lab
from colortk.errors import PictureError
from colortk.types import Float32
from colortk.video.optical_flow import Gray, Mask, Motion, visible_in_both, warp

if TYPE_CHECKING:
    from colortk.harness.films.frame import FilmFrame


@dataclass(frozen=True)
class Flicker:
    """Mean differences over the pixels of all pairs that were compared.

    ``colour``: of chroma alone, √(Δa*² + Δb*²): a colorizer's own part. ``total``: ΔE*76, in which
    lightness differs too, by grain, noise and errors of the flow, which no colorizer can help.
    ``pairs``: frames compared; ``share``: pixels of them that are in both frames, 0..1.
    """

    colour: float
    total: float
    pairs: int
    share: float


@dataclass(frozen=True)
class Step:
    """From a frame to the one before: ``back``, the flow (H, W, 2), and what is in both, (H, W)."""

    back: Float32
    seen: Mask


class Steps:
    """Finds motion between greys of one size, uint8 (H, W); several meters may share it."""

    def __init__(self) -> None:
        self._motion = Motion(accurate=True)

    def between(self, present: Gray, before: Gray) -> Step:
        """The step from ``present`` to the frame ``before``."""
        back = self._motion.between(present, before)
        forth = self._motion.between(before, present)
        return Step(back, common(present, before, back, forth))


def grey_of_lightness(light: Float32) -> Gray:
    """What motion is looked for on: L* (H, W) as uint8, 2.55 steps to each."""
    grey: Gray = np.clip(np.rint(light * np.float32(2.55)), 0, 255).astype(np.uint8)
    return grey


class Meter:
    """Measures frame by frame: holds one frame, so that a film of any length fits.

    Motion is that of the lightness that every colorizer of one film has in common; frames
    where fewer than ``least`` of the pixels are seen before are cuts and left out.
    """

    def __init__(self, least: float = 0.2) -> None:
        self.least = least
        self._steps = Steps()
        self._before: tuple[Float32, Gray | None] | None = None
        self._sums = np.zeros(3)
        self._pairs = self._pixels = 0

    def add(self, frame: NDArray[Any], light: Float32 | None = None) -> None:
        """The next frame; ``light``: L* to take motion from, else its own.

        ``frame``: sRGB uint8 (H, W, 3), or CIELAB float32 (H, W, 3): rounding to 8 bits alone makes
        colour differ by about 0.3 between frames, more than some colorizers do.
        Raises ``PictureError`` if its size is not that of the frame before.
        """
        lab = frame if frame.dtype == np.float32 else rgb_to_lab(frame)
        grey = grey_of_lightness(lab[..., 0] if light is None else light)
        before, self._before = self._before, (lab, grey)
        if before is None or before[1] is None:
            return
        if before[1].shape != grey.shape:
            raise PictureError(
                "frames of one film differ in size", f"{before[1].shape}, {grey.shape}"
            )
        self._compare(lab, before[0], self._steps.between(grey, before[1]))

    def follow(self, lab: Float32, step: Step | None) -> None:
        """The next frame, CIELAB float32 (H, W, 3), where its motion is known already.

        ``step``: to the frame before, ``None`` for the first one.
        """
        before, self._before = self._before, (lab, None)
        if before is not None and step is not None:
            self._compare(lab, before[0], step)

    def _compare(self, lab: Float32, before: Float32, step: Step) -> None:
        mask = step.seen
        if mask.mean() < self.least:
            return
        difference = (lab - warp(before, step.back))[mask]
        squares = difference.astype(np.float64) ** 2
        self._sums += (
            np.sqrt(squares[:, 1:].sum(-1)).sum(),
            np.sqrt(squares.sum(-1)).sum(),
            len(squares),
        )
        self._pairs += 1
        self._pixels += mask.size

    def result(self) -> Flicker:
        """What has been measured so far. Raises ``PictureError`` if there was no pair to compare."""
        colour, total, count = self._sums
        if not self._pairs:
            raise PictureError(
                "flicker cannot be measured", "no two frames in a row show the same things"
            )
        return Flicker(colour / count, total / count, self._pairs, count / self._pixels)


#: L* by which a pixel may differ from where it was (in 8-bit steps): beyond, the flow is wrong.
_TOLERANCE = 25


def common(present: Gray, before: Gray, back: Float32, forth: Float32) -> Mask:
    """Pixels of ``present`` that are in ``before`` too, by both flows and by their lightness."""
    near: Mask = cv2.absdiff(present, warp(before, back)) <= _TOLERANCE
    return visible_in_both(back, forth) & near


def flicker(
    frames: Iterable[NDArray[Any]], lightnesses: Iterable[Float32] | None = None
) -> Flicker:
    """The flicker of ``frames`` in order, sRGB uint8 or CIELAB float32 (H, W, 3).

    ``lightnesses``: L*, float32 (H, W), of the original's frames; without it motion is that of the
    frames themselves. Raises ``PictureError`` if there is nothing to compare.
    """
    meter = Meter()
    lights = iter(lightnesses) if lightnesses is not None else None
    for frame in frames:
        meter.add(frame, next(lights) if lights is not None else None)
    return meter.result()


class ColorFlicker:
    """The metric ``flicker``: that of chroma, over all frames of a result."""

    def __init__(self) -> None:
        self._meter = Meter()

    def add(self, frame: FilmFrame) -> None:
        """The next frame of the result."""
        self._meter.follow(frame.lab, frame.step)

    def result(self) -> float:
        """Mean √(Δa*² + Δb*²). Raises ``PictureError`` if there is nothing to compare."""
        return self._meter.result().colour
