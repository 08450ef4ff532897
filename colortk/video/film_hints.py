"""Color hints in films: from their frame on they follow the motion, until a cut or until hidden.

A hint names its frame by number or by time; otherwise it begins with the first frame. The frame
becomes a keyframe. As in pictures, a plugin may follow the hints of a keyframe itself; otherwise
the host spreads them over its prediction. The frames in between get the colors of the keyframes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from colortk.guidance.constraints import Constraints, constraints_of
from colortk.guidance.guide import guided_chroma
from colortk.guidance.hints import Hint
from colortk.runtime.guided_prediction import follows_hints, hints_to_follow, predict_guided
from colortk.runtime.predictors import Predictor
from colortk.types import Float32
from colortk.video.film_properties import Film
from colortk.video.film_reader import Frame

#: A point is lost where the flow to the next frame is trusted less than this.
_MIN_TRUST = 0.1
#: Index of a hint, and its position as fractions of width and height.
TrackedPoint = tuple[int, float, float]


class FilmHints:
    """The hints of a film, and where they are in the present frame.

    Parameters
    ----------
    hints : sequence of Hint
        Hints; their pixels are those of the upright frame.
    film : Film
        Properties of the film.
    lightness : callable
        Returns L* of a frame as the plugin gets it, upright.
    notes : list of str
        Receives a line for each hint that is lost or cannot be used as given.
    first : int or None
        The first time stamp that is colorized. Earlier hints are not used.
    points : sequence of TrackedPoint, or None
        Points at the end of an earlier run that is continued.
    """

    def __init__(
        self,
        hints: Sequence[Hint],
        film: Film,
        lightness: Callable[[Frame], Float32],
        notes: list[str],
        first: int | None = None,
        points: Sequence[TrackedPoint] | None = None,
    ) -> None:
        width, height = film.width, film.height
        if film.quarter_turns % 2:
            width, height = height, width
        self._hints = [_as_fractions(hint, height, width) for hint in hints]
        self._names = [str(hint) for hint in hints]
        self._lightness, self._notes = lightness, notes
        half = max(1, round(1 / (2 * film.rate * film.time_base)))
        self._starts = [_start(hint, film) - half for hint in hints]
        self._waiting = set(range(len(hints)))
        if first is not None:
            early = {number for number in self._waiting if self._starts[number] + 2 * half <= first}
            self._waiting -= early
            if points is None:
                notes += [
                    f"hint {self._names[number]} is ignored: its frame is before --from"
                    for number in sorted(early)
                ]
        self._points = {number: (x, y) for number, x, y in points or ()}
        self._new = self._is_followed = False

    @property
    def points(self) -> list[TrackedPoint]:
        """The present points, from which a run can be continued."""
        return [(number, x, y) for number, (x, y) in self._points.items()]

    def is_due(self, frame: Frame) -> bool:
        """Return whether a hint begins at a frame."""
        return any(self._starts[number] <= frame.pts for number in self._waiting)

    def begin(self, frame: Frame) -> None:
        """Add the hints that begin at a frame."""
        for number in sorted(self._waiting):
            if self._starts[number] <= frame.pts:
                self._waiting.discard(number)
                hint = self._hints[number]
                if 0 <= hint.x <= 1 and 0 <= hint.y <= 1:
                    self._points[number] = hint.x, hint.y
                    self._new = True
                else:
                    self._notes.append(f"hint {self._names[number]} is outside the frame")

    def end_shot(self) -> None:
        """Forget all points, because of a cut."""
        self._points.clear()

    def follow(self, forth: Float32, trust: Float32, frame: Frame, film: Film) -> None:
        """Move the points to the next frame.

        Parameters
        ----------
        forth : float32 array of shape (n, m, 2)
            Flow from the previous frame to ``frame``.
        trust : float32 array of shape (n, m)
            How far it can be trusted, 0 to 1.
        frame : Frame
            The frame.
        film : Film
            Properties of the film, for messages.
        """
        rows, columns = trust.shape
        for number, (x, y) in list(self._points.items()):
            row, column = min(int(y * rows), rows - 1), min(int(x * columns), columns - 1)
            dx, dy = forth[row, column]
            x, y = x + float(dx) / columns, y + float(dy) / rows
            if trust[row, column] < _MIN_TRUST or not (0 <= x <= 1 and 0 <= y <= 1):
                seconds = float(frame.pts * film.time_base - film.start)
                self._notes.append(
                    f"hint {self._names[number]} ends at {seconds:.2f} s: its point is hidden or"
                    " leaves the frame. Set another hint later to continue."
                )
                del self._points[number]
            else:
                self._points[number] = x, y

    def predict(self, frame: Frame, plugin: Predictor) -> Float32:
        """Return the prediction of a plugin for a frame; hints count if the plugin follows them."""
        light = self._lightness(frame)
        self._is_followed = follows_hints(plugin)
        if not self._points or not self._is_followed:
            return plugin.predict(light)
        hints = hints_to_follow(plugin, self._constraints(light), light)
        return plugin.predict(light) if hints is None else predict_guided(plugin, light, hints)

    @property
    def replaces_colors(self) -> bool:
        """Whether the last prediction follows new hints, so that earlier colors do not count."""
        return self._new and self._is_followed

    def apply(self, frame: Frame, ab: Float32) -> Float32:
        """Return the chroma of a keyframe, float32 (h, w, 2), with the hints spread over it."""
        if not self._points:
            return ab
        light = self._lightness(frame)
        constraints = self._constraints(light)
        if self._new:
            for note in constraints.notes:
                for number in self._points:
                    note = note.replace(str(self._at_point(number)), self._names[number])
                self._notes.append(note)
            self._new = False
        source = guided_chroma(ab, light, light, constraints)
        return np.ascontiguousarray(source.chroma_of_block(0, 0, light), np.float32)

    def _at_point(self, number: int) -> Hint:
        x, y = self._points[number]
        return replace(self._hints[number], x=x, y=y)

    def _constraints(self, light: Float32) -> Constraints:
        return constraints_of([self._at_point(number) for number in self._points], light)


def _as_fractions(hint: Hint, height: int, width: int) -> Hint:
    x, y, radius = hint.in_pixels(height, width)
    return replace(
        hint,
        x=(x + 0.5) / width,
        y=(y + 0.5) / height,
        radius=radius / min(height, width),
        fractions=True,
    )


def _start(hint: Hint, film: Film) -> int:
    """Return the time stamp of the frame of a hint."""
    if hint.time is not None:
        seconds = Fraction(hint.time).limit_denominator(1_000_000)
    else:
        seconds = Fraction(hint.frame or 0) * film.fields / film.rate
    return round((film.start + seconds) / film.time_base)
