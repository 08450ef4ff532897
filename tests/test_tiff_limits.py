"""Small TIFF files that would take much memory or time are refused or stay cheap."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError
from colortk.io import tiff, tiff_limits
from conftest import cheap
from damaged_tiffs import STRIPS
from encoded import RGB, opened, saved

tifffile = pytest.importorskip("tifffile")
tiffs = pytest.importorskip("tiffs")


def test_small_files_that_decompress_to_much_stay_cheap() -> None:
    """Decoders stop at the number of bytes that a strip must hold."""
    import zlib

    strip = zlib.compress(bytes(40_000_000))
    entries = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 278: 64, 273: 8, 279: len(strip)}
    data = tiffs.classic(entries, strip)
    opened(STRIPS)
    with cheap(10e6):
        assert opened(data).pixels.shape == (64, 64)


def test_pixels_are_not_read_as_a_directory() -> None:
    """The chain of directories ends with offset 0, where no directory is read."""
    head = b"II*\0\x08\0\0\0\0\0" + (0).to_bytes(4, "little")
    entry = (60000).to_bytes(2, "little") + b"\4\0" + (2_000_000).to_bytes(4, "little")
    assert tiff_limits.check(head + (entry + b"\x10\0\0\0") * 20_000 + bytes(9_000_000)) is None


def test_too_many_strips_are_refused_at_once() -> None:
    entries = {256: 1, 257: 250_000, 258: 8, 259: 5, 262: 1, 277: 1, 278: 1,
               273: (8,) * 250_000, 279: (4,) * 250_000}  # fmt: skip
    with pytest.raises(PictureError, match="250,000 strips, more than any picture needs"):
        opened(tiffs.classic(entries, bytes(8)))


def test_a_jpeg_strip_cannot_claim_to_be_larger_than_its_picture() -> None:
    pytest.importorskip("imagecodecs")
    data = bytearray(tiffs.written(RGB, photometric="rgb", compression="jpeg"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff" * 4
    with cheap(50e6), pytest.raises(PictureError, match="65535 × 65535 pixels"):
        opened(bytes(data))


def test_a_jpeg_2000_strip_cannot_claim_to_be_larger_than_its_picture() -> None:
    pytest.importorskip("imagecodecs")
    data = bytearray(tiffs.written(RGB, photometric="rgb", compression="jpeg2000"))
    at = data.index(b"\xff\x51") + 6
    for place in (at, at + 16):  # sizes of the picture and of its tiles
        data[place : place + 8] = struct.pack(">2L", 60000, 60000)
    with cheap(50e6), pytest.raises(PictureError, match="it holds 10,800,000,000 samples"):
        opened(bytes(data))


def test_one_bad_strip_of_many_is_found_at_once() -> None:
    """Decoding each strip separately would take a minute."""
    good = tiffs.written(np.zeros((1, 8), np.uint8), compression="packbits")
    with tifffile.TiffFile(io.BytesIO(good)) as file:
        place, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    strip, count = good[place : place + size], 20_000
    entries = {256: 8, 257: count, 258: 8, 259: 32773, 262: 1, 277: 1, 278: 1,
               273: (8,) * (count - 9) + (9,) * 9, 279: (size,) * count}  # fmt: skip
    data = tiffs.classic(entries, strip + b"\x7f" * 9)
    with pytest.raises(PictureError, match="its PackBits data is damaged or ends early"):
        opened(data)
    assert tiff.decode(data, "test", 10**6, allow_truncated=True).missing == [(19_991, 19_999)]


def test_too_many_strips_for_a_slow_decoder_are_refused() -> None:
    entries = {256: 8, 257: 4000, 258: 1, 259: 4, 262: 0, 277: 1, 278: 1,
               273: (8,) * 4000, 279: (4,) * 4000}  # fmt: skip
    with cheap(50e6), pytest.raises(PictureError, match="4,000 strips, more than a picture needs"):
        opened(tiffs.classic(entries, bytes(4)))


def test_too_many_jpeg_tiles_are_refused() -> None:
    """Each tile costs a decoder a millisecond, even if it is small or repeated."""
    tile = saved(Image.fromarray(np.full((16, 16, 3), 128, np.uint8)), "JPEG", progressive=True)
    for count, why in ((4900, "4,900 tiles, more than"), (100, "more progressive JPEGs than")):
        side = int(count**0.5)
        entries = {256: 16 * side, 257: 16 * side, 258: 8, 259: 7, 262: 6, 277: 3, 322: 16,
                   323: 16, 324: (8,) * count, 325: (len(tile),) * count}  # fmt: skip
        with pytest.raises(PictureError, match=why):
            opened(tiffs.classic(entries, tile))
