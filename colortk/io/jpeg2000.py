"""Read from the header of a JPEG 2000 file how much work decoding it takes.

Numbers are those of ITU-T T.800, annexes A and I.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_SIZ, _COD, _COC, _SOT = 0xFF51, 0xFF52, 0xFF53, 0xFF90


@dataclass(frozen=True)
class Box:
    """A box of the outer level. ``kind``: its four letters; ``start``, ``stop``: its content."""

    kind: bytes
    start: int
    stop: int


def is_jpeg2000(data: bytes) -> bool:
    """Return whether ``data`` begins as a JPEG 2000 file or codestream does."""
    return data[:12] == _JP2_SIGNATURE or data[:4] == _CODESTREAM


def boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes of the outer level; none of a bare codestream."""
    offset = 0 if data[:12] == _JP2_SIGNATURE else len(data)
    while offset + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, offset)
        head = 8
        if size == 1 and offset + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, offset + 8)[0], 16
        stop = len(data) if size == 0 else offset + max(size, head)
        yield Box(kind, offset + head, min(stop, len(data)))
        offset = stop


def depth_of(data: bytes) -> int:
    """Return the bits of the deepest component, 0 without a codestream or with a cut header."""
    start = _codestream(data)
    if data[start + 2 : start + 4] != struct.pack(">H", _SIZ) or len(data) < start + 42:
        return 0
    (components,) = struct.unpack_from(">H", data, start + 40)
    depths = data[start + 42 : start + 42 + 3 * components : 3]
    return max(((depth & 127) + 1 for depth in depths), default=0)


def _codestream(data: bytes) -> int:
    return next((box.start for box in boxes(data) if box.kind == b"jp2c"), 0)


def work_of(data: bytes) -> tuple[int, int]:
    """Return about how many code blocks or precincts a decoder makes room for, and the samples.

    Both are zero without a codestream or with a cut header: the decoder reports such a file.
    """
    start = _codestream(data)
    if data[start : start + 4] != _CODESTREAM:
        return 0, 0
    offset, samples, components, blocks = start + 2, 0, 0, 0
    while offset + 4 <= len(data):
        marker, size = struct.unpack_from(">HH", data, offset)
        body = data[offset + 4 : offset + 2 + size]
        if marker == _SOT or marker >> 8 != 0xFF:
            break
        if marker == _SIZ and len(body) >= 36:
            right, bottom, left, top = struct.unpack_from(">4I", body, 2)
            (components,) = struct.unpack_from(">H", body, 34)
            samples = max(0, right - left) * max(0, bottom - top) * components
        elif marker == _COD and body:
            blocks = max(blocks, _blocks(samples, body[0], body[5:]))
        elif marker == _COC:
            number = 2 if components > 256 else 1
            if len(body) > number:
                blocks = max(blocks, _blocks(samples, body[number], body[number + 1 :]))
        offset += 2 + size
    return blocks, samples


def _blocks(samples: int, flags: int, style: bytes) -> int:
    """Code blocks or precincts, whichever are more, of all resolutions (tables A.13 and A.21)."""
    if len(style) < 5:
        return 0
    levels, width, height = style[:3]
    block = (width & 15) + (height & 15) + 4
    count = 0
    for level in range(levels + 1):
        offset = 5 + level
        size = (
            (style[offset] & 15) + (style[offset] >> 4) if flags & 1 and offset < len(style) else 30
        )
        count += samples >> (2 * (levels - level) + min(block, size))
    return count
