"""The first directory of a TIFF: the size and kind of its pixels, and where their bytes lie.

A layout is complete or refused. It is checked before any segment (strip or tile) is decoded:
every segment that the picture needs is listed and lies inside the file. Tag numbers are those of
TIFF 6.0 and of BigTIFF.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Any

from PIL import TiffImagePlugin

from colortk.errors import DamagedPictureError, PictureError

#: Names of compressions, for messages.
COMPRESSIONS = {
    1: "none", 2: "CCITT RLE", 3: "CCITT Group 3", 4: "CCITT Group 4", 5: "LZW",
    6: "old-style JPEG", 7: "JPEG", 8: "Deflate", 9: "JBIG", 10: "JBIG", 22610: "JPEG XR",
    32766: "NeXT", 32771: "none, word-aligned", 32773: "PackBits", 32809: "ThunderScan",
    32946: "Deflate", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000",
    33007: "JPEG", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv 24",
    34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG of a DNG", 34925: "LZMA",
    34926: "Zstandard", 34927: "WebP", 34933: "PNG", 34934: "JPEG XR", 50000: "Zstandard",
    50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
#: Names of photometric interpretations, for messages.
PHOTOMETRICS = {
    0: "WhiteIsZero", 1: "BlackIsZero", 2: "RGB", 3: "palette", 4: "transparency mask", 5: "CMYK",
    6: "YCbCr", 8: "CIELAB", 9: "ICC Lab", 10: "ITU Lab", 32803: "raw sensor data",
    32844: "LogL", 32845: "LogLuv", 34892: "linear raw", 51177: "depth map",
}  # fmt: skip
#: Number of color channels of each supported photometric interpretation.
_COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3}
#: Strips or tiles of one picture. Each costs time, however small it is.
MAX_SEGMENTS = 200_000
#: Bytes of decoded samples for each pixel that is allowed: four samples of 32 bits.
_BYTES_PER_PIXEL = 16


class CodecUnavailable(Exception):
    """No decoder for this compression is installed, or none is known that detects damage."""


def name_of(compression: int) -> str:
    """Name of a compression, for messages."""
    return COMPRESSIONS.get(compression, f"number {compression}")


@dataclass(frozen=True)
class Layout:
    """Content of the first directory. All sizes are checked; ``tags`` holds every value.

    ``rows`` and ``columns``: size of a segment (tile, or strip of the full width), in pixels.
    ``segments``: offset and number of bytes of each, plane by plane, row by row.
    ``colors``: color channels; the channels from there on are ``extra`` (ExtraSamples values).
    ``order``: byte order, ``<`` or ``>``.
    """

    tags: dict[int, Any]
    order: str
    width: int
    height: int
    bits: int
    kind: str
    samples: int
    colors: int
    extra: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    planes: int
    rows: int
    columns: int
    tiled: bool
    segments: tuple[tuple[int, int], ...]
    more_pages: bool

    @property
    def across(self) -> int:
        """Segments in a row of segments."""
        return -(-self.width // self.columns)

    @property
    def down(self) -> int:
        """Rows of segments in a plane."""
        return -(-self.height // self.rows)

    @property
    def channels(self) -> int:
        """Samples of a pixel in one segment."""
        return self.samples // self.planes

    def rows_of(self, number: int) -> int:
        """Rows that segment ``number`` holds; the last strip of a plane may be short."""
        if self.tiled:
            return self.rows
        return min(self.rows, self.height - number % self.down * self.rows)


def directory_of(data: bytes, offset: int | None = None) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Let Pillow read a directory whose sizes and counts were checked.

    ``offset``: offset of the directory; ``None`` for the first one. Raises ``ValueError`` if the
    directory is damaged.
    """
    if 43 in data[2:4]:  # Pillow knows BigTIFF by the third byte alone
        head = b"II+\0" + data[4:16]
        directory = TiffImagePlugin.ImageFileDirectory_v2(head, prefix=data[:2])
    else:
        directory = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
    file = io.BytesIO(data)
    try:
        file.seek(directory.next if offset is None else offset)
        directory.load(file)
    except (SyntaxError, struct.error, OverflowError) as error:
        raise ValueError(f"its directory is damaged: {error}") from None
    return directory


def layout_of(data: bytes, name: str, max_pixels: int, partial: bool = False) -> Layout:
    """Read the layout of a TIFF.

    Parameters
    ----------
    data : bytes
        The whole file, whose directories ``directories.check`` has passed.
    name : str
        Name of the file in messages.
    max_pixels : int
        Limit of width × height.
    partial : bool
        Accept segments that the end of the file cuts off, or that are not listed: their size is 0.

    Raises
    ------
    PictureError
        The directory is damaged, incomplete, or describes pixels that are not read.
    """
    try:
        directory = directory_of(data)
        tags = {tag: _plain(value) for tag, value in directory.items()}
        return _checked(tags, data, name, max_pixels, partial, bool(directory.next))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error) as error:
        reason = " ".join(str(error).split()) or "its directory is not whole"
        problem = f"cannot read '{name}'"
        raise DamagedPictureError(problem, f"the file is damaged: {reason}") from None


