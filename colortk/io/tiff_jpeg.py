"""JPEG strips and tiles of a TIFF by Pillow's libjpeg, completely or not at all."""

from __future__ import annotations

import io

import numpy as np
from PIL import JpegImagePlugin

from colortk.io import jpeg_segments, limits
from colortk.io.jpeg import check_complete
from colortk.io.tiff_layout import CodecUnavailable, Layout
from colortk.types import Array

#: Progressive segments of one picture: each is decoded twice.
_MOST_PROGRESSIVE = 64


def decode_jpeg(layout: Layout, encoded: bytes, rows: int) -> Array:
    """Decode a JPEG segment.

    Parameters
    ----------
    layout : Layout
        Of the picture.
    encoded : bytes
        The segment; its tables may be in the tag JPEGTables.
    rows : int
        Rows that the picture needs of it.

    Returns
    -------
    ndarray of uint8, (rows, columns, channels)
        Samples. YCbCr is converted to RGB.

    Raises
    ------
    CodecUnavailable
        It has other channels or depths than 8 bits.
    Exception
        It is damaged, incomplete or of another size.
    """
    if layout.bits != 8 or layout.kind != "u" or layout.channels not in (1, 3, 4):
        raise CodecUnavailable(f"{layout.channels} channels of {layout.bits} bits in JPEG")
    tables = layout.tags.get(347, b"")
    if not isinstance(tables, bytes) or encoded[:2] != b"\xff\xd8":
        raise ValueError("it is not a JPEG")
    limits.check_header(encoded)
    if len(jpeg_segments.scans_of(encoded)) > limits.MAX_USUAL_SCANS:
        raise ValueError("it has more scans than a picture needs")
    frame = jpeg_segments.frame_of(encoded)
    progressive = frame is not None and frame.marker in jpeg_segments.PROGRESSIVE
    if progressive and len(layout.segments) > _MOST_PROGRESSIVE:
        raise ValueError("it has more progressive JPEGs than a picture needs")
    luma = layout.photometric == 6 or b"JFIF\0" in encoded[:32]
    convert = layout.channels == 3 and luma and layout.photometric in (2, 6)
    # The TIFF's tags about colors override the segment's own statement (Adobe's marker).
    marker = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([convert])
    tables = tables[2:-2] if tables[:2] == b"\xff\xd8" else b""
    jpeg = b"\xff\xd8" + tables + _without_adobe(encoded, marker)
    with JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg)) as image:
        if image.width != layout.columns or image.height < rows or image.height > rows + 65535:
            raise ValueError(f"it has {image.width} × {image.height} pixels")
        if image.width * image.height > 4 * layout.columns * max(rows, 16):
            raise ValueError(f"it has {image.width} × {image.height} pixels")
        image.load()
        check_complete(jpeg, image)
        samples = np.asarray(image)
    samples = samples.reshape(*samples.shape[:2], -1)[:rows]
    if samples.shape[2] != layout.channels:
        raise ValueError(f"it has {samples.shape[2]} channels")
    return 255 - samples if samples.shape[2] == 4 else samples  # Pillow inverts four, as Adobe does


def _without_adobe(encoded: bytes, marker: bytes) -> bytes:
    """Segment after its first two bytes, with ``marker`` in place of any Adobe marker."""
    offset, kept_segments = 2, b""
    while offset + 4 <= len(encoded) and encoded[offset] == 0xFF and encoded[offset + 1] != 0xDA:
        size = 2 + int.from_bytes(encoded[offset + 2 : offset + 4], "big")
        if encoded[offset + 1] != 0xEE:
            kept_segments += encoded[offset : offset + size]
        offset += size
    return kept_segments + marker + encoded[offset:]
