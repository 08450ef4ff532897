"""Unusual pictures have the lightness and alpha of their standard, or are refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from batches import run
from colortk.errors import PictureError
from colortk.io.decode import decode

H, W = 40, 60
GRAY = np.linspace(0, 65535, H * W).astype(np.uint16).reshape(H, W)
RGB = np.stack([GRAY, GRAY[::-1], np.roll(GRAY, 7, 1)], -1)
RGB[5:12, 5:12] = 65535


def chunk(kind: bytes, content: bytes, wrong: bool = False) -> bytes:
    total = zlib.crc32(kind + content) ^ wrong
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", total)


def gray_png(values: np.ndarray, depth: int, extra: bytes = b"") -> bytes:
    bits = np.unpackbits(values.astype(np.uint8)[..., None], axis=2)[..., 8 - depth :]
    rows = np.packbits(bits.reshape(len(values), -1), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">LLBBBBB", values.shape[1], len(values), depth, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg2000(pixels: np.ndarray) -> bytes:
    quality = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
    done, data = cv2.imencode(".jp2", pixels[..., ::-1], quality)
    assert done
    return bytes(data)


def test_white_of_a_deep_jpeg_2000_is_white() -> None:
    """Pillow reads these colors as 8 bits and turns 65535 into 0."""
    picture = decode(jpeg2000(RGB), "x")
    assert picture.pixels.dtype == np.uint16
    assert abs(picture.pixels.astype(int) - RGB).max() < 400


@pytest.mark.parametrize("bits", [1, 4, 6, 10, 12, 16])
@pytest.mark.parametrize("alpha", [False, True])
def test_jpeg_2000_of_any_depth_uses_the_full_range(bits: int, alpha: bool) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = np.dstack([RGB, GRAY]) if alpha else RGB
    samples = samples >> (16 - bits)
    stored = samples if bits > 8 else samples.astype(np.uint8)
    data = imagecodecs.jpeg2k_encode(stored, reversible=True, level=0, bitspersample=bits)
    picture = decode(data, "x")
    pixels = picture.pixels if not alpha else np.dstack([picture.pixels, picture.alpha])
    most = np.iinfo(pixels.dtype).max
    wanted = samples / ((1 << bits) - 1)
    assert abs(pixels / most - wanted).max() <= 0.5 / most + 1e-9


def test_an_unsupported_jpeg_2000_is_not_called_damaged() -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    data = imagecodecs.jpeg2k_encode(np.dstack([GRAY, GRAY]), reversible=True, level=0)
    with pytest.raises(PictureError, match=r"16 bits a channel .* is not supported \(convert it"):
        decode(data, "x")


def reduced_first(inside: bool) -> bytes:
    """Return a TIFF with a thumbnail of 15 × 10 pixels, and the full picture after it or in a sub-directory."""
    tifffile = pytest.importorskip("tifffile")
    out, full = io.BytesIO(), (RGB >> 8).astype(np.uint8)
    with tifffile.TiffWriter(out) as file:
        more = {"subifds": 1} if inside else {}
        file.write(full[::4, ::4], subfiletype=1, photometric="rgb", **more)
        file.write(full, photometric="rgb")
    return out.getvalue()


@pytest.mark.parametrize("inside", [False, True])
def test_a_thumbnail_is_not_used_as_the_picture(inside: bool) -> None:
    with pytest.raises(PictureError, match="a small copy of another picture in the file"):
        decode(reduced_first(inside), "x")


def test_thumbnails_after_the_picture_are_ignored() -> None:
    tifffile = pytest.importorskip("tifffile")
    out, full = io.BytesIO(), (RGB >> 8).astype(np.uint8)
    with tifffile.TiffWriter(out) as file:
        file.write(full, photometric="rgb", subifds=1, tile=(16, 16))
        file.write(255 - full[::2, ::2], photometric="rgb", subfiletype=1)
    assert np.array_equal(decode(out.getvalue(), "x").pixels, full)
    out = io.BytesIO()
    tifffile.imwrite(out, full, photometric="rgb", subfiletype=1)
    assert np.array_equal(decode(out.getvalue(), "x").pixels, full), "there is no other one"


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_level_of_a_gray_png(depth: int) -> None:
    values = GRAY >> (16 - depth)
    level = (1 << depth) - 2
    picture = decode(gray_png(values, depth, chunk(b"tRNS", struct.pack(">H", level))), "x")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha == 0, values == level)
    gray = picture.pixels if picture.pixels.ndim == 2 else picture.pixels[..., 0]
    assert np.array_equal(gray, values * 255 // ((1 << depth) - 1))


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"prVt", b"pHYs"])
def test_a_damaged_chunk_without_visible_effect_is_dropped(kind: bytes) -> None:
    data = gray_png(GRAY >> 8, 8, chunk(kind, b"Title\0wrong", wrong=True))
    picture = decode(data, "x")
    assert np.array_equal(picture.pixels, GRAY >> 8)
    assert picture.notes == [f"'x': a damaged chunk ({kind.decode()}) was left out"]
    assert picture.metadata.texts == []


@pytest.mark.parametrize("kind", [b"eXIf", b"iCCP", b"tRNS", b"gAMA"])
def test_a_damaged_chunk_with_visible_effect_is_refused(kind: bytes) -> None:
    with pytest.raises(PictureError, match=f"checksum of a chunk is wrong .{kind.decode()}"):
        decode(gray_png(GRAY >> 8, 8, chunk(kind, bytes(8), wrong=True)), "x")


def test_run_keeps_the_lightness_of_a_deep_jpeg_2000(place: Path) -> None:
    (place / "deep.jp2").write_bytes(jpeg2000(RGB))
    assert run("deep.jp2", "-o", "out.png") == 0
    out = cv2.imread("out.png", cv2.IMREAD_UNCHANGED)
    assert out.shape[:2] == (H, W)
    assert out[8, 8].min() > 65000
