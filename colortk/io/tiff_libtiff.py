"""LZW, PackBits and CCITT of a TIFF by Pillow's libtiff, which gets a small TIFF made for it."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

from PIL import Image, TiffImagePlugin

from colortk.io.tiff_layout import name_of

#: Bytes that libtiff decodes at once.
_BATCH = 1 << 26


def decode_strips(
    compression: int, encoded_parts: Sequence[bytes], rows: Sequence[int], width: int
) -> list[bytes]:
    """Decode LZW or PackBits segments: libtiff gets each segment as a strip of a gray picture.

    Several segments go through libtiff at once, as each call takes a millisecond.

    Parameters
    ----------
    compression : int
        TIFF compression code.
    encoded_parts : sequence of bytes
        Encoded segments.
    rows : sequence of int
        Rows of each.
    width : int
        Bytes of a row.

    Returns
    -------
    list of bytes
        ``rows`` × ``width`` bytes of each.

    Raises
    ------
    ValueError
        A segment is damaged or ends early.
    """
    decoded: list[bytes] = []
    start = 0
    while start < len(encoded_parts):
        end, size = start, 0
        while end < len(encoded_parts) and (end == start or size + rows[end] * width <= _BATCH):
            if end > start and rows[end] > rows[start]:
                break
            size += rows[end] * width
            end += 1
            if rows[end - 1] < rows[start]:  # only the last strip may be short
                break
        image = strips_image(
            compression, encoded_parts[start:end], width, sum(rows[start:end]), rows[start]
        )
        content, offset = image.tobytes(), 0
        for count in rows[start:end]:
            decoded.append(content[offset : offset + count * width])
            offset += count * width
        start = end
    return decoded


def strips_image(
    compression: int,
    encoded_parts: Sequence[bytes],
    width: int,
    height: int,
    rows: int,
    **tags: int,
) -> Image.Image:
    """Decode strips as a gray picture, with 8 bits per sample unless ``tags`` states ``bits``.

    Raises ``ValueError`` if libtiff reports an error.
    """
    if any(not encoded for encoded in encoded_parts):
        raise ValueError("it is empty")
    values = {
        256: width, 257: height, 258: tags.get("bits", 8), 259: compression, 262: 1, 277: 1,
        278: rows, 292: tags.get("options", 0),
    }  # fmt: skip
    count = len(encoded_parts)
    start = 8 + 2 + 12 * (len(values) + 2) + 4
    offsets = [*accumulate(map(len, encoded_parts), initial=start + 8 * count * (count > 1))][:-1]
    entries = {tag: (4, 1, value) for tag, value in values.items()}
    sizes = [*map(len, encoded_parts)]
    entries[273] = (4, count, offsets[0] if count == 1 else start)
    entries[279] = (4, count, sizes[0] if count == 1 else start + 4 * count)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    head += b"".join(struct.pack("<HHLL", tag, *entries[tag]) for tag in sorted(entries)) + bytes(4)
    if count > 1:
        head += struct.pack(f"<{2 * count}L", *offsets, *sizes)
    _quiet_libtiff()
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(head + b"".join(encoded_parts)))
    try:
        image.load()
    except OSError:  # which gives a number only
        raise ValueError(f"its {name_of(compression)} data is damaged or ends early") from None
    return image


@cache
def _quiet_libtiff() -> None:
    """Keep Pillow's libtiff from printing errors to stderr: our own message reports them.

    Pillow offers no way to set libtiff's error handler. If Pillow's wheel does not include libtiff,
    the errors are printed.
    """
    import ctypes

    for path in Path(Image.__file__).parents[1].glob("pillow.libs/libtiff*"):
        with contextlib.suppress(OSError, AttributeError):  # it is loaded already: the same one
            set_handler = ctypes.CDLL(str(path)).TIFFSetErrorHandler
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            set_handler(None)
