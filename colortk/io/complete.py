"""Load a picture with Pillow, completely or not at all.

Pillow raises for most damage. It says nothing when compressed data end early but properly, when a
checksum of a PNG is wrong, when libjpeg only warns, and when pixels name colors that the palette
does not have: the pixels are black or gray then. Here each of these is an error.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import ImageFile

from colortk.io import png

#: Chunks of a PNG of which every byte counts for its pixels.
_CHECKED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
#: Top-left pixel, and steps, of the passes of Adam7 (PNG, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def load(image: ImageFile.ImageFile, data: bytes) -> None:
    """Decode a picture that Pillow has opened.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Opened, not loaded.
    data : bytes
        The file.

    Raises
    ------
    ValueError
        Pixels or colors are missing, or a checksum is wrong.
    Exception
        Any error that Pillow raises for other damage.
    """
    colors = _colors_of(image)
    if image.format == "PNG":
        _check_sums(data)
    image.load()
    if image.format == "PNG" and (data[28] or _ends_black(image)):
        _check_png(data)
    elif image.format in ("JPEG", "MPO"):
        from colortk.io.jpeg import check_complete  # not for other formats: a cold run waits for it

        check_complete(data, image)
    if colors is not None and image.mode == "P":
        _check_palette(image, colors)


def _colors_of(image: ImageFile.ImageFile) -> int | None:
    """Return the number of colors in the file's palette. Loading pads the palette with black."""
    palette = image.palette
    if image.mode != "P" or palette is None or not palette.palette:
        return None
    return len(palette.palette) // len(palette.rawmode or palette.mode)


def _check_palette(image: ImageFile.ImageFile, colors: int) -> None:
    transparent = image.info.get("transparency")
    for value, count in enumerate(image.histogram()):
        if count and value >= colors and value != transparent:
            raise ValueError(
                f"a pixel has color number {value}, but the palette has only {colors} colors"
            )


def _check_sums(data: bytes) -> None:
    view = memoryview(data)
    for chunk in png.chunks(data):
        if chunk.kind in _CHECKED and chunk.is_complete:
            stated = int.from_bytes(view[chunk.stop : chunk.stop + 4], "big")
            if zlib.crc32(view[chunk.start : chunk.stop], zlib.crc32(chunk.kind)) != stated:
                kind = chunk.kind.decode("ascii")
                raise ValueError(f"the checksum of a chunk is wrong ({kind})")


def _ends_black(image: ImageFile.ImageFile) -> bool:
    """Return whether the last row looks like a row for which Pillow had no data."""
    row = image.crop((0, image.height - 1, image.width, image.height))
    return not np.asarray(row).any()


def _check_png(data: bytes) -> None:
    """Unpack a PNG's data, and compare their length with the bytes of its pixels."""
    width, height, depth, color = struct.unpack_from(">LLBB", data, 16)
    bits = depth * _CHANNELS.get(color, 0)
    passes = _PASSES if data[28] else ((0, 0, 1, 1),)
    needed_bytes = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            needed_bytes += rows * (1 + -(-columns * bits // 8))
    unpacker, unpacked = zlib.decompressobj(), 0
    view = memoryview(data)
    for chunk in png.chunks(data):
        part: bytes | memoryview = b""
        if chunk.kind == b"IDAT":
            part = view[chunk.start : chunk.stop]
        while len(part) and unpacked < needed_bytes:
            unpacked += len(unpacker.decompress(part, 1 << 20))
            part = unpacker.unconsumed_tail
    if unpacked < needed_bytes:
        raise ValueError(f"it has only {unpacked:,} of {needed_bytes:,} bytes of pixels")
