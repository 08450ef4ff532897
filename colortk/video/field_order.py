"""Find out whether a film is interlaced, and which of its fields is shown first.

Files state this, but the statement is often missing or wrong: a capture of an analog tape may be
marked as progressive, and a progressive film may be stored as fields. So samples of the film are
examined with FFmpeg's filter ``idet``, which compares each line with its neighbors in the same and
in the adjacent frames. Since ``idet`` takes smooth progressive motion for fields, a frame counts as
combed only if, where it moves, lines differ more from adjacent lines than from those of the same
field. The statement of the file counts where the samples do not move enough to decide.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from colortk._opencv import cv2
from colortk.video._av import av
from colortk.video.deinterlace import FrameFilter
from colortk.video.film_container import Losses, decoded_frames, film_stream, open_film
from colortk.video.film_properties import Film
from colortk.video.optical_flow import Gray

PROGRESSIVE, TOP_FIRST, BOTTOM_FIRST = "progressive", "tff", "bff"
#: Numbers of FFmpeg (AVFieldOrder). Of 4 and 5 the second letter is the field that is shown first.
_ORDERS = {2: TOP_FIRST, 3: BOTTOM_FIRST, 4: BOTTOM_FIRST, 5: TOP_FIRST}
#: Number of FFmpeg for each field order.
FIELD_ORDER_NUMBERS = {PROGRESSIVE: 1, TOP_FIRST: 2, BOTTOM_FIRST: 3}
#: Positions in a film that are examined, and frames at each.
_POSITIONS, _FRAMES = 5, 24
#: No standard has interlaced frames above this height, and ``idet`` needs a few lines.
_MAX_HEIGHT, _MIN_SIDE = 1152, 16
#: Frames about which ``idet`` must be certain, so that its answer counts.
_MIN_CERTAIN = 3
#: A film is interlaced if this share of its frames is combed: of telecined films, it is 2 of 5.
_MIN_COMBED_SHARE = 0.2
#: Share of combed frames that must agree about the field that is shown first.
_MIN_AGREEMENT = 0.7
#: Difference of lightness, in 8-bit levels, of pixels that move, and the share that must move.
_MOVING, _MIN_MOVING_SHARE = 12, 0.002
#: Height of frames of NTSC, of which DV stores the bottom field first.
_NTSC_DV = 480


@dataclass(frozen=True)
class FieldOrder:
    """The order of the fields of a film.

    Parameters
    ----------
    order : str
        "progressive", "tff" (top field first) or "bff" (bottom field first).
    stated : str or None
        The order that the file states; ``None`` if it states none.
    """

    order: str
    stated: str | None

    @property
    def interlaced(self) -> bool:
        """Whether frames consist of two fields of different times."""
        return self.order != PROGRESSIVE


def find_field_order(
    path: Path, film: Film, span: tuple[Fraction, Fraction | None] | None, examine: bool = True
) -> FieldOrder:
    """Return the field order of a film.

    Parameters
    ----------
    path : Path
        The film.
    film : Film
        Its properties.
    span : tuple of Fraction, or None
        The part that is examined, in seconds of the film's time stamps.
    examine : bool
        Examine frames. Otherwise the statement of the file counts.

    Raises
    ------
    PictureError
        If the file cannot be opened.
    """
    verdicts: Counter[str] = Counter()
    marked: Counter[bool] = Counter()
    if film.height > _MAX_HEIGHT:
        return FieldOrder(PROGRESSIVE, None)
    for position in _positions(film, span):
        with contextlib.closing(open_film(path)) as container:
            stream = film_stream(container)
            if position is not None:
                with contextlib.suppress(av.error.FFmpegError, OSError):
                    container.seek(round(position / stream.time_base), stream=stream)
            number, codec = int(stream.codec_context.field_order), stream.codec_context.name
            sample = islice(decoded_frames(container, stream, Losses()), _FRAMES)
            frames = [f for f in sample if (f.width, f.height) == (film.width, film.height)]
        marked.update(bool(frame.interlaced_frame) for frame in frames)
        if examine and min(film.height, film.width) >= _MIN_SIDE:
            verdicts.update(_verdicts(frames, film.time_base))
    stated = _ORDERS.get(number)
    if stated is None and marked[True] > _MIN_COMBED_SHARE * marked.total():
        stated = BOTTOM_FIRST if codec == "dvvideo" and film.height == _NTSC_DV else TOP_FIRST
    if stated is None and (number == 1 or marked):
        stated = PROGRESSIVE
    return FieldOrder(_decide(verdicts, stated, number in _ORDERS), stated)


def _positions(film: Film, span: tuple[Fraction, Fraction | None] | None) -> list[Any]:
    """Return times of samples in seconds; ``None`` is the beginning of the file."""
    begin, end = span or (film.start, None)
    length = film.start + Fraction(film.seconds) if film.seconds is not None else None
    if end is None or (length is not None and length < end):
        end = length
    if end is None or (end - begin) * film.rate < 2 * _POSITIONS * _FRAMES:
        return [None if span is None else begin]
    return [begin + (end - begin) * k / _POSITIONS for k in range(_POSITIONS)]


def _verdicts(frames: list[Any], time_base: Fraction) -> list[str]:
    """Return a verdict about each frame: "tff", "bff", "progressive" or "" (not certain)."""
    if len(frames) < _MIN_CERTAIN:
        return []
    first = frames[0]
    detector = FrameFilter("idet", "", time_base)
    verdicts: list[str] = []
    with contextlib.suppress(av.error.FFmpegError, ValueError):
        for number, frame in enumerate([*frames, None]):
            if frame is not None:
                if frame.format.name != first.format.name:
                    break
                frame.pts = number
            verdicts += [
                result.metadata.get("lavfi.idet.multiple.current_frame", "")
                for result in detector(frame)
            ]
    grays = [frame.reformat(format="gray").to_ndarray() for frame in frames[: len(verdicts)]]
    for number, verdict in enumerate(verdicts):
        if verdict in (TOP_FIRST, BOTTOM_FIRST):
            other = grays[number - 1 if number else 1]
            if not _is_combed(grays[number], other):
                verdicts[number] = ""
    return verdicts


def _is_combed(gray: Gray, other: Gray) -> bool:
    """Return whether the moving parts of a frame (H, W) are combed.

    In them, a line is more like the next line of its own field than like the adjacent line.
    """
    moving = cv2.absdiff(gray, other)[:-2] > _MOVING
    if moving.mean() < _MIN_MOVING_SHARE:
        return False
    adjacent = cv2.absdiff(gray[:-2], gray[1:-1])[moving].mean()
    same_field = cv2.absdiff(gray[:-2], gray[2:])[moving].mean()
    return bool(adjacent > same_field)


def _decide(verdicts: Counter[str], stated: str | None, order_is_stated: bool) -> str:
    """Return the field order by the verdicts about frames, and by the statement of the file."""
    top, bottom = verdicts[TOP_FIRST], verdicts[BOTTOM_FIRST]
    combed, certain = top + bottom, top + bottom + verdicts[PROGRESSIVE]
    if certain < _MIN_CERTAIN:
        return stated or PROGRESSIVE
    if combed < max(_MIN_CERTAIN, _MIN_COMBED_SHARE * certain):
        return PROGRESSIVE
    agree = max(top, bottom) >= _MIN_AGREEMENT * combed
    if not agree and order_is_stated and stated is not None and stated != PROGRESSIVE:
        return stated
    return TOP_FIRST if top >= bottom else BOTTOM_FIRST
