"""Choose how a film is encoded: encoder, pixel format, and what the encoder can hold."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from colortk.errors import UsageError
from colortk.video._av import av
from colortk.video.film_properties import Film
from colortk.video.luma_tables import Levels

#: Default encoder of all file types that are not below.
DEFAULT_CODEC = "libx264"
#: Default encoders of file types that cannot hold H.264.
CODECS = {"webm": "libvpx-vp9"}
#: Default encoder of films with 10 bits: devices play 10 bits in HEVC, hardly in H.264.
DEEP_CODEC = "libx265"
#: Default encoders with 10 bits for file types that do not hold HEVC.
_DEEP_CODECS = {"webm": "libvpx-vp9", "avi": "libx264"}
#: Pixel formats that colortk writes.
PIXEL_FORMATS = tuple(
    f"yuv{sampling}p{bits}" for bits in ("", "10le") for sampling in ("420", "422", "444")
)
#: Encoders that mark fields in their frames, or store them in a container that does.
_FIELD_ENCODERS = ("libx264", "mpeg2video", "mpeg4", "ffv1", "prores_ks", "prores")
#: Encoders that store chroma at half the size only for even sizes.
_EVEN_ONLY = ("libx264", "libx265", "h264", "hevc")


@dataclass(frozen=True)
class Encoding:
    """How a film is encoded.

    Parameters
    ----------
    codec : str or None
        Encoder of FFmpeg; ``None`` chooses one by the output and the film.
    crf : float or None
        Quality; ``None`` is the default of colortk for the encoder.
    preset : str or None
        Speed preset; ``None`` is the default of colortk for the encoder.
    pix_fmt : str or None
        Pixel format, one of ``PIXEL_FORMATS``; ``None`` keeps 8 or 10 bits of the film.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    pix_fmt: str | None = None

    @property
    def subsampling(self) -> tuple[int, int]:
        """Pixels that share one chroma value: in a row, and in a column."""
        assert self.pix_fmt is not None, "the encoding is chosen"
        sampling = self.pix_fmt[3:6]
        return 1 if sampling == "444" else 2, 2 if sampling == "420" else 1

    def levels(self, film: Film) -> Levels:
        """Return bits and range of the planes of ``film``."""
        assert self.pix_fmt is not None, "the encoding is chosen"
        return Levels(10 if self.pix_fmt.endswith("10le") else 8, film.tags.full)


def parse_pix_fmt(name: str) -> str:
    """Return a pixel format by a name that FFmpeg knows it by. Raises ``UsageError``."""
    full_name = f"{name}le" if name.endswith("p10") else name
    if full_name not in PIXEL_FORMATS:
        raise UsageError(f"pixel format '{name}'", f"known values: {', '.join(PIXEL_FORMATS)}")
    return full_name


def choose_encoding(encoding: Encoding, output: Path, film: Film) -> Encoding:
    """Return the encoding of a film with its encoder and pixel format.

    Parameters
    ----------
    encoding : Encoding
        What the user asked for.
    output : Path
        The output, whose extension decides about the encoder if none is named.
    film : Film
        Properties of the film.

    Raises
    ------
    UsageError
        If the encoder is unknown or cannot hold the film as requested.
    """
    pix_fmt = None if encoding.pix_fmt is None else parse_pix_fmt(encoding.pix_fmt)
    deep = film.bits > 8 if pix_fmt is None else pix_fmt.endswith("10le")
    codec = encoding.codec or _default_codec(output, film, deep)
    _check_codec(codec)
    if film.interlaced and codec not in _FIELD_ENCODERS:
        raise UsageError(
            f"--deinterlace off with {codec}", "the encoder cannot mark fields",
            "use --codec libx264, or --deinterlace auto",
        )  # fmt: skip
    formats = _formats(codec)
    odd = bool(film.width % 2 or film.height % 2) and _needs_even_sizes(codec)
    if pix_fmt is not None:
        possible = [name for name in PIXEL_FORMATS if name in formats]
        if pix_fmt not in possible:
            raise UsageError(
                f"--pix-fmt {pix_fmt} with {codec}", "the encoder does not support it",
                f"it supports {', '.join(possible)}" if possible else "use another --codec",
            )  # fmt: skip
        if odd and "444" not in pix_fmt:
            raise UsageError(
                f"--pix-fmt {pix_fmt} with {codec}",
                f"the size {film.width} × {film.height} is odd",
                f"use --pix-fmt {pix_fmt.replace(pix_fmt[3:6], '444')}",
            )
        return replace(encoding, codec=codec, pix_fmt=pix_fmt)
    samplings = ("444",) if odd else ("420", "422", "444")
    wanted = [f"yuv{sampling}p{'10le' * deep}" for sampling in samplings]
    wanted += [f"yuv{sampling}p" for sampling in samplings]
    chosen = next((name for name in wanted if name in formats), wanted[-len(samplings)])
    return replace(encoding, codec=codec, pix_fmt=chosen)


def encoding_notes(encoding: Encoding, film: Film) -> list[str]:
    """Return a line for each property of the film that a chosen encoding changes."""
    notes = []
    if film.bits > 8 and not str(encoding.pix_fmt).endswith("10le"):
        notes.append("the film has more than 8 bits per channel; they were reduced to 8")
    elif film.bits > 10:
        notes.append("the film has more than 10 bits per channel; they were reduced to 10")
    odd = film.width % 2 or film.height % 2
    if odd and encoding.subsampling == (1, 1):
        notes.append(
            f"the size {film.width} × {film.height} is odd: chroma is stored at full size"
            f" ({encoding.pix_fmt}), which some players cannot show"
        )
    return notes


def _default_codec(output: Path, film: Film, deep: bool) -> str:
    extension = output.suffix.lower().lstrip(".")
    if not deep:
        return CODECS.get(extension, DEFAULT_CODEC)
    codec = _DEEP_CODECS.get(extension, DEEP_CODEC)
    known = codec in av.codecs_available and any(name.endswith("p10le") for name in _formats(codec))
    fits = codec in _FIELD_ENCODERS if film.interlaced else True
    return codec if known and fits else CODECS.get(extension, DEFAULT_CODEC)


def _check_codec(codec: str) -> None:
    """Raise ``UsageError`` if ``codec`` is not a video encoder."""
    if codec in av.codecs_available and _encodes_film(codec):
        return
    from difflib import get_close_matches

    encoders = sorted(name for name in av.codecs_available if _encodes_film(name, quick=True))
    close = get_close_matches(codec, encoders, 1)
    raise UsageError(
        f"--codec {codec}: unknown video encoder",
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


@lru_cache(maxsize=16)
def _formats(codec: str) -> frozenset[str]:
    """Return the pixel formats of an encoder."""
    with contextlib.suppress(ValueError, av.error.FFmpegError):
        return frozenset(f.name for f in av.codec.Codec(codec, "w").video_formats or ())
    return frozenset()


def _needs_even_sizes(codec: str) -> bool:
    return codec.startswith(_EVEN_ONLY) or "x264" in codec or "x265" in codec
