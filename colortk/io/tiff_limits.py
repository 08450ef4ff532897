"""Check the sizes and counts in TIFF and EXIF directories before a library reads them.

A directory of a few kilobytes can ask for far more data than it has: tags that all point at the
same megabyte, a million strips, tiles of a gigabyte of zeros, and a size that is stated twice, so
that Pillow and OpenCV read different values. Numbers are those of TIFF 6.0 and of BigTIFF.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

#: Bytes of one value of each type.
_SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8,
    17: 8, 18: 8,
}  # fmt: skip
_BYTES = (1, 2, 6, 7)
#: Tags that point at directories: of EXIF, GPS, interoperability, and pictures below this one.
_POINTERS = (0x8769, 0x8825, 0xA005, 330)
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
#: A tile may always have this many pixels, in a picture of any size.
TILE = 4096 * 4096
#: Limit of numbers in one tag, for example offsets of strips. Each becomes a Python object.
NUMBERS = 1_000_000
#: Number of directories that are checked.
MAX_DIRECTORIES = 64


@dataclass(frozen=True)
class _Layout:
    """Byte order of the file, and format and size of its counts and offsets."""

    order: str
    entries: str
    offset: str
    head: int

    @property
    def size(self) -> int:
        """Bytes of an offset, and of the values that an entry itself holds."""
        return struct.calcsize(f"={self.offset}")


class Absurd(ValueError):
    """The directories ask for more than a picture can need."""


def begins(data: bytes) -> bool:
    """Whether it begins as a TIFF does."""
    return _layout(data) is not None


def _layout(data: bytes) -> _Layout | None:
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _Layout("<" if data[:1] == b"I" else ">", "H", "L", 4)
    if data[:4] in (b"II+\0", b"MM\0+"):
        return _Layout("<" if data[:1] == b"I" else ">", "Q", "Q", 8)
    return None


def check(data: bytes) -> tuple[int, int] | None:
    """Return the width and height in the first directory, the largest if it states several.

    ``data``: a TIFF or an EXIF block. Returns ``None`` if it states no size. Raises ``Absurd`` for
    sizes and counts that no picture needs. Other damage is left to the decoder.
    """
    layout = _layout(data)
    if layout is None:
        return None
    pending = _numbers(data, layout, layout.head, layout.offset, 1)
    visited: set[int] = set()
    first: dict[int, int] = {}
    value_bytes = 0
    while pending and len(visited) < MAX_DIRECTORIES:
        directory_offset = pending.pop(0)
        if not directory_offset or directory_offset in visited:  # 0 ends the chain and is no offset
            continue
        values = first if not visited else {}
        visited.add(directory_offset)
        for tag, kind, count, offset in _entries(data, layout, directory_offset, pending):
            size = count * _SIZES[kind]
            if size > layout.size and offset + size <= len(data):  # else it is not read either
                value_bytes += size
                if kind not in _BYTES and count > NUMBERS:
                    raise Absurd(f"its tag {tag} has {count:,} values")
            for value in _numbers(
                data, layout, offset, {3: "H", 16: "Q"}.get(kind, "L"), min(count, 9)
            ):
                values[tag] = max(values.get(tag, 0), value)
                if tag in _POINTERS and kind in (4, 13, 16):
                    pending.append(value)
        if value_bytes > 2 * len(data):
            raise Absurd("its tags say that they hold more than the file does")
    width, height = first.get(_WIDTH, 0), first.get(_HEIGHT, 0)
    if first.get(_TILE_WIDTH, 0) * first.get(_TILE_HEIGHT, 0) > max(TILE, width * height):
        raise Absurd("its tiles are larger than the picture")
    return (width, height) if width and height else None


def _entries(
    data: bytes, layout: _Layout, directory_offset: int, pending: list[int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, count and offset of the values; append the next directory to the list."""
    entry = f"{layout.order}HH{layout.offset}"
    step = 4 + 2 * layout.size
    (count,) = _numbers(data, layout, directory_offset, layout.entries, 1) or [0]
    offset = directory_offset + struct.calcsize(f"={layout.entries}")
    for _ in range(min(count, len(data) // step)):
        if offset + step > len(data):
            return
        tag, kind, values = struct.unpack_from(entry, data, offset)
        inside = offset + 4 + layout.size
        if kind in _SIZES:
            far = values * _SIZES[kind] > layout.size
            yield (
                tag,
                kind,
                values,
                (_numbers(data, layout, inside, layout.offset, 1)[0] if far else inside),
            )
        offset += step
    pending += _numbers(data, layout, offset, layout.offset, 1)


def _numbers(data: bytes, layout: _Layout, offset: int, kind: str, count: int) -> list[int]:
    """Return up to ``count`` numbers at an offset; fewer if the data end there."""
    size = struct.calcsize(f"={kind}")
    count = max(0, min(count, (len(data) - offset) // size))
    return list(struct.unpack_from(f"{layout.order}{count}{kind}", data, offset)) if count else []
