"""Reading what is damaged, hostile or no picture: one line, and no memory."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from colortk.errors import PictureError
from colortk.images import read_bytes
from conftest import photo
from encoded import GREY, opened, saved


def test_postscript_is_not_interpreted() -> None:
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(PictureError, match="EPS is not a format of pictures"):
        opened(data)


def test_an_unusual_tiff_is_measured_before_it_is_decoded() -> None:
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
def test_what_cannot_be_read_is_one_line(data: bytes, why: str) -> None:
    with pytest.raises(PictureError, match=why) as caught:
        opened(data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("cannot read 'test'")


def test_a_bomb_is_refused_by_its_header() -> None:
    small = bytearray(saved(Image.fromarray(GREY), "PNG"))
    small[16:24] = struct.pack(">II", 60000, 60000)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    with pytest.raises(PictureError, match="over the limit.*--max-pixels"):
        opened(bytes(small))
    assert Image.MAX_IMAGE_PIXELS is not None, "the process-wide limit is left as it was"


def test_missing_and_directory(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such file"):
        read_bytes(tmp_path / "nothing.png")
    with pytest.raises(PictureError, match="directory"):
        read_bytes(tmp_path)
