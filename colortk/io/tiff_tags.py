"""Values of single tags of a TIFF or EXIF block, read without decoding anything.

Numbers are those of TIFF 6.0 and BigTIFF. Damaged tags are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

#: Bytes and struct letter of one value of each type; rationals are left out.
_TYPES = {1: "B", 2: "s", 3: "H", 4: "L", 6: "s", 7: "s", 13: "L", 16: "Q", 18: "Q"}
_SUB_DIRECTORIES = 330
#: Directories that are read, entries of one, and bytes of one value.
_DIRECTORIES, _ENTRIES, _BYTES = 32, 4096, 1 << 26

#: A tag's value: bytes of text and of undefined data, else numbers.
Value = bytes | tuple[int, ...]


def is_tiff(data: bytes) -> bool:
    """Return whether ``data`` begins as a TIFF or BigTIFF does."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def directories(data: bytes, tags: Collection[int]) -> list[dict[int, Value]]:
    """Return the values of ``tags`` in every directory, sub-images included.

    Parameters
    ----------
    data : bytes
        A TIFF, or an EXIF block without its six letters.
    tags : collection of int
        Numbers of the tags.

    Returns
    -------
    list of dict
        One dictionary a directory, the first picture's first.
    """
    if not is_tiff(data):
        return []
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:3] == b"+" or data[3:4] == b"+"
    offset, count, entry = ("Q", "Q", 20) if big else ("L", "H", 12)
    waiting = [_numbers(data, order, offset, 8 if big else 4, 1)]
    seen: set[int] = set()
    directories_read: list[dict[int, Value]] = []
    while waiting and len(directories_read) < _DIRECTORIES:
        places = waiting.pop(0)
        for place in places:
            if place in seen or not 0 < place < len(data):
                continue
            seen.add(place)
            values: dict[int, Value] = {}
            (entries,) = _numbers(data, order, count, place, 1) or (0,)
            at = place + struct.calcsize(f"={count}")
            for _ in range(min(entries, _ENTRIES)):
                if at + entry > len(data):
                    break
                tag = struct.unpack_from(f"{order}H", data, at)[0]
                if tag in tags or tag == _SUB_DIRECTORIES:
                    value = _value(data, order, offset, at)
                    if value is not None and tag in tags:
                        values[tag] = value
                    if tag == _SUB_DIRECTORIES and isinstance(value, tuple):
                        waiting.append(value[:_DIRECTORIES])
                at += entry
            waiting.append(_numbers(data, order, offset, at, 1))
            directories_read.append(values)
    return directories_read


def _value(data: bytes, order: str, offset: str, at: int) -> Value | None:
    _, kind, count = struct.unpack_from(f"{order}HH{offset}", data, at)
    letter = _TYPES.get(kind)
    if letter is None:
        return None
    inside = struct.calcsize(f"={offset}")
    size = count * struct.calcsize(f"={letter}")
    place = at + 4 + inside
    if size > inside:
        place = (_numbers(data, order, offset, place, 1) or (len(data),))[0]
    if size > _BYTES or place + size > len(data):
        return None
    if letter in ("s", "B"):
        return data[place : place + size]
    return _numbers(data, order, letter, place, count)


def _numbers(data: bytes, order: str, letter: str, at: int, count: int) -> tuple[int, ...]:
    if at + count * struct.calcsize(f"={letter}") > len(data):
        return ()
    return struct.unpack_from(f"{order}{count}{letter}", data, at)
