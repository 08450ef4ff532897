"""Files of unsupported formats give one line that says how to convert them."""

from __future__ import annotations

import gzip
import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from colortk.errors import PictureError
from colortk.io import foreign, jpegxl, tiff_tags
from colortk.io.decode import decode
from conftest import photo

HEIC = b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(200)
JXL = b"\xff\x0a" + bytes(50)


def tiff(*entries: tuple[int, int, int, int], order: str = "<", more: bytes = b"") -> bytes:
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HLH", 42, 8, len(entries))
    body = b"".join(
        struct.pack(f"{order}HHL", *entry[:3])
        + (
            struct.pack(f"{order}HH", entry[3], 0)
            if entry[1] == 3
            else struct.pack(f"{order}L", entry[3])
        )
        for entry in entries
    )
    return head + body + bytes(4) + more


def raw(order: str) -> bytes:
    """Return a raw file: a thumbnail, and in a sub-directory the data of a color filter array."""
    below = (
        struct.pack(f"{order}H", 1) + struct.pack(f"{order}HHLHH", 262, 3, 1, 32803, 0) + bytes(4)
    )
    first = ((254, 4, 1, 1), (256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1),
             (262, 3, 1, 1), (273, 4, 1, 200), (279, 4, 1, 64), (330, 4, 1, 150))  # fmt: skip
    data = tiff(*first, order=order)
    return data + bytes(150 - len(data)) + below + bytes(300)


KINDS = {
    "heic": (HEIC, "HEIC"),
    "jxl codestream": (JXL, "JPEG XL"),
    "jxl container": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "JPEG XL"),
    "psd": (b"8BPS\0\1" + bytes(50), "Photoshop"),
    "svg": (b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "svg with doctype": (b'\xef\xbb\xbf\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg >', "SVG"),
    "svgz": (gzip.compress(b"<svg/>"), "gzip"),
    "pdf": (b"%PDF-1.7\n" + bytes(50), "PDF"),
    "pdf behind some bytes": (b"\n\n%PDF-1.4\n" + bytes(50), "PDF"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
    "dos eps": (b"\xc5\xd0\xd3\xc6" + bytes(50), "PostScript"),
    "xcf": (b"gimp xcf v011\0" + bytes(50), "GIMP"),
    "cr2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(50), "camera raw"),
    "cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(50), "camera raw"),
    "raf": (b"FUJIFILMCCD-RAW 0201" + bytes(50), "camera raw"),
    "rw2": (b"IIU\0\x18\0\0\0" + bytes(50), "camera raw"),
    "orf": (b"IIRO\x08\0\0\0" + bytes(50), "camera raw"),
    "x3f": (b"FOVb" + bytes(50), "camera raw"),
    "nef": (raw("<"), "camera raw"),
    "nef, big-endian": (raw(">"), "camera raw"),
    "dng": (tiff((256, 4, 1, 8), (257, 4, 1, 8), (50706, 1, 4, 1)), "DNG"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(50), "film"),
    "mov": (b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + bytes(50), "film"),
    "mkv": (b"\x1aE\xdf\xa3" + bytes(50), "film"),
    "avi": (b"RIFF\0\1\0\0AVI LIST" + bytes(50), "film"),
    "web page": (b"<!DOCTYPE html>\n<html></html>", "web page"),
    "zip": (b"PK\3\4" + bytes(50), "ZIP"),
}  # fmt: skip


@pytest.fixture
def no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in foreign.PLUGINS.values():
        monkeypatch.setitem(sys.modules, module, None)
    find = foreign.importlib.util.find_spec
    hidden = set(foreign.PLUGINS.values())
    monkeypatch.setattr(
        foreign.importlib.util, "find_spec", lambda name: None if name in hidden else find(name)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_file_is_one_line_that_says_how_to_convert_it(
    kind: str, no_plugins: None
) -> None:
    data, word = KINDS[kind]
    with pytest.raises(PictureError) as error:
        decode(data, "my file")
    line = str(error.value)
    assert word in line
    assert "\n" not in line
    assert error.value.hint
    assert "{" not in line
    if "file}" in str(foreign.unsupported_format(data) or foreign.likely_format(data)):
        assert "'my file'" in error.value.hint  # quoted, for a shell
    if word == "film":
        assert "colortk video" in line


@pytest.mark.parametrize(
    "kind", ["AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "SGI", "TGA", "TIFF", "WEBP"]
)  # fmt: skip
def test_pictures_are_not_foreign(kind: str) -> None:
    out = io.BytesIO()
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip("Pillow does not write it here")
    Image.fromarray(photo()).save(out, kind)
    assert foreign.unsupported_format(out.getvalue()) is None
    decode(out.getvalue(), "x")


def test_a_comment_does_not_make_a_picture_foreign() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG", comment=b"%PDF-1.4 <svg>")
    assert decode(out.getvalue(), "x").pixels.shape == (48, 64, 3)


def test_tags_are_those_that_pillow_wrote() -> None:
    for big in (False, True):
        out = io.BytesIO()
        image = Image.fromarray(photo())
        image.save(out, "TIFF", big_tiff=big, tiffinfo={700: b"<x/>" * 9, 270: "a title", 259: 1})
        (found,) = tiff_tags.read_directories(out.getvalue(), (700, 270, 256, 258))
        assert found[700] == b"<x/>" * 9
        assert found[270] == b"a title\0"
        assert found[256] == (64,)
        assert found[258] == (8, 8, 8)
    assert tiff_tags.read_directories(b"II*\0\xff\xff\xff\xff", (700,)) == []
    assert tiff_tags.read_directories(tiff((700, 7, 2**31, 8)), (700,)) == [{}]


@pytest.mark.parametrize("size", [(64, 64), (256, 8), (100, 77), (1200, 1000), (16, 9), (700, 3)])
def test_the_size_of_jpeg_xl_is_read_before_it_is_decoded(size: tuple[int, int]) -> None:
    pytest.importorskip("pillow_jxl")
    for container in (False, True):
        out = io.BytesIO()
        Image.new("RGB", size, (9, 90, 200)).save(out, "JXL", use_container=container, effort=1)
        assert jpegxl.size_of(out.getvalue()) == size
        with pytest.raises(PictureError, match="over the limit"):
            decode(out.getvalue(), "x", size[0] * size[1] - 1)


def test_heic_and_jpeg_xl_are_read_through_their_plugins() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pytest.importorskip("pillow_jxl")
    pillow_heif.register_heif_opener()
    pixels = photo(64, 96)
    exif = Image.Exif()
    exif[306], exif[274] = "2001:02:03 04:05:06", 6
    for kind, options in (("HEIF", {"quality": -1, "chroma": 444}), ("JXL", {"lossless": True})):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, kind, exif=exif.tobytes(), **options)
        picture = decode(out.getvalue(), "x")
        # HEIC stores the rotation in the picture and repeats it in EXIF; JPEG XL ignores EXIF.
        expected = np.rot90(pixels, -1) if kind == "HEIF" else pixels
        assert picture.pixels.shape == expected.shape
        difference = np.abs(picture.pixels.astype(int) - expected)
        assert difference.max() <= (0 if kind == "JXL" else 6)
        kept = Image.Exif()
        kept.load(picture.exif)
        assert kept[306] == exif[306]
        assert 274 not in kept
        assert picture.format == kind


def test_file_extensions_of_pillow_plugins_count_in_folders(no_plugins: None) -> None:
    assert foreign.plugin_endings() == set()
