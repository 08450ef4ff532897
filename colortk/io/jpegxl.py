"""The size that a JPEG XL file states, read before its plugin decodes all of it on opening.

Numbers are those of ISO/IEC 18181-1, annex D.3 (SizeHeader), and 18181-2 (boxes).
"""

from __future__ import annotations

import struct

_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_CODESTREAM = b"\xff\x0a"
#: Width for a ratio's number, as a share of the height.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the boxes of a container, kind and content; at most a thousand of them."""
    boxes_read: list[tuple[bytes, bytes]] = []
    offset = 0 if data.startswith(_CONTAINER) else len(data)
    while offset + 8 <= len(data) and len(boxes_read) < 1000:
        size, kind = struct.unpack_from(">I4s", data, offset)
        head = 8
        if size == 1 and offset + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, offset + 8)[0], 16
        stop = len(data) if size == 0 else offset + max(size, head)
        boxes_read.append((kind, data[offset + head : stop]))
        offset = stop
    return boxes_read


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height, before rotation, or ``None`` if the file does not state them."""
    stream = data
    for kind, content in boxes(data):
        if kind in (b"jxlc", b"jxlp"):
            stream = content[4:] if kind == b"jxlp" else content
            break
    if not stream.startswith(_CODESTREAM):
        return None
    bits = _Bits(int.from_bytes(stream[2:16], "little"))
    is_small = bits.read(1)
    height = bits.read_small_side() if is_small else bits.read_side()
    ratio = bits.read(3)
    if ratio:
        top, bottom = _RATIOS[ratio]
        return height * top // bottom, height
    return (bits.read_small_side() if is_small else bits.read_side()), height


class _Bits:
    """Bits of a number, lowest first."""

    def __init__(self, value: int) -> None:
        self._value = value

    def read(self, count: int) -> int:
        """Return the next ``count`` bits."""
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def read_small_side(self) -> int:
        """Return a side that is a multiple of 8, up to 256."""
        return 8 * (self.read(5) + 1)

    def read_side(self) -> int:
        """Return a side of any length."""
        return 1 + self.read((9, 13, 18, 30)[self.read(2)])
