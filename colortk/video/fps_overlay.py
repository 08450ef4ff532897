"""The frames-per-second label of document 002, drawn on a frame's planes."""

from __future__ import annotations

import time
from collections import deque

from colortk._opencv import cv2
from colortk.video.colorize_frame import Planes
from colortk.video.luma_tables import BLACK, NEUTRAL, WHITE

#: Frames over which the rate is taken.
_WINDOW = 30


class Rate:
    """Frames a second, over the last second or so."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_WINDOW + 1)

    def tick(self) -> float:
        """A frame is done: the rate now, 0 at the first one."""
        self._times.append(time.perf_counter())
        passed = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / passed if passed > 0 else 0.0


def draw(planes: Planes, rate: float) -> None:
    """Write "FPS: 30.2" into the upper left corner, white on black, as large as the frame allows."""
    height, width = planes.luma.shape
    scale = max(0.3, min(height, width) / 480)
    text, thick = f"FPS: {rate:.1f}", max(1, round(2 * scale))
    font = cv2.FONT_HERSHEY_SIMPLEX
    (wide, tall), below = cv2.getTextSize(text, font, scale, thick)
    margin = max(2, round(6 * scale))
    right, bottom = (wide + 2 * margin) // 2 * 2, (tall + below + 2 * margin) // 2 * 2
    planes.luma[:bottom, :right] = BLACK
    for chroma in (planes.cb, planes.cr):
        step = 2 if chroma.shape != planes.luma.shape else 1
        chroma[: bottom // step, : right // step] = NEUTRAL
    place = (margin, margin + tall)
    cv2.putText(planes.luma, text, place, font, scale, WHITE, thick, cv2.LINE_AA)
