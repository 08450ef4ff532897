"""A stretch of a film, encoded into a file of its own, whole or not there.

Without B-frames: what is decoded first is shown first, so that stretches join at any frame rate,
and a film that is stopped loses one stretch. NUT keeps any time base exactly.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colortk.errors import PictureError, UsageError
from colortk.io.files import rename_atomic
from colortk.video._av import av
from colortk.video.colorize_frame import Planes
from colortk.video.film_reader import Film, plane

#: Encoder of a file type that cannot hold H.264, and of all others.
CODECS = {"webm": "libvpx-vp9"}
DEFAULT_CODEC = "libx264"
#: Quality that is hard to tell from the input, and speed: options of the encoders that we know.
_OPTIONS: dict[str, dict[str, str]] = {
    # Else the header's rate is that of the time base: 1000 frames a second in Matroska.
    "libx264": {"crf": "18", "preset": "veryfast", "x264-params": "force-cfr=1"},
    "libx265": {"crf": "20", "preset": "veryfast", "x265-params": "log-level=none"},
    "libvpx-vp9": {
        "crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1",
        "auto-alt-ref": "0",
    },
    "libsvtav1": {"crf": "28", "preset": "9"},
}  # fmt: skip
#: They store chroma of half the size only for even sizes.
_EVEN = ("libx264", "libx265", "h264", "hevc")
#: Bits a pixel for encoders that have no quality to set.
_BITS = 0.2


@dataclass(frozen=True)
class Encoding:
    """How a film is encoded. ``crf`` and ``preset``: ``None`` is ours for that codec."""

    codec: str = DEFAULT_CODEC
    crf: float | None = None
    preset: str | None = None

    def half(self, film: Film) -> bool:
        """Whether chroma is stored at half the size."""
        odd = film.width % 2 or film.height % 2
        even_only = self.codec.startswith(_EVEN) or "x264" in self.codec or "x265" in self.codec
        return not (odd and even_only)


def default_codec(output: Path) -> str:
    """Return the name of the encoder for the file type of ``output``, if none is named."""
    return CODECS.get(output.suffix.lower().lstrip("."), DEFAULT_CODEC)


def check_encoding(encoding: Encoding, film: Film) -> None:
    """Raises ``UsageError`` if the codec is none, or cannot take this film."""
    known = sorted(name for name in av.codecs_available if _encodes_film(name, quick=True))
    if encoding.codec not in av.codecs_available or not _encodes_film(encoding.codec):
        from difflib import get_close_matches

        close = get_close_matches(encoding.codec, known, 1)
        raise UsageError(
            f"--codec {encoding.codec}: there is no such encoder of films",
            hint=f"did you mean '{close[0]}'?" if close else "libx264, libx265, libvpx-vp9, ffv1",
        )


def _encodes_film(name: str, quick: bool = False) -> bool:
    if quick:
        return name.startswith(("lib", "h264", "hevc", "ffv1", "mpeg", "mjpeg", "prores"))
    with contextlib.suppress(ValueError, av.error.FFmpegError):
        return bool(av.codec.Codec(name, "w").type == "video")
    return False


def add_film(container: Any, film: Film, encoding: Encoding) -> Any:
    """A stream of ``container`` that encodes ``film``. Raises ``UsageError``."""
    options = dict(_OPTIONS.get(encoding.codec, {}))
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
    if encoding.codec not in _OPTIONS:
        context.bit_rate = int(film.width * film.height * float(film.rate) * _BITS)
    if film.shape_of_pixels:
        context.sample_aspect_ratio = film.shape_of_pixels
    context.colorspace = film.number_of_matrix
    context.color_range = 1  # limited
    return stream


class SegmentWriter:
    """An encoder into ``path``, under a temporary name until :meth:`close`."""

    def __init__(self, path: Path, film: Film, encoding: Encoding) -> None:
        self.path = path
        self._film = film
        self._format = "yuv420p" if encoding.half(film) else "yuv444p"
        self._temporary = path.with_name(f"{path.stem}.part{path.suffix}")
        self._codec = encoding.codec
        self._container = av.open(str(self._temporary), "w", format="nut")
        with self._failures():
            self._stream = add_film(self._container, film, encoding)

    def write(self, planes: Planes, pts: int) -> None:
        """Encode one frame with its time stamp. Raises ``PictureError``."""
        frame = av.VideoFrame(self._film.width, self._film.height, self._format)
        for one, values in zip(frame.planes, (planes.luma, planes.cb, planes.cr), strict=True):
            plane(one)[...] = values
        frame.pts, frame.time_base = pts, self._film.time_base
        frame.colorspace, frame.color_range = self._film.number_of_matrix, 1
        with self._failures():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finish the file and give it its name. Raises ``PictureError``."""
        with self._failures():
            self._container.mux(self._stream.encode(None))
            self._container.close()
        rename_atomic(self._temporary, self.path, force=True)

    def discard(self) -> None:
        """Drop what has been written."""
        with contextlib.suppress(Exception):  # it is thrown away, whatever is wrong with it
            self._container.close()
        self._temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _failures(self) -> Any:
        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError, TypeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise PictureError(f"cannot encode the film with {self._codec}", why) from error
