"""The frames of an original that a protocol wants, one at a time, at its size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from colortk.color.upsample import resize
from colortk.errors import PictureError
from colortk.harness.films.frame import ReferenceFrame
from colortk.harness.frame_motion import MotionFinder
from colortk.harness.protocol import Protocol
from colortk.types import Array, Float32
from colortk.video.film_properties import probe
from colortk.video.film_reader import color_frames, count


class ReferenceFilm:
    """A film under a protocol. It is decoded twice: only then is it known how many frames there are.

    ``frame_count``: how many take part; ``lost_count``: how many up to the last of them could not be read.
    ``width``, ``height``: at which they are compared. Raises ``PictureError`` for what is no film.
    """

    def __init__(self, path: Path, protocol: Protocol) -> None:
        self.path = path
        self._film = probe(path)
        self.frame_count, self.lost_count = count(path, self._film, protocol.definition["frames"])
        if not self.frame_count:
            raise PictureError(f"cannot read '{path}'", "none of its frames can be decoded")
        height, width = self._film.height, self._film.width
        if self._film.quarter_turns % 2:
            height, width = width, height
        scale = 1.0 if protocol.short_side is None else protocol.short_side / min(height, width)
        self.enlarged = scale > 1
        self.width, self.height = max(1, round(width * scale)), max(1, round(height * scale))
        self.scored = spread(self.frame_count, protocol.definition["scored"])

    def frames(self) -> Iterator[ReferenceFrame]:
        """Its frames, each with what the next one needs of it, and no more."""
        motion, before = MotionFinder(), None
        for number, pixels in enumerate(color_frames(self.path, self._film)):
            if number == self.frame_count:
                return
            frame = ReferenceFrame(
                number, self._sized(pixels), number in self.scored, motion, before
            )
            before = frame.gray
            yield frame

    def _sized(self, pixels: Array) -> Float32:
        """Whole frames keep their ratio, to the next pixel."""
        fine = pixels.astype(np.float32)
        if pixels.shape[:2] == (self.height, self.width):
            return fine
        return resize(fine, (self.width, self.height))


def spread(frames: int, wanted: int) -> tuple[int, ...]:
    """The middle frame of each of ``wanted`` equal parts of ``frames``; all, if there are fewer."""
    parts = min(frames, wanted)
    return tuple((2 * k + 1) * frames // (2 * parts) for k in range(parts))
