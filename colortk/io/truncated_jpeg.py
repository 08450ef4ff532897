"""A JPEG whose code ends early: completed with an end marker, behind which libjpeg leaves gray."""

from __future__ import annotations

import io

import numpy as np
from PIL import JpegImagePlugin

from colortk.io import jpeg_segments
from colortk.io.missing_lines import Missing, Ranges, Repaired
from colortk.types import Array

_RESTART_INTERVAL = 0xDD
_END = b"\xff\xd9"
#: Two bit patterns that no Huffman table reads as the same blocks, nor for long as gray blocks.
_BITS = (b"\x6d\xb6\xdb\x55\xaa\x33" * 64, b"\x92\x49\x24\xb3\x5c\xe1" * 64)
#: A table with one code, "0 is the end of the block", for scans that add nothing.
_EMPTY_TABLE = b"\xff\xc4\0\x14\x10\1" + bytes(15) + b"\0"


def repair_jpeg(data: bytes) -> Repaired | None:
    """Return a JPEG that libjpeg decodes, or ``None`` if no lightness can be decoded."""
    frame, scans = jpeg_segments.frame_of(data), jpeg_segments.scans_of(data)
    if frame is None or not scans or not frame.height:
        return None
    end = scans[-1].stop
    body = data[:end]
    body = body[:-1] if body.endswith(b"\xff") else body
    first, last = next(iter(frame.sampling)), scans[-1]
    progressive = frame.marker in jpeg_segments.PROGRESSIVE
    row = _first_lost_row(body, scans, list(frame.sampling), progressive)
    if row is not None:
        factor = max(v for _, v in frame.sampling.values())
        single = frame.sampling.get(last.components[0], (1, 1))[1]
        unit = 8 * factor // max(1, single) if len(last.components) == 1 else frame.mcu_rows
        # Chroma of half the height is mixed with the chroma of the row of units below, by one row.
        row = (row + 1) // unit * unit
    bottom, all_rows = frame.height - 1, [(0, frame.height - 1)]
    lost_rows: Ranges = []
    reduced: Ranges = []
    begins = [scan for scan in scans if first in scan.components and not (scan.first or scan.high)]
    if not begins:
        return None
    if row is not None and begins[-1] is last:
        lost_rows = [(row, bottom)]
    if progressive and not _has_all_bits(scans, first):
        reduced = all_rows
    elif row is not None and not lost_rows:
        reduced = [(row, bottom)]
    elif not all(any(name in scan.components for scan in scans) for name in frame.sampling):
        reduced = all_rows
    if lost_rows and reduced:
        reduced = [(0, row - 1)] if row else []
    return Repaired(body + _END, Missing(lost_rows, reduced, frame.height))


def _has_all_bits(scans: list[jpeg_segments.JpegScan], component: int) -> bool:
    """Whether the scans of a progressive JPEG give all bits of all coefficients of a component."""
    low = dict.fromkeys(range(64), 14)
    for scan in scans:
        if component in scan.components:
            low |= dict.fromkeys(range(scan.first, min(scan.last, 63) + 1), scan.low)
    return not any(low.values())


def _first_lost_row(
    body: bytes, scans: list[jpeg_segments.JpegScan], names: list[int], progressive: bool
) -> int | None:
    """First row of the last scan for which there is no code.

    Bits behind the code change the rows that are decoded from there on, and no row before.
    """
    last = scans[-1]
    restarts = sum(
        body[offset + 1] in range(0xD0, 0xD8) and body[offset] == 0xFF
        for offset in _marker_offsets(body, last.start)
    )  # fmt: skip
    restarting = any(
        segment.marker == _RESTART_INTERVAL for segment in jpeg_segments.segments(body)
    )
    tail = _END
    if progressive:  # else libjpeg smooths blocks that have no detail yet, which mixes rows
        scan = b"\xff\xda\0\x08\1%c\0\1\x3f\0"
        tail = _EMPTY_TABLE + b"".join(scan % name for name in names) + _END
    plain = _pixels(body + tail)
    rows_found: list[int] = []
    for bits in _BITS:
        resumed = bits + b"\xff" + bytes((0xD0 + restarts % 8,)) + bits
        for added_bits in (bits, resumed) if restarting else (bits,):
            rows = np.flatnonzero((_pixels(body + added_bits + tail) != plain).any(1))
            rows_found += [int(rows[0])] if len(rows) else []
    return min(rows_found, default=None)


def _marker_offsets(body: bytes, start: int) -> list[int]:
    """Offsets of the bytes FF in the code of a scan."""
    code = np.frombuffer(body, np.uint8)[start:-1]
    offsets: list[int] = (np.flatnonzero(code == 0xFF) + start).tolist()
    return offsets


def _pixels(data: bytes) -> Array:
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as image:
        image.load()
        pixels = np.asarray(image)
    return pixels if pixels.ndim == 2 else pixels.reshape(pixels.shape[0], -1)
