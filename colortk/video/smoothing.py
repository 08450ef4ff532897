"""Smooth the colors of a film: average chroma with the chroma of earlier frames along motion.

Each pixel has an age: the number of frames whose chroma it averages. A pixel that the optical flow
does not find in the previous frame starts again at age 1, and so do all pixels after a cut, so that
the color of an object that has disappeared is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.types import Float32
from colortk.video.optical_flow import Gray, OpticalFlow, visible_in_both, warp

#: Longer side of the frames for optical flow, in pixels.
FLOW_SIDE = 320
#: The largest number of frames that a color averages.
MAX_AGE = 24.0
#: Difference of lightness, in 8-bit levels, at which the weight of a pixel is 1/4.
LIGHTNESS_TOLERANCE = 32.0
#: Squared distance in pixels that may remain after the flow there and back. It is larger than for
#: measuring flicker, because a color from two pixels away is steadier than a new one and rarely
#: wrong.
SLACK = 4.0
#: Weight of a pixel by its difference of lightness.
_WEIGHTS = (1 / (1 + (np.arange(256) / LIGHTNESS_TOLERANCE) ** 2) ** 2).astype(np.float32)
#: A frame of which a smaller share is found in the previous frame follows a cut.
MIN_VISIBLE_SHARE = 0.4


@dataclass
class State:
    """State that the smoother keeps from one frame to the next.

    Parameters
    ----------
    gray : uint8 array of shape (n, m)
        The frame, reduced in size.
    ab : float32 array of shape (h, w, 2)
        Its smoothed chroma.
    age : float32 array of shape (h, w)
        Number of frames that the chroma averages, from 1.
    """

    gray: Gray
    ab: Float32
    age: Float32


class Smoother:
    """Smooth chroma frame by frame.

    Parameters
    ----------
    max_age : float
        The largest number of frames that a color averages.

    Attributes
    ----------
    state : State or None
        State after the last frame. Set it to continue an earlier run.
    cuts : int
        Number of cuts so far.
    """

    def __init__(self, max_age: float = MAX_AGE) -> None:
        self.max_age = max_age
        self.state: State | None = None
        self.cuts = 0
        self._flow = OpticalFlow()

    def __call__(self, gray: Gray, ab: Float32) -> Float32:
        """Return the smoothed chroma of a frame.

        Parameters
        ----------
        gray : uint8 array of shape (H, W)
            The frame.
        ab : float32 array of shape (h, w, 2)
            Its chroma.

        Returns
        -------
        float32 array of shape (h, w, 2)
            The average along motion.
        """
        small = reduced(gray)
        before = self.state
        previous = None
        if before is not None and (before.gray.shape, before.ab.shape) == (small.shape, ab.shape):
            previous = self._warp_previous(small, before)
        if previous is None:
            self.cuts += before is not None
            self.state = State(small, ab, np.ones(ab.shape[:2], np.float32))
            return ab
        age, warped = previous
        share = np.reciprocal(age + np.float32(1))
        change = cv2.multiply(cv2.subtract(ab, warped), cv2.merge([share, share]))
        smoothed: Float32 = cv2.add(warped, change)
        self.state = State(small, smoothed, np.minimum(age + 1, np.float32(self.max_age)))
        return smoothed

    def _warp_previous(self, small: Gray, before: State) -> tuple[Float32, Float32] | None:
        """Return age and chroma of the previous frame, moved to this frame; ``None`` at a cut."""
        back = self._flow.between(small, before.gray)
        forth = self._flow.between(before.gray, small)
        trust = trust_of(small, before.gray, back, forth)
        if cv2.mean(trust)[0] < MIN_VISIBLE_SHARE:
            return None
        rows, columns = before.ab.shape[:2]
        scale = np.diag([columns / small.shape[1], rows / small.shape[0]])
        flow = cv2.transform(resize(back, (columns, rows)), scale)
        trusted = resize(trust, (columns, rows))
        return warp(before.age, flow) * trusted, warp(before.ab, flow)


def trust_of(present: Gray, other: Gray, flow: Float32, returning: Float32) -> Float32:
    """Return how far the flow to another frame can be trusted, 0 to 1, float32 (n, m).

    Parameters
    ----------
    present, other : uint8 arrays of shape (n, m)
        The frames.
    flow, returning : float32 arrays of shape (n, m, 2)
        From ``present`` to ``other``, and back.
    """
    trust: Float32 = cv2.LUT(cv2.absdiff(present, warp(other, flow)), _WEIGHTS)
    trust *= visible_in_both(flow, returning, SLACK, boundaries=False)
    return trust


def reduced(gray: NDArray[np.uint8]) -> Gray:
    """Return a frame at the size for optical flow."""
    height, width = gray.shape
    shrink = max(1.0, max(height, width) / FLOW_SIDE)
    # DIS takes nothing smaller than its patches.
    size = max(16, round(width / shrink)), max(16, round(height / shrink))
    small: Gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return small
