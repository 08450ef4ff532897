"""The chunks of a PNG file: where each is, without decoding anything."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Chunks without which a picture has other colors, another transparency or another orientation.
_SEEN = (b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf")
#: Bytes of length, kind and checksum around a chunk's content.
_AROUND = 12


@dataclass(frozen=True)
class Chunk:
    """A chunk. ``stop`` is at most the size of the file; ``is_complete``: it has its checksum."""

    kind: bytes
    start: int
    stop: int
    is_complete: bool


def is_png(data: bytes) -> bool:
    """Return whether ``data`` begins as a PNG does."""
    return data[:8] == PNG_SIGNATURE


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG in order, up to and with its end chunk."""
    offset = len(PNG_SIGNATURE)
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        stop = offset + 8 + length
        yield Chunk(kind, offset + 8, min(stop, len(data)), stop + 4 <= len(data))
        if kind == b"IEND":
            return
        offset += _AROUND + length


def without_damaged(data: bytes) -> tuple[bytes, list[bytes]]:
    """Leave out chunks with a wrong checksum if no visible property depends on them.

    Returns
    -------
    data : bytes
        The file without them: ``data`` itself if there are none.
    kinds : list of bytes
        The kind of each.

    Raises
    ------
    ValueError
        Colors, transparency or orientation depend on such a chunk.
    """
    whole_parts, offset = [], 0
    kinds: list[bytes] = []
    view = memoryview(data)
    for chunk in chunks(data):
        is_critical = chunk.kind[:1].isupper()
        if is_critical or not chunk.is_complete or _checksum_is_right(view, chunk):
            continue
        if chunk.kind in _SEEN:
            raise ValueError(f"the checksum of a chunk is wrong ({chunk.kind.decode('ascii')})")
        whole_parts.append(view[offset : chunk.start - 8])
        offset = chunk.stop + 4
        kinds.append(chunk.kind)
    return (b"".join([*whole_parts, view[offset:]]), kinds) if kinds else (data, [])


def _checksum_is_right(view: memoryview, chunk: Chunk) -> bool:
    stated = int.from_bytes(view[chunk.stop : chunk.stop + 4], "big")
    return zlib.crc32(view[chunk.start : chunk.stop], zlib.crc32(chunk.kind)) == stated


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    """Return a chunk as bytes of a file, with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def inflate(data: bytes, limit: int) -> bytes:
    """Unpack a zlib stream. Raises ``ValueError`` if the result has over ``limit`` bytes."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to over {limit:,} bytes")
    return content


def stretch_transparent_level(info: dict[Any, Any], data: bytes) -> None:
    """Scale the transparent level of 2-bit or 4-bit gray in ``info`` as Pillow scales pixels."""
    level = info.get("transparency")
    if isinstance(level, int) and data[25] == 0 and data[24] in (2, 4):
        info["transparency"] = level * 255 // ((1 << data[24]) - 1)
