"""A film read with PyAV: what it is, its frames as planes of grey, and what could not be read."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colortk.errors import PictureError
from colortk.video._av import av
from colortk.video.luma_tables import BT601, BT709, BT2020, SMPTE240, Plane, Weights, gray_luma

#: Matrices by their number in ITU-T H.273, as libraries of films have them.
_MATRICES = {1: BT709, 4: BT601, 5: BT601, 6: BT601, 7: SMPTE240, 9: BT2020, 10: BT2020}
_NUMBERS = {BT709: 1, BT601: 6, SMPTE240: 7, BT2020: 9}
#: Rows from which on a film that does not say its matrix has that of high definition.
_HIGH_DEFINITION = 720
_LIMITED, _FULL = 1, 2
#: FFmpeg's readers of single pictures.
_PICTURES = {"image2", "alias_pix", "brender_pix"}
_ATTACHED = 0x400  # AV_DISPOSITION_ATTACHED_PIC: a cover, no film


@dataclass(frozen=True)
class Film:
    """What a film says about itself.

    ``time_base``: seconds of a unit of time stamps; ``start``: its first time stamp, in seconds.
    ``frames``: how many there should be, ``seconds``: how long they take, ``None`` if it does not
    say. ``matrix``: display matrix, 9 integers, or ``None``; ``quarter_turns``: clockwise, to be
    upright. ``deep``: more than 8 bits.
    """

    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    start: Fraction
    frames: int | None
    seconds: float | None
    weights: Weights
    shape_of_pixels: Fraction | None
    matrix: tuple[int, ...] | None
    quarter_turns: int
    deep: bool

    @property
    def number_of_matrix(self) -> int:
        """Of the colour matrix, in ITU-T H.273."""
        return _NUMBERS[self.weights]


@dataclass(frozen=True)
class Frame:
    """A frame reduced to grey: Y' uint8 (H, W); its time stamp and duration in the time base."""

    grey: Plane
    pts: int
    duration: int


@dataclass
class Losses:
    """Frames of a film that could not be read: ``broken`` inside of it, ``missing`` at its end."""

    broken: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        return self.broken + self.missing


def open_film(path: Path) -> Any:
    """An open PyAV container with at least one film stream. Raises ``PictureError``."""
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (OSError, ValueError, av.error.FFmpegError) as error:
        why = "it does not exist" if not path.exists() else _reason(error)
        if isinstance(error, av.error.InvalidDataError):
            why = "it is no film, or is cut off before what says how to read it"
        raise PictureError(f"cannot read '{path}'", why) from error
    if container.format.name in _PICTURES or container.format.name.endswith("_pipe"):
        container.close()
        raise PictureError(f"cannot read '{path}'", "it is a picture", "colortk run takes pictures")
    if film_stream(container) is None:
        container.close()
        raise PictureError(f"cannot read '{path}'", "there is no film in it")
    return container


def film_stream(container: Any) -> Any:
    """The film's stream, ``None`` if there is none; a cover picture is none."""
    for stream in container.streams.video:
        if not int(stream.disposition) & _ATTACHED and stream.codec_context is not None:
            return stream
    return None


def probe(path: Path) -> Film:
    """What the film at ``path`` is. Raises ``PictureError`` if no frame of it can be decoded."""
    with contextlib.closing(open_film(path)) as container:
        stream = film_stream(container)
        for frame in _decoded(container, stream, Losses()):
            return _film(container, stream, frame)
    raise PictureError(f"cannot read '{path}'", "none of its frames can be decoded")


def _film(container: Any, stream: Any, frame: Any) -> Film:
    rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    first = frame.pts if frame.pts is not None else (stream.start_time or 0)
    seconds = None
    matroska = "matroska" in container.format.name  # gives every stream the longest one's duration
    if told := stream.metadata.get("DURATION"):
        with contextlib.suppress(ValueError):
            hours, minutes, rest = told.split(":")
            seconds = int(hours) * 3600 + int(minutes) * 60 + float(rest)
            if "_STATISTICS_WRITING_APP" not in stream.metadata:  # FFmpeg's: when it ends
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
        shape_of_pixels=stream.sample_aspect_ratio or None,
        matrix=tuple(np.frombuffer(bytes(matrix), np.int32).tolist())
        if matrix is not None
        else None,
        quarter_turns=round(-frame.rotation / 90) % 4,
        deep=any(part.bits > 8 for part in frame.format.components),
    )


def frames(
    path: Path, film: Film, losses: Losses, begin: int | None = None, end: int | None = None
) -> Iterator[Frame]:
    """The film's frames, grey, in order; time stamps from ``begin`` on and before ``end``.

    What cannot be decoded is left out and counted in ``losses``. Raises ``PictureError``.
    """
    with contextlib.closing(_timed(path, film, losses, begin, end)) as found:
        for frame, pts, duration in found:
            yield Frame(grey(frame, film), pts, duration)


def color_frames(path: Path, film: Film) -> Iterator[NDArray[np.uint8]]:
    """The film's frames in colour, upright, in order: sRGB uint8 (H, W, 3).

    What cannot be decoded is left out. Raises ``PictureError``.
    """
    with contextlib.closing(_timed(path, film, Losses())) as found:
        for frame, _, _ in found:
            yield np.ascontiguousarray(np.rot90(rgb(frame, film), -film.quarter_turns))


