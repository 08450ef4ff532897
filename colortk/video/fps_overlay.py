"""Draw the label with the frames per second (Darban 2024) on a frame."""

from __future__ import annotations

import time
from collections import deque

from colortk._opencv import cv2
from colortk.video.colorize_frame import YuvPlanes

#: Number of frames over which the rate is averaged.
_WINDOW = 30


class FrameRate:
    """Measure frames per second, over the last frames."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_WINDOW + 1)

    def tick(self) -> float:
        """Count a frame, and return the current frames per second; 0 for the first frame."""
        self._times.append(time.perf_counter())
        elapsed = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / elapsed if elapsed > 0 else 0.0


def draw(planes: YuvPlanes, rate: float) -> None:
    """Write "FPS: 30.2" into the upper left corner of a frame, white on black.

    Parameters
    ----------
    planes : YuvPlanes
        The frame, which is changed.
    rate : float
        Frames per second.
    """
    height, width = planes.luma.shape
    scale = max(0.3, min(height, width) / 480)
    text, thick = f"FPS: {rate:.1f}", max(1, round(2 * scale))
    font = cv2.FONT_HERSHEY_SIMPLEX
    (wide, tall), below = cv2.getTextSize(text, font, scale, thick)
    margin = max(2, round(6 * scale))
    right, bottom = (wide + 2 * margin) // 2 * 2, (tall + below + 2 * margin) // 2 * 2
    levels = planes.levels
    planes.luma[:bottom, :right] = levels.black
    for chroma in (planes.cb, planes.cr):
        down, across = (
            1 if size == full else 2
            for size, full in zip(chroma.shape, planes.luma.shape, strict=True)
        )
        chroma[: bottom // down, : right // across] = levels.neutral
    origin = (margin, margin + tall)
    # OpenCV draws smooth lines with 8 bits only.
    line = cv2.LINE_AA if levels.bits == 8 else cv2.LINE_8
    cv2.putText(planes.luma, text, origin, font, scale, levels.white, thick, line)
