"""Damaged and hostile files give one line, and need little memory."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from colortk.errors import PictureError
from colortk.io.decode import read_bytes
from conftest import photo
from encoded import GRAY, opened, saved


def test_postscript_is_not_interpreted() -> None:
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(PictureError, match="PostScript file, which is not supported"):
        opened(data)


def test_the_size_of_an_unusual_tiff_is_checked_before_decoding() -> None:
    directory = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    tags = {
        256: 60000,
        257: 60000,
        258: (16, 16),
        259: 1,
        262: 1,
        277: 2,
        278: 20,
        273: 0,
        279: 12,
        338: 2,
    }
    for tag, value in tags.items():
        directory[tag] = value
    out = io.BytesIO()
    directory.save(out)
    with pytest.raises(PictureError, match="60000 × 60000"):
        opened(out.getvalue() + bytes(100))


JPEG = saved(Image.fromarray(photo(400, 400)), "JPEG")


PNG = saved(Image.fromarray(photo(400, 400)), "PNG")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"only text", "not a picture"),
        (JPEG[:3000], "damaged"),
        (PNG[:3000], "damaged"),
        (PNG[:40], "header is damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "header is damaged"),
        (saved(Image.fromarray(np.zeros((4, 4), np.int32)), "TIFF"), "32 bits"),
        (saved(Image.fromarray(np.full((4, 4), 1.5, np.float32)), "TIFF"), "not from 0 to 1"),
    ],
)
def test_unreadable_pictures_are_one_line(data: bytes, why: str) -> None:
    with pytest.raises(PictureError, match=why) as caught:
        opened(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("cannot read 'test'")


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    small = bytearray(saved(Image.fromarray(GRAY), "PNG"))
    small[16:24] = struct.pack(">II", 60000, 60000)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    with pytest.raises(PictureError, match="over the limit.*--max-pixels"):
        opened(bytes(small))
    assert Image.MAX_IMAGE_PIXELS is not None, "the process-wide limit is left as it was"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        read_bytes(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="directory"):
        read_bytes(tmp_path)


def cut(data: bytes, share: float) -> bytes:
    """The first scan of the JPEG ends early but with a marker: libjpeg warns, Pillow does not."""
    start = data.index(b"\xff\xda") + 20
    at = start + int((len(data) - 2 - start) * share)
    return data[:at].removesuffix(b"\xff") + b"\xff\xd9"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}],
    ids=["baseline", "progressive", "restarts", "full color"],
)
def test_a_truncated_jpeg_with_an_end_marker_is_refused(
    mode: str, options: dict[str, object]
) -> None:
    image = Image.fromarray(photo(203, 149)).convert(mode)
    data = saved(image, "JPEG", quality=90, **options)
    opened(data)
    for share in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        with pytest.raises(PictureError, match="the file is damaged"):
            opened(cut(data, share))


def test_a_complete_jpeg_with_a_gray_end_is_accepted() -> None:
    pixels = photo(100, 100)
    pixels[60:] = 128
    for options in ({}, {"restart_marker_rows": 1}):
        opened(saved(Image.fromarray(pixels), "JPEG", **options))


def png(rows: bytes, *, color: int = 2, interlaced: int = 0, palette: bytes = b"") -> bytes:
    """Return a PNG of 20 × 16 8-bit pixels with these bytes as its decompressed data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">LLBBBBB", 20, 16, 8, color, 0, 0, interlaced)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    if palette:
        parts.insert(1, (b"PLTE", palette))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


ROW = b"\0" + bytes(range(1, 61))


def test_a_png_with_too_few_rows() -> None:
    assert opened(png(ROW * 16)).pixels.shape == (16, 20, 3)
    assert opened(png(ROW * 15 + bytes(61))).pixels[-1].max() == 0
    for rows in (1, 8, 15):
        with pytest.raises(PictureError, match="bytes of pixels"):
            opened(png(ROW * rows))
    gray = png(bytes(8 * 4 * 10) + bytes(100), color=0, interlaced=1)
    assert opened(gray).pixels.shape == (16, 20)
    with pytest.raises(PictureError, match="damaged"):
        opened(png(b"\0" + b"\7" * 30, color=0, interlaced=1))


def test_a_png_with_a_wrong_check_sum() -> None:
    data = png(ROW * 16)
    at = data.index(b"IDAT") + 4
    end = len(data) - 16
    damaged = data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]
    assert at < end
    with pytest.raises(PictureError, match="checksum of a chunk is wrong"):
        opened(damaged)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_pixels_outside_the_palette_are_refused(kind: str) -> None:
    if kind == "PNG":
        few = png((b"\0" + bytes(range(20))) * 16, color=3, palette=bytes(range(30)))
        enough = png((b"\0" + bytes(range(20))) * 16, color=3, palette=bytes(range(60)))
    else:
        image = Image.fromarray(np.full((16, 20), 200, np.uint8), "P")
        image.putpalette(bytes(range(256)) * 3)
        enough = saved(image, kind)
        few = bytearray(enough)
        if kind == "BMP":
            few[46:50] = struct.pack("<L", 10)
        else:  # a table of 256 colors with a stated size of 128: its second half is read as compressed data
            table = 13 + 3 * 128
            few[10] = few[10] & 0xF8 | 6
            del few[table : table + 3 * 128]
    opened(enough)
    with pytest.raises(PictureError, match="damaged"):
        opened(bytes(few))
