"""Steady colour: a frame's chroma, averaged with that of the frames before along motion.

Every pixel carries how many frames its colour is the mean of. What the flow cannot find again in
the frame before (there and back again, and by its lightness) begins anew, and so does all at a cut:
no colour is kept for what is not there any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.types import Float32
from colortk.video.optical_flow import Gray, Motion, visible_in_both, warp

#: Pixels of the long side at which motion is looked for.
SIDE = 320
#: A colour is the mean of so many frames at most.
MEMORY = 24.0
#: Difference of lightness, in 8-bit steps, at which a pixel that was found again is believed by a quarter.
DOUBT = 32.0
#: Squared pixels by which flow there and back may miss. More than where flow is judged: a colour from
#: two pixels away is steadier than a new one, and rarely another.
SLACK = 4.0
#: How far a pixel is believed, by that difference.
_BELIEF = (1 / (1 + (np.arange(256) / DOUBT) ** 2) ** 2).astype(np.float32)
#: A frame of which less than this share is found again is the first one after a cut.
CUT = 0.4


@dataclass
class State:
    """What is kept from one frame to the next: its lightness, its chroma, and of how many frames.

    ``grey``: uint8 (n, m), small; ``ab``: float32 (h, w, 2); ``age``: float32 (h, w), at least 1.
    """

    grey: Gray
    ab: Float32
    age: Float32


class Smoother:
    """Steadies chroma frame by frame. ``state`` may be taken and put back, to go on elsewhere."""

    def __init__(self, memory: float = MEMORY) -> None:
        self.memory = memory
        self.state: State | None = None
        #: Cuts seen so far.
        self.cuts = 0
        self._motion = Motion()

    def __call__(self, grey: Gray, ab: Float32) -> Float32:
        """The chroma (h, w, 2) of a frame, steadied; ``grey``: its lightness, uint8 (H, W)."""
        small = _small(grey)
        before = self.state
        again = None
        if before is not None and (before.grey.shape, before.ab.shape) == (small.shape, ab.shape):
            again = self._found_again(small, before)
        if again is None:
            self.cuts += before is not None
            self.state = State(small, ab, np.ones(ab.shape[:2], np.float32))
            return ab
        age, warped = again
        share = np.reciprocal(age + np.float32(1))
        change = cv2.multiply(cv2.subtract(ab, warped), cv2.merge([share, share]))
        steady: Float32 = cv2.add(warped, change)
        self.state = State(small, steady, np.minimum(age + 1, np.float32(self.memory)))
        return steady

    def _found_again(self, small: Gray, before: State) -> tuple[Float32, Float32] | None:
        """Of how many frames the warped chroma is the mean, (h, w), and that; ``None`` at a cut."""
        back = self._motion.between(small, before.grey)
        forth = self._motion.between(before.grey, small)
        trust = cv2.LUT(cv2.absdiff(small, warp(before.grey, back)), _BELIEF)
        trust *= visible_in_both(back, forth, SLACK, boundaries=False)
        if cv2.mean(trust)[0] < CUT:
            return None
        rows, columns = before.ab.shape[:2]
        scale = np.diag([columns / small.shape[1], rows / small.shape[0]])
        flow = cv2.transform(resize(back, (columns, rows)), scale)
        trusted = resize(trust, (columns, rows))
        return warp(before.age, flow) * trusted, warp(before.ab, flow)


def _small(grey: NDArray[np.uint8]) -> Gray:
    height, width = grey.shape
    shrink = max(1.0, max(height, width) / SIDE)
    # DIS takes nothing smaller than its patches.
    size = max(16, round(width / shrink)), max(16, round(height / shrink))
    small: Gray = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return small
