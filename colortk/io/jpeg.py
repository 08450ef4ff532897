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

#: What ends the code of a scan: a marker that is neither a stuffed zero nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
#: Bits that no Huffman table reads as a gray block for long.
_BITS = b"\x6d\xb6\xdb\x55\xaa\x33" * 64


class _Scans:
    """Where the scans of a JPEG lie, and what they hold."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.spans: list[tuple[int, int]] = []
        self.heads: list[bytes] = []
        self.frame = b""
        self.kind = self.interval = 0
        at = 2
        while at + 4 <= len(data):
            if data[at] != 0xFF:
                at += 1
                continue
            marker = data[at + 1]
            if marker == 0xD9:
                break
            if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
                at += 1 if marker == 0xFF else 2
                continue
            size = int.from_bytes(data[at + 2 : at + 4], "big")
            content, at = data[at + 4 : at + 2 + size], at + 2 + max(2, size)
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                self.kind, self.frame = marker, content
            elif marker == 0xDD:
                self.interval = int.from_bytes(content[:2], "big")
            elif marker == 0xDA:
                found = _MARKER.search(data, at)
                end = found.start() if found else len(data)
                self.spans.append((at, end))
                self.heads.append(content)
                at = end
        self.end = at

    def missing(self) -> bool:
        """Whether a progressive JPEG lacks bits of its lightness, or all of another component.

        Encoders may leave out fine detail of color on purpose, but not of lightness.
        """
        names = [self.frame[6 + 3 * n] for n in range(self.frame[5])]
        low = {(name, at): 14 for name in names for at in range(64)}
        for head in self.heads:
            count = head[0]
            first, last, bits = head[1 + 2 * count : 4 + 2 * count]
            for n in range(count):
                for at in range(first, min(last, 63) + 1):
                    low[head[1 + 2 * n], at] = bits & 15
        return any(low[names[0], at] for at in range(64)) or any(
            low[name, 0] == 14 for name in names
        )

    def restarts_missing(self) -> bool:
        """Whether a scan of all components has fewer restart markers than it needs."""
        if not self.interval or len(self.spans) != 1 or len(self.frame) < 6:
            return False
        height, width = (int.from_bytes(self.frame[k : k + 2], "big") for k in (1, 3))
        factors = [self.frame[7 + 3 * n] for n in range(self.frame[5])]
        if len(factors) == 1:
            across = down = 8
        else:
            across, down = 8 * max(f >> 4 for f in factors), 8 * max(f & 15 for f in factors)
        units = -(-width // across) * -(-height // down)
        (start, end) = self.spans[0]
        found = sum(1 for _ in _RESTART.finditer(self.data, start, end))
        return found < -(-units // self.interval) - 1

    def lengthened(self) -> bytes:
        """The first picture, with more bits behind the code of each scan."""
        out, at = b"", 0
        for _, end in self.spans:
            out += self.data[at:end] + _BITS
            at = end
        return out + self.data[at : self.end] + b"\xff\xd9"


def check_complete(data: bytes, image: Image.Image) -> None:
    """Check that libjpeg found code for all of a picture.

    Parameters
    ----------
    data : bytes
        The JPEG; of several in one file, the first counts.
    image : PIL.Image.Image
        What Pillow decoded from it, loaded and not converted.

    Raises
    ------
    ValueError
        The code of a scan ends early, or scans are missing.
    """
    scans = _Scans(data)
    if scans.kind >= 0xC9:
        return  # arithmetic coding may leave bytes out at the end of a scan on purpose
    if not scans.spans or len(scans.frame) < 6:
        raise ValueError("it has no scan")
    progressive = scans.kind in _PROGRESSIVE
    if progressive and scans.missing():
        raise ValueError("the file ends early: scans are missing")
    if scans.restarts_missing():
        raise ValueError("a part of its code is missing")
    if not progressive and len(scans.spans) == 1 and not _ends_gray(image):
        return
    with JpegImagePlugin.JpegImageFile(io.BytesIO(scans.lengthened())) as other:
        other.load()
        if np.array_equal(np.asarray(other), np.asarray(image)):
            return
    raise ValueError("the code of the picture ends early")


def _ends_gray(image: Image.Image) -> bool:
    """Whether the last pixel is as libjpeg leaves pixels for which it has no code."""
    pixel: Any = image.getpixel((image.width - 1, image.height - 1))
    values = pixel if isinstance(pixel, tuple) else (pixel,)
    if len(values) == 3:  # its chroma may be mixed with that of neighbors
        values = (values[0] * 0.299 + values[1] * 0.587 + values[2] * 0.114,)
    return all(abs(value - 127.5) <= 3 for value in values)
