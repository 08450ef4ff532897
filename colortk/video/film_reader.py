"""Read the frames of films, as planes of gray or in color, and count lost frames."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.video._av import av
from colortk.video.deinterlace import deinterlacer
from colortk.video.film_container import Losses, decoded_frames, film_stream, open_film
from colortk.video.film_properties import Film
from colortk.video.frame_pixels import gray_plane, rgb
from colortk.video.luma_tables import LIMITED, Levels, Plane


@dataclass(frozen=True)
class Frame:
    """A gray frame.

    Parameters
    ----------
    gray : uint8 or uint16 array of shape (H, W)
        Y'.
    pts, duration : int
        Time stamp and duration, in units of the time base.
    """

    gray: Plane
    pts: int
    duration: int


def frames(
    path: Path,
    film: Film,
    losses: Losses,
    begin: int | None = None,
    end: int | None = None,
    levels: Levels = LIMITED,
) -> Iterator[Frame]:
    """Yield the frames of a film as gray, in order. Skip frames that cannot be decoded.

    Parameters
    ----------
    path : Path
        The file.
    film : Film
        Its properties.
    losses : Losses
        Counts frames that cannot be decoded.
    begin, end : int or None
        The first time stamp, and the first after the part, in units of the time base.
    levels : Levels
        Bits and range of the planes.

    Yields
    ------
    Frame
        A frame.

    Raises
    ------
    PictureError
        If the file cannot be opened.
    """
    with contextlib.closing(_timed(path, film, losses, begin, end)) as timed:
        for frame, pts, duration in timed:
            yield Frame(gray_plane(frame, film, levels), pts, duration)


def color_frames(path: Path, film: Film) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a film in color, upright, in order. Skip frames that cannot be decoded.

    Parameters
    ----------
    path : Path
        The file.
    film : Film
        Its properties.

    Yields
    ------
    uint8 array of shape (H, W, 3)
        sRGB.

    Raises
    ------
    PictureError
        If the file cannot be opened.
    """
    with contextlib.closing(_timed(path, film, Losses())) as timed:
        for frame, _, _ in timed:
            yield np.ascontiguousarray(np.rot90(rgb(frame, film), -film.quarter_turns))


def count(path: Path, film: Film, limit: int) -> tuple[int, int]:
    """Count frames at the beginning of a film.

    Parameters
    ----------
    path : Path
        The file.
    film : Film
        Its properties.
    limit : int
        The most readable frames that are counted.

    Returns
    -------
    readable, lost : int
        Frames that can be read, and frames before the last of them that cannot.
    """
    losses, readable = Losses(), 0
    with contextlib.closing(_timed(path, film, losses)) as timed:
        for _ in timed:
            readable += 1
            if readable == limit:
                break
    return readable, losses.total


def _timed(
    path: Path, film: Film, losses: Losses, begin: int | None = None, end: int | None = None
) -> Generator[tuple[Any, int, int], None, None]:
    """Yield decoded frames as :func:`frames` chooses them, with time stamp and duration."""
    container = open_film(path)
    stream = film_stream(container)
    usual = max(1, round(1 / (film.rate * film.time_base)))
    # The deinterlacer looks at the frames before.
    needed = 2 * usual * film.fields if film.deinterlaced else 0
    if begin is not None:
        with contextlib.suppress(av.error.FFmpegError, OSError):
            container.seek((begin - needed) // film.fields, stream=stream)
    last: int | None = None
    duration = usual
    try:
        for frame, pts, duration in _progressive(container, stream, film, losses):
            if begin is not None and last is None and not _is_before(film, pts, begin, needed):
                # The index is wrong, and seeking went too far: read the whole film.
                container.close()
                yield from _from(path, film, losses, begin, end)
                return
            last = pts
            if begin is not None and pts < begin:
                continue
            if end is not None and pts >= end:
                return
            if (frame.width, frame.height) != (film.width, film.height):
                losses.broken += 1  # the size changes within the stream
                continue
            yield frame, pts, duration
        if last is None and begin is not None:  # no frame can be decoded at this position
            container.close()
            yield from _from(path, film, losses, begin, end)
            return
        if last is not None and end is None:
            losses.missing += _missing(film, last + max(usual, duration))
    finally:
        container.close()


def _is_before(film: Film, pts: int, begin: int, needed: int) -> bool:
    """Return whether reading from ``pts`` on gives what the whole film gives at ``begin``."""
    usual = max(1, round(1 / (film.rate * film.time_base)))
    return pts <= begin + usual - (needed + usual if needed else 0)


def _progressive(
    container: Any, stream: Any, film: Film, losses: Losses
) -> Iterator[tuple[Any, int, int]]:
    """Yield frames, deinterlaced if the film says so, with time stamp and duration."""
    if not film.deinterlaced:
        yield from _stamped(container, stream, film, losses)
        return
    filtered = deinterlacer(film.order, film.fields == 2, film.stream_time_base)
    usual = max(1, round(1 / (film.rate * film.time_base)))
    for frame, pts, duration in _stamped(container, stream, film, losses):
        if (frame.width, frame.height) != (film.width, film.height):
            yield frame, pts * film.fields, duration
            continue
        frame.pts, frame.time_base = pts, film.stream_time_base
        for result in filtered(frame):
            yield result, result.pts, duration if film.fields == 1 else usual
    for result in filtered(None):
        yield result, result.pts, usual


def _stamped(
    container: Any, stream: Any, film: Film, losses: Losses
) -> Iterator[tuple[Any, int, int]]:
    """Yield decoded frames with increasing time stamps, in units of the input."""
    usual = max(1, round(film.fields / (film.rate * film.stream_time_base)))
    last: int | None = None
    for frame in decoded_frames(container, stream, losses):
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:
            pts = 0 if last is None else last + usual
        if last is not None and pts <= last:
            pts = last + 1  # two frames at the same time: as close as the time base allows
        last = pts
        yield frame, pts, frame.duration or usual


def _from(
    path: Path, film: Film, losses: Losses, begin: int, end: int | None
) -> Generator[tuple[Any, int, int], None, None]:
    """Yield as :func:`_timed` from ``begin`` on, without seeking."""
    with contextlib.closing(_timed(path, film, losses, None, end)) as timed:
        for frame, pts, duration in timed:
            if pts >= begin:
                yield frame, pts, duration


def _missing(film: Film, ends: int) -> int:
    """Return the number of frames that are missing after the last one, which ends at ``ends``."""
    if film.seconds is None:
        return 0
    present = ends * film.time_base - film.start
    missing = (film.seconds - float(present)) * float(film.rate)
    return round(missing) if missing > 1.5 else 0
