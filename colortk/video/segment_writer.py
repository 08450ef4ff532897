"""Encode a segment of a film into a separate file, completely or not at all.

Segments have no B-frames: frames are decoded in the order in which they are shown, so that segments
can be joined at any frame rate. The container format NUT keeps every time base exactly.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from colortk.errors import PictureError
from colortk.io.files import rename_atomic
from colortk.video._av import av
from colortk.video.colorize_frame import YuvPlanes
from colortk.video.deinterlace import field_marker
from colortk.video.encoding import Encoding
from colortk.video.field_order import FIELD_ORDER_NUMBERS, TOP_FIRST
from colortk.video.film_properties import Film
from colortk.video.frame_pixels import plane

#: Options of known encoders: high speed, and a quality that is hard to distinguish from the input.
_CODEC_OPTIONS: dict[str, dict[str, str]] = {
    # Otherwise the header states the rate of the time base, which in Matroska is 1000 per second.
    "libx264": {"crf": "18", "preset": "veryfast", "x264-params": "force-cfr=1"},
    "libx265": {"crf": "20", "preset": "veryfast", "x265-params": "log-level=none"},
    "libvpx-vp9": {
        "crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1",
        "auto-alt-ref": "0",
    },
    "libsvtav1": {"crf": "28", "preset": "9"},
}  # fmt: skip
#: Bits per pixel for encoders without a quality setting.
_BITS_PER_PIXEL = 0.2


def add_film(container: Any, film: Film, encoding: Encoding) -> Any:
    """Add a stream that encodes a film.

    Parameters
    ----------
    container : av.container.OutputContainer
        Where to.
    film : Film
        Properties of the film.
    encoding : Encoding
        How, as :func:`~colortk.video.encoding.choose_encoding` returns it.

    Returns
    -------
    av.VideoStream
        The stream.
    """
    codec = str(encoding.codec)
    options = dict(_CODEC_OPTIONS.get(codec, {}))
    if encoding.crf is not None:
        options["crf"] = f"{encoding.crf:g}"
    if encoding.preset is not None:
        options["preset"] = encoding.preset
    if film.interlaced and codec == "libx264":
        options["x264-params"] += ":tff=1" if film.order == TOP_FIRST else ":bff=1"
    stream = container.add_stream(codec, rate=film.rate, options=options)
    context = stream.codec_context
    context.width, context.height = film.width, film.height
    context.pix_fmt = encoding.pix_fmt
    context.time_base = stream.time_base = film.time_base
    context.max_b_frames = 0
    if codec not in _CODEC_OPTIONS:
        context.bit_rate = int(film.width * film.height * float(film.rate) * _BITS_PER_PIXEL)
    if film.pixel_aspect_ratio:
        context.sample_aspect_ratio = film.pixel_aspect_ratio
    if film.interlaced:
        flags = av.codec.context.Flags
        context.flags |= flags.interlaced_dct | flags.interlaced_me
    tag_stream(stream, film)
    return stream


def tag_stream(stream: Any, film: Film) -> None:
    """Set color tags and field order of a stream that is written."""
    context, tags = stream.codec_context, film.tags
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace, context.color_range = tags.matrix, 2 if tags.full else 1
    context.field_order = FIELD_ORDER_NUMBERS[film.order if film.interlaced else "progressive"]


class SegmentWriter:
    """Encode frames into a file, under a temporary name until :meth:`close`.

    Parameters
    ----------
    path : Path
        The file.
    film : Film
        Properties of the film.
    encoding : Encoding
        How.
    """

    def __init__(self, path: Path, film: Film, encoding: Encoding) -> None:
        self.path = path
        self._film = film
        self._encoding, self._levels = encoding, encoding.levels(film)
        self._mark_fields = field_marker(film.order, film.time_base) if film.interlaced else None
        self._temporary = path.with_name(f"{path.stem}.part{path.suffix}")
        self._container = av.open(str(self._temporary), "w", format="nut")
        with self._failures():
            self._stream = add_film(self._container, film, encoding)

    def write(self, planes: YuvPlanes, pts: int) -> None:
        """Encode a frame with its time stamp. Raises ``PictureError``."""
        film, tags = self._film, self._film.tags
        frame = av.VideoFrame(film.width, film.height, self._encoding.pix_fmt)
        for stored, values in zip(frame.planes, (planes.luma, planes.cb, planes.cr), strict=True):
            plane(stored, self._levels)[...] = values
        frame.pts, frame.time_base = pts, film.time_base
        frame.color_primaries, frame.color_trc = tags.primaries, tags.transfer
        frame.colorspace, frame.color_range = tags.matrix, 2 if tags.full else 1
        with self._failures():
            for marked in [frame] if self._mark_fields is None else self._mark_fields(frame):
                self._container.mux(self._stream.encode(marked))

    def close(self) -> None:
        """Finish and rename the file. Raises ``PictureError``."""
        with self._failures():
            self._container.mux(self._stream.encode(None))
            self._container.close()
        rename_atomic(self._temporary, self.path, force=True)

    def discard(self) -> None:
        """Delete the written part."""
        with contextlib.suppress(Exception):  # it is deleted in any case
            self._container.close()
        self._temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _failures(self) -> Any:
        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError, TypeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PictureError(
                f"cannot encode the film with {self._encoding.codec}", reason
            ) from error
