"""Proof that a JPEG was decoded completely.

libjpeg only warns when the code of a scan ends early, and Pillow does not pass the warning on: the
rest of the picture is gray, or lacks detail. Bits that are put behind the code of each scan change
the picture if, and only if, the decoder still needed bits there.
"""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

from colortk.io import jpeg_segments
from colortk.io.jpeg_segments import JpegFrame, JpegScan

_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_RESTART_INTERVAL = 0xDD
_ARITHMETIC = 0xC9  # frames from here on
#: Bits that no Huffman table reads as a gray block for long.
_BITS = b"\x6d\xb6\xdb\x55\xaa\x33" * 64


def check_complete(data: bytes, image: Image.Image) -> None:
    """Check that libjpeg found code for all of a picture.

    Parameters
    ----------
    data : bytes
        The JPEG; of several in one file, the first counts.
    image : PIL.Image.Image
        The picture that Pillow decoded from ``data``, loaded and not converted.

    Raises
    ------
    ValueError
        The code of a scan ends early, or scans are missing.
    """
    frame, scans = jpeg_segments.frame_of(data), jpeg_segments.scans_of(data)
    if frame is None or not scans:
        raise ValueError("it has no scan")
    if frame.marker >= _ARITHMETIC:
        return  # an arithmetic coder may leave bytes out at the end of a scan on purpose
    progressive = frame.marker in jpeg_segments.PROGRESSIVE
    if progressive and _lacks_scans(frame, scans):
        raise ValueError("the file ends early: scans are missing")
    if len(scans) == 1 and _lacks_restarts(data, frame, scans[0]):
        raise ValueError("a part of the compressed data is missing")
    if not progressive and len(scans) == 1 and not _ends_gray(image):
        return
    with JpegImagePlugin.JpegImageFile(io.BytesIO(_lengthened(data, scans))) as other:
        other.load()
        if np.array_equal(np.asarray(other), np.asarray(image)):
            return
    raise ValueError("the compressed data ends early")


def _lacks_scans(frame: JpegFrame, scans: list[JpegScan]) -> bool:
    """Whether a progressive JPEG lacks bits of its lightness, or all of another component.

    Encoders may leave out fine detail of color on purpose, but not of lightness.
    """
    names = [*frame.sampling]
    low: dict[tuple[int, int], int] = {}
    for scan in scans:
        for offset in range(scan.first, min(scan.last, 63) + 1):
            low.update(((name, offset), scan.low) for name in scan.components)
    if any(low.get((names[0], at), 1) for at in range(64)):
        return True
    return any((name, 0) not in low for name in names)


def _lacks_restarts(data: bytes, frame: JpegFrame, scan: JpegScan) -> bool:
    """Whether a scan of all components has fewer restart markers than it needs."""
    interval = 0
    for segment in jpeg_segments.segments(data):
        if segment.marker == _RESTART_INTERVAL:
            interval = int.from_bytes(data[segment.start : segment.start + 2], "big")
        elif segment.marker == jpeg_segments.SOS:
            break
    if not interval:
        return False
    across = 8 * max(factor for factor, _ in frame.sampling.values())
    down = frame.mcu_rows
    if len(frame.sampling) == 1:
        across = down = 8
    units = -(-frame.width // max(across, 8)) * -(-frame.height // max(down, 8))
    markers = sum(1 for _ in _RESTART.finditer(data, scan.start, scan.stop))
    return markers < -(-units // interval) - 1


def _lengthened(data: bytes, scans: list[JpegScan]) -> bytes:
    """Return the first picture, with more bits after the code of each scan."""
    parts, offset, end = [], 0, len(data)
    for scan in scans:
        parts += [data[offset : scan.stop], _BITS]
        offset = scan.stop
    for segment in jpeg_segments.segments(data):
        if segment.marker == jpeg_segments.EOI:
            end = segment.at
    return b"".join([*parts, data[offset:end], b"\xff\xd9"])


def _ends_gray(image: Image.Image) -> bool:
    """Return whether the last pixel looks like a pixel for which libjpeg had no code."""
    pixel: Any = image.getpixel((image.width - 1, image.height - 1))
    values = pixel if isinstance(pixel, tuple) else (pixel,)
    if len(values) == 3:  # its chroma may be mixed with the neighbors' chroma
        values = (values[0] * 0.299 + values[1] * 0.587 + values[2] * 0.114,)
    return all(abs(value - 127.5) <= 3 for value in values)