def _plain(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _checked(
    tags: dict[int, Any], data: bytes, name: str, max_pixels: int, partial: bool, more: bool
) -> Layout:
    width, height = _number(tags, 256), _number(tags, 257)
    if not width or not height:
        raise ValueError("it has no pixels")
    if width * height > max_pixels:
        raise PictureError(
            f"cannot read '{name}'",
            f"{width} × {height} pixels is over the limit of {max_pixels:,} pixels",
            "if you trust the file, raise --max-pixels",
        )
    samples = _number(tags, 277, 1)
    photometric = _number(tags, 262, 2 if samples >= 3 else 1)
    colors = _COLORS.get(photometric)
    if colors is None or _number(tags, 32997, 1) != 1:
        content = PHOTOMETRICS.get(photometric, f"photometric interpretation {photometric}")
        content = f"its pixels are {content}" if colors is None else "it is a volume"
        raise refused(name, f"{content}, which is not supported")
    if samples < colors:
        raise ValueError(f"it has {samples} channels, and its colors need {colors}")
    planes = {1: 1, 2: samples}[_number(tags, 284, 1)]
    bits = _same(tags, 258, 1, samples, name, "bits per sample")
    kind = _same(tags, 339, 1, samples, name, "sample formats")
    _check_samples(bits, kind, name)
    if width * height * samples * max(bits, 8) > 8 * _BYTES_PER_PIXEL * max_pixels:
        raise refused(name, f"its {samples} channels need too much memory")
    extra = _numbers(tags, 338)
    rows, columns, tiled, segments = _segments(tags, data, width, height, planes, partial)
    return Layout(
        tags, "<" if data[:1] == b"I" else ">", width, height, bits, {3: "f"}.get(kind, "u"),
        samples, colors, extra[: samples - colors], photometric, _number(tags, 259, 1),
        _number(tags, 317, 1), planes, rows, columns, tiled, segments, more,
    )  # fmt: skip


def _check_samples(bits: int, kind: int, name: str) -> None:
    """Refuse samples that neither 8 nor 16 bits can hold."""
    hint = "convert it to 8 or 16 bits a channel"
    if kind == 3 and bits in (16, 32, 64):
        return
    if kind in (1, 4) and 1 <= bits <= 16:
        return
    sample_kinds = {
        1: "unsigned integers", 2: "signed integers", 3: "floating-point numbers",
        4: "numbers of undefined kind", 5: "complex integers", 6: "complex numbers",
    }  # fmt: skip
    raise refused(
        name, f"its pixels have {bits} bits: {sample_kinds.get(kind, f'kind {kind}')}", hint
    )


def _segments(
    tags: dict[int, Any], data: bytes, width: int, height: int, planes: int, partial: bool
) -> tuple[int, int, bool, tuple[tuple[int, int], ...]]:
    tiled = 322 in tags or 323 in tags
    if tiled:
        columns, rows = _number(tags, 322), _number(tags, 323)
    else:
        columns, rows = width, min(height, _number(tags, 278, height))
    if not rows or not columns:
        raise ValueError("its strips or tiles have no size")
    kind = "tiles" if tiled else "strips"
    needed_segments = planes * -(-height // rows) * -(-width // columns)
    if needed_segments > MAX_SEGMENTS:
        raise ValueError(f"it has {needed_segments:,} {kind}, more than any picture needs")
    offsets = _numbers(tags, 324 if 324 in tags else 273)
    sizes = _numbers(tags, 325 if 325 in tags else 279)
    if not offsets:
        raise ValueError(f"the offsets of its {kind} are missing")
    if not sizes and len(offsets) == needed_segments == 1 and _number(tags, 259, 1) == 1:
        sizes = (len(data) - offsets[0],)  # allowed by old writers: all that follows
    if min(len(offsets), len(sizes)) < needed_segments and not partial:
        count = min(len(offsets), len(sizes))
        raise ValueError(
            f"it has only {count:,} of the {needed_segments:,} {kind} that its pixels need"
        )
    segments = [*zip(offsets, sizes, strict=False)][:needed_segments]
    segments += [(0, 0)] * (needed_segments - len(segments))
    for number, (offset, size) in enumerate(segments):
        if not 0 < offset < len(data) or size <= 0 or offset + size > len(data):
            if not partial:
                noun = kind[:-1]
                raise ValueError(f"{noun} {number + 1:,} of {needed_segments:,} is not in the file")
            segments[number] = (offset, size) if 0 < offset < len(data) and size > 0 else (0, 0)
    return rows, columns, tiled, tuple(segments)


def refused(name: str, reason: str, hint: str = "") -> PictureError:
    """Return the error for a TIFF that is complete, but of an unsupported kind."""
    return PictureError(f"cannot read '{name}'", reason, hint)


def _numbers(tags: dict[int, Any], tag: int) -> tuple[int, ...]:
    value = tags.get(tag, ())
    values = value if isinstance(value, tuple | list | bytes) else (value,)
    if any(not isinstance(value_item, int) for value_item in values):
        raise ValueError(f"its tag {tag} does not hold whole numbers")
    return tuple(values)


def _number(tags: dict[int, Any], tag: int, default: int = 0) -> int:
    values = _numbers(tags, tag) or (default,)
    return values[0]


def _same(
    tags: dict[int, Any], tag: int, default: int, samples: int, name: str, description: str
) -> int:
    values = _numbers(tags, tag)[:samples] or (default,)
    if len(set(values)) > 1:
        raise refused(
            name, f"its channels differ in {description}: {', '.join(map(str, values[:8]))}"
        )
    return values[0]
