"""The blocks of a GIF file up to its second frame, without decoding anything."""

from __future__ import annotations

from dataclasses import dataclass

_EXTENSION, _IMAGE, _COMMENT = 0x21, 0x2C, 0xFE


@dataclass
class Blocks:
    """Sizes of the parts before the second frame.

    Parameters
    ----------
    extensions : int
        Sub-blocks of extensions, and bytes between blocks that belong to none.
    comment : int
        Bytes of comments.
    pixels : int
        Sub-blocks of compressed pixels.
    """

    extensions: int = 0
    comment: int = 0
    pixels: int = 0


def is_gif(data: bytes) -> bool:
    """Return whether ``data`` begins as a GIF does."""
    return data[:6] in (b"GIF87a", b"GIF89a")


def blocks_of(data: bytes, max_extensions: int) -> Blocks:
    """Count the blocks of a GIF, up to its second frame or ``max_extensions`` extension blocks."""
    blocks = Blocks()
    offset = 13 + _table(data[10] if len(data) > 10 else 0)
    while offset < len(data) and blocks.extensions <= max_extensions:
        kind = data[offset]
        if kind == _EXTENSION and offset + 1 < len(data):
            stop, count = _sub_blocks(data, offset + 2, max_extensions)
            blocks.extensions += count + 1
            if data[offset + 1] == _COMMENT:
                blocks.comment += stop - offset
            offset = stop
        elif kind == _IMAGE and offset + 10 <= len(data):
            if blocks.pixels:
                break
            offset, blocks.pixels = _sub_blocks(
                data, offset + 11 + _table(data[offset + 9]), len(data)
            )
        elif kind == 0x3B:
            break
        else:
            blocks.extensions += 1  # readers skip such bytes one by one
            offset += 1
    return blocks


def _table(flags: int) -> int:
    """Bytes of a color table."""
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _sub_blocks(data: bytes, offset: int, max_blocks: int) -> tuple[int, int]:
    """Offset behind a row of sub-blocks, and how many there are, counted up to ``max_blocks``."""
    count = 0
    while offset < len(data) and data[offset] and count <= max_blocks:
        offset += 1 + data[offset]
        count += 1
    return offset + 1, count + 1
