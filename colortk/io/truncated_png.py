"""A PNG whose packed pixels end early or are damaged: its valid rows are packed again."""

from __future__ import annotations

import struct
import zlib

from colortk.io import png
from colortk.io.missing_lines import PASSES, Missing, Ranges, Repaired

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def repair_png(data: bytes) -> Repaired | None:
    """Return a whole PNG with empty rows for missing ones, or ``None`` if its header is damaged."""
    head, content, marks = _png_parts(data)
    if head is None:
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", head, 16)
    bits = depth * _CHANNELS.get(color, 0)
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = []  # rows, and bytes of one with its filter, of each pass
    for top, left, down, across in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        sizes.append((rows if columns > 0 else 0, 1 + -(-columns * bits // 8)))
    needed_bytes = sum(rows * size for rows, size in sizes)
    raw, reached = _inflated(content, needed_bytes, marks)
    present, out, left_over = [], [], memoryview(raw)
    for rows, size in sizes:
        count = min(rows, len(left_over) // size)
        present.append(count)
        out += [bytes(left_over[: count * size]), bytes((rows - count) * size)]
        left_over = left_over[count * size :]
        if count < rows:
            left_over = left_over[:0]
    lost_rows, reduced = _png_lines(height, sizes, present, reached, interlaced)
    packed = zlib.compress(b"".join(out), 1)
    repaired = head + png.chunk_bytes(b"IDAT", packed) + png.chunk_bytes(b"IEND", b"")
    rows = present if interlaced else []
    return Repaired(repaired, Missing(lost_rows, reduced, height), rows, fill=True)


def _png_parts(data: bytes) -> tuple[bytes | None, bytes, list[int]]:
    """Return the data before the pixels, the packed pixels, and offsets of chunks with bad sums."""
    head, content, wrong = png.PNG_SIGNATURE, [], []
    size = 0
    for chunk in png.chunks(data):
        body = data[chunk.start : chunk.stop]
        right = chunk.is_complete and zlib.crc32(chunk.kind + body) == int.from_bytes(
            data[chunk.stop : chunk.stop + 4], "big"
        )
        if chunk.kind == b"IDAT":
            if chunk.is_complete and not right:
                wrong.append(size)
            content.append(body)
            size += len(body)
        elif not content:
            if chunk.kind in (b"IHDR", b"PLTE", b"tRNS") and not right:
                return None, b"", []
            if right:
                head += png.chunk_bytes(chunk.kind, body)
    if head[12:16] != b"IHDR" or not content:
        return None, b"", []
    return head, b"".join(content), wrong


def _inflated(content: bytes, needed_bytes: int, marks: list[int]) -> tuple[bytes, int | None]:
    """Unpack all valid data. Return it, and its size at the first of ``marks``."""
    unpacker = zlib.decompressobj()
    out = bytearray()
    reached: int | None = None
    offset = 0
    while offset < len(content) and len(out) < needed_bytes:
        step = 1 << 16
        if marks and offset < marks[0]:
            step = min(step, marks[0] - offset)
        elif marks and reached is None:
            reached = len(out)
        before = unpacker.copy()
        try:
            out += unpacker.decompress(content[offset : offset + step], needed_bytes - len(out))
        except zlib.error:
            for byte in content[offset : offset + step]:
                try:
                    out += before.decompress(bytes((byte,)), max(1, needed_bytes - len(out)))
                except zlib.error:
                    break
            break
        offset += step
    return bytes(out[:needed_bytes]), reached


def _png_lines(
    height: int,
    sizes: list[tuple[int, int]],
    present: list[int],
    reached: int | None,
    interlaced: int,
) -> tuple[Ranges, Ranges]:
    """Rows that are lost, and rows that lack passes or come from a chunk with a wrong sum."""
    if not interlaced:
        count = present[0]
        lost_rows = [(count, height - 1)] if count < height else []
        wrong = height if reached is None else reached // sizes[0][1]
        return lost_rows, [(wrong, count - 1)] if wrong < count else []
    first = min(height, 8 * present[0])
    lost_rows = [(first, height - 1)] if first < height else []
    complete = present == [rows for rows, _ in sizes]
    return lost_rows, [] if (complete and reached is None) or not first else [(0, first - 1)]
