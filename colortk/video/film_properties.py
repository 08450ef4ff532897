"""Properties of films: size, rate, length, color matrix, rotation."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import PictureError
from colortk.video._av import av
from colortk.video.film_container import Losses, decoded_frames, film_stream, open_film
from colortk.video.luma_tables import BT601, BT709, BT2020, SMPTE240, Weights

#: Color matrices by their number in ITU-T H.273.
_MATRICES = {1: BT709, 4: BT601, 5: BT601, 6: BT601, 7: SMPTE240, 9: BT2020, 10: BT2020}
_NUMBERS = {BT709: 1, BT601: 6, SMPTE240: 7, BT2020: 9}
#: From this height in pixels on, a film that does not state its matrix is taken as BT.709.
_HIGH_DEFINITION = 720


@dataclass(frozen=True)
class Film:
    """Properties of a film.

    Parameters
    ----------
    width, height : int
        Size of the stored frames, in pixels.
    rate : Fraction
        Frames per second.
    time_base : Fraction
        Unit of time stamps, in seconds.
    start : Fraction
        The first time stamp, in seconds.
    frames : int or None
        Number of frames; ``None`` if the file does not state it.
    seconds : float or None
        Length; ``None`` if the file does not state it.
    weights : Weights
        Weights of luma.
    pixel_aspect_ratio : Fraction or None
        Width of a pixel divided by its height.
    matrix : tuple of 9 int, or None
        Display matrix.
    quarter_turns : int
        Clockwise quarter turns by which the stored frames become upright.
    deep : bool
        Whether the film has more than 8 bits per channel.
    """

    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    start: Fraction
    frames: int | None
    seconds: float | None
    weights: Weights
    pixel_aspect_ratio: Fraction | None
    matrix: tuple[int, ...] | None
    quarter_turns: int
    deep: bool

    @property
    def matrix_number(self) -> int:
        """Number of the color matrix in ITU-T H.273."""
        return _NUMBERS[self.weights]


def probe(path: Path) -> Film:
    """Return the properties of a film.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    PictureError
        If it cannot be read, or none of its frames can be decoded.
    """
    with contextlib.closing(open_film(path)) as container:
        stream = film_stream(container)
        for frame in decoded_frames(container, stream, Losses()):
            return _film(container, stream, frame)
    raise PictureError(f"cannot read '{path}'", "none of its frames can be decoded")


def _film(container: Any, stream: Any, frame: Any) -> Film:
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    first = frame.pts if frame.pts is not None else (stream.start_time or 0)
    seconds = None
    # Matroska gives every stream the duration of the longest one.
    matroska = "matroska" in container.format.name
    if duration := stream.metadata.get("DURATION"):
        with contextlib.suppress(ValueError):
            hours, minutes, seconds_text = duration.split(":")
            seconds = int(hours) * 3600 + int(minutes) * 60 + float(seconds_text)
            if "_STATISTICS_WRITING_APP" not in stream.metadata:  # FFmpeg writes the end
                seconds -= float(first * stream.time_base)
    elif stream.duration and not matroska:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration and len(container.streams) == 1:
        seconds = container.duration / av.time_base
    weights = _MATRICES.get(int(frame.colorspace))
    if weights is None:
        weights = BT709 if frame.height >= _HIGH_DEFINITION else BT601
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return Film(
        width=frame.width,
        height=frame.height,
        rate=Fraction(rate),
        time_base=Fraction(stream.time_base),
        start=first * Fraction(stream.time_base),
        frames=stream.frames or None,
        seconds=seconds,
        weights=weights,
        pixel_aspect_ratio=stream.sample_aspect_ratio or None,
        matrix=tuple(np.frombuffer(bytes(matrix), np.int32).tolist())
        if matrix is not None
        else None,
        quarter_turns=round(-frame.rotation / 90) % 4,
        deep=any(part.bits > 8 for part in frame.format.components),
    )
