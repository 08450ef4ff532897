"""Properties of films: size, rate, length, color tags, rotation, fields."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from colortk.errors import PictureError
from colortk.video._av import av
from colortk.video.color_tags import (
    ColorTags,
    changes,
    input_weights,
    output_tags,
    refuse_high_dynamic_range,
)
from colortk.video.film_container import Losses, decoded_frames, film_stream, open_film
from colortk.video.luma_tables import Weights


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
        Weights of luma of the decoded frames.
    tags : ColorTags
        Color tags of the output.
    pixel_aspect_ratio : Fraction or None
        Width of a pixel divided by its height.
    matrix : tuple of 9 int, or None
        Display matrix.
    quarter_turns : int
        Clockwise quarter turns by which the stored frames become upright.
    bits : int
        The most bits of a channel.
    notes : tuple of str
        A sentence for each property that the output cannot keep.
    order : str
        Field that is shown first, "tff" or "bff", or "progressive".
    deinterlaced : bool
        Make progressive frames of the fields.
    fields : int
        2 if each field becomes a frame: frame rate and time base are those of the result. Otherwise
        1.
    """

    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    start: Fraction
    frames: int | None
    seconds: float | None
    weights: Weights
    tags: ColorTags
    pixel_aspect_ratio: Fraction | None
    matrix: tuple[int, ...] | None
    quarter_turns: int
    bits: int
    notes: tuple[str, ...] = ()
    order: str = "progressive"
    deinterlaced: bool = False
    fields: int = 1

    @property
    def interlaced(self) -> bool:
        """Whether frames as they are read consist of two fields."""
        return self.order != "progressive" and not self.deinterlaced

    @property
    def stream_time_base(self) -> Fraction:
        """Unit of time stamps of the input, in seconds."""
        return self.time_base * self.fields

    def deinterlace(self, order: str, every_field: bool) -> Film:
        """Return the properties of the film as it is read with deinterlacing."""
        fields = 2 if every_field else 1
        return replace(
            self,
            order=order,
            deinterlaced=True,
            fields=fields,
            rate=self.rate * fields,
            time_base=self.time_base / fields,
            frames=None if self.frames is None else self.frames * fields,
        )


def probe(path: Path) -> Film:
    """Return the properties of a film.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    PictureError
        If it cannot be read, none of its frames can be decoded, or it has a high dynamic range.
    """
    with contextlib.closing(open_film(path)) as container:
        stream = film_stream(container)
        for frame in decoded_frames(container, stream, Losses()):
            refuse_high_dynamic_range(path, frame, stream.codec_context)
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
    tags = output_tags(frame, stream.codec_context)
    matrix = frame.side_data.get("DISPLAYMATRIX")
    return Film(
        width=frame.width,
        height=frame.height,
        rate=Fraction(rate),
        time_base=Fraction(stream.time_base),
        start=first * Fraction(stream.time_base),
        frames=stream.frames or None,
        seconds=seconds,
        weights=input_weights(frame, stream.codec_context),
        tags=tags,
        pixel_aspect_ratio=stream.sample_aspect_ratio or None,
        matrix=tuple(np.frombuffer(bytes(matrix), np.int32).tolist())
        if matrix is not None
        else None,
        quarter_turns=round(-frame.rotation / 90) % 4,
        bits=max(part.bits for part in frame.format.components),
        notes=tuple(changes(frame, stream.codec_context, tags)),
    )
