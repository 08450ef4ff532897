"""The output keeps EXIF, XMP, IPTC and comments, or a note names what is lost."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, IptcImagePlugin

from colortk.errors import PictureError
from colortk.io import iptc, metadata
from colortk.io.decode import decode
from conftest import photo
from metadata_samples import (
    PACKET,
    PHOTOSHOP,
    RECORDS,
    packet_of,
    properties,
    rich_jpeg,
    segment,
    written,
)

ALL = ["jpg", "tif", "png", "webp", "avif", "jp2"]


@pytest.mark.parametrize("wide", [False, True], ids=["8", "16"])
@pytest.mark.parametrize("extension", ALL)
def test_a_photograph_keeps_its_description(extension: str, wide: bool) -> None:
    picture = decode(rich_jpeg(), "x")
    assert picture.pixels.shape == (64, 48, 3)  # rotated upright
    if wide:
        picture.pixels = picture.pixels.astype(np.uint16) * 257
    data, notes = written(picture, extension)
    if extension == "jp2":
        packet = data[data.rindex(b"<?xpacket begin") :]
        assert b"scanned 1999" in data
    else:
        packet = packet_of(data)
    found = properties(packet)
    assert found["title"] == "Café & harbor"
    assert found["Make"] == "Leica"
    assert found["CreateDate"] == "1999"
    assert not {"Orientation", "ImageWidth", "PixelXDimension", "Thumbnails"} & set(found)
    assert len(packet) < 1500  # without padding
    lost = " ".join(notes)
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
        assert image.size == (48, 64)
        assert exif.get(274, 1) == 1
        records = IptcImagePlugin.getiptcinfo(image) or {}
        if extension in ("jpg", "tif"):
            assert records[(2, 5)] == b"Harbor"
            assert records[(2, 55)] == b"19990102"
            assert "IPTC" not in lost
        else:
            assert "cannot hold IPTC: title 'Harbor', date '19990102' are lost" in lost
            assert "use .jpg or .tif" in lost
        if extension == "jpg":
            assert b"scanned 1999" in data
            assert "Rückseite".encode() in data
            assert b"preview" not in data
        elif extension == "tif":
            assert "scanned 1999\nRückseite\0".encode() in data
        elif extension == "png":
            assert image.info["Comment"] in ("scanned 1999", "Rückseite")
        elif extension != "jp2":
            assert "cannot hold comments: 'Rückseite'" in lost or "'scanned 1999'" in lost
        if extension == "jp2":
            assert "JPEG 2000 cannot hold EXIF" in lost
            assert "date '1999:01:02 03:04:05'" in lost
        else:
            assert exif[306] == "1999:01:02 03:04:05"
            inside = exif.get_ifd(0x8769)
            assert (inside[40962], inside[40963], inside[40961]) == (48, 64, 1)
            assert not exif.get_ifd(1)  # the preview showed the original
            dpi = image.info.get("dpi") or (exif[282], exif[283])
            assert tuple(round(float(one)) for one in dpi) == (300, 300)
    again = decode(data, "again")
    assert again.pixels.shape == (64, 48, 3)  # and not rotated again
    assert properties(again.metadata.xmp) == found


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("extension", ALL)
def test_exiftool_reads_the_same(extension: str, tmp_path: Path) -> None:
    data, _ = written(decode(rich_jpeg(), "x"), extension)
    path = tmp_path / f"x.{extension}"
    path.write_bytes(data)
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-warning", "-XMP:all", "-IPTC:all", "-EXIF:all",
         "-Comment", str(path)],
        capture_output=True, check=True,
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    assert row["XMP-dc:Title"] == "Café & harbor"
    assert row.get("IFD0:Orientation", "Horizontal (normal)") == "Horizontal (normal)"
    assert not any("Orientation" in key for key in row if key.startswith("XMP"))
    assert not any("Thumbnail" in key for key in row)
    if extension in ("jpg", "tif"):
        assert row["IPTC:ObjectName"] == "Harbor"
    if extension == "jpg":  # of two comments, JSON holds one
        assert row["File:Comment"] in ("scanned 1999", "Rückseite")
    assert not any("Warning" in key for key in row), row


def test_tiff_sources_keep_their_metadata() -> None:
    plain = Image.fromarray(photo())
    for number in (33723, 34377):
        out = io.BytesIO()
        content = RECORDS if number == 33723 else PHOTOSHOP
        plain.save(out, "TIFF", tiffinfo={700: PACKET, number: content, 269: "roll 7"})
        picture = decode(out.getvalue(), "x")
        assert picture.metadata.photoshop[iptc.IPTC] == RECORDS
        for extension in ("tif", "jpg"):
            data, notes = written(picture, extension)
            assert notes == []
            with Image.open(io.BytesIO(data)) as image:
                assert (IptcImagePlugin.getiptcinfo(image) or {})[(2, 5)] == b"Harbor"
                assert image.getexif()[269] == "roll 7"
                assert 33723 not in image.getexif() or extension == "tif"
            assert properties(packet_of(data))["title"] == "Café & harbor"


def test_texts_of_png_are_kept_or_named() -> None:
    plain = Image.fromarray(photo())
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Title", "Harbor")
    texts.add_text("Creation Time", "1999", zip=True)
    texts.add_itxt("Description", "Größe 写真")
    texts.add_itxt("XML:com.adobe.xmp", PACKET.decode(), zip=True)
    out = io.BytesIO()
    plain.save(out, "PNG", pnginfo=texts)
    picture = decode(out.getvalue(), "x")
    for wide in (False, True):
        if wide:
            picture.pixels = picture.pixels.astype(np.uint16) * 257
        data, notes = written(picture, "png")
        assert notes == []
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.info["Title"] == "Harbor"
            assert image.info["Creation Time"] == "1999"
            assert image.info["Description"] == "Größe 写真"
        assert properties(packet_of(data))["title"] == "Café & harbor"
    picture.pixels = picture.pixels.astype(np.uint8)
    data, notes = written(picture, "jpg")
    assert notes == []
    assert b"Title: Harbor" in data
    data, notes = written(picture, "webp")
    assert "Title 'Harbor', Creation Time '1999', Description 'Größe 写真' are lost" in notes[0]


def test_comments_of_gif_and_pnm() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "GIF", comment=b"from a GIF")
    assert decode(out.getvalue(), "x").metadata.texts == [("Comment", "from a GIF")]
    assert decode(b"P5\n# from a PGM\n2 2\n255\nabcd", "x").metadata.texts == [
        ("Comment", "from a PGM")
    ]


def test_comments_without_end_are_dropped_with_a_note() -> None:
    out = io.BytesIO()
    Image.fromarray(photo()).save(out, "JPEG")
    data = out.getvalue()
    many = b"".join(segment(0xFE, b"%05d" % n + b"x" * 60_000) for n in range(40))
    picture = decode(data[:2] + many + data[2:], "x")
    assert sum(len(text) for _, text in picture.metadata.texts) <= metadata.MAX_COMMENT_BYTES
    assert any("comments over" in note for note in picture.notes)


def test_losses_of_bmp_are_noted() -> None:
    _, notes = written(decode(rich_jpeg(), "x"), "bmp")
    for word in ("EXIF", "XMP", "IPTC", "comments"):
        assert any(f"BMP cannot hold {word}" in note for note in notes), notes


def test_a_bad_picture_is_still_refused() -> None:
    with pytest.raises(PictureError):
        decode(rich_jpeg()[:-500], "x")