def count(path: Path, film: Film, most: int) -> tuple[int, int]:
    """How many of a film's first ``most`` frames can be read, and how many up to there cannot."""
    losses, there = Losses(), 0
    with contextlib.closing(_timed(path, film, losses)) as found:
        for _ in found:
            there += 1
            if there == most:
                break
    return there, losses.total


def _timed(
    path: Path, film: Film, losses: Losses, begin: int | None = None, end: int | None = None
) -> Generator[tuple[Any, int, int], None, None]:
    """Decoded frames as :func:`frames` chooses them, each with its time stamp and duration."""
    container = open_film(path)
    stream = film_stream(container)
    if begin is not None:
        with contextlib.suppress(av.error.FFmpegError, OSError):
            container.seek(begin, stream=stream)
    usual = max(1, round(1 / (film.rate * film.time_base)))
    last: int | None = None
    shown = usual
    try:
        for frame in _decoded(container, stream, losses):
            pts = frame.pts if frame.pts is not None else frame.dts
            if pts is None:
                pts = 0 if last is None else last + usual
            if begin is not None and last is None and pts > begin + usual:
                # Sought too far, where the index is wrong: read it all.
                container.close()
                yield from _from(path, film, losses, begin, end)
                return
            if last is not None and pts <= last:
                pts = last + 1  # two frames at one time: as close as the time base allows
            last, shown = pts, frame.duration or usual
            if begin is not None and pts < begin:
                continue
            if end is not None and pts >= end:
                return
            if (frame.width, frame.height) != (film.width, film.height):
                losses.broken += 1  # a stream that changes its size: not one film
                continue
            yield frame, pts, shown
        if last is None and begin is not None:  # sought to where nothing can be decoded
            container.close()
            yield from _from(path, film, losses, begin, end)
            return
        if last is not None and end is None:
            losses.missing += _missing(film, last + max(usual, shown))
    finally:
        container.close()


def _from(
    path: Path, film: Film, losses: Losses, begin: int, end: int | None
) -> Generator[tuple[Any, int, int], None, None]:
    """:func:`_timed` from ``begin`` on, without seeking."""
    with contextlib.closing(_timed(path, film, losses, None, end)) as found:
        for late in found:
            if late[1] >= begin:
                yield late


def _missing(film: Film, ends: int) -> int:
    """Frames that a film promises after its last one, which ends then: more than a frame's time."""
    if film.seconds is None:
        return 0
    there = ends * film.time_base - film.start
    short = (film.seconds - float(there)) * float(film.rate)
    return round(short) if short > 1.5 else 0


def _decoded(container: Any, stream: Any, losses: Losses) -> Iterator[Any]:
    """Decoded frames of a stream; packets that cannot be decoded are counted and left out."""
    stream.thread_type = "AUTO"
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            packet = None  # what is missing then shows in the duration
        try:
            # At the end, also at an early one: what the decoder's threads still hold.
            found = stream.decode(packet)
        except (av.error.FFmpegError, OSError, ValueError):
            if packet is None:
                return
            losses.broken += bool(packet.size)
            continue
        for frame in found:
            losses.broken += bool(frame.is_corrupt)
            yield frame
        if packet is None:
            return


def grey(frame: Any, film: Film) -> Plane:
    """Y' of the grey frame of the same lightness, limited range, uint8 (H, W), of its own memory."""
    plain = "yuv420p" if not (film.width % 2 or film.height % 2) else "yuv444p"
    full = frame.color_range == _FULL
    name = frame.format.name
    if (
        name.startswith("gray")
        and frame.format.components[0].bits == 8
        and frame.color_range == _LIMITED
    ):
        return plane(frame.planes[0]).copy()
    if name != plain or full:
        number = film.number_of_matrix
        frame = frame.reformat(
            format=plain,
            src_colorspace=None if frame.format.is_rgb else number,
            dst_colorspace=number,
            src_color_range=_FULL if full or name.startswith("gray") else None,
            dst_color_range=_LIMITED,
        )
    luma, cb, cr = (plane(one) for one in frame.planes)
    found = gray_luma(luma, cb, cr, film.weights)
    return found.copy() if found is luma else found


def rgb(frame: Any, film: Film) -> NDArray[np.uint8]:
    """The frame as sRGB, full range, uint8 (H, W, 3), as it is stored."""
    limited = frame.color_range == _LIMITED
    full = frame.color_range == _FULL or (frame.format.name.startswith("gray") and not limited)
    shown = frame.reformat(
        format="rgb24",
        src_colorspace=None if frame.format.is_rgb else film.number_of_matrix,
        src_color_range=_FULL if full else None,
        dst_color_range=_FULL,
    )
    pixels: NDArray[np.uint8] = shown.to_ndarray()
    return pixels


def plane(one: Any) -> Plane:
    """A frame's plane, uint8 (h, w), without a copy."""
    flat = np.frombuffer(memoryview(one), np.uint8)
    rows: Plane = flat[: one.height * one.line_size].reshape(one.height, one.line_size)
    return rows[:, : one.width]


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
