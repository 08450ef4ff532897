"""The segments of a JPEG file: where each marker is, without decoding anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: A marker: neither a stuffed byte, nor a restart marker inside a scan, nor a fill byte.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
SOI, EOI, SOS, COM, APP1, APP2, APP13 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE1, 0xE2, 0xED
#: Markers of frame headers: C0 to CF without DHT, JPG and DAC.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_ALONE = (0x01, SOI)

#: Bytes of a JPEG segment without its length.
MAX_SEGMENT_BYTES = 65533


@dataclass(frozen=True)
class JpegSegment:
    """One marker and its payload.

    Parameters
    ----------
    marker : int
        Second byte of the marker, as 0xE1 of APP1.
    at : int
        Offset of the marker in the file.
    start, stop : int
        Offsets of the payload, without its length. ``stop`` is at most the size of the file.
    filler : int
        Bytes between the end of the previous segment and this marker. After a scan's header they
        are the scan's compressed data.
    """

    marker: int
    at: int
    start: int
    stop: int
    filler: int


@dataclass(frozen=True)
class JpegScan:
    """Header of one scan (ITU-T T.81, B.2.3).

    Parameters
    ----------
    components : tuple of int
        Identifiers of the components in the scan.
    first, last : int
        Range of the DCT coefficients in zigzag order, 0 to 63.
    high, low : int
        Bit positions of successive approximation: ``low`` is 0 if the scan gives the last bit.
    start, stop : int
        Offsets of the compressed data.
    """

    components: tuple[int, ...]
    first: int
    last: int
    high: int
    low: int
    start: int
    stop: int


@dataclass(frozen=True)
class JpegFrame:
    """Frame header (ITU-T T.81, B.2.2): size in pixels and sampling factors by component."""

    marker: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]

    @property
    def mcu_rows(self) -> int:
        """Pixel rows of one row of minimum coded units."""
        return 8 * max((vertical for _, vertical in self.sampling.values()), default=1)


def is_jpeg(data: bytes) -> bool:
    """Return whether ``data`` begins as a JPEG does."""
    return data[:3] == b"\xff\xd8\xff"


def segments(data: bytes) -> Iterator[JpegSegment]:
    """Yield the segments of the first picture in ``data``, the end marker included.

    Data after the end marker, for example a second picture of a phone camera, is ignored.
    """
    position = 2
    while (match := _MARKER.search(data, position)) is not None:
        marker, start = data[match.start() + 1], match.end()
        filler = match.start() - position
        if marker in _ALONE:
            position = start
            continue
        if marker == EOI:
            yield JpegSegment(marker, match.start(), start, start, filler)
            return
        size = int.from_bytes(data[start : start + 2], "big")
        stop = start + max(2, size)
        yield JpegSegment(marker, match.start(), start + 2, min(stop, len(data)), filler)
        position = stop


def frame_of(data: bytes) -> JpegFrame | None:
    """Return the first frame header, or ``None`` if it is missing or cut."""
    for segment in segments(data):
        if segment.marker in FRAMES:
            body = data[segment.start : segment.stop]
            if len(body) < 6 or len(body) < 6 + 3 * body[5]:
                return None
            parts = (body[6 + 3 * n : 9 + 3 * n] for n in range(body[5]))
            sampling = {part[0]: (part[1] >> 4, part[1] & 15) for part in parts}
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            return JpegFrame(segment.marker, width, height, sampling)
        if segment.marker == SOS:
            return None
    return None


def scans_of(data: bytes) -> list[JpegScan]:
    """Return the headers of all scans, in order. A header that is itself cut is left out."""
    scans: list[JpegScan] = []
    open_scan: tuple[tuple[int, ...], int, int, int, int, int] | None = None
    for segment in segments(data):
        if open_scan is not None:
            scans.append(JpegScan(*open_scan, segment.at))
            open_scan = None
        if segment.marker == SOS:
            body = data[segment.start : segment.stop]
            count = body[0] if body else 0
            if count and len(body) >= 4 + 2 * count:
                first, last, bits = body[1 + 2 * count : 4 + 2 * count]
                ids = tuple(body[1 : 1 + 2 * count : 2])
                open_scan = (ids, first, last, bits >> 4, bits & 15, segment.stop)
    if open_scan is not None:
        scans.append(JpegScan(*open_scan, len(data)))
    return scans
