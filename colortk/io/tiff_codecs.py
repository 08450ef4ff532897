"""Compressed strips and tiles of a TIFF to bytes, completely or not at all.

Deflate, PackBits, LZW, CCITT and JPEG need only zlib and Pillow's libtiff and libjpeg, which are
always installed; rare compressions need imagecodecs. Every decoder gets the number of bytes that a
segment holds: surplus bytes are cut off, and missing bytes are an error.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from colortk.io import jpeg2000, limits
from colortk.io.tiff_fax import decode_fax
from colortk.io.tiff_jpeg import decode_jpeg
from colortk.io.tiff_layout import CodecUnavailable, Layout
from colortk.io.tiff_libtiff import decode_strips
from colortk.types import Array

NONE, JPEG, DEFLATE, LIBTIFF = (1, 32771), (7, 33007), (8, 32946), (5, 32773)
_CCITT = (2, 3, 4)
_LERC = 34887
#: Compressions whose decoder returns an array of samples; imagecodecs' names. All of them refuse
#: truncated data. JPEG XR is left out: its decoder returns an incomplete segment without an error.
_IMAGES = {
    33003: "jpeg2k", 33004: "jpeg2k", 33005: "jpeg2k", 34712: "jpeg2k", _LERC: "lerc",
    34927: "webp", 34933: "png", 50001: "webp", 50002: "jpegxl", 52546: "jpegxl",
}  # fmt: skip
_ZSTANDARD = (34926, 50000)
#: Memory that LZMA may take, in bytes.
_LZMA_MEMORY = 1 << 28
#: Allowed segments of slow codecs, which take about a millisecond per segment: _SLOW_SEGMENTS +
#: pixels / _PIXELS_OF_SEGMENT; for CCITT _CCITT_SEGMENTS.
_SLOW_SEGMENTS, _PIXELS_OF_SEGMENT, _CCITT_SEGMENTS = 4096, 8192, 3000
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def returns_samples(compression: int) -> bool:
    """Whether the decoder returns samples, so that no predictor or byte order is left."""
    return compression in JPEG or compression in _IMAGES


def converts_colors(compression: int) -> bool:
    """Whether the decoder returns RGB for YCbCr."""
    return returns_samples(compression) and compression != _LERC


def check_segment_count(layout: Layout) -> None:
    """Refuse more strips or tiles than can be decoded in seconds. Raises ``ValueError``."""
    if layout.compression in (*NONE, *DEFLATE, *LIBTIFF):
        return
    max_segments = _SLOW_SEGMENTS + layout.width * layout.height // _PIXELS_OF_SEGMENT
    if layout.compression in _CCITT:
        max_segments = _CCITT_SEGMENTS
    if len(layout.segments) > max_segments:
        kind = "tiles" if layout.tiled else "strips"
        raise ValueError(f"it has {len(layout.segments):,} {kind}, more than a picture needs")


def decode_segments(
    layout: Layout, encoded_parts: Sequence[bytes], rows: Sequence[int]
) -> list[Any]:
    """Decode segments.

    Parameters
    ----------
    layout : Layout
        Of the picture; it is compressed.
    encoded_parts : sequence of bytes
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
        encoded_parts = [encoded.translate(_REVERSED) for encoded in encoded_parts]
    sizes = [row_bytes(layout) * count for count in rows]
    if compression in NONE:
        return [_exact(part, size) for part, size in zip(encoded_parts, sizes, strict=True)]
    if compression in LIBTIFF:
        return decode_strips(compression, encoded_parts, rows, row_bytes(layout))
    decode = _decoder(layout)
    return [decode(*arguments) for arguments in zip(encoded_parts, rows, sizes, strict=True)]


def row_bytes(layout: Layout) -> int:
    """Bytes of a row of a segment; rows begin at whole bytes."""
    return -(-layout.columns * layout.channels * layout.bits // 8)


def _decoder(layout: Layout) -> Callable[[bytes, int, int], Any]:
    compression = layout.compression
    if compression in JPEG:
        return lambda encoded, rows, _: decode_jpeg(layout, encoded, rows)
    if compression in DEFLATE:
        return lambda part, _, size: _inflate(part, size)
    if compression in _CCITT and layout.bits == layout.channels == 1:
        options = int(layout.tags.get(292, 0)) if compression == 3 else 0
        return lambda part, rows, _: decode_fax(part, rows, layout.columns, compression, options)
    if compression == 34925:
        return lambda part, _, size: _exact(_unlzma(part, size), size)
    if compression not in _IMAGES and compression not in _ZSTANDARD:
        raise CodecUnavailable("no available decoder detects damage in it")
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


def _inflate(encoded: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(encoded, size)
    if len(content) == size and not unpacker.eof:
        unpacker.decompress(unpacker.unconsumed_tail, 1)  # compares the checksum, if it is there
    return _exact(content, size)


def inflate_start(encoded: bytes, size: int) -> bytes:
    """Decode the valid beginning of a damaged Deflate segment, at most ``size`` bytes."""
    unpacker, content = zlib.decompressobj(), bytearray()
    try:
        for offset in range(0, len(encoded), 512):
            content += unpacker.decompress(encoded[offset : offset + 512], size - len(content))
            if len(content) >= size or unpacker.eof:
                break
    except zlib.error:
        pass
    return bytes(content)


def _unlzma(encoded: bytes, size: int) -> bytes:
    import lzma

    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY).decompress(encoded, size)


def _image(decode: Callable[..., Any], encoded: bytes, layout: Layout, rows: int) -> Array:
    """Return the samples of a segment that is a picture file of exactly the right size."""
    limits.check_header(encoded)
    if jpeg2000.is_jpeg2000(encoded):
        samples = jpeg2000.work_of(encoded)[1]
        if samples != rows * layout.columns * layout.channels:
            raise ValueError(f"it holds {samples:,} samples")
    kind = np.dtype(f"{layout.kind}{max(8, layout.bits) // 8}")
    out = np.zeros((rows, layout.columns, layout.channels), kind)
    array = np.asarray(decode(encoded, out=out.squeeze(2) if layout.channels == 1 else out))
    if array.size != out.size or array.dtype != kind:
        raise ValueError(f"it holds {array.shape} {array.dtype} samples")
    return array.reshape(out.shape)
