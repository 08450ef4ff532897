"""The frames of an original film, one at a time, at the size that a protocol wants."""

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
from colortk.video.fields import read_fields
from colortk.video.film_properties import probe
from colortk.video.film_reader import color_frames, count


class ReferenceFilm:
    """A film, prepared as a protocol says. It is decoded twice, to count its frames first.

    Parameters
    ----------
    path : Path
        The film.
    protocol : Protocol
        How it is prepared.

    Attributes
    ----------
    frame_count, lost_count : int
        Frames that are used, and frames up to the last of them that could not be read.
    width, height : int
        Size at which the film is scored.
    scored : tuple of int
        Numbers of the frames that metrics of pictures score.
    middle : int
        Number of the frame that reports show.

    Raises
    ------
    PictureError
        If the file is not a film, or has no frame that can be decoded.
    """

    def __init__(self, path: Path, protocol: Protocol) -> None:
        self.path = path
        self._film = read_fields(path, probe(path), protocol.deinterlace)
        self.frame_count, self.lost_count = count(path, self._film, protocol.definition["frames"])
        if not self.frame_count:
            raise PictureError(f"cannot read '{path}'", "none of its frames can be decoded")
        height, width = self._film.height, self._film.width
        if self._film.quarter_turns % 2:
            height, width = width, height
        scale = 1.0 if protocol.short_side is None else protocol.short_side / min(height, width)
        self.enlarged = scale > 1
        self.width, self.height = max(1, round(width * scale)), max(1, round(height * scale))
        self.scored = evenly_spaced(self.frame_count, protocol.definition["scored"])
        self.middle = self.scored[len(self.scored) // 2]

    def frames(self) -> Iterator[ReferenceFrame]:
        """Yield the frames. Only the last one is kept, for the motion of the next."""
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
        """Resize a whole frame; its ratio is kept to the next pixel."""
        fine = pixels.astype(np.float32)
        if pixels.shape[:2] == (self.height, self.width):
            return fine
        return resize(fine, (self.width, self.height))


def evenly_spaced(frames: int, count: int) -> tuple[int, ...]:
    """Return the middle frame of each of ``count`` equal parts of a film; at most all."""
    parts = min(frames, count)
    return tuple((2 * k + 1) * frames // (2 * parts) for k in range(parts))
