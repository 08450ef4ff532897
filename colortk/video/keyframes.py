"""Steady colors from keyframes: predict some frames, and carry their chroma to those in between.

The colorizer sees every k-th frame of a shot. The chroma of a frame in between is a mean of the
chroma of the keyframe before and of the keyframe after it, both moved along optical flow from frame
to frame. The nearer keyframe counts more, and a keyframe does not count where the flow does not
find its pixels. The chroma of a keyframe is in turn an average with that of the keyframes before
it, so that an object keeps its color for a whole shot. A shot ends with a keyframe, and the next
one begins with a keyframe and no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from colortk._opencv import cv2
from colortk.color.upsample import resize
from colortk.types import Float32
from colortk.video.colorize_frame import eight_bits
from colortk.video.film_hints import FilmHints, TrackedPoint
from colortk.video.film_properties import Film
from colortk.video.film_reader import Frame
from colortk.video.luma_tables import LIMITED, Levels
from colortk.video.optical_flow import Gray, OpticalFlow, warp
from colortk.video.smoothing import MIN_VISIBLE_SHARE, State, reduced, trust_of
from colortk.video.temporal import INTERVAL

#: The largest number of keyframes that a color averages.
MAX_AGE = 8.0
#: Weight of a keyframe that the flow does not find: it counts if neither keyframe is found.
_LEAST = 1e-3


@dataclass(frozen=True)
class KeyframedFrame:
    """A frame with its chroma.

    Parameters
    ----------
    frame : Frame
        The frame.
    ab : float32 array of shape (h, w, 2)
        Its chroma, at the size of predictions.
    state : State or None
        At a keyframe, the state from which the film can be continued after it.
    cuts : int
        Number of cuts so far.
    points : tuple of TrackedPoint
        At a keyframe, where hints are.
    """

    frame: Frame
    ab: Float32
    state: State | None
    cuts: int
    points: tuple[TrackedPoint, ...] = ()


@dataclass(frozen=True)
class _Step:
    """A frame, and the motion between it and the previous frame, at the size of optical flow."""

    frame: Frame
    small: Gray
    back: Float32
    trust_back: Float32
    forth: Float32
    trust_forth: Float32


class KeyframePropagation:
    """Give chroma to all frames of a film from predictions for its keyframes.

    Parameters
    ----------
    predict : callable
        Returns the predicted chroma of a frame, float32 (h, w, 2), upright.
    interval : int
        Frames from one keyframe to the next, at least 1.
    quarter_turns : int
        Clockwise quarter turns by which stored frames become upright.
    levels : Levels
        Bits and range of frames.
    hints : FilmHints or None
        Colors that the user set.
    film : Film or None
        Properties of the film, with ``hints``.

    Attributes
    ----------
    state : State or None
        State after the last keyframe. Set it to continue an earlier run.
    cuts : int
        Number of cuts so far.
    """

    def __init__(
        self,
        predict: Callable[[Frame], Float32],
        interval: int = INTERVAL,
        quarter_turns: int = 0,
        levels: Levels = LIMITED,
        hints: FilmHints | None = None,
        film: Film | None = None,
    ) -> None:
        self._predict, self._interval = predict, interval
        self._turns, self._levels = quarter_turns, levels
        self._hints, self._film = hints, film
        self._flow = OpticalFlow()
        self._steps: list[_Step] = []
        self.state: State | None = None
        self.cuts = 0

    def __call__(self, frames: Iterator[Frame]) -> Iterator[KeyframedFrame]:
        """Yield the frames in order, each with its chroma."""
        for frame in frames:
            yield from self.add(frame)
        yield from self.finish()

    def add(self, frame: Frame) -> Iterator[KeyframedFrame]:
        """Add the next frame, and yield the frames whose chroma is known now.

        Iterate over the result before you add another frame.
        """
        gray = np.ascontiguousarray(np.rot90(eight_bits(frame.gray, self._levels), -self._turns))
        small = reduced(gray)
        step = self._step(frame, small, self._steps[-1].small if self._steps else None)
        if step is None:
            yield from self.finish()
            yield self._first_of_shot(frame, small)
            return
        is_hinted = self._hints is not None and self._hints.is_due(frame)
        if is_hinted:  # the frames before do not get its colors
            yield from self.finish()
        if self._hints is not None:
            assert self._film is not None
            self._hints.follow(step.forth, step.trust_forth, frame, self._film)
            self._hints.begin(frame)
        self._steps.append(step)
        if is_hinted or len(self._steps) == self._interval:
            yield from self.finish()

    def finish(self) -> Iterator[KeyframedFrame]:
        """Make the last frame that was added a keyframe, and yield the frames up to it."""
        steps, self._steps = self._steps, []
        yield from self._close(steps)

    def _step(self, frame: Frame, small: Gray, previous: Gray | None) -> _Step | None:
        """Return the motion since the previous frame; ``None`` if a shot begins."""
        if previous is None:
            previous = self.state.gray if self.state is not None else None
        if previous is None or previous.shape != small.shape:
            return None
        back, forth = self._flow.between(small, previous), self._flow.between(previous, small)
        trust_back = trust_of(small, previous, back, forth)
        if cv2.mean(trust_back)[0] < MIN_VISIBLE_SHARE:
            return None
        return _Step(frame, small, back, trust_back, forth, trust_of(previous, small, forth, back))

    def _first_of_shot(self, frame: Frame, small: Gray) -> KeyframedFrame:
        self.cuts += self.state is not None
        if self._hints is not None:
            self._hints.end_shot()
            self._hints.begin(frame)
        ab = self._hinted(frame, self._predict(frame))
        self.state = State(small, ab, np.ones(ab.shape[:2], np.float32))
        return KeyframedFrame(frame, ab, self.state, self.cuts, self._points)

    def _hinted(self, frame: Frame, ab: Float32) -> Float32:
        return ab if self._hints is None else self._hints.apply(frame, ab)

    @property
    def _points(self) -> tuple[TrackedPoint, ...]:
        return () if self._hints is None else tuple(self._hints.points)

    def _close(self, steps: list[_Step]) -> Iterator[KeyframedFrame]:
        """Yield the frames since the last keyframe; the last of them becomes a keyframe."""
        if not steps:
            return
        assert self.state is not None, "a shot begins with a keyframe"
        ab, age = self.state.ab, self.state.age
        found = np.ones_like(age)
        size = (ab.shape[1], ab.shape[0])
        earlier = []
        for step in steps:
            flow, trust = _at_size(step.back, size), resize(step.trust_back, size)
            ab, age, found = warp(ab, flow), warp(age, flow), warp(found, flow) * trust
            earlier.append((ab, found))
        age = age * found
        predicted = self._predict(steps[-1].frame)
        if self._hints is not None and self._hints.replaces_colors:
            age = np.zeros_like(age)
        share = np.reciprocal(age + np.float32(1))[..., None]
        ab = self._hinted(steps[-1].frame, ab + (predicted - ab) * share)
        self.state = State(steps[-1].small, ab, np.minimum(age + 1, np.float32(MAX_AGE)))
        points, chroma = self._points, [ab]
        found = np.ones_like(age)
        for number in range(len(steps) - 1, 0, -1):
            step = steps[number]
            flow, trust = _at_size(step.forth, size), resize(step.trust_forth, size)
            ab, found = warp(ab, flow), warp(found, flow) * trust
            before, found_before = earlier[number - 1]
            near = np.float32(number / len(steps))
            later = (found + np.float32(_LEAST)) * near
            total = later + (found_before + np.float32(_LEAST)) * (1 - near)
            blend = before + (ab - before) * (later / total)[..., None]
            chroma.append(np.asarray(blend, np.float32))
        for number, (step, values) in enumerate(zip(steps, reversed(chroma), strict=True)):
            is_key = number == len(steps) - 1
            state, tracked = (self.state, points) if is_key else (None, ())
            yield KeyframedFrame(step.frame, values, state, self.cuts, tracked)


def _at_size(flow: Float32, size: tuple[int, int]) -> Float32:
    """Return a flow at another size (width, height), in its pixels."""
    scale = np.diag([size[0] / flow.shape[1], size[1] / flow.shape[0]])
    scaled: Float32 = cv2.transform(resize(flow, size), scale)
    return scaled
