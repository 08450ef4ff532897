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
    at = 0 if data.startswith(_CONTAINER) else len(data)
    while at + 8 <= len(data) and len(boxes_read) < 1000:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        stop = len(data) if size == 0 else at + max(size, head)
        boxes_read.append((kind, data[at + head : stop]))
        at = stop
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
    small = bits.take(1)
    height = bits.small() if small else bits.large()
    ratio = bits.take(3)
    if ratio:
        top, bottom = _RATIOS[ratio]
        return height * top // bottom, height
    return (bits.small() if small else bits.large()), height


class _Bits:
    """Bits of a number, lowest first."""

    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        """Return the next ``count`` bits."""
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def small(self) -> int:
        """Return a side that is a multiple of 8, up to 256."""
        return 8 * (self.take(5) + 1)

    def large(self) -> int:
        """Return a side of any length."""
        return 1 + self.take((9, 13, 18, 30)[self.take(2)])
