"""The chunks of a PNG file: where each is, without decoding anything."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Bytes of length, kind and checksum around a chunk's content.
_AROUND = 12


@dataclass(frozen=True)
class Chunk:
    """One chunk. ``stop`` is at most the file's size; ``whole``: its checksum is in the file too."""

    kind: bytes
    start: int
    stop: int
    whole: bool


def is_png(data: bytes) -> bool:
    """Return whether ``data`` begins as a PNG does."""
    return data[:8] == SIGNATURE


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG in order, up to and with its end chunk."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        stop = at + 8 + length
        yield Chunk(kind, at + 8, min(stop, len(data)), stop + 4 <= len(data))
        if kind == b"IEND":
            return
        at += _AROUND + length


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    """Return a chunk as it stands in a file, with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def inflate(data: bytes, limit: int) -> bytes:
    """Return what the zlib stream ``data`` unpacks to. Raises ``ValueError`` over ``limit`` bytes."""
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to over {limit:,} bytes")
    return content
