"""Encode a segment of a film into a separate file, completely or not at all.

Segments have no B-frames: frames are decoded in the order in which they are shown, so that segments
can be joined at any frame rate. The container format NUT keeps every time base exactly.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import PictureError, UsageError
from colortk.io.files import rename_atomic
from colortk.video._av import av
from colortk.video.colorize_frame import YuvPlanes
from colortk.video.film_properties import Film
from colortk.video.frame_pixels import plane

#: Default encoders of file types that cannot hold H.264, and of all others.
CODECS = {"webm": "libvpx-vp9"}
DEFAULT_CODEC = "libx264"
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
#: Encoders that store chroma at half the size only for even sizes.
_EVEN_ONLY = ("libx264", "libx265", "h264", "hevc")
#: Bits per pixel for encoders without a quality setting.
_BITS_PER_PIXEL = 0.2


@dataclass(frozen=True)
class Encoding:
    """How a film is encoded.

    Parameters
    ----------
    codec : str
        Encoder of FFmpeg.
    crf : float or None
        Quality; ``None`` is the default of colortk for the encoder.
    preset : str or None
        Speed preset; ``None`` is the default of colortk for the encoder.
    """

    codec: str = DEFAULT_CODEC
    crf: float | None = None
    preset: str | None = None

    def half(self, film: Film) -> bool:
        """Return whether chroma of ``film`` is stored at half the size."""
        odd = film.width % 2 or film.height % 2
        even_only = (
            self.codec.startswith(_EVEN_ONLY) or "x264" in self.codec or "x265" in self.codec
        )
        return not (odd and even_only)


def default_codec(output: Path) -> str:
    """Return the name of the encoder for the file type of ``output``, if none is named."""
    return CODECS.get(output.suffix.lower().lstrip("."), DEFAULT_CODEC)


def check_encoding(encoding: Encoding, film: Film) -> None:
    """Raise ``UsageError`` if the codec of ``encoding`` is not a video encoder."""
    encoders = sorted(name for name in av.codecs_available if _encodes_film(name, quick=True))
    if encoding.codec not in av.codecs_available or not _encodes_film(encoding.codec):
        from difflib import get_close_matches

        close = get_close_matches(encoding.codec, encoders, 1)
        raise UsageError(
            f"--codec {encoding.codec}: unknown video encoder",
            hint=f"did you mean '{close[0]}'?"
            if close
            else "for example libx264, libx265, libvpx-vp9 or ffv1",
        )


def _encodes_film(name: str, quick: bool = False) -> bool:
    if quick:
        return name.startswith(("lib", "h264", "hevc", "ffv1", "mpeg", "mjpeg", "prores"))
    with contextlib.suppress(ValueError, av.error.FFmpegError):
        return bool(av.codec.Codec(name, "w").type == "video")
    return False


def add_film(container: Any, film: Film, encoding: Encoding) -> Any:
    """Add a stream that encodes a film.

    Parameters
    ----------
    container : av.container.OutputContainer
        Where to.
    film : Film
        Properties of the film.
    encoding : Encoding
        How.

    Returns
    -------
    av.VideoStream
        The stream.
    """
    options = dict(_CODEC_OPTIONS.get(encoding.codec, {}))
    if encoding.crf is not None:
        options["crf"] = f"{encoding.crf:g}"
    if encoding.preset is not None:
        options["preset"] = encoding.preset
    stream = container.add_stream(encoding.codec, rate=film.rate, options=options)
    context = stream.codec_context
    context.width, context.height = film.width, film.height
    context.pix_fmt = "yuv420p" if encoding.half(film) else "yuv444p"
    context.time_base = stream.time_base = film.time_base
    context.max_b_frames = 0
    if encoding.codec not in _CODEC_OPTIONS:
        context.bit_rate = int(film.width * film.height * float(film.rate) * _BITS_PER_PIXEL)
    if film.pixel_aspect_ratio:
        context.sample_aspect_ratio = film.pixel_aspect_ratio
    context.colorspace = film.matrix_number
    context.color_range = 1  # limited
    return stream


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
        self._format = "yuv420p" if encoding.half(film) else "yuv444p"
        self._temporary = path.with_name(f"{path.stem}.part{path.suffix}")
        self._codec = encoding.codec
        self._container = av.open(str(self._temporary), "w", format="nut")
        with self._failures():
            self._stream = add_film(self._container, film, encoding)

    def write(self, planes: YuvPlanes, pts: int) -> None:
        """Encode a frame with its time stamp. Raises ``PictureError``."""
        frame = av.VideoFrame(self._film.width, self._film.height, self._format)
        for stored, values in zip(frame.planes, (planes.luma, planes.cb, planes.cr), strict=True):
            plane(stored)[...] = values
        frame.pts, frame.time_base = pts, self._film.time_base
        frame.colorspace, frame.color_range = self._film.matrix_number, 1
        with self._failures():
            self._container.mux(self._stream.encode(frame))

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
            raise PictureError(f"cannot encode the film with {self._codec}", reason) from error
