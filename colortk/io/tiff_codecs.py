"""Compressed strips and tiles of a TIFF to bytes, completely or not at all.

Deflate, PackBits, LZW, CCITT and JPEG need what is installed anyway (zlib, Pillow's libtiff and
libjpeg); rare compressions need imagecodecs. Every decoder gets the number of bytes that a
segment holds: what it returns beyond is cut off, and what is missing is an error.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, TiffImagePlugin

from colortk.io import jpeg2000, jpeg_segments, limits
from colortk.io.jpeg import check_complete
from colortk.io.tiff_layout import COMPRESSIONS, Layout

Array = NDArray[Any]

NONE, JPEG, DEFLATE, LIBTIFF = (1, 32771), (7, 33007), (8, 32946), (5, 32773)
_CCITT = (2, 3, 4)
_LERC = 34887
#: Compressions whose decoder returns an array of samples; imagecodecs' names. All of them refuse
#: data that are cut short. JPEG XR is not here: its decoder returns what it has.
_IMAGES = {
    33003: "jpeg2k", 33004: "jpeg2k", 33005: "jpeg2k", 34712: "jpeg2k", _LERC: "lerc",
    34927: "webp", 34933: "png", 50001: "webp", 50002: "jpegxl", 52546: "jpegxl",
}  # fmt: skip
_ZSTANDARD = (34926, 50000)
#: Bytes that libtiff decodes at once, and the memory that LZMA may take.
_BATCH, _LZMA_MEMORY = 1 << 26, 1 << 28
#: Segments of one picture, where each costs a decoder about a millisecond: so many, and one more for
#: so many pixels; of CCITT; and of progressive JPEG, which takes longer.
_SLOW_SEGMENTS, _PIXELS_OF_SEGMENT, _CCITT_SEGMENTS, _PROGRESSIVE_SEGMENTS = 4096, 8192, 3000, 64
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


class CodecUnavailable(Exception):
    """No decoder for this compression is installed, or none is known that detects damage."""


def name_of(compression: int) -> str:
    """Name of a compression, for messages."""
    return COMPRESSIONS.get(compression, f"number {compression}")


def returns_samples(compression: int) -> bool:
    """Whether the decoder returns samples, so that no predictor or byte order is left."""
    return compression in JPEG or compression in _IMAGES


def converts_colors(compression: int) -> bool:
    """Whether the decoder returns RGB for YCbCr."""
    return returns_samples(compression) and compression != _LERC


def check_count(layout: Layout) -> None:
    """Refuse more strips or tiles than their decoder does in seconds. Raises ``ValueError``."""
    if layout.compression in (*NONE, *DEFLATE, *LIBTIFF):
        return
    most = _SLOW_SEGMENTS + layout.width * layout.height // _PIXELS_OF_SEGMENT
    if layout.compression in _CCITT:
        most = _CCITT_SEGMENTS
    if len(layout.segments) > most:
        kind = "tiles" if layout.tiled else "strips"
        raise ValueError(f"it has {len(layout.segments):,} {kind}, more than a picture needs")


def decode_segments(layout: Layout, parts: Sequence[bytes], rows: Sequence[int]) -> list[Any]:
    """Decode segments.

    Parameters
    ----------
    layout : Layout
        Of the picture; it is compressed.
    parts : sequence of bytes
        The encoded segments.
    rows : sequence of int
        Rows of each.

    Returns
    -------
    list
        For each segment, its bytes in full, or an array (rows, columns, channels) if
        :func:`returns_samples`.

    Raises
    ------
    CodecUnavailable
        The compression is not read, or only with imagecodecs.
    Exception
        Any error of a decoder means that a segment is damaged or incomplete.
    """
    compression = layout.compression
    if not returns_samples(compression) and layout.tags.get(266) == 2:  # least bit first
        parts = [part.translate(_REVERSED) for part in parts]
    sizes = [row_bytes(layout) * count for count in rows]
    if compression in NONE:
        return [_exact(part, size) for part, size in zip(parts, sizes, strict=True)]
    if compression in LIBTIFF:
        return _by_libtiff(compression, parts, rows, row_bytes(layout))
    decode = _decoder(layout)
    return [decode(*one) for one in zip(parts, rows, sizes, strict=True)]


def row_bytes(layout: Layout) -> int:
    """Bytes of a row of a segment; rows begin at whole bytes."""
    return -(-layout.columns * layout.channels * layout.bits // 8)


def _decoder(layout: Layout) -> Callable[[bytes, int, int], Any]:
    compression = layout.compression
    if compression in JPEG:
        return lambda part, rows, _: _jpeg(layout, part, rows)
    if compression in DEFLATE:
        return lambda part, _, size: _inflate(part, size)
    if compression in _CCITT and layout.bits == layout.channels == 1:
        options = int(layout.tags.get(292, 0)) if compression == 3 else 0
        return lambda part, rows, _: _ccitt(part, rows, layout.columns, compression, options)
    if compression == 34925:
        return lambda part, _, size: _exact(_unlzma(part, size), size)
    if compression not in _IMAGES and compression not in _ZSTANDARD:
        raise CodecUnavailable("no decoder is known for it that detects damage")
    try:
        import imagecodecs
    except ImportError:
        raise CodecUnavailable("pip install 'colorization-toolkit[tiff]'") from None
    if compression in _ZSTANDARD:
        return lambda part, _, size: _exact(bytes(imagecodecs.zstd_decode(part, out=size)), size)
    decode = getattr(imagecodecs, f"{_IMAGES[compression]}_decode")
    return lambda part, rows, _: _image(decode, part, layout, rows)


def _exact(content: bytes, size: int) -> bytes:
    if len(content) < size:
        raise ValueError(f"it ends after {len(content):,} of {size:,} bytes")
    return content if len(content) == size else content[:size]


def _inflate(part: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(part, size)
    if len(content) == size and not unpacker.eof:
        unpacker.decompress(unpacker.unconsumed_tail, 1)  # compares the check sum, if it is there
    return _exact(content, size)


def inflate_start(part: bytes, size: int) -> bytes:
    """As much of a damaged Deflate segment as can be decoded, at most ``size`` bytes."""
    unpacker, content = zlib.decompressobj(), bytearray()
    try:
        for at in range(0, len(part), 512):
            content += unpacker.decompress(part[at : at + 512], size - len(content))
            if len(content) >= size or unpacker.eof:
                break
    except zlib.error:
        pass
    return bytes(content)


def _unlzma(part: bytes, size: int) -> bytes:
    import lzma

    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(part, size)


def _by_libtiff(
    compression: int, parts: Sequence[bytes], rows: Sequence[int], width: int
) -> list[bytes]:
    """LZW and PackBits: libtiff reads each segment as a strip of a gray picture of its bytes.

    Several go through it at once, as each picture costs a millisecond.
    """
    decoded: list[bytes] = []
    start = 0
    while start < len(parts):
        end, size = start, 0
        while end < len(parts) and (end == start or size + rows[end] * width <= _BATCH):
            if end > start and rows[end] > rows[start]:
                break
            size += rows[end] * width
            end += 1
            if rows[end - 1] < rows[start]:  # only the last strip may be short
                break
        image = _strips(compression, parts[start:end], width, sum(rows[start:end]), rows[start])
        content, at = image.tobytes(), 0
        for count in rows[start:end]:
            decoded.append(content[at : at + count * width])
            at += count * width
        start = end
    return decoded


def _strips(
    compression: int, parts: Sequence[bytes], width: int, height: int, rows: int, **tags: int
) -> Image.Image:
    """Have libtiff decode strips, as those of a gray picture of 8 bits unless ``tags`` differ."""
    if any(not part for part in parts):
        raise ValueError("it is empty")
    values = {
        256: width, 257: height, 258: tags.get("bits", 8), 259: compression, 262: 1, 277: 1,
        278: rows, 292: tags.get("options", 0),
    }  # fmt: skip
    count = len(parts)
    start = 8 + 2 + 12 * (len(values) + 2) + 4
    places = [*accumulate(map(len, parts), initial=start + 8 * count * (count > 1))][:-1]
    entries = {tag: (4, 1, value) for tag, value in values.items()}
    sizes = [*map(len, parts)]
    entries[273] = (4, count, places[0] if count == 1 else start)
    entries[279] = (4, count, sizes[0] if count == 1 else start + 4 * count)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    head += b"".join(struct.pack("<HHLL", tag, *entries[tag]) for tag in sorted(entries)) + bytes(4)
    if count > 1:
        head += struct.pack(f"<{2 * count}L", *places, *sizes)
    _quiet_libtiff()
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(head + b"".join(parts)))
    try:
        image.load()
    except OSError:  # which gives a number only
        raise ValueError(f"its {name_of(compression)} code is damaged or ends early") from None
    return image


@cache
def _quiet_libtiff() -> None:
    """Keep Pillow's libtiff from printing errors to stderr: our own line says what is wrong.

    Pillow offers no way to set its error handler. Where its wheel has no such library, it prints.
    """
    import ctypes

    for path in Path(Image.__file__).parents[1].glob("pillow.libs/libtiff*"):
        with contextlib.suppress(OSError, AttributeError):  # it is loaded already: the same one
            set_handler = ctypes.CDLL(str(path)).TIFFSetErrorHandler
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            set_handler(None)


def _ccitt(part: bytes, rows: int, width: int, compression: int, options: int) -> bytes:
    """Decode a CCITT strip, and encode the result again to prove that it is complete.

    No decoder at hand reports a strip that ends early: the rest would be white.
    """
    image = _strips(compression, [part], width, rows, rows, bits=1, options=options)
    out = io.BytesIO()
    kind = {2: "tiff_ccitt", 3: "group3", 4: "group4"}[compression]
    image.save(out, "TIFF", compression=kind, tiffinfo={278: rows, 292: options})
    with TiffImagePlugin.TiffImageFile(io.BytesIO(out.getvalue())) as again:
        tags = getattr(again, "tag_v2")  # noqa: B009  mypy does not know it of a context manager
        (place,), (size,) = tags[273], tags[279]
    encoded = out.getvalue()[place : place + size].rstrip(b"\0")
    # The end-of-block code may be missing, and the last byte is padded: neither is a pixel.
    body = encoded[: len(encoded) - 4] if compression == 4 else encoded[:-1]
    if not part.startswith(body):
        raise ValueError("its CCITT code is damaged, or of an unusual encoder")
    return np.packbits(np.asarray(image), axis=1).tobytes()


def _image(decode: Callable[..., Any], part: bytes, layout: Layout, rows: int) -> Array:
    """Samples of a segment that is a picture file by itself, of exactly the right size."""
    limits.check_header(part)
    if jpeg2000.is_jpeg2000(part):
        samples = jpeg2000.work_of(part)[1]
        if samples != rows * layout.columns * layout.channels:
            raise ValueError(f"it holds {samples:,} samples")
    kind = np.dtype(f"{layout.kind}{max(8, layout.bits) // 8}")
    out = np.zeros((rows, layout.columns, layout.channels), kind)
    array = np.asarray(decode(part, out=out.squeeze(2) if layout.channels == 1 else out))
    if array.size != out.size or array.dtype != kind:
        raise ValueError(f"it holds {array.shape} {array.dtype} samples")
    return array.reshape(out.shape)


def _jpeg(layout: Layout, part: bytes, rows: int) -> Array:
    """Samples of a JPEG segment, as (rows, columns, channels); YCbCr is converted to RGB."""
    if layout.bits != 8 or layout.kind != "u" or layout.channels not in (1, 3, 4):
        raise CodecUnavailable(f"{layout.channels} channels of {layout.bits} bits in JPEG")
    tables = layout.tags.get(347, b"")
    if not isinstance(tables, bytes) or part[:2] != b"\xff\xd8":
        raise ValueError("it is not a JPEG")
    limits.check_header(part)
    if len(jpeg_segments.scans_of(part)) > limits.USUAL_SCANS:
        raise ValueError("it has more scans than a picture needs")
    frame = jpeg_segments.frame_of(part)
    progressive = frame is not None and frame.marker in jpeg_segments.PROGRESSIVE
    if progressive and len(layout.segments) > _PROGRESSIVE_SEGMENTS:
        raise ValueError("it has more progressive JPEGs than a picture needs")
    luma = layout.photometric == 6 or b"JFIF\0" in part[:32]
    convert = layout.channels == 3 and luma and layout.photometric in (2, 6)
    # What the TIFF says of its colors overrules what the segment says (Adobe's marker).
    marker = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([convert])
    tables = tables[2:-2] if tables[:2] == b"\xff\xd8" else b""
    whole = b"\xff\xd8" + tables + without_adobe(part, marker)
    with JpegImagePlugin.JpegImageFile(io.BytesIO(whole)) as image:
        if image.width != layout.columns or image.height < rows or image.height > rows + 65535:
            raise ValueError(f"it has {image.width} × {image.height} pixels")
        if image.width * image.height > 4 * layout.columns * max(rows, 16):
            raise ValueError(f"it has {image.width} × {image.height} pixels")
        image.load()
        check_complete(whole, image)
        samples = np.asarray(image)
    samples = samples.reshape(*samples.shape[:2], -1)[:rows]
    if samples.shape[2] != layout.channels:
        raise ValueError(f"it has {samples.shape[2]} channels")
    return 255 - samples if samples.shape[2] == 4 else samples  # Pillow inverts four, as Adobe does


def without_adobe(part: bytes, marker: bytes) -> bytes:
    """Segment after its first two bytes, with ``marker`` in place of any Adobe marker."""
    at, kept = 2, b""
    while at + 4 <= len(part) and part[at] == 0xFF and part[at + 1] != 0xDA:
        size = 2 + int.from_bytes(part[at + 2 : at + 4], "big")
        if part[at + 1] != 0xEE:
            kept += part[at : at + size]
        at += size
    return kept + marker + part[at:]
