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


def read_directories(data: bytes, tags: Collection[int]) -> list[dict[int, Value]]:
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
    offset_type, count_type, entry_size = ("Q", "Q", 20) if big else ("L", "H", 12)
    chains = [_read_numbers(data, order, offset_type, 8 if big else 4, 1)]
    visited: set[int] = set()
    directories_read: list[dict[int, Value]] = []
    while chains and len(directories_read) < _DIRECTORIES:
        chain = chains.pop(0)
        for directory_offset in chain:
            if directory_offset in visited or not 0 < directory_offset < len(data):
                continue
            visited.add(directory_offset)
            values: dict[int, Value] = {}
            (entries,) = _read_numbers(data, order, count_type, directory_offset, 1) or (0,)
            entry_offset = directory_offset + struct.calcsize(f"={count_type}")
            for _ in range(min(entries, _ENTRIES)):
                if entry_offset + entry_size > len(data):
                    break
                tag = struct.unpack_from(f"{order}H", data, entry_offset)[0]
                if tag in tags or tag == _SUB_DIRECTORIES:
                    value = _read_value(data, order, offset_type, entry_offset)
                    if value is not None and tag in tags:
                        values[tag] = value
                    if tag == _SUB_DIRECTORIES and isinstance(value, tuple):
                        chains.append(value[:_DIRECTORIES])
                entry_offset += entry_size
            chains.append(_read_numbers(data, order, offset_type, entry_offset, 1))
            directories_read.append(values)
    return directories_read


def _read_value(data: bytes, order: str, offset_type: str, entry_offset: int) -> Value | None:
    _, kind, count = struct.unpack_from(f"{order}HH{offset_type}", data, entry_offset)
    letter = _TYPES.get(kind)
    if letter is None:
        return None
    inside = struct.calcsize(f"={offset_type}")
    size = count * struct.calcsize(f"={letter}")
    value_offset = entry_offset + 4 + inside
    if size > inside:
        value_offset = (_read_numbers(data, order, offset_type, value_offset, 1) or (len(data),))[0]
    if size > _BYTES or value_offset + size > len(data):
        return None
    if letter in ("s", "B"):
        return data[value_offset : value_offset + size]
    return _read_numbers(data, order, letter, value_offset, count)


def _read_numbers(data: bytes, order: str, letter: str, offset: int, count: int) -> tuple[int, ...]:
    if offset + count * struct.calcsize(f"={letter}") > len(data):
        return ()
    return struct.unpack_from(f"{order}{count}{letter}", data, offset)
